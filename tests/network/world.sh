#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# world.sh SCRIPT: runs a script of this suite in a world of its own: a network namespace
# of its own, where the registries of server.py listen, and a mount namespace
# whose /etc/hosts knows their names and whose /etc/ssl/certs their authority. Nothing
# outside is touched or reached. WORLD is its directory.
set -eu
# Nothing is written beside the sources.
export PYTHONDONTWRITEBYTECODE=1

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

enter() {
	for tool in openssl jq git /usr/bin/python3 unshare setpriv mount; do
		command -v $tool >/dev/null || skip_all "$tool is not installed"
	done
	WORLD=$(mktemp -d /tmp/cupel-world.XXXXXX)
	export WORLD
	trap 'rm -rf "$WORLD"' EXIT
	trap 'exit 1' HUP INT TERM
	chmod 755 "$WORLD"
	if [ "$(id -u)" = 0 ]; then
		set -- unshare -mn --propagation private
	else
		# The user stays who he is, and has what he needs for the mounts.
		set -- unshare -Umn --propagation private --map-current-user --keep-caps
	fi
	"$@" true 2>/dev/null || skip_all "no mount and network namespaces for this user"
	WORLD_INSIDE=yes "$@" sh "$0" "$script"
}

# leaf FILE NAME DAYS AUTHORITY
leaf() {
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" \
		-keyout "$1.key" -out "$1.csr" 2>/dev/null
	printf 'subjectAltName = DNS:%s\n' "$2" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA "$4.crt" -CAkey "$4.key" -CAcreateserial \
		-days "$3" -extfile "$1.ext" -out "$1.crt" 2>/dev/null
	cat "$1.key" "$1.crt" >"$1.pem"
	rm "$1.key" "$1.crt" "$1.csr" "$1.ext"
}

authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj "/CN=$1" -keyout "$1.key" -out "$1.crt" 2>/dev/null
}

certificates() {
	authority trusted
	authority stranger
	for name in registry files other limited locked tunnel private packages behind; do
		leaf $name.test $name.test 2 trusted
	done
	leaf wrong.test wrong.test 2 stranger
	leaf expired.test expired.test -1 trusted
	leaf mistaken.test other.test 2 trusted
	mkdir certs
	cp trusted.crt certs/trusted.pem
	cp trusted.crt certs/ca-certificates.crt
	openssl rehash certs 2>/dev/null
}

# 11.0.0.1 is another machine's, and public; 11.0.0.2 is as public, and ours (outside.py).
names() {
	cat >hosts <<-END
		127.0.0.1 localhost registry.test other.test limited.test locked.test tunnel.test raw.test
		127.0.0.1 clear.test wrong.test expired.test mistaken.test private.test packages.test
		11.0.0.1 public.test files.test
		11.0.0.2 own.test
		::ffff:11.0.0.2 own6.test
		169.254.169.254 metadata.test cloud.test
		::1 six.test
		::ffff:127.0.0.1 mapped.test
	END
}

repository() {
	git init -q --bare git/repo.git
	git -C git/repo.git config http.receivepack true
	blob=$(echo hello | git -C git/repo.git hash-object -w --stdin)
	tree=$(printf '100644 blob %s\tfile\n' "$blob" | git -C git/repo.git mktree)
	commit=$(GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@a GIT_COMMITTER_NAME=a \
		GIT_COMMITTER_EMAIL=a@a git -C git/repo.git commit-tree -m first "$tree")
	git -C git/repo.git update-ref HEAD "$commit"
	git -C git/repo.git update-server-info
	echo "$commit" >git.commit
	# So many that git compresses what it asks for.
	cp -r git/repo.git git/many.git
	for i in $(seq 40); do
		GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@a \
			git -C git/many.git commit-tree -m "$i" "$tree"
	done >git.many
	sed 's|.*|update refs/heads/& &|' git.many | git -C git/many.git update-ref --stdin
}

# Registries as files; that of Debian is signed, where there is a gpg.
packages() {
	/usr/bin/python3 "$here/packages.py" "$WORLD/packages"
	command -v gpg >/dev/null || return 0
	mkdir -m 700 gnupg
	set -- gpg -q --homedir "$WORLD/gnupg" --batch --passphrase ''
	"$@" --quick-gen-key packages.test ed25519 sign 2d 2>/dev/null
	"$@" --armor --export >packages/key.asc
	"$@" --clearsign -o packages/debian/dists/stable/InRelease packages/debian/dists/stable/Release
	gpgconf --homedir "$WORLD/gnupg" --kill all
}

interfaces() {
	/usr/bin/python3 -c '
import fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(s, 0x8914, struct.pack("16sh22x", b"lo", 0x1))  # SIOCSIFFLAGS: up'
}

places() {
	mount --bind hosts /etc/hosts
	mount --bind resolv.conf /etc/resolv.conf
	mount --bind certs /etc/ssl/certs
}

live() {
	cd "$WORLD"
	certificates
	names
	repository
	packages
	interfaces
	echo 'nameserver 127.0.0.53' >resolv.conf
	places
	if [ "$(id -u)" = 0 ]; then
		# So that the administrator's registries can be made where there are none yet.
		mkdir etc
		mount -t tmpfs tmpfs etc
		mkdir etc/up etc/work
		if mount -t overlay -o "lowerdir=/etc,upperdir=$WORLD/etc/up,workdir=$WORLD/etc/work" \
			overlay /etc 2>/dev/null; then
			places
			rm -rf /etc/cupel
			mkdir -p /etc/cupel/registries.d
			export WORLD_ETC=yes
		fi
		drop=
	else
		drop='setpriv --inh-caps=-all --ambient-caps=-all'
	fi
	chmod -R a+rX "$WORLD"
	/usr/bin/python3 "$here/server.py" "$WORLD" >server.log 2>&1 </dev/null &
	server=$!
	trap 'kill $server' EXIT
	trap 'exit 1' HUP INT TERM
	for _ in $(seq 100); do
		[ ! -e ready ] || break
		sleep 0.05
	done
	[ -e ready ] || { cat server.log >&2; exit 99; }
	cd /
	$drop sh "$script"
}

here=$(cd "${0%/*}" && pwd -P)
script=$(cd "${1%/*}" && pwd -P)/${1##*/}
if [ -z "${WORLD_INSIDE-}" ]; then
	enter
else
	unset WORLD_INSIDE
	live
fi

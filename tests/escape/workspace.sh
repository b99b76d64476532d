#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Attacks by whoever wrote the workspace: what the runner reads of it before, during and
# after the build, on the host.
. "${0%/*}/../lib.sh"

victim=$TMP/victim
mkdir -p "$victim"
echo 'the secret of the host' >"$victim/secret"

untouched() {
	judge "$1: nothing was touched outside" test "$(ls -A "$victim")" = secret
	find "$victim" -mindepth 1 ! -name secret -delete
}

# run CODE NAME COMMAND…: as a build in the current directory.
run() {
	run_code=$1 run_name=$2
	shift 2
	expect "$run_code" "$run_name" timeout -k 5 60 "$CUPEL" run --no-attest --verbose "$@"
}

# refused NAME REGEX [CODE]: the configuration is, at once, and nothing runs.
refused() {
	run "${3:-125}" "$1: is refused" -- sh -c 'echo x >$OUT/f'
	judge "$1: with the reason" grep -Eq -e "$2" "$TMP/output"
	judge "$1: nothing of the host is shown" \
		test "$(grep -c -e 'secret of' -e root: "$TMP/output")" = 0
	judge "$1: nothing is left" test ! -e cupel-out
	untouched "$1"
}

case_ini_fifo() { mkfifo cupel.ini && refused 'a FIFO as cupel.ini' 'not a regular file'; }
case_ini_link() {
	ln -s "$victim/secret" cupel.ini
	refused 'a link as cupel.ini' 'not a regular file'
}
case_ini_shadow() { ln -s /etc/shadow cupel.ini && refused 'a link to /etc/shadow' 'regular'; }
case_ini_directory() { mkdir cupel.ini && refused 'a directory as cupel.ini' 'regular'; }
case_ini_huge() {
	yes '# x' | head -c 1000000 >cupel.ini
	refused 'a cupel.ini of 1 MB' 'larger than'
}
case_ini_nul() { printf '[build]\ntimeout = 1s\000\n' >cupel.ini && refused 'NUL' 'cupel.ini:2'; }
case_ini_line() {
	printf '[build]\ntimeout = %0300d\n' 1 >cupel.ini
	refused 'a long line' 'cupel.ini:2'
}
# What a project may not set, and what it may set only below itself.
setting() {
	printf "$3" >cupel.ini
	refused "$1" "$2" "${4-}"
}
case_builder() {
	setting 'builder-id' 'administrator' '[sign]\nbuilder-id = https://x.example/b\n' 121
}
case_key() { setting 'key' 'only be set by the user' '[sign]\nkey = /etc/shadow\n' 121; }
case_out_absolute() { setting 'an absolute output' 'below' "[outputs]\ndirectory = $victim/o\n"; }
case_out_climbing() { setting 'a climbing output' 'below' '[outputs]\ndirectory = ../victim/o\n'; }
case_out_hidden() { setting 'a hidden output' 'below' '[outputs]\ndirectory = .git/hooks\n'; }
case_glob_climbing() { setting 'a climbing pattern' 'files' '[outputs]\nfiles = ../victim/*\n'; }
case_glob_absolute() { setting 'an absolute pattern' 'files' '[outputs]\nfiles = /etc/passwd\n'; }
case_name() { setting 'a name that is a path' 'name' '[project]\nname = ../victim/x\n'; }

# published NAME COMMAND…: whatever it says, it does not publish through a link.
published() {
	published_name=$1
	shift
	timeout -k 5 60 "$CUPEL" run --no-attest "$@" -- sh -c 'echo evil >$OUT/evil' \
		>"$TMP/output" 2>&1
	untouched "$published_name"
}
case_out_link() {
	ln -s "$victim" sub
	printf '[outputs]\ndirectory = sub/autostart\n' >cupel.ini
	published 'an output below a link'
}
case_out_is_link() {
	ln -s "$victim" cupel-out
	published 'an output that is a link'
	published 'an output that is a link, by force' --force
}
case_out_dangling() {
	ln -s "$victim/new" cupel-out
	published 'an output that is a dangling link' --force
}
case_staging_link() {
	ln -s "$victim" .cupel-staging-00000000
	mkdir .cupel-staging-00000001
	ln -s "$victim" .cupel-staging-00000001/link
	ln "$victim/secret" .cupel-staging-00000001/hard 2>/dev/null || true
	published 'links where dead runs leave things'
	judge 'links where dead runs leave things: content' \
		test "$(cat "$victim/secret")" = 'the secret of the host'
}

# Git is asked for the time of the commit: what a repository can make it start, it starts there.
hostile_repository() {
	git init -q .
	echo x >file
	git add file
	git -c user.name=x -c user.email=x@x commit -qm x
	cat >evil <<-EOF
		#!/bin/sh
		touch "$victim/touched-by-git" /tmp/touched-by-git-$$
		echo pwned >/build/host.fifo
		perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0);
			connect(S, sockaddr_un("/build/host.sock"))'
	EOF
	chmod +x evil
	sed -e 's,EVIL,/build/evil,' -e "s,HERE,$PWD/evil," >>.git/config <<-'EOF'
		[core]
			fsmonitor = EVIL
			sshCommand = EVIL
			pager = EVIL
			editor = EVIL
			gitProxy = EVIL
			askPass = EVIL
		[log]
			showSignature = true
		[gpg]
			program = EVIL
		[alias]
			log = !EVIL
		[extensions]
			partialClone = origin
		[remote "origin"]
			url = ssh://host.invalid/x
			uploadpack = EVIL
			promisor = true
			partialclonefilter = blob:none
		[include]
			path = HERE
	EOF
	for hook in post-checkout pre-commit reference-transaction fsmonitor-watchman; do
		cp evil ".git/hooks/$hook"
	done
	# So that it has to fetch, with the program that is configured for that.
	commit=$(cat .git/refs/heads/*)
	rm -f ".git/objects/${commit%"${commit#??}"}/${commit#??}"
}
case_git() {
	if ! command -v git >/dev/null; then
		skip 'a hostile repository' 'git is not installed'
		return
	fi
	hostile_repository
	mkdir "$TMP/service"
	(cd "$TMP/service" && exec outside serve "$OLDPWD") &
	service=$!
	until [ -f "$TMP/service/world" ] || ! kill -0 $service; do sleep 0.05; done
	sleep 0.1
	for mode in --overlay --no-overlay; do
		run 0 "a hostile repository ($mode)" "$mode" -- true
	done
	untouched 'a hostile repository'
	judge 'a hostile repository: nothing ran outside' test ! -e "/tmp/touched-by-git-$$"
	judge "a hostile repository: the host's devices are the host's" \
		test "$(stat -c '%u %a' /dev/null)" = '0 666'
	kill $service
	if [ -e "$TMP/service/touched" ]; then
		not_ok 'a hostile repository: no way out through FIFOs and sockets' \
			"reached: $(sort -u "$TMP/service/touched" | tr '\n' ' ')"
	else
		ok 'a hostile repository: no way out through FIFOs and sockets'
	fi
}

case_special_files() {
	mkfifo pipe
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, sockaddr_un("socket"))'
	ln -s /etc/shadow shadow
	ln -s "$victim/secret" secret
	ln -s / root
	ln -s "$victim" directory
	for mode in --overlay --no-overlay; do
		run 0 "special files and links ($mode)" "$mode" -- sh -c \
			'test -L shadow && test -L secret && test -L root && test -L directory'
		run 1 "links lead nowhere ($mode)" "$mode" -- sh -c 'cat shadow secret directory/secret'
		judge "links lead nowhere ($mode): nothing is shown" \
			test "$(grep -c -e 'secret of' -e root: "$TMP/output")" = 0
	done
}
case_unchanged() {
	mkdir sub
	echo original >sub/file
	touch -d 2020-01-01 sub/file sub
	find . | sort >"$TMP/before"
	for mode in --overlay --no-overlay; do
		run 0 "everything is overwritten ($mode)" "$mode" -- sh -c \
			'echo x >sub/file; chmod 0 sub/file; rm -rf sub; mkdir sub; echo y >sub/new; ln -s / r'
		judge "the workspace is as it was ($mode)" test "$(cat sub/file)" = original
		judge "its times are as they were ($mode)" \
			test "$(stat -c %Y sub/file)" = "$(date -d 2020-01-01 +%s)"
	done
	find . | sort >"$TMP/after"
	judge 'the workspace has no new files' cmp "$TMP/before" "$TMP/after"
}

# While somebody swaps a directory for a link to the host's, nothing beyond it is ever read.
case_swapped() {
	printf '[outputs]\nfiles = d/**\n' >cupel.ini
	mkdir d
	for i in $(seq 200); do echo ours >"d/$i"; done
	echo ours >d/secret
	ln -s "$victim" link
	outside swap d link &
	swapper=$!
	leaked=''
	for i in $(seq 30); do
		mode=--no-overlay
		[ $((i % 6)) != 0 ] || mode=--overlay
		timeout -k 5 30 "$CUPEL" run --no-attest --force $mode -- \
			sh -c 'cat d/secret; true' >"$TMP/output" 2>&1
		! grep -rqs 'secret of' "$TMP/output" cupel-out || leaked="$leaked $i$mode"
	done
	kill $swapper
	wait $swapper 2>/dev/null
	judge 'a directory that is swapped for a link' test -z "$leaked"
	untouched 'a directory that is swapped for a link'
}

run_cases ini_fifo ini_link ini_shadow ini_directory ini_huge ini_nul ini_line builder key \
	out_absolute out_climbing out_hidden glob_climbing glob_absolute name out_link \
	out_is_link out_dangling staging_link git special_files unchanged swapped
finish

# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# Sourced first by the scripts of this suite: their world (world.sh), lib.sh, and the
# registries that both halves of a script use.
[ -n "${WORLD-}" ] || exec sh "${0%/*}/world.sh" "$0"
. "${0%/*}/../lib.sh"

NETWORK=$SRCDIR/tests/network

# registry NAME LINE…
registry() {
	net_file=$net_registries/$1.ini
	shift
	printf '%s\n' '[registry]' "$@" >"$net_file"
}

# Root's are the administrator's, the user's are his own.
net_registries=$HOME/.config/cupel/registries.d
[ "$HALF" != root ] || [ -z "${WORLD_ETC-}" ] || net_registries=/etc/cupel/registries.d
mkdir -p "$net_registries"

registry main 'url = https://registry.test/' 'url = https://registry.test:8443/' \
	'post = /git/repo.git/git-upload-pack' 'post = /git/many.git/git-upload-pack' 'post = /echo-post' 'private = yes'
registry clear 'url = http://clear.test/' 'private = yes'
registry limited 'url = https://limited.test/pub/' 'private = yes'
registry tunnel 'url = https://tunnel.test/' 'url = https://tunnel.test:8444/' 'mode = tunnel' 'private = yes'
registry raw 'url = tcp://raw.test:2222' 'mode = raw' 'private = yes'
registry behind 'url = https://behind.test/' 'url = http://behind.test/' 'url = https://behind.internal/'
registry doubtful 'url = https://wrong.test/' 'url = https://expired.test/' \
	'url = https://mistaken.test/' 'private = yes'
registry public 'url = http://public.test/'
registry inward 'url = http://private.test/' 'url = https://private.test/' \
	'url = http://metadata.test/' 'url = http://six.test/' 'url = http://mapped.test/' \
	'url = http://own.test/' 'url = http://own6.test/'

# project: this directory's cupel.ini.
project() { printf '[project]\nname = net\n[network]\nmode = trusted\n' >cupel.ini; }

# on_deny fail|continue: what only they can say whose the registries are.
on_deny() { printf '[network]\non-deny = %s\n' "$1" >"${net_registries%/*}/cupel.ini"; }

# What builds are run by: see no-netfilter.c.
net_prefix=

# variant: "all" when every port of the synthetic network arrives at the gateway, or "ports"
# when only the registries' do, which depends on the kernel and which -v says.
variant() {
	$net_prefix "$CUPEL" run -v -f -- true >variant.log 2>&1 || true
	if grep -q 'no nftables with tproxy' variant.log; then echo ports; else echo all; fi
}

# build COMMAND…: prints what it says; its output and its record are in cupel-out.
build() {
	$net_prefix "$CUPEL" run -f -- sh -c '"$@" && echo output >"$OUT/output"' sh "$@"
}

# inside PROGRAM ARGUMENT…: one of the suite's programs as a build; its points are ours.
inside() {
	net_program=$1 net_code=0
	shift
	cp "$NETWORK/client.py" "$NETWORK/$net_program" .
	build /usr/bin/python3 "$net_program" "$HALF" "$@" </dev/null 2>errors || net_code=$?
	[ $net_code = 0 ] || not_ok "$net_program ran to its end" "code $net_code: $(cat errors)"
}

# record NAME FILTER: a line of the record fits the filter of jq.
record() {
	if jq -e -s "any(.[]; $2)" cupel-out/net.network.jsonl >/dev/null 2>&1; then
		ok "$1"
	else
		not_ok "$1" "no line of the record fits '$2': $(cat cupel-out/net.network.jsonl 2>&1)"
	fi
}

# unpublished NAME
unpublished() {
	if [ ! -e cupel-out ] && [ -z "$(find . -name '.cupel*')" ]; then
		ok "$1"
	else
		not_ok "$1" "$(find .)"
	fi
}

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `cupel registry learn`: what a build asked for, as registries that allow just that.
. "${0%/*}/net.sh"

# learn OPTION… -- COMMAND…: what it prints is in $TMP/output, and on standard output alone.
learn() { "$CUPEL" registry learn "$@"; }

# lacks NAME REGEX
lacks() {
	if grep -Eq -e "$2" "$TMP/output"; then
		not_ok "$1" "'$2' matches: $(cat "$TMP/output")"
	else
		ok "$1"
	fi
}

# A fetch of many files, a clone, and a redirect to another host.
fetching='
for i in $(seq 12); do curl -sSf https://registry.test/@team%2Fpackage-$i >/dev/null || exit; done
curl -sSf http://clear.test/debs/a.deb -o x && curl -sSf http://clear.test/debs/b/ -o x &&
curl -sSfL https://registry.test:8443/to-other | grep -q granted &&
git clone -q https://registry.test/git/repo.git there'

case_enforce() {
	project
	on_deny fail
	expect 0 "a build is learned from, and passes with what was learned" \
		learn --enforce -- sh -c "$fetching"
	said "it says so" 'with these registries alone it passes'
	said "many paths of a host are one directory" '^url = https://registry.test:443/$'
	said "git's post is exact" '^post = /git/repo.git/git-upload-pack$'
	said "few paths are exact" '^path = /debs/a.deb$'
	said "a directory is not all that is below it" '^path = /debs/b/\*$'
	said "below what they have in common" '^url = http://clear.test:80/debs/$'
	said "another port is another registry" '^; registries.d/learned-registry.test-8443.ini:$'
	said "who has a private address is so learned" '^private = yes$'
	lacks "who was only redirected to is not" 'files.test'
	judge "nothing is published" sh -c '[ ! -e cupel-out ] && [ -z "$(find . -name ".cupel*")" ]'
	expect 121 "a build that asks for something else each time" \
		learn --enforce -- sh -c 'curl -sS http://clear.test/$(date +%s%N)'
	said "does not pass" 'with these registries alone it does not pass'
	expect 6 "a build that fails is learned from, too" \
		learn -- sh -c 'curl -sS http://clear.test/x; exit 6'
	said "as far as it came" '^path = /x$'
}

# With the files written, and nothing else.
case_write() {
	project
	on_deny fail
	expect 0 "what is learned is written" learn --write -- curl -sS http://clear.test/only
	judge "in a file of its own" test -e "$net_registries/learned-clear.test-80.ini"
	printf 'registries = learned-clear.test-80\n' >>cupel.ini
	expect 0 "the same build is allowed" build curl -sS http://clear.test/only
	expect 121 "one that asks for more is not" build curl -sS http://clear.test/only-more
	expect 121 "nor for another host" build curl -sS https://registry.test/plain
	expect 1 "a file that is there is left alone" learn --write -- curl -sS http://clear.test/other
	said "which is said" 'left alone: '
	judge "and says what it said" grep -q '^path = /only$' "$net_registries/learned-clear.test-80.ini"
	expect 0 "unless it is to be replaced" learn --write -f -- curl -sS http://clear.test/other
	judge "then it is" grep -q '^path = /other$' "$net_registries/learned-clear.test-80.ini"
	rm "$net_registries/learned-clear.test-80.ini"
}

case_refused() {
	project
	on_deny fail
	expect 0 "what does not only fetch" learn -- sh -c '
		curl -sS https://registry.test/plain -o x
		curl -sS -d secret https://registry.test/never-posted
		curl -sS -X PUT https://registry.test/never-put
		curl -sS "https://registry.test/git/repo.git/info/refs?service=git-receive-pack&never"
		curl -sS -d x https://registry.test/git/repo.git/git-receive-pack'
	judge "reaches nobody" sh -c "! grep -qE 'never|receive-pack' '$WORLD/seen'"
	said "but is shown" '^; refused: POST /never-posted$'
	said "with what would allow it" '^;   post = /never-posted would allow it'
	said "PUT, too" '^; refused: PUT /never-put$'
	lacks "and allowed by nothing" '^(post|method) = '
	expect 0 "a host whose address is not public" learn -- curl -sS http://other.test/never-own
	said "is asked for in vain" '^; nothing was answered from here$'
	judge "and not reached" sh -c "! grep -q never-own '$WORLD/seen'"
	expect 0 "unless that was said" learn --private -- curl -sS http://other.test/own
	said "which is learned" '^private = yes$'
	expect 0 "a metadata service never" learn --private -- sh -c '
		curl -sS http://cloud.test/never-cloud | grep -q "metadata service"'
	judge "is reached" sh -c "! grep -q never-cloud '$WORLD/seen'"
}

case_hostile() {
	project
	on_deny fail
	cp "$NETWORK/client.py" .
	expect 0 "a build that asks for what could be read as something else" learn --write -- \
		/usr/bin/python3 -c '
import socket
from client import said
for path in (b"/a%0a[registry]", b"/a%0Aurl%20=%20https://evil.test/", b"/[registry]", b"/a#b", b"/*", b"/**", b"/x;y",
        b"/a%23b", b"/%5Bregistry%5D", b"/a%0d%0aurl=x", b"/a\nurl = x", b"/a\r\nurl: x", b"/%22", b"/" + b"x" * 300):
    said("clear.test", 80, b"GET " + path + b" HTTP/1.1\r\nHost: clear.test\r\nConnection: close\r\n\r\n")
said("clear.test", 80, b"POST /post*;[registry] HTTP/1.1\r\nHost: clear.test\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
said("clear.test", 80, b"[registry] /x HTTP/1.1\r\nHost: clear.test\r\nConnection: close\r\n\r\n")
said("clear.test", 80, b"#x\x27 /x HTTP/1.1\r\nHost: clear.test\r\nConnection: close\r\n\r\n")
for host in ("un_der.test", "192.0.2.1.", "a" * 60 + ".test", "npm"):
    try:
        said(host, 80, b"GET /x HTTP/1.1\r\nHost: " + host.encode() + b"\r\nConnection: close\r\n\r\n")
    except OSError:
        pass'
	cp "$TMP/output" output
	judge "says one thing of each place" [ "$(grep -c '^\[registry\]$' output)" = "$(grep -c '^url = ' output)" ]
	lacks "of nobody else" 'evil|^\[[^r]|%0(a|d|A|D)'
	lacks "and nothing wider" '^(path|post) = .*\*\*|^path = /\*$'
	lacks "nor anything unasked" '^(method|mode|description) '
	judge "every line is of a file" [ -z "$(grep -Ev '^(\[registry\]|;.*|(url|path|post|private) = .*|wrote .*|cupel: .*|)$' output)" ]
	expect 0 "and can be read" "$CUPEL" registry list
	said "under its own name" '^learned-clear.test-80 '
	judge "also when the host is called as a registry is" test ! -e "$net_registries/npm.ini"
	rm "$net_registries"/learned-*.ini
}

case_forbidden() {
	project
	expect 2 "no command" learn
	printf '[project]\nname = net\n[network]\nmode = learn\n' >cupel.ini
	expect 125 "a project cannot ask for it" build true
	said "it is no mode" "mode cannot be 'learn'"
	printf '[network]\nlearn = yes\n' >cupel.ini
	expect 121 "nor allow it" build true
	printf '[project]\nname = net\n' >cupel.ini
	expect 125 "it is no mode of a run, either" "$CUPEL" run --network learn -- true
	if [ "$HALF" != root ] || [ -z "${WORLD_ETC-}" ]; then
		skip "the administrator forbids it" "only root is the administrator"
		return
	fi
	printf '[network]\nlearn = no\n' >/etc/cupel/cupel.ini
	expect 121 "the administrator forbids it" learn -- curl -sS http://clear.test/never-forbidden
	said "which is said" 'builds may not learn here'
	judge "then nothing is asked for" sh -c "! grep -q never-forbidden '$WORLD/seen'"
	rm /etc/cupel/cupel.ini
}

run_cases forbidden enforce write refused hostile
finish

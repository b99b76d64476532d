#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Registries behind a proxy.
. "${0%/*}/net.sh"

credentials=${net_registries%/*}/credentials.d
mkdir -p "$credentials"

# proxy PORT
proxy() {
	project
	printf '[network]\non-deny = continue\nproxy = http://localhost:%s\n' "$1" >"${net_registries%/*}/cupel.ini"
}

# passed NAME FILTER: a request of the proxies fits.
passed() {
	if jq -e -s "any(.[]; $2)" "$WORLD/seen" >/dev/null 2>&1; then
		ok "$1"
	else
		not_ok "$1" "$(grep proxy "$WORLD/seen" | tail -n 5)"
	fi
}

case_through() {
	proxy 3128
	expect 0 "a build behind a proxy" build sh -c '
		curl -sS https://behind.test/a && curl -sS http://behind.test/b &&
		curl -sS https://registry.test/large | sha256sum && curl -sS https://registry.test/c &&
		curl -sS https://behind.internal/never; curl -sS https://public.test/d; true'
	said "gets what is behind it" 'plain /aplain /b'
	said "whole" "$(cat "$WORLD/large.sha256")"
	for place in behind.test:443 behind.test:80 registry.test:443; do
		passed "$place is asked for" ".proxy == 3128 and .method == \"CONNECT\" and
			.host == \"${place%:*}\" and .port == \"${place#*:}\" and .given == []"
	done
	record "the record says that it was through one" '.url == "https://behind.test/a" and .outcome == "allowed" and
		.address == "proxy" and (.spki | length) == 64'
	record "a name of a private network is refused" '.url == "https://behind.internal/never" and
		.outcome == "failed" and .why == "'"'behind.internal' looks like a name of a private network"'"'
	if jq -e -s 'any(.[]; .host == "behind.internal" and .proxy)' "$WORLD/seen" >/dev/null; then
		not_ok "and never asked for"
	else
		ok "and never asked for"
	fi
	expect 0 "a tunnel" build sh -c 'cat /etc/ssl/certs/ca-certificates.crt >/dev/null; curl -sS https://tunnel.test/t'
	said "goes through it, too" 'plain /t'
	expect 0 "a host whose certificate is another's" build sh -c '
		curl -sS https://mistaken.test/never; curl -sS https://wrong.test/never; true'
	project
	printf 'proxy = http://localhost:3128\n' >>cupel.ini
	expect 121 "a project names no proxy" build true
}

case_credential() {
	proxy 3129
	rm -f "$credentials"/*
	expect 0 "a proxy that wants a credential" build sh -c 'curl -sS https://behind.test/x; true'
	record "is not passed without" '.outcome == "failed" and (.why | test("407"))'
	(umask 077 && printf '%s\n' '[credential]' 'kind = proxy' 'url = http://localhost:3129/' 'user = ci' \
		'password = proxy-8a7b6c5d4e3f2a1b' 'expires = 2099-12-31' >"$credentials/proxy.ini")
	expect 0 "and is with it" build sh -c 'curl -sS https://behind.test/with'
	said "and the build gets its answer" 'plain /with'
	expect 121 "which no output may hold" build sh -c 'echo proxy-8a7b6c5d4e3f2a1b >$OUT/x'
	rm -f "$credentials"/*
}

case_bad() {
	for port in 3130 3131 3132 3133 3134 3135; do
		proxy $port
		expect 0 "a proxy on port $port" build sh -c 'curl -sS https://behind.test/x; true'
		record "is a failure, on record" '.url == "https://behind.test/x" and .outcome == "failed" and .status == null
			and (.why | length) > 0'
		if grep -q evil "$TMP/output"; then
			not_ok "of which nothing arrives" "$(cat "$TMP/output")"
		else
			ok "of which nothing arrives"
		fi
	done
}

case_real() {
	if ! command -v tinyproxy >/dev/null; then
		skip "tinyproxy" "it is not installed"
		return
	fi
	printf 'Port 3140\nListen 127.0.0.1\nAllow 127.0.0.1\nConnectPort 443\nLogFile "%s"\n' "$TMP/tiny.log" >tiny.conf
	tinyproxy -d -c tiny.conf >/dev/null 2>&1 &
	net_tiny=$!
	sleep 1
	proxy 3140
	expect 0 "tinyproxy" build sh -c 'curl -sS https://registry.test/tiny'
	said "gets it" 'plain /tiny'
	kill $net_tiny
}

run_cases through credential bad real
finish

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Credentials: where they go, where they never do, and what is told of them.
. "${0%/*}/net.sh"

TOKEN=tok-8d1f3c5b7a9e2d4f6b8a
PASSWORD=pw+5e7c9a1b3d5f/7a9c==
credentials=${net_registries%/*}/credentials.d
mkdir -p "$credentials"

# credential NAME LINE…
credential() {
	net_file=$credentials/$1.ini
	shift
	(umask 077 && printf '%s\n' '[credential]' "$@" >"$net_file")
}

team() {
	credential team 'registry = main' 'url = https://registry.test/team/' 'kind = bearer' \
		"token = $TOKEN" 'expires = 2099-12-31' "$@"
}

# saw NAME FILTER: a request that arrived fits. unseen: none does.
saw() {
	if jq -e -s "any(.[]; $2)" "$WORLD/seen" >/dev/null 2>&1; then
		ok "$1"
	else
		not_ok "$1" "$(tail -n 5 "$WORLD/seen")"
	fi
}

unseen() {
	if jq -e -s "any(.[]; $2)" "$WORLD/seen" >/dev/null 2>&1; then
		not_ok "$1" "$(jq -c "select($2)" "$WORLD/seen")"
	else
		ok "$1"
	fi
}

# untold NAME: no secret is in anything that is said or left.
untold() {
	for net_secret in "$TOKEN" "$PASSWORD" "$(printf 'ci:%s' "$PASSWORD" | base64 -w 0)"; do
		if grep -rqF -e "$net_secret" cupel-out plan "$TMP/output" 2>/dev/null; then
			not_ok "$1" "$(grep -rlF -e "$net_secret" cupel-out plan "$TMP/output")"
			return
		fi
	done
	ok "$1"
}

case_used() {
	project
	on_deny fail
	team
	"$CUPEL" plan --json -- true >plan 2>&1
	expect 0 "a build with a credential" build sh -c "
		curl -sS https://registry.test/team/used/a -H 'Authorization: Bearer mine' &&
		curl -sS https://registry.test/beside/a && curl -sS https://registry.test/teammate/a &&
		curl -sS https://registry.test:8443/team/port &&
		curl -sS http://clear.test/team/clear && curl -sSL https://registry.test/team/to-files"
	expect 0 "and one more, that says what it does" "$CUPEL" run -v -f -- sh -c "
		curl -sS https://registry.test/team/used/b && env && echo o >\$OUT/o"
	saw "it goes where it is bound to" ".path == \"/team/used/a\" and .authorization == \"Bearer $TOKEN\""
	for where in /beside/a /teammate/a /team/port /team/clear /team/granted; do
		saw "$where is asked without it" ".path == \"$where\" and .authorization == null"
	done
	unseen "no other request has it" ".authorization != null and (.path | test(\"^/(team|basic)/\") | not)"
	record "the record has its name" '.url == "https://registry.test/team/used/b" and .credential == "team"'
	untold "nothing tells it: output, log, plan, record, provenance"
}

case_kinds() {
	project
	on_deny fail
	rm -f "$credentials"/*
	credential basic 'registry = main' 'url = https://registry.test/basic/' 'kind = basic' 'user = ci' \
		"password = $PASSWORD" 'expires = 2099-12-31T23:59:59+01:00' 'method = GET'
	credential header 'registry = main' 'url = https://registry.test/header/' 'kind = header' \
		'header = Private-Token' "token = $TOKEN" 'expires = 2099-12-31'
	credential nested 'registry = main' 'url = https://registry.test/basic/nested/' 'kind = bearer' \
		"token = $TOKEN" 'expires = 2099-12-31'
	credential elsewhere 'registry = unpicked' 'url = https://unpicked.test/' 'kind = bearer' \
		"token = $TOKEN" 'expires = 2001-01-01'
	expect 0 "other kinds" build sh -c "curl -sS https://registry.test/basic/a &&
		curl -sSI https://registry.test/basic/head && curl -sS https://registry.test/basic/nested/a &&
		curl -sS https://registry.test/header/a"
	saw "basic" ".path == \"/basic/a\" and .authorization == \"Basic $(printf 'ci:%s' "$PASSWORD" | base64 -w 0)\""
	saw "not by another method" '.path == "/basic/head" and .authorization == null'
	saw "the longest path counts" ".path == \"/basic/nested/a\" and .authorization == \"Bearer $TOKEN\""
	saw "a field of its own" ".path == \"/header/a\" and .token == \"$TOKEN\""
}

case_descriptor() {
	project
	on_deny fail
	team
	printf '%s\n' '[credential]' 'registry = main' 'url = https://registry.test/team/' 'kind = bearer' \
		'token = from-a-descriptor-1234' 'expires = 2099-12-31' >"$TMP/given"
	expect 0 "a credential from a descriptor" "$CUPEL" run -f --credential team=7 -- sh -c '
		curl -sS https://registry.test/team/given && ls /proc/self/fd && test ! -e /proc/self/fd/7' 7<"$TMP/given"
	saw "takes the place of the file's" '.path == "/team/given" and .authorization == "Bearer from-a-descriptor-1234"'
	expect 0 "and from a pipe" sh -c 'cat "$2" | "$1" run -f --credential team=0 -- \
		curl -sS https://registry.test/team/piped' sh "$CUPEL" "$TMP/given"
	saw "so does that" '.path == "/team/piped" and .authorization == "Bearer from-a-descriptor-1234"'
	expect 125 "one for a registry that is not picked" "$CUPEL" run -f --registry clear \
		--credential team=7 -- true 7<"$TMP/given"
	said "is said to be of no use" "does not have the credential's registry"
	expect 125 "one without a network" "$CUPEL" run -f --network none --credential team=7 -- true 7<"$TMP/given"
	expect 125 "a secret in the place of a descriptor" "$CUPEL" run -f --credential "team=$TOKEN" -- true
	untold "is not repeated"
}

# refused NAME REGEX: the credential that was just made.
refused() {
	expect 125 "$1" build true
	said "$1: it is said" "$2"
	untold "$1: not the secret"
	unpublished "$1: nothing is published"
}

case_refused() {
	project
	on_deny fail
	rm -f "$credentials"/*
	team 'token = another-token-of-some-size'
	refused "a second token" 'team.ini:7: the key is set a second time'
	credential team 'registry = main' 'url = https://registry.test/' 'kind = bearer' "token = $TOKEN"
	refused "no end" "team.ini: there is no 'expires'"
	credential team 'registry = main' 'url = http://registry.test/' 'kind = bearer' "token = $TOKEN" 'expires = 2099-12-31'
	refused "in the clear" 'a credential is not sent in the clear'
	credential team 'registry = main' 'url = https://files.test/' 'kind = bearer' "token = $TOKEN" 'expires = 2099-12-31'
	refused "beside its registry" "not below one of the registry's own"
	credential team 'registry = limited' 'url = https://limited.test/' 'kind = bearer' "token = $TOKEN" 'expires = 2099-12-31'
	refused "above its registry's path" "not below one of the registry's own"
	credential team 'registry = tunnel' 'url = https://tunnel.test/' 'kind = bearer' "token = $TOKEN" 'expires = 2099-12-31'
	refused "through a tunnel" 'that is a tunnel'
	credential team 'registry = main' 'url = https://registry.test/' 'kind = bearer' 'token = short' 'expires = 2099-12-31'
	refused "a short secret" 'shorter than 16 bytes'
	credential team 'registry = main' 'url = https://registry.test/' 'kind = header' 'header = Host' "token = $TOKEN" 'expires = 2099-12-31'
	refused "a field that says more" 'the header is not Authorization'
	team
	chmod 640 "$credentials/team.ini"
	expect 121 "a file that others can read" build true
	said "it is said" 'can be read by others than its owner'
	mv "$credentials/team.ini" "$credentials/real"
	chmod 600 "$credentials/real"
	ln -s real "$credentials/team.ini"
	expect 125 "a symbolic link" build true
	said "it is said" 'is not a regular file'
	rm -f "$credentials"/*
	mkfifo -m 600 "$credentials/team.ini"
	expect 125 "a FIFO" timeout 20 "$CUPEL" run -f -- true
	rm -f "$credentials"/*
	credential team 'registry = main' 'url = https://registry.test/team/' 'kind = bearer' "token = $TOKEN" 'expires = 2026-01-01'
	expect 121 "one that has expired" build true
	said "it is said" "the credential 'team' has expired"
	rm -f "$credentials"/*
}

case_expiring() {
	project
	on_deny continue
	rm -f "$credentials"/*
	credential team 'registry = main' 'url = https://registry.test/team/' 'kind = bearer' "token = $TOKEN" \
		"expires = $(date -u -d '+3 seconds' +%Y-%m-%dT%H:%M:%SZ)"
	expect 0 "one that ends during the build" build sh -c '
		curl -sS https://registry.test/team/early; sleep 4; curl -sS https://registry.test/team/late-expired'
	record "is used before" '.url == "https://registry.test/team/early" and .outcome == "allowed" and .credential == "team"'
	record "and refused then" '.url == "https://registry.test/team/late-expired" and .outcome == "denied" and
		.why == "the credential for it has expired"'
	unseen "without asking" '.path == "/team/late-expired"'
}

# A registry that repeats what it is told.
case_repeated() {
	project
	on_deny continue
	rm -f "$credentials"/*
	team
	expect 0 "a build that asks registries that repeat" build sh -c '
		for what in echo echo-head echo-location echo-slowly echo-base64; do
			curl -sSi "https://registry.test/team/$what?q=$what" 2>&1 || true
		done
		curl -sSi https://registry.test/team/refused; curl -sS https://registry.test/echo?beside
		curl -sS https://registry.test/team/large | sha256sum'
	for what in echo echo-head echo-location echo-slowly echo-base64; do
		record "$what is cut" ".url == \"https://registry.test/team/$what?q=$what\" and .outcome == \"failed\" and
			.why == \"the registry's answer repeats the credential 'team'\""
	done
	untold "and never told"
	if grep -qi 'tok-8d1f\|dG9rLT\|session=s' "$TMP/output"; then
		not_ok "not the beginning of it, nor a cookie" "$(cat "$TMP/output")"
	else
		ok "not the beginning of it, nor a cookie"
	fi
	said "a plain refusal comes through" 'Bearer realm=x'
	said "and a large body, whole" "$(cat "$WORLD/large.sha256")"
}

run_cases used kinds descriptor refused expiring repeated
finish

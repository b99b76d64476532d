#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a build must not leave behind: its own authority, and credentials.
. "${0%/*}/net.sh"

TOKEN=tok-8d1f3c5b7a9e2d4f6b8a
PASSWORD=pw+5e7c9a1b3d5f/7a9c==
BUNDLE=/etc/ssl/certs/ca-certificates.crt
credentials=${net_registries%/*}/credentials.d
mkdir -p "$credentials"
(
	umask 077
	printf '%s\n' '[credential]' 'registry = main' 'url = https://registry.test/team/' 'kind = bearer' \
		"token = $TOKEN" 'expires = 2099-12-31' >"$credentials/team.ini"
	printf '%s\n' '[credential]' 'registry = main' 'url = https://registry.test/basic/' 'kind = basic' \
		'user = ci' "password = $PASSWORD" 'expires = 2099-12-31' >"$credentials/basic.ini"
)

AUTHORITY="holds the build's own certificate authority, which ends with the build: it would never be the same twice"

# leaks NAME WHAT SCRIPT: what the script leaves fails the build.
leaks() {
	expect 121 "$1" "$CUPEL" run -f -- sh -c "$3"
	said "$1: it is said" "$2"
	unpublished "$1: nothing is published"
}

# The last of the bundle, for there is a tunnel.
DER="tac $BUNDLE | sed '/BEGIN/q' | tac | openssl x509 -outform DER"

case_authority() {
	project
	leaks "the bundle" "output 'certs/ca.pem' $AUTHORITY" "mkdir \$OUT/certs; cp $BUNDLE \$OUT/certs/ca.pem"
	leaks "as DER" "output 'der' $AUTHORITY" "$DER >\$OUT/der"
	leaks "in a keystore" "output 'jks' $AUTHORITY" "cp /etc/ssl/certs/java/cacerts \$OUT/jks"
	leaks "in base64 without breaks" "output 'b' $AUTHORITY" "grep -v -- - $BUNDLE | tr -d '\\n' >\$OUT/b"
	leaks "in base64 of the file, wrapped" "output 'b' $AUTHORITY" "echo x | cat - $BUNDLE | base64 >\$OUT/b"
	leaks "in base64 of the keystore" "output 'b' $AUTHORITY" "base64 -w 76 /etc/ssl/certs/java/cacerts >\$OUT/b"
	leaks "in a tar, among much else" "output 'x.tar' $AUTHORITY" "
		head -c 3000000 /dev/urandom >r; cp $BUNDLE c; tar cf \$OUT/x.tar r c r; echo a >\$OUT/a"
	leaks "behind a hole, over a border of buffers" "output 'sparse' $AUTHORITY" "
		$DER >der
		dd if=der of=\$OUT/sparse bs=1 seek=\$((1048576 - \$(stat -c %s der) + 8)) 2>/dev/null"
	leaks "by a hard link" "output '(first|second)' $AUTHORITY" "cat $BUNDLE >\$OUT/first; ln \$OUT/first \$OUT/second"
	leaks "in the log" "the build's log $AUTHORITY" "cat $BUNDLE; echo a >\$OUT/a"
	printf '[project]\nname = net\n[network]\nmode = trusted\n[outputs]\nfiles = kept/*\n' >cupel.ini
	leaks "in what is kept of the workspace" "output 'kept/a' $AUTHORITY" "mkdir kept; cp $BUNDLE kept/a"
}

case_credentials() {
	project
	leaks "a token" "output 'a' holds the credential 'team'" "echo token=$TOKEN. >\$OUT/a"
	leaks "in base64" "output 'a' holds the credential 'team'" "echo user:$TOKEN | base64 >\$OUT/a"
	leaks "a password" "output 'a' holds the credential 'basic'" "echo '$PASSWORD' >\$OUT/a"
	leaks "as it is sent" "output 'a' holds the credential 'basic'" "
		echo Basic $(printf 'ci:%s' "$PASSWORD" | base64 -w 0) >\$OUT/a"
	leaks "in base64 for URLs" "output 'a' holds the credential 'basic'" "
		echo $(printf 'abcd%s' "$PASSWORD" | base64 -w 0 | tr '+/' '-_') >\$OUT/a"
	leaks "as the name of a file" "the name of an output holds the credential 'team'" "echo a >\$OUT/$TOKEN"
	leaks "as the target of a link" "the target of an output's link holds the credential 'team'" "
		ln -s x/$TOKEN \$OUT/link"
	leaks "in the log" "the build's log holds the credential 'team'" "echo $TOKEN; echo a >\$OUT/a"
	expect 0 "a part of one is none" "$CUPEL" run -f -- sh -c "echo ${TOKEN%???????????} >\$OUT/a"
	expect 0 "without a network nobody looks" "$CUPEL" run -f --network none -- sh -c "echo $TOKEN >\$OUT/a"
	expect 0 "nor for the credential of another registry" "$CUPEL" run -f --registry clear -- sh -c \
		"echo $TOKEN >\$OUT/a"
}

run_cases authority credentials
finish

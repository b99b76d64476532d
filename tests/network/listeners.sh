#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The build's side of the gateway: routes, listeners and certificates, which pid 1 makes.
set -eu
. "${0%/*}/../lib.sh"

INIT=${CUPEL%/bin/*}/libexec/cupel/cupel-init
INSIDE=$(cat "$SRCDIR/tests/network/inside.py")

make_certificates() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
		-subj '/CN=test authority' -keyout key.pem -out ca.pem 2>/dev/null
	printf 'not a keystore, but as long as one' >ca.jks
}

# inside WORLD: the checks of inside.py, run as a build.
inside() {
	make_certificates
	listeners "$INIT" "$1" ca.pem ca.jks python3 -c "$INSIDE" "$1" "$HALF" "$(cat ca.pem)
" "$(wc -c <ca.jks)" </dev/null ||
		not_ok "$1: the build ran to its end" "exit code $?"
}

case_trusted() { inside trusted; }
case_no_ipv6() { inside no-ipv6; }
case_none() { inside none; }

# Without what its clients shall trust, or with too much of it, no build starts.
case_refused() {
	make_certificates
	expect 125 "a start signal without certificates" listeners "$INIT" no-trust ca.pem ca.jks true
	said "is an error" "start signal: the gateway's certificate bundle did not come sealed"
	expect 125 "files that could change" listeners "$INIT" no-seals ca.pem ca.jks true
	said "are an error" "start signal: the gateway's certificate bundle did not come sealed"
	head -c 1048577 /dev/zero >large
	expect 125 "more than 64 KiB of them" listeners "$INIT" trusted large ca.jks true
	said "are an error" "has 1048577 bytes instead of 1 to 1048576"
	head -c 65536 /dev/zero >large
	expect 0 "64 KiB of both" listeners "$INIT" trusted large large \
		cmp /etc/ssl/cert.pem /etc/ssl/certs/java/cacerts
}

run_cases trusted no_ipv6 none refused
finish

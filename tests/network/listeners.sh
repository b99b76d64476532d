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

# inside WORLD [PREFIX]: the checks of inside.py, run as a build.
inside() {
	make_certificates
	code=0
	${2-} listeners "$INIT" "$1" ca.pem ca.jks python3 -c "$INSIDE" "$1" "$HALF" "$(cat ca.pem)
" "$(wc -c <ca.jks)" </dev/null 2>errors || code=$?
	case $1$code in
	trusted*77) skip "$1" "$(cat errors)" ;; # no kernel that hands connections over
	*0) ;;
	*) not_ok "$1: the build ran to its end" "exit code $code: $(cat errors)" ;;
	esac
}

case_trusted() { inside trusted; }
case_no_ipv6() { inside trusted,no-ipv6; }
case_ports() { inside ports no-netfilter; }
case_ports_no_ipv6() { inside ports,no-ipv6 no-netfilter; }
case_none() { inside none; }

# Without what its clients shall trust, or with too much of it, no build starts.
case_refused() {
	make_certificates
	expect 125 "a start signal without certificates" no-netfilter listeners "$INIT" ports,no-trust ca.pem ca.jks true
	said "is an error" "start signal: the gateway's certificate bundle did not come sealed"
	expect 125 "files that could change" no-netfilter listeners "$INIT" ports,no-seals ca.pem ca.jks true
	said "are an error" "start signal: the gateway's certificate bundle did not come sealed"
	head -c 1048577 /dev/zero >large
	expect 125 "more than 64 KiB of them" no-netfilter listeners "$INIT" ports large ca.jks true
	said "are an error" "has 1048577 bytes instead of 1 to 1048576"
	head -c 65536 /dev/zero >large
	expect 0 "64 KiB of both" no-netfilter listeners "$INIT" ports large large \
		cmp /etc/ssl/cert.pem /etc/ssl/certs/java/cacerts
}

run_cases trusted no_ipv6 ports ports_no_ipv6 none refused
finish

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Verifies a DSSE envelope (one line of JSON) with openssl and jq alone, and
# prints the statement that it holds.  usage: dsse-openssl.sh ENVELOPE PUBLIC-KEY
set -eu
[ $# -eq 2 ] || { echo "usage: $0 ENVELOPE PUBLIC-KEY" >&2; exit 2; }
envelope=$1 key=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
jq -ej 'if (.signatures | length) == 1 then .signatures[0].sig else error("not one") end' \
	"$envelope" | openssl base64 -d -A >"$work/sig"
jq -ej .payload "$envelope" | openssl base64 -d -A >"$work/payload"
jq -ej .payloadType "$envelope" >"$work/type"
{
	printf 'DSSEv1 %d ' "$(wc -c <"$work/type")"
	cat "$work/type"
	printf ' %d ' "$(wc -c <"$work/payload")"
	cat "$work/payload"
} >"$work/pae"
openssl dgst -sha256 -verify "$key" -signature "$work/sig" "$work/pae" >&2
cat "$work/payload"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Other people's verifiers judge what we sign: openssl and jq alone, npm's @sigstore/verify
# (from the registry that this machine's npm is configured to use), and refuse what was
# forged. And a set of test vectors, where there is one, judges our own verifier.
. "${0%/*}/../lib.sh"
interop=$SRCDIR/tests/interop

case_openssl() {
	"$CUPEL" run -q -- sh -c 'echo x >$OUT/x'
	key=$XDG_DATA_HOME/cupel/developer.key.pub
	expect 0 "openssl and jq alone verify the envelope" \
		sh "$interop/dsse-openssl.sh" cupel-out/build.intoto.jsonl "$key"
	said "and print the statement" '"_type":"https://in-toto.io/Statement/v1"'
	"$CUPEL" key new other.key >/dev/null
	expect 1 "they refuse another key" \
		sh "$interop/dsse-openssl.sh" cupel-out/build.intoto.jsonl other.key.pub
	said "because of the signature" 'Verification failure'
}

# Debian's node is older than what the newest release wants.
sigstore_versions() {
	case $(node -p 'process.versions.node.split(".")[0]') in
	16 | 18 | 19) echo "@sigstore/verify@2.1.1 @sigstore/bundle@3.1.0" ;;
	*) echo "@sigstore/verify@3.1.1 @sigstore/bundle@4.0.0" ;;
	esac
}

case_sigstore() {
	if ! command -v npm >/dev/null; then
		skip "@sigstore/verify" "npm is not installed"
		return
	fi
	mkdir "$TMP/verifier" && cp "$interop/sigstore-verify.js" "$TMP/verifier"
	# shellcheck disable=SC2046 # a list
	if ! (cd "$TMP/verifier" && npm install --loglevel error --no-audit --no-fund --ignore-scripts \
		$(sigstore_versions) >npm.log 2>&1); then
		not_ok "@sigstore/verify can be installed" "$(cat "$TMP/verifier/npm.log")"
		return
	fi
	"$CUPEL" run -q -- sh -c 'echo x >$OUT/x'
	key=$XDG_DATA_HOME/cupel/developer.key.pub
	expect 0 "@sigstore/verify accepts our bundle" \
		node "$TMP/verifier/sigstore-verify.js" cupel-out/build.sigstore.json "$key"
	jq -c '.dsseEnvelope.payload |= (.[0:400] + "AAAA" + .[404:])' cupel-out/build.sigstore.json \
		>forged.json
	expect 1 "and refuses a forged payload" node "$TMP/verifier/sigstore-verify.js" forged.json "$key"
	said "because of the signature" 'signature verification failed'
}

# CUPEL_VECTORS: a directory with manifest.json and run_acceptance.py.
case_vectors() {
	if [ ! -f "${CUPEL_VECTORS:-/nonexistent}/manifest.json" ]; then
		skip "test vectors" "CUPEL_VECTORS names no directory with a manifest.json"
		return
	fi
	expect 0 "no wrong verdict on the test vectors" env \
		CUPEL_VERIFY="${CUPEL%/bin/cupel}/libexec/cupel/cupel-verify" \
		python3 "$CUPEL_VECTORS/run_acceptance.py" --manifest "$CUPEL_VECTORS/manifest.json" \
		--adapter "$interop/vectors_adapter.py"
	said "of which enough are claimed" "'pass': [5-9][0-9]"
}

run_cases openssl sigstore vectors
finish

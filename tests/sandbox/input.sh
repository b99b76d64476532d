#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Bad input: one clear error, its cure, the right exit code, nothing half-written.
. "${0%/*}/../lib.sh"

# refused CODE NAME REGEX COMMAND…
refused() {
	refused_regex=$3 refused_name=$2
	expect "$1" "$2" sh -c 'shift 3; "$@"' - "$@"
	grep -Eq -e "$refused_regex" "$TMP/output" && ok "$refused_name: says so" ||
		not_ok "$refused_name: says so" "$(cat "$TMP/output")"
	[ "$(grep -c '^cupel: error: ' "$TMP/output")" = 1 ] && ok "$refused_name: once" ||
		not_ok "$refused_name: once" "$(cat "$TMP/output")"
}

case_configuration() {
	printf '[build]\ntimeoutt = 1s\n' >cupel.ini
	refused 125 "an unknown key" "cupel.ini:2: .*'timeoutt'" "$CUPEL" run -- true
	said "and the one that was meant" "did you mean 'timeout'"
	printf '[build]\ntimeout = 1s\ntimeout = 2s\n' >cupel.ini
	refused 125 "a duplicate key" "cupel.ini:3: " "$CUPEL" run -- true
	printf '[project]\nname = %0300d\n' 0 >cupel.ini
	refused 125 "a line that is too long" "cupel.ini:2: " "$CUPEL" run -- true
	printf '[project]\nname = a\0b\n' >cupel.ini
	refused 125 "a NUL" "cupel.ini:2: " "$CUPEL" run -- true
	printf '[project]\nname = \377\n' >cupel.ini
	refused 125 "bad UTF-8" "cupel.ini:2: " "$CUPEL" run -- true
	printf '[sign]\nbuilder-id = https://evil.example/builder\n' >cupel.ini
	refused 121 "a project that names its builder" "cupel.ini:2: .*administrator" \
		"$CUPEL" run -- true
	printf '[attest]\nenabled = no\n' >cupel.ini
	refused 121 "a project that turns attestation off" "cupel.ini:2: " "$CUPEL" run -- true
	rm cupel.ini
	mkfifo cupel.ini
	refused 125 "a FIFO in its place" "cupel.ini" timeout 10 "$CUPEL" run -- true
	rm cupel.ini
	ln -s /etc/passwd cupel.ini
	refused 125 "a link in its place" "cupel.ini" "$CUPEL" run -- true
}

case_workspace() {
	mkdir closed
	echo x >closed/file
	chmod 000 closed/file
	if [ "$HALF" = root ]; then
		skip "an unreadable workspace" "root reads everything"
	else
		chmod 000 closed
		refused 125 "an unreadable workspace" "'closed'" "$CUPEL" run -C closed -- true
		chmod 700 closed
	fi
	mkdir odd && mkfifo odd/fifo && ln -s /etc/shadow odd/link
	expect_output "FIFOs are left out, with a word" 'left out' "$CUPEL" run -v -C odd -- true
	expect 0 "links come as links" "$CUPEL" run -C odd -- test -L link
	mkdir -p deep/er && ln -s "$PWD" deep/er/up
	expect 0 "and lead nowhere on the host" "$CUPEL" run -C deep -- sh -c '! test -e er/up/closed'
}

case_outputs() {
	mkdir taken && echo mine >taken/file
	refused 120 "existing outputs" "'taken'" "$CUPEL" run -o taken -- touch /out/x
	[ "$(cat taken/file)" = mine ] && ok "are not touched" || not_ok "are not touched"
	expect 0 "--force replaces them" "$CUPEL" run -f -o taken -- touch /out/x
	[ ! -e taken/file ] && [ -e taken/x ] && ok "as a whole" || not_ok "as a whole"
	refused 120 "a parent that does not exist" "'no/such'" "$CUPEL" run -o no/such/out -- true
	mkdir project && echo precious >project/main.c
	refused 125 "the workspace as its own destination" "holds the workspace" \
		"$CUPEL" run -f -C project -o ../project -- touch /out/x
	refused 125 "or a directory above it" "holds the workspace" \
		"$CUPEL" run -f -C project -o "$PWD" -- touch /out/x
	[ "$(cat project/main.c)" = precious ] && ok "is not replaced" || not_ok "is not replaced"
	mkdir .cupel-staging-notes
	"$CUPEL" run -f -q -- true
	judge "a directory of the user's with a similar name stays" test -d .cupel-staging-notes
	printf '[limits]\nscratch = 1M\n' >cupel.ini
	expect 1 "a full scratch space is the build's own ENOSPC" "$CUPEL" run -- \
		sh -c 'head -c 3M /dev/zero >/tmp/x'
	said "which it is told" 'No space left'
	rm cupel.ini
	if [ "$HALF" = root ]; then
		mkdir "$TMP/full" && mount -t tmpfs -o size=256k tmpfs "$TMP/full"
		refused 120 "a full disk while collecting" "No space left" \
			"$CUPEL" run -o "$TMP/full/out" -- sh -c 'head -c 2M /dev/urandom >$OUT/x'
		[ -z "$(ls -A "$TMP/full")" ] && ok "leaves nothing behind" ||
			not_ok "leaves nothing behind" "$(ls -A "$TMP/full")"
		umount "$TMP/full"
	else
		skip "a full disk while collecting" "mounting a small one needs root"
	fi
}

case_keys() {
	"$CUPEL" key new good.key >/dev/null
	expect 0 "a key of one's own" "$CUPEL" run -q --key "$PWD/good.key" -- touch /out/x
	expect 0 "verifies what it signed" "$CUPEL" verify --key good.key.pub cupel-out/x
	echo secret words >phrase
	"$CUPEL" key new --encrypt --passphrase-fd 5 locked.key 5<phrase >/dev/null
	expect 0 "an encrypted key, its passphrase by descriptor" sh -c \
		'"$CUPEL" run -f -q --key "$PWD/locked.key" --passphrase-fd 7 -- touch /out/x 7<phrase'
	expect 0 "signs, too" "$CUPEL" verify --key locked.key.pub cupel-out/x
	echo wrong >phrase
	refused 120 "a wrong passphrase" "locked.key" sh -c \
		'"$CUPEL" run -f -q --key "$PWD/locked.key" --passphrase-fd 7 -- touch /out/x 7<phrase'
	refused 120 "none" "passphrase" "$CUPEL" run -f --key "$PWD/locked.key" -- touch /out/x
	chmod 644 good.key
	refused 120 "a key that others can read" "good.key" \
		"$CUPEL" run -f --key "$PWD/good.key" -- touch /out/x
	said "and the cure" 'chmod 600'
	openssl genpkey -algorithm ed25519 -out wrong.key 2>/dev/null
	chmod 600 wrong.key
	refused 120 "a key of the wrong type" "wrong.key" \
		"$CUPEL" run -f --key "$PWD/wrong.key" -- touch /out/x
	refused 120 "a key that does not exist" "none.key" \
		"$CUPEL" run -f --key "$PWD/none.key" -- touch /out/x
	[ -e cupel-out/x ] && ok "what was published before is still there" ||
		not_ok "what was published before is still there"
}

case_attestations() {
	"$CUPEL" run -q -- sh -c 'echo x >$OUT/x; mkdir $OUT/d; echo y >$OUT/d/y'
	expect 0 "an untouched output" "$CUPEL" verify cupel-out/x
	expect 0 "one in a directory" "$CUPEL" verify cupel-out/d/y
	expect 0 "all of them" "$CUPEL" verify cupel-out
	expect 0 "the bundle alone" "$CUPEL" verify --attestation cupel-out/build.sigstore.json \
		cupel-out/x
	expect 3 "no attestation" "$CUPEL" verify "$CUPEL"
	head -c 1000 cupel-out/build.intoto.jsonl >short
	expect 1 "a truncated attestation" "$CUPEL" verify --attestation short cupel-out/x
	sed 's/"payload":"eyJ/"payload":"eyK/' cupel-out/build.intoto.jsonl >forged
	expect 1 "a forged one" "$CUPEL" verify --attestation forged cupel-out/x
	"$CUPEL" key new other.key >/dev/null
	expect 1 "one by a stranger" "$CUPEL" verify --key other.key.pub cupel-out/x --attestation \
		cupel-out/build.intoto.jsonl
	echo z >>cupel-out/x
	expect 1 "a changed output" "$CUPEL" verify cupel-out/x
	said "is told with what was expected and found" "FAIL *subject"
	expect 2 "no file" "$CUPEL" verify
	expect_output "JSON for machines" '"verdict": ?"bad"' "$CUPEL" verify --json cupel-out/x
}

run_cases configuration workspace outputs keys attestations
finish

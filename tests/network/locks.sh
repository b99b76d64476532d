#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Registries in lock mode: what no lock file has a digest of is not asked for, and what is
# not what it says does not come in.
. "${0%/*}/net.sh"

registry locked 'url = https://locked.test/' 'digest = lock' 'unlocked = /index/' \
	'unlocked = /files/simple/' 'private = yes' 'path = /**' 'path = /files/npm/' \
	'path = /files/crates/' 'path = /files/go/'
picked="--registry locked"

# locked OPTION… -- COMMAND…: a build with this registry alone.
locked() {
	# shellcheck disable=SC2086 # a list
	"$CUPEL" run -f --network trusted $picked --name net "$@"
}

# fetch PATH…: what curl makes of each, in one build: its code, status and output.
fetch() {
	for net_path in "$@"; do
		echo "curl -sS -o 'got' -w '%{http_code} %{exitcode} ' 'https://locked.test$net_path' || true
			tr -d '\\0' <got 2>/dev/null | tr '\\n' ' ' && echo; rm -f got"
	done >fetch.sh
	echo 'echo x >$OUT/x' >>fetch.sh
	net_code=0
	locked --lock "${lock:-package-lock.json}" -- sh fetch.sh >said.out 2>said.err || net_code=$?
}

# gets PATH BODY: a build whose only request is that, and gets it.
gets() {
	fetch "$1"
	[ "$net_code $(head -n 1 said.out)" = "0 200 0 $2" ] && ok "$1 is delivered" ||
		not_ok "$1 is delivered" "code $net_code: $(cat said.out said.err)"
	record "on record as locked" ".url == \"https://locked.test$1\" and .outcome == \"allowed\" and .locked"
}

# denied PATH WHY: it is refused, for that reason, and nothing of a body comes in.
denied() {
	fetch "$1"
	[ "$net_code" = 121 ] && ok "$1 is refused" || not_ok "$1 is refused" "code $net_code: $(cat said.out said.err)"
	judge "because of that" grep -q "^403 0 cupel: refused GET https://locked.test$1 *why: $2" said.out
	judge "and nothing of it comes in" sh -c '! grep -q "plain /\|evil\|hello" said.out'
}

seen() { grep -q "\"path\": \"$1\", \"host\": \"${2:-locked.test}\"" "$WORLD/seen"; }

locks() { /usr/bin/python3 "$NETWORK/locks.py" "$@"; }

case_right() {
	project
	on_deny fail
	locks npm
	gets /a.tgz 'plain /a.tgz'
	gets /b/-/b-1.0.0.tgz 'plain /b/-/b-1.0.0.tgz'
	gets /c/-/c-1.0.0.tgz 'plain /c/-/c-1.0.0.tgz'
	gets /chunked 'hello world'
	gets /mislabelled 'plain /mislabelled'
	fetch /index/any
	judge "what is unlocked comes as it is" grep -q '^200 0 plain /index/any' said.out
	record "and is not on record as locked" '.url == "https://locked.test/index/any" and .outcome == "allowed" and (.locked | not)'
	expect 0 "HEAD is answered" locked --lock package-lock.json -- sh -c 'curl -sSfI https://locked.test/a.tgz >$OUT/x'
	expect 0 "a lock file that the project names" sh -c "printf '[project]\nname = net\n[network]\nmode = trusted\nregistries = locked\nlocks = package-lock.json\n' >cupel.ini
		'$CUPEL' run -f -- sh -c 'curl -sSf https://locked.test/a.tgz >\$OUT/x'"
	digest=$(sha256sum package-lock.json | cut -d ' ' -f 1)
	judge "is in the provenance with its digest" sh -c "jq -r .payload cupel-out/net.intoto.jsonl | base64 -d |
		jq -e '.predicate.buildDefinition.externalParameters.locks == [\"sha256:$digest package-lock.json\"]'"
	judge "as is the rule" sh -c "jq -r .payload cupel-out/net.intoto.jsonl | base64 -d |
		jq -e '.predicate.buildDefinition.internalParameters.registries[0] | contains(\" digest=lock unlocked=/index/ \")'"
	judge "and what was fetched says so" sh -c "jq -r .payload cupel-out/net.intoto.jsonl | base64 -d |
		jq -e 'any(.predicate.buildDefinition.resolvedDependencies[]; .downloadLocation == \"https://locked.test/a.tgz\"
			and .annotations.cupel_locked == true)'"
}

case_wrong() {
	project
	on_deny fail
	locks npm
	denied /wrong 'it is not what the lock says: sha512 is [0-9a-f]*, expected sha512 [0-9a-f]*'
	judge "nothing is published" test ! -e cupel-out
	denied /other 'it is not in the lock'
	judge "nor was it asked for" sh -c "! grep -q '\"/other\"' '$WORLD/seen'"
	denied '/a.tgz?x=1' 'it is not in the lock'
	denied /x/a.tgz 'it is not in the lock'
	denied /x/c/-/c-1.0.0.tgz 'it is not in the lock'
	denied /weak 'it is not in the lock'
	denied /encoded-always 'it is not what the lock says'
	denied /part-of 'it is not what the lock says: a part'
	expect 121 "POST is refused" locked --lock package-lock.json -- curl -sS -d x https://locked.test/a.tgz
	on_deny continue
	fetch /wrong
	record "what was wrong is on record as it was" '.url == "https://locked.test/wrong" and .outcome == "denied" and
		(.sha512 | length) == 128 and .size == 12 and (.why | startswith("it is not what the lock says"))'
	judge "and no dependency" sh -c "! (jq -r .payload cupel-out/net.intoto.jsonl | base64 -d | grep -q locked.test/wrong)"
}

case_whole() {
	project
	on_deny continue
	locks npm
	fetch /longer /not-found
	judge "a body that is cut short does not come in" grep -q '^502 0 cupel: failed' said.out
	judge "nor does an error's" grep -q '^404 0 $' said.out
	judge "nothing of either" sh -c '! grep -q "hello\|none" said.out'
	record "it failed, and brought nothing" '.url == "https://locked.test/longer" and .outcome == "failed" and .size == 0'
	expect 0 "a range is asked for as the whole" locked --lock package-lock.json -- sh -c '
		test "$(curl -sS -r 0-1 https://locked.test/range)" = "plain /range" &&
		test "$(curl -sS --compressed https://locked.test/encoded)" = "plain /encoded" &&
		test "$(curl -sS --compressed https://locked.test/mislabelled)" = "plain /mislabelled" && echo x >$OUT/x'
}

case_redirects() {
	project
	on_deny fail
	locks npm
	expect 0 "a redirect to what the lock says" locked --lock package-lock.json -- sh -c '
		test "$(curl -sSfL https://locked.test/to-good)" = "plain /good" && echo x >$OUT/x'
	record "is on record as locked" '.url == "https://files.test/good" and .locked and .grant != null'
	expect 121 "a redirect to something else" locked --lock package-lock.json -- sh -c '
		curl -sSL https://locked.test/to-evil'
	said "is refused" 'it is not what the lock says: sha512 is'
	judge "and neither body comes in" sh -c "! grep -q 'evil body\|plain /evil' '$TMP/output'"
	picked="--registry locked --registry main"
	expect 121 "also to where another registry would allow it" locked --lock package-lock.json -- sh -c '
		curl -sSL https://locked.test/to-listed'
	said "it is refused, too" 'it is not what the lock says: sha512 is'
	picked="--registry locked"
}

case_kinds() {
	project
	on_deny fail
	locks cargo go pip
	lock=Cargo.lock
	gets /files/crates/one/1.0.0/download 'plain /crate'
	gets /files/crates/one/one-1.0.0.crate 'plain /crate'
	lock=go.sum
	gets '/files/go/m.test/!one/@v/v1.0.0.mod' 'module m.test/One '
	expect 0 "a module's zip" locked --lock go.sum -- sh -c '
		curl -sSf -o one.zip "https://locked.test/files/go/m.test/%21one/@v/v1.0.0.zip" && python3 -m zipfile -t one.zip && echo x >$OUT/x'
	record "is on record as locked" '.url == "https://locked.test/files/go/m.test/%21one/@v/v1.0.0.zip" and .locked'
	denied /files/go/m.test/two/@v/v1.0.0.zip 'it is not what the lock says: h1 is [0-9a-f]*, expected h1'
	denied /files/go/m.test/two/@v/v1.0.0.mod 'it is not what the lock says: h1-mod is'
	denied /files/go/m.test/bad/@v/v1.0.0.zip 'it is not what the lock says: the zip file'
	lock=requirements.txt
	denied /files/packages/aa/bb/other-1.0.tar.gz 'it is not in the lock'
	lock=wrong.txt
	denied /files/packages/aa/bb/mine_x-1.0-py3-none-any.whl 'it is not what the lock says: sha256 is'
	lock=
}

# apt asks for an index by the digest that its signed file has.
case_by_hash() {
	project
	on_deny fail
	locks npm cargo
	right=$(printf 'plain /crate' | sha256sum | cut -d ' ' -f 1)
	cp "$WORLD/files/crates+one+one-1.0.0.crate" "$WORLD/files/by-hash+SHA256+$right" 2>/dev/null || true
	wrong=$(printf '%s' "$right" | tr '0-9a-f' '1-9a-f0')
	cp "$WORLD/files/crates+one+one-1.0.0.crate" "$WORLD/files/by-hash+SHA256+$wrong" 2>/dev/null || true
	gets "/files/by-hash/SHA256/$right" 'plain /crate'
	denied "/files/by-hash/SHA256/$wrong" 'it is not what the lock says'
	plain=$(printf 'plain /b?/by-hash/SHA256/x' | sha256sum | cut -d ' ' -f 1)
	denied "/b?/by-hash/SHA256/$plain" 'it is not in the lock'
}

case_clients() {
	project
	on_deny fail
	locks npm-project pip
	if command -v npm >/dev/null; then
		expect 0 "npm ci" locked --lock package-lock.json -- sh -c \
			'npm ci --no-audit --no-fund --registry https://locked.test/files/npm/ && node -e "require(\"real\")" >$OUT/said'
		judge "has it" grep -q real cupel-out/said
		jq '.packages["node_modules/real"].integrity |= (.[0:7] + "AAAA" + .[11:])' package-lock.json >x
		mv x package-lock.json
		expect 121 "npm ci, with another digest in the lock" locked --lock package-lock.json -- sh -c \
			'npm ci --no-audit --no-fund --registry https://locked.test/files/npm/'
		said "is refused before npm sees a byte" 'E403'
	else
		skip "npm ci" "npm is not installed"
	fi
	if /usr/bin/python3 -m pip --version >/dev/null 2>&1; then
		pip='/usr/bin/python3 -m pip install -q --no-cache-dir --break-system-packages --target t --require-hashes
			--no-deps -i https://locked.test/files/simple/ -r requirements.txt && python3 -c "import sys; sys.path.insert(0, \"t\"); import mine" >$OUT/said'
		expect 0 "pip install --require-hashes" locked --lock requirements.txt -- sh -c "$(echo "$pip" | tr '\n' ' ')"
		judge "has it" grep -q mine cupel-out/said
	else
		skip "pip install" "pip is not installed"
	fi
}

case_hostile() {
	project
	on_deny fail
	locks npm hostile
	for name in twice deep nul control huge empty latin; do
		expect 125 "a lock file: $name" locked --lock "hostile/$name/package-lock.json" -- true
		said "$name: it is named" "hostile/$name/package-lock.json'"
	done
	expect 125 "no lock file" locked -- true
	said "it is said what is missing" "there is no lock file"
	expect 125 "one that is not there" locked --lock none/go.sum -- true
	expect 125 "one of an unknown name" locked --lock cupel.ini -- true
	said "the known names are told" "package-lock.json, npm-shrinkwrap.json, Cargo.lock"
	ln -s /etc/passwd go.sum
	mkfifo Cargo.lock
	# Good ones, but not in the workspace.
	mkdir -p "$TMP/outside" one
	cp package-lock.json "$TMP/outside"
	ln -s "$TMP/outside" beyond
	ln -s "$TMP/outside/package-lock.json" one/package-lock.json
	for name in go.sum Cargo.lock beyond/package-lock.json one/package-lock.json ../go.sum /etc/go.sum; do
		printf '[project]\nname = net\n[network]\nmode = trusted\nregistries = locked\nlocks = %s\n' "$name" >cupel.ini
		expect 125 "a project's $name" timeout 10 "$CUPEL" run -- true
	done
	project
	printf 'digest = lock\n' >>cupel.ini
	expect 125 "a project can lock what is not" "$CUPEL" run --registry main -- true
	said "and then needs a lock file" "there is no lock file"
	expect 121 "and gets nothing else" "$CUPEL" run --registry main --lock package-lock.json -- curl -sS https://registry.test/a.tgz
	project
	printf 'digest = record\n' >>cupel.ini
	expect 121 "but not the other way round" "$CUPEL" run --registry locked -- true
	project
	expect 125 "--lock without a registry that is locked" "$CUPEL" run --registry main --lock package-lock.json -- true
}

# again: the build of the last fetch, from what it left in then/, with this lock file.
again() {
	net_code=0
	locked --network replay=then/net.intoto.jsonl -o now --lock package-lock.json -- sh fetch.sh >said.out 2>said.err ||
		net_code=$?
}

# What an earlier build got is held against the lock, too.
case_replayed() {
	project
	on_deny fail
	locks npm
	fetch /a.tgz /chunked /not-found /index/any
	judge "a build in lock mode" grep -q '^200 0 plain /index/any' said.out
	cp said.out said.then
	mv cupel-out then
	again
	judge "is replayed" [ $net_code = 0 ]
	judge "with the same answers" cmp said.out said.then
	mv now cupel-out
	record "on record as locked" '.url == "https://locked.test/a.tgz" and .outcome == "allowed" and .locked'
	sed -i 's,"sha512-....,"sha512-AAAA,' package-lock.json
	again
	judge "when the lock says something else it is refused" [ $net_code = 121 ]
	judge "because of that" grep -q '^403 0 cupel: refused GET https://locked.test/a.tgz *why: it is not what the lock says' said.out
	judge "and nothing of it comes in" sh -c '! grep -q "plain /a" said.out'
}

run_cases replayed right wrong whole redirects kinds by_hash clients hostile
rm "$net_registries/locked.ini"
finish

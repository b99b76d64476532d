#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What a build got from its registries another one gets again, without them.
. "${0%/*}/net.sh"

store=$XDG_DATA_HOME/cupel/store

object() { echo "$store/sha256/$(echo "$1" | cut -c1-2)/$1"; }
of() { jq -r "select(.url == \"https://registry.test$1\") | .$2" then/net.network.jsonl; }

# All that a build asks for, into a tree.
cat >"$TMP/fetch" <<'END'
set -eu
mkdir tree
cd tree
get() { curl -sS -D - -o "$@" | grep -v -i '^connection' >>heads; }
for name in plain chunked until-close not-found no-content large echo; do
	get $name https://registry.test/$name
done
get again https://registry.test/plain
get moved -L https://registry.test/to-relative
get granted -L https://registry.test/to-other
get head -I https://registry.test/plain
get range -H 'Range: bytes=0-3' https://registry.test/echo-part
get part -H 'Range: bytes=4-7' https://registry.test/echo-part
get json -H 'Accept: application/json' https://registry.test/echo-form
get html -H 'Accept: text/html' https://registry.test/echo-form
get rest -H 'Range: bytes=4-' -H "If-Range: $(date -R -u)" https://registry.test/echo-rest
get zipped --compressed https://registry.test/echo-zip
get since -z "$(date '+%F %T')" https://registry.test/echo-since
get posted -d question https://registry.test/echo-post
get other -d 'another one' https://registry.test/echo-post
get clear http://clear.test/plain
get old -0 http://clear.test/chunked
git clone -q https://registry.test/git/repo.git clone
git -C clone rev-parse HEAD >commit
rm -rf clone/.git/index clone/.git/logs
sed -i '/^Date/d' heads
cd ..
(cd tree && find . -type f ! -path './clone/.git/*' | sort | xargs sha256sum) >"$OUT/tree"
END

# fetch OPTION…: the build; what it published is in $out.
fetch() {
	rm -rf "$out"
	"$CUPEL" run -f -o "$out" "$@" -- sh -c "$(cat "$TMP/fetch")"
}

# record: the build that is replayed later, in then/.
record_once() {
	project
	on_deny fail
	out=then
	expect 0 "a build with its registries" fetch
	out=now
}

requests() { wc -l <"$WORLD/seen"; }

# replayed NAME OPTION…: the same tree, and no registry was asked for anything.
replayed() {
	net_name=$1 net_seen=$(requests)
	shift
	expect 0 "$net_name" fetch --network replay=then/net.intoto.jsonl "$@"
	judge "and the tree is the same" cmp then/tree now/tree
	judge "no registry was asked" test "$net_seen" = "$(requests)"
}

statement() { jq -r .payload now/net.intoto.jsonl | base64 -d | jq -c "$1"; }

case_replay() {
	record_once
	replayed "a replay"
	judge "it is on record that it was one" test \
		"$(statement .predicate.buildDefinition.internalParameters.networkMode)" = '"replay"'
	judge "and of what" test "$(sha256sum <then/net.intoto.jsonl | cut -c1-64)" = "$(statement \
		'.predicate.buildDefinition.resolvedDependencies[] | select(.name == "replayed").digest.sha256' |
		tr -d '"')"
	fetched='[.predicate.buildDefinition.resolvedDependencies[] | select(.downloadLocation)]'
	judge "the dependencies are the same" test "$(statement "$fetched")" = "$(jq -r .payload \
		then/net.intoto.jsonl | base64 -d | jq -c "$fetched")"
	expect 0 "a verifier may ask for it" "$CUPEL" verify --network replay now
	expect 1 "or for a build with its registries" "$CUPEL" verify --network trusted now
	mv now then2
	mv then then1
	mv then2 then
	replayed "a replay of the replay"
	expect 0 "a plan of it" "$CUPEL" plan --network replay=then/net.intoto.jsonl -- true
	said "says what it replays" "^replay .*$(sha256sum <then/net.intoto.jsonl | cut -c1-64)"
}

# missed NAME COMMAND: a replay that asks for something else is a failure, whatever the build says.
missed() {
	expect 121 "$1" "$CUPEL" run -f -o now --network replay=then/net.intoto.jsonl -- sh -c "$2"
	said "it says which" 'the replay has no answer to .*registry.test'
	judge "nothing is published" test ! -e now
}

case_miss() {
	record_once
	on_deny continue
	missed "something that was not asked for" \
		'curl -sS -o x https://registry.test/elsewhere; cat x >&2; echo x >$OUT/x'
	said "the client is told" 'cupel: failed GET https://registry.test/elsewhere'
	missed "in another form" \
		'curl -sS -H "Accept: image/png" https://registry.test/plain; echo x >$OUT/x'
	missed "with another body" 'curl -sS -d x https://registry.test/echo-post; echo x >$OUT/x'
	expect 0 "the same as often as it likes" "$CUPEL" run -f -o now \
		--network replay=then/net.intoto.jsonl -- sh -c '
		for i in 1 2 3 4 5; do curl -sS https://registry.test/plain || exit; done; echo x >$OUT/x'
	rm -rf now
	on_deny fail
	expect 121 "what is refused is refused again" "$CUPEL" run -f -o now \
		--network replay=then/net.intoto.jsonl -- curl -sS https://nowhere.test/
	said "by the rules" 'request was refused'
	expect 121 "and what the rules allow no more, too" fetch --network replay=then/net.intoto.jsonl \
		--registry main
}

case_changing() {
	project
	on_deny fail
	rm -rf then now
	expect 0 "a page that is another one each time" "$CUPEL" run -f -o then -- sh -c '
		for i in 1 2 3; do curl -sS https://registry.test/counted; done >$OUT/counted'
	out=now
	expect 0 "is replayed in that order" "$CUPEL" run -f -o now \
		--network replay=then/net.intoto.jsonl -- sh -c '
		for i in 1 2 3; do curl -sS https://registry.test/counted; done >$OUT/counted'
	judge "page by page" cmp then/counted now/counted
	rm -rf now
	missed "but not once more" 'for i in 1 2 3 4; do curl -sS https://registry.test/counted; done
		echo x >$OUT/x'
}

# spoiled NAME FILE TEXT: an object that is not what it was.
spoiled() {
	chmod 644 "$2"
	printf %s "$3" | dd of="$2" conv=notrunc status=none
	rm -rf now
	expect 121 "$1" "$CUPEL" run -f -o now --network replay=then/net.intoto.jsonl -- sh -c \
		'curl -sS -o x https://registry.test/large; echo x >$OUT/x'
	judge "it is removed" test ! -e "$2"
	judge "and nothing published" test ! -e now
}

case_store() {
	record_once
	spoiled "a body that was changed in the store" "$(object "$(of /large sha256)")" evil
	said "is said to be so" 'was changed'
	record_once
	spoiled "a head that was changed" "$(object "$(of /large head)")" 'HTTP/1.1 200 KO'
	record_once
	rm "$(object "$(of /large sha256)")"
	missed "a body that was removed" 'curl -sS https://registry.test/large; echo x >$OUT/x'
	"$CUPEL" gc --all >/dev/null
	missed "all of them" 'curl -sS https://registry.test/plain; echo x >$OUT/x'
	rm -rf "$store"
	expect 125 "no store" fetch --network replay=then/net.intoto.jsonl
	said "which is said" 'store'
}

# refused CODE NAME ARGUMENT…: nothing is run.
refused() {
	net_code=$1 net_name=$2
	shift 2
	expect "$net_code" "$net_name" "$CUPEL" run -f -o now "$@" -- sh -c 'echo ran >"$OUT/ran"'
	judge "nothing is run" test ! -e now
}

case_trust() {
	record_once
	rm -rf now
	cp -r then forged
	sed -i '1s/plain/pla1n/' forged/net.network.jsonl
	refused 121 "a record that was changed" --network replay=forged/net.intoto.jsonl
	said "is not vouched for" 'does not vouch'
	cp -r then cut
	sed -i '$d' cut/net.network.jsonl
	refused 121 "a record that was cut" --network replay=cut/net.intoto.jsonl
	expect 0 "another build" "$CUPEL" run -f -o another -- sh -c \
		'curl -sS https://registry.test/plain >$OUT/plain'
	cp another/net.network.jsonl forged/net.network.jsonl
	refused 121 "the record of another build" --network replay=forged/net.intoto.jsonl
	"$CUPEL" key new "$TMP/stranger.key" >/dev/null
	printf '[sign]\nkey = %s/stranger.key\n' "$TMP" >"${net_registries%/*}/cupel.ini"
	expect 0 "a build that is signed by a stranger" "$CUPEL" run -f -o strange -- sh -c \
		'curl -sS https://registry.test/plain >$OUT/plain'
	on_deny fail
	refused 121 "is not replayed" --network replay=strange/net.intoto.jsonl
	expect 0 "but with his key it is" "$CUPEL" run -f -o now --network replay=strange/net.intoto.jsonl \
		--replay-key "$TMP/stranger.key.pub" -- sh -c \
		'curl -sS https://registry.test/plain >$OUT/plain'
	rm -rf now
	refused 121 "with his key alone" --network replay=then/net.intoto.jsonl \
		--replay-key "$TMP/stranger.key.pub"
	refused 125 "no attestation" --network replay=nothing.intoto.jsonl
	refused 125 "something else" --network replay=then/tree
	refused 125 "a key without a replay" --network trusted --replay-key "$TMP/stranger.key.pub"
	rm forged/net.network.jsonl
	refused 125 "no record" --network replay=forged/net.intoto.jsonl
	expect 0 "a build without network" "$CUPEL" run -f -o offline --network none -- sh -c 'echo x >$OUT/x'
	cp then/net.network.jsonl offline/
	refused 121 "has nothing to replay" --network replay=offline/net.intoto.jsonl
}

# What failed then fails now, and a tunnel had no answers.
case_failures() {
	project
	on_deny fail
	rm -rf then now
	failing='! curl -sS -o x https://registry.test/longer && ! curl -sS https://registry.test/bad-chunk &&
		! curl -sS -f https://expired.test/ && echo x >$OUT/x'
	expect 0 "a build whose downloads fail" "$CUPEL" run -f -o then -- sh -c "$failing"
	expect 0 "when it is replayed they fail, too" "$CUPEL" run -f -o now \
		--network replay=then/net.intoto.jsonl -- sh -c \
		'! curl -sSf -o x https://registry.test/longer && ! curl -sSf https://registry.test/bad-chunk &&
		! curl -sS -f https://expired.test/ && echo x >$OUT/x'
	expect 0 "a build through a tunnel" "$CUPEL" run -f -o then -- sh -c \
		'curl -sS https://tunnel.test/plain && echo x >$OUT/x'
	rm -rf now
	expect 121 "is not replayed" "$CUPEL" run -f -o now --network replay=then/net.intoto.jsonl -- \
		sh -c '! curl -sS https://tunnel.test/plain && echo x >$OUT/x'
	said "because of the tunnel" 'tunnel.test'
}

run_cases replay miss changing store trust failures
finish

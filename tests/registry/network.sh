#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds that fetch from the registries that this machine's own clients are configured for,
# found out at run time: npm packages and their lock file, a compiler from Debian and its
# index. What the clients verified and what the provenance says are the same digests.
. "${0%/*}/../lib.sh"

registries=$XDG_CONFIG_HOME/cupel/registries.d
mkdir -p "$registries"

# registry NAME: what `detect` prints, which root, too, then has to himself alone.
registry() {
	"$CUPEL" registry detect "$1" >"$registries/$1.ini" 2>"$TMP/detected" && return
	rm "$registries/$1.ini"
	return 1
}

# build REGISTRY COMMAND…: with this registry and no other.
build() {
	build_registry=$1
	shift
	"$CUPEL" run -f --network trusted --registry "$build_registry" -- "$@"
}

# fetched FILE: the dependencies with a registry, of the attestation in cupel-out.
fetched() {
	jq -r .payload cupel-out/build.intoto.jsonl | base64 -d | jq '[.predicate.buildDefinition
		.resolvedDependencies[] | select(.annotations.cupel_registry or .downloadLocation)]' >"$1"
}

attested() {
	fetched fetched.json 2>"$TMP/judged"
	[ -s fetched.json ] || { not_ok "$1: an attestation" "$(cat "$TMP/judged")" && return; }
	judge "$1: every dependency has a digest" jq -e 'length > 0 and
		all(.[]; (.digest.sha256 // "" | length) == 64)' fetched.json
	judge "$1: every dependency was inspected" jq -e \
		'all(.[]; .annotations.cupel_inspected != false)' fetched.json
	expect 0 "$1: verify" "$CUPEL" verify --network trusted --require-inspected cupel-out
	said "$1: it is good" '^good: '
	expect 1 "$1: not good for who wants no network" "$CUPEL" verify --network none cupel-out
	judge "$1: nothing was refused or failed" sh -c "test -s cupel-out/build.network.jsonl &&
		! jq -e 'select(.outcome != \"allowed\")' cupel-out/build.network.jsonl"
}

# away COMMAND…: where there is no way to any registry.
away() {
	if [ "$HALF" = root ]; then
		unshare -n "$@"
	else
		unshare -Un --map-current-user --keep-caps "$@"
	fi
}

# replay REGISTRY COMMAND…: the build in then/ once more, out of the store, with no uplink.
replay() {
	replay_registry=$1
	shift
	away "$CUPEL" run -f --network replay=then/build.intoto.jsonl --registry "$replay_registry" -- "$@"
}

# Whether npm reaches its registry without us.
npm_works() {
	command -v npm >/dev/null || { reason="npm is not installed" && return 1; }
	registry npm || { reason="npm is configured for no registry with a name" && return 1; }
	(cd / && timeout 60 npm view express@4.21.2 version) >"$TMP/judged" 2>&1 ||
		{ reason="npm does not reach its registry from this machine" && return 1; }
}

# The same in lock mode, by the lock file of npm install.
npm_locked() {
	echo 'digest = lock' >>"$registries/npm.ini"
	expect 0 "npm ci, in lock mode" "$CUPEL" run -f --network trusted --registry npm --lock package-lock.json -- \
		sh -ec 'npm ci --no-audit --no-fund; npx tsc --version >"$OUT/version"'
	judge "every download is locked" sh -c 'jq -es "length >= 70 and all(.[]; .locked)" cupel-out/build.network.jsonl'
	expect 0 "which is attested" sh -c 'jq -r .payload cupel-out/build.intoto.jsonl | base64 -d | jq -e "
		[.predicate.buildDefinition.resolvedDependencies[] | select(.downloadLocation)] |
		length >= 70 and all(.[]; .annotations.cupel_locked)"'
	cp package-lock.json good.json
	jq '.packages["node_modules/express"].integrity |= (.[0:7] + (if .[7:8] == "A" then "B" else "A" end) + .[8:])' \
		good.json >package-lock.json
	rm -rf cupel-out
	expect 121 "one integrity changed" "$CUPEL" run -f --network trusted --registry npm --lock package-lock.json -- \
		sh -ec 'npm ci --no-audit --no-fund; echo >$OUT/x'
	said "the gateway refuses it, and npm has seen nothing of it" 'E403'
	said "it is said what was expected" 'express-4.21.2.tgz: it is not what the lock says: sha512 is'
	judge "nothing is published" test ! -e cupel-out
	mv good.json package-lock.json
	registry npm
}

case_npm() {
	npm_works || { skip "npm packages" "$reason" && return; }
	cat >package.json <<-'END'
		{"name": "n", "version": "1.0.0", "private": true,
		"dependencies": {"express": "4.21.2", "typescript": "5.4.5"}}
	END
	echo 'const framework: string = require("express").name; console.log("ran " + framework);' >main.ts
	# shellcheck disable=SC2016 # the build's
	expect 0 "npm install" build npm sh -ec 'npm install --no-audit --no-fund
		echo "declare var require: any" >require.d.ts
		npx tsc --outDir "$OUT" main.ts require.d.ts
		cp package-lock.json "$OUT"
		NODE_PATH=node_modules node "$OUT/main.js"'
	said "what was installed works" 'ran createApplication'
	attested npm
	judge "every tarball's SHA-512 is the lock file's integrity" python3 -c '
import base64, json
lock = json.load(open("cupel-out/package-lock.json"))["packages"]
got = {d.get("downloadLocation", d["uri"]): d["digest"] for d in json.load(open("fetched.json"))}
packages = [p for path, p in lock.items() if path]
assert len(packages) >= 70, len(packages)
for p in packages:
    algorithm, _, value = p["integrity"].partition("-")
    assert algorithm == "sha512", p
    assert got[p["resolved"]]["sha512"] == base64.b64decode(value).hex(), p
tarballs = {url for url in got if url.endswith(".tgz")}
assert tarballs == {p["resolved"] for p in packages}, tarballs'
	cp cupel-out/package-lock.json . && cp fetched.json first.json
	# shellcheck disable=SC2016 # the build's
	npm_tree='rm -f package-lock.json
		npm install --no-audit --no-fund
		find node_modules -type f | sort | xargs sha256sum >"$OUT/tree"'
	rm -rf then now
	expect 0 "npm install, to be replayed" build npm sh -ec "$npm_tree"
	mv cupel-out then
	expect 0 "npm install by replay, without an uplink" replay npm sh -ec "$npm_tree"
	judge "the tree is the same" sh -c 'test -s then/tree && cmp then/tree cupel-out/tree'
	judge "every request had its answer" sh -c 'test "$(wc -l <cupel-out/build.network.jsonl)" -ge 140 &&
		! jq -e "select(.outcome != \"allowed\")" cupel-out/build.network.jsonl'
	printf '# npm: %s requests replayed\n' "$(wc -l <cupel-out/build.network.jsonl)"
	expect 0 "a verifier sees that it was a replay" "$CUPEL" verify --network replay cupel-out
	expect 0 "npm ci, by this lock file" build npm sh -ec 'npm ci --no-audit --no-fund
		npx tsc --version >"$OUT/version"'
	attested "npm ci"
	npm_locked
	judge "the same tarballs" sh -c 'for i in first fetched; do
		jq -S "map(select(.uri | startswith(\"pkg:npm/\")) | {uri, digest}) | sort" $i.json >$i.tarballs
		done; test -s first.tarballs && cmp first.tarballs fetched.tarballs'
}

# Whether the Debian archive of apt's configuration can be reached without us; sources.list.
apt_works() {
	for apt_tool in apt-get dpkg-deb curl; do
		command -v $apt_tool >/dev/null || { reason="$apt_tool is not installed" && return 1; }
	done
	registry debian || { reason="apt is configured for no registry with a name" && return 1; }
	# shellcheck disable=SC2016 # apt's
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' 'Component: main' | sort -u >sources.list
	[ -s sources.list ] || { reason="apt has no index of Debian's packages here" && return 1; }
	read -r _ apt_uri apt_release _ <sources.list
	curl -fsS -m 60 -o "$TMP/judged" "${apt_uri%/}/dists/$apt_release/InRelease" 2>/dev/null ||
		{ reason="the archive of Debian is not reached from this machine" && return 1; }
}

# A private apt in the build's home, which trusts the machine's keyrings or none: apt FILE KEYS
apt_configuration() {
	cat >"$1" <<-END
		Dir::Etc::SourceList "/build/sources.list";
		Dir::Etc::SourceParts "/home/build/apt/none";
		Dir::Etc::Parts "/home/build/apt/none";
		Dir::Etc::PreferencesParts "/home/build/apt/none";
		Dir::Etc::TrustedParts "$2";
		Dir::State "/home/build/apt";
		Dir::State::Status "/home/build/apt/status";
		Dir::Cache "/home/build/apt";
		APT::Architecture "$(dpkg --print-architecture)";
		Acquire::Languages "none";
		Acquire::Check-Valid-Until "false";
	END
}

apt_build() {
	cat <<-'END'
		apt=$HOME/apt root=$HOME/root
		mkdir -p $apt/lists/partial $apt/archives/partial $apt/none $root
		touch $apt/status
		if APT_CONFIG=/build/no-keys apt-get -q update; then exit 9; fi
		export APT_CONFIG=/build/keys
		apt-get -q update
		apt-get install -y -qq --no-install-recommends --download-only tcc libc6-dev
		for deb in $apt/archives/*.deb; do
			dpkg-deb -x $deb $root
			apt-cache show $(dpkg-deb -f $deb Package)=$(dpkg-deb -f $deb Version) |
				grep -E '^(Filename|SHA256): ' | sort >>$OUT/index
		done
		set -- $root/usr/lib/*-linux-gnu
		lib=$1 triplet=${1##*/}
		$root/usr/bin/tcc -B$lib/tcc -nostdinc -I$lib/tcc/include -I$root/usr/include \
			-I$root/usr/include/$triplet -c main.c -o main.o
		$root/usr/bin/tcc -B$lib/tcc -nostdlib -o $OUT/main $lib/crt1.o $lib/crti.o main.o \
			$root/lib/$triplet/libc.so.6 $lib/libc_nonshared.a $lib/tcc/libtcc1.a $lib/crtn.o
		$OUT/main
	END
}

case_apt() {
	apt_works || { skip "packages of Debian" "$reason" && return; }
	apt_configuration keys /usr/share/keyrings
	apt_configuration no-keys /home/build/apt/none
	apt_build >build.sh
	printf '#include <stdio.h>\nint main(void) { return puts("compiled with what was fetched") < 0; }\n' >main.c
	expect 0 "apt fetches a compiler" build debian sh -exc "$(cat build.sh)"
	said "which works" '^compiled with what was fetched'
	said "without keyrings apt trusts nothing" 'NO_PUBKEY'
	rm -rf then
	cp -r cupel-out then
	expect 0 "and does so by replay, without an uplink" replay debian sh -exc "$(cat build.sh)"
	said "with a compiler that works" '^compiled with what was fetched'
	judge "the same output" cmp then/main cupel-out/main
	rm -rf cupel-out
	cp -r then cupel-out
	attested apt
	judge "every package's SHA-256 is that of the signed index" python3 -c '
import json, re, urllib.parse
text = open("cupel-out/index").read()
index = dict(re.findall(r"^Filename: (\S+)\nSHA256: ([0-9a-f]{64})\n", text, re.M))
assert len(index) >= 4 and 2 * len(index) == len(set(text.splitlines())), text
got = {urllib.parse.unquote(d.get("downloadLocation", d["uri"])): d for d in json.load(open("fetched.json"))}
debs = [url for url in got if url.endswith(".deb")]
assert len(debs) == len(index), (debs, index)
for url in debs:
    assert [got[url]["digest"]["sha256"]] == [v for k, v in index.items() if url.endswith("/" + k)], url
assert all(got[url]["uri"].startswith("pkg:deb/debian/") for url in debs), got'
	# The same program, compiled by nothing that is on this machine.
	expect_output "the output runs here, too" '^compiled' cupel-out/main
}

case_others() {
	if npm_works && apt_works; then
		apt_configuration keys /usr/share/keyrings
		expect 121 "apt, with npm's registry only" build npm sh -c 'mkdir -p $HOME/apt/lists/partial \
			$HOME/apt/none && touch $HOME/apt/status
			APT_CONFIG=/build/keys apt-get -q update; echo >$OUT/output'
		said "is refused" 'refused.*GET http'
		judge "and nothing is published" test ! -e cupel-out
		expect 121 "npm, with Debian's registry only" build debian sh -c \
			'npm view express@4.21.2 version; echo >$OUT/output'
		said "is refused, too" 'refused.*GET http'
		judge "and nothing is published, either" test ! -e cupel-out
	else
		skip "a registry that was not picked" "$reason"
	fi
}

run_cases npm apt others
finish

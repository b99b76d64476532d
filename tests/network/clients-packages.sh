#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Package managers as people have them, with registries of packages.py: that they install
# what they fetch, that it is in the provenance by its name and digest, that what they would
# publish is refused, and what they show of a refusal.
. "${0%/*}/net.sh"

registry packages 'url = https://packages.test/' 'post = /git/index.git/git-upload-pack' \
	'private = yes'
site=https://packages.test
refusal='Forbidden by Cupel: no rule is for this host'

# outside COMMAND…: with the programs that a build finds.
outside() { env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"; }

# have NAME PROGRAM…: whether a build finds them; else NAME is skipped.
have() {
	have_name=$1
	shift
	for have_program in "$@"; do
		if ! outside sh -c "command -v $have_program" >/dev/null; then
			skip "$have_name" "$have_program is not installed"
			return 1
		fi
	done
}

# fetch NAME COMMAND REGEX: it succeeds, says this, and nothing is refused.
fetch() {
	rm -rf server recorded dependencies.json cupel-out
	on_deny fail
	fetch_before=$(wc -l <"$WORLD/seen")
	expect 0 "$1" build sh -ec "$2"
	said "$1: what was fetched works" "$3"
	tail -n "+$((fetch_before + 1))" "$WORLD/seen" | jq -r '.method + " " + .path' | sort >server
	jq -r 'select(.outcome == "allowed" and .host == "packages.test") |
		.method + " " + (.url | ltrimstr("https://packages.test"))' \
		cupel-out/net.network.jsonl 2>&1 | sort >recorded
	judge "$1: the record is what the server saw" sh -c 'test -s server && diff server recorded'
	jq -r .payload cupel-out/net.intoto.jsonl 2>/dev/null | base64 -d |
		jq '.predicate.buildDefinition.resolvedDependencies' >dependencies.json
	judge "$1: every file of it is in the provenance, with its digest" jq -e -s \
		--slurpfile all dependencies.json '[.[] | select(.status == 200 and .method == "GET")] |
		length > 0 and all(.[]; . as $r | any($all[0][]; (.downloadLocation // .uri) == $r.url and
			.digest.sha256 == $r.sha256))' cupel-out/net.network.jsonl
}

# named PURL PATH: the last fetch's provenance has the server's file by this name.
named() {
	named_file=$WORLD/packages/$(echo "$2" | sed 's/%2B/+/g')
	judge "$1 is in the provenance" jq -e --arg purl "$1" --arg url "$site/$2" \
		--arg digest "$(sha256sum "$named_file" | cut -d ' ' -f 1)" 'any(.[]; .uri == $purl and
		.downloadLocation == $url and .digest.sha256 == $digest)' dependencies.json
}

# refuse NAME METHOD URL COMMAND REGEX: the client fails, and shows this.
refuse() {
	on_deny continue
	expect 0 "$1 is refused" build sh -c "if $4; then exit 9; fi"
	record "$1: that is on record" ".outcome == \"denied\" and .method == \"$2\" and .url == \"$3\""
	said "$1: what the client shows" "$5"
	judge "$1: the server has seen nothing of it" sh -c '! jq -e --arg m "$1" --arg u "$2" \
		"select(.method == \$m and \"https://\(.host)\(.path)\" == \$u)" "$WORLD/seen"' sh "$2" "$3"
}

case_pip() {
	have pip pip3 || return
	project
	index=$site/pypi/simple
	cp "$WORLD/packages/pypi/requirements.txt" .
	fetch "pip install" "pip3 install -q --target there -i $index words
		PYTHONPATH=there /usr/bin/python3 -c 'import words, more_words; print(words.TEXT)'" '^from a wheel'
	named pkg:pypi/words@1.0.0 pypi/packages/ab/cd/words-1.0.0-py3-none-any.whl
	named pkg:pypi/more-words@1.0.0 pypi/packages/ab/cd/more_words-1.0.0-py3-none-any.whl
	fetch "pip download --require-hashes" "PIP_INDEX_URL=$index pip3 download --require-hashes \
		-r requirements.txt -d there; ls there" '^more_words-1.0.0-py3-none-any.whl'
	refuse "pip, a file" GET https://nobody.test/words-1.0.tar.gz \
		'pip3 download https://nobody.test/words-1.0.tar.gz' "$refusal"
	on_deny fail
	expect 121 "pip, an index, is refused" build sh -c 'pip3 download -i https://nobody.test/simple words'
	said "pip takes it for an empty one; the result does not" \
		'the first was GET https://nobody.test/simple/words/'
	if ! /usr/bin/python3 -c 'import ensurepip' 2>/dev/null; then
		skip "pip of a venv" "python3-venv is not installed"
		return
	fi
	fetch "pip of a venv" "/usr/bin/python3 -m venv there; there/bin/pip install -q -i $index words
		there/bin/python -c 'import words, more_words; print(words.TEXT)
from pip._vendor import requests
print(requests.get(\"$index/words/\").status_code)'" '^from a wheel'
	said "requests of the venv, too" '^200'
}

case_npm() {
	have npm npm node || return
	project
	fetch "npm install" "echo '{\"name\": \"n\", \"version\": \"1.0.0\"}' >package.json
		npm install --registry $site/npm/ words; node -p 'require(\"words\")'" '^from a tarball'
	named pkg:npm/words@1.0.0 npm/words/-/words-1.0.0.tgz
	echo '{"name": "n", "version": "1.0.0"}' >package.json
	echo '//packages.test/npm/:_authToken=secret' >.npmrc
	refuse "npm publish" PUT $site/npm/n "npm publish --registry $site/npm/" 'Forbidden by Cupel: .* - PUT'
	refuse "npm view" GET https://nobody.test/words 'npm view words --registry https://nobody.test/' \
		"$refusal"
}

case_go() {
	have go go || return
	project
	printf 'module main\n\ngo 1.17\n' >go.mod
	cat >main.go <<-'END'
		package main

		import (
			"example.test/words"
			"fmt"
		)

		func main() { fmt.Println(words.Text) }
	END
	go="GOFLAGS=-mod=mod GOSUMDB=off GOPROXY=$site/go"
	fetch "go build" "export $go; go get example.test/words@latest; go mod download; go build -o main; ./main" \
		'^from a module'
	named pkg:golang/example.test/words@v1.0.0 go/example.test/words/@v/v1.0.0.zip
	refuse "go mod download" GET https://nobody.test/example.test/words/@v/v1.0.0.info \
		"$go GOPROXY=https://nobody.test go mod download example.test/words@v1.0.0" 'why: no rule is for this host'
}

case_cargo() {
	have cargo cargo cc || return
	project
	mkdir src
	cat >Cargo.toml <<-'END'
		[package]
		name = "main"
		version = "1.0.0"
		[dependencies]
		words = {version = "1.0.0", registry = "local"}
	END
	echo 'fn main() { println!("{}", words::TEXT); }' >src/main.rs
	cargo=cargo index=CARGO_REGISTRIES_LOCAL_INDEX
	# Before 1.68 it had to be asked for.
	[ "$(outside cargo --version | cut -d . -f 2)" -ge 68 ] ||
		cargo='RUSTC_BOOTSTRAP=1 cargo -Z sparse-registry'
	fetch "cargo run, with a sparse index" \
		"export $index=sparse+$site/cargo/index/; $cargo run" '^from a crate'
	named pkg:cargo/words@1.0.0 cargo/crates/words/1.0.0/download
	fetch "cargo run, with an index in Git" "export $index=$site/git/index.git; cargo run" '^from a crate'
	named pkg:cargo/words@1.0.0 cargo/crates/words/1.0.0/download
	refuse "cargo publish" PUT $site/cargo/api/v1/crates/new \
		"$index=$site/git/index.git CARGO_REGISTRIES_LOCAL_TOKEN=secret cargo publish --registry local --no-verify" \
		'nothing allows it: builds fetch, and do not publish'
	refuse "cargo fetch" GET https://nobody.test/config.json \
		"$index=sparse+https://nobody.test/ $cargo fetch" 403
}

case_maven() {
	have maven mvn || return
	project
	pom() {
		cat <<-END
			<project><modelVersion>4.0.0</modelVersion>
			<groupId>a</groupId><artifactId>a</artifactId><version>1</version><packaging>pom</packaging>
			<pluginRepositories>
			<pluginRepository><id>words</id><url>$1/maven2/</url></pluginRepository>
			<pluginRepository><id>central</id><url>$1/maven2/</url></pluginRepository>
			</pluginRepositories>
			<build><extensions><extension>
			<groupId>test.example</groupId><artifactId>words</artifactId><version>1.0.0</version>
			</extension></extensions></build></project>
		END
	}
	pom $site >pom.xml
	fetch "maven" 'mvn -B validate' 'BUILD SUCCESS'
	named pkg:maven/test.example/words@1.0.0 maven2/test/example/words/1.0.0/words-1.0.0.jar
	named 'pkg:maven/test.example/words@1.0.0?type=pom' maven2/test/example/words/1.0.0/words-1.0.0.pom
	expect 0 "maven: the settings of the machine, which hold credentials, are not there" \
		build sh -c 'test -e /etc/maven/m2.conf && test ! -e /etc/maven/settings.xml'
	pom https://nobody.test >pom.xml
	refuse "maven, another repository" GET https://nobody.test/maven2/test/example/words/1.0.0/words-1.0.0.pom \
		'mvn -B validate' "$refusal"
}

case_apt() {
	have apt apt-get dpkg-deb gpgv || return
	project
	[ -f "$WORLD/packages/key.asc" ] || { skip "apt over https" "gpg is not installed" && return; }
	cp "$WORLD/packages/key.asc" .
	cat >apt.conf <<-'END'
		Dir "/home/build/apt";
		Dir::Etc::SourceList "/build/sources.list";
		Dir::State::Status "/home/build/apt/status";
	END
	apt="cd \$HOME; mkdir -p apt/etc/apt/apt.conf.d apt/etc/apt/preferences.d apt/var/lib/apt/lists/partial \
		apt/var/cache/apt/archives/partial; touch apt/status; export APT_CONFIG=/build/apt.conf"
	echo "deb [signed-by=/build/key.asc] $site/debian stable main" >sources.list
	fetch "apt over https" "$apt; apt-get -q update; apt-get -q download words
		dpkg-deb -x words_*.deb there; cat there/usr/share/words" '^from a deb'
	named 'pkg:deb/debian/words@1.0.0%2B1?arch=all' debian/pool/main/w/words/words_1.0.0%2B1_all.deb
	echo "deb [signed-by=/build/key.asc] https://nobody.test/debian stable main" >sources.list
	refuse "apt-get update" GET https://nobody.test/debian/dists/stable/InRelease \
		"($apt; apt-get -q update --error-on=any)" "$refusal"
}

run_cases pip npm go cargo maven apt
finish

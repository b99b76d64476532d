#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `cupel registry`, and what [network] makes of registries in a plan. Nothing is
# fetched: clients' configurations are files of ours, below a root of ours.
. "${0%/*}/../lib.sh"

mine=$HOME/.config/cupel/registries.d

# Every kind of file that a client keeps, with a credential in each.
make_root() {
	mkdir -p root/etc/apt/sources.list.d root/usr/etc root/etc/maven
	cat >root/etc/apt/sources.list <<-'END'
		# deb http://comment.example/debian x main
		deb http://apt.example/debian bookworm main # and a comment
		deb [arch=amd64 signed-by=/usr/share/x.gpg] https://me:secret@apt.example/private x main
		deb-src http://apt.example//debian/ bookworm main
		deb file:/srv/mirror x main
		deb http://10.1.2.3/debian x main
	END
	cat >root/etc/apt/sources.list.d/more.sources <<-'END'
		Types: deb
		URIs: https://deb822.example/one
		 https://deb822.example/two
		Suites: x

		Types: deb
		Enabled: no
		URIs: https://off.example/
		Suites: x
	END
	echo 'deb https://editor.example/ x main' >root/etc/apt/sources.list.d/more.list~
	printf 'registry = https://npm.example/repo\n//npm.example/:_authToken=secret\n' \
		>root/usr/etc/npmrc
	printf '[global]\nindex-url = https://you:secret@pip.example/simple?secret\n' \
		>root/etc/pip.conf
	cat >root/etc/maven/settings.xml <<-'END'
		<settings><!-- <mirrors><mirror><url>http://comment.example/</url></mirror></mirrors> -->
		<servers><server><password>secret</password></server></servers>
		<mirrors><mirror><url> https://maven.example/maven2/ </url></mirror></mirrors>
		<profiles><url>https://profile.example/</url></profiles></settings>
	END
}

make_home() {
	mkdir -p "$HOME/.config/go" "$HOME/.config/pip" "$HOME/.cargo"
	printf '; registry=https://comment.example/\n@team:registry=https://team.example/\n' >"$HOME/.npmrc"
	printf '_auth=secret\nemail=secret\n' >>"$HOME/.npmrc"
	printf 'GOPROXY=https://go.example,https://second.example|direct\nGONOPROXY=secret\n' \
		>"$HOME/.config/go/env"
	cat >"$HOME/.cargo/config.toml" <<-'END'
		[source.crates-io]
		replace-with = "mirror"
		[source.mirror]
		registry = "sparse+https://cargo.example/index/"
		[registries.git]
		index = "https://git.example/index"
		[registry]
		token = "secret"
	END
}

clean_home() {
	rm -rf "$HOME/.npmrc" "$HOME/.config" "$HOME/.cargo"
}

detect() {
	"$CUPEL" registry detect --root root "$@"
}

# has NAME LINE…: each is a line of $TMP/output. lacks NAME WORD…: none is in it.
has() {
	has_name=$1
	shift
	for has_line in "$@"; do
		grep -Fxq -e "$has_line" "$TMP/output" || {
			not_ok "$has_name" "'$has_line' is missing: $(cat "$TMP/output")"
			return
		}
	done
	ok "$has_name"
}
lacks() {
	lacks_name=$1
	shift
	for lacks_word in "$@"; do
		grep -Fq -e "$lacks_word" "$TMP/output" && {
			not_ok "$lacks_name" "'$lacks_word' is there: $(cat "$TMP/output")"
			return
		}
	done
	ok "$lacks_name"
}

case_detect() {
	make_root && make_home
	expect 0 "what clients use is detected" detect
	has "apt's sources, in both forms" 'url = http://apt.example/debian/' \
		'url = https://apt.example/private/' 'url = https://deb822.example/one/' \
		'url = https://deb822.example/two/' '; from /etc/apt/sources.list'
	has "npm's, and that of a scope" 'url = https://npm.example/repo/' \
		'url = https://team.example/' '; from /usr/etc/npmrc' '; from ~/.npmrc'
	has "pip's, cargo's, go's and Maven's" 'url = https://pip.example/simple/' \
		'url = https://cargo.example/index/' 'url = https://go.example/' \
		'url = https://second.example/' 'url = https://maven.example/maven2/'
	lacks "no credential is printed" secret '@'
	lacks "what is commented out, off or no client's does not count" \
		comment.example off.example editor.example profile.example git.example srv
	said "an address is left out, with a word" 'left out.*address'
	[ "$(grep -c 'url = http://apt.example/debian/' "$TMP/output")" = 1 ] &&
		ok "each url once" || not_ok "each url once" "$(cat "$TMP/output")"
	expect 0 "one of them" detect npm
	lacks "and only that one" apt.example go.example
	expect 2 "one that nobody knows" detect npn
	mkdir empty
	clean_home
	expect 1 "nothing at all" "$CUPEL" registry detect --root empty
	expect 2 "a root that is not there" "$CUPEL" registry detect --root nowhere
	clean_home
}

case_hostile_root() {
	mkdir -p root/etc/apt outside
	echo 'deb https://outside.example/ x main' >outside/list
	ln -s "$PWD/outside/list" root/etc/apt/sources.list
	expect 1 "a link out of the root is not followed" detect debian
	rm root/etc/apt/sources.list
	mkfifo root/etc/apt/sources.list
	expect 1 "a FIFO is not waited for" timeout 10 "$CUPEL" registry detect --root root debian
	rm root/etc/apt/sources.list
	# shellcheck disable=SC1003 # a backslash
	printf 'deb https://a.example/%%0a[registry] x\ndeb https://a.example/\r[x] x\ndeb https://b.example/\\ x\n' \
		>root/etc/apt/sources.list
	printf 'deb https://good.example/ x\n' >>root/etc/apt/sources.list
	expect 0 "urls that no registry can have" detect debian
	[ "$(grep -c '^url = ' "$TMP/output")" = 2 ] && ok "are left out" ||
		not_ok "are left out" "$(cat "$TMP/output")"
	[ "$(grep -c '^\[' "$TMP/output")" = 1 ] && ok "and begin no section" ||
		not_ok "and begin no section" "$(cat "$TMP/output")"
}

case_write() {
	make_root && make_home
	if [ "$HALF" = root ]; then
		target=root/etc/cupel/registries.d
		mode='755'
	else
		target=$mine
		mode='700'
	fi
	(
		umask 077
		expect 0 "detect --write" detect --write
	)
	for name in debian npm pypi crates go maven; do
		judge "$name.ini is written" test -s "$target/$name.ini"
	done
	[ "$(stat -c %a "$target" "$target/npm.ini" | tr '\n' ' ')" = "$mode 644 " ] &&
		ok "whatever the umask is" || not_ok "whatever the umask is" "$(ls -la "$target")"
	judge "nothing else is left" sh -c "test \"\$(ls -A '$target' | wc -l)\" = 6"
	judge "and no credential" sh -c "! grep -rq secret '$target'"
	expect 0 "the same again" detect --write
	said "has nothing to do" 'says so already'
	echo '; mine' >>"$target/npm.ini"
	expect 1 "what somebody changed" detect --write
	said "is left alone" 'left alone: .*npm.ini'
	judge "really" grep -q '; mine' "$target/npm.ini"
	expect 0 "unless it is forced" detect --write --force npm
	judge "and then replaced" sh -c "! grep -q '; mine' '$target/npm.ini'"
	[ "$HALF" = root ] && echo mine >outside && rm "$target/npm.ini" &&
		ln -s "$PWD/outside" "$target/npm.ini" && {
		expect 1 "a link in its place is left alone" detect --write npm
		expect 0 "or replaced" detect --write --force npm
		judge "and not followed" grep -qx mine outside
	}
	clean_home
}

case_list() {
	mkdir -p "$mine"
	printf '[registry]\nurl = https://one.example/x\nurl = http://two.example:81\npost = /x/p\nprivate = yes\n' \
		>"$mine/t-one.ini"
	printf '[registry]\nurl = https://tunnel.example\nmode = tunnel\n' >"$mine/t-two.ini"
	expect 0 "list" "$CUPEL" registry list
	said "a line for each url" '^t-one +standard +inspect +GET,HEAD +https://one.example:443/x/ .*t-one.ini:2$'
	said "also the second" '^t-one +standard +http +GET,HEAD +http://two.example:81/ .*t-one.ini:3$'
	said "and a tunnel" '^t-two +standard +tunnel +- +https://tunnel.example:443/ '
	expect 0 "list --json" "$CUPEL" registry list --json
	judge "is JSON" python3 -c 'import json,sys
r = {x["name"]: x for x in json.load(open(sys.argv[1]))}
assert r["t-one"]["private"] and r["t-one"]["urls"][1]["mode"] == "http" and r["t-one"]["posts"] == ["/x/p"]
assert r["t-two"]["methods"] == [] and r["t-two"]["standard"]' "$TMP/output"
	expect 0 "show" "$CUPEL" registry show t-one
	has "prints rules" \
		'name=t-one url=https://one.example:443/x/ mode=inspect method=GET method=HEAD post=/x/p private=yes from=registries.d/t-one.ini:2'
	expect 1 "show, of none" "$CUPEL" registry show nobody
	expect 2 "show, without a name" "$CUPEL" registry show
	expect 2 "no verb" "$CUPEL" registry
	expect 2 "another verb" "$CUPEL" registry learn
	expect 0 "--help" "$CUPEL" registry --help
	echo 'urll = x' >>"$mine/t-two.ini"
	expect 2 "a mistake" "$CUPEL" registry list
	said "has its line" "t-two.ini:4: unknown key 'urll'"
	chmod o+w "$mine/t-one.ini"
	expect 1 "a file that everybody can write" "$CUPEL" registry list
	clean_home
}

case_plan() {
	mkdir -p "$mine"
	printf '[registry]\nurl = https://one.example/\n' >"$mine/t-one.ini"
	printf '[registry]\nurl = https://two.example/\n' >"$mine/t-two.ini"
	expect 0 "a plan without network" "$CUPEL" plan -- true
	lacks "names no registry" t-one
	expect 125 "a registry without network" "$CUPEL" plan --registry t-one -- true
	said "is of no use" "add --network trusted"
	# what the machine itself trusts may be there, too
	expect 0 "a plan with all of them" "$CUPEL" plan --network trusted -- true
	said "has the rule of one" 'name=t-one url=https://one.example:443/ mode=inspect method=GET method=HEAD private=no from=registries.d/t-one.ini:2'
	said "and of the other" 'name=t-two '
	lacks "and says not where it was found" "$HOME"
	expect 0 "a plan with one" "$CUPEL" plan --network trusted --registry t-two -- true
	lacks "has not the other" 'name=t-one '
	printf '[network]\nmode = trusted\nregistries = t-one\n' >cupel.ini
	expect 0 "a project picks" "$CUPEL" plan -- true
	lacks "only that one" 'name=t-two '
	expect 0 "its user decides" "$CUPEL" plan --registry t-two -- true
	lacks "otherwise" 'name=t-one '
	expect 0 "or against it" "$CUPEL" plan --network none -- true
	lacks "altogether" 'name=t-one '
	printf '[network]\nmode = trusted\nregistries = nobody\n' >cupel.ini
	expect 125 "a project picks what is not there" "$CUPEL" plan -- true
	said "with its line" "cupel.ini:3: there is no registry 'nobody'"
	printf '[network]\non-deny = continue\n' >cupel.ini
	expect 121 "a project cannot be lax" "$CUPEL" plan -- true
	mkdir registries.d && printf '[registry]\nurl = https://evil.example/\n' >registries.d/evil.ini
	printf '[network]\nmode = trusted\nregistries = evil\n' >cupel.ini
	expect 125 "a project cannot define one" "$CUPEL" plan -- true
	rm -r cupel.ini
	printf '[registry]\nurl = https://one.example/\nmode = tunnel\n' >"$mine/t-two.ini"
	expect 125 "two that contradict each other" "$CUPEL" plan --network trusted -- true
	said "are named" 't-two.ini:2 contradicts .*t-one.ini:2'
	clean_home
}

run_cases detect hostile_root write list plan
finish

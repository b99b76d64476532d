#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What registries answer is kept, and never in the way of a build.
. "${0%/*}/net.sh"

store=$XDG_DATA_HOME/cupel/store

# object DIGEST: its path in the store.
object() { echo "$store/sha256/$(echo "$1" | cut -c1-2)/$1"; }

objects() { find "$store/sha256" -type f | wc -l; }

# of PATH KEY: of the line of the record about that path of registry.test.
of() { jq -r "select(.url == \"https://registry.test$1\") | .$2" cupel-out/net.network.jsonl; }

fetch='for p in /plain /chunked /until-close /not-found /no-content /large; do
	curl -sS -o x https://registry.test$p || exit; done'

# kept PATH: body and head are there under their digests, for nobody to change.
kept() {
	for net_digest in "$(of "$1" sha256)" "$(of "$1" head)"; do
		judge "$1: the store has what its digest says" sh -c \
			"sha256sum '$(object "$net_digest")' | grep -q '^$net_digest'"
	done
}

case_kept() {
	project
	on_deny fail
	rm -rf "$store"
	expect 0 "a build whose downloads are kept" build sh -c "$fetch"
	for path in /plain /chunked /until-close /not-found /large; do
		kept $path
	done
	judge "a head without a body, too" test -e "$(object "$(of /no-content head)")"
	[ "$(cat "$WORLD/large.sha256")" = "$(of /large sha256)" ] && ok "whole" || not_ok "whole"
	judge "nobody else may enter the store" test "$(stat -c %a "$store")" = 700
	judge "and its objects are for reading" test -z "$(find "$store/sha256" -type f ! -perm 444)"
	judge "nothing is left under way" test -z "$(ls -A "$store/tmp")"
	judge "the count is right" test "$(sed 's/^0*//' "$store/used")" = \
		"$(find "$store/sha256" -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')"
	number=$(objects)
	expect 0 "the same build again" build sh -c "$fetch"
	judge "keeps nothing twice" test "$number" = "$(objects)"
}

case_cut() {
	project
	on_deny fail
	rm -rf "$store"
	expect 0 "a build whose downloads are cut short" build sh -c '
		for p in /longer /reset /bad-chunk /no-last-chunk; do
			! curl -sS -o x https://registry.test$p || exit 1; done'
	judge "none of them is kept" test "$(objects)" = 0
	judge "nor on record as if it were" test "$(jq -r 'select(.head)' cupel-out/net.network.jsonl)" = ""
}

# without NAME: nothing is kept, the build goes on, and -v says why ($1).
without() {
	expect 0 "$2" "$CUPEL" run -v -f -- sh -c "$fetch && echo x >\$OUT/x"
	said "and it says so" "store: .*$1"
	judge "what was not kept is not on record as kept" test \
		"$(of /large head)" = null
	judge "its digest is" test "$(of /large sha256)" = "$(cat "$WORLD/large.sha256")"
}

case_quota() {
	project
	rm -rf "$store"
	printf '[store]\nquota = 4M\n' >"${net_registries%/*}/cupel.ini"
	without 'the quota is reached' "a build that exceeds the quota"
	judge "the quota is kept" test "$(sed 's/^0*//' "$store/used")" -le 4194304
	printf '[store]\nenabled = no\n' >"${net_registries%/*}/cupel.ini"
	rm -rf "$store"
	expect 0 "a build without a store" build sh -c "$fetch"
	judge "there is none then" test ! -e "$store"
	rm "${net_registries%/*}/cupel.ini"
	printf '[store]\nquota = 1T\n' >>cupel.ini
	expect 121 "a project cannot set the quota" build true
}

case_trouble() {
	project
	rm -rf "$store"
	mkdir -p "$store"
	chmod 755 "$store"
	without 'others may enter' "a build whose store is open to others"
	rm -rf "$store"
	ln -s /tmp "$store"
	without 'cannot open' "a build whose store is a link"
	rm "$store"
	if [ "$HALF" != root ]; then
		skip "a full disk" "only root mounts one"
		return
	fi
	expect 0 "a store" build true
	mount -t tmpfs -o size=3M,mode=700 tmpfs "$store"
	without 'No space left' "a build whose store's disk is full"
	umount "$store"
}

run_cases kept cut quota trouble
finish

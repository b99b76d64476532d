#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cupel gc, on a store that is made by hand.
. "${0%/*}/../lib.sh"

store=$XDG_DATA_HOME/cupel/store

# keep TEXT DATE: an object that was last used then; its path is in $kept.
keep() {
	kept=$(printf %s "$1" | sha256sum | cut -c1-64)
	kept=$store/sha256/$(echo "$kept" | cut -c1-2)/$kept
	printf %s "$1" >"$kept"
	chmod 444 "$kept"
	touch -d "$2" "$kept"
}

make_store() {
	rm -rf "$store"
	mkdir -p "$store/tmp" "$store/sha256"
	chmod 700 "$store"
	for high in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do
		for low in 0 1 2 3 4 5 6 7 8 9 a b c d e f; do
			mkdir "$store/sha256/$high$low"
		done
	done
	printf '%020d\n' 999 >"$store/used"
	keep 'the second, 24 bytes long' 2001-01-02
	second=$kept
	keep 'the first, 23 bytes long!' 2001-01-01
	first=$kept
	keep 'the third, 23 bytes long.' 2001-01-03
	third=$kept
}

# gc OPTION…: prints its JSON.
gc() { "$CUPEL" gc --json "$@"; }

# has NAME FILTER OPTION…: exit code 0 and the answer fits.
has() {
	gc_name=$1 gc_filter=$2
	shift 2
	gc "$@" >answer 2>&1 && jq -e "$gc_filter" answer >/dev/null && ok "$gc_name" ||
		not_ok "$gc_name" "$(cat answer)"
}

case_nothing() {
	rm -rf "$store"
	expect 0 "without a store there is nothing to do" "$CUPEL" gc
	said "and it says so" 'there is no content store'
	judge "nor is one made" test ! -e "$store"
	expect 2 "an unknown option" "$CUPEL" gc --everything
	expect 2 "an operand" "$CUPEL" gc everything
	expect 2 "a quota that is none" "$CUPEL" gc --quota much
}

case_quota() {
	make_store
	has "what fits stays" '.removed == 0 and .objects == 3 and .bytes == 75'
	judge "how much there is was counted anew" test "$(cat "$store/used")" = 00000000000000000075
	has "a dry run removes nothing" '.removed == 1 and .dryRun' --quota 60 --dry-run
	judge "indeed" test -e "$first"
	has "the longest unused goes first" '.removed == 1 and .removedBytes == 25 and .bytes == 50' \
		--quota 60
	judge "it is gone" test ! -e "$first"
	judge "the others are there" test -e "$second" -a -e "$third"
	has "0 is no limit" '.removed == 0' --quota 0
	mkdir -p "$XDG_CONFIG_HOME/cupel"
	printf '[store]\nquota = 30\n' >"$XDG_CONFIG_HOME/cupel/cupel.ini"
	has "the configured quota is the default" '.removed == 1 and .objects == 1'
	judge "the one that was used last is left" test -e "$third"
	rm "$XDG_CONFIG_HOME/cupel/cupel.ini"
	has "everything" '.removed == 1 and .objects == 0 and .bytes == 0' --store --all
	expect_output "for people" '^store: removed 0 objects \(0 bytes\) and 0 temporaries; 0 objects' \
		"$CUPEL" gc
}

case_temporaries() {
	make_store
	touch -d 2001-01-01 "$store/tmp/old"
	touch "$store/tmp/new"
	touch -d 2001-01-01 "$store/tmp/used"
	ln -s /etc/passwd "$store/tmp/link"
	touch -h -d 2001-01-01 "$store/tmp/link"
	flock -o "$store/tmp/used" sleep 30 &
	holder=$!
	sleep 0.3
	has "what was left behind is removed" '.temporaries == 2 and .removed == 0'
	judge "but nothing that is new or in use" test ! -e "$store/tmp/old" -a \
		! -L "$store/tmp/link" -a -e "$store/tmp/new" -a -e "$store/tmp/used"
	kill $(pgrep -P $holder)
	wait $holder 2>/dev/null || true
}

case_verify() {
	make_store
	chmod 644 "$second"
	printf 'the second, 24 bytes wrong' >"$second"
	rm "$third"
	ln -s /etc/passwd "$third"
	mkfifo "$store/sha256/00/00$(printf '%062d' 0)"
	echo a stranger >"$store/sha256/00/notes"
	has "without it nothing is read" '.removed == 0'
	code=0
	gc --verify >answer || code=$?
	judge "damage is told by the exit code" test $code = 1
	judge "and counted" jq -e '.damaged == 3 and .removed == 3 and .objects == 1' answer
	judge "the damaged are gone" test ! -e "$second" -a ! -L "$third"
	judge "the good one is not" test -e "$first"
	judge "nothing else was touched" test -e "$store/sha256/00/notes" -a -s /etc/passwd
	has "the second time all is good" '.damaged == 0 and .objects == 1' --verify
}

# A replay holds the directory shared.
case_replay() {
	make_store
	flock -o -s "$store" sleep 30 &
	holder=$!
	sleep 0.3
	has "while a replay is under way no object goes" '.busy and .removed == 0 and .objects == 3' --all
	kill $(pgrep -P $holder)
	wait $holder 2>/dev/null || true
	has "afterwards it does" '.removed == 3 and (.busy | not)' --all
}

case_strangers() {
	make_store
	chmod 755 "$store"
	expect 3 "a store that others may enter" "$CUPEL" gc --all
	chmod 700 "$store"
	mv "$store" "$store-elsewhere"
	ln -s "$store-elsewhere" "$store"
	expect 3 "a store that is a link" "$CUPEL" gc --all
	judge "nothing was removed" test "$(find "$store-elsewhere/sha256" -type f | wc -l)" = 3
	rm "$store"
	mv "$store-elsewhere" "$store"
	rm -rf "$store/sha256/00"
	ln -s /etc "$store/sha256/00"
	has "a fan that is a link is not entered" '.removed == 3' --all
}

run_cases nothing quota temporaries verify replay strangers
finish

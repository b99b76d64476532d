#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The same world for everybody: 41 observables, of which a clock, a UUID and random
# numbers differ, and nothing else, between two users, directories and times.
. "${0%/*}/../lib.sh"

make_tree() {
	mkdir -p "$1/sub"
	# in another order, at another time
	for file in $2; do
		echo "$file" >"$1/$file"
		touch -d "$3" "$1/$file"
	done
	cp "$SRCDIR/tests/sandbox/observe.sh" "$1/observe.sh"
	touch -d "$3" "$1/observe.sh"
}

# Debian's own file times: what is newest decides SOURCE_DATE_EPOCH, so it is given.
observe() {
	(cd "$1" && shift && "$@" "$CUPEL" run -f --no-attest --source-date-epoch 1000000000 \
		-- sh ./observe.sh 2>/dev/null)
}

make_tree "$TMP/one" 'a b c sub/x sub/y sub/z' '2020-01-01'
make_tree "$TMP/a-much-longer-name/two" 'c sub/z sub/y b sub/x a' '2024-06-07 08:09:10'

observe "$TMP/one" env >"$TMP/first"
sleep 1
(
	umask 077
	ulimit -S -n 512
	observe "$TMP/a-much-longer-name/two" env TZ=Asia/Tokyo LANG=de_DE LC_ALL=C \
		SECRET=x HOME=/nonexistent taskset -c 0 >"$TMP/second"
)

total=$(wc -l <"$TMP/first")
[ "$total" -eq 41 ] && ok "41 observables were seen" || not_ok "41 observables were seen" "$total"
differ=$(diff "$TMP/first" "$TMP/second" | sed -n 's/^< \([^ ]*\) .*/\1/p' | tr '\n' ' ')
if [ "$differ" = "clock uuid random " ]; then
	ok "38 of 41 are the same for two directories, times, environments, limits"
else
	not_ok "38 of 41 are the same for two directories, times, environments, limits" "$differ"
fi

# Two users: what the user half of this test saw is compared by whoever runs second.
shared=${CUPEL_TEST_SHARED:-$TMP}
if [ -f "$shared/observed" ]; then
	differ=$(diff "$shared/observed" "$TMP/first" | sed -n 's/^< \([^ ]*\) .*/\1/p' | tr '\n' ' ')
	if [ "$differ" = "clock uuid random " ]; then
		ok "38 of 41 are the same for root and an ordinary user"
	else
		not_ok "38 of 41 are the same for root and an ordinary user" "$differ"
	fi
elif [ "$shared" = "$TMP" ]; then
	skip "38 of 41 are the same for root and an ordinary user" "only one of them is here"
else
	cp "$TMP/first" "$shared/observed"
	chmod 644 "$shared/observed"
	ok "what this user sees is kept for the next one"
fi
finish

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The live footer: who gets one, that it gets nowhere but on the terminal, and never into
# what the build says there.
. "${0%/*}/../lib.sh"

unset CI
export TERM=xterm run="$CUPEL run --no-attest"

# on_terminal WAY SCRIPT: a shell on a terminal of its own; WAY is footer.py's, or empty.
on_terminal() {
	rm -f raw screen width
	# shellcheck disable=SC2086 # a list
	timeout 60 python3 "$SRCDIR/tests/sandbox/footer.py" $1 -- sh -c "$2"
	code=$?
}

# was_drawn NAME, never_drawn NAME: the terminal was sent a footer.
was_drawn() { judge "$1" grep -aq 'cupel: building  0 s  log ' raw; }
never_drawn() {
	# That it ran at all is told by what it printed.
	grep -aq 'cupel: built in\|"by":"build"\|it ran' raw || not_ok "$1: it ran" "$(cat raw)"
	! grep -aq 'cupel: building' raw && ok "$1" || not_ok "$1" "$(cat -v raw)"
}

# erased NAME: nothing of it is on the screen in the end.
erased() {
	! grep -q 'building' screen && ok "$1" || not_ok "$1" "$(cat -v screen)"
}

# on_screen NAME LINE…: these lines, whole, next to one another.
on_screen() {
	name=$1
	shift
	printf '%s\n' "$@" >wanted
	grep -Fx -f wanted screen >found
	judge "$name" cmp wanted found
}

case_shown() {
	on_terminal "" '$run -o out --result result --status-fd 3 -- \
		sh -c "sleep 1.6; echo said; echo x >\$OUT/x" >stdout 3>status'
	was_drawn "a build that takes time has a footer"
	judge "which counts" grep -aq 'cupel: building  1 s' raw
	erased "and is gone when the build is"
	judge "the summary begins a line" grep -q '^cupel: built in ' screen
	[ "$(cat stdout)" = said ] && ok "standard output is the build's alone" ||
		not_ok "standard output is the build's alone" "$(cat stdout)"
	[ "$(cat out/build.log)" = said ] && ok "and so is the log" ||
		not_ok "and so is the log" "$(cat out/build.log)"
	! grep -q 'building' result status && [ -s result ] && [ -s status ] &&
		ok "machines get none of it" || not_ok "machines get none of it" "$(cat result status)"
	on_terminal "" '$run -- true >stdout'
	never_drawn "a short build has none"
}

# Each of these would have one, but for one thing.
case_off() {
	build='-- sh -c "sleep 0.8; echo it ran"'
	on_terminal "" "\$run $build 2>&1 >stdout | cat >stderr; echo it ran"
	never_drawn "not without a terminal"
	! grep -aq building stderr stdout && ok "nor into a pipe" || not_ok "nor into a pipe"
	on_terminal "" "\$run $build"
	never_drawn "not when the build has the terminal"
	on_terminal "" "\$run -i $build >stdout"
	never_drawn "not when it has the terminal's input"
	on_terminal "" "TERM=dumb \$run $build >stdout"
	never_drawn "not on a dumb terminal"
	on_terminal "" "unset TERM; \$run $build >stdout"
	never_drawn "not on an unknown one"
	on_terminal "" "CI=1 \$run $build >stdout"
	never_drawn "not in CI"
	on_terminal "" "\$run -q $build >stdout; echo it ran"
	never_drawn "not with --quiet"
	on_terminal "" "\$run --json $build >stdout"
	never_drawn "not with --json"
	on_terminal "" "\$run --status-fd 3 $build >stdout 3>&2"
	never_drawn "not where the events go"
	on_terminal "" "set -m; \$run $build >stdout & wait"
	never_drawn "not by a job in the background"
	on_terminal "" "\$run $build >stdout"
	was_drawn "but without all that"
}

case_rate() {
	on_terminal "" '$run -- sh -c "for i in \$(seq 80); do echo \$i; sleep 0.02; done" >stdout'
	drawn=$(grep -ao 'cupel: building' raw | wc -l)
	ms=$(sed -n 's/^cupel: built in \([0-9]*\)\.\([0-9][0-9]\) s.*/\1\20/p' screen)
	[ "$drawn" -ge 3 ] && ok "it is drawn again while the log grows" ||
		not_ok "it is drawn again while the log grows" "$drawn times: $(cat -v raw)"
	[ "$drawn" -le $((ms / 250)) ] && ok "at most four times a second" ||
		not_ok "at most four times a second" "$drawn times in $ms ms"
}

case_output() {
	on_terminal "" '$run -- sh -c "
		exec >&2
		echo one; sleep 0.8; echo two; sleep 0.4; printf half; sleep 0.8; echo \" line\"
		sleep 0.4; printf \"\\033[3\"; sleep 0.8; printf \"1mred\\033[0m\\n\"; sleep 0.4" >stdout'
	was_drawn "between what the build says"
	on_screen "what it says is whole" one two 'half line' red
	judge "nothing gets into half a line" grep -aq 'half line' raw
	judge "nor into half an escape sequence" grep -aq "$(printf '\033\\[31mred')" raw
	erased "all of it is erased"
	# What goes to a pipe may come to the same screen.
	on_terminal "" '$run -- sh -c "
		echo one; sleep 0.8; echo two; printf half; sleep 0.8; echo \" line\"; sleep 0.4" | cat'
	was_drawn "beside a pipe"
	on_screen "what goes through a pipe is whole, too" one two 'half line'
	judge "even half a line of it" grep -aq 'half line' raw
	erased "and nothing else is left"
	# What goes into a file does not.
	on_terminal "" '$run -- sh -c "printf half; sleep 0.8" >stdout'
	was_drawn "half a line in a file is no matter"
	# The erasing comes first, and nothing between it and the output.
	on_terminal "" '$run -- sh -c "sleep 0.6; for i in 1 2 3; do echo =\$i >&2; sleep 0.6; done" >stdout'
	for i in 1 2 3; do
		judge "it was erased before line $i" \
			grep -aq "cupel: building[^=]*$(printf '\r\033\\[K')=$i" raw
	done
}

case_width() {
	for columns in 1 2 20 30; do
		on_terminal $columns '$run -- sleep 0.8 >stdout'
		[ "$(cat width)" -lt $columns ] && ok "$columns columns: it is narrower" ||
			not_ok "$columns columns: it is narrower" "$(cat width; cat -v raw)"
		erased "$columns columns: and is erased"
	done
	judge "what fits is shown" grep -aq 'cupel: building  0 s  log 0 B' raw
	on_terminal 0 '$run -- sleep 0.8 >stdout'
	was_drawn "a terminal that does not tell its width has a usual one"
}

# erases NAME CODE WAY SCRIPT: it was drawn, and erased before the last words.
erases() {
	on_terminal "$3" "$4"
	[ $code = "$2" ] && ok "$1: code $2" || not_ok "$1: code $2" "$code: $(cat screen)"
	was_drawn "$1: it was drawn"
	erased "$1: it is erased"
}

case_ends() {
	erases "a failure" 3 "" '$run -- sh -c "sleep 0.8; exit 3" >stdout'
	on_screen "a failure: its words begin a line" \
		'cupel: the build failed: its command ended with exit code 3'
	erases "a time limit" 124 "" '$run -t 800ms -- sleep 60 >stdout'
	erases "Ctrl-C" 130 "1.5=^C" 'exec $run -- sleep 60 >stdout'
	judge "Ctrl-C: its words begin a line" grep -q '^cupel: cancelled by signal 2' screen
	erases "SIGTERM" 143 "" '$run -- sleep 60 >stdout & sleep 1.5; kill $!; wait $!'
	erases "an output that cannot be written" 125 "" \
		'$run -- sh -c "sleep 0.8; echo x; sleep 60" >/dev/full'
}

# Somebody stopped the terminal: the clock is obeyed all the same.
case_stopped() {
	on_terminal "0.3=^S 4=^Q" '$run -t 1s --result result -- sleep 60 >stdout'
	ms=$(sed -n 's/.*"durationMs":\([0-9]*\).*/\1/p' result)
	[ "$ms" -lt 2000 ] && ok "a terminal that was stopped stops nothing" ||
		not_ok "a terminal that was stopped stops nothing" "$ms ms"
	on_terminal "1.5=^S 4=^Q" '$run -t 2s --result result -- sleep 60 >stdout'
	was_drawn "also one with a footer"
	ms=$(sed -n 's/.*"durationMs":\([0-9]*\).*/\1/p' result)
	[ "$ms" -lt 3000 ] && ok "which stops nothing" || not_ok "which stops nothing" "$ms ms"
	judge "and is erased when the terminal goes on" \
		grep -aq "$(printf '\r\033\\[K')cupel: error" raw
}

run_cases shown off rate output width ends stopped
finish

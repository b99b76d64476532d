#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Attacks on the runner: outliving it, keeping it busy, lying to it, and its sudden death.
. "${0%/*}/../lib.sh"

tag=1000$$.5
# Processes that have the tag as an argument; the runner has it only within one, and grep
# has it from us.
tagged() { echo "$tag" | grep -szlx -f - /proc/[0-9]*/cmdline | sed 's,/proc/,,; s,/.*,,'; }
nobody_left() {
	pids=$(tagged)
	if [ -z "$pids" ]; then ok "$1: nobody is left"; else not_ok "$1: nobody is left" "$pids"; fi
}

# run CODE NAME SCRIPT [OPTION…]: ends within 20 seconds, and nobody survives it.
run() {
	run_code=$1 run_name=$2 run_script=$3
	shift 3
	# Its own code would be 124, too.
	expect "$run_code" "$run_name" timeout -s KILL 20 outside orphans \
		"$CUPEL" run --no-attest "$@" -- sh -c "$run_script"
	nobody_left "$run_name"
}

case_background() { run 0 'a process in the background' "sleep $tag & exit 0"; }
case_daemon() {
	run 0 'a daemon' "setsid sh -c 'cd /; (exec setsid sleep $tag </dev/null >/dev/null 2>&1) &' &
		sleep 0.1"
}
case_holding() { run 0 'a daemon that keeps our output' "setsid sleep $tag & sleep 0.1"; }
case_failing() { run 3 'a daemon of a build that fails' "setsid sleep $tag & exit 3"; }
case_stubborn() {
	run 124 'SIGTERM is ignored' "trap '' TERM INT HUP; sleep $tag; sleep $tag" --timeout 500ms
}
case_silent() { run 124 'the output is closed' "exec >&- 2>&- <&-; sleep $tag" --timeout 500ms; }
case_stopped() { run 124 'it stops itself' "sleep $tag & kill -STOP \$\$" --timeout 500ms; }
case_bomb() {
	printf '[limits]\nprocesses = 64\n' >cupel.ini
	run 124 'it forks without end' 'f() { f | f & }; f; while :; do sleep 1; done' --timeout 1s
}
case_stealing() {
	cp "$(command -v attack)" .
	code=0
	timeout -k 1 30 "$CUPEL" run --no-attest --timeout 5s -- ./attack --steal >/dev/null \
		2>errors || code=$?
	case $code in
	124) grep -q 'took longer' errors && ok 'stealing output does not stop the clock' ||
		not_ok 'stealing output does not stop the clock' "the runner hung" ;;
	7) ok 'stealing output does not stop the clock' ;;
	*) not_ok 'stealing output does not stop the clock' "exit code $code" ;;
	esac
}

# interrupted NAME SIGNAL CODE: while the build ignores it.
interrupted() {
	"$CUPEL" run --no-attest -- sh -c "trap '' TERM INT; sleep $tag; sleep $tag" \
		2>/dev/null &
	runner=$!
	until [ -n "$(tagged)" ] || ! kill -0 "$runner"; do sleep 0.05; done
	kill -"$2" "$runner"
	code=0
	wait "$runner" || code=$?
	if [ "$code" = "$3" ]; then ok "$1"; else not_ok "$1" "exit code $code"; fi
	nobody_left "$1"
}
case_interrupted() { interrupted 'SIGTERM of a stubborn build' TERM 143; }
case_hangup() { interrupted 'SIGHUP of a stubborn build' HUP 129; }

# Exit codes that are the runner's own: the result tells whose they are.
case_codes() {
	for code in 2 120 121 122 124 125 126 127 137 143 255; do
		expect "$code" "exit code $code" "$CUPEL" run --no-attest --result result \
			-- sh -c "exit $code"
		judge "exit code $code: by the build" grep -q '"by":"build"' result
	done
}
case_signals() {
	for signal in 6 9 11 15; do
		expect $((128 + signal)) "signal $signal" "$CUPEL" run --no-attest --result result \
			-- sh -c "kill -$signal \$\$"
		judge "signal $signal: by the build" \
			grep -q "\"by\":\"build\".*\"buildSignal\":$signal" result
	done
}
case_runner_codes() {
	expect 127 'a command that is not there' "$CUPEL" run --no-attest --result result -- no-such
	judge 'a command that is not there: by the runner' grep -q '"by":"runner"' result
	expect 124 'a time-out' "$CUPEL" run --no-attest --result result --timeout 200ms -- sleep 9
	judge 'a time-out: by the runner' grep -q '"by":"runner"' result
}

# SIGKILL of the runner at any moment: 20 of them, over the length of a whole run.
case_killed() {
	delay=0 survived='' partial=''
	while [ "$delay" -lt 120000 ]; do
		rm -rf cupel-out
		said=$(timeout -k 1 20 outside kill-after "$delay" "$CUPEL" run -- sh -c \
			"echo x >\$OUT/one; echo y >\$OUT/two; sleep $tag & sleep 0.02" 2>/dev/null) ||
			survived="$survived $delay: $said"
		[ ! -e cupel-out ] || "$CUPEL" verify cupel-out/one cupel-out/two >/dev/null 2>&1 ||
			partial="$partial $delay"
		delay=$((delay + 6000))
	done
	# While the build is at work, which would go on for long.
	for delay in 150000 170000 190000 210000 230000; do
		said=$(timeout -s KILL 20 outside kill-after "$delay" "$CUPEL" run -f -- sh -c \
			"echo x >\$OUT/one; sleep $tag & sleep $tag; echo y >\$OUT/two" 2>/dev/null) ||
			survived="$survived $delay: $said"
	done
	judge 'SIGKILL of the runner: nobody survives it' test -z "$survived"
	nobody_left 'SIGKILL of the runner'
	judge 'SIGKILL of the runner: all of the outputs or none' test -z "$partial"
	expect 0 'SIGKILL of the runner: the next run is not disturbed' "$CUPEL" run --force -- \
		sh -c 'echo x >$OUT/one'
	judge 'SIGKILL of the runner: the next run takes away what it left' \
		test "$(ls -A)" = cupel-out
}

# A build that waits, in the background; $build is its pid on the host. Its caller has
# left descriptors open, some of them high.
running() {
	bash -c 'exec 4<"$2" 9<"$2" 200<"$2" 999<"$2"; exec "$0" run --no-attest -- sh -c "$1"' \
		"$CUPEL" "exec sleep $tag" "$SRCDIR" 2>/dev/null &
	runner=$!
	until build=$(tagged) && [ -n "$build" ] || ! kill -0 "$runner"; do sleep 0.05; done
	init=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$build/status")
}
uid_of() { sed -n 's/^Uid:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status"; }
stop_running() {
	kill "$runner"
	wait "$runner" || true
}

case_descriptors() {
	if [ "$HALF" = user ]; then
		skip 'what pid 1 holds' 'only root can look into it'
		return
	fi
	running
	held=$(ls -l "/proc/$init/fd" | grep "$SRCDIR")
	judge 'pid 1 holds nothing of the caller' test -z "$held"
	judge 'pid 1 has no environment' test -z "$(tr -d '\0' <"/proc/$init/environ")"
	judge 'its runner is the parent of pid 1' test "$(cat "/proc/$runner/comm")" = cupel
	judge 'the build is nobody on the host' test "$(uid_of "$build")" -ge 1879048192
	for kind in mnt pid net ipc uts cgroup user; do
		judge "the build has a $kind namespace of its own" test \
			"$(readlink "/proc/$build/ns/$kind")" != "$(readlink "/proc/self/ns/$kind")"
	done
	judge 'pid 1 is not in the user namespace of the build' test \
		"$(readlink "/proc/$build/ns/user")" != "$(readlink "/proc/$init/ns/user")"
	stop_running
}
case_two_builds() {
	if [ "$HALF" = user ]; then
		skip 'two builds have different ids' 'an ordinary user has one'
		return
	fi
	running
	first=$build first_runner=$runner first_tag=$tag tag=2000$$.5
	running
	judge 'two builds are there' test -n "$(uid_of "$first")" -a -n "$(uid_of "$build")"
	judge 'two builds have different ids' test "$(uid_of "$first")" != "$(uid_of "$build")"
	stop_running
	tag=$first_tag runner=$first_runner
	stop_running
}
case_directory_as_input() {
	cp "$(command -v attack)" .
	expect_output 'a directory as standard input is no way out' '^blocked: |^cupel: error: ' \
		"$CUPEL" run -i --no-attest -- ./attack climb-from-streams </
}

run_cases background daemon holding failing stubborn silent stopped bomb stealing interrupted \
	hangup codes signals runner_codes killed descriptors two_builds directory_as_input
finish

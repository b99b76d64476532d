#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The life and death of a run: signals, grace, time limits, SIGKILL at any moment, and
# that nothing is left of it.
. "${0%/*}/../lib.sh"

# start COMMAND…: in the background, and waits until the build itself says so.
start() {
	rm -f said result
	"$CUPEL" run --result result "$@" >said 2>errors &
	pid=$!
	for _ in $(seq 200); do
		grep -q ready said 2>/dev/null && return
		sleep 0.05
	done
	echo "it never started: $(cat errors)" >&2
}

milliseconds() { date +%s%3N; }

# stopped NAME SIGNAL CODE OUTCOME WITHIN-MS
stopped() {
	then=$(milliseconds)
	kill "-$2" "$pid"
	wait "$pid"
	code=$?
	took=$(($(milliseconds) - then))
	[ $code = "$3" ] && ok "$1: code $3" || not_ok "$1: code $3" "code $code; $(cat errors)"
	grep -q "\"outcome\":\"$4\"" result && ok "$1: outcome $4" ||
		not_ok "$1: outcome $4" "$(cat result)"
	[ $took -lt "$5" ] && ok "$1: in less than $5 ms" || not_ok "$1: in less than $5 ms" "$took"
}

none_left() {
	for _ in $(seq 100); do
		pgrep -f "$2" >/dev/null || { ok "$1"; return; }
		sleep 0.02
	done
	not_ok "$1" "$(pgrep -af "$2")"
}

case_signals() {
	start -- sh -c 'echo ready; exec sleep 4711'
	stopped "SIGTERM" TERM 143 cancelled 2000
	start -- sh -c 'echo ready; exec sleep 4711'
	stopped "SIGHUP" HUP 129 cancelled 2000
	start -- sh -c 'trap "" TERM INT HUP; echo ready; while :; do sleep 4711; done'
	stopped "a build that ignores SIGTERM" TERM 143 cancelled 2000
	start -- sh -c 'trap "echo asked >&2; exit 0" TERM; echo ready; while :; do sleep 0.05; done'
	stopped "a build that ends by itself when asked" TERM 143 cancelled 2000
	judge "was asked first" grep -q asked errors
	none_left "no process is left" 'sleep 4711'
	[ ! -e cupel-out ] && ok "nothing is published" || not_ok "nothing is published"
}

case_interrupt() {
	# A shell's background job ignores SIGINT, so it comes from a program that does not.
	expect 0 "SIGINT: code 130" python3 -c '
import os, signal, subprocess, sys
p = subprocess.Popen([os.environ["CUPEL"], "run", "--", "sh", "-c", "echo ready; sleep 4711"],
    stdout=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
p.stdout.readline()
p.send_signal(signal.SIGINT)
sys.exit(p.wait(5) != 130)'
}

case_timeout() {
	expect 124 "a time limit ends a build" "$CUPEL" run -t 300ms --result result -- sleep 4712
	judge "and is named" grep -q '"outcome":"timed-out"' result
	expect 124 "also one that has closed its output" "$CUPEL" run -t 300ms -- \
		sh -c 'exec >&- 2>&-; sleep 4712'
	none_left "no process is left" 'sleep 4712'
}

case_daemons() {
	expect 0 "a build may leave processes behind" "$CUPEL" run -- \
		sh -c 'setsid sleep 4713 & (sleep 4713 &) ; nohup sleep 4713 >/dev/null 2>&1 &'
	none_left "they end with it" 'sleep 4713'
}

# The runner is killed after ever longer times, so at many places of its way.
case_kill() {
	echo x >file
	for i in $(seq 25); do
		"$CUPEL" run -f -- sh -c 'echo 1 >$OUT/o; (setsid sleep 4714 &) ; sleep 0.01' \
			>/dev/null 2>&1 &
		pid=$!
		sleep "0.00$((i % 10))"
		[ $i -lt 10 ] || sleep "0.0$((i - 9))"
		kill -9 $pid 2>/dev/null
		wait $pid 2>/dev/null
		if [ -e cupel-out ]; then
			[ -s cupel-out/o ] && [ -s cupel-out/build.intoto.jsonl ] &&
				[ -s cupel-out/build.sigstore.json ] || echo "$i" >>partial
			rm -r cupel-out
		fi
	done
	[ ! -e partial ] && ok "SIGKILL: outputs and attestation appear together or not at all" ||
		not_ok "SIGKILL: outputs and attestation appear together or not at all" "$(cat partial)"
	none_left "SIGKILL: every process of the build ends" 'sleep 4714'
	expect_output "SIGKILL: and every program of ours" '^none$' \
		python3 "$SRCDIR/tests/sandbox/leaks.py" programs
	expect 0 "SIGKILL: the next run reclaims what is left" "$CUPEL" run -f -- true
	[ -z "$(find . -name '.cupel-staging*')" ] && ok "SIGKILL: no hidden directory is left" ||
		not_ok "SIGKILL: no hidden directory is left" "$(ls -a)"
}

# Somebody who has our output and reads none of it must not keep us from ending.
case_stuck_reader() {
	for way in TERM timeout; do
		expect 0 "a reader that stops reading: $way" python3 -c '
import os, signal, subprocess, sys, time
way, r, w = sys.argv[1], *os.pipe()
limit = ["-t", "500ms"] if way == "timeout" else []
p = subprocess.Popen([os.environ["CUPEL"], "run", "--no-attest", *limit, "--", "yes"], stdout=w,
    stderr=subprocess.DEVNULL)
time.sleep(0.7)
if way == "TERM":
    p.terminate()
sys.exit(p.wait(3) != (143 if way == "TERM" else 124))' $way
	done
	expect 125 "an output that cannot be written is not the build's failure" sh -c \
		'"$CUPEL" run --result r.json -- sh -c "while :; do echo x; sleep 0.02; done" >/dev/full'
	judge "and the result says so" grep -q '"by":"runner"' r.json
	expect 0 "nohup: an ignored SIGHUP is ignored" sh -c '
		trap "" HUP; "$CUPEL" run -- sleep 0.5 & sleep 0.2; kill -HUP $!; wait $!'
}

# A terminal takes a part of what it promises, and waits for its reader with the rest.
case_stuck_terminal() {
	for output in terminal error; do
		expect 0 "a terminal that nobody reads: $output" timeout 20 python3 -c '
import os, pty, signal, sys, time
pid, terminal = pty.fork()
if pid == 0:
    if sys.argv[1] == "error":
        os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
    cupel = os.environ["CUPEL"]
    os.execv(cupel, [cupel, "run", "--no-attest", "--", "sh", "-c", "yes >&2"])
time.sleep(1)
os.kill(pid, signal.SIGTERM)
for i in range(100):
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        sys.exit(os.waitstatus_to_exitcode(status) != 143)
    time.sleep(0.05)
os.kill(pid, signal.SIGKILL)
sys.exit("still there")' $output
	done
}

case_terminal() {
	run="$CUPEL run --no-attest --"
	expect_output "on a terminal the build has one of its own" '^/dev/pts/0' \
		script -qec "stty rows 33 cols 77; $run sh -c 'readlink /proc/self/fd/1'" /dev/null
	expect_output "of the same size" '^33 77' \
		script -qec "stty rows 33 cols 77; $run sh -c 'stty size <&1'" /dev/null
	expect 0 "standard error of its own, when only output is a terminal" \
		script -qec "$run sh -c 'echo err >&2' 2>errors" /dev/null
	judge "gets what is written to it" grep -qx err errors
	expect_output "the end of our input is the end of its" '^ended' \
		script -qec "echo typed | timeout 10 $CUPEL run --no-attest -i -- sh -c 'cat; echo ended'" /dev/null
	expect_output "without one it has a pipe" '^pipe:' sh -c "$run readlink /proc/self/fd/1 | cat"
}

run_cases signals interrupt timeout daemons kill stuck_reader stuck_terminal terminal
finish

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Much at a time, and ends that come too early: of the gateway, of the runner, of a build.
. "${0%/*}/net.sh"

# start PATH OPTION…: a build in the middle of that download; its programs are in $programs.
start() {
	net_path=$1
	shift
	"$CUPEL" run "$@" -- sh -c "echo x >\$OUT/x; curl -sS https://registry.test$net_path >x; echo \$? >code; sleep 4721" \
		>said 2>&1 &
	pid=$!
	for _ in $(seq 100); do
		! grep -q "\"$net_path\"" "$WORLD/seen" || break
		sleep 0.05
	done
	grep -q "\"$net_path\"" "$WORLD/seen" || echo "it never began: $(cat said)" >&2
	programs=$(descendants "$pid")
}

descendants() {
	for net_child in $(pgrep -P "$1"); do
		echo "$net_child"
		descendants "$net_child"
	done
}

# ended NAME: nothing of the build is left.
ended() {
	for _ in $(seq 50); do
		net_left=
		for net_pid in $programs; do
			# One that nobody has reaped yet holds nothing any more.
			case $(cat "/proc/$net_pid/stat" 2>/dev/null) in
			*') Z '* | '') ;;
			*) net_left="$net_left $net_pid" ;;
			esac
		done
		[ -n "$net_left" ] || break
		sleep 0.02
	done
	if [ -z "$net_left" ]; then
		ok "$1"
	else
		# shellcheck disable=SC2086 # a list
		not_ok "$1" "$(ps -o pid,args -p $net_left)"
	fi
}

# finished CODE NAME, within ten seconds.
finished() {
	net_code=0
	for _ in $(seq 200); do
		case $(cat "/proc/$pid/stat" 2>/dev/null) in *') Z '* | '') break ;; esac
		sleep 0.05
	done
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" || net_code=$?
	[ "$net_code" = "$1" ] && ok "$2: code $1" || not_ok "$2: code $1" "code $net_code: $(cat said)"
}

gateway_of() { pgrep -P "$1" -x cupel-gateway; }

# locked PID: kilobytes that cannot be swapped out.
locked() { awk '/^VmLck:/ { print $2 }' "/proc/$1/status"; }

case_memory() {
	project
	on_deny fail
	start "/slow-memory-$HALF"
	gateway=$(gateway_of $pid)
	judge "the gateway keeps its keys in locked memory" test "$(locked "$gateway")" -ge 32
	if [ "$HALF" = root ]; then
		judge "which is in no core dump" grep -q '^VmFlags:.* lo .*dd' "/proc/$gateway/smaps"
	else
		expect 1 "nobody can read it" sh -c 'cat "/proc/$1/mem" "/proc/$1/environ"' sh "$gateway"
		judge "the gateway cannot be dumped" test "$(stat -c %u "/proc/$gateway/environ")" != "$(id -u)"
	fi
	kill -TERM $pid
	finished 143 "and ends with its build"
	expect 0 "a machine that allows no locked memory builds, too" sh -c 'ulimit -l 0 && "$@"' sh \
		"$CUPEL" run -f -- sh -c 'curl -sS https://registry.test/plain >"$OUT/x"'
}

case_load() {
	project
	on_deny continue
	if [ "$HALF" = root ]; then
		inside load.py "$(cat "$WORLD/large.sha256")" wait
	else
		inside load.py "$(cat "$WORLD/large.sha256")"
		skip "slow clients are ended" "once is enough, it takes 30 s"
	fi
	if grep -q never-slow "$WORLD/seen"; then
		not_ok "half a head reaches no registry"
	else
		ok "half a head reaches no registry"
	fi
}

case_gateway_killed() {
	project
	on_deny fail
	start "/slow-killed-$HALF"
	kill -KILL "$(gateway_of $pid)"
	finished 125 "the gateway is killed in the middle of a download"
	judge "it is said" grep -qi 'gateway' said
	ended "no process is left of it"
	unpublished "nothing is published"
	start "/slow-stopped-$HALF"
	kill -TERM "$(gateway_of $pid)"
	finished 125 "the gateway is asked to end"
	ended "no process is left of that"
	unpublished "nothing is published then"
	start "/slow-resolver-$HALF"
	kill -KILL "$(pgrep -P "$(gateway_of $pid)")"
	sleep 0.2
	judge "without its resolver the gateway lives" kill -0 "$(gateway_of $pid)"
	kill -TERM $pid
	finished 143 "and the build is ended by a signal"
	ended "no process is left then"
}

case_runner_killed() {
	project
	on_deny fail
	start "/slow-runner-$HALF"
	kill -KILL $pid
	finished 137 "the runner is killed in the middle of a download"
	ended "no process is left, also no gateway"
	judge "nothing is published" test ! -e cupel-out
	start "/slow-late-$HALF" -t 1s
	finished 124 "a time limit in the middle of a download"
	ended "no process is left after it"
	unpublished "nothing is published either"
}

case_build_over() {
	project
	on_deny fail
	then=$(date +%s%3N)
	expect 0 "a build that ends in the middle of a download" build sh -c "
		curl -sS https://registry.test/slow-over-$HALF >x & sleep 0.5"
	[ $(($(date +%s%3N) - then)) -lt 4000 ] && ok "is not waited for" || not_ok "is not waited for"
	record "its request is on record as failed" ".url == \"https://registry.test/slow-over-$HALF\" and
		.outcome == \"failed\" and (.sha256 | length) == 64 and (.why | length) > 0"
	expect 0 "and what came is a dependency" sh -c 'jq -r .payload cupel-out/net.intoto.jsonl | base64 -d |
		jq -c .predicate.buildDefinition.resolvedDependencies | grep slow-over'
}

# Its server does not end when its client does.
case_tunnel_over() {
	project
	on_deny fail
	expect 0 "a build that ends while a tunnel is open" build sh -c '
		curl -sS https://tunnel.test/slow >x & sleep 0.5'
	record "the tunnel is on record as not inspected, with its bytes" '.host == "tunnel.test" and
		.outcome == "allowed" and .inspected == false and .size > 11 and .requestSize > 0'
	expect 0 "and is a dependency" sh -c 'jq -r .payload cupel-out/net.intoto.jsonl | base64 -d |
		jq -c .predicate.buildDefinition.resolvedDependencies | grep tunnel.test:443'
	expect 1 "which a verifier can refuse" "$CUPEL" verify --require-inspected cupel-out
}

run_cases memory gateway_killed runner_killed build_over tunnel_over load
finish

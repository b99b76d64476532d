#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Limits of what a build may use: what is beyond them is refused, says so, and is on record.
. "${0%/*}/net.sh"

# limit KEY VALUE: of this project, in a build that goes on when it is refused something.
limit() {
	project
	on_deny continue
	printf '%s = %s\n' "$1" "$2" >>cupel.ini
}

# denied NAME WHY FILTER: exactly one request of these was denied, for this reason.
denied() {
	if jq -e -s --arg why "$2" "[.[] | select(.outcome == \"denied\" and .why == \$why and
		($3))] | length == 1" cupel-out/net.network.jsonl >/dev/null 2>&1; then
		ok "$1"
	else
		not_ok "$1" "not one line for '$3': $(cat cupel-out/net.network.jsonl 2>&1)"
	fi
}

case_requests() {
	limit requests 3
	expect 0 "three requests and two more" build sh -c '
		for i in 1 2 3 4 5; do curl -sS -w "%{http_code}\n" https://registry.test/$i; done'
	judge "three are answered" [ "$(grep -c '200$' "$TMP/output")" = 3 ]
	judge "two are refused" [ "$(grep -c '^403' "$TMP/output")" = 2 ]
	said "the refusal names the limit" 'why: more than 3 requests \(\[network\] requests\)'
	said "and what would allow it" '^ +requests = '
	denied "each is on record" 'more than 3 requests ([network] requests)' \
		'.url == "https://registry.test/5"'
	printf '[project]\nname = net\n[network]\nmode = trusted\nrequests = 2\n' >cupel.ini
	on_deny fail
	expect 121 "such a build fails" build sh -c '
		for i in 1 2 3; do curl -sS https://registry.test/$i; done'
	said "with the reason" '1 request was refused, the first was GET https://registry.test/3: more than 2 requests'
	limit requests 1
	expect 35 "a tunnel is a request, too" build sh -c 'curl -sS https://clear.test/x
		curl -sS https://tunnel.test/plain'
}

case_head() {
	limit head 1K
	expect 0 "a head that is too long" build sh -c '
		curl -sS -H "X-Long: $(printf %02000d 0)" https://registry.test/never-long
		curl -sS https://registry.test/long-header
		curl -sS https://registry.test/plain'
	judge "is refused, of requests and answers" \
		[ "$(grep -c 'why: a head of more than 1024 bytes' "$TMP/output")" = 2 ]
	said "another is not" 'plain /plain'
	denied "the answer's is on record" 'a head of more than 1024 bytes ([network] head)' \
		'.url == "https://registry.test/long-header"'
	denied "so is the request's" 'a head of more than 1024 bytes ([network] head)' \
		'.host == "registry.test" and .url == null'
	judge "which reached nobody" sh -c "! grep -q never-long '$WORLD/seen'"
}

case_body() {
	limit body 1M
	expect 0 "an answer that says that it is too large" build sh -c '
		curl -sS https://registry.test/large; curl -sS https://registry.test/chunks >x || echo "code $?"'
	said "is refused" 'why: a body of more than 1048576 bytes \(\[network\] body\)'
	denied "and on record" 'a body of more than 1048576 bytes ([network] body)' \
		'.url == "https://registry.test/large" and .size == 0'
	said "one that turns out to be is cut" '^code [0-9]+$'
	denied "that is on record, too" 'the body was cut short: a body of more than 1048576 bytes ([network] body)' \
		'.url == "https://registry.test/chunks"'
	record "with what came of it" '.url == "https://registry.test/chunks" and .outcome == "failed" and
		.size == 1048576 and (.sha256 | length) == 64'
	expect 0 "which is a dependency" sh -c 'jq -r .payload cupel-out/net.intoto.jsonl | base64 -d |
		jq -c .predicate.buildDefinition.resolvedDependencies | grep registry.test/chunks'
}

case_total() {
	limit total 10M
	expect 0 "answers that are too much together" build sh -c '
		for i in 1 2; do curl -sS https://registry.test/large | wc -c; done
		curl -sS https://registry.test/chunks >x || echo "code $?"'
	judge "the first arrives, the second not" [ "$(sed -n '1p' "$TMP/output")" = 8388608 ]
	denied "and is on record" 'answers of more than 10485760 bytes in all ([network] total)' \
		'.url == "https://registry.test/large" and .size == 0'
	said "the third is cut" '^code [0-9]+$'
	record "as soon as it is too much" '.url == "https://registry.test/chunks" and
		.outcome == "failed" and .size > 2000000 and .size <= 2097152'
	limit total 1M
	expect 0 "a tunnel with too much in it" build sh -c '
		curl -sS https://tunnel.test/large | wc -c; curl -sS https://tunnel.test/plain || true'
	denied "is cut" 'answers of more than 1048576 bytes in all ([network] total)' \
		'.host == "tunnel.test"'
	record "and on record with what went through" '.host == "tunnel.test" and
		.outcome == "allowed" and .inspected == false and .size <= 1048576'
}

case_queries() {
	limit queries 6
	expect 0 "look-ups of names" build /usr/bin/python3 -c '
import socket
for i in range(5):
    try:
        socket.getaddrinfo(f"n{i}.test", 80)
        print("found", i)
    except socket.gaierror as e:
        print("refused", i)'
	judge "are answered three times" [ "$(grep -c found "$TMP/output")" = 3 ]
	judge "and then refused" [ "$(grep -c '^refused' "$TMP/output")" = 2 ]
	denied "once on record" 'more than 6 look-ups of names ([network] queries)' '.port == 53'
}

case_connections() {
	limit connections 2
	expect 0 "connections at one time" build /usr/bin/python3 -c '
import socket, subprocess
held = [socket.create_connection(("registry.test", 443)) for _ in range(2)]
for url in ("https://registry.test/never-third", "http://clear.test/never-third"):
    print(subprocess.run(["curl", "-sS", url], capture_output=True).stdout.decode())
more = [socket.create_connection(("registry.test", 443)) for _ in range(70)]
more[-1].settimeout(10)
try:
    print("closed", more[-1].recv(9))
except ConnectionError:
    print("closed")
for s in held + more:
    s.close()
print(subprocess.run(["curl", "-sS", "--retry", "5", "https://registry.test/afterwards"], capture_output=True).stdout.decode())'
	judge "the third is told, over TLS and without" \
		[ "$(grep -c 'why: more than 2 connections at one time (\[network\] connections)' "$TMP/output")" = 2 ]
	denied "each is on record" 'more than 2 connections at one time ([network] connections)' \
		'.url == "https://registry.test/never-third"'
	judge "and reaches nobody" sh -c "! grep -q never-third '$WORLD/seen'"
	said "too many of them are closed" '^closed'
	denied "once on record" 'more than 2 connections at one time ([network] connections)' '.port == 0'
	said "later there is room again" 'plain /afterwards'
}

case_time() {
	limit time 2s
	expect 0 "requests that take too long" build sh -c '
		curl -m 9 -sS https://registry.test/silent & curl -m 9 -sS https://registry.test/slow &
		curl -m 9 -sS https://tunnel.test/slow & wait; curl -m 9 -sS https://registry.test/plain'
	said "one without an answer is refused" 'why: more than 2 seconds for one request \(\[network\] time\)'
	denied "that is on record" 'more than 2 seconds for one request ([network] time)' \
		'.url == "https://registry.test/silent"'
	denied "one in the middle of it is cut" \
		'the body was cut short: more than 2 seconds for one request ([network] time)' \
		'.url == "https://registry.test/slow"'
	denied "so is a tunnel" 'more than 2 seconds for one request ([network] time)' \
		'.host == "tunnel.test"'
	said "others have their own time" 'plain /plain'
}

# Pipes serve one tunnel after another; what was in one when its tunnel was cut is nobody else's.
case_cut() {
	limit time 2s
	expect 0 "tunnels that are cut while they carry" build sh -c '
		for i in 1 2 3 4 5 6; do curl -m 9 -sS -o /dev/null https://tunnel.test/endless & done; wait
		for i in 1 2 3 4 5 6; do echo "$(curl -m 9 -sS https://tunnel.test/plain)" & done; wait'
	judge "those after them are whole" [ "$(grep -c '^plain /plain$' "$TMP/output")" = 6 ]
}

# Nobody's fault but the registry's, so nothing is denied.
case_idle() {
	limit idle 1s
	on_deny fail
	expect 0 "answers that stand still" build sh -c '
		curl -m 9 -sS https://registry.test/silent & curl -m 9 -sS https://registry.test/slow &
		wait; curl -m 9 -sS https://registry.test/plain'
	said "one that never began fails" 'why: nothing moved for 1 seconds \(\[network\] idle\)'
	record "that is on record" '.url == "https://registry.test/silent" and .outcome == "failed" and
		.why == "nothing moved for 1 seconds ([network] idle)"'
	record "so is one in the middle" '.url == "https://registry.test/slow" and .outcome == "failed" and
		.why == "the body was cut short: nothing moved for 1 seconds ([network] idle)"'
}

case_plan() {
	project
	printf 'requests = 77\nbody = 3K\nidle = 9s\n' >>cupel.ini
	expect 0 "the limits are in the plan" "$CUPEL" plan -- true
	said "as they are set" '^net-requests +=? ?.*77$'
	said "with their units" '^net-body-bytes +=? ?.*3072$'
	said "or by default" '^net-connections +=? ?.*4096$'
	printf '[network]\nmode = trusted\nconnections = 0\n' >cupel.ini
	expect 125 "no connections at all are no network" "$CUPEL" plan -- true
	said "which is said" 'from 1 to 16384'
}

run_cases plan requests head body total queries connections time cut idle
finish

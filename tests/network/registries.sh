#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds that fetch: what arrives, what is refused, and what is on record of it.
. "${0%/*}/net.sh"

# A dependency of the provenance: dependency NAME URL BODY-FILE
dependency() {
	net_digest=$(sha256sum "$3" | cut -d ' ' -f 1)
	if jq -r .payload cupel-out/net.intoto.jsonl | base64 -d |
		jq -e --arg u "$2" --arg d "$net_digest" 'any(.predicate.buildDefinition.resolvedDependencies[];
			(.downloadLocation // .uri) == $u and .digest.sha256 == $d)' >"$TMP/judged" 2>&1; then
		ok "$1"
	else
		not_ok "$1" "$(jq -r .payload cupel-out/net.intoto.jsonl | base64 -d | jq -c \
			.predicate.buildDefinition.resolvedDependencies)"
	fi
}

# depends NAME URL FILTER: each dependency from there fits, and there is one.
depends() {
	if jq -r .payload cupel-out/net.intoto.jsonl | base64 -d | jq -e --arg u "$2" "
		[.predicate.buildDefinition.resolvedDependencies[] | select((.downloadLocation // .uri) == \$u)] |
			length > 0 and all(.[]; $3)" >"$TMP/judged" 2>&1; then
		ok "$1"
	else
		not_ok "$1" "$(jq -r .payload cupel-out/net.intoto.jsonl | base64 -d | jq -c \
			".predicate.buildDefinition.resolvedDependencies[] | select(.downloadLocation == \"$2\")")"
	fi
}

case_allowed() {
	project
	on_deny fail
	printf 'plain /a.tgz' >a
	printf 'plain /b' >b
	expect 0 "a build that fetches" build sh -c 'curl -sS https://registry.test/a.tgz >a1 &&
		cmp a a1 && curl -sS http://clear.test/b >b1 && cmp b b1'
	record "https is on record" '.url == "https://registry.test/a.tgz" and .outcome == "allowed" and
		.status == 200 and .size == 12 and .inspected and .address == "127.0.0.1" and
		(.sha256 | length) == 64 and (.sha512 | length) == 128 and (.spki | length) == 64'
	record "http is on record" '.url == "http://clear.test/b" and .outcome == "allowed" and .registry == "clear"'
	dependency "https is in the provenance" https://registry.test/a.tgz a
	dependency "http is in the provenance" http://clear.test/b b
}

case_denied() {
	project
	on_deny fail
	expect 121 "a request that no rule allows fails the build" build sh -c \
		'curl -sS https://nobody.test/x || true'
	said "the result names it" 'network: 1 request was refused, the first was GET https://nobody.test/x'
	said "the client is told what would allow it" 'url = https://nobody.test:443/'
	unpublished "nothing is published"
	expect 121 "one that a build ignores, too" build sh -c \
		'curl -sS https://registry.test/x >/dev/null; curl -sS -X DELETE https://registry.test/x'
	said "with its method" 'DELETE https://registry.test/x: no rule allows this method'
	unpublished "nothing is published then"
	expect 121 "a refused handshake, too" build python3 -c '
import socket
s = socket.create_connection(("registry.test", 443))
s.sendall(b"not TLS\r\n")
s.recv(9)'
	unpublished "nothing is published then, either"
	on_deny continue
	expect 0 "unless the administrator wants it so" build sh -c 'curl -sS https://nobody.test/x'
	record "then it is on record" '.url == "https://nobody.test/x" and .outcome == "denied" and
		.why == "no rule is for this host" and .method == "GET"'
	expect 1 "and no dependency" sh -c 'jq -r .payload cupel-out/net.intoto.jsonl | base64 -d |
		jq -c .predicate.buildDefinition.resolvedDependencies | grep nobody.test'
}

case_gone() {
	project
	on_deny fail
	expect 0 "a client that goes away in the middle of a head has done nothing forbidden" build python3 -c '
import socket
s = socket.create_connection(("clear.test", 80))
s.sendall(b"GET /never HTTP/1.1\r\nHo")
s.close()'
	record "it is on record as failed" '.host == "clear.test" and .outcome == "failed" and
		(.why | contains("no end"))'
}

case_upstream() {
	project
	on_deny continue
	inside upstream.py
	for path in longer reset bad-chunk no-last-chunk; do
		for url in https://registry.test http://clear.test; do
			record "$url/$path is on record as failed, with what came" ".url == \"$url/$path\" and
				.outcome == \"failed\" and (.sha256 | length) == 64 and (.why | length) > 0"
		done
	done
	depends "what came with another status says so" https://registry.test/not-found \
		'.annotations.cupel_status == "404" and .annotations.cupel_complete == null'
	depends "so does a part" https://registry.test/part \
		'.annotations.cupel_status == "206" and .annotations.cupel_complete == false'
	depends "and what was cut short" https://registry.test/longer \
		'.annotations.cupel_complete == false and .annotations.cupel_size == "11"'
	depends "half a package is not called one" https://registry.test/cut/-/cut-1.0.0.tgz '.uri == .downloadLocation'
	depends "a whole one is" https://registry.test/whole/-/whole-1.0.0.tgz '.uri == "pkg:npm/whole@1.0.0"'
	depends "but nothing that is whole" https://registry.test/chunked \
		'.annotations.cupel_status == null and .annotations.cupel_complete == null'
	for path in only-head unchanged; do
		expect 1 "what has no body is no dependency: $path" sh -c 'jq -r .payload cupel-out/net.intoto.jsonl |
			base64 -d | jq -c .predicate.buildDefinition.resolvedDependencies | grep "/$1"' sh $path
	done
	expect 0 "a verifier says so" "$CUPEL" verify cupel-out
	said "with their number" 'network record.*recorded, [0-9]+ downloads in part, [0-9]+ with another status than 200'
	for path in two-lengths both-framings bare-lf folded not-http switch nothing; do
		for url in https://registry.test http://clear.test; do
			record "$url/$path is on record as failed" ".url == \"$url/$path\" and
				.outcome == \"failed\" and (.sha256 | not) and (.why | length) > 0"
		done
	done
	for host in wrong expired mistaken; do
		record "a $host certificate is on record" \
			".url == \"https://$host.test/never\" and .outcome == \"failed\""
	done
	record "a grant is on record with where it came from" '.url == "https://files.test/granted?v=1" and
		.outcome == "allowed" and (.grant | startswith("https://registry.test:443/to-other"))'
	record "so is a tunnel, as not inspected" '.host == "tunnel.test" and .outcome == "allowed" and
		.inspected == false'
	same_count=$(grep -c "\"path\": \"/echo-post?$HALF\"" "$WORLD/seen")
	judge "a POST whose answer never came was made once" test "$same_count" = 1
	if grep -q '"path": "/never' "$WORLD/seen"; then
		not_ok "no such request reached a registry" "$(grep never "$WORLD/seen")"
	else
		ok "no such request reached a registry"
	fi
}

# ranges LINE…: what only they can say whose the registries are.
ranges() {
	printf '%s\n' '[network]' 'on-deny = fail' "$@" >"${net_registries%/*}/cupel.ini"
}

# Another synthetic network, for clients to which 198.18.0.0/15 is something else.
case_ranges() {
	project
	ranges 'range = 10.99.0.0/16' 'range6 = fd12:3456::/32'
	expect 0 "a build with other addresses" build sh -c '
		getent ahostsv4 registry.test && getent ahostsv6 registry.test
		curl -4sS https://registry.test/plain && curl -6sS https://registry.test/plain && curl -6sS http://clear.test/plain
		echo; getent hosts 10.99.0.2
		/usr/bin/python3 -c "
import socket
for place in (\"198.18.0.2\", \"10.98.0.2\"):
    s = socket.socket()
    print(place, s.connect_ex((place, 80)))
"'
	said "names have them in IPv4" '^10\.99\.0\.2 '
	said "and in IPv6" '^fd12:3456::2 '
	said "what it fetched" 'plain /plain'
	said "an address has its name" '10\.99\.0\.2 +registry\.test$'
	said "there is no way to the others" '^198\.18\.0\.2 101$'
	said "nor to any" '^10\.98\.0\.2 101$'
	expect 0 "the plan has them" "$CUPEL" plan -- true
	said "in IPv4" '^range += 10\.99\.0\.0/16$'
	said "in IPv6" '^range6 += fd12:3456::/32$'
	ranges 'range = 127.0.0.0/8'
	expect 125 "a range of this host's is refused" "$CUPEL" run -- true
	said "with its file and line" 'cupel.ini:3: \[network\] range cannot be'
	ranges
	printf 'range = 10.99.0.0/16\n' >>cupel.ini
	expect 121 "a project cannot choose one" "$CUPEL" run -- true
	rm -f "${net_registries%/*}/cupel.ini"
}

run_cases ranges allowed denied gone upstream
finish

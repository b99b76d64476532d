#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Clients as people have them, unmodified: whom they trust, and what they fetch.
. "${0%/*}/net.sh"

# client PROGRAM NAME COMMAND: fetches /plain, to standard output.
client() {
	if ! command -v "$1" >/dev/null; then
		skip "$2" "$1 is not installed"
		return
	fi
	expect 0 "$2" build sh -c "$3"
	said "$2: what it fetched" 'plain /plain'
}

case_fetchers() {
	project
	on_deny fail
	url=https://registry.test/plain
	client curl curl "curl -sS $url"
	client curl "curl without our variables" "env -i PATH=\$PATH curl -sS $url"
	client wget wget "wget -qO- $url"
	client wget "wget over http" "wget -qO- http://clear.test/plain"
	client openssl "openssl s_client -CAfile" "printf 'GET /plain HTTP/1.1\r\nHost: registry.test\r\nConnection: close\r\n\r\n' |
		openssl s_client -quiet -verify_return_error -verify_hostname registry.test \
		-CAfile /etc/ssl/certs/ca-certificates.crt -connect registry.test:443"
	client openssl "openssl s_client -CApath" "printf 'GET /plain HTTP/1.1\r\nHost: registry.test\r\nConnection: close\r\n\r\n' |
		openssl s_client -quiet -verify_return_error -verify_hostname registry.test \
		-CApath /etc/ssl/certs -connect registry.test:443"
	client /usr/bin/python3 "python3 urllib" "/usr/bin/python3 -c '
import urllib.request
print(urllib.request.urlopen(\"$url\").read().decode())'"
	if perl -MIO::Socket::SSL -e 1 2>/dev/null; then
		client perl "perl HTTP::Tiny" "perl -MHTTP::Tiny -e '
print HTTP::Tiny->new(verify_SSL => 1)->get(\"$url\")->{content}'"
	else
		skip "perl HTTP::Tiny" "perl's IO::Socket::SSL is not installed"
	fi
	client node "node https" "node -e '
require(\"https\").get(\"$url\", r => r.on(\"data\", d => console.log(String(d)))).on(\"error\", e => { throw e; })'"
	if [ "$(node -p 'typeof fetch' 2>&1)" = function ]; then
		client node "node fetch()" "node -e 'fetch(\"$url\").then(r => r.text()).then(console.log)'"
	else
		skip "node fetch()" "there is no node, or it has no fetch()"
	fi
}

# refusal PROGRAM REGEX COMMAND: what it shows when a host is refused.
refusal() {
	if ! command -v "$1" >/dev/null; then
		skip "$1, refused" "$1 is not installed"
		return
	fi
	expect_output "$1, refused" "$2" build sh -c "$3"
}

case_refusals() {
	project
	on_deny continue
	url=https://nobody.test/plain
	refusal curl '^  why: no rule is for this host' "curl -sS $url"
	refusal wget '403: Forbidden by Cupel: no rule is for this host' "wget $url"
	refusal git '^remote:   why: no rule is for this host' "git clone $url"
	refusal /usr/bin/python3 'HTTP Error 403: Forbidden by Cupel: no rule is for this host' \
		"/usr/bin/python3 -c 'import urllib.request; urllib.request.urlopen(\"$url\")'"
	refusal node '403 Forbidden by Cupel: no rule is for this host' \
		"node -e 'require(\"https\").get(\"$url\", r => console.log(r.statusCode, r.statusMessage))'"
}

# certificates NAME COUNT: of authorities that clients inside trust.
certificates() {
	expect 0 "$1" build grep -c BEGIN /etc/ssl/certs/ca-certificates.crt
	said "$1: $2" "^$2\$"
}

# A tunnel's client sees the registry's own certificate.
case_tunnel() {
	project
	on_deny fail
	expect 0 "a tunnel" build curl -sS https://tunnel.test/plain
	said "a tunnel: what it fetched" 'plain /plain'
	record "it is on record as not inspected" '.host == "tunnel.test" and .inspected == false'
	certificates "beside a tunnel the system's authorities are trusted" 2
	printf 'registries = main\n' >>cupel.ini
	certificates "without one ours is the only one" 1
	expect 121 "a registry that the project has not picked is refused" \
		build curl -sS http://clear.test/plain
}

case_git() {
	project
	on_deny fail
	commit=$(cat "$WORLD/git.commit")
	expect 0 "git clone" build sh -c 'git clone -q https://registry.test/git/repo.git there &&
		git -C there rev-parse HEAD && git -C there cat-file -p HEAD:file'
	said "its commit" "$commit"
	record "what it wanted is on record" ".method == \"POST\" and (.wants // \"\" | startswith(\"$commit\")) and
		(.url | endswith(\"/git/repo.git/git-upload-pack\"))"
	net_dependencies=$(jq -r .payload cupel-out/net.intoto.jsonl | base64 -d |
		jq -c '.predicate.buildDefinition.resolvedDependencies[]')
	same_line="{\"annotations\":{\"cupel_registry\":\"main\"},\"digest\":{\"gitCommit\":\"$commit\"},\"uri\":\"git+https://registry.test/git/repo.git@$commit\"}"
	judge "and a dependency by its own id" sh -c 'printf "%s\n" "$1" | grep -Fxq -e "$2"' sh \
		"$net_dependencies" "$same_line"
	for version in 0 2; do
		expect 0 "git clone of many branches, in version $version" build \
			git -c protocol.version=$version clone -q https://registry.test/git/many.git there
		jq -r .payload cupel-out/net.intoto.jsonl | base64 -d | jq -r '.predicate.buildDefinition |
			.resolvedDependencies[].digest.gitCommit // empty' | sort >got
		{ cat "$WORLD/git.many"; echo "$commit"; } | sort >wanted
		judge "each of them is a dependency" cmp got wanted
		record "and all are on record" '(.wants // "" | length) >= 41 * 41 and .wantsComplete == null'
		rm -rf there
	done
	expect 0 "git clone --depth 1" build git clone -q --depth 1 \
		https://registry.test/git/repo.git there
	on_deny continue
	expect 128 "git push" build sh -c 'git clone -q https://registry.test/git/repo.git there &&
		cd there && git push -q https://registry.test/git/repo.git HEAD:refs/heads/pushed'
	said "is refused" '403'
	judge "and nothing was pushed" test ! -e "$WORLD/git/repo.git/refs/heads/pushed"
}

# raw PORT: what raw.test answers there.
raw() {
	build /usr/bin/python3 -c '
import socket, sys
data = b"\0\1any bytes\r\n" * 5000
with socket.create_connection(("raw.test", int(sys.argv[1])), 5) as s:
    file = s.makefile("rb")
    print(file.readline())
    s.sendall(data)
    s.shutdown(socket.SHUT_WR)
    print("all" if file.read() == data else "less")' "$1"
}

# A protocol that nobody knows, in which the server speaks first.
case_raw() {
	project
	printf 'registries = raw\n' >>cupel.ini
	on_deny fail
	expect 0 "a raw connection" raw 2222
	said "its server speaks first" '220 raw'
	said "and gets and gives every byte" '^all$'
	record "it is on record as not inspected, with its bytes" '.host == "raw.test" and .port == 2222 and
		.outcome == "allowed" and .inspected == false and .registry == "raw" and .requestSize == 65000 and .size == 65009'
	expect 0 "and is a dependency" sh -c 'jq -r .payload cupel-out/net.intoto.jsonl | base64 -d |
		jq -c .predicate.buildDefinition.resolvedDependencies | grep -F tcp://raw.test:2222'
	expect 1 "which a verifier can refuse" "$CUPEL" verify --require-inspected cupel-out
	certificates "no authority of the system's is trusted for it" 1
	project
	printf 'registries = main\n' >>cupel.ini
	expect_output "without the rule there is no way" 'refused|reset' raw 2222
	if [ "$(variant)" = all ]; then
		rm -rf cupel-out
		expect 121 "and the attempt fails the build" build sh -c \
			'/usr/bin/python3 -c "import socket; socket.create_connection((\"raw.test\", 2222)).recv(1)" || true'
		said "with its reason" "raw.test:2222: no registry's rule is about this port"
	fi
}

# A server of the build's own, on the port of the registry that it fetches from meanwhile.
case_own_server() {
	project
	on_deny fail
	if [ "$(variant)" = ports ]; then
		skip "a server on port 80 of its own" "this kernel has no nftables with tproxy"
		return
	fi
	echo own >own
	expect 0 "a server on port 80 of its own, and a registry's" build sh -c '
		/usr/bin/python3 -m http.server 80 >log 2>&1 &
		for _ in $(seq 50); do
			curl -sS http://localhost/own 2>/dev/null && break
			sleep 0.1
		done
		curl -sS http://clear.test/plain && curl -sS http://127.0.0.1/own &&
			curl -sS https://registry.test/plain; kill $!'
	said "its own" '^own$'
	said "the registry" 'plain /plain'
	record "what it asked itself is on no record" '.url == "http://clear.test/plain"'
	expect 0 "only what it fetched is" sh -c 'wc -l <cupel-out/net.network.jsonl'
	said "two requests" '^2$'
}

case_java() {
	if [ "$HALF" != root ]; then
		skip java "once is enough, it takes long"
		return
	fi
	cat >Fetch.java <<-'END'
		import java.net.URI;
		import java.net.http.*;

		public class Fetch {
			public static void main(String[] a) throws Exception {
				var request = HttpRequest.newBuilder(URI.create(a[0])).build();
				System.out.println(HttpClient.newHttpClient()
					.send(request, HttpResponse.BodyHandlers.ofString()).body());
			}
		}
	END
	project
	on_deny fail
	client java "java HttpClient" "java Fetch.java https://registry.test/plain"
	cat >Older.java <<-'END'
		public class Older {
			public static void main(String[] a) throws Exception {
				for (String url : a) {
					var c = (java.net.HttpURLConnection) new java.net.URL(url).openConnection();
					System.out.println(c.getResponseCode() + " " + c.getResponseMessage());
					if (c.getResponseCode() == 200)
						System.out.println(new String(c.getInputStream().readAllBytes()));
				}
			}
		}
	END
	client java "java HttpsURLConnection" "java Older.java https://registry.test/plain"
	on_deny continue
	client java "java HttpsURLConnection, with what is refused" \
		"java Older.java https://registry.test/plain https://nobody.test/plain"
	said "it shows why" '403 Forbidden by Cupel: no rule is for this host'
}

# A program that brings its own resolver, and asks it for both kinds of addresses at once.
case_musl() {
	if ! command -v musl-gcc >/dev/null; then
		skip musl "musl-gcc is not installed"
		return
	fi
	cp "$NETWORK/fetch.c" .
	musl-gcc -static -o fetch fetch.c || { not_ok musl "it does not compile" && return; }
	project
	on_deny fail
	client ./fetch "a static program with musl" "./fetch clear.test /plain"
	on_deny continue
	client ./fetch "a static program with musl, refused" "./fetch nobody.test /x; ./fetch clear.test /plain"
	said "it shows why" '^  why: no rule is for this host'
}

run_cases fetchers refusals tunnel raw git own_server java musl
finish

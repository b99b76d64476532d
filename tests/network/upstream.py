# SPDX-License-Identifier: Apache-2.0
"""Run as a build: what registries do, well-behaved or not, and what becomes of it."""
import http.client
import ssl
import time
import urllib.error
import urllib.request

from client import HALF, Answer, check, connect, is_cut, same, said, secured, read_all

HERE = "https://registry.test"


def fetched():
    for name, path, status, body in (("a plain answer", "/plain", 200, b"plain /plain"),
            ("a chunked answer", "/chunked", 200, b"hello world"),
            ("an answer that ends with the connection", "/until-close", 200, b"hello world"),
            ("an answer after two of 1xx", "/early", 200, b"hello world"),
            ("an answer without a body", "/no-content", 204, b""),
            ("404", "/not-found", 404, b"none"),
            ("a part", "/part", 206, b"hello"),
            ("an answer that says that nothing changed", "/unchanged", 304, b""),
            ("a query", "/plain?a=b&c=%2f", 200, b"plain /plain?a=b&c=%2F")):
        for scheme, host in (("https", "registry.test"), ("http", "clear.test")):
            answer = Answer(f"{scheme}://{host}{path}")
            check(f"{scheme}: {name}", (answer.status, answer.body) == (status, body), answer)
    answer = Answer("https://registry.test:8443/plain")
    check("another port", answer.body == b"plain /plain", answer)
    answer = Answer("http://public.test/plain")
    check("a public address", answer.body == b"plain /plain", answer)
    answer = Answer(HERE + "/plain", "HEAD")
    check("HEAD", (answer.status, answer.body) == (200, b""), answer)
    Answer(HERE + "/only-head", "HEAD")
    old = said("clear.test", 80, b"GET /chunked HTTP/1.0\r\nHost: clear.test\r\n\r\n")
    check("a client of HTTP/1.0 gets no chunks", old.endswith(b"\r\n\r\nhello world"), old)
    answer = Answer("https://tunnel.test/plain")
    check("a tunnel", answer.body == b"plain /plain", answer)


# Path, and whether the client must be told by a status or by a body that is cut.
LIES = ["/longer", "/reset", "/bad-chunk", "/no-last-chunk", "/two-lengths", "/both-framings", "/bare-lf", "/folded",
    "/huge-header", "/not-http", "/switch", "/nothing"]


def lies():
    for path in LIES:
        for scheme, host in (("https", "registry.test"), ("http", "clear.test")):
            answer = Answer(f"{scheme}://{host}{path}")
            refused = answer.status == 403 and b"[network] head" in answer.body
            check(f"{scheme}: {path[1:]} is a failure for the client",
                refused if path == "/huge-header" else is_cut(answer), answer)
            check(f"{scheme}: {path[1:]} is told at once", answer.seconds < 5, answer.seconds)
    for package in ("cut", "whole"):
        Answer(f"{HERE}/{package}/-/{package}-1.0.0.tgz")
    for path in ("/shorter", "/smuggled"):
        answer = Answer(HERE + path)
        same(f"{path[1:]}: as long as it says", answer.body, b"hello")
        for _ in range(3):
            same(f"{path[1:]}: the rest is no other answer's", Answer(HERE + "/after").body, b"plain /after")


def certificates():
    for host, why in (("wrong", b"issuer"), ("expired", b"expired"), ("mistaken", b"mismatch")):
        answer = Answer(f"https://{host}.test/never")
        check(f"refused: a {host} certificate", answer.status == 502 and why in answer.body, answer)


def sessions():
    """A session of a registry is resumed; nobody else's certificate is the better for it."""
    for _ in range(2):
        answer = Answer(HERE + "/resumed")
    same("the session of a registry is resumed", answer.body, b"resumed")
    certificates()


def inward():
    for url, why in (("http://private.test", b"127.0.0.1 (loopback)"), ("https://private.test", b"127.0.0.1 (loopback)"),
            ("http://metadata.test", b"metadata"), ("http://six.test", b"loopback"), ("http://mapped.test", b"loopback"),
            ("http://own.test", b"11.0.0.2 (this machine's own)"), ("http://own6.test", b"this machine's own")):
        answer = Answer(url + "/never")
        check(f"refused: {url} has an address that is not public", answer.status == 502 and why in answer.body, answer)


def redirects():
    same("relative redirect", urllib.request.urlopen(HERE + "/to-relative").read(), b"plain /plain")
    same("absolute redirect", urllib.request.urlopen(HERE + "/to-absolute").read(), b"plain /plain")
    started = time.monotonic()
    try:
        urllib.request.urlopen(HERE + "/to-loop")
        check("redirects in a loop end", False)
    except urllib.error.HTTPError as error:
        check("redirects in a loop end", error.code == 302 and time.monotonic() - started < 10, error)
    granted = "https://files.test/granted?v=1"
    same("without a redirect another host is refused", Answer(granted).status, 403)
    same("a redirect to another host", urllib.request.urlopen(HERE + "/to-other").read(), b"plain /granted?v=1")
    same("is good for one request", Answer(granted).status, 403)
    Answer(HERE + "/to-other")
    for method in ("POST", "HEAD", "PUT"):
        same(f"never for {method}", Answer(granted, method).status, 403)
    for other in ("https://files.test/granted?v=2", "https://files.test/granted", "https://other.test/granted?v=1"):
        same(f"nor for {other}", Answer(other).status, 403)
    same("and still there for what it is for", Answer(granted).status, 200)
    Answer(HERE + "/to-clear")
    same("never from https to http", Answer("http://files.test/clear-granted").status, 403)
    Answer("http://clear.test/to-clear")
    same("from http to http", Answer("http://files.test/clear-granted").status, 200)
    Answer(HERE + "/to-dots")
    same("never to a path with '..'", Answer("https://files.test/granted").status, 403)
    Answer("http://public.test/to-private")
    answer = Answer("http://other.test/never")
    check("never to a private address, from a rule without them", answer.status == 502 and b"loopback" in answer.body, answer)
    Answer(HERE + "/to-inward")
    answer = Answer("https://other.test/never")
    check("nor from a rule with them", answer.status == 502 and b"loopback" in answer.body, answer)
    Answer(HERE + "/to-limited")
    same("but to a host whose own rule has them", Answer("https://limited.test/granted").status, 200)
    Answer("http://clear.test/to-cloud")
    answer = Answer("http://cloud.test/never")
    check("nor to a metadata service", answer.status == 502 and b"metadata" in answer.body, answer)
    Answer(HERE + "/to-other", "HEAD")
    same("a redirect of HEAD grants nothing", Answer(granted).status, 403)


KEPT = {"Accept": "a/b", "Accept-Encoding": "gzip", "User-Agent": "it", "Range": "bytes=0-", "If-None-Match": '"x"'}
DROPPED = {"Cookie": "secret", "Authorization": "Bearer secret", "X-Secret": "secret", "Proxy-Authorization": "secret",
    "Proxy-Connection": "keep-alive-secret", "Referer": "http://secret/", "Origin": "http://secret", "Forwarded": "for=secret",
    "X-Forwarded-For": "secret", "Via": "1.1 secret", "X-HTTP-Method-Override": "DELETE-secret", "TE": "trailers;secret",
    "From": "secret@secret", "X-Original-URL": "/secret", "Keep-Alive": "secret", "Npm-Session": "secret"}


def fields():
    for url in (HERE, "http://clear.test"):
        answer = Answer(url + "/echo", fields={**KEPT, **DROPPED})
        got = answer.body.decode().lower()
        same(f"{url}: fields that arrive", [n for n, v in KEPT.items() if f"{n}: {v}".lower() not in got], [])
        same(f"{url}: fields that do not", [n for n in DROPPED if f"\n{n}:".lower() in got], [])
        check(f"{url}: no value of them", "secret" not in got, got)
        answer = Answer(url + "/hop")
        check(f"{url}: a field of the answer arrives", answer.fields.get("x-kept") == "yes", answer.fields)
        for name in ("keep-alive", "proxy-authenticate", "alt-svc", "upgrade", "x-hop"):
            check(f"{url}: not its {name}", name not in answer.fields, answer.fields)
    answer = Answer(HERE + "/echo-post", "POST", b"body", {"Content-Type": "x/y"})
    check("POST where a rule says so", answer.status == 200 and answer.body.endswith(b"\r\n\r\nbody"), answer)
    with secured("registry.test") as s:
        s.sendall(b"POST /echo-post HTTP/1.1\r\nHost: registry.test\r\nContent-Length: 4\r\nConnection: close\r\n"
            b"Expect: 100-continue\r\n\r\n")
        s.settimeout(5)
        first = s.recv(4096)
        s.sendall(b"body")
        check("Expect: 100-continue", first.startswith(b"HTTP/1.1 100 ") and read_all(s).endswith(b"body"), first)


def repeated():
    """A registry that takes one request more on a connection, and closes it without a word."""
    same("an answer", Answer(HERE + "/last").status, 200)
    same("GET is asked for again", Answer(HERE + f"/again-{HALF}").status, 200)
    same("another answer", Answer(HERE + "/last").status, 200)
    answer = Answer(HERE + f"/echo-post?{HALF}", "POST", b"")
    check("POST is not, even without a body", answer.status == 502, answer)


def without_end(host, port, tls):
    """What a client of HTTP/1.0 got, for whom the end of the connection is that of the body."""
    context = ssl.create_default_context() if tls else None
    s = connect(host, port)
    s = context.wrap_socket(s, server_hostname=host, suppress_ragged_eofs=False) if tls else s
    s.sendall(f"GET /no-last-chunk HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
    try:
        while s.recv(4096):
            pass
        return "an end"
    except OSError as error:
        return type(error).__name__


def ends():
    same("no proper end inside TLS", without_end("registry.test", 443, True) in ("SSLEOFError", "ConnectionResetError"), True)
    same("nor without it", without_end("clear.test", 80, False), "ConnectionResetError")


for part in (fetched, lies, certificates, sessions, inward, redirects, fields, repeated, ends):
    part()

# SPDX-License-Identifier: Apache-2.0
"""Run as a build: requests, handshakes and names that must not get through.

attack.py HALF VARIANT    does all of it, where VARIANT is "all" when every port of the synthetic
                          network arrives at the gateway, or "ports" when only the registries' do
attack.py HALF VARIANT RECORD SEEN  outside, later: each is on record with its reason, and the
                          registries saw nothing of it
What must not reach a registry has "never" in its path or its name.
"""
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import time

from client import HALF, Answer, check, connect, failure, read_all, said, same, secured, status

HOST = b"Host: clear.test\r\n"
NO_BODY = b"Content-Length: 0\r\n"


def request(line, *fields):
    return b"".join([line, b"\r\n", *fields, b"\r\n"])


def get(path, *fields):
    return request(b"GET " + path + b" HTTP/1.1", *fields)


# Name, bytes to http://clear.test, status, and what the record says.
REQUESTS = [
    ("POST", request(b"POST /never HTTP/1.1", HOST, NO_BODY), 403, "POST is not allowed for this path"),
    *((method.decode(), request(method + b" /never HTTP/1.1", HOST, NO_BODY), 403, "no rule allows this method")
        for method in (b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"PROPFIND", b"get")),
    ("'..'", get(b"/a/../never", HOST), 403, "a '.' or '..' segment in the path"),
    ("'%2e%2e'", get(b"/a/%2e%2E/never", HOST), 403, "a '.' or '..' segment in the path"),
    ("'..;'", get(b"/a/..;x/never", HOST), 403, "a '.' or '..' segment in the path"),
    ("'//'", get(b"/a//never", HOST), 403, "an empty segment in the path"),
    ("'//' at the start", get(b"//other.test/never", HOST), 403, "an empty segment in the path"),
    ("'%2f'", get(b"/a%2fnever", HOST), 403, "an encoded '/' in the path"),
    ("'%252e'", get(b"/a/%252e%252e/never", HOST), 403, "a path that is encoded twice"),
    ("'%00'", get(b"/never%00.tgz", HOST), 403, "an encoded control character in the path"),
    ("'%0d%0a'", get(b"/never%0d%0aX:%20y", HOST), 403, "an encoded control character in the path"),
    ("'%0a' in the query", get(b"/never?a=%0ab", HOST), 403, "an encoded control character in the query"),
    ("'\\'", get(b"/a\\..\\never", HOST), 403, "'#' or '\\' in the URL"),
    ("'%' alone", get(b"/never%zz", HOST), 403, "'%' without two hexadecimal digits"),
    ("a Host that is another's", get(b"/never", b"Host: other.test\r\n"), 403, "the Host field names another host"),
    ("a Host with another port", get(b"/never", b"Host: clear.test:8443\r\n"), 403,
        "the Host field names another host"),
    ("a Host that is an address", get(b"/never", b"Host: 11.0.0.1\r\n"), 403, "the Host field names another host"),
    ("Upgrade: websocket", get(b"/never", HOST, b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"), 403, "upgrading the connection"),
    ("a body of GET", get(b"/never", HOST, b"Content-Length: 4\r\n") + b"body", 403, "only POST has a body"),
    ("a chunked body of GET", get(b"/never", HOST, b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n", 403,
        "only POST has a body"),
    ("Upgrade: h2c", get(b"/never", HOST, b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"), 403,
        "upgrading the connection"),
    ("git push, first step", get(b"/git/repo.git/info/refs?service=git-receive-pack&never", HOST), 403,
        "git push is refused"),
    ("git push, encoded", get(b"/git/never.git/info/refs?service=git%2Dreceive%2dpack", HOST), 403,
        "git push is refused"),
    ("git push, second step", request(b"POST /git/never.git/git-receive-pack HTTP/1.1", HOST, NO_BODY), 403,
        "git push is refused"),
    ("a body of GET, which may be the next request", get(b"/never", HOST, b"Content-Length: 4\r\n") + b"PUT ", 403,
        "only POST has a body"),
    ("a chunked body of GET", get(b"/never", HOST, b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n", 403,
        "only POST has a body"),
    ("Content-Length with Transfer-Encoding",
        get(b"/never", HOST, b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n") + b"0\r\n\r\n", 400,
        "Content-Length with Transfer-Encoding"),
    ("two Content-Length", get(b"/never", HOST, NO_BODY, b"Content-Length: 40\r\n"), 400, "two Content-Length fields"),
    ("Content-Length: +4", get(b"/never", HOST, b"Content-Length: +4\r\n"), 400, "a malformed Content-Length"),
    ("Content-Length: 4, 4", get(b"/never", HOST, b"Content-Length: 4, 4\r\n"), 400, "a malformed Content-Length"),
    ("Transfer-Encoding: xchunked", get(b"/never", HOST, b"Transfer-Encoding: xchunked\r\n"), 400,
        "a Transfer-Encoding other than chunked"),
    ("Transfer-Encoding: gzip, chunked", get(b"/never", HOST, b"Transfer-Encoding: gzip, chunked\r\n"), 400,
        "a Transfer-Encoding other than chunked"),
    ("two Transfer-Encoding", get(b"/never", HOST, b"Transfer-Encoding: chunked\r\n" * 2), 400,
        "two Transfer-Encoding fields"),
    ("two Host", get(b"/never", HOST, b"Host: other.test\r\n"), 400, "two Host fields"),
    ("no Host", get(b"/never"), 400, "no Host field"),
    ("a Host with user information", get(b"/never", b"Host: clear.test@other.test\r\n"), 400, "a malformed Host field"),
    ("a blank before ':'", get(b"/never", b"Host : other.test\r\n", HOST), 400, "blanks before ':'"),
    ("bare LF", b"GET /never HTTP/1.1\nHost: clear.test\n\n", 400, "bare LF"),
    ("bare LF in a field", get(b"/never", HOST, b"X: a\nHost: other.test\r\n"), 400, "bare LF"),
    ("bare CR", get(b"/never", HOST, b"X: a\rb\r\n"), 400, "bare CR"),
    ("obs-fold", get(b"/never", HOST, b"X: a\r\n b\r\n"), 400, "obs-fold"),
    ("NUL", get(b"/never", b"Host: clear.test\0.other.test\r\n"), 400, "NUL"),
    ("absolute-form", get(b"http://other.test/never", HOST), 400, "a target that does not begin with '/'"),
    ("CONNECT", request(b"CONNECT never.test:443 HTTP/1.1", HOST), 400, "a target that does not begin with '/'"),
    ("asterisk-form", request(b"OPTIONS * HTTP/1.1", HOST), 400, "a target that does not begin with '/'"),
    ("two blanks", get(b" /never", HOST), 400, "a target that does not begin with '/'"),
    ("HTTP/2", request(b"PRI * HTTP/2.0", b"") + b"SM\r\n\r\n", 400, "a target that does not begin with '/'"),
    ("HTTP/1.2", request(b"GET /never HTTP/1.2", HOST), 400, "a version other than"),
    ("HTTP/0.9", b"GET /never\r\n\r\n", 400, "a version other than"),
    ("an empty line first", b"\r\n" + get(b"/never", HOST), 400, "an empty line before the head"),
    ("bytes over 0x7f in the path", get(b"/never\xff", HOST), 400, "a target with bytes that must be encoded"),
    ("a field without ':'", get(b"/never", HOST, b"X\r\n"), 400, "a field without ':'"),
    ("a head of a megabyte", get(b"/never", HOST, b"X: " + b"x" * (1 << 20) + b"\r\n"), 403,
        "a head of more than 32768 bytes"),
]


def requests():
    for name, sent, wanted, why in REQUESTS:
        answer = said("clear.test", 80, sent.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
            if wanted == 403 else sent)
        fits = status(answer) == wanted and why.encode() in answer and b"plain" not in answer.split(b"\r\n\r\n")[1]
        # What is too large is answered while it is still being sent.
        if name == "a head of a megabyte":
            fits = fits or answer == b""
        check(f"refused: {name}", fits, answer)


def other_places():
    for name, url, why in (("a name without a rule", "https://never.test/x", b"no rule is for this host"),
            ("a path outside of the rule", "https://limited.test/never", b"no rule allows this path"),
            ("the rule's path as a prefix", "https://limited.test/pub-never", b"no rule allows this path")):
        host, _, path = url[8:].partition("/")
        started = time.monotonic()
        answer = said(host, 443, get(b"/" + path.encode(), f"Host: {host}\r\nConnection: close\r\n".encode()), True)
        quick = time.monotonic() - started < 2
        check(f"refused: {name}", status(answer) == 403 and why in answer and quick, answer)
        check(f"{name}: says what would allow it", f"url = https://{host}:443/".encode() in answer, answer)


def kept_alive():
    for tls, host, port in ((False, "clear.test", 80), (True, "registry.test", 443)):
        with secured(host, port) if tls else connect(host, port) as s:
            s.sendall(get(b"/plain", f"Host: {host}\r\n".encode()))
            first = s.recv(65536)
            while b"plain /plain" not in first:
                first += s.recv(65536)
            s.sendall(get(b"/never", b"Host: other.test\r\nConnection: close\r\n"))
            second = read_all(s)
        fits = status(first) == 200 and status(second) == 403 and b"names another host" in second
        check(f"refused: another Host, second on a connection, {'TLS' if tls else 'clear'}", fits, (first, second))
    both = said("clear.test", 80, get(b"/plain", HOST) + get(b"/never", b"Host: other.test\r\nConnection: close\r\n"))
    check("refused: another Host, sent along with the first", both.count(b"HTTP/1.1 ") == 2 and
        b"names another host" in both, both)
    body = get(b"/never", b"Host: other.test\r\n")
    hidden = said("clear.test", 80,
        request(b"POST /never HTTP/1.1", HOST, f"Content-Length: {len(body)}\r\n".encode()) + body)
    check("a refused request's body is not read as a request", hidden.count(b"HTTP/1.1 ") == 1, hidden)


CHUNKS = [("a chunk size in words", b"zz\r\nhello\r\n0\r\n\r\n", "a malformed chunk size"),
    ("a chunk size of 17 digits", b"00000000000000005\r\nhello\r\n0\r\n\r\n", "a chunk size that is too long"),
    ("a chunk that is longer than it says", b"3\r\nhello\r\n0\r\n\r\n", "a malformed chunk"),
    ("a bare LF after a chunk's size", b"5\nhello\r\n0\r\n\r\n", "a malformed chunk size"),
    ("a trailer", b"5\r\nhello\r\n0\r\nHost: other.test\r\n\r\n", "a trailer")]


def chunks():
    sent = request(b"POST /echo-post HTTP/1.1", b"Host: registry.test\r\nTransfer-Encoding: chunked\r\n")
    answer = said("registry.test", 443, sent.replace(b"HTTP/1.1\r\n", b"HTTP/1.1\r\nConnection: close\r\n") +
        b"5;a=b\r\nhello\r\n0\r\n\r\n", True)
    check("a chunked request that is allowed arrives", status(answer) == 200 and answer.endswith(b"hello"), answer)
    for name, body, _why in CHUNKS:
        answer = said("registry.test", 443, sent + body, True)
        check(f"refused: {name}", status(answer) != 200, answer)


# TLS.


class Handshake:
    """A TLS client whose records go through our hands."""

    def __init__(self, name):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context()
        if name is None:
            context.check_hostname = False
        self.session = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)
        try:
            self.session.do_handshake()
        except ssl.SSLWantReadError:
            pass
        self.hello = self.outgoing.read()

    def run(self, s, step):
        while True:
            try:
                result = step()
                s.sendall(self.outgoing.read())
                return result
            except ssl.SSLWantReadError:
                s.sendall(self.outgoing.read())
                more = s.recv(65536)
                if not more:
                    raise
                self.incoming.write(more)

    def fetch(self, s, host):
        self.run(s, self.session.do_handshake)
        self.run(s, lambda: self.session.write(get(b"/plain", f"Host: {host}\r\n".encode())))
        return self.run(s, lambda: self.session.read(65536))


def with_extension(hello, number, body):
    """The ClientHello (one record) with one more extension at its end."""
    record, message = hello[:3], hello[9:]
    at = 34
    at += 1 + message[at]
    at += 2 + struct.unpack_from("!H", message, at)[0]
    at += 1 + message[at]
    extensions = message[at + 2:] + struct.pack("!HH", number, len(body)) + body
    message = message[:at] + struct.pack("!H", len(extensions)) + extensions
    message = b"\1" + struct.pack("!I", len(message))[1:] + message
    return record + struct.pack("!H", len(message)) + message


def in_records(hello, size):
    message = hello[5:]
    parts = (message[i:i + size] for i in range(0, len(message), size))
    return b"".join(hello[:3] + struct.pack("!H", len(p)) + p for p in parts)


# ECHClientHello of type outer: HKDF-SHA256 with AES-128-GCM, configuration 7, 32 and 64 bytes.
ECH = b"\0" + b"\0\1\0\1" + b"\7" + b"\0\x20" + bytes(32) + b"\0\x40" + bytes(64)
ALERT = b"\x15\3\3\0\2\2\x70"


def handshakes():
    for name, hello in (("a server name that is another's", Handshake("other.test").hello),
            ("no server name", Handshake(None).hello),
            ("an encrypted ClientHello", with_extension(Handshake("registry.test").hello, 0xfe0d, ECH)),
            ("two server names", with_extension(Handshake("registry.test").hello, 0,
                b"\0\x0d\0\0\x0aother.test")),
            ("a NUL in the server name", Handshake("registry-test").hello.replace(b"registry-test", b"registry\0test"))):
        same(f"refused: {name}", said("registry.test", 443, hello), ALERT)
    for name, host, port, sent, wanted in (("HTTP on port 443", "registry.test", 443, get(b"/never", HOST), b""),
            ("SSH on port 443", "registry.test", 443, b"SSH-2.0-OpenSSH_9.2\r\n", b""),
            ("TLS on port 80", "clear.test", 80, Handshake("clear.test").hello, ALERT)):
        same(f"refused: {name}", said(host, port, sent), wanted)
    for name, host in (("a name with a tunnel's rule", "tunnel.test"), ("another's", "registry.test")):
        answer = said("tunnel.test", 443, Handshake("other.test" if host != "tunnel.test" else None).hello)
        same(f"refused: a tunnel with {'no server name' if host == 'tunnel.test' else name}", answer, ALERT)


def records(s):
    """The types of the TLS records that come, until there are none for a while or the end."""
    found = []
    s.settimeout(2)
    try:
        while len(header := s.recv(5, socket.MSG_WAITALL)) == 5:
            s.recv(struct.unpack("!H", header[3:])[0], socket.MSG_WAITALL)
            found.append(header[0])
    except TimeoutError:
        return found
    except OSError:
        pass
    return found + ["end"]


def client_hello(name, context=None):
    out = ssl.MemoryBIO()
    session = (context or ssl.create_default_context()).wrap_bio(ssl.MemoryBIO(), out, server_hostname=name)
    try:
        session.do_handshake()
    except ssl.SSLWantReadError:
        return out.read()


def second_hellos():
    """The server at this port of a tunnel wants a second ClientHello from everybody."""
    answer = Answer("https://tunnel.test:8444/plain")
    check("a tunnel with a second ClientHello", answer.body == b"plain /plain", answer)
    for name, second in (("another server's", client_hello("other.test")), ("that is none", b"\x16\3\1\0\4\0\0\0\0")):
        with connect("tunnel.test", 8444) as s:
            s.sendall(client_hello("tunnel.test"))
            check(f"{name}: a second one is asked for", s.recv(5)[:1] == b"\x16")
            s.sendall(b"\x14\3\3\0\1\1" + second)
            check(f"a second ClientHello, {name}, is not passed on", 21 not in (got := records(s)) and got[-1:] == ["end"], got)


def slow_handshakes():
    with connect("registry.test", 443) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        hand = Handshake("registry.test")
        for byte in hand.hello:
            s.sendall(bytes((byte,)))
            time.sleep(0.0005)
        check("a ClientHello in segments of one byte", status(hand.fetch(s, "registry.test")) == 200)
    for size in (1, 7, 100):
        with connect("registry.test", 443) as s:
            hand = Handshake("registry.test")
            s.sendall(in_records(hand.hello, size))
            check(f"a ClientHello in records of {size}", status(hand.fetch(s, "registry.test")) == 200)


# The ways out that are not there.


def datagram(host, port, data=b"x", seconds=2):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(seconds)
        s.connect((host, port))
        s.send(data)
        return s.recv(4096)


def reach():
    for place in ("198.51.100.1", "11.0.0.1", "169.254.169.254", "10.0.0.1", "8.8.8.8", "2001:db8::1", "fe80::1%lo"):
        for port in (80, 443, 53):
            got = failure(connect, place, port)
            check(f"no way to {place}:{port}", got in ("ENETUNREACH", "EHOSTUNREACH", "ECONNREFUSED"), got)
    for place in ("198.51.100.1", "8.8.8.8", "2001:db8::1"):
        check(f"no datagram to {place}", failure(datagram, place, 443) in ("ENETUNREACH", "EHOSTUNREACH"))
    for place in ("127.0.0.1", "::1"):
        for port in (9999, 22):
            same(f"no service of the host at {place}:{port}", failure(connect, place, port), "ECONNREFUSED")
    same("nor over UDP", failure(datagram, "127.0.0.1", 9999), "ECONNREFUSED")
    same("no QUIC", failure(datagram, "registry.test", 443), "ECONNREFUSED")
    with socket.socket(socket.AF_UNIX) as s:
        same("no abstract socket of the host", failure(s.connect, "\0cupel-world"), "ECONNREFUSED")
    for family in (socket.AF_VSOCK, socket.AF_PACKET, socket.AF_ALG if hasattr(socket, "AF_ALG") else 38):
        check(f"no socket of family {int(family)}", failure(socket.socket, family, socket.SOCK_RAW) is not None)


# Ports that no rule is about: name, what is sent, whether by a client of TLS, what is on record.
STRANGERS = [("HTTP on another port", get(b"/never", b"Host: registry.test:8080\r\nConnection: close\r\n"), False,
        "no rule is for this port of the host"),
    ("TLS on another port", get(b"/never", b"Host: registry.test:8080\r\nConnection: close\r\n"), True,
        "no rule is for this port of the host"),
    ("TLS to another on another port", Handshake("other.test").hello, False, "names another server"),
    ("SSH on another port", b"SSH-2.0-OpenSSH_9.2\r\n", False, "no registry's rule is about this port"),
    ("something binary on another port", b"\0\0\0\1", False, "no registry's rule is about this port"),
    ("words on another port", b"EHLO never.test\r\n", False, "no registry's rule is about this port"),
    ("silence on another port", b"", False, "no registry's rule is about this port")]


def strangers():
    for port in (22, 53, 8080, 65535) if VARIANT == "ports" else ():
        same(f"no way to port {port}", failure(connect, "registry.test", port), "ECONNREFUSED")
    for name, sent, tls, _ in STRANGERS if VARIANT == "all" else ():
        started = time.monotonic()
        answer = said("registry.test", 8080, sent, tls)
        quick = time.monotonic() - started < 3
        wanted = 403 if b"HTTP" in sent else None
        fits = status(answer) == wanted and (wanted == 403 or answer in (b"", ALERT)) and quick
        check(f"refused: {name}", fits, answer)
        if wanted == 403:
            check(f"{name}: says what would allow it", b"url = http%s://registry.test:8080/" % (b"s" if tls else b"")
                in answer, answer)


# Addresses that are local here, so that a connection is made: name, address, port.
NOWHERE = [("an address that no name has", "198.18.77.77", 443), ("127.0.0.1", "127.0.0.1", 80),
    ("::1", "::1", 443), ("our own address", "198.18.0.1", 8443)]


def nowhere():
    for name, address, port in NOWHERE:
        if VARIANT == "all" and address != NOWHERE[0][1]:
            same(f"nobody is at {name}, port {port}", failure(connect, address, port), "ECONNREFUSED")
        else:
            same(f"refused: {name}, port {port}", said(address, port, get(b"/never", HOST)), b"")


# Names.


def question(name, kind, edns=b"", count=1, klass=1):
    labels = name if isinstance(name, bytes) else b"".join(
        bytes((len(label),)) + label.encode() for label in name.split(".") if label) + b"\0"
    return struct.pack("!6H", 0x1234, 0x100, count, 0, 0, 1 if edns else 0) + labels + struct.pack("!2H", kind, klass) + edns


def over_tcp(host, message):
    with connect(host, 53) as s:
        s.sendall(struct.pack("!H", len(message)) + message)
        got = s.recv(4096)
        return got[2:]


def dns():
    code = lambda answer: (answer[3] & 15, struct.unpack_from("!H", answer, 6)[0])
    is_ours = lambda answer: answer[-4:-2] in (b"\xc6\x12", b"\xc6\x13")
    answer = datagram("127.0.0.1", 53, question("never.registry.test", 1))
    check("any name has an address of ours", code(answer) == (0, 1) and is_ours(answer), answer)
    check("over TCP, too", is_ours(over_tcp("127.0.0.1", question("never-tcp.test", 1))))
    edns = b"\0" + struct.pack("!HHIH", 41, 1232, 0x8000, 0)
    answer = datagram("127.0.0.1", 53, question("never-edns.test", 1, edns))
    check("EDNS is answered", code(answer) == (0, 1) and struct.unpack_from("!H", answer, 10)[0] == 1, answer)
    for name, kind in (("TXT", 16), ("HTTPS", 65), ("SVCB", 64), ("MX", 15), ("NS", 2), ("ANY", 255), ("CNAME", 5)):
        answer = datagram("127.0.0.1", 53, question("never-typed.test", kind))
        same(f"{name} is empty", code(answer), (0, 0))
    for name, sent in (("a dot in a label", question(b"\7nev.er1\4test\0", 1)),
            ("a NUL in a label", question(b"\x0dregistry\0test\4test\0", 1)),
            ("a blank in a label", question(b"\5nev r\4test\0", 1)), ("bytes over 0x7f", question(b"\2\xc3\xa9\4test\0", 1)),
            ("a pointer to itself", question(b"\xc0\x0c", 1)), ("two questions", question("never2.test", 1, count=2)),
            ("a label of 64", question(b"\x40" + b"a" * 64 + b"\0", 1))):
        same(f"refused: {name}", code(datagram("127.0.0.1", 53, sent))[0], 1)
    same("class CH is not implemented", code(datagram("127.0.0.1", 53, question("version.bind", 16, klass=3)))[0], 4)
    for name, resolver in (("a public resolver", "8.8.8.8"), ("the host's", "127.0.0.53")):
        for way in (datagram, lambda h, p, m: over_tcp(h, m)):
            try:
                check(f"{name} does not answer", is_ours(way(resolver, 53, question("never-direct.test", 1))))
            except OSError as error:
                check(f"{name} does not answer", True, error)
    address = socket.gethostbyname("registry.test")
    same("an address of ours has its name", socket.gethostbyaddr(address)[0], "registry.test")
    check("another has none", failure(socket.gethostbyaddr, "11.0.0.1") is not None)
    same("localhost stays what it is", socket.gethostbyname("localhost"), "127.0.0.1")


# What the build could do to those who trust the gateway, or learn of it.


def trust():
    for path in ("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem", "/etc/resolv.conf"):
        for what, attempt in (("writing", lambda: open(path, "ab")), ("unlink", lambda: os.unlink(path)),
                ("rename", lambda: os.rename(path, path + "x")), ("chmod", lambda: os.chmod(path, 0o777))):
            got = failure(attempt)
            check(f"{path}: no {what}", got in ("EROFS", "EACCES", "EPERM", "EBUSY"), got)
    check("/etc/ssl/certs: nothing is added", failure(open, "/etc/ssl/certs/0.pem", "xb") is not None)
    for command in (["umount", "/etc/ssl/certs"], ["mount", "--bind", "/tmp", "/etc/ssl/certs"]):
        check(f"no {command[0]}", subprocess.run(command, capture_output=True, check=False).returncode != 0)


def readable(top):
    for folder, _, files in os.walk(top):
        for name in files:
            path = os.path.join(folder, name)
            try:
                if os.path.isfile(path) and os.path.getsize(path) < 1 << 20:
                    with open(path, "rb") as file:
                        yield path, file.read()
            except OSError:
                pass


def secrets():
    marks = (b"PRIVATE KEY-----", b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x6d\x30\x6b")
    found = [p for top in ("/etc/ssl", "/etc/pki", "/run", "/tmp", "/dev/shm", "/var/tmp", os.environ["HOME"])
        for p, data in readable(top) if any(m in data for m in marks)]
    same("no private key is in a file", found, [])
    check("nor in the environment", not any("PRIVATE" in v for v in os.environ.values()))
    others = []
    for pid in (p for p in os.listdir("/proc") if p.isdigit() and int(p) not in (os.getpid(), os.getppid())):
        try:
            with open(f"/proc/{pid}/mem", "rb") as memory:
                others.append((pid, memory.fileno()))
        except OSError:
            pass
    same("no other process's memory can be read", others, [])
    names = []
    for pid in (p for p in os.listdir("/proc") if p.isdigit()):
        with open(f"/proc/{pid}/comm", encoding="ascii") as file:
            names.append(file.read().strip())
    check("the gateway is not to be seen", not any("gateway" in n for n in names), names)
    links = [os.readlink(f"/proc/self/fd/{fd}") for fd in ("0", "1", "2") if os.path.lexists(f"/proc/self/fd/{fd}")]
    check("no descriptor is a socket", not any("socket" in link for link in links), links)


# Outside, later.

CONNECTIONS = ["the ClientHello names another server than was looked up", "the ClientHello names no server",
    "the ClientHello is encrypted (ECH)", "the ClientHello is malformed",
    "the second ClientHello is not for the same server", "the second ClientHello is malformed",
    "the registry's rule says https, and this is not TLS", "the registry's rule says http, and this is TLS"]
CONNECTIONS_TWICE = CONNECTIONS[:2] + [CONNECTIONS[3], CONNECTIONS[6]] # two attacks each


def judge(record, seen):
    with open(record, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    left = [line.get("why", "") for line in lines if line["outcome"] == "denied"]
    wanted = [(name, why) for name, _, _, why in REQUESTS] + [(w, w) for w in CONNECTIONS + CONNECTIONS_TWICE]
    wanted += [(NOWHERE[0][0], "the address belongs to no name")]
    wanted += [("a name without a rule", "no rule is for this host"), ("a path", "no rule allows this path")]
    same("a build that looks for its own servers has done nothing wrong",
        sum("the address belongs to no name" in got for got in left), 1)
    wanted += [(name, why) for name, _, _, why in STRANGERS] if VARIANT == "all" else []
    missing = []
    for name, why in wanted:
        line = next((i for i, got in enumerate(left) if why in got), None)
        if line is None:
            missing.append(name)
        else:
            left.pop(line)
    same("each refusal is on record, with its reason", missing, [])
    failed = [line["why"] for line in lines if line["outcome"] == "failed"]
    same("bodies that were refused failed", [n for n, _, w in CHUNKS if not any(w in f for f in failed)], [])
    with open(seen, encoding="ascii") as file:
        reached = [line for line in file if "never" in line or '"udp"' in line]
    same("nothing of it reached a registry, or the host's resolver", reached, [])


VARIANT = sys.argv[2]
if len(sys.argv) > 3:
    judge(*sys.argv[3:])
else:
    for part in (dns, requests, other_places, kept_alive, chunks, handshakes, second_hellos, slow_handshakes, reach,
            strangers, nowhere, trust, secrets):
        part()

# SPDX-License-Identifier: Apache-2.0
"""The registries of the suite: HTTP on port 80, TLS on 443 and 8443 of every address. 8444
asks each client for another ClientHello.
And what a build must not find: a service on port 9999, a resolver, an abstract socket.

server.py WORLD: certificates are WORLD/NAME.pem (key and chain), chosen by the name that
the client asks for. How it answers, the path says. What arrived is in WORLD/seen, one
line a request. It writes WORLD/ready when it listens.
"""
import asyncio
import base64
import gzip
import hashlib
import json
import os
import resource
import socket
import ssl
import struct
import sys
import time
import urllib.parse

import proxy

import outside

WORLD = sys.argv[1]
REPOSITORIES = os.path.join(WORLD, "git")
SEEN = open(os.path.join(WORLD, "seen"), "a", encoding="ascii", buffering=1)
BLOCK = bytes(range(256)) * 256  # 64 KiB


def contexts():
    known = {}
    for name in os.listdir(WORLD):
        if name.endswith(".test.pem"):
            known[name[:-4]] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            known[name[:-4]].load_cert_chain(os.path.join(WORLD, name))
    first = known["registry.test"]

    def choose(connection, name, _context):
        connection.context = known.get(name, first)

    first.sni_callback = choose
    return first


def head(status, *fields):
    lines = [f"HTTP/1.1 {status} Said By The Registry", "Server: test", *fields, "", ""]
    return "\r\n".join(lines).encode("latin-1")


def plain(body, *fields):
    return head(200, f"Content-Length: {len(body)}", "Content-Type: text/plain", *fields) + body


def reset(writer):
    """A RST, whatever is on its way."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def redirect(to):
    return head(302, f"Location: {to}", "Content-Length: 0")


# Answers that are the same bytes for everybody. What ends with None ends the connection.
FIXED = {
    "/chunked": [head(200, "Transfer-Encoding: chunked") + b"5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n"],
    "/until-close": [b"HTTP/1.0 200 OK\r\n\r\nhello world", None],
    "/longer": [head(200, "Content-Length: 99") + b"hello world", None],
    "/shorter": [head(200, "Content-Length: 5") + b"hello world", None],
    "/smuggled": [head(200, "Content-Length: 5") + b"hello" + head(200, "Content-Length: 4") + b"evil"],
    "/bad-chunk": [head(200, "Transfer-Encoding: chunked") + b"5\r\nhello\r\nzz\r\n world\r\n0\r\n\r\n", None],
    "/no-last-chunk": [head(200, "Transfer-Encoding: chunked") + b"5\r\nhello\r\n", None],
    "/two-lengths": [head(200, "Content-Length: 5", "Content-Length: 6") + b"hello", None],
    "/both-framings": [head(200, "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n", None],
    "/bare-lf": [b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", None],
    "/folded": [b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", None],
    "/huge-header": [head(200, "X-Huge: " + "x" * 100000, "Content-Length: 0"), None],
    "/long-header": [head(200, "X-Long: " + "x" * 3000, "Content-Length: 0")],
    "/not-http": [b"SSH-2.0-test\r\n", None],
    "/early": [head(100), head(103, "Link: </x>"), plain(b"hello world")],
    "/switch": [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nevil", None],
    "/no-content": [head(204)],
    "/not-found": [head(404, "Content-Length: 4") + b"none"],
    "/cut/-/cut-1.0.0.tgz": [head(200, "Content-Length: 99") + b"hello world", None],
    "/whole/-/whole-1.0.0.tgz": [plain(b"hello world")],
    "/part": [head(206, "Content-Range: bytes 0-4/11", "Content-Length: 5") + b"hello"],
    "/unchanged": [head(304, "Content-Length: 11")],
    "/nothing": [None],
    "/hop": [plain(b"hello", "Keep-Alive: timeout=5", "Proxy-Authenticate: Basic", "Alt-Svc: h3=:443",
        "Upgrade: h2c", "Connection: keep-alive, X-Hop", "X-Hop: x", "X-Kept: yes")],
    "/to-relative": [redirect("/plain")],
    "/to-absolute": [redirect("https://registry.test/plain")],
    "/to-loop": [redirect("/to-loop")],
    "/to-other": [redirect("https://files.test/granted?v=1")],
    "/to-clear": [redirect("http://files.test/clear-granted")],
    "/to-private": [redirect("http://other.test/never")],
    "/to-inward": [redirect("https://other.test/never")],
    "/to-limited": [redirect("https://limited.test/granted")],
    "/to-cloud": [redirect("http://cloud.test/never")],
    "/team/to-files": [redirect("https://files.test/team/granted")],
    "/team/refused": [head(401, "WWW-Authenticate: Bearer realm=x", "Set-Cookie: session=s", "Content-Length: 2") + b"no"],
    "/to-good": [redirect("https://files.test/good")],
    "/to-evil": [head(302, "Location: https://files.test/evil", "Content-Length: 9") + b"evil body"],
    "/to-listed": [redirect("https://registry.test/evil")],
    "/part-of": [head(206, "Content-Range: bytes 0-4/11", "Content-Length: 5") + b"plain"],
    "/mislabelled": [plain(b"plain /mislabelled", "Content-Encoding: gzip")],
    "/to-dots": [redirect("https://files.test/a/../granted")],
}


async def send_large(_request, writer, size):
    writer.write(head(200, f"Content-Length: {size}", "Content-Type: application/octet-stream"))
    for _ in range(size // len(BLOCK)):
        writer.write(BLOCK)
        await writer.drain()


async def send_endlessly(_request, writer):
    """A little, and at once more: whoever waits for it never waits long."""
    writer.write(head(200, "Content-Length: 999999999999"))
    until = time.monotonic() + 4
    while time.monotonic() < until and not writer.is_closing():
        writer.write(BLOCK[:1024])
        await writer.drain()
        await asyncio.sleep(0.002)


async def send_chunks(_request, writer):
    """Eight MiB that nothing announces."""
    writer.write(head(200, "Transfer-Encoding: chunked"))
    for _ in range(128):
        writer.write(b"10000\r\n" + BLOCK + b"\r\n")
        await writer.drain()
    writer.write(b"0\r\n\r\n")


async def send_nothing(_request, _writer):
    await asyncio.sleep(60)


async def send_slowly(_request, writer):
    """Eleven bytes of what never ends."""
    writer.write(head(200, "Content-Length: 1000000") + b"hello world")
    await writer.drain()
    await asyncio.sleep(60)


async def send_reset(_request, writer):
    writer.write(head(200, "Content-Length: 1000000") + BLOCK[:1000])
    await writer.drain()
    await asyncio.sleep(0.05)
    reset(writer)


async def send_echo(request, writer):
    writer.write(plain(request["head"] + request["body"]))


async def send_echo_head(request, writer):
    """What a request was authorised with, in a field of the answer."""
    said = request["fields"].get("authorization", "")
    if request["path"].startswith("/team/echo-location"):
        writer.write(redirect("/x?" + said.replace(" ", "+")))
    else:
        writer.write(head(200, f"X-Echo: {said}", "Content-Length: 0"))


async def send_echo_slowly(request, writer):
    """A byte a chunk."""
    writer.write(head(200, "Transfer-Encoding: chunked"))
    for byte in request["head"]:
        writer.write(b"1\r\n%c\r\n" % byte)
        await writer.drain()
    writer.write(b"0\r\n\r\n")


async def send_echo_base64(request, writer):
    writer.write(plain(base64.b64encode(b"x" + request["head"])))


COUNTED = iter(range(1 << 30))


async def send_counted(_request, writer):
    """Another page each time."""
    writer.write(plain(f"page {next(COUNTED)}\n".encode()))


async def send_late(_request, writer):
    """All of a thousand clients are here before the first is answered."""
    await asyncio.sleep(1)
    writer.write(plain(b"late"))


async def send_encoded(request, writer):
    """Compressed for those who say that they like it, and for one path for everybody."""
    body = b"plain " + request["path"].encode()
    if request["path"] == "/encoded-always" or "gzip" in request["fields"].get("accept-encoding", ""):
        writer.write(plain(gzip.compress(body), "Content-Encoding: gzip"))
    else:
        writer.write(plain(body))


async def send_file(request, writer):
    """WORLD/files/PATH, in pieces when a range is asked for."""
    name = os.path.join(WORLD, "files", urllib.parse.unquote(request["path"].partition("?")[0])[7:].replace("/", "+"))
    if not os.path.exists(name):
        writer.write(head(404, "Content-Length: 0"))
        return
    with open(name, "rb") as file:
        body = file.read()
    if "range" in request["fields"]:
        writer.write(head(206, "Content-Range: bytes 0-1/9", "Content-Length: 2") + body[:2])
    else:
        kind = "text/html" if name.endswith("+") else "application/octet-stream"
        writer.write(head(200, f"Content-Length: {len(body)}", f"Content-Type: {kind}") + body)


async def send_resumed(_request, writer):
    """Whether this connection had a certificate of its own. The next one has to be new."""
    tls = writer.get_extra_info("ssl_object")
    writer.write(plain(b"resumed" if tls.session_reused else b"whole", "Connection: close"))


async def send_git(request, writer):
    """git http-backend, as a CGI program."""
    path, _, query = request["path"].partition("?")
    env = {"GIT_PROJECT_ROOT": REPOSITORIES, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path[4:],
        "REQUEST_METHOD": request["method"], "QUERY_STRING": query, "PATH": os.environ["PATH"],
        "CONTENT_TYPE": request["fields"].get("content-type", ""),
        "GIT_PROTOCOL": request["fields"].get("git-protocol", ""),
        "HTTP_CONTENT_ENCODING": request["fields"].get("content-encoding", ""),
        "CONTENT_LENGTH": str(len(request["body"])), "REMOTE_USER": "somebody", "HOME": WORLD}
    backend = await asyncio.create_subprocess_exec("git", "http-backend", env=env,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    out, _ = await backend.communicate(request["body"])
    fields, _, body = out.partition(b"\r\n\r\n")
    writer.write(head(200, *fields.decode().split("\r\n"), f"Content-Length: {len(body)}") + body)


async def send_package(request, writer):
    """A file of packages.py. What somebody published would be welcome, too."""
    path = os.path.join(WORLD, "packages", urllib.parse.unquote(request["path"].partition("?")[0])[1:])
    if os.path.isdir(path):
        path = os.path.join(path, "index.html")
    if request["method"] not in ("GET", "HEAD"):
        writer.write(plain(b"{}"))
    elif not os.path.isfile(path):
        writer.write(head(404, "Content-Length: 0"))
    else:
        with open(path, "rb") as file:
            body = file.read()
        kind = "text/html" if body.startswith(b"<!DOCTYPE") else "application/octet-stream"
        fields = head(200, f"Content-Length: {len(body)}", f"Content-Type: {kind}")
        writer.write(fields + (b"" if request["method"] == "HEAD" else body))


BEHAVIOURS = {
    "/large": lambda r, w: send_large(r, w, 8 << 20),
    "/chunks": send_chunks,
    "/silent": send_nothing,
    "/slow": send_slowly,
    "/reset": send_reset,
    "/team/echo-head": send_echo_head,
    "/team/echo-location": send_echo_head,
    "/team/echo-slowly": send_echo_slowly,
    "/team/echo-base64": send_echo_base64,
    "/team/echo": send_echo,
    "/team/large": lambda r, w: send_large(r, w, 8 << 20),
    "/echo": send_echo,
    "/counted": send_counted,
    "/late": send_late,
    "/git/": send_git,
    "/encoded": send_encoded,
    "/files/": send_file,
    "/resumed": send_resumed,
    "/endless": send_endlessly,
}


async def read_body(reader, fields):
    if fields.get("transfer-encoding") == "chunked":
        body = b""
        while size := int(await reader.readline(), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
        return body
    return await reader.readexactly(int(fields.get("content-length", 0)))


async def read_request(reader, writer):
    raw = await reader.readuntil(b"\r\n\r\n")
    first, *lines = raw[:-4].decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    fields = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
    tls = writer.get_extra_info("ssl_object")
    seen = {"method": method, "path": path, "host": fields.get("host"), "tls": tls is not None,
        "authorization": fields.get("authorization"), "token": fields.get("private-token")}
    SEEN.write(json.dumps(seen) + "\n")
    return {"method": method, "path": path, "head": raw, "fields": fields, "body": await read_body(reader, fields)}


async def answer(request, writer):
    path = request["path"]
    for begin, behaviour in BEHAVIOURS.items():
        if path.startswith(begin):
            await behaviour(request, writer)
            return True
    if request["fields"].get("host") == "packages.test":
        await send_package(request, writer)
        return True
    for part in FIXED.get(path, [plain(b"" if request["method"] == "HEAD" else b"plain " + path.encode())]):
        if part is None:
            return False
        writer.write(part)
        await writer.drain()
    return True


async def serve(reader, writer):
    try:
        while await answer(request := await read_request(reader, writer), writer):
            await writer.drain()
            if request["path"].startswith("/last"):
                await read_request(reader, writer)
                break
        writer.close()
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, EOFError):
        writer.transport.abort()


class Datagrams(asyncio.DatagramProtocol):
    """Nobody should ever come here."""

    def datagram_received(self, data, addr):
        SEEN.write(json.dumps({"udp": data.hex(), "text": repr(data)}) + "\n")


async def stranger(_reader, writer):
    SEEN.write(json.dumps({"udp": "none", "text": "a connection"}) + "\n")
    writer.close()


async def talk_first(reader, writer):
    """Neither TLS nor HTTP: greets, and says everything again until its client ends."""
    writer.write(b"220 raw\r\n")
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def lie_in_wait():
    loop = asyncio.get_running_loop()
    for place in (("127.0.0.53", 53), ("127.0.0.1", 9999)):
        await loop.create_datagram_endpoint(Datagrams, place)
        await asyncio.start_server(stranger, *place)
    await asyncio.start_unix_server(stranger, "\0cupel-world")


async def main(far):
    parent = os.getppid()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    context = contexts()
    again = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    again.load_cert_chain(os.path.join(WORLD, "tunnel.test.pem"))
    again.set_ecdh_curve("secp521r1")
    for port, tls in ((80, None), (443, context), (8443, context), (8444, again)):
        await asyncio.start_server(serve, None, port, ssl=tls, backlog=2048, reuse_address=True)
        if port in far:
            await asyncio.start_server(serve, sock=far[port], ssl=tls)
    await asyncio.start_server(talk_first, None, 2222)
    await lie_in_wait()
    await proxy.start(SEEN)
    with open(os.path.join(WORLD, "large.sha256"), "w", encoding="ascii") as file:
        file.write(hashlib.sha256(BLOCK * 128).hexdigest())
    with open(os.path.join(WORLD, "ready"), "w", encoding="ascii"):
        pass
    # Not longer than those who started it, however they end.
    while os.getppid() == parent:
        await asyncio.sleep(0.5)


asyncio.run(main(outside.listeners((80, 443))))

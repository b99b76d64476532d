# SPDX-License-Identifier: Apache-2.0
"""Proxies of the suite, for CONNECT alone, on ports of 127.0.0.1. Which names there are
behind them, and which ports they let through, only they know."""
import asyncio
import base64
import json

BEHIND = {"behind.test", "registry.test", "tunnel.test", "clear.test", "files.test", "behind.internal"}
WANTED = "Basic " + base64.b64encode(b"ci:proxy-8a7b6c5d4e3f2a1b").decode()
ANSWERS = {
    3128: b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n",
    3129: b"HTTP/1.1 200 OK\r\n\r\n",
    3130: b"HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nevil",
    3131: b"HTTP/1.1 200 OK\n\n",
    3132: b"SSH-2.0-proxy\r\n",
    3133: b"HTTP/1.1 200 OK\r\nX: " + b"x" * 20000 + b"\r\n\r\n",
    3134: b"",
}


async def copy(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def serve(reader, writer, port, seen):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    method, target, _ = head.split("\r\n")[0].split(" ")
    host, _, to = target.rpartition(":")
    given = [line[21:] for line in head.split("\r\n") if line.startswith("Proxy-Authorization: ")]
    seen.write(json.dumps({"proxy": port, "method": method, "host": host, "port": to, "given": given}) + "\n")
    answer = ANSWERS[port]
    if port == 3129 and given != [WANTED]:
        answer = b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
    elif host not in BEHIND:
        answer = b"HTTP/1.1 502 Unknown\r\nContent-Length: 0\r\n\r\n"
    # Byte by byte, so that nobody sees the whole of it at once.
    for i in range(min(len(answer), 40)):
        writer.write(answer[i:i + 1])
        await writer.drain()
        await asyncio.sleep(0)
    writer.write(answer[40:])
    if not answer.startswith(b"HTTP/1.1 2") or port > 3129:
        writer.close()
        return
    up_reader, up_writer = await asyncio.open_connection("127.0.0.1", int(to))
    await asyncio.gather(copy(reader, up_writer), copy(up_reader, writer), return_exceptions=True)
    up_writer.close()
    writer.close()


async def start(seen):
    for port in ANSWERS:
        await asyncio.start_server(lambda r, w, port=port: serve(r, w, port, seen), "127.0.0.1", port)

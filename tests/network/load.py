# SPDX-License-Identifier: Apache-2.0
"""Run as a build: many connections, and slow ones.

load.py HALF SHA256 [wait]: SHA256 is of /large; wait: until the slow ones were ended.
"""
import asyncio
import hashlib
import socket
import ssl
import sys
import threading
import time

from client import Answer, check, connect, same

HEAD_SECONDS = 30 # that a head may take
SLOW = 200
stop = threading.Event()


def trickle(connections):
    """One byte a second on each, for ever."""
    text = b"GET /never-slow HTTP/1.1\r\nHost: clear.test\r\nX: " + b"x" * 1000
    for byte in text:
        for s in connections:
            try:
                s.send(bytes((byte,)))
            except OSError:
                pass
        if stop.wait(1):
            break


def open_slow():
    """Half of them are in the middle of a head, half of a ClientHello that has begun."""
    connections = [connect("clear.test", 80) for _ in range(SLOW // 2)]
    connections += [connect("registry.test", 443) for _ in range(SLOW // 2)]
    for s in connections[SLOW // 2:]:
        s.sendall(b"\x16\3\1\2\0\1\0\1\xfc\3\3")
    threading.Thread(target=trickle, args=(connections[:SLOW // 2],), daemon=True).start()
    return connections


async def fetch_late(host, context):
    reader, writer = await asyncio.open_connection(host, 443 if context else 80, ssl=context)
    writer.write(f"GET /late HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"late")


async def many(count, host, context=None):
    jobs = (fetch_late(host, context) for _ in range(count))
    results = await asyncio.wait_for(asyncio.gather(*jobs, return_exceptions=True), 60)
    wrong = [r for r in results if r is not True]
    check(f"{count} connections at a time to {host}", not wrong, (len(wrong), wrong[:3]))


def is_over(s):
    try:
        s.settimeout(1)
        while s.recv(4096):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:
        return True


def main():
    began = time.monotonic()
    slow = open_slow()
    for url in ("https://registry.test/large", "http://clear.test/large"):
        answer = Answer(url)
        same(f"{url} beside {SLOW} slow clients", hashlib.sha256(answer.body).hexdigest(), sys.argv[2])
        check(f"{url} is not slowed down", answer.seconds < 10, answer.seconds)
    asyncio.run(many(1000, "clear.test"))
    asyncio.run(many(200, "registry.test", ssl.create_default_context()))
    same("a request after them", Answer("https://registry.test/plain").status, 200)
    if len(sys.argv) > 3:
        time.sleep(max(0, HEAD_SECONDS + 2 - (time.monotonic() - began)))
        same("slow clients are ended", sum(not is_over(s) for s in slow), 0)
    stop.set()


main()

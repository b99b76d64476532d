# SPDX-License-Identifier: Apache-2.0
"""What the suite's programs inside a build share: TAP points, and clients with no manners."""
import errno
import http.client
import socket
import ssl
import sys
import time

HALF = sys.argv[1] if len(sys.argv) > 1 else "?"


def check(name, fits, detail=""):
    print(f"{'ok' if fits else 'not ok'} - {name} ({HALF})", flush=True)
    if not fits:
        print(f"# {str(detail)[:2000]!r}", flush=True)


def same(name, got, wanted):
    check(name, got == wanted, f"{got!r} instead of {wanted!r}")


def failure(function, *arguments):
    """The name of the errno, or None when it succeeded."""
    try:
        function(*arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return None


def read_all(s):
    """What comes until the end; a reset is an end, too."""
    got = b""
    try:
        while part := s.recv(65536):
            got += part
    except OSError as error:
        if isinstance(error, TimeoutError):
            got += b"(and it stayed open)"
    return got


def connect(host, port, seconds=5):
    return socket.create_connection((host, port), seconds)


def secured(host, port=443, name=None, context=None):
    context = context or ssl.create_default_context()
    return context.wrap_socket(connect(host, port), server_hostname=name or host)


def said(host, port, sent, tls=False):
    """All that is answered to these bytes."""
    with secured(host, port) if tls else connect(host, port) as s:
        try:
            s.sendall(sent)
        except ConnectionError:
            pass  # answered before all of it was there
        return read_all(s)


def status(answer):
    first = answer.split(b"\r\n", 1)[0].split(b" ")
    return int(first[1]) if len(first) > 1 and first[0].startswith(b"HTTP/1.") else None


class Answer:
    """Of one request, by a client that is strict about where a body ends."""

    def __init__(self, url, method="GET", body=None, fields=None):
        scheme, _, rest = url.partition("://")
        host, _, path = rest.partition("/")
        kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        connection = kind(host, timeout=20)
        started = time.monotonic()
        try:
            connection.request(method, "/" + path, body, fields or {})
            answer = connection.getresponse()
            self.status, self.fields = answer.status, dict((k.lower(), v) for k, v in answer.getheaders())
            self.body = answer.read()
            self.error = None
        except (OSError, http.client.HTTPException) as error:
            self.error = error
            self.status, self.body = getattr(self, "status", None), b""
        self.seconds = time.monotonic() - started
        connection.close()

    def __repr__(self):
        return f"{self.status} {self.body!r} {self.error!r}"


def is_cut(answer):
    """The client cannot take it for whole."""
    return answer.error is not None or answer.status == 502

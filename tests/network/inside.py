# SPDX-License-Identifier: Apache-2.0
"""Run as a build: what it finds of the network, and of the certificates. TAP, without a plan."""
import errno
import glob
import os
import socket
import ssl
import struct
import subprocess
import sys

WORLD, HALF = sys.argv[1:3]
SIX = WORLD == "trusted"


def check(name, ok, detail=""):
    print(f"{'ok' if ok else 'not ok'} - {WORLD}: {name} ({HALF})")
    if not ok:
        print(f"# {detail}")


def failure(function, *arguments):
    """The name of the errno, or None when it succeeded."""
    try:
        function(*arguments)
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return None


def connect(address, port, kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    s.settimeout(5)
    s.connect((address, port))
    return s


def told(address, port):
    try:
        with connect(address, port) as s:
            return s.makefile().readline().split()
    except OSError as error:
        return [str(error)]


def same(name, got, wanted):
    check(name, got == wanted, f"{got!r} instead of {wanted!r}")


# The network.


def unreachable():
    places = ["203.0.113.1", "10.0.0.1", "8.8.8.8", "169.254.169.254", "198.17.255.255", "198.20.0.1"]
    places += ["2001:db8::1", "fd63:7570:656d::5", "64:ff9b::808:808"] if SIX else []
    for place in places:
        for kind, what in ((socket.SOCK_STREAM, "TCP"), (socket.SOCK_DGRAM, "UDP")):
            same(f"no way to {place} over {what}", failure(connect, place, 443, kind), "ENETUNREACH")


def arrivals():
    for address, port in (("198.18.5.5", 443), ("198.19.255.254", 80), ("198.18.0.1", 8443)):
        want = f"::ffff:{address}" if SIX else address
        source = "::ffff:198.18.0.1" if SIX else "198.18.0.1"
        same(f"{address}:{port} arrives", told(address, port), [want, str(port), source])
    for port in (443, 80) if SIX else ():
        here = "fd63:7570:656c::5"
        same(f"[{here}]:{port} arrives", told(here, port), [here, str(port), "fd63:7570:656c::1"])
    if not SIX:
        same("there is no IPv6", failure(connect, "fd63:7570:656c::5", 443) in ("ENETUNREACH", "EADDRNOTAVAIL"), True)
    same("a port without listener is refused", failure(connect, "198.18.5.5", 81), "ECONNREFUSED")
    with connect("198.18.5.5", 443, socket.SOCK_DGRAM) as s:
        s.send(b"x")
        same("so is UDP", failure(s.recv, 1), "ECONNREFUSED")


def names():
    with open("/etc/resolv.conf", encoding="ascii") as file:
        same("the resolver is the gateway", file.readline(), "nameserver 127.0.0.1\n")
    out = subprocess.run(["getent", "ahostsv4", "registry.example"], capture_output=True, check=False).stdout
    same("getent finds a name", out.split()[:1], [b"198.18.5.5"])
    found = {i[4][0] for i in socket.getaddrinfo("registry.example", 443)}
    same("getaddrinfo finds both", found, {"198.18.5.5", "fd63:7570:656c::5"})
    flags = {"family": socket.AF_INET, "flags": socket.AI_ADDRCONFIG}
    same("AI_ADDRCONFIG finds it", failure(lambda: socket.getaddrinfo("registry.example", 443, **flags)), None)
    with connect("127.0.0.1", 53) as s:
        question = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1"
        s.sendall(struct.pack("!H", len(question)) + question)
        same("DNS over TCP answers", s.makefile("rb").read()[-4:], bytes((198, 18, 5, 5)))


def change(kind, body, *attributes, flags=0x605):
    """What rtnetlink says to a request with NLM_F_REQUEST | ACK | CREATE | EXCL."""
    for number, value in attributes:
        body += struct.pack("HH", 4 + len(value), number) + value
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        s.settimeout(5)
        s.send(struct.pack("IHHII", 16 + len(body), kind, flags, 1, 0) + body)
        code = -struct.unpack_from("i", s.recv(512), 16)[0]
    return errno.errorcode.get(code, code)


def changes():
    lo, pack = struct.pack("I", 1), socket.inet_aton
    ten, ours = pack("10.0.0.0"), pack("198.18.0.0")
    route = lambda bits: struct.pack("8BI", 2, bits, 0, 0, 255, 4, 254, 2, 0)
    address = struct.pack("4BI", 2, 32, 0, 0, 1)
    same("it can add no route", change(24, route(8), (1, ten), (4, lo)), "EPERM")
    same("nor remove ours", change(25, route(15), (1, ours), (4, lo), flags=5), "EPERM")
    same("it can add no address", change(20, address, (2, pack("10.0.0.1")), (1, pack("10.0.0.1"))), "EPERM")
    same("nor remove ours", change(21, address, (2, pack("198.18.0.1")), flags=5), "EPERM")
    same("nor take lo down", change(16, struct.pack("BBHiII", 0, 0, 0, 1, 0, 1), flags=5), "EPERM")


def taken(kind, family, place, *options):
    s = socket.socket(family, kind)
    for o in options:
        s.setsockopt(socket.SOL_SOCKET, o, 1)
    s.bind(place)
    if kind == socket.SOCK_STREAM:
        s.listen()


def places():
    both = (socket.SO_REUSEADDR, socket.SO_REUSEPORT)
    for place in ("0.0.0.0", "198.18.5.5", "127.0.0.1"):
        got = failure(taken, socket.SOCK_STREAM, socket.AF_INET, (place, 8443), *both)
        same(f"{place}:8443 is taken", got, "EADDRINUSE")
    got = failure(taken, socket.SOCK_DGRAM, socket.AF_INET, ("127.0.0.1", 53), *both)
    check("so is the resolver's", got in ("EACCES", "EADDRINUSE"), got)


# The certificates.

PEM = """ssl/certs/ca-certificates.crt ssl/cert.pem ssl/ca-bundle.pem pki/tls/certs/ca-bundle.crt
    pki/tls/cert.pem pki/ca-trust/extracted/pem/tls-ca-bundle.pem""".split()


def read(path):
    with open(path, "rb") as file:
        return file.read()


def refused(path):
    attempts = {
        "writing": lambda: open(path, "r+b"),
        "chmod": lambda: os.chmod(path, 0o666),
        "unlink": lambda: os.unlink(path),
        "rename": lambda: os.rename(path, path + "x"),
        "making": lambda: open(path + "x", "xb"),
    }
    got = {name: failure(attempt) for name, attempt in attempts.items()}
    return [name for name, code in got.items() if code not in ("EROFS", "EACCES", "EPERM")]


def certificates(pem, jks):
    for path in PEM:
        same(f"/etc/{path} is the gateway's", read(f"/etc/{path}").decode(), pem)
        same(f"/etc/{path} cannot be changed", refused(f"/etc/{path}"), [])
    same("nothing of the host's is beside it", sorted(os.listdir("/etc/ssl/certs")),
        ["a700db52.0", "ca-bundle.crt", "ca-certificates.crt", "java"])
    stores = glob.glob("/usr/lib/jvm/*/lib/security/cacerts")
    for path in ["/etc/ssl/certs/java/cacerts"] + stores:
        same(f"{path} is the gateway's", len(read(path)), int(jks))
        same(f"{path} cannot be changed", refused(path), [])
    known = [dict(x[0] for x in c["subject"])["commonName"] for c in ssl.create_default_context().get_ca_certs()]
    same("OpenSSL trusts it alone", known, ["test authority"])


if WORLD == "none":
    same("the resolver is nobody", read("/etc/resolv.conf"), b"")
    same("no way to the synthetic network", failure(connect, "198.18.5.5", 443), "ENETUNREACH")
    same("nor in IPv6", failure(connect, "fd63:7570:656c::5", 443) in ("ENETUNREACH", "EADDRNOTAVAIL"), True)
    same("nobody answers names", failure(connect, "127.0.0.1", 53), "ECONNREFUSED")
else:
    names()
    arrivals()
    unreachable()
    changes()
    places()
    certificates(*sys.argv[3:5])
same("no descriptor is left open", sorted(os.listdir("/proc/self/fd")), ["0", "1", "2", "3"])

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
import threading

WORLD, HALF = sys.argv[1:3]
SIX = "no-ipv6" not in WORLD
PORTS = "ports" in WORLD
SELF, SELF6, HERE6 = "198.18.0.1", "fd63:7570:656c::1", "fd63:7570:656c::5"


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


def mapped(address):
    """As the listeners of two families tell it."""
    return f"::ffff:{address}" if SIX and PORTS else address


def arrivals():
    places = [("198.18.5.5", 443), ("198.19.255.254", 80)]
    places += [(SELF, 8443)] if PORTS else [("198.18.5.5", 1), ("198.18.0.0", 443), ("198.19.255.255", 65535)]
    for address, port in places:
        same(f"{address}:{port} arrives", told(address, port), [mapped(address), str(port), mapped(SELF)])
    for port in (443, 80) if SIX else ():
        same(f"[{HERE6}]:{port} arrives", told(HERE6, port), [HERE6, str(port), SELF6])
    if SIX:
        same("a mapped address is IPv4's", told("::ffff:198.18.5.5", 443), [mapped("198.18.5.5"), "443", mapped(SELF)])
    else:
        same("there is no IPv6", failure(connect, HERE6, 443) in ("ENETUNREACH", "EADDRNOTAVAIL"), True)
    if PORTS:
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


def netfilter():
    """What nfnetlink says to a request for our table to be gone, if there is a way to say so."""
    head = lambda kind, flags, length=20: struct.pack("IHHII", length, kind, flags, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as s:
        s.settimeout(5)
        batch = struct.pack("BBH", 0, 0, socket.htons(10))
        name = struct.pack("HH", 10, 1) + b"cupel\0\0\0"
        gone = head(10 << 8 | 2, 5, 20 + len(name)) + struct.pack("BBH", 1, 0, 0) + name
        s.send(head(16, 1) + batch + gone + head(17, 1) + batch)
        code = -struct.unpack_from("i", s.recv(512), 16)[0]
    raise OSError(code, os.strerror(code))


def transparent(family, level, option):
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.setsockopt(level, option, 1)


def taken(kind, family, place, *options):
    s = socket.socket(family, kind)
    for o in options:
        s.setsockopt(socket.SOL_SOCKET, o, 1)
    s.bind(place)
    if kind == socket.SOCK_STREAM:
        s.listen()
    return s


BOTH = (socket.SO_REUSEADDR, socket.SO_REUSEPORT)


def places():
    ours = [("127.0.0.1", 53), ("0.0.0.0", 53)]
    ours += [(place, 8443) for place in ("0.0.0.0", "198.18.5.5", "127.0.0.1")] if PORTS else [("198.18.0.0", 53)]
    for place in ours:
        got = failure(taken, socket.SOCK_STREAM, socket.AF_INET, place, *BOTH)
        same(f"{place[0]}:{place[1]} is taken", got, "EADDRINUSE")
    if SIX:
        six = ("::", 443 if PORTS else 53)
        same("so it is in IPv6", failure(taken, socket.SOCK_STREAM, socket.AF_INET6, six, *BOTH), "EADDRINUSE")
    for place in ("127.0.0.1", "0.0.0.0"):
        got = failure(taken, socket.SOCK_DGRAM, socket.AF_INET, (place, 53), *BOTH)
        same(f"{place}:53 over UDP is the resolver's", got, "EADDRINUSE")
    same("it cannot speak to netfilter", failure(netfilter), "EPROTONOSUPPORT")
    same("nor be transparent", failure(transparent, socket.AF_INET, socket.SOL_IP, 19), "EPERM")
    same("nor so in IPv6", failure(transparent, socket.AF_INET6, socket.IPPROTO_IPV6, 75), "EPERM")


class Server:
    """A server of the build's own, which says that it is one, and to whom."""

    def __init__(self, address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = taken(socket.SOCK_STREAM, family, (address, port), socket.SO_REUSEADDR)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            try:
                peer, address = self.socket.accept()
            except OSError:
                return
            peer.sendall(f"own {address[0]}\n".encode())
            peer.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.socket.close()


def from_synthetic(place):
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        s.settimeout(5)
        s.bind(("198.18.7.7", 0))
        s.connect(place)
        return s.makefile().readline().split()


def own_servers():
    gateway = lambda port: ["198.18.5.5", str(port), SELF]
    for port in (80, 443, 8080):
        with connect("198.18.5.5", port), Server("0.0.0.0", port):
            for address in ("127.0.0.1", "127.9.9.9", SELF):
                same(f"its own server at {address}:{port}", told(address, port)[:1], ["own"])
            same(f"and the gateway beside it at {port}", told("198.18.5.5", port), gateway(port))
        with Server("127.0.0.1", port):
            same(f"its own server on loopback at {port}", told("127.0.0.1", port), ["own", "127.0.0.1"])
            same(f"and the gateway beside that at {port}", told("198.18.5.5", port), gateway(port))
        same(f"nobody is at {port} any more", failure(connect, "127.0.0.1", port), "ECONNREFUSED")
    with Server("198.18.5.5", 443):
        same("it cannot stand in for a registry", told("198.18.5.5", 443), gateway(443))
    with Server(SELF, 9000):
        same("a source of its choice reaches its own", from_synthetic((SELF, 9000)), ["own", "198.18.7.7"])
        same("and the gateway", from_synthetic(("198.18.5.5", 443)), ["198.18.5.5", "443", "198.18.7.7"])
    same("none of its own at its address", failure(connect, SELF, 443), "ECONNREFUSED")
    if SIX:
        with Server("::", 443):
            for address in ("::1", SELF6, "127.0.0.1", "::ffff:127.0.0.1"):
                same(f"its own server at {address}", told(address, 443)[:1], ["own"])
            same("and the gateway in IPv6", told(HERE6, 443), [HERE6, "443", SELF6])
            same("and in IPv4", told("198.18.5.5", 443), gateway(443))


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
    with Server("127.0.0.1", 80):
        same("a server of its own on any port", told("127.0.0.1", 80), ["own", "127.0.0.1"])
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
    if not PORTS:
        own_servers()
    certificates(*sys.argv[3:5])
same("no descriptor is left open", sorted(os.listdir("/proc/self/fd")), ["0", "1", "2", "3"])

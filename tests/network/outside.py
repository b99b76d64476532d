# SPDX-License-Identifier: Apache-2.0
"""Another machine for the world: a network namespace at the other end of a virtual cable.
11.0.0.1 is there, a public address that is not ours; 11.0.0.2, as public, is ours."""
import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWNET = 0x40000000
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891c
libc = ctypes.CDLL(None, use_errno=True)


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def attribute(kind, value):
    return struct.pack("HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def connect_cable(name, peer, there):
    """RTM_NEWLINK: a pair of veth, the peer in the namespace `there`."""
    link = struct.pack("BxHiII", 0, 0, 0, 0, 0)
    far = link + attribute(3, peer + b"\0") + attribute(28, struct.pack("I", there))
    body = link + attribute(3, name + b"\0") + attribute(18, attribute(1, b"veth") + attribute(2, attribute(1, far)))
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as s:
        s.send(struct.pack("IHHII", 16 + len(body), 16, 0x605, 1, 0) + body)
        code = -struct.unpack_from("i", s.recv(512), 16)[0]
    if code:
        raise OSError(code, os.strerror(code))


def address(name, text):
    def request(number, value):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            fcntl.ioctl(s, number, struct.pack("16s", name) + value)

    inet = lambda a: struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(a))
    request(SIOCSIFADDR, inet(text))
    request(SIOCSIFNETMASK, inet("255.255.255.0"))
    request(SIOCSIFFLAGS, struct.pack("h14x", 0x41))


def listeners(ports):
    """Sockets that listen at the other end, by port."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY)
    checked(libc.unshare(CLONE_NEWNET))
    there = os.open("/proc/self/ns/net", os.O_RDONLY)
    checked(libc.setns(here, CLONE_NEWNET))
    connect_cable(b"outside", b"inside", there)
    address(b"outside", "11.0.0.2")
    checked(libc.setns(there, CLONE_NEWNET))
    address(b"inside", "11.0.0.1")
    found = {port: socket.create_server(("11.0.0.1", port), backlog=2048) for port in ports}
    checked(libc.setns(here, CLONE_NEWNET))
    os.close(here)
    os.close(there)
    return found

"""Requests to the kernel about network interfaces, addresses and routes.

Only the standard library is used, because the processes of a container run this module.

Source: https://www.rfc-editor.org/rfc/rfc3549
"""

import os
import socket
import struct

_NEW_LINK, _NEW_ADDRESS, _NEW_ROUTE = 16, 20, 24
_REQUEST, _ACKNOWLEDGE, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x200, 0x400
_UP = 0x1


def attribute(kind: int, value: bytes) -> bytes:
    """Returns an attribute of a request, padded to 4 bytes."""
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + bytes(-length % 4)


def add_bridge(name: str) -> None:
    """Adds a bridge, which joins interfaces, and activates it."""
    _add_link(name, "bridge", b"")
    _change_link(name, b"")


def add_pair(name: str, far: str, process: int) -> None:
    """Adds two interfaces that are the ends of one cable.

    Args:
        name: name of the end in the network namespace of the caller.
        far: name of the end in another network namespace.
        process: id of a process of that namespace.
    """
    other = _link() + attribute(3, _text(far)) + attribute(19, struct.pack("=I", process))
    _add_link(name, "veth", attribute(1, other))  # VETH_INFO_PEER


def join_bridge(name: str, bridge: str) -> None:
    """Adds an interface to a bridge and activates it."""
    _change_link(name, attribute(10, struct.pack("=I", socket.if_nametoindex(bridge))))


def activate(name: str) -> None:
    """Activates an interface."""
    _change_link(name, b"")


def add_address(interface: str, address: str, prefix: int = 32) -> None:
    """Adds an IPv4 address to an interface.

    Args:
        interface: name of the interface.
        address: the address.
        prefix: bits of the network that the interface reaches. Defaults to 32: the address alone.
    """
    packed = socket.inet_aton(address)
    index = socket.if_nametoindex(interface)
    head = struct.pack("=4BI", socket.AF_INET, prefix, 0, 0, index)
    _send(_NEW_ADDRESS, _CREATE, head + attribute(2, packed) + attribute(1, packed))


def add_local_route(interface: str) -> None:
    """Makes every IPv4 address one of an interface."""
    table, protocol, scope, kind = 255, 3, 254, 2  # local, boot, host, local
    route = struct.pack("=8BI", socket.AF_INET, 0, 0, 0, table, protocol, scope, kind, 0)
    index = struct.pack("=I", socket.if_nametoindex(interface))
    _send(_NEW_ROUTE, _CREATE, route + attribute(4, index))


def _add_link(name: str, kind: str, details: bytes) -> None:
    described = attribute(1, kind.encode()) + (attribute(2, details) if details else b"")
    body = _link() + attribute(3, _text(name)) + attribute(18, described)
    _send(_NEW_LINK, _CREATE | _EXCLUSIVE, body)


def _change_link(name: str, attributes: bytes) -> None:
    _send(_NEW_LINK, 0, _link(socket.if_nametoindex(name), _UP) + attributes)


def _link(index: int = 0, flags: int = 0) -> bytes:
    return struct.pack("=BxHiII", socket.AF_UNSPEC, 0, index, flags, flags)


def _text(name: str) -> bytes:
    return name.encode() + b"\0"


def _send(kind: int, flags: int, body: bytes) -> None:
    """Sends a request; raises an OSError with the reason of the kernel."""
    flags |= _REQUEST | _ACKNOWLEDGE
    message = struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as control:
        control.send(message)
        response = control.recv(4096)
    (code,) = struct.unpack_from("=i", response, 16)
    if code:
        raise OSError(-code, f"netlink request {kind}: {os.strerror(-code)}")

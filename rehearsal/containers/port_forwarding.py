"""Forwarding of connections into and out of the network namespace of a container.

Only the standard library is used, because the processes of a container run this module.
"""

import contextlib
import encodings.idna  # noqa: F401  host names need it, and the library may be hidden later
import fcntl
import socket
import struct
import threading
from collections.abc import Callable

Connect = Callable[[socket.socket], socket.socket]
"""Returns the connection to which an accepted one is forwarded."""
_CHUNK = 1 << 16
_RESET = struct.pack("ii", 1, 0)


def bring_loopback_up() -> None:
    """Activates the loopback interface, which is down in a new network namespace."""
    request = struct.pack("16sH14s", b"lo", 0x1 | 0x40, b"")  # IFF_UP | IFF_RUNNING
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, 0x8914, request)  # SIOCSIFFLAGS


def connect_tcp(host: str, port: int) -> Connect:
    """Returns a function that connects to a TCP port."""
    return lambda _: socket.create_connection((host, port))


def listen_tcp(host: str, port: int) -> socket.socket:
    """Returns a socket that listens on a TCP port."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(128)
    return listener


def forward(listener: socket.socket, connect: Connect) -> None:
    """Serves `listener` on a thread: forwards each connection to one that `connect` opens."""
    threading.Thread(target=_accept, args=(listener, connect), daemon=True).start()


def _accept(listener: socket.socket, connect: Connect) -> None:
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return  # the listener was closed: the container ends
        threading.Thread(target=_join, args=(near, connect), daemon=True).start()
        del near


def _join(near: socket.socket, connect: Connect) -> None:
    try:
        far = connect(near)
    except OSError:  # the target does not listen yet, or is not permitted
        with contextlib.suppress(OSError):
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        near.close()
        return
    back = threading.Thread(target=_copy, args=(far, near), daemon=True)
    back.start()
    _copy(near, far)
    back.join()
    near.close()
    far.close()


def _copy(source: socket.socket, target: socket.socket) -> None:
    """Copies one direction; the other one stays open after a half-close."""
    try:
        while chunk := source.recv(_CHUNK):
            target.sendall(chunk)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

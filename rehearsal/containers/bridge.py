"""The bridge between the containers of one job, seen from inside of their namespaces.

Only the standard library is used, because the processes of a container run this module.
"""

import os
import socket
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from rehearsal.containers import netlink, syscalls

INTERFACE = "eth0"
"""The interface of a container to the other ones of its job."""
READY = b"ready"
_BRIDGE = "cluster"


def main() -> NoReturn:
    """Creates the namespaces with the bridge and sends their file descriptors."""
    with socket.socket(fileno=int(sys.argv[1])) as control:
        try:
            user, group = os.getuid(), os.getgid()
            syscalls.unshare(syscalls.NEW_USER | syscalls.NEW_NETWORK)
            syscalls.map_user(user, group)
            netlink.add_bridge(_BRIDGE)
            namespaces = [
                os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
                for kind in ("user", "net")
            ]
        except OSError as error:
            control.sendall(str(error).encode()[:1024])
            os._exit(1)
        socket.send_fds(control, [READY], namespaces)
    os._exit(0)


def joining(place: Mapping[str, Any]) -> Callable[[], None]:
    """Enters the namespaces of the bridge, before the caller creates those of a container.

    Args:
        place: a `ClusterMember` in JSON.

    Returns:
        A function that connects the container; the caller calls it in its new network namespace.

    Raises:
        OSError: the namespaces cannot be entered.
    """
    for descriptor in place["descriptors"]:
        syscalls.enter_namespace(descriptor)
        os.close(descriptor)
    read, write = os.pipe()
    # The caller loses the permissions in these namespaces when it creates its own ones.
    helper = os.fork()
    if helper == 0:
        os.close(write)
        status = 1
        if os.read(read, 1):  # the caller is in its network namespace
            try:
                netlink.add_pair(place["host"], INTERFACE, os.getppid())
                netlink.join_bridge(place["host"], _BRIDGE)
                status = 0
            except OSError as error:
                os.write(2, f"{error}\n".encode())
        os._exit(status)
    os.close(read)

    def connect() -> None:
        os.write(write, b"1")
        os.close(write)
        if os.waitpid(helper, 0)[1]:
            raise OSError(f"{place['host']} cannot be connected to the other hosts")

    return connect


def configure(place: Mapping[str, Any]) -> None:
    """Gives the interface of a container its address."""
    netlink.add_address(INTERFACE, place["address"], place["prefix"])
    netlink.activate(INTERFACE)

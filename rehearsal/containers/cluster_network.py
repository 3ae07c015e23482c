"""The network between the containers of one job, whose hosts reach one another by name.

A bridge in a separate network namespace joins the containers, each of which has an interface with
an address there. Nothing else is on the bridge: neither the host, nor containers of other jobs.

The namespace of the bridge belongs to a user namespace, in which the user namespaces of the
containers are created; so no step needs a permission of the host. No process stays in it.
"""

import contextlib
import ipaddress
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.containers import bridge
from rehearsal.containers.interpreter import running_interpreter

_SUBNET = ipaddress.IPv4Network("10.64.0.0/16")
_ROOT = Path(__file__).resolve().parents[2]
_START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1));"
    "from rehearsal.containers.bridge import main; main()"
)


class ClusterNetworkError(Exception):
    """The kernel does not offer a network between containers."""


@dataclass(frozen=True)
class ClusterMember:
    """The place of a container in the network of its job.

    Args:
        host: name of the container.
        addresses: the address of each host.
        user_namespace: file descriptor of the user namespace of the network.
        network_namespace: file descriptor of the network namespace.
    """

    host: str
    addresses: Mapping[str, str]
    user_namespace: int
    network_namespace: int

    @property
    def descriptors(self) -> tuple[int, int]:
        """The file descriptors, which the container inherits."""
        return self.user_namespace, self.network_namespace

    def host_lines(self) -> list[str]:
        """Returns the lines of /etc/hosts."""
        return [f"{address} {host}" for host, address in self.addresses.items()]

    def to_json(self) -> dict[str, Any]:
        """Returns the place as the functions of `bridge` read it."""
        return {
            "host": self.host,
            "address": self.addresses[self.host],
            "prefix": _SUBNET.prefixlen,
            "descriptors": list(self.descriptors),
        }


@contextlib.contextmanager
def cluster_network(hosts: Sequence[str]) -> Iterator[list[ClusterMember]]:
    """Creates a network, which exists until its containers and the block have ended.

    Args:
        hosts: names of the hosts, at most 14 characters each.

    Yields:
        The member of each host.

    Raises:
        ClusterNetworkError: the kernel does not support it.
    """
    first = int(_SUBNET.network_address) + 1
    addresses = {
        host: str(ipaddress.IPv4Address(first + number)) for number, host in enumerate(hosts)
    }
    user, network = _create()
    try:
        yield [ClusterMember(host, addresses, user, network) for host in hosts]
    finally:
        os.close(user)
        os.close(network)


def _create() -> tuple[int, int]:
    """Returns file descriptors of the user and the network namespace of a new network."""
    program = str(running_interpreter().executable)
    near, far = socket.socketpair()
    with near:
        with far:
            process = subprocess.Popen(
                [program, "-I", "-S", "-c", _START, str(_ROOT), str(far.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[far.fileno()],
                env={},
            )
        message, descriptors, _, _ = socket.recv_fds(near, 1024, 2)
    process.wait()
    if message != bridge.READY:
        for descriptor in descriptors:
            os.close(descriptor)
        said = message.decode(errors="replace") or f"exit code {process.returncode}"
        raise ClusterNetworkError(
            f"This machine does not support a network between the instances of a job: {said}. "
            "Load the kernel modules veth and bridge (modprobe veth bridge), or use one instance."
        )
    user, network = descriptors
    return user, network

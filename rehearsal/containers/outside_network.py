"""The network outside of this machine, for builds in a separate network namespace.

No address of the host exists in the namespace. A local route makes every IPv4 address one of the
namespace, so that its init receives the connections of some ports; the launcher, in the host's
namespace, connects to the same address. It connects to no address of the host: neither loopback nor
link-local (metadata of instances), nor one of an interface, but for the ports of local registries.

Only the standard library is used, because the processes of a container run this module.
"""

import errno
import ipaddress
import socket
import threading
from collections.abc import Collection, Mapping, Sequence

from rehearsal.containers import name_server, netlink, port_forwarding

PORTS = (22, 80, 443, 9418)
"""SSH, HTTP, HTTPS and git."""
NAME_SERVER = "127.0.0.1"
"""The name server of the container, which forwards to those of the host."""
_ADDRESS = "192.0.2.2"
_DOMAIN = 53
_TIMEOUT = 5.0
_MAX_DATAGRAM = 65_535
_CONNECT_TIMEOUT = 60.0


def route_everything_to_loopback() -> None:
    """Makes every IPv4 address local, and adds one that is not loopback.

    The C library looks up no IPv4 addresses on a host that has only loopback ones.
    """
    netlink.add_local_route("lo")
    netlink.add_address("lo", _ADDRESS)


def listen_names() -> tuple[socket.socket, socket.socket]:
    """Returns sockets of the name server of the container, for UDP and for TCP."""
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.bind((NAME_SERVER, _DOMAIN))
    return datagrams, port_forwarding.listen_tcp(NAME_SERVER, _DOMAIN)


def connect_outside(
    allowed: Collection[tuple[str, int]], gateways: Mapping[tuple[str, int], tuple[str, int]]
) -> port_forwarding.Connect:
    """Returns a function that connects to the address to which an accepted connection was made.

    Args:
        allowed: addresses and ports of the host that are permitted, those of local registries.
        gateways: addresses and ports that lead to others of the host, such as that of AWS's names.
    """

    def connect(near: socket.socket) -> socket.socket:
        address, port = near.getsockname()[:2]
        if (address, port) in gateways:
            return port_forwarding.connect_tcp(*gateways[address, port])(near)
        if (address, port) not in allowed and is_of_host(address):
            raise OSError(errno.EACCES, f"{address} is an address of this machine")
        far = socket.create_connection((address, port), _CONNECT_TIMEOUT)
        far.settimeout(None)
        return far

    return connect


def is_of_host(address: str) -> bool:
    """Returns True for an address that leads to this machine or to no single other one."""
    ip = ipaddress.ip_address(address)
    if ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        return True
    if int(ip) >> 24 == 0 or str(ip) == "255.255.255.255":
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((address, 9))
        except OSError:
            return False  # no route: the connection fails with the reason
        if probe.getsockname()[0] == address:
            return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return not _binds_any_address()


def _binds_any_address() -> bool:
    with open("/proc/sys/net/ipv4/ip_nonlocal_bind") as setting:  # noqa: PTH123
        return setting.read().strip() == "1"


def serve_names(
    datagrams: socket.socket,
    servers: Sequence[str],
    aws_domains: Sequence[str],
    downloads: Sequence[str] = (),
) -> None:
    """Serves DNS queries on threads: AWS's names lead to the gateway, others to other servers.

    The names in `downloads` are where they are, although they are of AWS.
    """
    arguments = (datagrams, servers, aws_domains, downloads)
    threading.Thread(target=_receive, args=arguments, daemon=True).start()


def connect_name_server(servers: Sequence[str]) -> port_forwarding.Connect:
    """Returns a function that connects to the first name server that accepts."""

    def connect(_: socket.socket) -> socket.socket:
        for server in servers:
            try:
                far = socket.create_connection((server, _DOMAIN), _TIMEOUT)
            except OSError:
                continue
            far.settimeout(None)
            return far
        raise OSError(errno.ENETUNREACH, "no name server of this machine responds")

    return connect


def _receive(
    datagrams: socket.socket,
    servers: Sequence[str],
    aws_domains: Sequence[str],
    downloads: Sequence[str],
) -> None:
    while True:
        try:
            query, client = datagrams.recvfrom(_MAX_DATAGRAM)
        except OSError:
            return  # the container ends
        if name_server.asks_for(query, aws_domains, downloads):
            response = name_server.respond(query, aws_domains)
            if response is not None:
                datagrams.sendto(response, client)
            continue
        arguments = (datagrams, query, client, servers)
        threading.Thread(target=_look_up, args=arguments, daemon=True).start()


def _look_up(
    datagrams: socket.socket, query: bytes, client: tuple[str, int], servers: Sequence[str]
) -> None:
    for server in servers:
        family = socket.AF_INET6 if ":" in server else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as upstream:
            upstream.settimeout(_TIMEOUT)
            try:
                upstream.connect((server, _DOMAIN))
                upstream.send(query)
                response = upstream.recv(_MAX_DATAGRAM)
                datagrams.sendto(response, client)
            except OSError:
                continue  # the next server, else the client's own time limit
            return

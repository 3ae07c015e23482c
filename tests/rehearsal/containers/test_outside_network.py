"""Addresses that builds do not reach, and their name server."""

import socket
import threading

import pytest

from rehearsal.containers import outside_network


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3"),  # noqa: S104
        *("169.254.169.254", "169.254.1.1", "224.0.0.1", "255.255.255.255"),
    ],
)
def test_addresses_of_this_machine_and_of_metadata_are_recognized(address: str) -> None:
    assert outside_network.is_of_host(address)


def test_an_address_of_an_interface_is_recognized() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            probe.connect(("127.0.0.1", 9))
        own = probe.getsockname()[0]
    assert outside_network.is_of_host(own)


@pytest.mark.parametrize("address", ["198.51.100.1", "10.254.253.252", "8.8.8.8"])
def test_other_machines_are_recognized(address: str) -> None:
    assert not outside_network.is_of_host(address)


def test_queries_are_forwarded_to_a_name_server_that_responds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as upstream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inside,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        upstream.bind(("127.0.0.1", 0))
        monkeypatch.setattr(outside_network, "_DOMAIN", upstream.getsockname()[1])
        inside.bind(("127.0.0.1", 0))

        def respond() -> None:
            query, sender = upstream.recvfrom(512)
            upstream.sendto(query[::-1], sender)

        threading.Thread(target=respond, daemon=True).start()
        outside_network.serve_names(inside, ["127.0.0.1"], ())
        client.settimeout(60)
        client.sendto(b"0123456789abcdef", inside.getsockname())
        assert client.recv(512) == b"fedcba9876543210"

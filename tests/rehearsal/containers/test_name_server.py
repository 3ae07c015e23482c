"""Names in the network of a container."""

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from rehearsal.containers import name_server
from rehearsal.containers.image import Image
from rehearsal.containers.specification import Network
from tests.rehearsal.containers.containers import python

DOMAINS = ("amazonaws.com",)


def query(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)


def parsed(response: bytes | None) -> tuple[int, int]:
    """The response code, and the number of records."""
    assert response is not None
    identifier, flags, _, records, _, _ = struct.unpack_from("!6H", response)
    assert (identifier, flags & 0x8000) == (7, 0x8000)
    return flags & 15, records


def test_a_host_of_aws_is_at_the_loopback_interface() -> None:
    response = name_server.respond(query("STS.eu-west-1.amazonaws.com"), DOMAINS)
    assert parsed(response) == (0, 1)
    assert response is not None
    assert response.endswith(socket.inet_aton("127.0.0.1"))


def test_a_host_of_aws_has_no_other_address() -> None:
    assert parsed(name_server.respond(query("sts.amazonaws.com", kind=28), DOMAINS)) == (0, 0)


@pytest.mark.parametrize("name", ["example.org", "amazonaws.com", "xamazonaws.com"])
def test_other_names_do_not_exist(name: str) -> None:
    assert parsed(name_server.respond(query(name), DOMAINS)) == (3, 0)


def test_a_host_of_downloads_is_elsewhere() -> None:
    elsewhere = ("awscli.amazonaws.com",)
    assert not name_server.asks_for(query("AWSCLI.amazonaws.com"), DOMAINS, elsewhere)
    assert name_server.asks_for(query("sts.amazonaws.com"), DOMAINS, elsewhere)
    assert not name_server.asks_for(query("example.org"), DOMAINS, elsewhere)


@pytest.mark.parametrize("length", [0, 1, 11, 12, 14, 20])
def test_a_malformed_query_has_no_response(length: int) -> None:
    assert name_server.respond(query("sts.amazonaws.com")[:length], DOMAINS) is None


def test_a_query_of_random_bytes_has_no_response() -> None:
    assert name_server.respond(b"\xff" * 64, DOMAINS) is None


@pytest.fixture
def gateway() -> Iterator[str]:
    """The URL of a gateway that sends a line to each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_greet, args=(server,), daemon=True).start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}"


def _greet(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"the gateway\n")


PROGRAM = """
import socket
for host in ("sts.us-east-1.amazonaws.com", "a-bucket.s3.amazonaws.com"):
    with socket.create_connection((host, 443), 60) as connection:
        print(host, connection.recv(100).decode().strip())
try:
    socket.getaddrinfo("example.org", 443)
except socket.gaierror as error:
    print(error.errno == socket.EAI_NONAME)
"""


def test_a_container_reaches_the_gateway_by_the_names_of_aws_and_no_other_host(
    plain_image: Image, gateway: str
) -> None:
    code, lines = python(
        plain_image, PROGRAM, network=Network.AWS, environment={"AWS_ENDPOINT_URL": gateway}
    )
    assert (code, lines) == (
        0,
        [
            "sts.us-east-1.amazonaws.com the gateway",
            "a-bucket.s3.amazonaws.com the gateway",
            "True",
        ],
    )


def test_an_isolated_container_has_no_names(plain_image: Image) -> None:
    code, lines = python(plain_image, PROGRAM)
    assert code == 1
    assert "gaierror" in lines[-1]

"""Network access of containers."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.containers.container import Container
from rehearsal.containers.image import Image
from rehearsal.containers.mounts import Mount
from rehearsal.containers.registries import Outside
from rehearsal.containers.specification import Network
from tests.rehearsal.containers.containers import python, shell


@pytest.fixture
def host_server() -> Iterator[str]:
    """The URL of a web server of the host that returns `hello`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve_hello, args=(server,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def _serve_hello(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")


def own_addresses() -> list[str]:
    """The address of this machine towards others, else another one of its loopback interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return ["127.0.0.2"]
        return [probe.getsockname()[0]]


FETCH = "import sys, urllib.request as u; print(u.urlopen({url!r}, timeout=120).read().decode())"


class TestNetwork:
    def test_nothing_when_it_is_isolated(self, plain_image: Image, host_server: str) -> None:
        code, lines = python(plain_image, FETCH.format(url=host_server))
        assert code == 1
        assert "Connection refused" in lines[-1]
        code, lines = python(
            plain_image, "import socket; socket.create_connection(('192.0.2.1', 80), 3)"
        )
        assert "Network is unreachable" in lines[-1]

    def test_only_the_gateway_with_network_aws(self, plain_image: Image, host_server: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            program = (
                FETCH.format(url=host_server)
                + f"\nimport socket\nsocket.create_connection(('127.0.0.1', {port}), 3)"
            )
            _, lines = python(
                plain_image,
                program,
                network=Network.AWS,
                environment={"AWS_ENDPOINT_URL": host_server},
            )
        assert "hello" in lines
        assert any("Connection refused" in line for line in lines)

    def test_large_responses_pass_the_gateway_completely(self, plain_image: Image) -> None:
        size = 3_000_000
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=_send, args=(server, size), daemon=True).start()
            host, port = server.getsockname()
            program = (
                f"import socket; c = socket.create_connection(({host!r}, {port}))\n"
                "n = 0\nwhile d := c.recv(65536): n += len(d)\nprint(n)"
            )
            _, lines = python(
                plain_image,
                program,
                network=Network.AWS,
                environment={"AWS_ENDPOINT_URL": f"http://{host}:{port}"},
            )
        assert lines == [str(size)]

    def test_the_certificate_of_the_gateway_is_shown(
        self, plain_image: Image, host_server: str, tmp_path: Path
    ) -> None:
        bundle = tmp_path / "ca.pem"
        bundle.write_text("certificate")
        _, lines = shell(
            plain_image,
            "cat $AWS_CA_BUNDLE",
            network=Network.AWS,
            environment={"AWS_ENDPOINT_URL": host_server, "AWS_CA_BUNDLE": str(bundle)},
        )
        assert lines == ["certificate"]

    def test_network_aws_without_a_gateway_is_rejected(self, plain_image: Image) -> None:
        with pytest.raises(ValueError, match="AWS_ENDPOINT_URL"):
            Container(plain_image, entrypoint=["true"], network=Network.AWS)

    def test_the_internet_has_no_service_of_this_machine(
        self, plain_image: Image, host_server: str
    ) -> None:
        """Neither at a loopback address nor at one of an interface, on no port."""
        port = int(host_server.rpartition(":")[2])
        addresses = ["127.0.0.1", "localhost", "0.0.0.0", "169.254.169.254"]  # noqa: S104
        addresses += own_addresses()
        program = (
            "import socket\n"
            f"for place in [(a, p) for a in {addresses!r} for p in ({port}, 22, 80, 443)]:\n"
            "    try:\n"
            "        c = socket.create_connection(place, 60)\n"
            "        c.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')\n"
            "        print('reached' if c.recv(1) else 'closed')\n"
            "    except OSError as error:\n"
            "        print(type(error).__name__)\n"
        )
        outside = Outside(ports=(22, 80, 443, port))
        _, lines = python(plain_image, program, network=Network.INTERNET, outside=outside)
        assert set(lines) <= {"ConnectionRefusedError", "ConnectionResetError", "closed"}
        assert len(lines) == 4 * len(addresses)

    def test_the_internet_has_the_local_registries_that_the_settings_name(
        self, plain_image: Image, host_server: str
    ) -> None:
        port = int(host_server.rpartition(":")[2])
        _, lines = python(
            plain_image,
            FETCH.format(url=host_server),
            network=Network.INTERNET,
            outside=Outside(allowed=(("127.0.0.1", port),)),
        )
        assert lines == ["hello"]

    def test_the_internet_has_the_gateway_too(self, plain_image: Image, host_server: str) -> None:
        _, lines = python(
            plain_image,
            FETCH.format(url=host_server),
            network=Network.INTERNET,
            environment={"AWS_ENDPOINT_URL": host_server},
        )
        assert lines == ["hello"]

    def test_the_internet_passes_connections_to_their_address(self, plain_image: Image) -> None:
        """The address of an interface stands for another machine, because it is allowed here."""
        address = own_addresses()[0]
        with socket.create_server((address, 0)) as server:
            port = server.getsockname()[1]
            threading.Thread(target=_serve_hello, args=(server,), daemon=True).start()
            outside = Outside(ports=(port,), allowed=((address, port),))
            _, lines = python(
                plain_image,
                FETCH.format(url=f"http://{address}:{port}"),
                network=Network.INTERNET,
                outside=outside,
            )
        assert lines == ["hello"]

    def test_the_internet_has_a_name_server(self, plain_image: Image) -> None:
        _, lines = shell(plain_image, "cat /etc/resolv.conf", network=Network.INTERNET)
        assert lines[0] == "nameserver 127.0.0.1"

    def test_its_port_is_reached_through_a_socket(self, plain_image: Image, tmp_path: Path) -> None:
        (tmp_path / "index.html").write_text("served")
        path = tmp_path / "socket"
        container = Container(
            plain_image,
            entrypoint=["python3", "-m", "http.server", "8080", "--directory", "/srv"],
            mounts=[Mount(tmp_path, "/srv")],
            listen=path,
        )
        container.start()
        try:
            assert b"served" in _get(path)
        finally:
            container.stop(grace=0)
        assert not path.exists()


def _send(server: socket.socket, size: int) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(b"x" * size)


def _get(path: Path) -> bytes:
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
            response = b""
            try:
                client.sendall(b"GET /index.html HTTP/1.0\r\n\r\n")
                while chunk := client.recv(4096):
                    response += chunk
            except (BrokenPipeError, ConnectionResetError):
                response = b""
        if response:
            return response
        time.sleep(0.05)  # the program inside does not listen yet
    raise AssertionError("no response")

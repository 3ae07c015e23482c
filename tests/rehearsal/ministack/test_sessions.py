"""Sessions live as long as their owners: each costs a megabyte and connections."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rehearsal.framework.platform import Credentials
from rehearsal.ministack.sessions import _MAX_SESSIONS, SessionFactory

REGION = "us-east-1"


def credentials(number: int) -> Credentials:
    return Credentials(f"KEY{number}", "secret", "token", "arn:aws:sts::111111111111:role/r/s")


def test_a_session_is_shared_while_it_is_in_use(tmp_path: Path) -> None:
    factory = SessionFactory("https://127.0.0.1:1", tmp_path)
    held = factory.session(credentials(0), REGION)
    for number in range(1, 3 * _MAX_SESSIONS):
        factory.session(credentials(number), REGION)
    assert factory.session(credentials(0), REGION) is held
    assert factory.session(credentials(0), "eu-west-1") is not held


def test_a_session_without_an_owner_is_released(tmp_path: Path) -> None:
    factory = SessionFactory("https://127.0.0.1:1", tmp_path)
    sessions = [weakref.ref(factory.session(credentials(n), REGION)) for n in range(20)]
    gc.collect()
    alive = [reference for reference in sessions if reference() is not None]
    assert len(alive) == _MAX_SESSIONS


class Sts(BaseHTTPRequestHandler):
    """An STS without TLS, which counts connections."""

    protocol_version = "HTTP/1.1"
    connections: list[object] = []  # of the one server of a test

    def setup(self) -> None:
        super().setup()
        self.connections.append(self.client_address)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = f"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>{self._key()}</Arn>"
        body += "</GetCallerIdentityResult></GetCallerIdentityResponse>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def _key(self) -> str:
        """The access key id with which the request is signed."""
        return self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]

    def log_message(self, *arguments: object) -> None: ...


@pytest.fixture
def sts() -> Iterator[str]:
    Sts.connections.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Sts) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_sessions_share_connections_and_sign_with_their_credentials(
    sts: str, tmp_path: Path
) -> None:
    factory = SessionFactory(sts, tmp_path)
    clients = [factory.session(credentials(number), REGION).client("sts") for number in range(3)]
    assert [one.get_caller_identity()["Arn"] for one in clients] == ["KEY0", "KEY1", "KEY2"]
    assert len(Sts.connections) == 1

"""Unix sockets below long paths."""

import socket
from pathlib import Path

from rehearsal.containers import unix_socket


def test_a_socket_may_have_a_path_that_the_system_does_not_take(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 120) / "ü leer"
    folder.mkdir(parents=True)
    path = folder / "server.sock"
    with unix_socket.listen(path) as listener, socket.socket(socket.AF_UNIX) as client:
        unix_socket.connect(client, path)
        server, _ = listener.accept()
        with server:
            client.sendall(b"here")
            assert server.recv(4) == b"here"
    assert path.is_socket()

"""HTTP connections to a model server through its unix socket."""

from __future__ import annotations

import contextlib
import http.client
import queue
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.containers import unix_socket


@dataclass(frozen=True)
class HttpResponse:
    """An HTTP response; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class ServerConnection:
    """Connections to the server behind the unix socket `path` of the container `name`.

    May be used by many threads: each request takes an idle connection or opens one.
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name
        self._idle: queue.SimpleQueue[_UnixConnection] = queue.SimpleQueue()

    def request(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
        *,
        timeout: float,
    ) -> HttpResponse:
        """Sends a request.

        Raises:
            OSError: the server did not respond; TimeoutError if it did not in time.
        """
        # A server that has closed an idle connection has not read the request.
        with contextlib.suppress(queue.Empty, ConnectionError):
            return self._send(self._idle.get_nowait(), method, target, body, headers, timeout)
        return self._send(_UnixConnection(self.path), method, target, body, headers, timeout)

    def _send(
        self,
        connection: _UnixConnection,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
    ) -> HttpResponse:
        connection.set_timeout(timeout)
        try:
            connection.request(method, target, body, dict(headers))
            response = connection.getresponse()
            content = response.read()
        except http.client.RemoteDisconnected:
            connection.close()
            raise
        except http.client.HTTPException as error:
            connection.close()
            raise ConnectionAbortedError(f"not an HTTP response: {error!r}") from error
        except BaseException:
            connection.close()
            raise
        found = {name.lower(): value for name, value in response.getheaders()}
        if response.will_close:
            connection.close()
        else:
            self._idle.put(connection)
        return HttpResponse(response.status, found, content)

    def drop_idle(self) -> None:
        """Closes idle connections."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._idle.get_nowait().close()

    def close(self) -> None:
        """Closes idle connections and removes the socket's folder."""
        self.drop_idle()
        shutil.rmtree(self.path.parent, ignore_errors=True)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def set_timeout(self, timeout: float) -> None:
        self.timeout = timeout
        if self.sock is not None:
            self.sock.settimeout(timeout)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        unix_socket.connect(self.sock, self._path)

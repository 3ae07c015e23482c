"""An HTTP proxy that leads connections to AWS's host names to the gateway.

It supports CONNECT (RFC 9110, 9.3.6), which clients use for HTTPS. Connections to other hosts pass
through unchanged, by the user's proxy if there is one, so that pip, git and curl work as before. It
listens on the loopback interface only.
"""

import asyncio
import base64
import contextlib
import logging
import os
import socket
import ssl
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rehearsal.framework.aws_hosts import is_aws_host
from rehearsal.framework.proxy_settings import UserProxy

_log = logging.getLogger("rehearsal.proxy")
_MAX_HEAD_BYTES = 64 * 1024
_HEAD_SECONDS = 30.0
_CONNECT_SECONDS = 60.0
_HTTPS_PORT = 443
_CHUNK = 1 << 16

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _RejectedError(Exception):
    """A request that the proxy does not serve: the status line and the reason."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class ConnectProxy:
    """The proxy.

    Args:
        gateway_port: port of the gateway on 127.0.0.1.
        user_proxy: the proxy of the user, for hosts outside of AWS.
    """

    def __init__(self, gateway_port: int, user_proxy: UserProxy) -> None:
        self._gateway_port = gateway_port
        self._user_proxy = user_proxy
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, listener: socket.socket) -> None:
        """Begins to serve a socket that listens."""
        self._server = await asyncio.start_server(
            self._accept, sock=listener, limit=_MAX_HEAD_BYTES
        )

    async def close(self) -> None:
        """Ends all connections."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        with contextlib.closing(writer):
            try:
                target = await _target(reader)
                far = await self._open(target, writer.get_extra_info("peername"))
            except _RejectedError as error:
                writer.write(_response(error))
                with contextlib.suppress(OSError):
                    await writer.drain()
                return
            except (asyncio.IncompleteReadError, TimeoutError, OSError):
                return  # the client has left
            with contextlib.closing(far[1]):
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await asyncio.gather(_copy(reader, far[1]), _copy(far[0], writer))

    async def _open(self, target: tuple[str, int], client: tuple[str, int]) -> Streams:
        """Connects to the target of a request."""
        host, port = target
        if not is_aws_host(host) and owner(client) not in (os.getuid(), 0):
            # The user's proxy would take them for the user.
            raise _RejectedError(
                "403 Forbidden",
                f"{host}:{port}: only programs of the user who started the rehearsal may connect "
                "to hosts outside of AWS with its proxy.",
            )
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                if is_aws_host(host):
                    if port != _HTTPS_PORT:
                        raise _RejectedError(
                            "403 Forbidden",
                            f"{host}:{port} is a host of AWS; the rehearsal serves port "
                            f"{_HTTPS_PORT} of these hosts only.",
                        )
                    return await asyncio.open_connection("127.0.0.1", self._gateway_port)
                proxy = self._user_proxy.url_for(host)
                if proxy:
                    return await _through(proxy, host, port)
                return await asyncio.open_connection(host, port)
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            reason = str(error) or type(error).__name__
            raise _RejectedError(
                "502 Bad Gateway", f"{host}:{port} cannot be reached: {reason}"
            ) from error


def owner(client: tuple[str, int], table: Path = Path("/proc/net/tcp")) -> int | None:
    """Returns the id of the user of a local TCP connection; None if the system has no record.

    Args:
        client: address and port of the client.
        table: the connections of the system.
    """
    address = int.from_bytes(socket.inet_aton(client[0]), sys.byteorder)
    wanted = f"{address:08X}:{client[1]:04X}"
    rows = (line.split() for line in table.read_text().splitlines()[1:])
    return next((int(row[7]) for row in rows if row[1] == wanted), None)


async def _target(reader: asyncio.StreamReader) -> tuple[str, int]:
    """Reads the head of a request and returns the host and port of its CONNECT."""
    try:
        async with asyncio.timeout(_HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError as error:
        raise _RejectedError("431 Request Header Fields Too Large", str(error)) from error
    method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    host, _, port = rest.partition(" ")[0].rpartition(":")
    if method != "CONNECT":
        raise _RejectedError(
            "405 Method Not Allowed",
            f"got {method}; the proxy of the rehearsal supports CONNECT only: set it as "
            "HTTPS_PROXY, not as HTTP_PROXY.",
        )
    if not host or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise _RejectedError("400 Bad Request", f"got the target {rest}, expected HOST:PORT.")
    return host.strip("[]"), int(port)


async def _through(proxy: str, host: str, port: int) -> Streams:
    """Connects by the user's proxy."""
    parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _RejectedError(
            "502 Bad Gateway",
            f"The user's proxy is a {parts.scheme} proxy, through which the rehearsal cannot "
            "connect: use an http or https proxy, or except the host in NO_PROXY.",
        )
    secure = parts.scheme == "https"
    reader, writer = await asyncio.open_connection(
        parts.hostname,
        parts.port or (_HTTPS_PORT if secure else 80),
        ssl=ssl.create_default_context() if secure else None,
    )
    name = f"[{host}]" if ":" in host else host
    lines = [f"CONNECT {name}:{port} HTTP/1.1", f"Host: {name}:{port}"]
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        lines.append(f"Proxy-Authorization: Basic {base64.b64encode(pair).decode()}")
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status = head.partition("\r\n")[0].split(" ", 2)
    if len(status) < 2 or status[1] != "200":
        writer.close()
        # The status of the proxy reaches the client: 407 for example means missing credentials.
        raise _RejectedError(
            " ".join(status[1:]) or "502 Bad Gateway",
            f"The user's proxy {parts.hostname} rejected {host}:{port}: {' '.join(status[1:])}",
        )
    return reader, writer


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copies one direction; the other one stays open after a half-close."""
    try:
        while chunk := await source.read(_CHUNK):
            target.write(chunk)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()
    except OSError:
        target.close()  # ends the other direction, too


def _response(error: _RejectedError) -> bytes:
    _log.info("%s: %s", error.status, error.reason)
    body = f"{error.reason}\n".encode()
    head = (
        f"HTTP/1.1 {error.status}\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1", "replace") + body

"""Connections of the HTTP server.

Hypercorn keeps the state of a connection that its client has closed, a quarter of a megabyte with
TLS, until the keep-alive timeout: the task group of the connection waits for that of the timeout.
"""

from hypercorn.asyncio import run
from hypercorn.asyncio.tcp_server import TCPServer


class ClosingTcpServer(TCPServer):
    """A connection that ends with its client."""

    async def _read_data(self) -> None:
        try:
            await super()._read_data()
        finally:
            await self.idle_task.stop()


def end_with_clients() -> None:
    """Lets Hypercorn release each connection as soon as its client closes it."""
    run.TCPServer = ClosingTcpServer  # type: ignore[attr-defined]

"""The proxy that leads AWS's host names to the gateway."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from rehearsal.framework.proxy_settings import UserProxy
from rehearsal.server import connect_proxy
from rehearsal.server.connect_proxy import ConnectProxy

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[int]:
    """A server on a free port."""
    async with await asyncio.start_server(handler, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def greeting(text: bytes) -> Handler:
    """A server that sends a text, then what it receives until the client has sent everything."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(text)
        writer.write(await reader.read())
        writer.close()

    return handle


@asynccontextmanager
async def proxy(gateway_port: int, user_proxy: UserProxy = UserProxy()) -> AsyncIterator[int]:  # noqa: B008
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    made = ConnectProxy(gateway_port, user_proxy)
    await made.start(listener)
    try:
        yield listener.getsockname()[1]
    finally:
        await made.close()


async def exchange(port: int, head: str, body: bytes = b"") -> str:
    """Sends a request and returns everything that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode() + body)
    writer.write_eof()
    received = await reader.read()
    writer.close()
    return received.decode()


def connect(target: str) -> str:
    return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"


def test_a_host_of_aws_is_the_gateway() -> None:
    async def run() -> str:
        async with serving(greeting(b"gateway ")) as gateway, proxy(gateway) as port:
            return await exchange(port, connect("sts.us-east-1.amazonaws.com:443"), b"hello")

    assert asyncio.run(run()).endswith("\r\n\r\ngateway hello")


def test_a_host_of_aws_is_the_gateway_although_the_user_has_a_proxy() -> None:
    async def run() -> str:
        user = UserProxy("http://127.0.0.1:1")
        async with serving(greeting(b"gateway")) as gateway, proxy(gateway, user) as port:
            return await exchange(port, connect("b.s3.amazonaws.com:443"))

    assert asyncio.run(run()).endswith("gateway")


def test_other_hosts_are_reached_directly() -> None:
    async def run() -> str:
        async with serving(greeting(b"other ")) as other, proxy(1) as port:
            return await exchange(port, connect(f"localhost:{other}"), b"hello")

    assert asyncio.run(run()) == "HTTP/1.1 200 Connection established\r\n\r\nother hello"


def test_other_hosts_are_reached_by_the_proxy_of_the_user() -> None:
    heads: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.0 200 OK\r\nVia: company\r\n\r\nupstream")
        writer.close()

    async def run() -> str:
        async with serving(handle) as upstream:
            user = UserProxy(f"http://me:p%40ss@127.0.0.1:{upstream}")
            async with proxy(1, user) as port:
                return await exchange(port, connect("example.org:443"))

    assert asyncio.run(run()) == "HTTP/1.1 200 Connection established\r\n\r\nupstream"
    assert heads == [
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n"
        b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n\r\n"
    ]


def test_exceptions_of_the_user_are_reached_directly() -> None:
    async def run() -> str:
        user = UserProxy("http://127.0.0.1:1", "localhost")
        async with serving(greeting(b"direct")) as other, proxy(1, user) as port:
            return await exchange(port, connect(f"localhost:{other}"))

    assert asyncio.run(run()).endswith("direct")


def test_the_status_of_the_users_proxy_reaches_the_client() -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
        writer.close()

    async def run() -> str:
        async with serving(handle) as upstream:
            user = UserProxy(f"http://127.0.0.1:{upstream}")
            async with proxy(1, user) as port:
                return await exchange(port, connect("example.org:443"))

    assert asyncio.run(run()).startswith("HTTP/1.1 407 Proxy Authentication Required\r\n")


@pytest.mark.parametrize(
    ("head", "status", "reason"),
    [
        (connect("a.amazonaws.com:22"), "403 Forbidden", "port 443 of these hosts only"),
        (connect("localhost:1"), "502 Bad Gateway", "localhost:1 cannot be reached"),
        (connect("localhost"), "400 Bad Request", "expected HOST:PORT"),
        (connect("localhost:0"), "400 Bad Request", "expected HOST:PORT"),
        ("GET http://example.org/ HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "CONNECT only"),
        ("CONNECT " + "x" * 70_000, "431 Request Header Fields Too Large", ""),
    ],
)
def test_what_it_does_not_serve_is_rejected_with_the_reason(
    head: str, status: str, reason: str
) -> None:
    async def run() -> str:
        async with proxy(1) as port:
            return await exchange(port, head)

    received = asyncio.run(run())
    assert received.startswith(f"HTTP/1.1 {status}\r\n")
    assert reason in received


def test_programs_of_other_users_reach_the_gateway_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect_proxy, "owner", lambda client: 4242)

    async def run(target: str) -> str:
        async with serving(greeting(b"reached")) as server, proxy(server) as port:
            return await exchange(port, connect(target.format(server)))

    assert asyncio.run(run("localhost:{}")).startswith("HTTP/1.1 403 Forbidden\r\n")
    assert asyncio.run(run("sts.amazonaws.com:443")).endswith("reached")


def test_the_owner_of_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            assert connect_proxy.owner(client.getsockname()) == os.getuid()
            closed = client.getsockname()
        assert connect_proxy.owner(("127.0.0.2", closed[1])) is None


def test_a_proxy_of_another_kind_is_rejected_by_name() -> None:
    async def run() -> str:
        async with proxy(1, UserProxy("socks5://127.0.0.1:1080")) as port:
            return await exchange(port, connect("example.org:443"))

    assert "is a socks5 proxy" in asyncio.run(run())


def test_a_client_that_leaves_does_not_keep_the_proxy_from_closing() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async def run() -> None:
        async with serving(silent) as gateway:
            async with proxy(gateway) as port:
                _, idle = await asyncio.open_connection("127.0.0.1", port)
                reader, open_one = await asyncio.open_connection("127.0.0.1", port)
                open_one.write(connect("sts.amazonaws.com:443").encode())
                await reader.readuntil(b"\r\n\r\n")
                idle.close()
            open_one.close()

    asyncio.run(asyncio.wait_for(run(), 60))

"""The port of AWS in functions: a connection to port 443 of this host reaches the local AWS.

Functions of custom resources respond to the host of their ResponseURL, and many leave its port to
HTTPS, as AWS serves that one.
"""

import os
import socket
from typing import Any
from urllib.parse import urlsplit

_HTTPS = 443
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_connect = socket.socket.connect


def _connect_to_aws(self: socket.socket, address: Any) -> None:
    if (
        isinstance(address, tuple)
        and address[:1]
        and address[0] in _LOOPBACK
        and address[1] == _HTTPS
        and "AWS_LAMBDA_FUNCTION_NAME" in os.environ
    ):
        port = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).port
        address = (address[0], port or _HTTPS, *address[2:])
    _connect(self, address)


socket.socket.connect = _connect_to_aws  # type: ignore[assignment, method-assign]

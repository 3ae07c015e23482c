"""The paths with which ministack is controlled and read without credentials."""

from collections.abc import Awaitable, Callable
from typing import Any

Application = Callable[[Any, Any, Any], Awaitable[None]]

_PREFIXES = ("/_ministack/", "/_localstack/")
# The response of a custom resource and the signal of a wait condition have a random token. The code
# of functions and layers is not among them: AWS signs its locations, and ministack does not.
_SERVED = (
    "/_ministack/health",
    "/_ministack/ready",
    "/_ministack/cfn-response/",
    "/_ministack/cfn-signal/",
)
_BODY = b'{"message":"The rehearsal serves no such path."}'


def without_control_paths(application: Application) -> Application:
    """Returns an application that rejects resets, settings and mailboxes, which check no key."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if not path.startswith(_PREFIXES) or path.startswith(_SERVED):
            await application(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        await send({"type": "http.response.body", "body": _BODY})

    return serve

"""The passwords of Amazon ECR's registries, and the access keys that got them."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.core import iam_evaluator

from rehearsal.ministack.registry import patch
from rehearsal.ministack.request_scope import current_scope

VALID_SECONDS = 12 * 3600
"""The life of a password, as in AWS."""

_lock = threading.Lock()
_passwords: dict[str, tuple[str, float]] = {}


def key_of_password(password: str) -> str | None:
    """Returns the access key id that got a password; None if it is unknown or has expired."""
    with _lock:
        key_id, expires = _passwords.get(password, ("", 0.0))
    return key_id if time.time() < expires else None


@patch(
    "ministack.services.ecr:_get_authorization_token",
    why="Every caller gets the same password, which nothing checks.",
    until="ministack serves registries.",
)
def get_authorization_token(previous: Callable[..., Any], data: dict[str, Any]) -> Any:
    status, headers, body = previous(data)
    if status != 200:
        return status, headers, body
    key_id = _caller_key_id()
    password, now = secrets.token_urlsafe(48), time.time()
    with _lock:
        for old in [one for one, (_, expires) in _passwords.items() if expires <= now]:
            del _passwords[old]
        _passwords[password] = (key_id, now + VALID_SECONDS)
    content = json.loads(body)
    token = base64.b64encode(f"AWS:{password}".encode()).decode()
    for each in content["authorizationData"]:
        each |= {"authorizationToken": token, "expiresAt": int(now + VALID_SECONDS)}
    return status, headers, json.dumps(content).encode()


def _caller_key_id() -> str:
    """Returns the access key id of the request that is being served.

    Raises:
        RuntimeError: the signature of the request was not verified.
    """
    verified = iam_evaluator._verified_key.get()
    if verified:
        return str(verified)
    caller: str = iam_evaluator.caller_arn()
    if not caller.endswith(":root"):
        raise RuntimeError(f"the signature of {caller} was not verified")
    return current_scope().account

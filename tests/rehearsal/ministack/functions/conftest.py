"""Functions on the running server."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import pytest

Invoke = Callable[..., tuple[dict[str, Any], Any]]


def archive_of(files: Mapping[str, str | bytes]) -> bytes:
    """A deployment package."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, text in files.items():
            member = zipfile.ZipInfo(name)
            member.external_attr = 0o755 << 16
            archive.writestr(member, text)
    return content.getvalue()


@pytest.fixture(scope="module")
def function_role(aws: Any) -> str:
    role: str = aws.role(f"function-{uuid4().hex[:8]}", {"Service": "lambda.amazonaws.com"})
    return role


@pytest.fixture
def invoke(aws: Any, function_role: str) -> Invoke:
    """Creates a function from its files, or its Python handler, and invokes it."""

    def run(files: str | Mapping[str, str | bytes], **settings: Any) -> tuple[dict[str, Any], Any]:
        given = {"index.py": files} if isinstance(files, str) else files
        event = settings.pop("event", {})
        client = aws.client("lambda", read_timeout=120)
        name = f"function-{uuid4().hex[:8]}"
        request = {"Runtime": "python3.11", "Handler": "index.handler", "Timeout": 30, **settings}
        client.create_function(
            FunctionName=name, Role=function_role, Code={"ZipFile": archive_of(given)}, **request
        )
        response = client.invoke(
            FunctionName=name, Payload=json.dumps(event).encode(), LogType="Tail"
        )
        return response, json.loads(response["Payload"].read())

    return run

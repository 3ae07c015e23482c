"""A local AWS for tests: boto3 clients with stubbed responses.

Requests and responses are validated by botocore's model, as with its Stubber, but in any order.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from rehearsal.client.local_aws import LocalAws
from rehearsal.framework.root_keys import RootKeys

# Shared by all tests: reading the model of a service takes half a second.
_SESSION = boto3.Session("111111111111", "x", region_name="us-east-1")

Response = Mapping[str, Any] | Callable[[Mapping[str, Any]], Mapping[str, Any]] | Exception


def aws_error(code: str, message: str = "message", operation: str = "Operation") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


class StubbedAws(LocalAws):
    """Stubbed responses by operation name, as `DescribeProject`; `calls` keeps the requests.

    A response is a mapping, a function of the request, an error, or a list of them, which is used
    in order (the last one repeatedly).
    """

    given: dict[str, Response | list[Response]]
    calls: list[tuple[str, dict[str, Any]]]

    def __init__(self, **responses: Response | list[Response]) -> None:
        super().__init__(
            url="https://127.0.0.1:1",
            port=1,
            pid=1,
            ca_bundle=Path("/ca.pem"),
            accounts=("111111111111",),
            region="us-east-1",
            root_keys=RootKeys(bytes(32)),
            proxy="http://127.0.0.1:2",
        )
        object.__setattr__(self, "given", responses)
        object.__setattr__(self, "calls", [])

    def at(self, account: str, region: str = "") -> "StubbedAws":
        """Returns another account with the same responses, and the same list of requests."""
        found = StubbedAws()
        changed = {"accounts": (account,), "region": region or self.region}
        for name, value in {**vars(self), **changed}.items():
            object.__setattr__(found, name, value)
        return found

    def asked(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]

    def client(self, service: str, *, seconds: float = 0, attempts: int = 0) -> Any:
        client: Any = _SESSION.client(service)  # type: ignore[call-overload]
        requests: list[dict[str, Any]] = []

        def remember(params: dict[str, Any], model: Any, **_: Any) -> None:
            requests.append(dict(params))
            self.calls.append((model.name, requests[-1]))

        def respond(model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
            found = self._response(model.name, requests[-1])
            shape = model.output_shape
            if shape is not None:
                plain = {**found, "Body": b""} if "Body" in found else found
                report = ParamValidator().validate(plain, shape)
                assert not report.has_errors(), report.generate_report()
            response = AWSResponse(self.url, 200, HTTPHeaders(), None)
            return response, {**found, "ResponseMetadata": {"HTTPStatusCode": 200}}

        client.meta.events.register_first("before-parameter-build", remember)
        client.meta.events.register("before-call", respond)
        return client

    def _response(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        assert operation in self.given, f"the test has no response to {operation}"
        found = self.given[operation]
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        if isinstance(found, Exception):
            raise found
        return dict(found(request) if callable(found) else found)

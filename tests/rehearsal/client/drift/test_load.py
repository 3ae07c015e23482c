"""Load on an endpoint."""

import io
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.client.drift.load import Load


class Endpoint:
    """A runtime client whose model errs on some rows."""

    def __init__(self, errs: str = "") -> None:
        self.bodies: list[bytes] = []
        self._errs = errs.encode()
        self._lock = threading.Lock()

    def client(self, service: str, *, seconds: float = 120, attempts: int = 2) -> "Endpoint":
        assert (service, attempts) == ("sagemaker-runtime", 1)
        return self

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        with self._lock:
            self.bodies.append(request["Body"])
        if self._errs and self._errs in request["Body"]:
            error = {"Error": {"Code": "ModelError"}, "OriginalStatusCode": 500}
            raise ClientError(error, "InvokeEndpoint")  # type: ignore[arg-type]
        return {"Body": io.BytesIO(b"yes,0.9")}


def load(endpoint: Endpoint, rows: list[list[str]]) -> Load:
    return Load(endpoint, "churn-prod", ["a"], rows, threads=2, pause=0.001)  # type: ignore[arg-type]


def test_requests_run_until_the_block_ends() -> None:
    endpoint = Endpoint()
    with load(endpoint, [["1"], ["2"], ["3"]]) as running:
        time.sleep(0.1)
    sent = len(endpoint.bodies)
    assert len(running.outcomes) == sent > 5
    assert {body.decode() for body in endpoint.bodies} == {"a\n1\n", "a\n2\n", "a\n3\n"}
    time.sleep(0.05)
    assert len(endpoint.bodies) == sent


def test_failed_requests_are_counted_by_their_error() -> None:
    with load(Endpoint(errs="2"), [["1"], ["2"]]) as running:
        time.sleep(0.1)
    assert list(running.failed) == ["ModelError 500"]
    assert 0 < running.failed["ModelError 500"] < len(running.outcomes)


def test_an_error_of_the_block_ends_the_load() -> None:
    endpoint = Endpoint()
    with pytest.raises(RuntimeError), load(endpoint, [["1"]]):
        raise RuntimeError
    sent = len(endpoint.bodies)
    time.sleep(0.05)
    assert len(endpoint.bodies) == sent


def test_more_requests_are_sent_when_it_hurries() -> None:
    endpoint = Endpoint()
    with Load(endpoint, "churn-prod", ["a"], [["1"]], threads=1, pause=0.02) as running:  # type: ignore[arg-type]
        time.sleep(0.2)
        slow = len(endpoint.bodies)
        running.hurry(0.001)
        time.sleep(0.2)
    assert len(endpoint.bodies) - slow > 2 * slow

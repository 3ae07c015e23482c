"""Known errors become one message: problem, cause, remedy."""

import errno

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from rehearsal.client.errors import RehearsalError, explain
from tests.rehearsal.stubbed_aws import aws_error


def test_an_error_of_the_rehearsal_is_unchanged() -> None:
    error = RehearsalError("What", "why", "do this")
    assert explain(error) is error
    assert str(error) == "What\nwhy\ndo this"


def test_an_error_of_aws_names_the_operation_the_code_and_its_message() -> None:
    explained = explain(aws_error("AccessDeniedException", "not yours", "CreateProject"))
    assert explained
    assert explained.what == "AWS rejected CreateProject (AccessDeniedException)."
    assert explained.why == "not yours"
    assert "Grant" in explained.remedy


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://127.0.0.1:1"),
        ReadTimeoutError(endpoint_url="https://127.0.0.1:1"),
    ],
)
def test_an_aws_that_does_not_respond_is_to_be_started(error: Exception) -> None:
    explained = explain(error)
    assert explained
    assert "rehearse up" in explained.remedy


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "No permission"),
        (errno.ENOENT, "missing"),
        (errno.EMFILE, "ran out"),
    ],
)
def test_an_error_of_the_machine_is_explained(number: int, word: str) -> None:
    explained = explain(OSError(number, "reason", "/some/file"))
    assert explained
    assert word in explained.what


def test_an_internal_error_has_no_explanation() -> None:
    assert explain(KeyError("x")) is None
    assert explain(OSError(errno.EPIPE, "reason")) is None

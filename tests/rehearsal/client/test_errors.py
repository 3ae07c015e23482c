"""Known errors become one message: what, why, what to do."""

import errno

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from rehearsal.client.errors import RehearsalError, explain
from tests.rehearsal.stubbed_aws import aws_error


def test_an_error_of_ours_is_told_as_it_is() -> None:
    error = RehearsalError("What", "why", "do this")
    assert explain(error) is error
    assert str(error) == "What\nwhy\ndo this"


def test_an_error_of_aws_names_the_operation_the_code_and_its_message() -> None:
    told = explain(aws_error("AccessDeniedException", "not yours", "CreateProject"))
    assert told
    assert told.what == "AWS refused CreateProject (AccessDeniedException)."
    assert told.why == "not yours"
    assert "Grant" in told.remedy


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://127.0.0.1:1"),
        ReadTimeoutError(endpoint_url="https://127.0.0.1:1"),
    ],
)
def test_an_aws_that_does_not_answer_is_to_be_started(error: Exception) -> None:
    told = explain(error)
    assert told
    assert "rehearse up" in told.remedy


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.ENOSPC, "disk is full"),
        (errno.EACCES, "No permission"),
        (errno.ENOENT, "missing"),
        (errno.EMFILE, "ran out"),
    ],
)
def test_an_error_of_the_machine_is_told_in_words(number: int, word: str) -> None:
    told = explain(OSError(number, "reason", "/some/file"))
    assert told
    assert word in told.what


def test_a_mistake_of_our_own_is_not_explained_away() -> None:
    assert explain(KeyError("x")) is None
    assert explain(OSError(errno.EPIPE, "reason")) is None

"""Output lines in CloudWatch Logs."""

import logging
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.containers import log_stream
from rehearsal.containers.log_stream import LogStream
from tests.rehearsal.job_fixtures import JobSurroundings


def test_all_lines_arrive_in_order(job_surroundings: JobSurroundings) -> None:
    group = f"/aws/sagemaker/{uuid.uuid4().hex}"
    with LogStream(job_surroundings.session, group, "job/algo-1") as log:
        for number in range(1500):
            log.write(f"line {number}")
        log.write("")
        log.write("the end")
    response = job_surroundings.session.client("logs").get_log_events(
        logGroupName=group, logStreamName="job/algo-1", startFromHead=True
    )
    lines = [event["message"] for event in response["events"]]
    assert lines[0] == "line 0"
    assert lines[-1] == "the end"
    assert len(lines) == 1501


def test_a_role_that_may_not_write_gets_one_warning(
    job_surroundings: JobSurroundings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Denying:
        calls = 0

        def put_log_events(self, **_: Any) -> None:
            self.calls += 1
            response = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
            raise ClientError(response, "PutLogEvents")  # type: ignore[arg-type]

        class exceptions:  # noqa: N801  botocore's name
            class ResourceNotFoundException(Exception):  # noqa: N818
                pass

    client = Denying()
    monkeypatch.setattr(log_stream, "aws_client", lambda *_: client)
    monkeypatch.setattr(log_stream, "_MAX_EVENTS", 1)
    with caplog.at_level(logging.WARNING), LogStream(job_surroundings.session, "g", "s") as log:
        log.write("password")
        log.write("two")
    assert client.calls == 1
    assert log.error is not None
    assert [record.message for record in caplog.records] == [f"No logs in g, stream s: {log.error}"]
    assert "password" not in caplog.text

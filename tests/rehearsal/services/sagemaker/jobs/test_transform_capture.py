"""The ids of predictions, in the formats to which SageMaker appends them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.jobs.transform.capture import InferenceIds

STARTED = datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)
TIME = "2026-11-22T01:02:03Z"


def ids(accept: str, *, wanted: bool = True, started: datetime = STARTED) -> InferenceIds:
    request: dict[str, Any] = {
        "TransformOutput": {"Accept": accept},
        "DataCaptureConfig": {"DestinationS3Uri": "s3://b/c", "GenerateInferenceId": wanted},
    }
    return InferenceIds(request, started)


def test_rows_end_with_an_id_and_the_time_of_the_job() -> None:
    local = STARTED.astimezone(timezone(timedelta(hours=2)))

    written = ids("text/csv; charset=utf-8", started=local).appended(b'"a, b",1\nc,2')

    lines = written.decode().splitlines()
    assert [line.rpartition(",")[2] for line in lines] == [TIME, TIME]
    assert lines[0].startswith('"a, b",1,')
    assert lines[0].split(",")[-2] != lines[1].split(",")[-2]
    assert written.endswith(b"\n")


@pytest.mark.parametrize(
    ("response", "members"),
    [(b'{"label": "a"}', {"label": "a"}), (b"0.5", {"output": 0.5}), (b"[1]", {"output": [1]})],
)
def test_objects_get_members_and_other_values_become_objects(
    response: bytes, members: dict[str, Any]
) -> None:
    (line,) = ids("application/jsonlines").appended(response).decode().splitlines()

    found = json.loads(line)
    assert len(found.pop("SageMakerInferenceId")) == 36
    assert found == {**members, "SageMakerInferenceTime": TIME}


def test_predictions_are_unchanged_without_ids() -> None:
    assert ids("image/png", wanted=False).appended(b"\x00\n") == b"\x00\n"


def test_predictions_that_are_not_json_fail_the_job() -> None:
    with pytest.raises(ExecutionFailedError, match="A prediction is not JSON"):
        ids("application/json").appended(b"1,2")

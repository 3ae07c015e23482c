from __future__ import annotations

from typing import Any

import pytest

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from rehearsal.services.sagemaker.jobs.transform.records import RecordPath, RecordProcessing

RECORD = {"id": "a", "features": [1, 2, 3], "nested": {"x": 1, "y": 2}}


def processing(kind: str = "text/csv", **given: str) -> RecordProcessing:
    return RecordProcessing(
        {
            "TransformInput": {"SplitType": "Line", "ContentType": kind},
            "TransformOutput": {"AssembleWith": "Line", "Accept": kind},
            "DataProcessing": given,
        }
    )


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ("$", RECORD),
        ("$.id", "a"),
        ("$['id']", "a"),
        ("$['id','nested']", {"id": "a", "nested": {"x": 1, "y": 2}}),
        ("$.features[0]", 1),
        ("$.features[0,-1]", [1, 3]),
        ("$.features[1:]", [2, 3]),
        ("$.features[:-1]", [1, 2]),
        ("$.nested.*", [1, 2]),
        ("$.features[*]", [1, 2, 3]),
    ],
)
def test_an_expression_selects_of_a_record(expression: str, selected: Any) -> None:
    assert RecordPath(expression).select(RECORD) == selected


@pytest.mark.parametrize("expression", ["id", "$..id", "$[?(@.x)]", "$[a]", "$.", "$[1,'a']"])
def test_other_expressions_are_rejected(expression: str) -> None:
    with pytest.raises(ValueError, match="is not an expression that batch transform takes"):
        RecordPath(expression)


def test_nothing_selected_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"\$\.none selects nothing of"):
        RecordPath("$.none").select(RECORD)


def test_csv_rows_are_filtered_joined_and_filtered() -> None:
    records = processing(InputFilter="$[1:]", JoinSource="Input", OutputFilter="$[0,-1]")

    assert records.before(b'"a, b",1,2\nc,3,4\n') == b"1,2\n3,4\n"
    assert records.after(b'"a, b",1,2\nc,3,4\n', b"3\n7\n") == b'"a, b",3\nc,7\n'


def test_json_lines_get_the_output_as_a_member() -> None:
    records = processing("application/jsonlines", InputFilter="$.features", JoinSource="Input")

    assert records.before(b'{"id": 1, "features": [1, 2]}\n') == b"[1, 2]\n"
    assert records.after(b'{"id": 1}\n', b'{"score": 3}\n') == (
        b'{"id": 1, "SageMakerOutput": {"score": 3}}\n'
    )
    assert records.after(b"[1, 2]\n", b'{"score": 3}\n') == (
        b'{"SageMakerInput": [1, 2], "SageMakerOutput": {"score": 3}}\n'
    )


def test_an_output_filter_needs_no_join() -> None:
    records = processing("application/json", OutputFilter="$.score")

    assert records.before(b"[1]\n") == b"[1]\n"
    assert records.after(b"[1]\n[2]\n", b'{"score": 3}\n{"score": 4}\n') == b"3\n4\n"


def test_without_filters_nothing_is_done() -> None:
    assert not RecordProcessing({"DataProcessing": {"InputFilter": "$"}}).active


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TransformInput": {"ContentType": "text/csv"}}, "DataProcessing of whole files"),
        (
            {"TransformInput": {"SplitType": "Line", "ContentType": "image/png"}},
            "DataProcessing with ContentType image/png",
        ),
        (
            {"TransformInput": {"SplitType": "Line", "ContentType": "application/json"}},
            "ContentType and Accept must be the same",
        ),
        ({"DataProcessing": {"InputFilter": "features"}}, "features is not an expression"),
    ],
)
def test_records_that_cannot_be_processed_are_rejected(
    changes: dict[str, Any], message: str
) -> None:
    request = {
        "TransformInput": {"SplitType": "Line", "ContentType": "text/csv"},
        "TransformOutput": {"AssembleWith": "Line", "Accept": "text/csv"},
        "DataProcessing": {"JoinSource": "Input"},
    }

    with pytest.raises(ExecutionFailedError, match=message):
        RecordProcessing({**request, **changes})


def test_predictions_of_another_length_cannot_be_joined() -> None:
    with pytest.raises(ExecutionFailedError, match="Got 1 predictions for 2 records"):
        processing(JoinSource="Input").after(b"1\n2\n", b"3\n")

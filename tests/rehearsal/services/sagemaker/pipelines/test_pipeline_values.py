from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from rehearsal.services.sagemaker.pipelines.conditions import ConditionError, holds
from rehearsal.services.sagemaker.pipelines.policies import (
    CachedRun,
    Retries,
    StepCache,
    parse_duration,
)
from rehearsal.services.sagemaker.pipelines.values import UnresolvedError, Values

EVALUATE = {
    "Name": "Evaluate",
    "PropertyFiles": [
        {"PropertyFileName": "Report", "OutputName": "report", "FilePath": "evaluation.json"},
        {"PropertyFileName": "Lost", "OutputName": "other", "FilePath": "evaluation.json"},
    ],
}
CREATED = datetime.datetime(2026, 11, 30, 6, tzinfo=datetime.UTC)
OUTPUTS = [{"OutputName": "report", "S3Output": {"S3Uri": "s3://b/report/"}}]


def json_get(path: str, name: str = "Report") -> dict[str, Any]:
    file = {"Get": f"Steps.Evaluate.PropertyFiles.{name}"}
    return {"Std:JsonGet": {"PropertyFile": file, "Path": path}}


@pytest.fixture
def values() -> Values:
    objects = {
        "s3://b/report/evaluation.json": json.dumps(
            {"m": [{"auc": 0.9}], "ok": True, "by-class": {"a b": {"recall": 0.5}}}
        )
    }
    given = Values(
        {"Depth": 3, "Name": "x", "Flag": True},
        {"PipelineExecutionId": "abc"},
        lambda uri: objects[uri].encode(),
    )
    given.finished(
        EVALUATE, {"ProcessingOutputConfig": {"Outputs": OUTPUTS}, "CreationTime": CREATED}
    )
    return given


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"Get": "Parameters.Depth"}, 3),
        ({"Get": "Execution.PipelineExecutionId"}, "abc"),
        (
            {"Get": "Steps.Evaluate.ProcessingOutputConfig.Outputs['report'].S3Output.S3Uri"},
            "s3://b/report/",
        ),
        ({"Get": "Steps.Evaluate.ProcessingOutputConfig.Outputs[0].OutputName"}, "report"),
        ({"Std:Join": {"On": "/", "Values": ["a", {"Get": "Parameters.Depth"}]}}, "a/3"),
        ({"Std:Join": {"On": "", "Values": [{"Get": "Parameters.Flag"}]}}, "true"),
        (
            {"Std:Join": {"On": "", "Values": [{"Get": "Steps.Evaluate.CreationTime"}]}},
            "2026-11-30T06:00:00Z",
        ),
        (
            {
                "Std:JsonGet": {
                    "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"},
                    "Path": "m[0].auc",
                }
            },
            0.9,
        ),
        (json_get("ok"), True),
        (json_get("['m'][0]['auc']"), 0.9),
        (json_get("by-class['a b'].recall"), 0.5),
        ([{"a": {"Get": "Parameters.Name"}}], [{"a": "x"}]),
    ],
)
def test_values_are_resolved(values: Values, node: Any, value: Any) -> None:
    assert values.resolve(node) == value


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ({"Get": "Steps.Train.RoleArn"}, "the step has not run"),
        ({"Get": "Steps.Evaluate.ProcessingOutputConfig.Outputs['x']"}, "nothing is named x"),
        ({"Get": "Steps.Evaluate.Colour"}, "there is no Colour"),
        (
            {
                "Std:JsonGet": {
                    "PropertyFile": {"Get": "Steps.Evaluate.PropertyFiles.Report"},
                    "Path": "m[3]",
                }
            },
            "m\\[3\\] of s3://b/report/evaluation.json: there is no 3",
        ),
        (json_get("m[first]"), "evaluation.json: the path '.m\\[first\\]' cannot be read at"),
        (json_get("$.m"), "cannot be read"),
        (json_get("m", "Lost"), "no output is named other; known: report"),
    ],
)
def test_what_has_no_value_says_why(values: Values, node: Any, message: str) -> None:
    with pytest.raises(UnresolvedError, match=message):
        values.resolve(node)


def compare(kind: str, left: Any, right: Any) -> bool:
    condition = {"Type": kind, "LeftValue": left, "RightValue": right}
    return holds(condition, lambda value: value)


@pytest.mark.parametrize(
    ("kind", "left", "right", "outcome"),
    [
        ("Equals", "a", "a", True),
        ("Equals", 1, 1.0, True),
        ("Equals", True, 1, False),
        ("GreaterThan", 2, 1, True),
        ("GreaterThan", 1, 1, False),
        ("GreaterThanOrEqualTo", 1, 1, True),
        ("LessThan", 0.5, 1, True),
        ("LessThanOrEqualTo", 2, 1, False),
        ("GreaterThan", "2026-11-30T06:00:00Z", "2020-12-01", True),
    ],
)
def test_comparisons(kind: str, left: Any, right: Any, outcome: bool) -> None:
    assert compare(kind, left, right) is outcome


def test_in_not_and_or() -> None:
    same = {"Type": "Equals", "LeftValue": 1, "RightValue": 1}

    assert holds({"Type": "In", "QueryValue": "a", "Values": ["b", "a"]}, lambda value: value)
    assert not holds({"Type": "Not", "Condition": same}, lambda value: value)
    either = {"Type": "Or", "Conditions": [{"Type": "Not", "Condition": same}, same]}
    assert holds(either, lambda value: value)


@pytest.mark.parametrize("value", ["high", "0.5", True, None])
def test_numbers_are_ordered_among_numbers(value: Any) -> None:
    with pytest.raises(
        ConditionError, match=r"GreaterThan compares two numbers or two strings; got .* and 1"
    ):
        compare("GreaterThan", value, 1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30d", 2_592_000),
        ("P30D", 2_592_000),
        ("PT1H30M", 5400),
        ("p1dt10s", 86410),
        ("2h", 7200),
        ("T12H", 43_200),
        ("P4DT12H", 388_800),
        ("P1W", 604_800),
        ("P1M", 2_592_000),
        ("PT1M", 60),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "P", "PT", "T", "30", "1y", "5M2D", "P1D2H", "-P1D", "P1.5D"])
def test_an_invalid_duration_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="not an ISO 8601 duration"):
        parse_duration(text)


ARGUMENTS = {"AppSpecification": {"ImageUri": "i"}, "ProcessingInputs": [{"InputName": "raw"}]}


def step(arguments: dict[str, Any], **config: Any) -> dict[str, Any]:
    return {
        "Name": "Prepare",
        "Type": "Processing",
        "Arguments": arguments,
        "CacheConfig": config,
    }


@pytest.fixture
def cache() -> StepCache:
    kept = StepCache()
    ended = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2)
    kept.keep(step(ARGUMENTS), CachedRun(ended, "arn", {"a": 1}, {}))
    return kept


def test_outputs_and_roles_do_not_count_for_a_cache_hit(cache: StepCache) -> None:
    arguments = {**ARGUMENTS, "RoleArn": "other", "ProcessingOutputConfig": {"Outputs": []}}

    found = cache.find(step(arguments, Enabled=True, ExpireAfter="1d"))

    assert found is not None
    assert found.properties == {"a": 1}


@pytest.mark.parametrize(
    ("config", "arguments"),
    [
        ({"Enabled": False, "ExpireAfter": "1d"}, ARGUMENTS),
        ({"Enabled": True, "ExpireAfter": "1h"}, ARGUMENTS),
        ({"Enabled": True, "ExpireAfter": "1d"}, {**ARGUMENTS, "Environment": {"A": "1"}}),
    ],
)
def test_what_is_off_expired_or_different_is_no_cache_hit(
    cache: StepCache, config: dict[str, Any], arguments: dict[str, Any]
) -> None:
    assert cache.find(step(arguments, **config)) is None


def test_a_retry_waits_longer_each_time_and_then_gives_up() -> None:
    policy = {
        "ExceptionType": ["Step.THROTTLING"],
        "IntervalSeconds": 2,
        "BackoffRate": 3.0,
        "MaxAttempts": 2,
    }
    retries = Retries([policy], datetime.datetime.now(datetime.UTC))

    waits = [retries.wait_seconds("Step.THROTTLING") for _ in range(3)]

    assert waits == [2.0, 6.0, None]
    assert Retries([policy], retries.started).wait_seconds(None) is None

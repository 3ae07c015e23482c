"""Metrics: statistics, dimensions, and math over them."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.platform import Context
from rehearsal.services.cloudwatch import CloudWatch
from tests.rehearsal.fakes import CALLER, SCOPE, FakePlatform, ServiceClient

START = datetime.datetime(2026, 11, 22, 10, tzinfo=datetime.UTC)
Put = Callable[..., None]


@pytest.fixture
def service() -> CloudWatch:
    return CloudWatch(FakePlatform(), clock=lambda: START + datetime.timedelta(hours=1))


@pytest.fixture
def cloudwatch(service: CloudWatch) -> Any:
    return ServiceClient(service, CALLER)


@pytest.fixture
def put(cloudwatch: Any) -> Put:
    """Publishes values, one a minute from START; None leaves a minute out."""

    def publish(name: str, *values: float | None, **more: Any) -> None:
        for minute, value in enumerate(values):
            if value is not None:
                moment = START + datetime.timedelta(minutes=minute)
                datum = {"MetricName": name, "Value": value, "Timestamp": moment, **more}
                cloudwatch.put_metric_data(Namespace="Own", MetricData=[datum])

    return publish


def _metric(query_id: str, name: str, stat: str = "Sum", **more: Any) -> dict[str, Any]:
    metric = {"Namespace": "Own", "MetricName": name, **more}
    return {
        "Id": query_id,
        "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat},
        "ReturnData": False,
    }


def _compute(cloudwatch: Any, expression: str, *queries: dict[str, Any]) -> dict[int, float]:
    """The values of an expression over five minutes, by minute."""
    end = START + datetime.timedelta(minutes=5)
    answer = cloudwatch.get_metric_data(
        StartTime=START,
        EndTime=end,
        MetricDataQueries=[*queries, {"Id": "e", "Expression": expression}],
    )
    (result,) = answer["MetricDataResults"]
    times = [int((at - START.timestamp()) / 60) for at in result["Timestamps"]]
    return dict(sorted(zip(times, result["Values"], strict=True)))


def test_each_set_of_dimensions_is_a_metric_of_its_own(cloudwatch: Any, put: Put) -> None:
    put("m", 1.0, Dimensions=[{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}])
    put("m", 5.0, Dimensions=[{"Name": "a", "Value": "1"}])
    put("m", 9.0)

    def total(dimensions: list[dict[str, str]]) -> list[float]:
        answer = cloudwatch.get_metric_statistics(
            Namespace="Own",
            MetricName="m",
            Dimensions=dimensions,
            StartTime=START,
            EndTime=START + datetime.timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )
        return [point["Sum"] for point in answer["Datapoints"]]

    both = [{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}]
    assert total(both) == [1.0]
    assert total([{"Name": "a", "Value": "1"}]) == [5.0]
    assert total([]) == [9.0]
    listed = cloudwatch.list_metrics(Dimensions=[{"Name": "a"}])["Metrics"]
    assert len(listed) == 2


def test_statistics_and_percentiles_of_a_period(cloudwatch: Any) -> None:
    datum = {"MetricName": "m", "Values": [1.0, 2.0, 3.0, 100.0], "Counts": [50.0, 30.0, 19.0, 1.0]}
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[{**datum, "Timestamp": START}])
    request = {
        "Namespace": "Own",
        "MetricName": "m",
        "StartTime": START,
        "EndTime": START + datetime.timedelta(minutes=1),
        "Period": 60,
    }
    names = ["SampleCount", "Average", "Minimum", "Maximum"]
    (point,) = cloudwatch.get_metric_statistics(**request, Statistics=names)["Datapoints"]
    assert point["SampleCount"] == 100
    assert point["Average"] == pytest.approx(2.67)
    assert (point["Minimum"], point["Maximum"]) == (1, 100)
    percentiles = ["p50", "p99", "p100"]
    answer = cloudwatch.get_metric_statistics(**request, ExtendedStatistics=percentiles)
    (point,) = answer["Datapoints"]
    assert point["ExtendedStatistics"]["p50"] == pytest.approx(1.5)
    assert point["ExtendedStatistics"]["p99"] == pytest.approx(3.97)
    assert point["ExtendedStatistics"]["p100"] == 100


def test_a_statistic_set_has_no_percentiles_and_unknown_statistics_are_rejected(
    cloudwatch: Any,
) -> None:
    values = {"Minimum": 1.0, "Maximum": 9.0, "Sum": 20.0, "SampleCount": 4.0}
    datum = {"MetricName": "m", "StatisticValues": values, "Timestamp": START}
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[datum])
    request = {
        "Namespace": "Own",
        "MetricName": "m",
        "StartTime": START,
        "EndTime": START + datetime.timedelta(minutes=1),
        "Period": 60,
    }
    answer = cloudwatch.get_metric_statistics(**request, Statistics=["Average"])
    assert answer["Datapoints"][0]["Average"] == 5
    assert not cloudwatch.get_metric_statistics(**request, ExtendedStatistics=["p99"])["Datapoints"]
    with pytest.raises(ClientError, match="does not compute the statistic tm99"):
        cloudwatch.get_metric_statistics(**request, ExtendedStatistics=["tm99"])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b", {0: 11, 1: 22, 4: 55}),
        ("100 * a / b", {0: 10, 1: 10, 4: 10}),
        ("-a ^ 2", {0: -1, 1: -4, 2: -9, 4: -25}),
        ("a / (a - 1)", {1: 2, 2: 1.5, 4: 1.25}),
        ("FILL(b, 0) + a", {0: 11, 1: 22, 2: 3, 4: 55}),
        ("FILL(b, REPEAT)", {0: 10, 1: 20, 2: 20, 3: 20, 4: 50}),
        ("FILL(b, LINEAR)", {0: 10, 1: 20, 2: 30, 3: 40, 4: 50}),
        ("IF(a > 1, a, 0)", {0: 0, 1: 2, 2: 3, 4: 5}),
        ("IF(a >= 2 AND b < 50, b)", {1: 20}),
        ("IF(a == 1 || a == 5, 1, 0)", {0: 1, 1: 0, 2: 0, 4: 1}),
        ("SUM([a, b])", {0: 11, 1: 22, 2: 3, 4: 55}),
        ("AVG(METRICS())", {0: 5.5, 1: 11, 2: 3, 4: 27.5}),
        ("MAX([a, b]) - MIN(METRICS())", {0: 9, 1: 18, 2: 0, 4: 45}),
        ("MAX(a)", dict.fromkeys(range(5), 5)),
        ("RUNNING_SUM(a)", {0: 1, 1: 3, 2: 6, 4: 11}),
        ("DIFF(a)", {1: 1, 2: 1, 4: 2}),
        ("ABS(a - 4)", {0: 3, 1: 2, 2: 1, 4: 1}),
        ("a * PERIOD(a)", {0: 60, 1: 120, 2: 180, 4: 300}),
        ("METRIC_COUNT([a, b])", dict.fromkeys(range(5), 2)),
    ],
)
def test_metric_math(
    cloudwatch: Any, put: Put, expression: str, expected: dict[int, float]
) -> None:
    put("a", 1, 2, 3, None, 5)
    put("b", 10, 20, None, None, 50)
    found = _compute(cloudwatch, expression, _metric("a", "a"), _metric("b", "b"))
    assert found == pytest.approx(expected)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("SEARCH('{Own} m', 'Sum')", "does not compute SEARCH"),
        ("ANOMALY_DETECTION_BAND(a)", "does not compute ANOMALY_DETECTION_BAND"),
        ("a + other", "unknown ids: other"),
        ("a +", "at its end"),
        ("a ? b", "Error in expression"),
        ("(a", "at its end"),
    ],
)
def test_an_expression_that_cannot_be_computed_is_rejected_by_name(
    cloudwatch: Any, expression: str, problem: str
) -> None:
    with pytest.raises(ClientError, match=problem.replace("(", r"\(").replace("?", r"\?")):
        _compute(cloudwatch, expression, _metric("a", "a"))


def test_expressions_may_build_on_each_other_but_not_on_themselves(
    cloudwatch: Any, put: Put
) -> None:
    put("a", 1, 2)
    double = {"Id": "double", "Expression": "a * 2", "ReturnData": False}
    assert _compute(cloudwatch, "double + 1", _metric("a", "a"), double) == {0: 3, 1: 5}
    first = {"Id": "x", "Expression": "y", "ReturnData": False}
    second = {"Id": "y", "Expression": "x", "ReturnData": False}
    with pytest.raises(ClientError, match="refers to itself"):
        _compute(cloudwatch, "x", first, second)


def test_a_datum_has_one_kind_of_value(cloudwatch: Any) -> None:
    with pytest.raises(ClientError, match="Exactly one of Value"):
        cloudwatch.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "m"}])


@pytest.mark.parametrize("namespace", ["AWS/SageMaker", "AWS/Own"])
def test_a_namespace_of_aws_is_for_services_alone(
    service: CloudWatch, cloudwatch: Any, namespace: str
) -> None:
    data = [{"MetricName": "m", "Value": 1.0}]
    with pytest.raises(
        ClientError, match="The value AWS/ for parameter Namespace is invalid"
    ) as no:
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)
    assert no.value.response["Error"]["Code"] == "InvalidParameterValue"
    as_a_service = Context(SCOPE, f"arn:aws:iam::{SCOPE.account}:root")
    ServiceClient(service, as_a_service).put_metric_data(Namespace=namespace, MetricData=data)
    assert [one["Namespace"] for one in cloudwatch.list_metrics()["Metrics"]] == [namespace]


@pytest.mark.parametrize("namespace", ["MLOps/DriftMonitor", "AWSOwn", "aws/sagemaker/Endpoints"])
def test_any_other_namespace_is_taken(cloudwatch: Any, namespace: str) -> None:
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{"MetricName": "m", "Value": 1.0}])
    assert cloudwatch.list_metrics()["Metrics"]

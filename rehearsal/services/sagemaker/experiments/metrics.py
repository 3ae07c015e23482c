"""SageMaker Metrics: the metrics of trial components, put and read in batches."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from rehearsal.framework.platform import Context, Platform, Scope
from rehearsal.framework.service import Request, Response, Service
from rehearsal.services.sagemaker.experiments.membership import COMPONENT
from rehearsal.services.sagemaker.experiments.metric_store import (
    STATISTICS,
    Point,
    metric_store_of,
)

_ITERATION = "IterationNumber"
_PERIODS = {"OneMinute": 60, "FiveMinute": 300, "OneHour": 3600}


class SageMakerMetrics(Service):
    """BatchPutMetrics and BatchGetMetrics.

    Source: "Amazon SageMaker Metrics Service" in the API reference.
    """

    name: ClassVar[str] = "sagemaker-metrics"
    namespace: ClassVar[str] = "sagemaker"

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._store = metric_store_of(platform)

    def resource_arns(self, operation: str, request: Request, scope: Scope) -> Sequence[str]:
        if operation == "BatchPutMetrics":
            name = request["TrialComponentName"].lower()
            return [scope.arn("sagemaker", f"{COMPONENT}/{name}")]
        return list(dict.fromkeys(query["ResourceArn"] for query in request["MetricQueries"]))

    def batch_put_metrics(self, request: Request, context: Context) -> Response:
        errors = []
        for index, datum in enumerate(request["MetricData"]):
            point = Point(_moment(datum["Timestamp"]), float(datum["Value"]), datum.get("Step"))
            component = request["TrialComponentName"]
            if not self._store.put(context.scope, component, datum["MetricName"], [point]):
                errors.append({"Code": "VALIDATION_ERROR", "MetricIndex": index})
        return {"Errors": errors} if errors else {}

    def batch_get_metrics(self, request: Request, context: Context) -> Response:
        return {
            "MetricQueryResults": [
                self._result(query, context.scope) for query in request["MetricQueries"]
            ]
        }

    def _result(self, query: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        points = self._store.points(scope, query["ResourceArn"], query["MetricName"])
        if points is None:
            return _invalid(f"{query['ResourceArn']} has no metrics.")
        period, axis = query["Period"], query["XAxisType"]
        if axis == _ITERATION and period != _ITERATION:
            return _invalid(f"XAxisType {axis} requires Period {_ITERATION}; got {period}.")
        groups: dict[int, list[Point]] = {}
        for point in points:
            place = _place(point, period)
            if place is not None:
                groups.setdefault(place, []).append(point)
        shown = []
        for place, group in groups.items():
            x = place
            if axis == "Timestamp" and period == _ITERATION:
                x = int(group[-1].moment.timestamp())
            if query.get("Start", x) <= x <= query.get("End", x):
                value = float(STATISTICS[query["MetricStat"]]([one.value for one in group]))
                shown.append((x, value))
        shown.sort()
        return {
            "Status": "Complete",
            "XAxisValues": [x for x, _ in shown],
            "MetricValues": [value for _, value in shown],
        }


def _place(point: Point, period: str) -> int | None:
    """Returns the step of a value, or the beginning of its period in epoch seconds."""
    if period == _ITERATION:
        return point.step
    length = _PERIODS[period]
    return int(point.moment.timestamp()) // length * length


def _invalid(message: str) -> dict[str, Any]:
    return {
        "Status": "ValidationError",
        "Message": message,
        "XAxisValues": [],
        "MetricValues": [],
    }


def _moment(value: Any) -> datetime.datetime:
    if isinstance(value, datetime.datetime):
        return value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
    return datetime.datetime.fromtimestamp(float(value), datetime.UTC)

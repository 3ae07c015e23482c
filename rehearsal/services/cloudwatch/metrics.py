"""Operations on metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.framework.clock import Clock
from rehearsal.framework.pages import page
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.cloudwatch import metric_queries, statistics
from rehearsal.services.cloudwatch.metric_store import Metric, MetricStore

_PAGE_SIZE = 500
_OF_SERVICES = "AWS/"


class Metrics:
    """Operations on metrics.

    Args:
        clock: the present time.
        store: the metrics of every account and region.
        evaluate: evaluates the alarms of a scope that has new data.
    """

    def __init__(self, clock: Clock, store: MetricStore, evaluate: Callable[[Scope], None]) -> None:
        self._clock = clock
        self._store = store
        self._evaluate = evaluate

    def put_metric_data(self, request: Request, context: Context) -> Response:
        if "EntityMetricData" in request:
            raise _invalid("The rehearsal does not implement EntityMetricData.")
        _check_namespace(request["Namespace"], context.caller_arn)
        data = request.get("MetricData") or ()
        now = self._clock().timestamp()
        for datum in data:
            self._store.put(context.scope, request["Namespace"], datum, now)
        self._evaluate(context.scope)
        return {}

    def get_metric_statistics(self, request: Request, context: Context) -> Response:
        basic = request.get("Statistics") or []
        extended = request.get("ExtendedStatistics") or []
        for name in [*basic, *extended]:
            statistics.check(name)
        metric, period = Metric.of(context.scope, request), request["Period"]
        start, end = request["StartTime"].timestamp(), request["EndTime"].timestamp()
        points = []
        at = start // period * period
        while at < end:
            samples = self._store.between(
                metric, max(at, start), min(at + period, end), request.get("Unit")
            )
            values = {name: statistics.value(samples, name) for name in basic}
            further = {name: statistics.value(samples, name) for name in extended}
            known = {name: value for name, value in values.items() if value is not None}
            shown = {name: value for name, value in further.items() if value is not None}
            if samples and (known or shown):
                point: dict[str, Any] = {"Timestamp": at, "Unit": samples[0].unit, **known}
                points.append(point | ({"ExtendedStatistics": shown} if shown else {}))
            at += period
        return {"Label": request["MetricName"], "Datapoints": points}

    def get_metric_data(self, request: Request, context: Context) -> Response:
        queries = request["MetricDataQueries"]
        metric_queries.check(queries)
        period = metric_queries.period_of(queries)
        start = request["StartTime"].timestamp() // period * period
        end = request["EndTime"].timestamp()
        evaluation = metric_queries.Evaluation(self._store, context.scope, queries, start, end)
        newest_first = request.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        results = []
        for query in queries:
            if not query.get("ReturnData", True):
                continue
            for series in evaluation.of(query["Id"]):
                times = sorted(series, reverse=newest_first)
                results.append(
                    {
                        "Id": query["Id"],
                        "Label": query.get("Label") or _label(query),
                        "Timestamps": times,
                        "Values": [series[at] for at in times],
                        "StatusCode": "Complete",
                    }
                )
        return {"MetricDataResults": results, "Messages": []}

    def list_metrics(self, request: Request, context: Context) -> Response:
        wanted = [(item["Name"], item.get("Value")) for item in request.get("Dimensions") or ()]
        found = [
            {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": n, "Value": v} for n, v in metric.dimensions],
            }
            for metric in self._store.metrics(context.scope)
            if request.get("Namespace") in (None, metric.namespace)
            and request.get("MetricName") in (None, metric.name)
            and all(_has(metric, name, value) for name, value in wanted)
        ]
        kept, more = page(found, request, size=_PAGE_SIZE, error="InvalidNextToken")
        return {"Metrics": kept, **more}


def _check_namespace(namespace: str, caller_arn: str) -> None:
    """Rejects AWS namespaces of callers that are not a service, so not the account's root.

    Source: PutMetricData of CloudWatch's API reference. AWS does not document whether a namespace
    such as `aws/…` is one.
    """
    if namespace.startswith(_OF_SERVICES) and not caller_arn.endswith(":root"):
        raise _invalid(f"The value {_OF_SERVICES} for parameter Namespace is invalid.")


def _has(metric: Metric, name: str, value: str | None) -> bool:
    return any(n == name and value in (None, v) for n, v in metric.dimensions)


def _label(query: Mapping[str, Any]) -> str:
    if "MetricStat" in query:
        return str(query["MetricStat"]["Metric"]["MetricName"])
    return str(query["Id"])


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)

"""MetricDataQueries: metrics and expressions over them, for GetMetricData and for alarms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.services.cloudwatch import metric_math, statistics
from rehearsal.services.cloudwatch.math_parser import ExpressionError, Node, parse
from rehearsal.services.cloudwatch.metric_math import Series, Value, Variables
from rehearsal.services.cloudwatch.metric_store import Metric, MetricStore

Query = Mapping[str, Any]


def check(queries: Sequence[Query]) -> None:
    """Raises AwsError (ValidationError) for queries that CloudWatch rejects."""
    ids = [query["Id"] for query in queries]
    for query in queries:
        own = query["Id"]
        if "MetricStat" in query:
            statistics.check(query["MetricStat"]["Stat"])
            continue
        tree = _tree(query)
        if unknown := sorted(tree.ids() - set(ids)):
            raise _invalid(f"Expression {own} refers to unknown ids: {', '.join(unknown)}.")


def period_of(queries: Sequence[Query]) -> int:
    """Returns the longest period of the metrics, which is the period of expressions, too."""
    given = [query["MetricStat"]["Period"] for query in queries if "MetricStat" in query]
    given += [query["Period"] for query in queries if "Period" in query]
    return max(given, default=60)


class Evaluation:
    """The series of queries from `start` and before `end` (epoch seconds).

    Periods are counted from `start`, which the caller aligns.

    Args:
        store: the metrics.
        scope: account and region.
        queries: the queries.
        start: the beginning of the first period.
        end: the end of the last period.
        real: returns the real time of a time of the periods. Defaults to the time itself.
    """

    def __init__(
        self,
        store: MetricStore,
        scope: Scope,
        queries: Sequence[Query],
        start: float,
        end: float,
        *,
        real: Callable[[float], float] = float,
    ) -> None:
        self._store = store
        self._scope = scope
        self._queries = {query["Id"]: query for query in queries}
        self._start = start
        self._end = end
        self._real = real
        self._period = float(period_of(queries))
        self._known: dict[str, Value] = {}
        self._open: set[str] = set()

    def of(self, query_id: str) -> list[Series]:
        """Returns the series of a query; an expression may have several.

        Raises:
            AwsError: ValidationError, if the query cannot be computed.
        """
        try:
            value = self._value(query_id)
        except ExpressionError as problem:
            raise _invalid(str(problem)) from None
        if isinstance(value, list):
            return value
        if isinstance(value, float):
            return [{} if math.isnan(value) else dict.fromkeys(self._grid(), value)]
        if isinstance(value, str):
            raise _invalid(f"The expression {query_id} is a text.")
        return [value]

    def _value(self, query_id: str) -> Value:
        if query_id not in self._known:
            query = self._queries.get(query_id)
            if query is None or query_id in self._open:
                raise ExpressionError(f"{query_id} is unknown or refers to itself")
            self._open.add(query_id)
            if "MetricStat" in query:
                self._known[query_id] = self._metric(query["MetricStat"])
            else:
                self._known[query_id] = metric_math.compute(_tree(query), self._variables())
            self._open.discard(query_id)
        return self._known[query_id]

    def _metric(self, given: Mapping[str, Any]) -> Series:
        metric = Metric.of(self._scope, given["Metric"])
        found = {}
        for at in self._grid(given["Period"]):
            start, end = self._real(at), self._real(at + given["Period"])
            samples = self._store.between(metric, start, end, given.get("Unit"))
            value = statistics.value(samples, given["Stat"])
            if value is not None:
                found[at] = value
        return found

    def _variables(self) -> Variables:
        return Variables(
            lookup=self._value,
            metrics=lambda: dict(self._metrics()),
            grid=list(self._grid()),
            period=self._period,
        )

    def _metrics(self) -> Iterator[tuple[str, Series]]:
        for query_id, query in self._queries.items():
            if "MetricStat" in query:
                value = self._value(query_id)
                if isinstance(value, dict):
                    yield query_id, value

    def _grid(self, period: float | None = None) -> Iterator[float]:
        at = self._start
        while at < self._end:
            yield at
            at += period or self._period


def _tree(query: Query) -> Node:
    try:
        tree = parse(query["Expression"])
        metric_math.check(tree)
    except ExpressionError as problem:
        raise _invalid(str(problem)) from None
    return tree


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)

"""Evaluation of metric alarms.

AWS evaluates periods that have ended. Here, the current period counts, too, as soon as it breaches,
so that an alarm does not wait for its end; except while a rollout moves the alarm's time, so that
the periods end within seconds.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import datetime
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.framework.timeline import Timeline
from rehearsal.services.cloudwatch.metric_queries import Evaluation, Query, period_of
from rehearsal.services.cloudwatch.metric_store import MetricStore

ALARM, OK, INSUFFICIENT_DATA = "ALARM", "OK", "INSUFFICIENT_DATA"
COMPARISONS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
# CloudWatch evaluates this many earlier periods, for data that arrived late.
_FURTHER = 2
_MINUTE = 60.0
_GROWING = ("Sum", "SampleCount")

RealTime = Callable[[float], float]
"""Returns the real time of a time of an alarm."""

Point = tuple[float, float | None]
"""The beginning of a period, and its value; None without data."""


@dataclass(frozen=True)
class Finding:
    """The state of an alarm by its data, with the reason as AWS words it."""

    state: str
    reason: str
    data: Mapping[str, Any]


def queries_of(alarm: Mapping[str, Any]) -> list[Query]:
    """Returns the alarm's metric, or its metric math, as queries."""
    if alarm.get("Metrics"):
        return list(alarm["Metrics"])
    metric = {name: alarm[name] for name in ("Namespace", "MetricName")}
    stat: dict[str, Any] = {
        "Metric": {**metric, "Dimensions": alarm.get("Dimensions") or []},
        "Period": alarm["Period"],
        "Stat": alarm.get("ExtendedStatistic") or alarm["Statistic"],
    }
    if alarm.get("Unit"):
        stat["Unit"] = alarm["Unit"]
    return [{"Id": "m1", "MetricStat": stat, "ReturnData": True}]


def watched(queries: Sequence[Query]) -> Query:
    """Returns the query whose result the alarm compares."""
    return next(query for query in queries if query.get("ReturnData", True))


def evaluate(
    alarm: Mapping[str, Any],
    store: MetricStore,
    scope: Scope,
    now: float,
    timeline: Timeline | None = None,
) -> Finding | None:
    """Returns the state by the present data, or None if the alarm keeps its state.

    Args:
        alarm: the alarm.
        store: the metrics.
        scope: account and region.
        now: the time of the evaluation, on the timeline of the alarm.
        timeline: the alarm's time. Defaults to None: real time.
    """
    real: RealTime = float if timeline is None else timeline.real
    held = timeline is not None and timeline.held
    step = step_of(alarm)
    ended = now // step * step
    if not held and _counts_before_its_end(alarm):
        running = _points(alarm, store, scope, ended + step, real)
        if _breaches(alarm, running[0][1]):
            return _find(alarm, running, real(now))
    return _find(alarm, _points(alarm, store, scope, ended, real), real(now))


def step_of(alarm: Mapping[str, Any]) -> float:
    """Returns the seconds between two evaluations of an alarm: a minute, or a shorter period."""
    return min(_period(alarm), _MINUTE)


def _period(alarm: Mapping[str, Any]) -> float:
    return float(period_of(queries_of(alarm)))


def _counts_before_its_end(alarm: Mapping[str, Any]) -> bool:
    """Returns True if a period can breach before its end, unlike a sum that still grows."""
    if alarm["ComparisonOperator"].startswith("Greater"):
        return True
    return not alarm.get("Metrics") and alarm.get("Statistic") not in _GROWING


def _points(
    alarm: Mapping[str, Any], store: MetricStore, scope: Scope, end: float, real: RealTime
) -> list[Point]:
    """Returns the periods of an evaluation, newest first, with the real times of their starts."""
    queries, period = queries_of(alarm), _period(alarm)
    count = alarm["EvaluationPeriods"] + _FURTHER
    start = end - period * count
    evaluation = Evaluation(store, scope, queries, start, end, real=real)
    found = evaluation.of(watched(queries)["Id"])
    series = found[0] if found else {}
    times = [start + period * number for number in range(count)]
    return [(real(at), series.get(at)) for at in reversed(times)]


def _find(alarm: Mapping[str, Any], points: Sequence[Point], now: float) -> Finding | None:
    periods = alarm["EvaluationPeriods"]
    needed = alarm.get("DatapointsToAlarm") or periods
    known = [(at, value) for at, value in points if value is not None][:periods]
    missing = periods - len(known)
    treated = alarm.get("TreatMissingData") or "missing"
    breaching = sum(_breaches(alarm, value) for _, value in known)
    state = _state(points[:periods], known, breaching, missing, needed, treated, alarm)
    if state is None:
        return None
    reason = _reason(alarm, state, known, missing, needed, treated)
    return Finding(state, reason, _data(alarm, known, now))


def _state(
    recent: Sequence[Point],
    known: Sequence[Point],
    breaching: int,
    missing: int,
    needed: int,
    treated: str,
    alarm: Mapping[str, Any],
) -> str | None:
    """Follows the tables of "Configuring how CloudWatch alarms treat missing data"."""
    if breaching >= needed:
        return ALARM
    if treated == "breaching":
        return ALARM if breaching + missing >= needed else OK
    if treated == "notBreaching":
        return OK
    if breaching < len(known):
        return OK
    if treated == "ignore":
        return None
    if not known:
        return INSUFFICIENT_DATA
    # All known datapoints breach: an alarm if the oldest one is old enough.
    oldest = max(n for n, (_, v) in enumerate(recent, 1) if v is not None) if _any(recent) else 0
    return ALARM if oldest >= needed else None


def _any(points: Sequence[Point]) -> bool:
    return any(value is not None for _, value in points)


def _breaches(alarm: Mapping[str, Any], value: float | None) -> bool:
    compare, _ = COMPARISONS[alarm["ComparisonOperator"]]
    return value is not None and compare(value, alarm["Threshold"])


def _reason(
    alarm: Mapping[str, Any],
    state: str,
    known: Sequence[Point],
    missing: int,
    needed: int,
    treated: str,
) -> str:
    periods = alarm["EvaluationPeriods"]
    if state == INSUFFICIENT_DATA:
        return f"Insufficient Data: {_counted(periods)} {_were(periods)} unknown."
    if not known:
        words = "Breaching" if treated == "breaching" else "NonBreaching"
        return (
            f"Threshold Crossed: no datapoints were received for {periods} "
            f"period{'s' if periods > 1 else ''} and {missing} missing datapoint"
            f"{'s were' if missing > 1 else ' was'} treated as [{words}]."
        )
    shown = [(at, value) for at, value in known if _breaches(alarm, value) == (state == ALARM)]
    listed = ", ".join(f"{value} ({_day(at)})" for at, value in shown)
    verb = _were(len(shown)) + ("" if state == ALARM else " not")
    before = "OK -> ALARM" if state == ALARM else "ALARM -> OK"
    least = needed if state == ALARM else periods - needed + 1
    return (
        f"Threshold Crossed: {len(shown)} out of the last {_counted(periods)} [{listed}] {verb} "
        f"{COMPARISONS[alarm['ComparisonOperator']][1]} the threshold ({alarm['Threshold']}) "
        f"(minimum {_counted(least)} for {before} transition)."
    )


def _counted(number: int) -> str:
    return f"{number} datapoint{'s' if number > 1 else ''}"


def _were(number: int) -> str:
    return "were" if number > 1 else "was"


def _day(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%d/%m/%y %H:%M:%S")


def _data(alarm: Mapping[str, Any], known: Sequence[Point], now: float) -> dict[str, Any]:
    data: dict[str, Any] = {"version": "1.0", "queryDate": stamp(now)}
    if known:
        data["startDate"] = stamp(known[-1][0])
    if not alarm.get("Metrics"):
        data["statistic"] = alarm.get("ExtendedStatistic") or alarm["Statistic"]
    return data | {
        "period": int(_period(alarm)),
        "recentDatapoints": [value for _, value in reversed(known)],
        "threshold": alarm["Threshold"],
        "evaluatedDatapoints": [{"timestamp": stamp(at), "value": value} for at, value in known],
    }


def stamp(at: float) -> str:
    """Returns a time as CloudWatch writes it in messages and reasons."""
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def compact(data: Mapping[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"))

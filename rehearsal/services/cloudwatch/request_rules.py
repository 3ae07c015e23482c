"""Rules of CloudWatch's requests, beyond the models.

Sources name operations and shapes of the Amazon CloudWatch API Reference.
"""

import datetime
import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import (
    choice,
    exclusive,
    matching,
    requires,
    rule,
    sized,
)
from rehearsal.framework.rules.rule import Call, Catalogue, Example
from rehearsal.framework.rules.tagging import tag_rules

_ALARM = "PutMetricAlarm"
_QUERIES = ("PutMetricAlarm", "GetMetricData")
_METRICS = "Metrics[]|MetricDataQueries[]"
_OF_ONE_METRIC = (
    "MetricName",
    "Namespace",
    "Statistic",
    "ExtendedStatistic",
    "Period",
    "Dimensions",
    "Unit",
)
_ANOMALIES = (
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)
_HOUR, _DAY, _WEEK = 3600, 86400, 7 * 86400
_MAX_VALUE = 2.0**360
_MAX_POINTS = 1440
_INVALID = "InvalidParameterValue"
_COMBINATION = "InvalidParameterCombination"
_START = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
_END = datetime.datetime(2026, 11, 1, 1, tzinfo=datetime.UTC)
_WATCHED: dict[str, Any] = {
    "AlarmName": "errors",
    "MetricName": "Errors",
    "Namespace": "Churn",
    "Statistic": "Sum",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
}
_COMPUTED = {
    "AlarmName": "errors",
    "EvaluationPeriods": 1,
    "Threshold": 1.0,
    "ComparisonOperator": "GreaterThanThreshold",
    "Metrics[0].Id": "m1",
    "Metrics[0].MetricStat.Metric.MetricName": "Errors",
    "Metrics[0].MetricStat.Metric.Namespace": "Churn",
    "Metrics[0].MetricStat.Period": 60,
    "Metrics[0].MetricStat.Stat": "Sum",
}
_READ = {
    "MetricDataQueries[0].Id": "m1",
    "MetricDataQueries[0].Expression": "TIME_SERIES(1)",
    "StartTime": _START,
    "EndTime": _END,
}
_STATISTICS = {
    "Namespace": "Churn",
    "MetricName": "Errors",
    "StartTime": _START,
    "EndTime": _END,
    "Period": 60,
    "Statistics[0]": "Sum",
}
_DATUM = {
    "Namespace": "Churn",
    "MetricData[0].MetricName": "Errors",
    "MetricData[0].Value": 1.0,
}


def _threshold(call: Call) -> Iterator[str]:
    if call.get("ComparisonOperator") not in _ANOMALIES and not call.get("EvaluationCriteria"):
        for name in ("Threshold", "EvaluationPeriods", "ComparisonOperator"):
            if call.get(name) is None:
                yield f"The parameter {name} is required."


def _datapoints(call: Call) -> Iterator[str]:
    if (call.get("DatapointsToAlarm") or 1) > (call.get("EvaluationPeriods") or math.inf):
        yield "The parameter 'DatapointsToAlarm' must be less than or equal to 'EvaluationPeriods'."


def _metric(call: Call) -> Iterator[str]:
    if not call.get("Metrics") and not call.get("EvaluationCriteria"):
        for name in ("MetricName", "Namespace", "Period"):
            if not call.get(name):
                yield f"The parameter {name} is required, or Metrics."


def _metrics_alone(call: Call) -> Iterator[str]:
    both = [name for name in _OF_ONE_METRIC if call.get(name)]
    if call.get("Metrics") and both:
        yield f"Metrics must not be given together with {', '.join(both)}."


def _one_statistic(call: Call) -> Iterator[str]:
    given = [name for name in ("Statistic", "ExtendedStatistic") if call.get(name)]
    if call.get("MetricName") and len(given) != 1:
        yield "Exactly one of Statistic and ExtendedStatistic must be given."


def _period(call: Call) -> int | None:
    given = [one for _, one in call.values("Metrics[].MetricStat.Period")]
    given += [one for _, one in call.values("Metrics[].Period")]
    period = call.get("Period")
    return period if period is not None else max(given, default=None)


def _alarm_period(call: Call) -> Iterator[str]:
    period = call.get("Period")
    if period is not None and period not in (10, 20, 30) and period % 60:
        yield f"Period must be 10, 20, 30 or a multiple of 60, not {period}."


def _span(call: Call) -> Iterator[str]:
    period, number = _period(call) or 0, call.get("EvaluationPeriods") or 0
    longest = _WEEK if period >= _HOUR else _DAY
    if period * number > longest:
        yield (
            f"Metrics cannot be checked across more than {longest // _DAY} day(s) "
            "(EvaluationPeriods * Period)."
        )


def _query_ids(call: Call) -> Iterator[str]:
    for _, given in call.values(f"{_METRICS}.Id"):
        if not given[:1].islower():
            yield f"The Id {given} must begin with a lower-case letter."


def _query_twice(call: Call) -> Iterator[str]:
    ids = [given for _, given in call.values(f"{_METRICS}.Id")]
    for given in dict.fromkeys(one for one in ids if ids.count(one) > 1):
        yield f"The Id {given} is not unique."


def _query_kind(call: Call) -> Iterator[str]:
    for _, query in call.values(_METRICS):
        if ("MetricStat" in query) == ("Expression" in query):
            yield f"Exactly one of MetricStat and Expression must be given for {query.get('Id')}."


def _query_metrics(call: Call) -> Iterator[str]:
    for _, query in call.values(_METRICS):
        metric = (query.get("MetricStat") or {}).get("Metric") or {}
        for name in ("Namespace", "MetricName") if "MetricStat" in query else ():
            if not metric.get(name):
                yield f"The parameter MetricStat.Metric.{name} of {query.get('Id')} is required."


def _returned(call: Call) -> Iterator[str]:
    queries = call.get("Metrics") or ()
    returned = [one["Id"] for one in queries if one.get("ReturnData", True)]
    if queries and len(returned) != 1:
        yield (
            f"Exactly one element of Metrics must have ReturnData true, not {len(returned)}: "
            f"{', '.join(returned) or 'none'}."
        )


def _query_number(member: str, limit: int) -> Callable[[Call], Iterator[str]]:
    def check(call: Call) -> Iterator[str]:
        number = len(call.get(member) or ())
        if number > limit:
            yield f"{member} may have {limit} elements; got {number}."

    return check


def _points(call: Call) -> Iterator[str]:
    start, end, period = (call.get(name) for name in ("StartTime", "EndTime", "Period"))
    if start and end and period and (end - start).total_seconds() / period > _MAX_POINTS:
        yield (
            f"You have requested up to {int((end - start).total_seconds() / period):,} datapoints, "
            f"which exceeds the limit of {_MAX_POINTS:,}. You may reduce the datapoints requested "
            "by increasing Period, or decreasing the time range."
        )


def _statistics_period(call: Call) -> Iterator[str]:
    period = call.get("Period")
    if period is not None and period not in (1, 5, 10, 20, 30) and period % 60:
        yield f"Period must be 1, 5, 10, 20, 30 or a multiple of 60, not {period}."


def _before(call: Call) -> Iterator[str]:
    start, end = call.get("StartTime"), call.get("EndTime")
    if start and end and start >= end:
        yield "The parameter StartTime must be less than the parameter EndTime."


def _data(call: Call) -> Iterator[Mapping[str, Any]]:
    for _, datum in call.values("MetricData[]"):
        yield datum


def _datum_kind(call: Call) -> Iterator[str]:
    kinds = ("Value", "Values", "StatisticValues")
    for datum in _data(call):
        if len([name for name in kinds if name in datum]) != 1:
            yield f"Exactly one of {', '.join(kinds)} must be given for {datum.get('MetricName')}."


def _counts(call: Call) -> Iterator[str]:
    for datum in _data(call):
        if len(datum.get("Counts") or []) not in (0, len(datum.get("Values") or [])):
            yield f"Counts and Values of {datum['MetricName']} differ in length."


def _values(call: Call) -> Iterator[str]:
    for datum in _data(call):
        numbers = [*datum.get("Values", ()), *([datum["Value"]] if "Value" in datum else ())]
        for number in numbers:
            if not math.isfinite(number) or abs(number) > _MAX_VALUE:
                yield (
                    f"The value of {datum['MetricName']} must be a number in the range of -2^360 "
                    f"to 2^360; got {number}."
                )


def _dimension_names(call: Call) -> Iterator[str]:
    for _, dimension in call.values("MetricData[].Dimensions[]"):
        for member in ("Name", "Value"):
            text = str(dimension.get(member, "x"))
            if not text.isascii() or not text.isprintable() or not text.strip():
                yield f"{member} of a dimension must be printable ASCII characters; got {text!r}."


def _dimension_colon(call: Call) -> Iterator[str]:
    for _, name in call.values("MetricData[].Dimensions[].Name"):
        if name.startswith(":"):
            yield f"Name of a dimension must not begin with a colon; got {name}."


def _alone(member: str) -> Callable[[Call], Iterator[str]]:
    def check(call: Call) -> Iterator[str]:
        others = set(call.request) - {member, "MaxRecords", "NextToken"}
        if call.get(member) and others:
            yield f"{member} cannot be combined with {', '.join(sorted(others))}."

    return check


def _composites(call: Call) -> Iterator[str]:
    names = call.get("AlarmNames") or ()
    asked = {"AlarmNames": list(names), "AlarmTypes": ["CompositeAlarm"]}
    found = (call.read("DescribeAlarms", asked) or {}).get("CompositeAlarms") or ()
    if len(found) > 1:
        listed = ", ".join(one["AlarmName"] for one in found)
        yield f"One composite alarm can be deleted in one operation; got {listed}."


def _reason(call: Call) -> Iterator[str]:
    try:
        json.loads(call.get("StateReasonData") or "{}")
    except ValueError:
        yield "StateReasonData must be JSON"


CLOUDWATCH = Catalogue(
    "cloudwatch",
    *tag_rules("cloudwatch", source="TagResource, Tags"),
    rule(
        "alarm-threshold",
        _ALARM,
        "A static threshold has Threshold, EvaluationPeriods and ComparisonOperator.",
        _threshold,
        source="PutMetricAlarm, Threshold",
        fails={**_WATCHED, "Threshold": None},
        passes=_WATCHED,
    ),
    rule(
        "alarm-datapoints",
        _ALARM,
        "DatapointsToAlarm is at most EvaluationPeriods.",
        _datapoints,
        source='"Evaluating an alarm", M out of N',
        fails={**_WATCHED, "DatapointsToAlarm": 2},
        passes={**_WATCHED, "DatapointsToAlarm": 1},
    ),
    choice(
        "alarm-missing-data",
        _ALARM,
        "TreatMissingData",
        ("breaching", "notBreaching", "ignore", "missing"),
        source="PutMetricAlarm, TreatMissingData",
        fails={**_WATCHED, "TreatMissingData": "skip"},
        passes={**_WATCHED, "TreatMissingData": "ignore"},
    ),
    choice(
        "alarm-low-samples",
        _ALARM,
        "EvaluateLowSampleCountPercentile",
        ("evaluate", "ignore"),
        source="PutMetricAlarm, EvaluateLowSampleCountPercentile",
        fails={**_WATCHED, "EvaluateLowSampleCountPercentile": "skip"},
        passes={**_WATCHED, "EvaluateLowSampleCountPercentile": "ignore"},
    ),
    rule(
        "alarm-metric",
        _ALARM,
        "An alarm has a metric with namespace and period, or Metrics.",
        _metric,
        source="PutMetricAlarm, MetricName",
        fails={**_WATCHED, "MetricName": None},
        passes=_WATCHED,
    ),
    rule(
        "alarm-metrics-alone",
        _ALARM,
        "Metrics exclude the members of a single metric.",
        _metrics_alone,
        source="PutMetricAlarm, Metrics",
        fails={**_COMPUTED, "Period": 60},
        passes=_COMPUTED,
    ),
    rule(
        "alarm-statistic",
        _ALARM,
        "A metric has either Statistic or ExtendedStatistic.",
        _one_statistic,
        source="PutMetricAlarm, Statistic",
        fails={**_WATCHED, "ExtendedStatistic": "p90"},
        passes=_WATCHED,
    ),
    rule(
        "alarm-period",
        _ALARM,
        "Period is 10, 20, 30 or a multiple of 60.",
        _alarm_period,
        source="PutMetricAlarm, Period",
        fails={**_WATCHED, "Period": 90},
        passes={**_WATCHED, "Period": 30},
    ),
    rule(
        "alarm-span",
        _ALARM,
        "EvaluationPeriods * Period is at most a day, or a week for periods of an hour or more.",
        _span,
        source="PutMetricAlarm, Period",
        fails={**_WATCHED, "Period": 3600, "EvaluationPeriods": 169},
        passes={**_WATCHED, "Period": 3600, "EvaluationPeriods": 168},
    ),
    rule(
        "query-ids",
        _QUERIES,
        "The Id of a query begins with a lower-case letter.",
        _query_ids,
        source="MetricDataQuery, Id",
        fails={**_COMPUTED, "Metrics[0].Id": "M1"},
        passes=_COMPUTED,
    ),
    rule(
        "query-unique-ids",
        _QUERIES,
        "The Id of a query is unique in a request.",
        _query_twice,
        source="MetricDataQuery, Id",
        fails={
            **_COMPUTED,
            "Metrics[1].Id": "m1",
            "Metrics[1].Expression": "m1 * 2",
            "Metrics[1].ReturnData": False,
        },
        passes=_COMPUTED,
    ),
    rule(
        "query-kind",
        _QUERIES,
        "A query has either MetricStat or Expression.",
        _query_kind,
        source="MetricDataQuery, MetricStat and Expression",
        fails={**_COMPUTED, "Metrics[0].Expression": "m1 * 2"},
        passes=_COMPUTED,
    ),
    rule(
        "query-metric",
        _QUERIES,
        "The metric of a query has a namespace and a name.",
        _query_metrics,
        source="MetricStat, Metric",
        fails={**_COMPUTED, "Metrics[0].MetricStat.Metric.MetricName": None},
        passes=_COMPUTED,
    ),
    rule(
        "alarm-returned-query",
        _ALARM,
        "Exactly one of Metrics has ReturnData true.",
        _returned,
        source="MetricDataQuery",
        fails={**_COMPUTED, "Metrics[0].ReturnData": False},
        passes=_COMPUTED,
    ),
    rule(
        "alarm-query-number",
        _ALARM,
        "An alarm has at most 20 Metrics.",
        _query_number("Metrics", 20),
        source="MetricDataQuery",
        fails={
            **_COMPUTED,
            **{f"Metrics[{n}].Id": f"e{n}" for n in range(1, 21)},
            **{f"Metrics[{n}].Expression": "m1 * 2" for n in range(1, 21)},
            **{f"Metrics[{n}].ReturnData": False for n in range(1, 21)},
        },
        passes=_COMPUTED,
    ),
    rule(
        "data-query-number",
        "GetMetricData",
        "A request has at most 500 MetricDataQueries.",
        _query_number("MetricDataQueries", 500),
        source="MetricDataQuery",
        fails={
            **_READ,
            **{f"MetricDataQueries[{n}].Id": f"e{n}" for n in range(1, 501)},
            **{f"MetricDataQueries[{n}].Expression": "m1 * 2" for n in range(1, 501)},
        },
        passes=_READ,
    ),
    rule(
        "data-times",
        "GetMetricData",
        "StartTime is before EndTime.",
        _before,
        source="GetMetricData, StartTime",
        fails={**_READ, "EndTime": _START},
        passes=_READ,
    ),
    rule(
        "statistics-times",
        "GetMetricStatistics",
        "StartTime is before EndTime.",
        _before,
        source="GetMetricStatistics, StartTime",
        code=_INVALID,
        fails={**_STATISTICS, "EndTime": _START},
        passes=_STATISTICS,
    ),
    rule(
        "statistics-period",
        "GetMetricStatistics",
        "Period is 1, 5, 10, 20, 30 or a multiple of 60.",
        _statistics_period,
        source="GetMetricStatistics, Period",
        code=_INVALID,
        fails={**_STATISTICS, "Period": 45},
        passes={**_STATISTICS, "Period": 30},
    ),
    rule(
        "statistics-points",
        "GetMetricStatistics",
        "A response has at most 1,440 data points.",
        _points,
        source="GetMetricStatistics",
        code=_COMBINATION,
        fails={**_STATISTICS, "Period": 1},
        passes={**_STATISTICS, "Period": 5},
    ),
    rule(
        "statistics-kinds",
        "GetMetricStatistics",
        "A request has Statistics or ExtendedStatistics, not both.",
        lambda call: (
            ["Statistics and ExtendedStatistics cannot be given together."]
            if call.get("Statistics") and call.get("ExtendedStatistics")
            else []
        ),
        source="GetMetricStatistics, Statistics",
        code=_COMBINATION,
        fails={**_STATISTICS, "ExtendedStatistics[0]": "p90"},
        passes=_STATISTICS,
    ),
    rule(
        "statistics-one",
        "GetMetricStatistics",
        "A request has Statistics or ExtendedStatistics.",
        lambda call: (
            []
            if call.get("Statistics") or call.get("ExtendedStatistics")
            else ["Statistics or ExtendedStatistics is required."]
        ),
        source="GetMetricStatistics, ExtendedStatistics",
        code="MissingParameter",
        fails={k: v for k, v in _STATISTICS.items() if k != "Statistics[0]"},
        passes=_STATISTICS,
    ),
    rule(
        "datum-kind",
        "PutMetricData",
        "A datum has one of Value, Values and StatisticValues.",
        _datum_kind,
        source="MetricDatum, Value",
        code=_COMBINATION,
        fails={**_DATUM, "MetricData[0].Values[0]": 1.0},
        passes=_DATUM,
    ),
    rule(
        "datum-counts",
        "PutMetricData",
        "Counts have as many elements as Values.",
        _counts,
        source="MetricDatum, Counts",
        code=_INVALID,
        fails={
            **_DATUM,
            "MetricData[0].Value": None,
            "MetricData[0].Values[0]": 1.0,
            "MetricData[0].Counts[0]": 1.0,
            "MetricData[0].Counts[1]": 1.0,
        },
        passes=_DATUM,
    ),
    rule(
        "datum-value",
        "PutMetricData",
        "Values are numbers in the range of -2^360 to 2^360.",
        _values,
        source="MetricDatum, Value",
        code=_INVALID,
        fails={**_DATUM, "MetricData[0].Value": 2.0**361},
        passes={**_DATUM, "MetricData[0].Value": 2.0**360},
    ),
    sized(
        "datum-values",
        "PutMetricData",
        "MetricData[].Values",
        None,
        150,
        source="MetricDatum, Values",
        code=_INVALID,
        fails={
            **_DATUM,
            "MetricData[0].Value": None,
            **{f"MetricData[0].Values[{n}]": float(n) for n in range(151)},
        },
        passes=_DATUM,
    ),
    sized(
        "data-number",
        "PutMetricData",
        "MetricData",
        None,
        1000,
        source="PutMetricData, MetricData",
        code=_INVALID,
        fails={
            "Namespace": "Churn",
            "MetricData": [{"MetricName": "Errors", "Value": 1.0}] * 1001,
        },
        passes=_DATUM,
    ),
    choice(
        "storage-resolution",
        "PutMetricData",
        "MetricData[].StorageResolution",
        (1, 60),
        source="MetricDatum, StorageResolution",
        code=_INVALID,
        fails={**_DATUM, "MetricData[0].StorageResolution": 10},
        passes={**_DATUM, "MetricData[0].StorageResolution": 1},
    ),
    rule(
        "dimension-characters",
        "PutMetricData",
        "Names and values of dimensions are printable ASCII characters.",
        _dimension_names,
        source="Dimension, Name",
        code=_INVALID,
        fails={**_DATUM, "MetricData[0].Dimensions[0]": {"Name": "Größe", "Value": "1"}},
        passes={**_DATUM, "MetricData[0].Dimensions[0]": {"Name": "Size", "Value": "1"}},
    ),
    rule(
        "dimension-colon",
        "PutMetricData",
        "The name of a dimension does not begin with a colon.",
        _dimension_colon,
        source="Dimension, Name",
        code=_INVALID,
        fails={**_DATUM, "MetricData[0].Dimensions[0]": {"Name": ":size", "Value": "1"}},
        passes={**_DATUM, "MetricData[0].Dimensions[0]": {"Name": "size", "Value": "1"}},
    ),
    exclusive(
        "alarms-by-name-or-prefix",
        "DescribeAlarms",
        "AlarmNames",
        "AlarmNamePrefix",
        source="DescribeAlarms, AlarmNamePrefix",
        fails={"AlarmNames[0]": "errors", "AlarmNamePrefix": "err"},
        passes={"AlarmNamePrefix": "err"},
    ),
    *(
        rule(
            name,
            "DescribeAlarms",
            f"{member} excludes all other parameters but those of pages.",
            _alone(member),
            source=f"DescribeAlarms, {member}",
            fails={member: "all", "StateValue": "OK"},
            passes={member: "all", "MaxRecords": 1},
        )
        for name, member in (
            ("alarm-children", "ChildrenOfAlarmName"),
            ("alarm-parents", "ParentsOfAlarmName"),
        )
    ),
    rule(
        "alarm-deletions",
        "DeleteAlarms",
        "At most one composite alarm is deleted in one operation.",
        _composites,
        source="DeleteAlarms",
        fails=Example(
            {"AlarmNames[0]": "a", "AlarmNames[1]": "b"},
            {"DescribeAlarms": {"CompositeAlarms": [{"AlarmName": "a"}, {"AlarmName": "b"}]}},
        ),
        passes=Example(
            {"AlarmNames[0]": "a", "AlarmNames[1]": "b"},
            {"DescribeAlarms": {"CompositeAlarms": [{"AlarmName": "a"}]}},
        ),
    ),
    requires(
        "composite-suppressor",
        "PutCompositeAlarm",
        "ActionsSuppressor",
        "ActionsSuppressorWaitPeriod",
        "ActionsSuppressorExtensionPeriod",
        source="PutCompositeAlarm, ActionsSuppressorWaitPeriod",
        fails={"ActionsSuppressor": "maintenance"},
        passes={
            "ActionsSuppressor": "maintenance",
            "ActionsSuppressorWaitPeriod": 60,
            "ActionsSuppressorExtensionPeriod": 60,
        },
    ),
    rule(
        "state-reason",
        "SetAlarmState",
        "StateReasonData is JSON.",
        _reason,
        source="SetAlarmState, StateReasonData",
        code="InvalidFormat",
        fails={"StateReasonData": "{"},
        passes={"StateReasonData": "{}"},
    ),
    matching(
        "dashboard-name",
        "PutDashboard",
        "DashboardName",
        "[A-Za-z0-9_-]{1,255}",
        "have 1 to 255 letters, digits, dashes and underscores",
        source="PutDashboard, DashboardName",
        code="InvalidParameterInput",
        fails={"DashboardName": "my board"},
        passes={"DashboardName": "my-board"},
    ),
    sized(
        "dashboard-deletions",
        "DeleteDashboards",
        "DashboardNames",
        None,
        100,
        source="DeleteDashboards",
        code=_INVALID,
        fails={"DashboardNames": [f"d{n}" for n in range(101)]},
        passes={"DashboardNames": ["d"]},
    ),
    error="ValidationError",
)

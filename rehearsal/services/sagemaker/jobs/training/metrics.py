"""Metrics that SageMaker reads from the output of a training job with regular expressions."""

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from rehearsal.services.sagemaker.data_plane import ExecutionFailedError

Metric = dict[str, Any]
"""`{"MetricName", "Value", "Timestamp"}`, as in FinalMetricDataList."""


class TrainingMetrics:
    """The metrics of AlgorithmSpecification.MetricDefinitions, with the last value of each.

    The output of all hosts is read.
    """

    def __init__(
        self, definitions: Iterable[Mapping[str, str]], changed: Callable[[list[Metric]], None]
    ) -> None:
        self._expressions = [(item["Name"], _compiled(item)) for item in definitions]
        self._changed = changed
        self._last: dict[str, Metric] = {}
        self._lock = threading.Lock()

    @property
    def final(self) -> list[Metric]:
        """The last value of each metric that was seen."""
        with self._lock:
            return list(self._last.values())

    def read(self, line: str) -> None:
        """Reads a line of the output."""
        seen = False
        for name, expression in self._expressions:
            for match in expression.finditer(line):
                value = _number(match)
                if value is not None:
                    stamp = datetime.now(UTC)
                    with self._lock:
                        self._last[name] = {"MetricName": name, "Value": value, "Timestamp": stamp}
                    seen = True
        if seen:
            self._changed(self.final)


def _compiled(definition: Mapping[str, str]) -> re.Pattern[str]:
    try:
        expression = re.compile(definition["Regex"])
    except re.error as error:
        raise ExecutionFailedError(
            f"ClientError: The Regex of metric {definition['Name']} is not valid: {error}: "
            f"{definition['Regex']}"
        ) from error
    if expression.groups < 1:
        raise ExecutionFailedError(
            f"ClientError: The Regex of metric {definition['Name']} needs a group around the "
            f"number, for instance auc=([0-9.]+); got {definition['Regex']}"
        )
    return expression


def _number(match: re.Match[str]) -> float | None:
    try:
        return float(match.group(1))
    except (TypeError, ValueError):
        return None  # the expression also matches text without a number

"""Statistics of the samples of a period, as CloudWatch computes them.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from rehearsal.framework.platform import AwsError
from rehearsal.services.cloudwatch.samples import Sample

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
_BASIC: Mapping[str, Callable[[Sequence[Sample]], float]] = {
    "SampleCount": lambda samples: sum(s.count for s in samples),
    "Sum": lambda samples: sum(s.total for s in samples),
    "Average": lambda samples: sum(s.total for s in samples) / sum(s.count for s in samples),
    "Minimum": lambda samples: min(s.low for s in samples),
    "Maximum": lambda samples: max(s.high for s in samples),
}
NAMES = tuple(_BASIC)


def check(statistic: str) -> None:
    """Raises AwsError (InvalidParameterValue) for a statistic that is not supported."""
    if statistic not in _BASIC and not _PERCENTILE.fullmatch(statistic):
        raise AwsError(
            "InvalidParameterValue",
            f"The rehearsal does not compute the statistic {statistic}. It supports "
            f"{', '.join(NAMES)} and percentiles such as p99.",
        )


def value(samples: Sequence[Sample], statistic: str) -> float | None:
    """Returns a statistic, or None if the samples lack the values for it."""
    counted = [sample for sample in samples if sample.count > 0]
    if not counted:
        return None
    if statistic in _BASIC:
        return float(_BASIC[statistic](counted))
    found = _PERCENTILE.fullmatch(statistic)
    # A statistic set keeps no values, unless all of them were the same.
    if found is None or not all(sample.is_one_value for sample in counted):
        return None
    return _percentile(counted, float(found[1]))


def _percentile(samples: Sequence[Sample], percent: float) -> float:
    """Interpolates between the two nearest ranks; a value counts as often as it was published."""
    ordered = sorted((sample.low, sample.count) for sample in samples)
    rank = percent / 100 * (sum(count for _, count in ordered) - 1)
    lower = _at(ordered, int(rank))
    upper = _at(ordered, int(rank) + 1)
    return lower + (rank - int(rank)) * (upper - lower)


def _at(ordered: Sequence[tuple[float, float]], rank: int) -> float:
    seen = 0.0
    for number, count in ordered:
        seen += count
        if rank < seen:
            return number
    return ordered[-1][0]

"""Periods of time series: minutes, hours, days, weeks or months."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from mlops_jobs.failure import InputError

Periods = npt.NDArray[np.int64]
"""Numbers of periods since 1970."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  local times of the table have no zone
_FIRST_MONDAY = datetime(1969, 12, 29)  # noqa: DTZ001
_LENGTHS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
}
_DAYS = {"minute": 24 * 60, "hour": 24, "day": 1}


class Frequency(StrEnum):
    """Length of a period. A timestamp belongs to the period in which it is."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def number(self, text: str) -> int:
        """Returns the number of the period of a timestamp.

        Args:
            text: date, or date and time, in ISO 8601. A time with an offset is converted to UTC.

        Raises:
            InputError: the text is not such a timestamp.
        """
        try:
            time = datetime.fromisoformat(text.strip())
        except ValueError:
            raise InputError(
                f"got {text!r}; allowed: a timestamp such as 2026-11-30 or 2026-11-30T18:00"
            ) from None
        if time.tzinfo is not None:
            time = time.astimezone(UTC).replace(tzinfo=None)
        if self is Frequency.MONTH:
            return (time.year - 1970) * 12 + time.month - 1
        first = _FIRST_MONDAY if self is Frequency.WEEK else _EPOCH
        return (time - first) // _LENGTHS[self]

    def text(self, number: int) -> str:
        """Returns the first moment of a period in ISO 8601.

        Args:
            number: number of the period.
        """
        if self is Frequency.MONTH:
            return date(1970 + number // 12, number % 12 + 1, 1).isoformat()
        first = _FIRST_MONDAY if self is Frequency.WEEK else _EPOCH
        time = first + number * _LENGTHS[self]
        if self in (Frequency.DAY, Frequency.WEEK):
            return time.date().isoformat()
        return time.isoformat(timespec="minutes")

    def calendar(self, periods: Periods) -> npt.NDArray[np.float32]:
        """Returns positions in the calendar, from which a model learns weekdays and seasons.

        Args:
            periods: numbers of periods.

        Returns:
            A matrix with a row for each period; its columns are those of `calendar_names`.
        """
        if self is Frequency.MONTH:
            return (periods % 12).astype(np.float32)[:, np.newaxis]
        if self is Frequency.WEEK:
            days = periods * 7 - 3
            return _day_of_year(days).astype(np.float32)[:, np.newaxis]
        days = periods // _DAYS[self]
        columns = [(days + 3) % 7, _day_of_year(days)]
        if self is Frequency.DAY:
            columns.append(_day_of_month(days))
        else:
            columns.append(periods % _DAYS[self])
        return np.stack(columns, axis=1).astype(np.float32)

    def calendar_names(self) -> Sequence[str]:
        """Returns the names of the columns of `calendar`."""
        match self:
            case Frequency.MONTH:
                return ("month",)
            case Frequency.WEEK:
                return ("day_of_year",)
            case Frequency.DAY:
                return ("day_of_week", "day_of_year", "day_of_month")
            case _:
                return ("day_of_week", "day_of_year", f"{self}_of_day")


def _day_of_year(days: Periods) -> Periods:
    dates = days.astype("datetime64[D]")
    found: Periods = (dates - dates.astype("datetime64[Y]")).astype(np.int64)
    return found


def _day_of_month(days: Periods) -> Periods:
    dates = days.astype("datetime64[D]")
    found: Periods = (dates - dates.astype("datetime64[M]")).astype(np.int64)
    return found

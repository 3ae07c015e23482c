"""Notations of numbers and dates in text, and the one that a column of cells has."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from mlops_jobs.table.raw import is_missing

MIN_SHARE = 0.99  # of the cells that a notation reads; the other ones are missing values
MAX_MISFITS = 100  # different cells that are kept, to be missing values

_SPACES = " \u00a0\u202f"
_SIGN = r"(?P<sign>[+-]?)"
# Groups of three digits, separated by one of the characters; or digits without groups.
_POINT = re.compile(
    _SIGN + rf"(?P<whole>\d{{1,3}}(?:[,{_SPACES}]\d{{3}})+|\d+)(?:\.(?P<part>\d+))?"
)
_COMMA = re.compile(_SIGN + rf"(?P<whole>\d{{1,3}}(?:[.{_SPACES}]\d{{3}})+|\d+)(?:,(?P<part>\d+))?")
# Other three letters before a number are codes such as ABC123.
_CURRENCIES = (
    "AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|JPY|KRW|MXN|NOK|NZD|PLN|SEK|SGD|TRY|USD|ZAR"
)
_UNIT = rf"(?:[$€£¥₹]|{_CURRENCIES}|%)"
_WITH_UNIT = re.compile(
    rf"(?P<before>{_UNIT})?\s*(?P<number>[+-]?\d[^A-Za-z%$€£¥₹]*?)\s*(?P<after>{_UNIT})?"
)
_NUMBERS = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?"
)
_NAMED = re.compile(r"(?:(\d{1,2})[ -])?([A-Za-z]{3,9})\.?[ -](?:(\d{1,2}),? )?(\d{4})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september",
    "october", "november", "december",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Notation:
    """A way to write a number or a date.

    Args:
        name: name in `schema.json` and in the data report.
        example: a value in this notation.
        date: True for a date.
    """

    name: str
    example: str
    date: bool = False


POINT = Notation(name="decimal point", example="1,234.5")
COMMA = Notation(name="decimal comma", example="1.234,5")
ISO = Notation(name="ISO 8601", example="2026-11-30", date=True)
DAY_FIRST = Notation(name="day first", example="30/11/2026", date=True)
MONTH_FIRST = Notation(name="month first", example="11/30/2026", date=True)
YEAR_FIRST = Notation(name="year first", example="2026/11/30", date=True)
NAMED = Notation(name="month by name", example="30 Nov 2026", date=True)

NOTATIONS = {
    one.name: one for one in (POINT, COMMA, ISO, DAY_FIRST, MONTH_FIRST, YEAR_FIRST, NAMED)
}


def read_number(text: str, notation: Notation) -> tuple[float, str] | None:
    """Reads a number with its unit.

    Args:
        text: the text.
        notation: `POINT` or `COMMA`.

    Returns:
        The number, and its unit such as `%` or `EUR`, "" for none; None if the text is no number.
    """
    found = _WITH_UNIT.fullmatch(text.strip())
    if not found or (found["before"] and found["after"]):
        return None
    unit = found["before"] or found["after"] or ""
    parsed = (_POINT if notation is POINT else _COMMA).fullmatch(found["number"])
    if not parsed:
        return None
    whole = re.sub(r"\D", "", parsed["whole"])
    number = float(f"{parsed['sign']}{whole}.{parsed['part'] or 0}")
    return number, unit


def read_date(text: str, notation: Notation) -> datetime | None:
    """Reads a date, with or without a time of day.

    Args:
        text: the text.
        notation: notation of dates.

    Returns:
        The time, in UTC if the text has an offset; None if the text is no date of the notation.
    """
    try:
        return _READ_DATE[notation.name](text.strip())
    except (ValueError, OverflowError):
        return None


def _iso(text: str) -> datetime | None:
    # The basic form, 20261130, is a number.
    if len(text) < 10 or text[4] != "-":
        return None
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _in_numbers(order: str) -> Callable[[str], datetime | None]:
    def read(text: str) -> datetime | None:
        found = _NUMBERS.fullmatch(text)
        if not found:
            return None
        first, separator, second, third, *clock = found.groups()
        values = dict(zip(order, (first, second, third), strict=True))
        if len(values["y"]) != 4 or (separator == "-" and order == "ymd"):
            return None
        hour, minute, second = (int(value or 0) for value in clock)
        day = date(int(values["y"]), int(values["m"]), int(values["d"]))
        return datetime.combine(day, time(hour, minute, second))

    return read


def _by_name(text: str) -> datetime | None:
    found = _NAMED.fullmatch(text)
    if not found or bool(found[1]) == bool(found[3]):
        return None
    name = found[2].lower()
    if name not in _MONTH_NAMES and name not in _MONTHS:
        return None
    day = date(int(found[4]), _MONTHS.index(name[:3]) + 1, int(found[1] or found[3]))
    return datetime.combine(day, time())


_READ_DATE: dict[str, Callable[[str], datetime | None]] = {
    ISO.name: _iso,
    DAY_FIRST.name: _in_numbers("dmy"),
    MONTH_FIRST.name: _in_numbers("mdy"),
    YEAR_FIRST.name: _in_numbers("ymd"),
    NAMED.name: _by_name,
}


class NotationSearch:
    """Search for the notation of a column, over its cells in pieces."""

    def __init__(self) -> None:
        self._misfits: dict[str, dict[str, int]] = {name: {} for name in NOTATIONS}
        self._counts: Counter[str] = Counter()
        self._units: dict[str, dict[str, int]] = {POINT.name: {}, COMMA.name: {}}
        self._known = 0
        self._commas = self._points = 0
        self._different: dict[str, int] = {}  # numbers that the two notations read differently

    def add(self, cells: Sequence[str], first_row: int) -> None:
        """Reads further cells.

        Args:
            cells: the cells.
            first_row: number of the first cell's row.
        """
        if not self._misfits:
            return
        rows: dict[str, int] = {}
        counts: Counter[str] = Counter()
        for row, cell in enumerate(cells, start=first_row):
            text = cell.strip()
            rows.setdefault(text, row)
            counts[text] += 1
        for text, row in rows.items():
            if is_missing(text):
                continue
            self._known += counts[text]
            self._commas += "," in text
            self._points += "." in text
            for name in list(self._misfits):
                if not self._fits(text, NOTATIONS[name], row):
                    self._misfits[name].setdefault(text, row)
                    self._counts[name] += counts[text]
                    if len(self._misfits[name]) > MAX_MISFITS:
                        del self._misfits[name]
            if {POINT.name, COMMA.name} <= self._misfits.keys() and (
                read_number(text, POINT) != read_number(text, COMMA)
            ):
                self._different.setdefault(text, row)

    def _fits(self, text: str, notation: Notation, row: int) -> bool:
        if notation.date:
            return read_date(text, notation) is not None
        found = read_number(text, notation)
        if found is None:
            return False
        self._units[notation.name].setdefault(found[1], row)
        return True

    def result(self) -> "Found | None":
        """Returns the notation of nearly all cells; None if they differ."""
        possible = {
            name: misfits
            for name, misfits in self._misfits.items()
            if self._known and self._counts[name] <= (1 - MIN_SHARE) * self._known
        }
        # In a column of decimal points, a single comma is an error rather than the notation.
        if self._commas < self._points:
            possible.pop(COMMA.name, None)
        if not possible:
            return None
        fewest = min(self._counts[name] for name in possible)
        best = [name for name in possible if self._counts[name] == fewest]
        chosen = NOTATIONS[best[0]]
        doubt = ""
        if not chosen.date:
            units = self._units[chosen.name]
            if len(units) > 1:
                named = [f"{unit or 'none'} (row {row})" for unit, row in list(units.items())[:3]]
                doubt = f"its numbers have different units: {', '.join(named)}"
            elif len(best) > 1 and self._different:
                doubt = "their separator may be a decimal point or a group of thousands"
        elif len(best) > 1:
            doubt = "day and month may be exchanged"
        return Found(
            notation=chosen,
            unit=next(iter(self._units[chosen.name]), "") if not chosen.date else "",
            others=possible[chosen.name],
            count_of_others=fewest,
            doubt=doubt,
        )


@dataclass(frozen=True, kw_only=True)
class Found:
    """The notation of a column.

    Args:
        notation: the notation.
        unit: unit of its numbers, "" for none.
        others: row of the first cell of another notation, by its text.
        count_of_others: number of these cells.
        doubt: reason why the cells have two possible meanings; "" for a clear notation.
    """

    notation: Notation
    unit: str
    others: dict[str, int]
    count_of_others: int
    doubt: str

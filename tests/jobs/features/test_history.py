"""Point-in-time correct values, compared with a naive implementation."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pandas
import polars
import pytest

from mlops_jobs.features.history import FOUND, History, polars_types
from mlops_jobs.features.times import nanoseconds, nanoseconds_of
from mlops_jobs.ingestion.schema import GroupSchema

START = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMA = GroupSchema(
    group="customers",
    types={"id": "String", "at": "String", "orders": "Integral", "balance": "Fractional"},
    record_identifier="id",
    event_time="at",
)


def record(
    identifier: str, hour: float, orders: int | None, *, invoked: float, deleted: bool = False
) -> dict[str, Any]:
    """Returns a record as the offline store has it; hours are counted from `START`."""
    written = START + timedelta(hours=invoked)
    return {
        "id": identifier,
        "at": (START + timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "orders": orders,
        "balance": None if orders is None else orders / 4,
        "write_time": written + timedelta(minutes=5),
        "api_invocation_time": written,
        "is_deleted": deleted,
    }


def values_at(
    records: Sequence[dict[str, Any]], rows: Sequence[tuple[str, float]], *, late: bool = True
) -> list[int | None]:
    frame = polars.DataFrame(list(records), schema=polars_types(SCHEMA.types))
    history = History(frame, nanoseconds_of(frame["at"], "at"), SCHEMA, late=late)
    times = [nanoseconds((START + timedelta(hours=hour)).isoformat()) for _, hour in rows]
    found = history.at([identifier for identifier, _ in rows], times, ["orders"])
    assert found[FOUND].to_list() == [value is not None for value in found["orders"]]
    return found["orders"].to_list()


def test_a_row_gets_the_latest_record_that_is_not_after_it() -> None:
    records = [record("a", hour, hour, invoked=hour) for hour in (3, 1, 2)]
    rows = [("a", 0.9), ("a", 1), ("a", 2.5), ("a", 9), ("b", 9)]
    assert values_at(records, rows) == [None, 1, 2, 3, None]


def test_the_last_invocation_wins_among_equal_event_times() -> None:
    records = [record("a", 1, 7, invoked=3), record("a", 1, 5, invoked=2)]
    assert values_at(records, [("a", 1)]) == [7]


def test_a_deletion_hides_earlier_records_until_a_later_one() -> None:
    records = [
        record("a", 1, 1, invoked=1),
        record("a", 2, None, invoked=2, deleted=True),
        record("a", 3, 3, invoked=3),
    ]
    assert values_at(records, [("a", 1.5), ("a", 2), ("a", 2.9), ("a", 3)]) == [1, None, None, 3]


def test_a_late_record_counts_by_its_event_time_or_is_ignored() -> None:
    records = [record("a", 1, 1, invoked=1), record("a", 2, 2, invoked=10)]
    rows = [("a", 3), ("a", 10), ("a", 11)]
    assert values_at(records, rows) == [2, 2, 2]
    assert values_at(records, rows, late=False) == [1, 2, 2]


def test_a_record_that_arrives_after_a_newer_one_does_not_replace_it() -> None:
    records = [record("a", 2, 2, invoked=2), record("a", 1, 1, invoked=10)]
    assert values_at(records, [("a", 11)], late=False) == [2]


def naive(
    records: pandas.DataFrame, identifier: str, time: pandas.Timestamp, *, late: bool
) -> int | None:
    """Filters and sorts all records for one row."""
    found = records[(records["id"] == identifier) & (pandas.to_datetime(records["at"]) <= time)]
    if not late:
        found = found[found["api_invocation_time"] <= time]
    if found.empty:
        return None
    last = found.sort_values(["at", "api_invocation_time", "write_time"]).iloc[-1]
    return None if last["is_deleted"] else int(last["orders"])


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("seed", range(12))
def test_random_histories_have_the_values_of_a_naive_implementation(
    seed: int, *, late: bool
) -> None:
    dice = Random(seed)  # noqa: S311  reproducible, not secret
    records = []
    for number in range(80):  # unique invocations, as those of a client that waits for responses
        deleted = dice.random() < 0.2
        records.append(
            record(
                dice.choice("abc"),
                dice.randrange(12),
                None if deleted else number,
                invoked=dice.randrange(18) + number / 1000,
                deleted=deleted,
            )
        )
    dice.shuffle(records)
    rows = [(dice.choice("abcd"), dice.randrange(-1, 20)) for _ in range(60)]
    frame = pandas.DataFrame(records)
    expected = [
        naive(frame, identifier, pandas.Timestamp(START + timedelta(hours=hour)), late=late)
        for identifier, hour in rows
    ]
    assert values_at(records, rows, late=late) == expected
    assert None in expected and any(value is not None for value in expected)


@pytest.mark.parametrize(("kind", "texts"), [("Integral", ["7", "007", "x"]), ("String", ["7"])])
def test_identifiers_are_compared_in_the_type_of_the_group(kind: str, texts: list[str]) -> None:
    schema = GroupSchema(
        group="customers",
        types={"id": kind, "at": "Fractional", "orders": "Integral"},
        record_identifier="id",
        event_time="at",
    )
    row = {"id": 7 if kind == "Integral" else "7", "at": 100.5, "orders": 3, "is_deleted": False}
    moments = {"write_time": START, "api_invocation_time": START}
    frame = polars.DataFrame([{**row, **moments}], schema=polars_types(schema.types))
    history = History(frame, nanoseconds_of(frame["at"], "at"), schema)
    found = history.at(texts, [nanoseconds("100.5")] * len(texts), ["orders"])
    assert found["orders"].to_list() == [None if text == "x" else 3 for text in texts]

r"""Processing job: adds the features of a group to the rows of a table, point-in-time correct.

    features --feature-group churn_customers --identifier customer_id --time signed_at

Each row gets the values that were valid at its time. The result is one CSV file in UTF-8 with a
heading: the columns of the table, then the features. A row without a record has empty features.
"""

import argparse
import csv
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_jobs.aws import client
from mlops_jobs.failure import InputError, exit_with_message
from mlops_jobs.features.history import FOUND, History
from mlops_jobs.features.offline_store import read_records
from mlops_jobs.features.times import nanoseconds, nanoseconds_of
from mlops_jobs.ingestion.schema import GroupSchema
from mlops_jobs.table.raw import RawTable, is_missing

if TYPE_CHECKING:
    import polars

MESSAGE = Path("/opt/ml/output/message")
PROCESSING = Path("/opt/ml/processing")
RESULT = "table.csv"


def add_features(options: argparse.Namespace) -> str:
    """Runs the job.

    Args:
        options: result of `parser`.

    Returns:
        A message with the numbers of rows, of rows without a record, and of added columns.

    Raises:
        InputError: the table, the group or its offline store cannot be read.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    table = RawTable.in_folder(
        options.input, delimiter=options.delimiter, encoding=options.encoding
    )
    names = table.columns()
    positions = [_position(names, column) for column in (options.identifier, options.time)]
    try:
        schema = GroupSchema.described(client("sagemaker"), options.feature_group)
        chosen = _chosen(schema, names, options.feature)
        with tempfile.TemporaryDirectory() as folder:
            records = read_records(client("s3"), schema, Path(folder), as_of=_moment(options.as_of))
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"the call to AWS failed: {error}") from error
    if records.is_empty():
        raise InputError(
            f"{schema.group}: got no records in the offline store; ingest files first, or wait: "
            "records of PutRecord arrive there within 15 minutes"
        )
    times = nanoseconds_of(records[schema.event_time], schema.event_time)
    history = History(records, times, schema, late=options.late == "used")
    options.output.mkdir(parents=True, exist_ok=True)
    rows = without = 0
    with (options.output / RESULT).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*names, *chosen])
        for piece in table.pieces():
            identifiers, moments = _keys(piece, positions, rows, options.time)
            found = history.at(identifiers, moments, chosen)
            without += found.height - int(found[FOUND].sum())
            writer.writerows(
                [*row, *values] for row, values in zip(piece, _cells(found, chosen), strict=True)
            )
            rows += len(piece)
    return (
        f"Completed: {len(chosen)} features of {schema.group} were added to {rows} rows, "
        f"{without} of which have no record at their time."
    )


def _chosen(schema: GroupSchema, names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    known = [
        name for name in schema.types if name not in (schema.record_identifier, schema.event_time)
    ]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise InputError(
            f"features {', '.join(map(repr, unknown))}: the group {schema.group} does not have "
            f"them; allowed: {', '.join(known)}"
        )
    chosen = [name for name in known if name in wanted or not wanted]
    both = [name for name in chosen if name in names]
    if both:
        raise InputError(
            f"features {', '.join(map(repr, both))}: the table has columns of these names; rename "
            "the columns, or choose other features"
        )
    return chosen


def _position(names: Sequence[str], column: str) -> int:
    if column not in names:
        raise InputError(f"got no column {column!r} in the table; allowed: {', '.join(names)}")
    return names.index(column)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    return datetime.fromtimestamp(nanoseconds(text) / 1_000_000_000, UTC)


def _keys(
    piece: Sequence[Sequence[str]], positions: Sequence[int], before: int, column: str
) -> tuple[list[str], list[int]]:
    identifier, time = positions
    moments: list[int] = []
    for number, row in enumerate(piece, start=before + 1):
        if is_missing(row[time]):
            raise InputError(
                f"row {number}, column {column!r}: got no time; each row needs the time of its "
                "prediction, because later values are unknown then"
            )
        try:
            moments.append(nanoseconds(row[time]))
        except InputError as error:
            raise InputError(f"row {number}, column {column!r}: {error}") from error
    return [row[identifier].strip() for row in piece], moments


def _cells(found: "polars.DataFrame", chosen: Sequence[str]) -> Iterator[list[str]]:
    for row in found.select(chosen).iter_rows():
        yield ["" if value is None else str(value) for value in row]


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the job's arguments."""
    found = argparse.ArgumentParser(prog="features", description=__doc__)
    found.add_argument("--feature-group", required=True, help="name or ARN of the group")
    found.add_argument("--identifier", required=True, help="column with the record identifier")
    found.add_argument("--time", required=True, help="column with the time of the row")
    found.add_argument(
        "--feature", action="append", default=[], help="feature to add; defaults to all"
    )
    found.add_argument(
        "--late",
        choices=("used", "ignored"),
        default="used",
        help="records that were written after the time of a row, with an event time before it",
    )
    found.add_argument("--as-of", help="time after which written records are ignored")
    found.add_argument("--delimiter", default=",", help="field separator of CSV files")
    found.add_argument("--encoding", default="utf-8", help="encoding of CSV files")
    found.add_argument("--input", type=Path, default=PROCESSING / "input/data")
    found.add_argument("--output", type=Path, default=PROCESSING / "output/table")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the job from the command line.

    Args:
        arguments: arguments of the command. Defaults to None: those of the process.
    """
    options = parser().parse_args(arguments)
    with exit_with_message(MESSAGE):
        result = add_features(options)
        print(result)
        if MESSAGE.parent.is_dir():
            MESSAGE.write_text(result, encoding="utf-8")

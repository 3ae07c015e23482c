"""Preprocessing on Spark gives the files of a single process, byte for byte."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.table import preprocess
from tests.jobs.spark.tables import CASES, FEATURES, rows_of, write

pytestmark = pytest.mark.spark

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".tools/spark/bin/python"  # of `make .tools/spark.stamp`
SECONDS = 300
FILES = {
    "report/data_report.html",
    "report/data_report.json",
    "rows/train.csv",
    "test/holdout.csv",
    "train/schema.json",
    "train/train.npz",
    "validation/validation.npz",
}


def start(
    host: str, hosts: Sequence[str], port: int, runs: Sequence[tuple[list[str], bool]]
) -> "subprocess.Popen[str]":
    """Starts an instance of a job, in the environment that has Spark."""
    given = {"host": host, "hosts": hosts, "port": port, "runs": runs}
    path = os.pathsep.join([str(ROOT), str(ROOT / "jobs")])
    return subprocess.Popen(
        [str(PYTHON), "-m", "tests.jobs.spark.program", json.dumps(given)],
        env={**os.environ, "PYTHONPATH": path},
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def end(process: "subprocess.Popen[str]") -> None:
    """Ends an instance with its Java processes."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def errors_of(process: "subprocess.Popen[str]") -> list[str | None]:
    """Waits for a driver and returns the message of each run's error."""
    try:
        output, log = process.communicate(timeout=SECONDS)
    finally:
        end(process)
    assert process.returncode == 0, log[-4000:]
    lines = [line for line in output.splitlines() if line.startswith('{"error"')]
    return [json.loads(line)["error"] for line in lines]


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
    return port


def arguments_of(folder: Path, output: str, *more: str) -> list[str]:
    paths = [f"--input={folder / 'raw'}", f"--output={folder / output}"]
    return ["--target=name:y", *paths, *more]


def contents(folder: Path) -> Mapping[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Folders of the cases, each preprocessed on Spark in one session."""

    folder: Path
    errors: Mapping[str, str | None]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    folder = tmp_path_factory.mktemp("spark")
    jobs = []
    for name, case in CASES.items():
        case.write(folder / name / "raw")
        jobs.append((arguments_of(folder / name, "spark", *case.arguments), case.computed))
    errors = errors_of(start("127.0.0.1", ["127.0.0.1"], 0, jobs))
    return Runs(folder=folder, errors=dict(zip(CASES, errors, strict=True)))


def in_one_process(folder: Path, *arguments: str, features: Sequence[Any] = ()) -> Path:
    options = preprocess.parser().parse_args(arguments_of(folder, "python", *arguments))
    preprocess.preprocess(options, features)
    return folder / "python"


@pytest.mark.parametrize("name", CASES)
def test_all_files_are_equal_to_those_of_one_process(runs: Runs, name: str) -> None:
    case = CASES[name]
    assert runs.errors[name] is None
    expected = contents(
        in_one_process(
            runs.folder / name, *case.arguments, features=FEATURES if case.computed else ()
        )
    )
    found = contents(runs.folder / name / "spark")
    assert found.keys() == expected.keys() == FILES
    assert [file for file in expected if found[file] != expected[file]] == []


def test_errors_in_the_data_are_those_of_one_process(tmp_path: Path) -> None:
    tables = {"a row": tmp_path / "row", "numbers": tmp_path / "numbers", "no row": tmp_path / "no"}
    write(tables["a row"] / "raw", [*rows_of(1, 2_000), ["one", "two"]])
    bad = rows_of(2, 2_000)
    for row in bad[::20]:
        row[1] = "twelve"
    write(tables["numbers"] / "raw", bad)
    write(tables["no row"] / "raw", [], files=1)
    found = errors_of(
        start(
            "127.0.0.1",
            ["127.0.0.1"],
            0,
            [(arguments_of(folder, "spark"), False) for folder in tables.values()],
        )
    )
    for folder, message in zip(tables.values(), found, strict=True):
        with pytest.raises(InputError) as error:
            in_one_process(folder)
        assert message == str(error.value)


def test_several_instances_give_the_files_of_one_process(tmp_path: Path) -> None:
    write(tmp_path / "raw", rows_of(9, 30_000))
    hosts, port = ["127.0.0.1", "127.0.0.2", "127.0.0.3"], free_port()
    workers = [start(host, hosts, port, []) for host in hosts[1:]]
    try:
        run = (arguments_of(tmp_path, "spark"), True)
        assert errors_of(start(hosts[0], hosts, port, [run])) == [None]
        # The workers end by themselves when the driver has ended.
        assert [worker.wait(timeout=60) for worker in workers] == [0, 0]
    finally:
        for worker in workers:
            end(worker)
    expected = contents(in_one_process(tmp_path, features=FEATURES))
    assert contents(tmp_path / "spark") == expected

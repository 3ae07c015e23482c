"""Work in the folder of a project without pushing."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from seed_code.model_build.tests.conftest import HEADING, raw_rows, write_csv

SEED = Path(__file__).parents[3] / "seed_code/model_build"
README = SEED / "README.md"
PATIENCE = 90  # seconds, for a machine that is busy with other work


def tabular(
    *arguments: str | Path, folder: Path = SEED, code: int = 0
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "tabular", *map(str, arguments)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "data", raw_rows("binary")) / "table.csv"


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_a_file_becomes_a_model_and_a_report(tmp_path: Path, kind: str) -> None:
    data = write_csv(tmp_path / "data", raw_rows(kind))
    output = tmp_path / "run"

    said = tabular("run", data, "--target", "answer", "--output", output).stdout

    assert sorted(path.name for path in (output / "model").iterdir()) == [
        "model.ubj",
        "schema.json",
    ]
    report = json.loads((output / "evaluation.json").read_text())
    assert report["dataset"]["item_count"] > 50
    page = (output / "report.html").read_text()
    assert "without features" in page
    assert "it is always &#x27;same&#x27;" in page
    assert f"report: {output / 'report.html'}" in said
    again = tabular("run", data, "--target", "answer", "--output", output).stdout
    assert re.findall("result: .*", again) == re.findall("result: .*", said)


def test_the_model_is_served_on_this_machine(tmp_path: Path, table: Path) -> None:
    arguments = ["run", table, "--target", "answer", "--output", tmp_path / "run", "--serve"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tabular", *map(str, arguments)],
        cwd=SEED,
        env=os.environ | {"PYTHONPATH": "src"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        address = _address(process)
        assert address.startswith("http://127.0.0.1:")
        row = json.dumps([dict(zip(HEADING[:-1], raw_rows("binary")[0][:-1], strict=True))])
        response = httpx.post(
            f"{address}/invocations",
            content=row,
            headers={"Content-Type": "application/json"},
            timeout=PATIENCE,
        )
        (prediction,) = response.json()["predictions"]
        assert prediction["label"] in ("churned", "stays")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    deadline = time.monotonic() + PATIENCE
    for line in process.stdout:
        if found := re.search(r"running on (\S+)", line):
            return found[1]
        assert time.monotonic() < deadline
    raise AssertionError("the server ended")


def test_a_table_is_checked_without_training(table: Path) -> None:
    found = json.loads(tabular("check", table, "--target", "answer").stdout)
    assert found["problem_type"] == "binary"
    assert found["labels"] == ["churned", "stays"]
    assert found["metric"] == "auc"
    assert found["columns"]["age"] == "numeric"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "price"], "data.target: got 'price'; allowed: age, city"),
        (["--target", "answer", "--metric", "rmse"], "objective.metric: got 'rmse'; allowed: auc"),
        (["--target", "answer", "--drop", "colour"], "data.drop: got 'colour'; allowed: age"),
        (["--target", "answer", "--no-header"], "--target: got 'answer'; allowed with --no-header"),
        (["--target", "empty"], "data.target: got 0 rows with a target"),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_wrong_option_ends_in_one_line(
    tmp_path: Path, table: Path, command: str, arguments: list[str], message: str
) -> None:
    extra = ["--output", str(tmp_path / "run")] if command == "run" else []
    error = tabular(command, table, *arguments, *extra, code=1).stderr
    assert error.startswith(f"error: {message}")
    assert error.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_a_folder_of_something_else_is_not_deleted(tmp_path: Path, table: Path) -> None:
    (tmp_path / "mine/raw").mkdir(parents=True)
    (tmp_path / "mine/raw/work.txt").write_text("mine")
    arguments = ("run", table, "--target", "answer", "--output", tmp_path / "mine")
    error = tabular(*arguments, code=1).stderr
    assert "got a folder that is not of an earlier run" in error
    assert (tmp_path / "mine/raw/work.txt").exists()


def test_the_output_is_no_file(tmp_path: Path, table: Path) -> None:
    (tmp_path / "file").write_text("mine")
    arguments = ("run", table, "--target", "answer", "--output", tmp_path / "file")
    assert tabular(*arguments, code=1).stderr == (
        f"error: --output {tmp_path}/file: got a file; choose a folder\n"
    )
    assert (tmp_path / "file").read_text() == "mine"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    error = tabular("check", tmp_path / "none.csv", "--target", "y", code=1).stderr
    assert error == (
        f"error: {tmp_path}/none.csv: no such file; pass a CSV, gzip or Parquet file, or a folder "
        "of them\n"
    )


def test_each_cell_of_the_notebook_runs(tmp_path: Path, table: Path) -> None:
    project = tmp_path / "model-build"
    shutil.copytree(SEED / "src", project / "src")
    shutil.copy(table, project / "data.csv")
    notebook = json.loads((SEED / "experiment.ipynb").read_text())
    cells = ["".join(one["source"]) for one in notebook["cells"] if one["cell_type"] == "code"]
    assert all(not one.get("outputs") for one in notebook["cells"])
    placeholder = 'TARGET = "data.csv", "target"'
    program = "\n\n".join(cells)
    assert placeholder in program
    done = subprocess.run(
        [sys.executable, "-c", program.replace(placeholder, 'TARGET = "data.csv", "answer"')],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"(churned|stays),0\.\d+\n", done.stdout)


class TestEdits:
    """The edits that README.md documents, in a copy of the project."""

    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        copy = tmp_path / "model-build"
        ignored = shutil.ignore_patterns("__pycache__", ".*_cache", "build", ".venv")
        shutil.copytree(SEED, copy, ignore=ignored)
        return copy

    @pytest.fixture
    def houses(self, tmp_path: Path) -> Path:
        """A table of 400 different rows whose label depends on a ratio of two columns."""
        ratios = (0.5, 0.75, 1, 2, 2.5, 3)
        rows = [(row % 97 + 9, ratios[row * 5 % 6], "ab"[row % 2]) for row in range(400)]
        lines = [f"{people * ratio},{people},{kind},{ratio > 1.5}" for people, ratio, kind in rows]
        (tmp_path / "houses.csv").write_text("\n".join(["rooms,people,kind,large", *lines]) + "\n")
        return tmp_path / "houses.csv"

    def edit(self, project: Path, place: str) -> None:
        """Writes a file as README.md shows it."""
        blocks = dict(
            re.findall(r"<!-- edit: (\S+) -->\n```python\n(.*?)```", README.read_text(), re.S)
        )
        (project / place).write_text(blocks[place])

    def run(self, project: Path, data: Path, *arguments: str) -> dict[str, float]:
        output = project / "build/run"
        tabular("run", data, "--target", "large", "--output", output, *arguments, folder=project)
        report = json.loads((output / "evaluation.json").read_text())
        measures = report["binary_classification_metrics"]
        return {
            name: measure["value"]
            for name, measure in measures.items()
            if isinstance(measure, dict) and "value" in measure
        }

    def test_a_feature(self, project: Path, houses: Path) -> None:
        before = self.run(project, houses, "--set", "max_depth=1", "--set", "num_round=1")
        self.edit(project, "src/tabular/features.py")
        after = self.run(project, houses, "--set", "max_depth=1", "--set", "num_round=1")
        assert before["accuracy"] < 0.95
        assert after["accuracy"] == 1
        schema = json.loads((project / "build/run/model/schema.json").read_text())
        assert schema["computed"] == ["rooms_per_person"]

    def test_the_algorithm(self, project: Path, houses: Path) -> None:
        self.edit(project, "src/tabular/model.py")
        (project / "src/tabular/boosting.py").unlink()
        (project / "tests/test_boosting.py").unlink()

        measured = self.run(project, houses, "--set", "C=10")

        assert measured["auc"] > 0.95
        files = {path.name for path in (project / "build/run/model").iterdir()}
        assert files == {"model.npz", "schema.json"}
        config = project / "config.yaml"
        text = re.sub(r"(?s)  ranges:.*?\n\n", "  ranges: {C: [0.01, 100]}\n\n", config.read_text())
        config.write_text(re.sub(r"(?s)training: .*?\n\n", "training: {}\n\n", text, count=1))
        self.passes(project)

    def passes(self, project: Path) -> None:
        """Runs the tests of the project, as the build does, without those of the SageMaker SDK."""
        (project / "tests/test_definition.py").unlink()
        done = subprocess.run(
            [sys.executable, *["-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"]],
            cwd=project,
            env={name: text for name, text in os.environ.items() if name != "PYTHONPATH"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-4000:]

    def test_the_metric(self, project: Path, houses: Path) -> None:
        config = project / "config.yaml"
        config.write_text(
            config.read_text().replace("# metric: auc ", "metric: average_precision ")
        )
        code = "from pipeline.configuration import read_configuration as read; from pathlib import "
        code += "Path; print(read(Path('config.yaml')).objective.metric)"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=project,
            env=os.environ | {"PYTHONPATH": f"src{os.pathsep}."},
            capture_output=True,
            text=True,
            check=True,
        )
        measured = self.run(project, houses, "--metric", done.stdout.strip())
        assert measured["average_precision"] > 0.9

    def test_a_package(self, project: Path) -> None:
        """The lock of the image is made by the command that README.md documents."""
        (command,) = re.findall(
            r"(?s)```sh\nlock\(\) \{(.*?)\}\n(lock --universal requirements\.in -o \S+)",
            README.read_text(),
        )
        requirements = project / "requirements.in"
        requirements.write_text(requirements.read_text() + "tabulate==0.9.0\n")
        uv = str(Path(sys.executable).with_name("uv"))
        script = f"lock() {{{command[0].replace('uv pip', uv + ' pip', 1)}}}\n{command[1]}"
        subprocess.run(["bash", "-ec", script], cwd=project, check=True, capture_output=True)
        lock = (project / "requirements.txt").read_text()
        assert "tabulate==0.9.0" in lock
        assert "xgboost-cpu==3.2.0" in lock

    def test_a_step(self, project: Path, add_step: Callable[[str], str]) -> None:
        definition = project / "pipeline/definition.py"
        definition.write_text(add_step(definition.read_text()))
        code = (
            SEED.parents[1] / "tests/seed_code/model_build/test_pipeline_definition.py"
        ).read_text()
        write = re.search(r'WRITE = """(.*?)"""', code, re.S)
        assert write is not None
        done = subprocess.run(
            [sys.executable, "-c", write[1], json.dumps([["binary", "auc", False]])],
            cwd=project,
            env=os.environ | {"AWS_REGION": "eu-west-1", "PYTHONWARNINGS": "ignore"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        steps = json.loads(done.stdout.splitlines()[-1])["Steps"]
        (step,) = [step for step in steps if step["Name"] == "Explain"]
        assert step["Arguments"]["AppSpecification"]["ContainerArguments"] == [
            "-m",
            "tabular.explain",
        ]
        assert step["Arguments"]["Tags"]

    @pytest.fixture
    def add_step(self) -> Callable[[str], str]:
        def add(definition: str) -> str:
            (method,) = re.findall(r"<!-- step -->\n```python\n(.*?)```", README.read_text(), re.S)
            steps = "steps=[*before, preprocess, tune, evaluate, baseline, check],"
            explained = steps.replace("check", "self._explain(preprocess, model_uri), check")
            assert steps in definition
            definition = definition.replace(steps, explained)
            return definition.replace("    def _check(", f"{method}\n    def _check(")

        return add

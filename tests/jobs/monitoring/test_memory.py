"""Memory of the monitors, limited by the kernel, while the traffic grows."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_jobs.monitoring.traffic.source import MAX_LINE_BYTES, chunks, numbered
from tests.jobs.monitoring.captured import environment, report

ROOT = Path(__file__).parents[3]
MIB = 2**20
TIME = "2026-11-20T11:30:00Z"


def write_calls(file: Path, calls: int, cells: str = "") -> Path:
    """Writes calls of one row each, with the columns a and b and further cells."""
    dice = random.Random(3)  # noqa: S311  # reproducible, not secret
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as stream:
        for number in range(calls):
            a, b = dice.gauss(0, 1), dice.gauss(0, 2)
            document = {
                "captureData": {
                    "endpointInput": {"encoding": "CSV", "data": f"{a:.4f},{b:.4f}{cells}"},
                    "endpointOutput": {"encoding": "CSV", "data": f"{a + b!r}"},
                },
                "eventMetadata": {"eventId": f"call-{number:09d}", "inferenceTime": TIME},
            }
            stream.write(json.dumps(document) + "\n")
    return file


def write_labels(file: Path, calls: int) -> Path:
    """Writes a label for each call, in another order."""
    dice = random.Random(4)  # noqa: S311  # reproducible, not secret
    order = list(range(calls))
    dice.shuffle(order)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as stream:
        for number in order:
            document = {
                "groundTruthData": {"data": repr(dice.gauss(0, 2)), "encoding": "CSV"},
                "eventMetadata": {"eventId": f"call-{number:09d}"},
            }
            stream.write(json.dumps(document) + "\n")
    return file


def run(mib: int, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a monitor that may add some MiB to the memory of its imports."""
    program = Path(__file__).with_name("bounded.py")
    return subprocess.run(
        [sys.executable, str(program), str(mib), json.dumps(variables)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "jobs"), "POLARS_MAX_THREADS": "2"},
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.fixture(scope="module")
def many_calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Traffic of 150,000 calls, with their labels in another order, and a file as the model."""
    folder = tmp_path_factory.mktemp("calls")
    write_calls(folder / "capture/a.jsonl", 150_000)
    write_labels(folder / "labels/b.jsonl", 150_000)
    (folder / "model.tar.gz").write_bytes(b"")
    return folder


def test_labels_are_joined_in_some_bytes_for_each_call(many_calls: Path) -> None:
    variables = environment(
        many_calls,
        "MODEL_QUALITY",
        problem_type="Regression",
        ground_truth_source=str(many_calls / "labels"),
    )
    # As objects, calls and labels would need 2 KiB each.
    found = run(150, variables)
    assert found.stdout.startswith("Completed: "), found.stderr
    assert report(many_calls, "statistics.json")["dataset"]["item_count"] == 150_000


def test_bias_keeps_some_bytes_for_each_row_and_the_cells_of_a_sample(many_calls: Path) -> None:
    config = many_calls / "analysis_config.json"
    facet = {"name_or_index": "a", "value_or_threshold": [1.0]}
    label = {"label": "answer", "label_values_or_threshold": [0.0]}
    config.write_text(json.dumps({**label, "headers": ["a", "b", "answer"], "facet": [facet]}))
    variables = environment(
        many_calls,
        "MODEL_BIAS",
        analysis_config=str(config),
        ground_truth_source=str(many_calls / "labels"),
    )
    found = run(120, variables)
    assert found.stdout.startswith("Completed: "), found.stderr
    stages = report(many_calls, "statistics.json")
    (group,) = stages["pre_training_bias_metrics"]["facets"]["a"]
    values = {one["name"]: one["value"] for one in group["metrics"]}
    # 15.87 % of the rows are more than one standard deviation above the mean.
    assert values["CI"] == pytest.approx(1 - 2 * 0.1587, abs=0.01)
    (group,) = stages["post_training_bias_metrics"]["facets"]["a"]
    # Predictions are a + b, so most similar rows of the other group are rejected more often.
    assert {one["name"]: one["value"] for one in group["metrics"]}["FT"] < -0.05


def test_attributions_read_a_sample_of_any_number_of_rows(many_calls: Path) -> None:
    model = str(many_calls / "model.tar.gz")
    found = run(120, environment(many_calls, "MODEL_EXPLAINABILITY", model_source=model))
    assert found.stdout.startswith("Completed: "), found.stderr
    explained = report(many_calls, "constraints.json")["explanations"]["kernel_shap"]["label0"]
    weights = explained["global_shap_values"]
    # The columns have the standard deviations 1 and 2.
    assert weights["b"] / weights["a"] == pytest.approx(2, rel=0.1)


def test_a_hundred_megabytes_of_traffic_are_read_in_pieces(tmp_path: Path) -> None:
    file = write_calls(tmp_path / "capture/a.jsonl", 120_000, "," + "x" * 700)
    assert file.stat().st_size > 100 * MIB
    found = run(600, environment(tmp_path, "DATA_QUALITY"))
    assert found.stdout.startswith("Completed: "), found.stderr
    assert report(tmp_path, "statistics.json")["dataset"]["item_count"] == 120_000


@pytest.mark.parametrize("analysis", ["DATA_QUALITY", "MODEL_QUALITY", "MODEL_EXPLAINABILITY"])
@pytest.mark.parametrize("last", [True, False])
def test_a_call_of_a_hundred_megabytes_is_counted_and_not_read(
    tmp_path: Path, analysis: str, last: bool
) -> None:
    file = write_calls(tmp_path / "capture/a.jsonl", 100)
    normal = file.read_text()
    cells = "1,2\\n" * (20 * MIB)
    large = f'{{"captureData": {{"endpointInput": {{"encoding": "CSV", "data": "{cells}"}}}}}}\n'
    assert len(large) > 100 * MIB
    file.write_text(normal + large.rstrip() if last else large + normal)
    write_labels(tmp_path / "labels/b.jsonl", 100)
    (tmp_path / "model.tar.gz").write_bytes(b"")

    found = run(
        300,
        environment(
            tmp_path,
            analysis,
            problem_type="Regression",
            ground_truth_source=str(tmp_path / "labels"),
            model_source=str(tmp_path / "model.tar.gz"),
        ),
    )

    assert found.returncode == 0, found.stderr
    noted = {
        "DATA_QUALITY": "1 of 101 calls could not be read",
        "MODEL_QUALITY": "1 of 101 calls have no label",
        "MODEL_EXPLAINABILITY": "1 of 101 calls could not be read",
    }
    assert noted[analysis] in found.stdout
    if analysis != "MODEL_EXPLAINABILITY":
        statistics = report(tmp_path, "statistics.json")
        assert statistics["dataset"]["item_count"] == 100


def test_a_label_file_of_one_long_line_is_rejected(tmp_path: Path) -> None:
    write_calls(tmp_path / "capture/a.jsonl", 10)
    (tmp_path / "labels").mkdir()
    with (tmp_path / "labels/b.jsonl").open("w") as stream:
        for _ in range(100):
            stream.write("1," * (MIB // 2))
    labels = str(tmp_path / "labels")
    variables = environment(
        tmp_path, "MODEL_QUALITY", problem_type="Regression", ground_truth_source=labels
    )
    found = run(300, variables)
    assert found.returncode == 1
    assert "b.jsonl, line 1: got more than 72 MiB; allowed: one call or label" in found.stderr


def test_long_lines_do_not_move_the_numbers_of_lines(tmp_path: Path) -> None:
    long = "x" * (MAX_LINE_BYTES + 1)
    (tmp_path / "a.jsonl").write_text(f"one\n{long}\n{long}\nfour\n{'y' * 30 * MIB}\nsix")
    found = list(chunks(str(tmp_path), None, by_variant=False))
    assert [one.first for one in found if one.too_long] == [2, 3]
    read = [each for one in found if not one.too_long for each in numbered(one)]
    assert [(place, line[:3]) for place, line in read] == [
        ("a.jsonl, line 1", "one"),
        ("a.jsonl, line 4", "fou"),
        ("a.jsonl, line 5", "yyy"),
        ("a.jsonl, line 6", "six"),
    ]

"""The comparison of a new model with the deployed one."""

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tabular import model

from mlops_jobs.evaluation.champion import compare
from mlops_jobs.evaluation.job import Champion, Extent, evaluate
from mlops_jobs.evaluation.quality import METRICS
from mlops_jobs.evaluation.scored import HeldOut, Scored
from mlops_jobs.problem_type import ProblemType
from seed_code.model_build.tests.conftest import Fitted
from seed_code.model_build.tests.training_jobs import pack

ARN = "arn:aws:sagemaker:eu-west-1:111122223333:model-package/churn/3"


def compared(folder: Path, fitted: Fitted, champion: Path | None) -> dict[str, Any]:
    """Evaluates a model against another; returns the comparison."""
    deployed = Champion(folder=champion or folder / "none", version=ARN if champion else "none")
    archive = pack(fitted.model, folder / "challenger")
    report = evaluate(
        model.load, archive, fitted.outputs / "test", folder / "report", Extent(deployed=deployed)
    )
    found: dict[str, Any] = report["champion"]
    return found


def changed(fitted: Fitted, folder: Path, **members: Any) -> Path:
    """Packs a model with another schema."""
    folder.mkdir()
    for file in fitted.model.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    schema = json.loads((folder / "schema.json").read_bytes())
    (folder / "schema.json").write_text(json.dumps(schema | members))
    return pack(folder, folder.with_name(f"{folder.name}-archive"))


def test_a_model_is_not_worse_than_itself(tmp_path: Path, fitted: Fitted) -> None:
    found = compared(tmp_path, fitted, pack(fitted.model, tmp_path / "champion"))
    assert found["compared"] is True
    assert found["accepted"] is True
    assert found["certain_loss"] == 0
    assert found["difference"] == {"value": 0, "low": 0, "high": 0}
    assert found["version"] == ARN
    assert found["metric"] == METRICS[ProblemType(fitted.kind)][0].name


def test_without_a_champion_nothing_is_compared(tmp_path: Path, binary: Fitted) -> None:
    found = compared(tmp_path, binary, None)
    assert (found["compared"], found["accepted"], found["certain_loss"]) == (False, True, 0)
    assert "no version is approved yet" in found["verdict"]


def scored(noise: float, rows: int = 2000, seed: int = 1) -> Scored:
    """Returns rows whose predictions have some noise; the targets are always the same."""
    truth = np.random.default_rng(0)
    actual = (truth.random(rows) < 0.4).astype(float)
    signal = actual * 2 - 1 + truth.normal(0, 1, rows)
    score = signal + np.random.default_rng(seed).normal(0, noise, rows)
    positive = 1 / (1 + np.exp(-score))
    return Scored(
        problem_type=ProblemType.BINARY,
        labels=("no", "yes"),
        actual=actual,
        predictions=np.column_stack([1 - positive, positive]),
    )


class Known:
    """A model whose predictions are known."""

    problem_type = ProblemType.BINARY
    target, labels, numeric = "y", ("no", "yes"), True
    columns: tuple[str, ...] = ("x",)
    features: tuple[str, ...] = ("x",)

    def __init__(self, predictions: Any) -> None:
        self.predictions = predictions

    def knows(self, feature: str, cell: str) -> bool:
        return bool(feature or cell)

    def predict(self, cells: Any) -> Any:
        return self.predictions[: len(cells[0])]


def verdict(tmp_path: Path, challenger: Scored, champion: Scored, margin: float) -> dict[str, Any]:
    (tmp_path / "content").mkdir(exist_ok=True)
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "content", "content")
    labels = [("no", "yes")[int(code)] for code in challenger.actual]
    rows = HeldOut(columns={"x": ["1"] * challenger.rows, "y": labels}, name="holdout.csv")
    return compare(
        lambda _: Known(champion.predictions),
        tmp_path,
        ARN,
        challenger,
        Known(challenger.predictions),
        rows,
        metric=METRICS[ProblemType.BINARY][0],
        margin=margin,
    )


def test_a_model_that_is_certainly_worse_is_rejected_with_the_numbers(tmp_path: Path) -> None:
    found = verdict(tmp_path, scored(2.0), scored(0.1), 0.0)
    assert found["accepted"] is False
    assert found["difference"]["high"] < 0
    assert found["certain_loss"] == -found["difference"]["high"]
    assert found["verdict"].startswith(
        "worse than the champion by more than chance and the margin 0: "
    )
    assert f"{found['champion']:.5f} of the champion" in found["verdict"]


def test_a_loss_within_the_margin_is_accepted(tmp_path: Path) -> None:
    assert verdict(tmp_path, scored(2.0), scored(0.1), 0.5)["accepted"] is True


def test_a_loss_that_may_be_chance_is_accepted(tmp_path: Path) -> None:
    found = verdict(tmp_path, scored(0.15, rows=80, seed=2), scored(0.1, rows=80), 0.0)
    assert found["accepted"] is True
    assert found["difference"]["low"] < 0


def test_models_of_equal_quality_are_rarely_rejected(tmp_path: Path) -> None:
    rejected = sum(
        not verdict(tmp_path, scored(1, 300, seed), scored(1, 300, seed + 100), 0.0)["accepted"]
        for seed in range(15)
    )
    assert rejected <= 2  # 2.5 % are expected


def test_a_better_model_is_called_better(tmp_path: Path) -> None:
    found = verdict(tmp_path, scored(0.1), scored(2.0), 0.0)
    assert found["verdict"].startswith("better than the champion")


def test_the_interval_of_a_difference_is_that_of_pairs(tmp_path: Path) -> None:
    """Two models with equal errors differ less than two independent ones would."""
    found = verdict(tmp_path, scored(0.3, seed=1), scored(0.3, seed=2), 0.0)
    width = found["difference"]["high"] - found["difference"]["low"]
    alone = 2 * 1.96 * np.sqrt(2) * 0.008  # of two independent areas of 2000 rows
    assert width < alone / 2


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"target": "other"}, "it predicts 'other', the challenger 'answer'"),
        ({"labels": ["gone", "stays"]}, "its labels differ: churned, gone"),
    ],
)
def test_another_task_is_not_compared(
    tmp_path: Path, binary: Fitted, members: dict[str, Any], reason: str
) -> None:
    found = compared(tmp_path, binary, changed(binary, tmp_path / "other", **members))
    assert (found["compared"], found["accepted"]) == (False, True)
    assert reason in found["verdict"]


def test_a_champion_that_reads_a_column_that_is_gone_is_not_compared(
    tmp_path: Path, binary: Fitted
) -> None:
    schema = json.loads((binary.model / "schema.json").read_bytes())
    schema["columns"][0]["name"] = "years"
    other = changed(binary, tmp_path / "other", columns=schema["columns"])
    found = compared(tmp_path, binary, other)
    assert "reads columns that the table no longer has: years" in found["verdict"]


def test_a_champion_of_another_library_is_not_compared(tmp_path: Path, binary: Fitted) -> None:
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras/model.keras").write_bytes(b"weights")
    found = compared(tmp_path, binary, pack(tmp_path / "keras", tmp_path / "archive"))
    assert "the code of this commit cannot load it: " in found["verdict"]
    assert (found["compared"], found["accepted"]) == (False, True)


def test_a_champion_with_the_other_positive_label_is_compared(
    tmp_path: Path, binary: Fitted
) -> None:
    rows = HeldOut(
        columns={name: [row[name] for row in binary.holdout()] for name in binary.holdout()[0]},
        name="holdout.csv",
    )
    straight = Scored.of(binary.predictor, rows)
    swapped = straight.in_order_of(("stays", "churned"))
    assert swapped.actual.tolist() == (1 - straight.actual).tolist()
    back = swapped.in_order_of(straight.labels)
    assert back.values() == straight.values()

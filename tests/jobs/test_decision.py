"""The threshold of a binary model: its criteria, and where it is used."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tabular import model

from mlops_jobs.decision import Costs, Criterion, Decision
from mlops_jobs.evaluation.job import evaluate
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.traffic.labeled import predictions_of
from mlops_jobs.serving.invocations import Invocations
from mlops_jobs.table.schema import Schema
from seed_code.model_build.tests.conftest import Fitted, train
from seed_code.model_build.tests.training_jobs import lay_out_training, pack

COSTS = {"false_positive": 1, "false_negative": 5}


def rows(count: int, seed: int) -> tuple[Any, Any]:
    """Returns labels with the share of their probability, which is rarely high."""
    random = np.random.default_rng(seed)
    probability = random.beta(1, 4, count)
    return random.random(count) < probability, probability


def test_costs_determine_the_threshold_of_a_calibrated_model() -> None:
    # Theory: predict positive where p * 5 > (1 - p) * 1, from 1/6 on.
    positive, probability = rows(200_000, 3)
    decision = Criterion.parse("cost", COSTS).decide(positive, probability)
    assert decision.threshold == pytest.approx(1 / 6, abs=0.03)
    assert decision.criterion == "cost"


@pytest.mark.parametrize("criterion", [Criterion.parse("f1", {}), Criterion.parse("cost", COSTS)])
def test_no_other_threshold_is_better_on_the_rows_that_determine_it(criterion: Criterion) -> None:
    positive, probability = rows(300, 5)
    probability = probability.round(2)  # with ties

    def loss(threshold: float) -> float:
        predicted = probability >= threshold
        if criterion.name == "cost":
            assert criterion.costs is not None
            return criterion.costs.mean(positive, predicted)
        return float(-2 * (predicted & positive).sum() / (predicted.sum() + positive.sum()))

    best = criterion.decide(positive, probability).threshold
    assert loss(best) == pytest.approx(min(loss(each) for each in np.linspace(0, 1, 1001)))


def test_extreme_costs_avoid_the_error_that_is_expensive() -> None:
    positive, probability = rows(500, 7)
    costs = {"false_positive": 1, "false_negative": 1e6}
    found = Criterion.parse("cost", costs).decide(positive, probability).predicted(probability)
    assert found[positive].all()
    costs = {"false_positive": 1e6, "false_negative": 1}
    found = Criterion.parse("cost", costs).decide(positive, probability).predicted(probability)
    assert not found[~positive].any()


@pytest.mark.parametrize(("label", "predicted"), [(True, True), (False, False)])
def test_rows_of_one_label_have_a_threshold(*, label: bool, predicted: bool) -> None:
    probability = np.array([0.2, 0.7, 0.7])
    found = Criterion.parse("cost", COSTS).decide(np.full(3, label), probability)
    assert found.predicted(probability).tolist() == [predicted] * 3


def test_a_threshold_between_neighboring_probabilities_of_32_bits_separates_them() -> None:
    low = np.float32(0.3)
    high = np.nextafter(low, np.float32(1))
    probability = np.array([low, high], dtype=np.float32)
    decision = Criterion.parse("f1", {}).decide(np.array([False, True]), probability)
    assert decision.predicted(probability).tolist() == [False, True]
    assert decision.predicted(probability.astype(float)).tolist() == [False, True]


@pytest.mark.parametrize(
    ("threshold", "costs", "message"),
    [
        ("F2", {}, r"decision.threshold: got 'F2'; allowed: a number between 0 and 1, f1 or cost"),
        (1.0, {}, r"decision.threshold: got 1.0; allowed: a number between 0 and 1"),
        ("nan", {}, r"decision.threshold: got 'nan'"),
        ("cost", {}, r"got cost without costs; set decision.costs"),
        (0.5, {"false_positive": -1}, r"decision.costs.false_positive: got -1; allowed: a number"),
        (0.5, {"false_positive": "a"}, r"decision.costs.false_positive: got 'a'"),
        ("cost", {"false_positive": 1}, r"false_negative above true_positive"),
        ("cost", {**COSTS, "true_negative": 2}, r"false_positive above true_negative"),
    ],
)
def test_a_wrong_criterion_is_rejected(
    threshold: object, costs: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Criterion.parse(threshold, costs)


@pytest.mark.parametrize(
    "criterion",
    [
        Criterion(),
        Criterion.parse(0.2, {}),
        Criterion.parse("f1", {}),
        Criterion.parse("cost", COSTS),
    ],
)
def test_hyperparameters_of_a_training_job_have_the_criterion(criterion: Criterion) -> None:
    given: dict[str, Any] = {name: str(one) for name, one in criterion.hyperparameters().items()}
    given["max_depth"] = "3"
    assert Criterion.taken_from(given) == criterion
    assert given == {"max_depth": "3"}


def trained(folder: Path, binary: Fitted, **given: object) -> Path:
    opt_ml = lay_out_training(folder, binary.outputs, num_round=20, **given)
    train(opt_ml)
    return opt_ml


def test_endpoint_and_evaluation_use_the_threshold_of_the_model(
    tmp_path: Path, binary: Fitted
) -> None:
    opt_ml = trained(tmp_path, binary, decision_threshold="0.9")
    loaded = model.load(opt_ml / "model")
    assert loaded.decision == Decision(threshold=0.9)

    held_out = binary.holdout()
    body = json.dumps(
        {
            "instances": [
                {k: v for k, v in row.items() if k != binary.predictor.target} for row in held_out
            ]
        }
    )
    served = json.loads(
        Invocations(loaded).respond(body.encode(), "application/json", "application/json")
    )
    positive = loaded.labels[1]
    chosen = [str(one["label"]) == positive for one in served["predictions"]]
    assert chosen == [one["probabilities"][positive] >= 0.9 for one in served["predictions"]]
    assert chosen != [one["probabilities"][positive] >= 0.5 for one in served["predictions"]]

    baseline = [one.label for one in predictions_of(loaded, held_out)]
    assert [label == positive for label in baseline] == chosen

    archive = pack(opt_ml / "model", tmp_path / "archive")
    report = evaluate(model.load, archive, binary.outputs / "test", tmp_path / "evaluation")
    matrix = report["binary_classification_metrics"]["confusion_matrix"]
    assert sum(row[positive] for row in matrix.values()) == sum(chosen)
    assert report["decision"]["threshold"] == 0.9
    (used,) = [one for one in report["thresholds"]["choices"] if one["choice"] == "of the model"]
    assert used["threshold"] == 0.9
    assert used["predicted_share"] == pytest.approx(sum(chosen) / len(chosen))
    assert "of the model" in (tmp_path / "evaluation/evaluation.html").read_text()


def test_validation_rows_determine_the_threshold(
    tmp_path: Path, binary: Fitted, capsys: pytest.CaptureFixture[str]
) -> None:
    costs = {f"cost_{name}": str(value) for name, value in COSTS.items()}
    opt_ml = trained(tmp_path, binary, decision_threshold="cost", metric="cost", **costs)
    loaded = model.load(opt_ml / "model")
    with np.load(binary.outputs / "validation/validation.npz") as file:
        features, target = file["features"], file["target"]
    probability = loaded.predict_matrix(features)[:, 1]
    expected = Criterion.parse("cost", COSTS).decide(target == 1, probability)
    assert loaded.decision == expected
    assert loaded.decision.threshold != 0.5
    printed = float(capsys.readouterr().out.rpartition("validation:cost=")[2])
    assert printed == pytest.approx(expected.cost(target == 1, expected.predicted(probability)))


def test_the_cost_is_measured_beside_that_of_the_best_constant_label(
    tmp_path: Path, binary: Fitted
) -> None:
    costs = {f"cost_{name}": str(value) for name, value in COSTS.items()}
    opt_ml = trained(tmp_path, binary, decision_threshold="cost", **costs)
    archive = pack(opt_ml / "model", tmp_path / "archive")
    report = evaluate(model.load, archive, binary.outputs / "test", tmp_path / "evaluation")
    cost = report["binary_classification_metrics"]["cost"]["value"]
    naive = report["baseline"]["without_features"]["cost"]["value"]
    labels = [row[binary.predictor.target] for row in binary.holdout()]
    share = labels.count(model.load(opt_ml / "model").labels[1]) / len(labels)
    assert naive == pytest.approx(min(5 * share, 1 - share))
    assert cost < naive
    assert "cost" in report["intervals"]["metrics"]


def test_a_criterion_of_a_target_that_is_not_binary_is_rejected(tmp_path: Path, fit: Any) -> None:
    opt_ml = lay_out_training(tmp_path, fit("multiclass").outputs, decision_threshold="f1")
    with pytest.raises(InputError, match="costs of the positive label for a multiclass target"):
        train(opt_ml)


def test_the_metric_cost_needs_costs(tmp_path: Path, binary: Fitted) -> None:
    with pytest.raises(InputError, match="got cost without costs"):
        train(lay_out_training(tmp_path, binary.outputs, metric="cost"))


def test_models_of_an_earlier_release_have_the_threshold_one_half(binary: Fitted) -> None:
    document = json.loads((binary.model / "schema.json").read_text())
    del document["decision"]
    assert Schema.from_json(json.dumps(document | {"version": 3})).decision == Decision()


def test_costs_of_right_predictions_count() -> None:
    costs = Costs(false_positive=2, false_negative=9, true_positive=1)
    positive = np.array([True, True, False, False])
    assert costs.mean(positive, np.array([True, False, True, False])) == (1 + 9 + 2 + 0) / 4

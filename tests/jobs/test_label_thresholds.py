"""The label that a model with more than two labels predicts: thresholds and costs of labels."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tabular import model

from mlops_jobs.decision import Criterion, Decision
from mlops_jobs.evaluation.job import evaluate
from mlops_jobs.evaluation.scored import Scored
from mlops_jobs.failure import InputError
from mlops_jobs.label_thresholds import MIN_ROWS, macro_f1_thresholds
from mlops_jobs.monitoring.traffic.labeled import predictions_of
from mlops_jobs.problem_type import ProblemType
from mlops_jobs.serving.invocations import Invocations
from mlops_jobs.table.schema import Schema
from seed_code.model_build.tests.conftest import Fitted, train
from seed_code.model_build.tests.training_jobs import lay_out_training, pack

LABELS = ("common", "usual", "rare")
COSTS = {"rare": {"common": 20.0, "usual": 20.0}}
Vector = npt.NDArray[np.float64]


def calibrated(count: int, seed: int, shares: tuple[float, ...] = (6, 3, 0.3)) -> tuple[Any, Any]:
    """Returns classes that are drawn with the probabilities beside them."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(shares, count)
    chosen = random.random((count, 1)) < probabilities.cumsum(axis=1)
    return chosen.argmax(axis=1), probabilities


def macro_f1(actual: Any, predicted: Any, count: int = 3) -> float:
    found = []
    for label in range(count):
        hits = int(((actual == label) & (predicted == label)).sum())
        all_rows = int((actual == label).sum() + (predicted == label).sum())
        found.append(2 * hits / all_rows if all_rows else 0.0)
    return float(np.mean(found))


def chosen(thresholds: tuple[float, ...], probabilities: Vector) -> Any:
    return Decision(thresholds=thresholds).chosen(probabilities)


@pytest.mark.parametrize("seed", range(5))
def test_no_other_thresholds_are_better_on_the_rows_that_determine_them(seed: int) -> None:
    actual, probabilities = calibrated(400, seed)

    found = macro_f1(actual, chosen(macro_f1_thresholds(actual, probabilities), probabilities))

    grid = np.geomspace(0.02, 1, 40)
    best = max(
        macro_f1(actual, (probabilities / np.array([1.0, middle, rare])).argmax(axis=1))
        for middle, rare in itertools.product(grid, grid)
    )
    # A coordinate at a time may end in a local maximum; the search must not be far from the grid's.
    assert found >= best - 0.01


def test_two_labels_with_a_known_optimum_are_separated_there() -> None:
    # Rows of the rare label have a probability of 0.2 at least, all others of 0.1 at most.
    probabilities = np.array([[0.9, 0.1]] * 95 + [[0.8, 0.2]] * 20)
    actual = np.array([0] * 95 + [1] * 20)

    thresholds = macro_f1_thresholds(actual, probabilities)

    assert macro_f1(actual, chosen(thresholds, probabilities), 2) == 1.0
    assert 1 / 9 < thresholds[1] / thresholds[0] < 1 / 4


def test_thresholds_of_validation_rows_find_rare_labels_in_other_rows() -> None:
    """The mean of 20 repetitions, on rows that did not determine the thresholds."""
    gains = []
    for seed in range(20):
        thresholds = macro_f1_thresholds(*calibrated(2_000, seed))
        actual, probabilities = calibrated(5_000, 1_000 + seed)
        usual = macro_f1(actual, probabilities.argmax(axis=1))
        gains.append(macro_f1(actual, chosen(thresholds, probabilities)) - usual)

    assert np.mean(gains) > 0.02
    assert min(gains) > -0.02


def test_a_label_of_few_rows_determines_no_threshold() -> None:
    # One threshold would separate them, but nine rows may lie there by chance.
    probabilities = np.array([[0.9, 0.1]] * 95 + [[0.8, 0.2]] * (MIN_ROWS - 1))
    actual = np.array([0] * 95 + [1] * (MIN_ROWS - 1))
    assert macro_f1_thresholds(actual, probabilities) == (0.5, 0.5)

    probabilities = np.array(
        [[0.6, 0.3, 0.1]] * 50 + [[0.5, 0.4, 0.1]] * 50 + [[0.7, 0.1, 0.2]] * 9
    )
    actual = np.array([0] * 50 + [1] * 50 + [2] * 9)
    thresholds = macro_f1_thresholds(actual, probabilities)
    assert chosen(thresholds, probabilities).tolist() == [0] * 50 + [1] * 50 + [0] * 9


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_certain_probabilities_have_thresholds(value: float) -> None:
    actual = np.arange(60) % 3
    probabilities = np.eye(3)[actual] if value else np.full((60, 3), 1 / 3)

    thresholds = macro_f1_thresholds(actual, probabilities)

    assert all(np.isfinite(thresholds))
    assert all(0 < one <= 0.5 for one in thresholds)
    if value:
        assert macro_f1(actual, chosen(thresholds, probabilities)) == 1.0


def test_the_least_expected_cost_is_the_least_mean_cost_of_calibrated_probabilities() -> None:
    actual, probabilities = calibrated(20_000, 5)
    decision = Criterion.parse("cost", {}, {}, COSTS).decide_labels(actual, probabilities, LABELS)

    found = decision.cost_of_labels(actual, decision.chosen(probabilities))

    grid = np.geomspace(0.01, 1, 25)
    others = [
        decision.cost_of_labels(actual, chosen((1.0, middle, rare), probabilities))
        for middle, rare in itertools.product(grid, grid)
    ]
    assert found <= min(others) * 1.01
    assert found < decision.cost_of_labels(actual, probabilities.argmax(axis=1)) * 0.8


def test_an_expensive_error_is_avoided_where_theory_says() -> None:
    # Predict rare where 20 p > 1 - p, from 1/21 on, if the other labels cost 1.
    criterion = Criterion.parse("cost", {}, {}, COSTS)
    probabilities = np.array([[0.96, 0.0, 0.04], [0.95, 0.0, 0.05], [0.1, 0.87, 0.03]])

    decision = criterion.decide_labels(np.array([0, 2, 1]), probabilities, LABELS)

    assert decision.chosen(probabilities).tolist() == [0, 2, 1]
    assert decision.cost_matrix == ((0, 1, 1), (1, 0, 1), (20, 20, 0))


def test_given_thresholds_are_relative_to_those_of_other_labels() -> None:
    criterion = Criterion.parse(0.5, {}, {"rare": 0.1})
    probabilities = np.array([[0.6, 0.25, 0.15], [0.8, 0.1, 0.1]], dtype=np.float32)

    decision = criterion.decide_labels(np.array([0, 0]), probabilities, LABELS)

    assert decision.thresholds == (0.5, 0.5, 0.1)
    assert decision.chosen(probabilities).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0.4, {}, {"rare": 0.1}), r"decision.threshold: got 0.4 beside thresholds or costs"),
        (("macro_f1", {}, {"rare": 0.1}), r"got 'macro_f1' beside thresholds"),
        ((0.5, {}, {"rare": 1.5}), r"decision.thresholds.rare: got 1.5; allowed: a number between"),
        ((0.5, {}, {"rare": "a"}), r"decision.thresholds.rare: got 'a'"),
        (("cost", {}, {"rare": 0.1}), r"got cost without costs; set decision.cost_matrix"),
        (("cost", {}, {}, {"rare": {"usual": -1}}), r"cost_matrix.rare.usual: got -1"),
        (("cost", {"false_positive": 1}, {}, COSTS), r"decision.costs: got costs of a binary"),
        (("f1", {}, {}, COSTS), r"decision.threshold: got 'f1' beside"),
    ],
)
def test_a_wrong_criterion_is_rejected(arguments: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Criterion.parse(*arguments)


@pytest.mark.parametrize(
    ("criterion", "message"),
    [
        (Criterion.parse(0.5, {}, {"scarce": 0.1}), "thresholds: got scarce; allowed: common"),
        (Criterion.parse("cost", {}, {}, {"scarce": {}}), "cost_matrix: got scarce"),
        (Criterion.parse("cost", {}, {}, {"rare": {"no": 1}}), "cost_matrix.rare: got no"),
        (Criterion.parse("cost", {}, {}, {"rare": {"usual": 0}}), "an error that costs more than"),
    ],
)
def test_labels_and_costs_that_the_target_does_not_have_are_rejected(
    criterion: Criterion, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        criterion.decide_labels(*calibrated(50, 1), LABELS)


@pytest.mark.parametrize(
    "criterion",
    [
        Criterion.parse("macro_f1", {}),
        Criterion.parse(0.5, {}, {"rare": 0.1}),
        Criterion.parse("cost", {}, {}, COSTS),
        Criterion.parse("macro_f1", {}, {}, COSTS),
    ],
)
def test_hyperparameters_of_a_training_job_have_the_criterion(criterion: Criterion) -> None:
    given: dict[str, Any] = {name: str(one) for name, one in criterion.hyperparameters().items()}
    assert Criterion.taken_from(given) == criterion
    assert given == {}


def test_hyperparameters_that_are_too_long_or_malformed_are_rejected() -> None:
    many = {f"label-{number}": 0.1 for number in range(200)}
    with pytest.raises(InputError, match="the limit of a hyperparameter"):
        Criterion.parse(0.5, {}, many).hyperparameters()
    for text in ("[1]", "{", '{"rare": 1}'):
        with pytest.raises(InputError, match="decision_cost_matrix: got"):
            Criterion.taken_from({"decision_cost_matrix": text})


def test_classes_in_another_order_keep_their_thresholds_and_costs() -> None:
    decision = Criterion.parse(0.5, {}, {"rare": 0.1}, COSTS).decide_labels(
        *calibrated(50, 1), LABELS
    )
    actual, probabilities = calibrated(200, 2)
    scored = Scored(
        problem_type=ProblemType.MULTICLASS,
        labels=LABELS,
        actual=actual.astype(float),
        predictions=probabilities,
        decision=decision,
    )
    other = scored.in_order_of(("rare", "common", "usual"))
    assert [LABELS[at] for at in scored.predicted] == [other.labels[at] for at in other.predicted]
    assert other.values() == pytest.approx(scored.values())


def trained(folder: Path, found: Fitted, **given: object) -> Path:
    opt_ml = lay_out_training(folder, found.outputs, num_round=15, **given)
    train(opt_ml)
    return opt_ml


def test_endpoint_monitor_and_evaluation_predict_the_same_labels(tmp_path: Path, fit: Any) -> None:
    fitted: Fitted = fit("multiclass")
    labels = fitted.predictor.labels
    readily = json.dumps({labels[-1]: 0.02})
    opt_ml = trained(tmp_path, fitted, decision_thresholds=readily)
    loaded = model.load(opt_ml / "model")
    assert loaded.decision.thresholds == (*[0.5] * (len(labels) - 1), 0.02)

    held_out = fitted.holdout()
    target = fitted.predictor.target
    instances = [{k: v for k, v in row.items() if k != target} for row in held_out]
    body = json.dumps({"instances": instances}).encode()
    served = json.loads(Invocations(loaded).respond(body, "application/json", "application/json"))[
        "predictions"
    ]
    rule = {label: 0.02 if label == labels[-1] else 0.5 for label in labels}
    expected = [
        max(labels, key=lambda label: one["probabilities"][label] / rule[label]) for one in served
    ]
    assert [str(one["label"]) for one in served] == expected
    assert expected != [max(labels, key=one["probabilities"].get) for one in served]
    assert [one.label for one in predictions_of(loaded, held_out)] == expected

    archive = pack(opt_ml / "model", tmp_path / "archive")
    report = evaluate(model.load, archive, fitted.outputs / "test", tmp_path / "evaluation")
    matrix = report["multiclass_classification_metrics"]["confusion_matrix"]
    assert sum(row[labels[-1]] for row in matrix.values()) == expected.count(labels[-1])
    assert {one["label"]: one["threshold"] for one in report["classes"]} == rule
    assert report["decision"]["thresholds"] == list(rule.values())
    assert "threshold" in (tmp_path / "evaluation/evaluation.html").read_text()


def test_validation_rows_alone_determine_thresholds(
    tmp_path: Path, fit: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    fitted: Fitted = fit("multiclass")
    opt_ml = trained(tmp_path, fitted, decision_threshold="macro_f1", metric="macro_f1")
    loaded = model.load(opt_ml / "model")
    with np.load(fitted.outputs / "validation/validation.npz") as file:
        features, target = file["features"], file["target"].astype(np.intp)
    probabilities = loaded.predict_matrix(features).astype(np.float64)
    assert loaded.decision.thresholds == macro_f1_thresholds(target, probabilities)
    printed = float(capsys.readouterr().out.rpartition("validation:macro_f1=")[2])
    count = len(fitted.predictor.labels)
    assert printed == pytest.approx(macro_f1(target, loaded.decision.chosen(probabilities), count))


def test_the_cost_is_measured_beside_that_of_the_best_constant_label(
    tmp_path: Path, fit: Any
) -> None:
    fitted: Fitted = fit("multiclass")
    labels = fitted.predictor.labels
    matrix = json.dumps({labels[0]: {labels[1]: 9}})
    opt_ml = trained(
        tmp_path, fitted, decision_threshold="cost", decision_cost_matrix=matrix, metric="cost"
    )
    archive = pack(opt_ml / "model", tmp_path / "archive")
    report = evaluate(model.load, archive, fitted.outputs / "test", tmp_path / "evaluation")
    cost = report["multiclass_classification_metrics"]["cost"]["value"]
    actual = [row[fitted.predictor.target] for row in fitted.holdout()]
    constant = [
        np.mean([9 if (one, label) == labels[:2] else one != label for one in actual])
        for label in labels
    ]
    naive = report["baseline"]["without_features"]["cost"]["value"]
    assert naive == pytest.approx(min(constant))
    assert cost < naive


def test_models_of_an_earlier_release_predict_the_most_probable_label(fit: Any) -> None:
    fitted: Fitted = fit("multiclass")
    document = json.loads((fitted.model / "schema.json").read_text())
    for name in ("thresholds", "minimized_costs", "cost_matrix"):
        del document["decision"][name]
    assert Schema.from_json(json.dumps(document)).decision == Decision()


def test_the_criteria_of_one_kind_of_target_are_rejected_for_another(
    tmp_path: Path, fit: Any
) -> None:
    for kind, given, message in (
        ("binary", {"decision_threshold": "macro_f1"}, "for a binary target; allowed: threshold"),
        ("multiclass", {"metric": "cost"}, "set decision.cost_matrix"),
        ("regression", {"decision_threshold": "macro_f1"}, "for a regression target"),
    ):
        opt_ml = lay_out_training(tmp_path / kind, fit(kind).outputs, **given)
        with pytest.raises(InputError, match=message):
            train(opt_ml)

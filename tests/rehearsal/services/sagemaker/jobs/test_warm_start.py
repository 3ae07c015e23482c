"""Warm start of tuning jobs: what parents must have in common, and what is learned from them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.protocols.shapes import ShapeReader
from rehearsal.services.sagemaker.data_plane import ParentTrial
from rehearsal.services.sagemaker.jobs.tuning.tuning_job import run
from rehearsal.services.sagemaker.service_model import input_shape
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.jobs.trials import (
    CONTINUOUS,
    Training,
    by_depth,
    job,
    request,
)

IDENTICAL, TRANSFER = "IdenticalDataAndAlgorithm", "TransferLearning"
RANGES = {
    "ContinuousParameterRanges": [{"Name": "rate", "MinValue": "0.1", "MaxValue": "1"}],
    "CategoricalParameterRanges": [{"Name": "booster", "Values": ["a", "b"]}],
}


def tuning(name: str, *parents: str, kind: str = TRANSFER, **changes: Any) -> dict[str, Any]:
    """A request; `changes` are members of its configuration, or `static` and `data`."""
    given = requests.tuning_job(name)
    config, definition = given["HyperParameterTuningJobConfig"], given["TrainingJobDefinition"]
    config["ParameterRanges"] = RANGES
    definition["StaticHyperParameters"] = changes.pop("static", {"rounds": "10", "loss": "log"})
    if "image" in changes:
        definition["AlgorithmSpecification"]["TrainingImage"] = changes.pop("image")
    if "data" in changes:
        definition["InputDataConfig"] = changes.pop("data")
    config |= changes
    if parents:
        given["WarmStartConfig"] = {
            "ParentHyperParameterTuningJobs": [
                {"HyperParameterTuningJobName": parent} for parent in parents
            ],
            "WarmStartType": kind,
        }
    return given


@pytest.fixture
def parent(sagemaker: Any, eventually: Any) -> str:
    ended(sagemaker, eventually, tuning("parent"))
    return "parent"


def ended(sagemaker: Any, eventually: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Creates a job; returns its description when it has ended."""
    sagemaker.create_hyper_parameter_tuning_job(**given)
    name = given["HyperParameterTuningJobName"]

    def described() -> dict[str, Any] | None:
        found: dict[str, Any] = sagemaker.describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name
        )
        return found if found["HyperParameterTuningJobStatus"] != "InProgress" else None

    found: dict[str, Any] = eventually(described)
    return found


def test_the_description_has_the_parents_and_the_trials_are_handed_on(
    sagemaker: Any, eventually: Any, data_plane: Any, parent: str
) -> None:
    given = tuning("child", parent)
    found = ended(sagemaker, eventually, given)
    assert found["WarmStartConfig"] == given["WarmStartConfig"]
    trials = parents_of(data_plane, "child")
    assert [trial.value for trial in trials] == [0.7, 0.9, 0.8]
    assert trials[0].hyperparameters["rounds"] == "10"
    assert {trial.summary["TuningJobName"] for trial in trials} == {parent}


def test_warm_start_is_not_recursive(
    sagemaker: Any, eventually: Any, data_plane: Any, parent: str
) -> None:
    ended(sagemaker, eventually, tuning("child", parent))
    ended(sagemaker, eventually, tuning("grandchild", "child"))
    names = {trial.summary["TuningJobName"] for trial in parents_of(data_plane, "grandchild")}
    assert names == {"child"}


def parents_of(data_plane: Any, name: str) -> list[ParentTrial]:
    (found,) = [run for run in data_plane.runs if run.name == name]
    return list(found.parents)


MANY = {f"p{number}": "1" for number in range(11)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "auc"}},
         "its objective is Maximize auc; that of the new job must be the same, got Minimize auc"),
        ({"static": {"rounds": "10"}},
         "it has 4 static and tunable hyperparameters in total; the new job must have as many"),
        ({"ParameterRanges": {**RANGES, "ContinuousParameterRanges": [],
                              "IntegerParameterRanges": [
                                  {"Name": "rate", "MinValue": "1", "MaxValue": "3"}]}},
         "the type of rate is Continuous; it must not change, got Integer"),
        ({"kind": IDENTICAL, "image": "111111111111.dkr.ecr.us-east-1.amazonaws.com/other:1"},
         "IdenticalDataAndAlgorithm needs the same training image; use TransferLearning"),
        ({"kind": IDENTICAL, "data": []},
         "IdenticalDataAndAlgorithm needs the same InputDataConfig; use TransferLearning"),
        ({"ResourceLimits": {"MaxNumberOfTrainingJobs": 748, "MaxParallelTrainingJobs": 1}},
         "a tuning job and its parents can have 750 in total"),
    ],
)  # fmt: skip
def test_a_job_that_differs_from_its_parent_is_rejected(
    sagemaker: Any, parent: str, changes: dict[str, Any], message: str
) -> None:
    given = requests.tuning_job()["TrainingJobDefinition"].get("InputDataConfig")
    if "data" in changes and not given:
        changes = changes | {"data": [_channel("s3://bucket/other")]}
    with pytest.raises(ClientError, match=message):
        sagemaker.create_hyper_parameter_tuning_job(**tuning("child", parent, **changes))


def _channel(uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri}
    return {"ChannelName": "train", "DataSource": {"S3DataSource": source}}


@pytest.mark.parametrize("kind", [IDENTICAL, TRANSFER])
def test_ranges_may_change_and_hyperparameters_may_become_static_or_tunable(
    sagemaker: Any, eventually: Any, parent: str, kind: str
) -> None:
    changed = {
        "ContinuousParameterRanges": [{"Name": "rate", "MinValue": "0.2", "MaxValue": "0.5"}],
        "IntegerParameterRanges": [{"Name": "rounds", "MinValue": "5", "MaxValue": "9"}],
    }
    given = tuning(
        "child", parent, kind=kind, ParameterRanges=changed, static={"booster": "a", "loss": "log"}
    )
    assert ended(sagemaker, eventually, given)["HyperParameterTuningJobStatus"] == "Completed"


def test_another_version_of_the_image_is_the_same_algorithm(
    sagemaker: Any, eventually: Any, parent: str
) -> None:
    image = tuning("x")["TrainingJobDefinition"]["AlgorithmSpecification"]["TrainingImage"]
    newer = image.rpartition(":")[0] + ":2"
    given = tuning("child", parent, kind=IDENTICAL, image=newer)
    assert ended(sagemaker, eventually, given)["HyperParameterTuningJobStatus"] == "Completed"


@pytest.mark.parametrize(
    ("before", "now", "changes"),
    [
        (dict.fromkeys(MANY, "1"), dict.fromkeys(MANY, "2"), 11),  # numbers
        ({f"p{at}": "a" for at in range(6)}, {f"p{at}": "b" for at in range(6)}, 12),
    ],
)
def test_more_than_ten_changes_are_rejected(
    sagemaker: Any,
    eventually: Any,
    before: dict[str, str],
    now: dict[str, str],
    changes: int,
) -> None:
    ended(sagemaker, eventually, tuning("parent", static=before))
    with pytest.raises(ClientError, match=f"can be 10 changes at most; got {changes}"):
        sagemaker.create_hyper_parameter_tuning_job(**tuning("child", "parent", static=now))
    fewer = {**now, "p0": before["p0"]}
    assert ended(sagemaker, eventually, tuning("child", "parent", static=fewer))


def test_each_value_of_a_category_that_becomes_static_is_a_change(
    sagemaker: Any, eventually: Any
) -> None:
    values = [f"v{number}" for number in range(11)]
    ranges = {"CategoricalParameterRanges": [{"Name": "booster", "Values": values}]}
    ended(sagemaker, eventually, tuning("parent", ParameterRanges=ranges, static={}))
    given = tuning("child", "parent", ParameterRanges={}, static={"booster": "v1"})
    with pytest.raises(ClientError, match="can be 10 changes at most; got 11"):
        sagemaker.create_hyper_parameter_tuning_job(**given)


def test_a_parent_that_does_not_exist_is_rejected(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="WarmStartConfig: parent nobody") as caught:
        sagemaker.create_hyper_parameter_tuning_job(**tuning("child", "nobody"))
    assert caught.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(("names", "valid"), [("abcde", True), ("abcdef", False)])
def test_no_more_than_five_parents(names: str, *, valid: bool) -> None:
    reader = ShapeReader()
    reader.read(input_shape("CreateHyperParameterTuningJob"), tuning("child", *names))
    found = [problem for problem in reader.problems if "ParentHyper" in problem]
    assert bool(found) is not valid


def trial(value: float, **values: str) -> ParentTrial:
    return ParentTrial(
        hyperparameters={"rounds": "10", **values},
        value=value,
        summary={"TrainingJobName": f"before-{value}", "TuningJobName": "parent"},
    )


def child(kind: str, **config: Any) -> dict[str, Any]:
    parents = [{"HyperParameterTuningJobName": "parent"}]
    warm = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": kind}
    return {**request(**config), "WarmStartConfig": warm}


def test_the_search_starts_where_the_parents_were_good() -> None:
    limits = {"MaxNumberOfTrainingJobs": 6, "MaxParallelTrainingJobs": 1}
    ranges = {"ContinuousParameterRanges": [CONTINUOUS]}
    parents = [
        trial(-abs(rate - 0.8), rate=str(rate))
        for rate in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)
    ]

    def distance(parents: list[ParentTrial]) -> float:
        training = Training(lambda values: -abs(float(values["rate"]) - 0.8))
        given = child(TRANSFER, ResourceLimits=limits, ParameterRanges=ranges)
        run(job(given, parents=parents), training)
        return sum(abs(float(values["rate"]) - 0.8) for values in training.drawn)

    assert distance(parents) < distance([]) / 2


@pytest.mark.parametrize(
    "outside",
    [
        {"depth": "3", "booster": "gbtree"},  # rate was neither static nor tunable
        {"rate": "5", "depth": "3", "booster": "gbtree"},
        {"rate": "0.5", "depth": "3.5", "booster": "gbtree"},
        {"rate": "0.5", "depth": "3", "booster": "linear"},
        {"rate": "fast", "depth": "3", "booster": "gbtree"},
    ],
)
def test_trials_outside_of_the_ranges_are_no_starting_point(outside: dict[str, str]) -> None:
    drawn = []
    for parents in ([], [trial(9, **outside)]):
        training = Training(by_depth)
        run(job(child(TRANSFER), parents=parents), training)
        drawn.append(training.drawn)
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize(("before", "best"), [(99.0, "before-99.0"), (-1.0, "tune-")])
def test_the_overall_best_trial_is_one_of_the_parents_or_of_the_job(
    before: float, best: str
) -> None:
    parents = [trial(before, rate="0.5", depth="3", booster="dart"), trial(-2.0)]
    result = run(job(child(IDENTICAL), parents=parents), Training(by_depth))
    overall = result["OverallBestTrainingJob"]
    assert overall["TrainingJobName"].startswith(best)
    assert overall["TuningJobName"] == ("parent" if before > 0 else "tune")
    assert result["BestTrainingJob"]["TrainingJobName"].startswith("tune-")


def test_the_overall_best_is_described_for_identical_data_only() -> None:
    result = run(job(child(TRANSFER), parents=[trial(99.0)]), Training(by_depth))
    assert "OverallBestTrainingJob" not in result
    assert "OverallBestTrainingJob" not in run(job(request()), Training(by_depth))

"""The definition of the SageMaker Pipeline: what differs from other kinds of models."""

import json
from pathlib import Path
from typing import Any

import pytest
from mlops_jobs.series import evaluation, preprocess

from pipeline.configuration import read_configuration
from pipeline.data import RawData
from tests.fakes import PROJECT

pytest.importorskip("sagemaker.core", reason="only the train build has the SageMaker SDK")


@pytest.fixture(scope="module")
def steps() -> dict[str, dict[str, Any]]:
    from pipeline.definition import Definition

    configuration = read_configuration(Path(__file__).parents[1] / "config.yaml")
    raw = RawData(uri="s3://churn-artifacts/data/t.csv", target="departures", version="v1")
    made = Definition(configuration=configuration, project=PROJECT, data=raw).to_json()
    read = json.loads(made)
    check = read["Steps"][-1]["Arguments"]
    every = [*read["Steps"], *check["IfSteps"], *check["ElseSteps"]]
    return {step["Name"]: step["Arguments"] for step in every}


def known(variable: dict[str, Any]) -> str:
    """Returns the value that an execution gives to an argument."""
    return "--threshold=0.5" if "Std:Join" in variable else "none"


def test_the_image_understands_the_arguments_of_preprocessing(
    steps: dict[str, dict[str, Any]],
) -> None:
    arguments = steps["Preprocess"]["AppSpecification"]["ContainerArguments"]
    assert arguments[:3] == ["-m", "forecasting", "preprocess"]
    options = preprocess.parser().parse_args(arguments[3:])
    assert (options.series, options.timestamp, options.target) == ("airport", "hour", "departures")
    assert (options.horizon, options.season, options.lag) == (24, 24, [168])
    assert options.quantile == [0.1, 0.5, 0.9]


def test_the_image_understands_the_arguments_of_the_evaluation(
    steps: dict[str, dict[str, Any]],
) -> None:
    arguments = steps["Evaluate"]["AppSpecification"]["ContainerArguments"]
    assert arguments[:3] == ["-m", "forecasting", "evaluate"]
    texts = [one if isinstance(one, str) else known(one) for one in arguments[3:]]
    assert evaluation.parser().parse_args(texts).margin == 0


def test_training_reads_the_recent_values_that_the_endpoint_continues(
    steps: dict[str, dict[str, Any]],
) -> None:
    channels = steps["Tune"]["TrainingJobDefinition"]["InputDataConfig"]
    assert [one["ChannelName"] for one in channels] == ["train", "validation", "recent"]


def test_a_model_must_be_better_than_the_seasonal_naive_forecast(
    steps: dict[str, dict[str, Any]],
) -> None:
    reached, better, *_ = steps["CheckQuality"]["Conditions"]
    assert reached["LeftValue"]["Std:JsonGet"]["Path"] == "forecast_metrics.mase.value"
    assert better["RightValue"]["Std:JsonGet"]["Path"] == "baseline.seasonal_naive.mase.value"
    assert better["Type"] == "LessThan"


def test_the_package_states_its_kind_of_target(steps: dict[str, dict[str, Any]]) -> None:
    properties = steps["Register"]["CustomerMetadataProperties"]
    assert (properties["problem_type"], properties["target"]) == ("regression", "departures")

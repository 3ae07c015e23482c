"""The definition of the SageMaker Pipeline: what differs from other kinds of models."""

import json
from pathlib import Path
from typing import Any

import pytest
from mlops_jobs.evaluation import job as evaluation
from mlops_jobs.images import preprocess
from mlops_jobs.problem_type import ProblemType

from pipeline.configuration import read_configuration
from pipeline.data import RawData
from tests.fakes import PROJECT

pytest.importorskip("sagemaker.core", reason="only the train build has the SageMaker SDK")


@pytest.fixture(scope="module")
def steps() -> dict[str, dict[str, Any]]:
    from pipeline.definition import Definition

    configuration = read_configuration(Path(__file__).parents[1] / "config.yaml")
    raw = RawData(
        uri="s3://churn-artifacts/data/digits.zip",
        problem_type=ProblemType.MULTICLASS,
        version="v1",
    )
    made = Definition(configuration=configuration, project=PROJECT, data=raw).to_json()
    read = json.loads(made)
    check = read["Steps"][-1]["Arguments"]
    every = [*read["Steps"], *check["IfSteps"], *check["ElseSteps"]]
    return {step["Name"]: step["Arguments"] for step in every}


def known(variable: dict[str, Any]) -> str:
    """Returns the value that an execution gives to an argument."""
    return "--threshold=0.5" if "Std:Join" in variable else "none"


def test_the_image_understands_the_arguments_of_its_jobs(
    steps: dict[str, dict[str, Any]],
) -> None:
    arguments = steps["Preprocess"]["AppSpecification"]["ContainerArguments"]
    assert arguments[:3] == ["-m", "vision", "preprocess"]
    options = preprocess.parser().parse_args(arguments[3:])
    assert (options.height, options.width, options.channels) == (8, 8, 1)
    arguments = steps["Evaluate"]["AppSpecification"]["ContainerArguments"]
    assert arguments[:3] == ["-m", "vision", "evaluate"]
    texts = [one if isinstance(one, str) else known(one) for one in arguments[3:]]
    assert evaluation.parser().parse_args(texts).metric == "accuracy"


def test_the_package_accepts_image_files(steps: dict[str, dict[str, Any]]) -> None:
    inference = steps["Register"]["InferenceSpecification"]
    assert "image/png" in inference["SupportedContentTypes"]

"""Each member of a request that creates a job is supported, recorded or rejected by name."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape

from rehearsal.services.sagemaker.jobs.member_table import (
    CATALOGUE,
    COMMAND,
    OPERATIONS,
    entry_of,
    paths,
    rejected,
    rows,
    table,
)
from rehearsal.services.sagemaker.jobs.tuning.tuning_job import run
from rehearsal.services.sagemaker.service_model import input_shape, output_shape
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.jobs.trials import Training, by_depth, job
from tests.rehearsal.services.sagemaker.jobs.trials import request as trial_request

PAGE = Path(__file__).parents[5] / "docs/job-members.md"
REQUESTS = {
    "CreateTrainingJob": requests.training_job,
    "CreateProcessingJob": requests.processing_job,
    "CreateHyperParameterTuningJob": requests.tuning_job,
}
RECORDED = [
    (operation, member)
    for operation in REQUESTS
    for member, status, _ in rows(operation)
    if status == "recorded"
]


def test_the_page_is_that_of_the_catalogue() -> None:
    assert PAGE.read_text(encoding="utf-8") == table(), f"Run: {COMMAND}"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_catalogue_has_every_member_of_the_api_and_no_other(operation: str) -> None:
    listed = {member for member, _, _ in rows(operation)}
    assert set(CATALOGUE[operation]) - listed <= set(rejected(operation))
    leaves = list(paths(input_shape(operation)))
    for entry in (*CATALOGUE[operation], *rejected(operation)):
        assert any(entry_of(leaf, {entry: ""}) for leaf in leaves), f"{entry} is no member"


def sample(shape: Shape, *, name: str = "") -> Any:
    """A valid value of a shape, with all of its members."""
    if isinstance(shape, StructureShape):
        return {member: sample(inner, name=member) for member, inner in shape.members.items()}
    if isinstance(shape, ListShape):
        return [sample(shape.member, name=name)]
    if isinstance(shape, MapShape):
        return {"key": "value"}
    if shape.type_name == "boolean":
        return True
    if shape.type_name in ("integer", "long", "float", "double"):
        return max(1, shape.metadata.get("min", 1))
    given = {"S3Uri": "s3://bucket/key", "S3OutputPath": "s3://bucket/key", "LocalPath": "/opt/x"}
    allowed: list[str] = getattr(shape, "enum", None) or [given.get(name, "value-1")]
    return allowed[0]


def shape_at(operation: str, path: str) -> Shape:
    shape: Shape = input_shape(operation)
    for part in path.split("."):
        assert isinstance(shape, StructureShape)
        shape = shape.members[part.removesuffix("[]")]
        if part.endswith("[]"):
            assert isinstance(shape, ListShape)
            shape = shape.member
    return shape


def put(request: dict[str, Any], path: str, value: Any) -> None:
    """Adds a member to a request; a list gets one element, which is completed."""
    name, _, rest = path.partition(".")
    many = name.endswith("[]")
    name = name.removesuffix("[]")
    if many:
        request.setdefault(name, [{}])
        put(request[name][0], rest, value)
    elif rest:
        put(request.setdefault(name, {}), rest, value)
    else:
        request[name] = value


def at(response: Any, path: str) -> Any:
    for part in path.split("."):
        response = response[part.removesuffix("[]")]
        response = response[0] if part.endswith("[]") else response
    return response


CHANNEL = {
    "ChannelName": "train",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/x"}},
}
INPUT = {
    "InputName": "data",
    "S3Input": {
        "S3Uri": "s3://bucket/x",
        "LocalPath": "/opt/ml/processing/data",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
    },
}
COMPANIONS: dict[str, dict[str, Any]] = {
    "StoppingCondition.MaxWaitTimeInSeconds": {"EnableManagedSpotTraining": True},
    "EnableManagedSpotTraining": {
        "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}
    },
}
"""Members that AWS requires beside another one."""
VALUES: dict[str, Any] = {
    "StoppingCondition.MaxWaitTimeInSeconds": 86400,
    "ResourceConfig.KeepAlivePeriodInSeconds": 600,
    "VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "NetworkConfig.VpcConfig": {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]},
    "ResourceConfig.InstanceType": "ml.m5.xlarge",
    "HyperParameterTuningResourceConfig.InstanceType": "ml.m5.xlarge",
}


def request_with(operation: str, member: str) -> tuple[dict[str, Any], Any]:
    """A request with a recorded member, and the value of the member."""
    request = copy.deepcopy(REQUESTS[operation]())
    prefix, inner = "", member
    if member.startswith("TrainingJobDefinition."):
        prefix, inner = "TrainingJobDefinition.", member.partition(".")[2]
    target = request["TrainingJobDefinition"] if prefix else request
    if inner.startswith("InputDataConfig[]"):
        target["InputDataConfig"] = [copy.deepcopy(CHANNEL)]
    if inner.startswith("HyperParameterTuningResourceConfig"):
        del target["ResourceConfig"]
        target["HyperParameterTuningResourceConfig"] = {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        }
    if inner.startswith("ProcessingInputs[].S3Input"):
        target["ProcessingInputs"] = [copy.deepcopy(INPUT)]
    if inner.endswith(".InstanceConfigs"):
        target["HyperParameterTuningResourceConfig"] = {}
    for name, value in COMPANIONS.get(inner, {}).items():
        target[name] = {**target[name], **value} if isinstance(value, dict) else value
    value = VALUES.get(inner, sample(shape_at(operation, member), name=inner.rpartition(".")[2]))
    put(target, inner, value)
    return request, value


@pytest.mark.parametrize(("operation", "member"), RECORDED)
def test_a_recorded_member_is_described(sagemaker: Any, operation: str, member: str) -> None:
    request, value = request_with(operation, member)
    getattr(sagemaker, xform_name(operation))(**request)
    noun = operation.removeprefix("Create")
    described = getattr(sagemaker, xform_name(f"Describe{noun}"))(
        **{f"{noun}Name": request[f"{noun}Name"]}
    )
    first = member.partition(".")[0].removesuffix("[]")
    assert first in output_shape(f"Describe{noun}").members
    assert at(described, member) == value


@pytest.mark.parametrize("kind", ["training", "processing"])
def test_several_instances_are_accepted(sagemaker: Any, kind: str) -> None:
    request = getattr(requests, f"{kind}_job")()
    cluster = request.get("ResourceConfig") or request["ProcessingResources"]["ClusterConfig"]
    cluster["InstanceCount"] = 3
    getattr(sagemaker, f"create_{kind}_job")(**request)
    noun = f"{kind.title()}Job"
    name = {f"{noun}Name": request[f"{noun}Name"]}
    described = getattr(sagemaker, f"describe_{kind}_job")(**name)
    cluster = described.get("ResourceConfig") or described["ProcessingResources"]["ClusterConfig"]
    assert cluster["InstanceCount"] == 3


def test_what_is_not_profiled_is_described_as_disabled(sagemaker: Any) -> None:
    sagemaker.create_training_job(
        **requests.training_job(), ProfilerConfig={"S3OutputPath": "s3://bucket/profile"}
    )
    described = sagemaker.describe_training_job(TrainingJobName="train")
    assert described["ProfilingStatus"] == "Disabled"
    assert "ProfilerRuleEvaluationStatuses" not in described


@pytest.mark.parametrize("kind", ["Debug", "Profiler"])
def test_a_rule_that_is_not_evaluated_says_so(sagemaker: Any, kind: str) -> None:
    rule = {"RuleConfigurationName": "LossNotDecreasing", "RuleEvaluatorImage": requests.IMAGE}
    sagemaker.create_training_job(
        **requests.training_job(), **{f"{kind}RuleConfigurations": [rule]}
    )
    described = sagemaker.describe_training_job(TrainingJobName="train")
    assert described[f"{kind}RuleConfigurations"] == [rule]
    (status,) = described[f"{kind}RuleEvaluationStatuses"]
    assert status["RuleConfigurationName"] == "LossNotDecreasing"
    assert status["RuleEvaluationStatus"] == "Error"
    assert "does not evaluate the rules" in status["StatusDetails"]


CHOICES = [{"InstanceType": "ml.c5.large", "InstanceCount": 1, "VolumeSizeInGB": 30}]
SEVERAL = {**CHOICES[0], "InstanceCount": 2}


@pytest.mark.parametrize(
    ("resources", "of_a_trial"),
    [
        (
            {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 20},
            {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 20},
        ),
        ({"InstanceConfigs": CHOICES, "AllocationStrategy": "Prioritized"}, CHOICES[0]),
        ({"InstanceConfigs": [SEVERAL]}, SEVERAL),
    ],
)
def test_the_trials_have_the_resources_of_tuning(
    resources: dict[str, Any], of_a_trial: dict[str, Any]
) -> None:
    training = Training(by_depth)
    given = trial_request()
    given["TrainingJobDefinition"]["HyperParameterTuningResourceConfig"] = resources
    run(job(given), training)
    assert [one["ResourceConfig"] for one in training.requests] == [of_a_trial] * 6
    assert all("HyperParameterTuningResourceConfig" not in one for one in training.requests)


@pytest.mark.parametrize(
    ("resources", "message"),
    [
        ({"VolumeSizeInGB": 20}, "needs InstanceConfigs, or InstanceType"),
        ({"InstanceConfigs": CHOICES, "InstanceType": "ml.m5.large"}, "mutually exclusive"),
    ],
)
def test_resources_of_tuning_that_do_not_fit_are_rejected(
    sagemaker: Any, resources: dict[str, Any], message: str
) -> None:
    request = requests.tuning_job()
    del request["TrainingJobDefinition"]["ResourceConfig"]
    request["TrainingJobDefinition"]["HyperParameterTuningResourceConfig"] = resources
    with pytest.raises(ClientError, match=message):
        sagemaker.create_hyper_parameter_tuning_job(**request)
    assert sagemaker.list_hyper_parameter_tuning_jobs()["HyperParameterTuningJobSummaries"] == []

"""Actions of a training job's role on jobs of other projects, as IAM evaluates them."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from aws_cdk import CfnOutput
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from mlops_constructs.delivery import TrainingRole
from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws
from tests.constructs.access.requests import IMAGE, OTHERS_TAGS, PROJECT_TAGS, allowed
from tests.constructs.delivery.conftest import new_stack, resources_in

ARN = "arn:aws:sagemaker:us-east-1:111111111111:"


def template() -> dict[str, Any]:
    """The role, the project's key and its bucket; the account may assume the role here."""
    stack = new_stack()
    repository = ecr.Repository.from_repository_name(stack, "Images", "churn")
    project = resources_in(stack)
    role = TrainingRole(stack, "Training", project=project, image_repository=repository)
    trust = iam.PolicyStatement(
        actions=["sts:AssumeRole"], principals=[iam.AccountPrincipal("111111111111")]
    )
    assert role.assume_role_policy is not None
    role.assume_role_policy.add_statements(trust)
    CfnOutput(stack, "Role", value=role.role_arn)
    CfnOutput(stack, "KeyArn", value=project.artifacts.key.key_arn)
    synthesised = Template.from_stack(stack).to_json()
    # Parameters and rules ask for the bootstrap stack.
    return {section: synthesised[section] for section in ("Resources", "Outputs")}


class Training:
    """A session of the role, and a client that may do everything."""

    def __init__(self, aws: LocalAws) -> None:
        self.root = aws.client("sagemaker")
        cloudformation = aws.client("cloudformation")
        cloudformation.create_stack(
            StackName="training",
            TemplateBody=json.dumps(template()),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="training", WaiterConfig={"Delay": 1}
        )
        (stack,) = cloudformation.describe_stacks(StackName="training")["Stacks"]
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        given = aws.client("sts").assume_role(
            RoleArn=self.outputs["Role"], RoleSessionName="SageMaker"
        )["Credentials"]
        session = boto3.Session(
            given["AccessKeyId"],
            given["SecretAccessKey"],
            given["SessionToken"],
            region_name="us-east-1",
        )
        make: Callable[..., Any] = session.client
        self.sagemaker = make("sagemaker", endpoint_url=aws.url, verify=str(aws.ca_bundle))

    def job(self, name: str, tags: list[dict[str, str]]) -> dict[str, Any]:
        key = self.outputs["KeyArn"]
        return {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": self.outputs["Role"],
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/models/", "KmsKeyId": key},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
                "VolumeKmsKeyId": key,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "EnableInterContainerTrafficEncryption": True,
            **({"Tags": tags} if tags else {}),
        }


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    directory = tmp_path_factory.mktemp("training") / "aws"
    aws, _ = server_process.start(directory)
    try:
        found = Training(aws)
        for name, tags in (("pipelines-own", PROJECT_TAGS), ("pipelines-others", OTHERS_TAGS)):
            found.root.create_training_job(**found.job(name, tags))
        yield found
    finally:
        server_process.stop(directory)


def test_it_starts_jobs_with_the_tag_of_its_project_alone(training: Training) -> None:
    for name, tags, expected in (
        ("pipelines-a", PROJECT_TAGS, True),
        ("pipelines-b", OTHERS_TAGS, False),
        ("pipelines-c", [], False),
    ):
        job = training.job(name, tags)
        assert allowed(training.sagemaker, "create_training_job", **job) is expected, name


@pytest.mark.parametrize("operation", ["describe_training_job", "stop_training_job"])
def test_it_sees_and_stops_jobs_of_its_project_alone(training: Training, operation: str) -> None:
    for name, expected in (("pipelines-own", True), ("pipelines-others", False)):
        found = allowed(training.sagemaker, operation, TrainingJobName=name)
        assert found is expected, name


def test_it_makes_no_job_of_others_the_projects_by_a_tag(training: Training) -> None:
    for name in ("pipelines-others", "pipelines-own"):
        arn = f"{ARN}training-job/{name}"
        assert not allowed(training.sagemaker, "add_tags", ResourceArn=arn, Tags=PROJECT_TAGS), name

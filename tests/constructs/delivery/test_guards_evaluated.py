"""Jobs and models that pushed code can start with a project's roles, as IAM evaluates them."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template
from botocore.exceptions import ClientError

from mlops_constructs.delivery import DeploymentRole, TrainingRole
from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws

from .conftest import GROUPS, SUBNETS, network_in, new_stack, resources_in

REGION = "us-east-1"
VPC = {"Subnets": SUBNETS, "SecurityGroupIds": GROUPS}
IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/churn:1"
OTHER_KEY = "arn:aws:kms:us-east-1:111111111111:key/00000000-0000-0000-0000-000000000000"
TAGS = [{"Key": "sagemaker:project-name", "Value": "churn"}]

Request = dict[str, Any]
Start = Callable[..., bool]


def _stack() -> cdk.Stack:
    stack = new_stack()
    project = resources_in(stack, network_in(stack))
    model = iam.Role(stack, "Model", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    roles = {
        "Training": TrainingRole(
            stack, "Training", project=project, image_repository=ecr.Repository(stack, "Images")
        ),
        "Deployment": DeploymentRole(
            stack, "Deployment", project=project, model_execution_role=model
        ),
    }
    values = {name: role.role_arn for name, role in roles.items()}
    values |= {"Model": model.role_arn, "Key": project.artifacts.key.key_arn}
    for name, value in values.items():
        cdk.CfnOutput(stack, f"{name}Output", value=value).override_logical_id(f"{name}Value")
    return stack


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalAws, dict[str, str]]]:
    directory = tmp_path_factory.mktemp("guards") / "aws"
    aws, _ = server_process.start(directory)
    try:
        synthesised = Template.from_stack(_stack()).to_json()
        # Parameters and rules ask for the bootstrap stack.
        template = {section: synthesised[section] for section in ("Resources", "Outputs")}
        aws.client("s3").create_bucket(Bucket="templates")
        aws.client("s3").put_object(Bucket="templates", Key="guards", Body=json.dumps(template))
        client = aws.client("cloudformation")
        client.create_stack(
            StackName="guards",
            TemplateURL="https://templates.s3.us-east-1.amazonaws.com/guards",
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        while True:
            (stack,) = client.describe_stacks(StackName="guards")["Stacks"]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                break
            time.sleep(0.1)
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        yield aws, {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    finally:
        server_process.stop(directory)


@pytest.fixture(scope="module")
def start(deployed: tuple[LocalAws, dict[str, str]]) -> Start:
    """Returns True if a role of the project may start it: `start("Training", operation, ...)`."""
    aws, outputs = deployed
    clients: dict[str, Any] = {}

    def client_of(name: str) -> Any:
        if name not in clients:
            arn = outputs[f"{name}Value"]
            root = {"Principal": {"AWS": "111111111111"}, "Action": "sts:AssumeRole"}
            trusted = aws.client("iam").get_role(RoleName=arn.rpartition("/")[2])["Role"]
            document = trusted["AssumeRolePolicyDocument"]
            document["Statement"].append({"Effect": "Allow", **root})
            aws.client("iam").update_assume_role_policy(
                RoleName=arn.rpartition("/")[2], PolicyDocument=json.dumps(document)
            )
            given = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="code")
            keys = given["Credentials"]
            session = boto3.Session(
                keys["AccessKeyId"],
                keys["SecretAccessKey"],
                keys["SessionToken"],
                region_name=REGION,
            )
            clients[name] = session.client(
                "sagemaker", endpoint_url=aws.url, verify=str(aws.ca_bundle)
            )
        return clients[name]

    def ask(role: str, operation: str, **request: Any) -> bool:
        try:
            getattr(client_of(role), operation)(**request)
        except ClientError as error:
            said = error.response["Error"]["Message"]
            if "explicit deny" in said:  # the guard's, and not a right that is missing
                return False
            assert "not authorized" not in said, said
        return True

    return ask


@pytest.fixture(scope="module")
def outputs(deployed: tuple[LocalAws, dict[str, str]]) -> dict[str, str]:
    return deployed[1]


def processing(outputs: dict[str, str]) -> Request:
    key = outputs["KeyValue"]
    return {
        "ProcessingJobName": "pipelines-abc-Preprocess-1",
        "Tags": TAGS,
        "RoleArn": outputs["TrainingValue"],
        "AppSpecification": {"ImageUri": IMAGE},
        "ProcessingOutputConfig": {"Outputs": [], "KmsKeyId": key},
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 10,
                "VolumeKmsKeyId": key,
            }
        },
        "NetworkConfig": {"EnableInterContainerTrafficEncryption": True, "VpcConfig": VPC},
    }


def tuning(outputs: dict[str, str]) -> Request:
    key = outputs["KeyValue"]
    return {
        "HyperParameterTuningJobName": "tune",
        "Tags": TAGS,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1},
            "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "auc"},
        },
        "TrainingJobDefinition": {
            "RoleArn": outputs["TrainingValue"],
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "auc", "Regex": "auc=(.*)"}],
            },
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/models/", "KmsKeyId": key},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
                "VolumeKmsKeyId": key,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            "VpcConfig": VPC,
            "EnableInterContainerTrafficEncryption": True,
        },
    }


def changed(request: Request, path: str, value: Any) -> Request:
    """The request with one member changed; None removes it."""
    copy: Request = json.loads(json.dumps(request))
    *parents, name = path.split(".")
    inner = copy
    for parent in parents:
        inner = inner[parent]
    inner[name] = value
    if value is None:
        del inner[name]
    return copy


CLUSTER = "ProcessingResources.ClusterConfig"
OTHER_VPC = {**VPC, "Subnets": ["subnet-0fffffff"]}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("NetworkConfig.VpcConfig", None),
        ("NetworkConfig.VpcConfig", OTHER_VPC),
        ("NetworkConfig.VpcConfig", {**VPC, "SecurityGroupIds": ["sg-0fffffff"]}),
        ("NetworkConfig.EnableInterContainerTrafficEncryption", None),
        ("NetworkConfig.EnableInterContainerTrafficEncryption", False),
        ("ProcessingOutputConfig.KmsKeyId", None),
        ("ProcessingOutputConfig.KmsKeyId", OTHER_KEY),
        (f"{CLUSTER}.VolumeKmsKeyId", None),
        (f"{CLUSTER}.VolumeKmsKeyId", OTHER_KEY),
    ],
)
def test_pushed_code_processes_nothing_outside_or_unencrypted(
    start: Start, outputs: dict[str, str], path: str, value: Any
) -> None:
    job = changed(processing(outputs), path, value)
    assert not start("Training", "create_processing_job", **job)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("VpcConfig", None),
        ("VpcConfig", OTHER_VPC),
        ("EnableInterContainerTrafficEncryption", None),
        ("OutputDataConfig.KmsKeyId", None),
        ("ResourceConfig.VolumeKmsKeyId", None),
        ("ResourceConfig.VolumeKmsKeyId", OTHER_KEY),
    ],
)
def test_pushed_code_tunes_and_trains_nothing_outside_or_unencrypted(
    start: Start, outputs: dict[str, str], path: str, value: Any
) -> None:
    job = changed(tuning(outputs), f"TrainingJobDefinition.{path}", value)
    assert not start("Training", "create_hyper_parameter_tuning_job", **job)
    training = {"TrainingJobName": "train", "Tags": TAGS, **job["TrainingJobDefinition"]}
    assert not start("Training", "create_training_job", **training)


def test_encrypted_jobs_in_the_network_start(start: Start, outputs: dict[str, str]) -> None:
    assert start("Training", "create_processing_job", **processing(outputs))
    assert start("Training", "create_hyper_parameter_tuning_job", **tuning(outputs))
    on_local_disks = changed(
        changed(tuning(outputs), "TrainingJobDefinition.ResourceConfig.VolumeKmsKeyId", None),
        "TrainingJobDefinition.ResourceConfig.InstanceType",
        "ml.g5.xlarge",
    )["TrainingJobDefinition"]
    named = {"TrainingJobName": "gpu", "Tags": TAGS}
    assert start("Training", "create_training_job", **named, **on_local_disks)


@pytest.mark.parametrize("vpc", [None, OTHER_VPC, VPC], ids=["none", "another", "own"])
def test_a_template_deploys_no_model_outside_of_the_network(
    start: Start, outputs: dict[str, str], vpc: Request | None
) -> None:
    model = {
        "ModelName": "churn-staging-1",
        "ExecutionRoleArn": outputs["ModelValue"],
        "PrimaryContainer": {"Image": IMAGE},
        **({"VpcConfig": vpc} if vpc else {}),
    }
    assert start("Deployment", "create_model", **model) == (vpc == VPC)


@pytest.mark.parametrize(
    ("variant", "key", "let_through"),
    [
        ({"InstanceType": "ml.m5.large"}, None, False),
        ({"InstanceType": "ml.m5.large"}, OTHER_KEY, False),
        ({"InstanceType": "ml.m5.large"}, "own", True),
        ({"InstanceType": "ml.g5.xlarge"}, None, True),
        ({"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}, None, True),
    ],
    ids=["none", "another", "own", "local disk", "serverless"],
)
def test_a_template_deploys_no_endpoint_with_volumes_of_another_key(
    start: Start, outputs: dict[str, str], variant: Request, key: str | None, let_through: bool
) -> None:
    given = {"KmsKeyId": outputs["KeyValue"] if key == "own" else key} if key else {}
    config = {
        "EndpointConfigName": "churn-staging-1",
        "ProductionVariants": [{"VariantName": "main", "ModelName": "churn-x", **variant}],
        **given,
    }
    assert start("Deployment", "create_endpoint_config", **config) == let_through

"""Attacks on a project by every principal with a role in it; each is denied and changes nothing.

Users have a session of a persona. A user that pushes code has the session of the build or the job
that runs the code, so the roles of services are attackers too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

from .project import IMAGE, PEOPLE, ROOT, SERVICES, AttackedProject, attacked_project

P = AttackedProject
DENIALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
DEPLOY, BUILD = "churn-model-deploy", "churn-model-build"
EMPTY_COMMIT = ["commit", "--quiet", "--allow-empty", "-m", "a change"]
INFERENCE = {
    "Containers": [{"Image": IMAGE, "ModelDataUrl": "s3://evil/model.tar.gz"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}


class Attack(NamedTuple):
    """A call by a role; `denied` is True for an explicit denial, False for a missing permission."""

    who: str
    call: str
    request: Callable[[P], dict[str, Any]]
    denied: bool = False


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[P]:
    with attacked_project(tmp_path_factory.mktemp("attacks")) as found:
        yield found


def package(group: str = "churn", **more: Any) -> Callable[[P], dict[str, Any]]:
    request = {"ModelPackageGroupName": group, "InferenceSpecification": INFERENCE, **more}
    return lambda project: request


def decision(status: str | None = "Approved", group: str = "churn", **more: Any) -> Any:
    given = {"ModelApprovalStatus": status} if status else {}
    return lambda project: {"ModelPackageArn": project.packages[group], **given, **more}


def put(key: str) -> Callable[[P], dict[str, Any]]:
    return lambda project: {
        "Bucket": project.outputs["ArtifactBucketName"],
        "Key": key,
        "Body": b"evil",
    }


def get(key: str) -> Callable[[P], dict[str, Any]]:
    return lambda project: {"Bucket": project.outputs["ArtifactBucketName"], "Key": key}


def model(role: str = "Model", name: str = "churn-evil") -> Callable[[P], dict[str, Any]]:
    return lambda project: {
        "ModelName": name,
        "ExecutionRoleArn": project.roles[role],
        "PrimaryContainer": {"Image": IMAGE},
        "Tags": [{"Key": "sagemaker:project-name", "Value": "churn"}],
    }


def job(role: str, name: str = "churn-evil", project_tag: str = "churn") -> Any:
    return lambda project: {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": project.roles[role],
        "OutputDataConfig": {"S3OutputPath": "s3://evil/"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "Tags": [{"Key": "sagemaker:project-name", "Value": project_tag}],
    }


def file(repository: str, branch: str = "main") -> Callable[[P], dict[str, Any]]:
    return lambda project: {
        "repositoryName": repository,
        "branchName": branch,
        "filePath": "app.py",
        "fileContent": b"evil",
        "parentCommitId": project.commits[repository.removeprefix("churn-")],
    }


def commit(repository: str, branch: str = "main") -> Callable[[P], dict[str, Any]]:
    return lambda project: {
        "repositoryName": repository,
        "branchName": branch,
        "putFiles": [{"filePath": "app.py", "fileContent": b"evil"}],
        "parentCommitId": project.commits[repository.removeprefix("churn-")],
    }


def branch(name: str) -> Callable[[P], dict[str, Any]]:
    return lambda project: {
        "repositoryName": DEPLOY,
        "branchName": name,
        "commitId": project.commits["model-deploy"],
    }


def merge(target: str = "main") -> Callable[[P], dict[str, Any]]:
    return lambda project: {
        "pullRequestId": project.pull_requests[target],
        "repositoryName": DEPLOY,
    }


def assume(role: str) -> Callable[[P], dict[str, Any]]:
    return lambda project: {"RoleArn": project.roles[role], "RoleSessionName": "evil"}


def stack(name: str, role: str = "Deployment") -> Callable[[P], dict[str, Any]]:
    return lambda project: {
        "StackName": name,
        "TemplateBody": '{"Resources": {"X": {"Type": "AWS::SNS::Topic"}}}',
        "RoleARN": project.roles[role],
    }


def just(**request: Any) -> Callable[[P], dict[str, Any]]:
    return lambda project: request


def role_named(who: str, **more: Any) -> Callable[[P], dict[str, Any]]:
    return lambda project: {"RoleName": project.roles[who].rpartition("/")[2], **more}


ENDPOINT = just(EndpointName="churn-prod", EndpointConfigName="churn-evil")
CONFIG = just(
    EndpointConfigName="churn-evil",
    ProductionVariants=[
        {
            "VariantName": "A",
            "ModelName": "churn-evil",
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
    ],
)
CHECKED = f"{DEPLOY}/CheckedTem/a1B2c3D"
SYNTHESISED = f"{DEPLOY}/SynthOutpu/a1B2c3D"
CODE = f"{DEPLOY}/SourceOutp/a1B2c3D"
START = "codepipeline.start_pipeline_execution"
ANSWER = just(
    pipelineName=DEPLOY,
    stageName="Staging",
    actionName="Approval",
    result={"summary": "fine", "status": "Approved"},
    token="00000000-0000-0000-0000-000000000000",
)


def transform(model: str, key: str | None = None) -> Callable[[P], dict[str, Any]]:
    """Returns a transform job of a model; `key` is the output with the ARN of its key."""

    def request(project: P) -> dict[str, Any]:
        bucket = project.outputs["ArtifactBucketName"]
        arn = {"KmsKeyId": project.outputs[key]} if key else {}
        volumes = {"VolumeKmsKeyId": project.outputs[key]} if key else {}
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/batch/input/staging/"}
        return {
            "TransformJobName": "churn-staging-evil",
            "ModelName": model,
            "TransformInput": {"DataSource": {"S3DataSource": source}},
            "TransformOutput": {"S3OutputPath": f"s3://{bucket}/batch/predictions/staging", **arn},
            "TransformResources": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                **volumes,
            },
        }

    return request


def component(name: str, endpoint: str) -> Callable[[P], dict[str, Any]]:
    resources = {"MinMemoryRequiredInMb": 1024}
    return just(
        InferenceComponentName=name,
        EndpointName=endpoint,
        VariantName="AllTraffic",
        Specification={"ModelName": "churn-evil", "ComputeResourceRequirements": resources},
        RuntimeConfig={"CopyCount": 1},
    )


NEW_ROLE = just(RoleName="evil", AssumeRolePolicyDocument="{}")
KEY = just(KeyId="alias/none", PolicyName="default", Policy="{}")
MOVE: dict[str, Any] = {"ModelLifeCycle": {"Stage": "Production", "StageStatus": "Approved"}}

SCHEDULE, PROCESS = "scheduler.create_schedule", "createProcessingJob"


def schedule(
    name: str, role: str, action: str = "createTransformJob"
) -> Callable[[P], dict[str, Any]]:
    return lambda project: {
        "Name": name,
        "ScheduleExpression": "rate(1 hour)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": f"arn:aws:scheduler:::aws-sdk:sagemaker:{action}",
            "RoleArn": project.roles[role],
            "Input": "{}",
        },
    }


def processing(role: str, tag: str = "churn", **more: Any) -> Callable[[P], dict[str, Any]]:
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 20}
    return lambda project: {
        "ProcessingJobName": "churn-evil",
        "AppSpecification": {"ImageUri": IMAGE},
        "RoleArn": project.roles[role],
        "ProcessingResources": {"ClusterConfig": cluster},
        "Tags": [{"Key": "sagemaker:project-name", "Value": tag}],
        **more,
    }


def metric(namespace: str) -> Callable[[P], dict[str, Any]]:
    return just(Namespace=namespace, MetricData=[{"MetricName": "errors", "Value": 0}])


ATTACKS = [
    # A data scientist creates models, and cannot approve, host or deploy alone.
    Attack("Scientist", "sagemaker.create_model_package", package(ModelApprovalStatus="Approved")),
    Attack("Scientist", "sagemaker.create_model_package", package("fraud")),
    Attack("Scientist", "sagemaker.update_model_package", decision()),
    Attack("Scientist", "sagemaker.update_model_package", decision(None, ApprovalDescription="x")),
    Attack("Scientist", "sagemaker.create_model", model()),
    Attack("Scientist", "sagemaker.create_endpoint_config", CONFIG),
    Attack("Scientist", "sagemaker.create_endpoint", ENDPOINT),
    Attack("Scientist", "sagemaker.update_endpoint", ENDPOINT),
    Attack("Scientist", "sagemaker.delete_endpoint", just(EndpointName="churn-prod")),
    Attack("Scientist", "sagemaker.create_training_job", job("Training")),
    Attack("Scientist", "sagemaker.create_training_job", job("Deployment")),
    Attack("Scientist", "sagemaker.create_training_job", job("Training", "fraud-evil")),
    Attack(
        "Scientist",
        "sagemaker.put_model_package_group_policy",
        just(ModelPackageGroupName="churn", ResourcePolicy="{}"),
    ),
    Attack("Scientist", START, just(name=DEPLOY)),
    Attack("Scientist", "codepipeline.put_approval_result", ANSWER),
    Attack("Scientist", "codecommit.put_file", file(DEPLOY)),
    Attack("Scientist", "codecommit.create_commit", commit(DEPLOY)),
    Attack(
        "Scientist",
        "codecommit.delete_branch",
        just(repositoryName=DEPLOY, branchName="main"),
        denied=True,
    ),
    Attack(
        "Scientist",
        "codecommit.update_default_branch",
        just(repositoryName=DEPLOY, defaultBranchName="shared"),
    ),
    Attack("Scientist", "codecommit.merge_pull_request_by_fast_forward", merge(), denied=True),
    Attack("Scientist", "codecommit.delete_repository", just(repositoryName=DEPLOY)),
    Attack("Scientist", "s3.put_object", put("models/churn/model.tar.gz")),
    Attack("Scientist", "s3.put_object", put(CHECKED)),
    Attack("Scientist", "s3.put_object", put(SYNTHESISED)),
    Attack("Scientist", "s3.put_object", put(CODE)),
    Attack("Scientist", "s3.delete_object", get("models/churn/model.tar.gz")),
    Attack("Scientist", "s3.put_bucket_policy", lambda p: {**BUCKET(p), "Policy": "{}"}),
    Attack("Scientist", "iam.create_role", NEW_ROLE),
    Attack(
        "Scientist",
        "iam.attach_role_policy",
        role_named("Scientist", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"),
    ),
    Attack("Scientist", "iam.delete_role_permissions_boundary", role_named("Scientist")),
    Attack(
        "Scientist", "iam.update_assume_role_policy", role_named("Training", PolicyDocument="{}")
    ),
    Attack("Scientist", "sts.assume_role", assume("Training")),
    Attack("Scientist", "sts.assume_role", assume("Deployment")),
    Attack("Scientist", "sts.assume_role", assume("Reviewer")),
    Attack("Scientist", "cloudformation.update_stack", stack("churn-prod")),
    Attack("Scientist", "cloudformation.create_stack", stack("evil")),
    Attack("Scientist", "codebuild.start_build", just(projectName="anything")),
    Attack(
        "Scientist", "events.put_targets", just(Rule="r", Targets=[{"Id": "1", "Arn": "arn:x"}])
    ),
    # An ML engineer runs pipelines and endpoints, and cannot approve or deploy alone.
    Attack("Engineer", "sagemaker.create_model_package", package(ModelApprovalStatus="Approved")),
    Attack("Engineer", "sagemaker.update_model_package", decision()),
    Attack("Engineer", "sagemaker.create_model", model("Deployment")),
    Attack("Engineer", "sagemaker.create_model", model(name="fraud-evil")),
    Attack("Engineer", "codepipeline.put_approval_result", ANSWER),
    Attack("Engineer", "codecommit.put_file", file(DEPLOY)),
    Attack("Engineer", "codecommit.create_commit", commit(DEPLOY)),
    Attack("Engineer", "codecommit.merge_pull_request_by_fast_forward", merge(), denied=True),
    Attack("Engineer", "s3.put_object", put("models/churn/model.tar.gz")),
    Attack("Engineer", "s3.put_object", put(CHECKED)),
    Attack("Engineer", "cloudformation.update_stack", stack("churn-prod")),
    Attack("Engineer", "sts.assume_role", assume("Deployment")),
    Attack("Engineer", "iam.create_role", NEW_ROLE),
    # A reviewer decides, and cannot change the subject of the decision.
    Attack("Reviewer", "sagemaker.create_model_package", package()),
    Attack("Reviewer", "sagemaker.update_model_package", decision("PendingManualApproval")),
    Attack("Reviewer", "sagemaker.update_model_package", decision(group="fraud")),
    Attack("Reviewer", "sagemaker.update_model_package", decision(**MOVE)),
    Attack(
        "Reviewer",
        "sagemaker.update_model_package",
        decision(CustomerMetadataPropertiesToRemove=["commit"]),
    ),
    Attack(
        "Reviewer",
        "sagemaker.update_model_package",
        decision(None, InferenceSpecification=INFERENCE),
    ),
    Attack(
        "Reviewer",
        "sagemaker.delete_model_package",
        lambda p: {"ModelPackageName": p.packages["churn"]},
    ),
    Attack("Reviewer", "sagemaker.create_training_job", job("Training")),
    Attack("Reviewer", "codecommit.put_file", file(DEPLOY), denied=True),
    Attack("Reviewer", "codecommit.put_file", file(DEPLOY, "to-main")),
    Attack("Reviewer", "codecommit.put_file", file(BUILD)),
    Attack("Reviewer", "codecommit.merge_pull_request_by_fast_forward", merge("shared")),
    Attack("Reviewer", START, just(name=DEPLOY)),
    Attack("Reviewer", "s3.put_object", put("runs/1/evaluation.json")),
    Attack("Reviewer", "s3.get_object", get("data/customers.csv")),
    Attack("Reviewer", "cloudformation.update_stack", stack("churn-prod")),
    # A reader only reads.
    Attack("Auditor", "sagemaker.update_model_package", decision("Rejected")),
    Attack("Auditor", "codepipeline.put_approval_result", ANSWER),
    Attack("Auditor", "codecommit.put_file", file(BUILD)),
    Attack("Auditor", "codecommit.merge_pull_request_by_fast_forward", merge()),
    Attack("Auditor", "sagemaker.create_training_job", job("Training")),
    Attack("Auditor", "s3.put_object", put("data/customers.csv")),
    Attack("Auditor", "s3.get_object", get("data/customers.csv")),
    # Code of model-build runs with these roles.
    Attack("Training", "sagemaker.create_model_package", package(ModelApprovalStatus="Approved")),
    Attack("Training", "sagemaker.create_model_package", package("fraud")),
    Attack("Training", "sagemaker.update_model_package", decision()),
    Attack("Training", "sagemaker.create_model", model()),
    Attack("Training", "sagemaker.create_endpoint", ENDPOINT),
    Attack("Training", "sagemaker.create_training_job", job("Deployment")),
    Attack("Training", "s3.put_object", put(CHECKED)),
    Attack("Training", "s3.put_object", put(SYNTHESISED)),
    Attack("Training", "s3.put_object", put("data/customers.csv")),
    Attack("Training", START, just(name=DEPLOY)),
    Attack("Training", "codepipeline.put_approval_result", ANSWER),
    Attack("Training", "codecommit.put_file", file(DEPLOY)),
    Attack("Training", "iam.create_role", NEW_ROLE),
    Attack("TestBuild", "sagemaker.create_model_package", package()),
    Attack("TestBuild", "s3.put_object", put("data/customers.csv")),
    Attack("TestBuild", "s3.put_object", put(CHECKED)),
    Attack("TestBuild", "s3.get_object", get("data/customers.csv")),
    Attack("TrainBuild", "sagemaker.create_model_package", package()),
    Attack("TrainBuild", "sagemaker.update_model_package", decision()),
    Attack("TrainBuild", "sagemaker.create_training_job", job("Training")),
    Attack("TrainBuild", "s3.put_object", put("models/churn/model.tar.gz")),
    Attack("TrainBuild", "s3.put_object", put(CHECKED)),
    Attack("TrainBuild", "codepipeline.put_approval_result", ANSWER),
    Attack("TrainBuild", "sts.assume_role", assume("Training")),
    # Code of model-deploy runs with these roles.
    Attack("SynthBuild", "s3.put_object", put(CHECKED)),
    Attack("SynthBuild", "s3.put_object", put(CODE)),
    Attack("SynthBuild", "s3.put_object", put("models/churn/model.tar.gz")),
    Attack("SynthBuild", "s3.get_object", get("data/customers.csv")),
    Attack("SynthBuild", "sagemaker.update_model_package", decision()),
    Attack("SynthBuild", "sagemaker.create_model", model()),
    Attack("SynthBuild", "cloudformation.update_stack", stack("churn-prod")),
    Attack("SynthBuild", "codepipeline.put_approval_result", ANSWER),
    Attack("SynthBuild", "codebuild.update_project", just(name="anything")),
    Attack("SynthBuild", "sts.assume_role", assume("Deployment")),
    Attack("SmokeTestBuild", "sagemaker.update_endpoint", ENDPOINT),
    # A template of model-deploy is deployed with this role: it schedules monitors and nothing else.
    Attack("Deployment", SCHEDULE, schedule("churn-prod-data", "Training", PROCESS)),
    Attack("Deployment", SCHEDULE, schedule("churn-prod-data", "Monitor", PROCESS)),
    Attack("Deployment", SCHEDULE, schedule("fraud-prod-data", "Starter", PROCESS)),
    Attack("Deployment", "sagemaker.create_processing_job", processing("Monitor")),
    Attack("Deployment", "cloudwatch.delete_dashboards", just(DashboardNames=["fraud-prod"])),
    Attack("Deployment", "sqs.create_queue", just(QueueName="churn-evil")),
    # A schedule can start jobs of the project with the role of the monitors.
    Attack("Starter", "sagemaker.create_processing_job", processing("Training")),
    Attack("Starter", "sagemaker.create_processing_job", processing("Monitor", "fraud")),
    Attack("Starter", "sagemaker.create_processing_job", processing("Monitor"), denied=True),
    Attack("Starter", "sagemaker.create_training_job", job("Monitor")),
    Attack("Starter", "s3.get_object", get("runs/1/evaluation.json")),
    # The program of the image runs with the role of the monitors.
    Attack("Monitor", "s3.get_object", get("data/customers.csv")),
    Attack("Monitor", "s3.put_object", put("models/churn/model.tar.gz")),
    Attack("Monitor", "s3.put_object", put("runs/1/baseline/constraints.json")),
    Attack("Monitor", "s3.put_object", put("ground-truth/2026/11/30/12/labels.jsonl")),
    Attack("Monitor", "cloudwatch.put_metric_data", metric("AWS/Billing")),
    Attack("Monitor", "sagemaker.create_model_package", package()),
    Attack("Monitor", START, just(name=BUILD)),
    # An alarm starts model-build, not the deployment.
    Attack("Retrain", START, just(name=DEPLOY)),
    Attack("Retrain", "codepipeline.put_approval_result", ANSWER),
    Attack("SmokeTestBuild", "s3.put_object", put(CHECKED)),
    Attack("SmokeTestBuild", "codepipeline.put_approval_result", ANSWER),
    Attack(
        "SmokeTestBuild",
        "sagemaker.describe_endpoint",
        just(EndpointName="churn-prod"),
    ),
    # Its smoke test of staging reaches no other stage, and no other folder.
    Attack("SmokeTestBuild", "s3.put_object", put("async/requests/prod/smoke-test/evil")),
    Attack("SmokeTestBuild", "s3.put_object", put("batch/input/staging/evil.csv")),
    Attack("SmokeTestBuild", "s3.put_object", put("models/churn/model.tar.gz")),
    Attack(
        "SmokeTestBuild",
        "sagemaker.create_transform_job",
        transform("churn-prod-1", "ArtifactKeyArn"),
    ),
    Attack(
        "SmokeTestBuild",
        "sagemaker.create_transform_job",
        transform("churn-staging-1"),
        denied=True,
    ),
    Attack("SmokeTestBuild", "scheduler.get_schedule", just(Name="churn-prod-batch")),
    # Schedules of a deployment start jobs with this role.
    Attack(
        "Starter", "sagemaker.create_transform_job", transform("fraud-prod-1", "ArtifactKeyArn")
    ),
    Attack("Starter", "sagemaker.create_transform_job", transform("churn-prod-1"), denied=True),
    Attack("Starter", "sagemaker.create_training_job", job("Training")),
    Attack("Starter", "sagemaker.create_model", model()),
    Attack("Starter", "s3.get_object", get("data/customers.csv")),
    # Templates that pass the check are deployed with these roles.
    Attack("CheckBuild", "sagemaker.update_model_package", decision()),
    Attack("CheckBuild", "s3.put_object", put(SYNTHESISED)),
    Attack("CheckBuild", "cloudformation.update_stack", stack("churn-prod")),
    Attack("Deployment", "sagemaker.create_model_package", package()),
    Attack("Deployment", "sagemaker.update_model_package", decision()),
    Attack("Deployment", "sagemaker.create_model", model("Training")),
    Attack("Deployment", "sagemaker.create_model", model(name="fraud-evil")),
    Attack("Deployment", "sagemaker.create_training_job", job("Training")),
    Attack("Deployment", "iam.create_role", NEW_ROLE),
    Attack(
        "Deployment",
        "sagemaker.create_inference_component",
        component("fraud-prod", "fraud-prod"),
    ),
    Attack(
        "Deployment",
        "sagemaker.create_inference_component",
        component("churn-prod", "fraud-prod"),
    ),
    Attack(
        "Deployment",
        "sagemaker.delete_inference_component",
        just(InferenceComponentName="fraud-prod"),
    ),
    Attack("Deployment", "sagemaker.create_transform_job", transform("churn-prod-1")),
    Attack("Deployment", SCHEDULE, schedule("fraud-prod-batch", "Starter")),
    Attack("Deployment", SCHEDULE, schedule("churn-prod-batch", "Training")),
    Attack("Deployment", SCHEDULE, schedule("churn-prod-batch", "Model")),
    Attack("Deployment", "s3.put_object", put("models/churn/model.tar.gz")),
    Attack("DeployPipeline", "cloudformation.update_stack", stack("fraud-prod")),
    Attack("DeployPipeline", "cloudformation.create_stack", stack("churn-prod", "Training")),
    Attack("DeployPipeline", "sagemaker.update_model_package", decision()),
    Attack("DeployPipeline", "codebuild.start_build", just(projectName="anything")),
    Attack("DeployPipeline", "s3.put_object", put("models/churn/model.tar.gz")),
    Attack("BuildPipeline", "s3.put_object", put(CHECKED)),
    Attack("BuildPipeline", "cloudformation.update_stack", stack("churn-prod")),
    Attack("DeployEvent", START, just(name=BUILD)),
    Attack("DeployEvent", "codepipeline.put_approval_result", ANSWER),
    # A model in service, and experiment tracking.
    Attack("Model", "s3.put_object", put("models/churn/model.tar.gz")),
    Attack("Model", "s3.get_object", get("data/customers.csv")),
    Attack("Model", "sagemaker.update_model_package", decision()),
    Attack("Model", "sagemaker.create_endpoint", ENDPOINT),
    Attack("Model", "s3.put_object", put("async/requests/prod/evil")),
    Attack("Model", "s3.put_object", put("batch/input/prod/evil.csv")),
    Attack("Model", "s3.get_object", get("batch/predictions/prod/customers.out")),
    Attack("Model", "sagemaker.create_transform_job", transform("churn-prod-1")),
    Attack("Mlflow", "sagemaker.create_model_package", package(ModelApprovalStatus="Approved")),
    Attack("Mlflow", "sagemaker.create_model_package", package()),
    Attack(
        "Mlflow",
        "sagemaker.create_model_package",
        package("fraud", ModelApprovalStatus="Approved"),
    ),
    Attack("Mlflow", "sagemaker.update_model_package", decision("PendingManualApproval")),
    Attack("Mlflow", "sagemaker.update_model_package", decision(group="fraud")),
    Attack("Mlflow", "s3.get_object", get("data/customers.csv")),
    Attack("Mlflow", "s3.put_object", put("models/churn/model.tar.gz")),
]


def BUCKET(project: P) -> dict[str, Any]:  # noqa: N802 - one of the requests
    return {"Bucket": project.outputs["ArtifactBucketName"]}


def title(attack: Attack) -> str:
    return f"{attack.who}-{attack.call.partition('.')[2]}"


@pytest.mark.parametrize("attack", ATTACKS, ids=title)
def test_an_attack_is_denied_and_changes_nothing(project: P, attack: Attack) -> None:
    service, _, operation = attack.call.partition(".")
    client = project.client(attack.who, service)

    with pytest.raises(ClientError) as error:
        getattr(client, operation)(**attack.request(project))

    answer = error.value.response["Error"]
    assert answer["Code"] in DENIALS, answer
    explicit = "explicit deny" in answer["Message"]
    assert explicit or not attack.denied, answer
    assert project.state() == project.at_first


def test_every_role_of_the_project_attacks() -> None:
    assert {attack.who for attack in ATTACKS} == {*PEOPLE, *SERVICES}
    assert len(ATTACKS) >= 60


ALLOWED: list[tuple[str, str, Callable[[P], dict[str, Any]]]] = [
    (
        "Starter",
        "sagemaker.create_transform_job",
        transform("churn-prod-1", "ArtifactKeyArn"),
    ),
    (
        "SmokeTestBuild",
        "sagemaker.create_transform_job",
        transform("churn-staging-1", "ArtifactKeyArn"),
    ),
    ("SmokeTestBuild", "s3.put_object", put("batch/input/staging.smoke-test/1/rows")),
    ("SmokeTestBuild", "s3.put_object", put("async/requests/staging/smoke-test/1")),
    ("Deployment", SCHEDULE, schedule("churn-prod-batch", "Starter")),
    ("Deployment", "sagemaker.create_inference_component", component("churn-prod", "churn-prod")),
    ("Model", "s3.put_object", put("async/responses/prod/1.out")),
    ("Model", "s3.put_object", put("batch/predictions/prod/customers.out")),
    ("Scientist", "sagemaker.describe_model_package", lambda p: named(p)),
    ("Scientist", "codecommit.create_branch", branch("mine")),
    ("Scientist", "s3.put_object", put("data/customers.csv")),
    ("Engineer", "codecommit.create_branch", branch("work")),
    ("Reviewer", "sagemaker.describe_model_package", lambda p: named(p)),
    ("Auditor", "sagemaker.describe_model_package", lambda p: named(p)),
    ("Training", "sagemaker.create_model_package", package()),
    ("TrainBuild", "s3.put_object", put("data/customers.csv")),
    ("SynthBuild", "s3.put_object", put(SYNTHESISED)),
    ("SynthBuild", "sagemaker.list_model_packages", just(ModelPackageGroupName="churn")),
    ("CheckBuild", "sagemaker.describe_model_package", lambda p: named(p)),
    ("Model", "s3.get_object", get("models/churn/model.tar.gz")),
]


def named(project: P) -> dict[str, Any]:
    return {"ModelPackageName": project.packages["churn"]}


@pytest.mark.parametrize(("who", "call", "request_"), ALLOWED)
def test_the_same_sessions_can_do_their_work(
    project: P, who: str, call: str, request_: Callable[[P], dict[str, Any]]
) -> None:
    """An attack that fails because its session is invalid would prove nothing."""
    service, _, operation = call.partition(".")
    try:
        getattr(project.client(who, service), operation)(**request_(project))
    except ClientError as error:
        assert error.response["Error"]["Code"] not in DENIALS, error


PUSHES = {
    "commit": ["HEAD:refs/heads/main"],
    "force": ["+HEAD:refs/heads/main"],
    "delete": [":refs/heads/main"],
    "with another branch": ["HEAD:refs/heads/evil", "HEAD:refs/heads/main"],
}


@pytest.fixture(scope="module")
def evil(project: P, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of model-deploy with a commit that was not reviewed."""
    folder = tmp_path_factory.mktemp("evil")
    for command in (["clone", "--quiet", project.url(DEPLOY), "."], EMPTY_COMMIT):
        done = project.git(ROOT, *command, folder=folder)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize(
    ("who", "way"),
    [
        *(("Scientist", way) for way in PUSHES),
        ("Engineer", "commit"),
        ("Engineer", "with another branch"),
        ("Reviewer", "commit"),
        ("Auditor", "commit"),
        ("SynthBuild", "commit"),
    ],
)
def test_a_push_to_main_of_model_deploy_is_refused(
    project: P, evil: Path, who: str, way: str
) -> None:
    pushed = project.git(who, "push", project.url(DEPLOY), *PUSHES[way], folder=evil)

    assert pushed.returncode != 0
    assert "403" in pushed.stderr, pushed.stderr
    assert project.state() == project.at_first
    branches = project.root("codecommit").list_branches(repositoryName=DEPLOY)["branches"]
    assert "evil" not in branches


def test_a_scientist_proposes_what_a_reviewer_merges(project: P, tmp_path: Path) -> None:
    """The intended process: two users, a branch, a pull request."""
    url = project.url(DEPLOY)
    project.git("Scientist", "clone", "--quiet", url, ".", folder=tmp_path)
    project.git("Scientist", *EMPTY_COMMIT, folder=tmp_path)
    pushed = project.git("Scientist", "push", url, "HEAD:refs/heads/better", folder=tmp_path)
    assert pushed.returncode == 0, pushed.stderr
    target = {
        "repositoryName": DEPLOY,
        "sourceReference": "better",
        "destinationReference": "main",
    }
    made = project.client("Scientist", "codecommit").create_pull_request(
        title="Better", targets=[target]
    )["pullRequest"]
    request = {
        "pullRequestId": made["pullRequestId"],
        "repositoryName": DEPLOY,
        "sourceCommitId": made["pullRequestTargets"][0]["sourceCommit"],
    }

    with pytest.raises(ClientError, match="explicit deny"):
        project.client("Scientist", "codecommit").merge_pull_request_by_fast_forward(**request)
    project.client("Reviewer", "codecommit").merge_pull_request_by_fast_forward(**request)

    assert project.head(DEPLOY) == request["sourceCommitId"]


def test_a_user_with_every_right_on_roles_takes_no_persona_and_no_role_of_a_service(
    project: P,
) -> None:
    """The trust policies of the roles decide, regardless of the policies of a user."""
    iam = project.root("iam")
    iam.create_user(UserName="mallory")
    may = '{"Statement": [{"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}'
    iam.put_user_policy(
        UserName="mallory", PolicyName="all", PolicyDocument=f'{{"Version": "2012-10-17", {may[1:]}'
    )
    key = iam.create_access_key(UserName="mallory")["AccessKey"]
    sts = project.client_of(key["AccessKeyId"], key["SecretAccessKey"], "sts")

    assert sts.get_caller_identity()["Arn"].endswith("user/mallory")
    for who in (*PEOPLE, *SERVICES):
        said = {"SourceIdentity": "ana"} if who in PEOPLE else {}
        with pytest.raises(ClientError) as error:
            sts.assume_role(RoleArn=project.roles[who], RoleSessionName="evil", **said)
        assert error.value.response["Error"]["Code"] == "AccessDenied"


TEMPLATE = {
    "Resources": {
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {"PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://evil/m"}},
        }
    }
}


def test_a_merged_template_with_a_model_of_nobody_s_is_not_deployed(project: P) -> None:
    """The last control: even a merged template can only deploy approved models."""
    codecommit, pipelines = project.root("codecommit"), project.root("codepipeline")
    content = json.dumps(TEMPLATE).encode()
    codecommit.create_commit(
        repositoryName=DEPLOY,
        branchName="main",
        parentCommitId=project.head(DEPLOY),
        putFiles=[
            {"filePath": f"templates/{stage}.template.json", "fileContent": content}
            for stage in ("staging", "prod")
        ],
    )
    pipelines.start_pipeline_execution(name=DEPLOY)

    check = project.settled(DEPLOY, "Check")

    assert check["status"] == "Failed", check
    stages = pipelines.get_pipeline_state(name=DEPLOY)["stageStates"]
    (staging,) = (one for one in stages if one["stageName"] == "Staging")
    assert "latestExecution" not in staging["actionStates"][0]
    assert "PrimaryContainer has Image, ModelDataUrl" in project.log_of(check)


def batch_of(project: P, stage: str) -> dict[str, Any]:
    """Returns the schedule of transform jobs of a stage, as model-deploy synthesises it."""
    request = {
        **transform("MODEL", "ArtifactKeyArn")(project),
        "TransformJobName": f"churn-{stage}-<aws.scheduler.execution-id>",
    }
    before, after = (
        json.dumps(request)
        .replace("batch/input/staging", f"batch/input/{stage}")
        .replace("batch/predictions/staging", f"batch/predictions/{stage}")
        .split("MODEL")
    )
    queues = project.root("sqs").list_queues()["QueueUrls"]
    (queue,) = (one for one in queues if "MonitoringNotStarted" in one)
    attributes = project.root("sqs").get_queue_attributes(
        QueueUrl=queue, AttributeNames=["QueueArn"]
    )["Attributes"]
    parts = [before, {"Fn::GetAtt": ["Model", "ModelName"]}, after]
    return {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "Name": f"churn-{stage}-batch",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ScheduleExpression": "cron(0 3 * * ? *)",
            "Target": {
                "Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createTransformJob",
                "RoleArn": project.roles["Starter"],
                "DeadLetterConfig": {"Arn": attributes["QueueArn"]},
                "Input": {"Fn::Join": ["", parts]},
            },
        },
    }


def test_a_model_is_deployed_once_a_reviewer_has_approved_it(project: P) -> None:
    """The intended process: the check passes and logs its findings, and staging starts."""
    codecommit, pipelines = project.root("codecommit"), project.root("codepipeline")
    arn = project.packages["churn"]
    project.client("Reviewer", "sagemaker").update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved"
    )
    files = []
    for stage in ("staging", "prod"):
        template = {
            "Resources": {
                "Model": {
                    "Type": "AWS::SageMaker::Model",
                    "Properties": {
                        "ModelName": f"churn-{stage}-1",
                        "ExecutionRoleArn": project.roles["Model"],
                        "PrimaryContainer": {"ModelPackageName": arn},
                    },
                },
                "Batch": batch_of(project, stage),
            }
        }
        path = f"templates/{stage}.template.json"
        files.append({"filePath": path, "fileContent": json.dumps(template).encode()})
    codecommit.create_commit(
        repositoryName=DEPLOY,
        branchName="main",
        parentCommitId=project.head(DEPLOY),
        putFiles=files,
    )
    pipelines.start_pipeline_execution(name=DEPLOY)

    check = project.settled(DEPLOY, "Check", after=project.head(DEPLOY))

    assert check["status"] == "Succeeded", project.log_of(check)
    assert "model package: churn/1" in project.log_of(check)
    assert "changes: creates the endpoint" in project.log_of(check)
    deploy = project.settled(DEPLOY, "Deploy", stage="Staging", after=project.head(DEPLOY))
    assert deploy["status"] == "Succeeded", deploy
    models = [one["ModelName"] for one in project.root("sagemaker").list_models()["Models"]]
    assert "churn-staging-1" in models
    schedule = project.root("scheduler").get_schedule(Name="churn-staging-batch")
    assert json.loads(schedule["Target"]["Input"])["ModelName"] == "churn-staging-1"

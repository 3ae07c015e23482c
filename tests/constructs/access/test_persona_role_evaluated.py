"""Allowed and denied actions of users in a project: deployed roles, real requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .requests import IMAGE, OTHERS_TAGS, OWN_VPC, PROJECT_TAGS, allowed, training_job


@pytest.fixture(scope="session")
def endpoints(users: Any) -> Any:
    """A model of each project, made by somebody else, tagged and named for it."""
    sagemaker = users.root("sagemaker")
    role = users.outputs["JobsValue"]
    for name, tags in (("churn-model", PROJECT_TAGS), ("fraud-model", OTHERS_TAGS)):
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=role,
            PrimaryContainer={"Image": IMAGE},
            Tags=tags,
        )
    # Named as if it were the project's, yet of another.
    sagemaker.create_model(
        ModelName="churn-eu-model",
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": IMAGE},
        Tags=OTHERS_TAGS,
    )
    # Created by a pipeline, which generates names without the project.
    sagemaker.create_model(
        ModelName="pipelines-abc",
        ExecutionRoleArn=role,
        PrimaryContainer={"Image": IMAGE},
        Tags=PROJECT_TAGS,
    )
    return users


@pytest.mark.parametrize("persona", ["Scientist", "Engineer", "Reviewer", "Auditor"])
def test_everybody_sees_the_own_project_and_nothing_of_another(
    endpoints: Any, persona: str
) -> None:
    sagemaker = endpoints.client(persona, "sagemaker")
    assert allowed(sagemaker, "describe_model", ModelName="churn-model")
    assert allowed(sagemaker, "describe_model", ModelName="pipelines-abc"), "by its tag"
    assert not allowed(sagemaker, "describe_model", ModelName="fraud-model")
    assert not allowed(sagemaker, "describe_model", ModelName="churn-eu-model"), "by its tag"
    assert allowed(sagemaker, "describe_endpoint", EndpointName="churn-staging")
    assert not allowed(sagemaker, "describe_endpoint", EndpointName="fraud-staging")
    assert allowed(sagemaker, "list_model_packages", ModelPackageGroupName="churn")
    assert not allowed(sagemaker, "list_model_packages", ModelPackageGroupName="fraud")


def test_those_who_work_start_jobs_of_the_project_and_others_do_not(users: Any) -> None:
    for persona, works in {
        "Scientist": True,
        "Engineer": True,
        "Reviewer": False,
        "Auditor": False,
    }.items():
        sagemaker = users.client(persona, "sagemaker")
        job = training_job(users, TrainingJobName=f"churn-{persona.lower()}")
        assert allowed(sagemaker, "create_training_job", **job) == works, persona


@pytest.mark.parametrize(
    "changed",
    [
        {"TrainingJobName": "fraud-by-hand"},
        {"Tags": OTHERS_TAGS},
        {"Tags": []},
        {"VpcConfig": None},
        {"VpcConfig": {**OWN_VPC, "Subnets": ["subnet-0a1b2c3d", "subnet-0fffffff"]}},
        {"VpcConfig": {**OWN_VPC, "SecurityGroupIds": ["sg-0fffffff"]}},
        {"EnableInterContainerTrafficEncryption": False},
        {"EnableInterContainerTrafficEncryption": None},
        {"OutputDataConfig": {"S3OutputPath": "s3://bucket/models/"}},
        {"RoleArn": "foreign"},
    ],
    ids=lambda changed: f"{next(iter(changed))}={next(iter(changed.values()))}"[:60],
)
def test_a_job_outside_of_project_network_or_encryption_is_denied(
    users: Any, changed: dict[str, Any]
) -> None:
    if "RoleArn" in changed:
        changed = {"RoleArn": users.outputs["ForeignValue"]}
    job = training_job(users, **changed)
    job = {name: value for name, value in job.items() if value is not None and value != []}
    assert not allowed(users.client("Scientist", "sagemaker"), "create_training_job", **job)


def test_volumes_need_the_key_of_the_project(users: Any) -> None:
    sagemaker = users.client("Scientist", "sagemaker")
    other = users.outputs["KeyValue"].rpartition("/")[0] + "/00000000-0000-0000-0000-000000000000"
    resources = training_job(users)["ResourceConfig"]
    for wrong in (
        {**resources, "VolumeKmsKeyId": other},
        {name: value for name, value in resources.items() if name != "VolumeKmsKeyId"},
    ):
        job = training_job(users, ResourceConfig=wrong)
        assert not allowed(sagemaker, "create_training_job", **job)


def test_local_disks_are_left_to_their_hardware(users: Any) -> None:
    resources = {"InstanceCount": 1, "InstanceType": "ml.g5.xlarge", "VolumeSizeInGB": 10}
    job = training_job(users, ResourceConfig=resources, TrainingJobName="churn-on-gpu")
    assert allowed(users.client("Scientist", "sagemaker"), "create_training_job", **job)
    other = users.outputs["KeyValue"].rpartition("/")[0] + "/00000000-0000-0000-0000-000000000000"
    job = training_job(users, ResourceConfig={**resources, "VolumeKmsKeyId": other})
    assert not allowed(users.client("Scientist", "sagemaker"), "create_training_job", **job)


@pytest.mark.parametrize(
    ("variant", "let_through"),
    [
        ({"InstanceType": "ml.m5.large"}, False),
        ({"InstanceType": "ml.g5.xlarge"}, True),
        ({"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}, True),
    ],
    ids=["volume", "local disk", "serverless"],
)
def test_endpoints_without_a_key_have_no_volume_that_it_could_encrypt(
    users: Any, variant: dict[str, Any], let_through: bool
) -> None:
    config = {
        "EndpointConfigName": "churn-unencrypted",
        "ProductionVariants": [{"VariantName": "main", "ModelName": "churn-hosted", **variant}],
        "Tags": PROJECT_TAGS,
    }
    engineer = users.client("Engineer", "sagemaker")
    assert allowed(engineer, "create_endpoint_config", **config) == let_through


def test_models_are_hosted_by_engineers_in_the_network_alone(users: Any) -> None:
    def model(name: str, **more: Any) -> dict[str, Any]:
        role = users.outputs["JobsValue"]
        container = {"Image": IMAGE}
        return {
            "ModelName": name,
            "ExecutionRoleArn": role,
            "PrimaryContainer": container,
            "Tags": PROJECT_TAGS,
            **more,
        }

    engineer = users.client("Engineer", "sagemaker")
    assert allowed(engineer, "create_model", **model("churn-hosted", VpcConfig=OWN_VPC))
    assert not allowed(engineer, "create_model", **model("churn-open"))
    assert not allowed(engineer, "create_model", **model("fraud-hosted", VpcConfig=OWN_VPC))
    scientist = users.client("Scientist", "sagemaker")
    assert not allowed(scientist, "create_model", **model("churn-mine", VpcConfig=OWN_VPC))


def test_nobody_makes_a_resource_of_others_the_projects_by_a_tag(endpoints: Any) -> None:
    arn = "arn:aws:sagemaker:us-east-1:111111111111:model/"
    for persona in ("Scientist", "Engineer", "Reviewer", "Auditor"):
        sagemaker = endpoints.client(persona, "sagemaker")
        for name in ("fraud-model", "churn-eu-model", "churn-model"):
            assert not allowed(sagemaker, "add_tags", ResourceArn=arn + name, Tags=PROJECT_TAGS)


def package(group: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:111111111111:model-package/{group}/1"


def test_only_the_reviewer_approves_and_only_that(users: Any) -> None:
    def update(persona: str, group: str, **change: Any) -> bool:
        client = users.client(persona, "sagemaker")
        return allowed(client, "update_model_package", ModelPackageArn=package(group), **change)

    assert update("Reviewer", "churn", ModelApprovalStatus="Approved")
    assert update("Reviewer", "churn", ModelApprovalStatus="Rejected")
    assert not update("Reviewer", "churn", ModelApprovalStatus="PendingManualApproval")
    assert not update("Reviewer", "churn", CustomerMetadataProperties={"auc": "1.0"})
    assert not update("Reviewer", "fraud", ModelApprovalStatus="Approved")
    for persona in ("Scientist", "Engineer", "Auditor"):
        assert not update(persona, "churn", ModelApprovalStatus="Approved"), persona


def test_only_the_reviewer_answers_the_approval_of_a_deployment(users: Any) -> None:
    def response(persona: str, pipeline: str) -> bool:
        return allowed(
            users.client(persona, "codepipeline"),
            "put_approval_result",
            pipelineName=pipeline,
            stageName="Staging",
            actionName="Approval",
            token="00000000-0000-0000-0000-000000000000",
            result={"summary": "seen", "status": "Approved"},
        )

    assert response("Reviewer", "churn-model-deploy")
    assert not response("Reviewer", "fraud-model-deploy")
    for persona in ("Scientist", "Engineer", "Auditor"):
        assert not response(persona, "churn-model-deploy"), persona


def test_data_is_written_by_those_who_work_and_reports_are_read_by_all(users: Any) -> None:
    bucket = users.outputs["BucketValue"]
    users.root("s3").put_object(Bucket=bucket, Key="runs/1/report.json", Body=b"{}")
    users.root("s3").put_object(Bucket=bucket, Key="secrets/token", Body=b"1")
    for persona, works in {
        "Scientist": True,
        "Engineer": True,
        "Reviewer": False,
        "Auditor": False,
    }.items():
        s3 = users.client(persona, "s3")
        assert allowed(s3, "get_object", Bucket=bucket, Key="runs/1/report.json"), persona
        assert not allowed(s3, "get_object", Bucket=bucket, Key="secrets/token"), persona
        written = allowed(s3, "put_object", Bucket=bucket, Key=f"data/{persona}", Body=b"1")
        assert written == works, persona


def test_code_is_pushed_by_those_who_work(users: Any) -> None:
    request = {"repositoryName": "churn-model-build", "branchName": "b", "commitId": "0" * 40}
    for persona in ("Scientist", "Engineer"):
        assert allowed(users.client(persona, "codecommit"), "create_branch", **request)
    for persona in ("Reviewer", "Auditor"):
        assert not allowed(users.client(persona, "codecommit"), "create_branch", **request)


def trust() -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_nobody_makes_a_role_or_takes_off_the_boundary(users: Any) -> None:
    for persona in ("Scientist", "Engineer", "Reviewer", "Auditor"):
        iam = users.client(persona, "iam")
        name = users.outputs[persona].rpartition("/")[2]
        assert not allowed(iam, "create_role", RoleName="mine", AssumeRolePolicyDocument=trust())
        assert not allowed(iam, "delete_role_permissions_boundary", RoleName=name)
        assert not allowed(
            iam, "put_role_policy", RoleName=name, PolicyName="p", PolicyDocument="{}"
        )


def test_the_boundary_holds_when_somebody_attaches_more(users: Any) -> None:
    name = users.outputs["Scientist"].rpartition("/")[2]
    root = users.root("iam")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    root.put_role_policy(RoleName=name, PolicyName="everything", PolicyDocument=document)
    try:
        iam = users.client("Scientist", "iam")
        assert not allowed(iam, "create_role", RoleName="mine", AssumeRolePolicyDocument=trust())
        sagemaker = users.client("Scientist", "sagemaker")
        assert not allowed(sagemaker, "delete_domain", DomainId="d-other")
        job = training_job(users, RoleArn=users.outputs["ForeignValue"], TrainingJobName="churn-f")
        assert not allowed(sagemaker, "create_training_job", **job), "passes a foreign role"
    finally:
        root.delete_role_policy(RoleName=name, PolicyName="everything")

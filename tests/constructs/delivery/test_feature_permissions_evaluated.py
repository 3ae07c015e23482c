"""Feature groups of a project and of others, as IAM evaluates the roles of the project."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from aws_cdk import CfnOutput
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from mlops_constructs.access import ServiceRole
from mlops_constructs.delivery import TrainingRole
from mlops_constructs.delivery._feature_permissions import put_groups, read_records
from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws
from tests.constructs.access.requests import OTHERS_TAGS, PROJECT_TAGS, allowed
from tests.constructs.delivery.conftest import new_stack, resources_in

pytestmark = pytest.mark.process

NAMES = ("Build", "Training", "Model")


def template() -> dict[str, Any]:
    """The roles, the project's key and its bucket; the account may assume the roles here."""
    stack = new_stack()
    repository = ecr.Repository.from_repository_name(stack, "Images", "churn")
    project = replace(resources_in(stack), feature_store=True)
    training = TrainingRole(stack, "Training", project=project, image_repository=repository)
    build = ServiceRole(
        stack,
        "Build",
        service="codebuild.amazonaws.com",
        description="train build",
        permissions=[*put_groups(stack, project), *project.artifacts.write("data/")],
    )
    training.grant_pass_role(build)
    model = ServiceRole(
        stack,
        "Model",
        service="sagemaker.amazonaws.com",
        description="model",
        permissions=[*read_records(stack, project), *project.artifacts.read("models/")],
    )
    trust = iam.PolicyStatement(
        actions=["sts:AssumeRole"], principals=[iam.AccountPrincipal("111111111111")]
    )
    for name, role in zip(NAMES, (build, training, model), strict=True):
        assert role.assume_role_policy is not None
        role.assume_role_policy.add_statements(trust)
        CfnOutput(stack, f"{name}Arn", value=role.role_arn)
    CfnOutput(stack, "KeyArn", value=project.artifacts.key.key_arn)
    CfnOutput(stack, "BucketName", value=project.artifacts.bucket.bucket_name)
    synthesised = Template.from_stack(stack).to_json()
    # Parameters and rules ask for the bootstrap stack.
    return {section: synthesised[section] for section in ("Resources", "Outputs")}


class Roles:
    """Sessions of the roles, and a client that may do everything."""

    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws
        self.root = aws.client("sagemaker")
        cloudformation = aws.client("cloudformation")
        cloudformation.create_stack(
            StackName="features",
            TemplateBody=json.dumps(template()),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="features", WaiterConfig={"Delay": 1}
        )
        (stack,) = cloudformation.describe_stacks(StackName="features")["Stacks"]
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        self.others_key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]

    def client(self, role: str, service: str = "sagemaker") -> Any:
        given = self._aws.client("sts").assume_role(
            RoleArn=self.outputs[f"{role}Arn"], RoleSessionName="test"
        )["Credentials"]
        session = boto3.Session(
            given["AccessKeyId"],
            given["SecretAccessKey"],
            given["SessionToken"],
            region_name="us-east-1",
        )
        make: Callable[..., Any] = session.client
        return make(service, endpoint_url=self._aws.url, verify=str(self._aws.ca_bundle))

    def group(self, name: str, *, online: bool = True, **changed: Any) -> dict[str, Any]:
        """Returns the request that the train build makes, with members changed."""
        key = self.outputs["KeyArn"]
        offline = {
            "S3StorageConfig": {
                "S3Uri": f"s3://{self.outputs['BucketName']}/features/customers/store",
                "KmsKeyId": key,
            },
            "DisableGlueTableCreation": True,
            "TableFormat": "Glue",
        }
        stores: dict[str, Any] = {"OfflineStoreConfig": offline}
        if online:
            stores["OnlineStoreConfig"] = {
                "EnableOnlineStore": True,
                "SecurityConfig": {"KmsKeyId": key},
            }
        return {
            "FeatureGroupName": name,
            "RecordIdentifierFeatureName": "id",
            "EventTimeFeatureName": "at",
            "FeatureDefinitions": [
                {"FeatureName": one, "FeatureType": "String"} for one in ("id", "at", "city")
            ],
            "RoleArn": self.outputs["TrainingArn"],
            "Tags": PROJECT_TAGS,
            **stores,
            **changed,
        }

    def created(self, name: str) -> None:
        """Waits until a group is created."""
        for _ in range(100):
            found = self.root.describe_feature_group(FeatureGroupName=name)
            if found["FeatureGroupStatus"] != "Creating":
                break
            time.sleep(0.1)
        assert found["FeatureGroupStatus"] == "Created", found


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    directory = tmp_path_factory.mktemp("features") / "aws"
    aws, _ = server_process.start(directory)
    try:
        found = Roles(aws)
        build = found.client("Build")
        build.create_feature_group(**found.group("churn_customers"))
        found.created("churn_customers")
        found.root.create_feature_group(**found.group("churn-eu_customers", Tags=OTHERS_TAGS))
        found.created("churn-eu_customers")
        yield found
    finally:
        server_process.stop(directory)


RECORD = [
    {"FeatureName": "id", "ValueAsString": "c-1"},
    {"FeatureName": "at", "ValueAsString": "2026-11-22T18:00:00Z"},
    {"FeatureName": "city", "ValueAsString": "Rom"},
]


def test_a_group_outside_of_the_project_is_denied(roles: Roles) -> None:
    build = roles.client("Build")
    bucket, key = roles.outputs["BucketName"], roles.outputs["KeyArn"]

    def changed(**members: Any) -> dict[str, Any]:
        request = roles.group("churn_other")
        storage = {**request["OfflineStoreConfig"]["S3StorageConfig"], **members}
        return {"OfflineStoreConfig": {**request["OfflineStoreConfig"], "S3StorageConfig": storage}}

    tables = {**roles.group("x")["OfflineStoreConfig"], "DisableGlueTableCreation": False}
    others_online = {"EnableOnlineStore": True, "SecurityConfig": {"KmsKeyId": roles.others_key}}
    for case, name, request in (
        ("name of another project", "churn-eu_orders", {}),
        ("name without a project", "customers", {}),
        ("tag of another project", "churn_other", {"Tags": OTHERS_TAGS}),
        ("no tag", "churn_other", {"Tags": []}),
        ("other prefix", "churn_other", changed(S3Uri=f"s3://{bucket}/models/x")),
        ("other bucket", "churn_other", changed(S3Uri="s3://others/features/x")),
        ("other key offline", "churn_other", changed(KmsKeyId=roles.others_key)),
        ("other key online", "churn_other", {"OnlineStoreConfig": others_online}),
        ("no key online", "churn_other", {"OnlineStoreConfig": {"EnableOnlineStore": True}}),
        ("a table of all projects", "churn_other", {"OfflineStoreConfig": tables}),
    ):
        made = roles.group(name, **request)
        assert not allowed(build, "create_feature_group", **made), case
    assert key != roles.others_key


def test_a_group_without_an_online_store_is_created(roles: Roles) -> None:
    build = roles.client("Build")
    build.create_feature_group(**roles.group("churn_offline", online=False))
    roles.created("churn_offline")


def test_the_build_extends_groups_of_its_project_alone(roles: Roles) -> None:
    build = roles.client("Build")
    more = [{"FeatureName": "orders", "FeatureType": "Integral"}]
    for name, expected in (("churn_customers", True), ("churn-eu_customers", False)):
        request = {"FeatureGroupName": name, "FeatureAdditions": more}
        assert allowed(build, "update_feature_group", **request) is expected, name
    assert not allowed(build, "delete_feature_group", FeatureGroupName="churn_customers")


def test_jobs_write_and_models_read_records_of_their_project_alone(roles: Roles) -> None:
    jobs = roles.client("Training", "sagemaker-featurestore-runtime")
    models = roles.client("Model", "sagemaker-featurestore-runtime")
    put: dict[str, Any] = {"Record": RECORD, "TargetStores": ["OnlineStore"]}
    for name, expected in (("churn_customers", True), ("churn-eu_customers", False)):
        assert allowed(jobs, "put_record", FeatureGroupName=name, **put) is expected
        asked = [{"FeatureGroupName": name, "RecordIdentifiersValueAsString": ["c-1"]}]
        assert allowed(models, "batch_get_record", Identifiers=asked) is expected
        assert not allowed(models, "put_record", FeatureGroupName=name, **put)
        assert not allowed(roles.client("Training"), "delete_feature_group", FeatureGroupName=name)
    found = models.batch_get_record(
        Identifiers=[
            {
                "FeatureGroupName": "churn_customers",
                "RecordIdentifiersValueAsString": ["c-1"],
                "FeatureNames": ["city"],
            }
        ]
    )
    assert found["Records"][0]["Record"] == [{"FeatureName": "city", "ValueAsString": "Rom"}]

"""Two projects and two domains in the rehearsal's AWS, and people who belong to the first."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.access import Persona, PersonaRole, ProjectAccess
from mlops_constructs.network import Network
from rehearsal import server_process
from rehearsal.local_aws import LocalAws

ACCOUNT, REGION = "111111111111", "us-east-1"
PERSONAS = {
    "Scientist": Persona.data_scientist(),
    "Engineer": Persona.ml_engineer(),
    "Reviewer": Persona.reviewer(),
    "Auditor": Persona.read_only(),
}


class People:
    """The roles of a stack in the local AWS, as those who have assumed them."""

    def __init__(self, aws: LocalAws, outputs: dict[str, str]) -> None:
        self.aws = aws
        self.outputs = outputs
        self._sessions: dict[str, boto3.Session] = {}

    def root(self, service: str) -> Any:
        """A client that may do everything."""
        return self.aws.client(service)

    def client(self, persona: str, service: str) -> Any:
        """A client of somebody who has assumed the role of a persona."""
        if persona not in self._sessions:
            answer = self.root("sts").assume_role(
                RoleArn=self.outputs[persona], RoleSessionName="ana", SourceIdentity="ana"
            )["Credentials"]
            self._sessions[persona] = boto3.Session(
                answer["AccessKeyId"],
                answer["SecretAccessKey"],
                answer["SessionToken"],
                region_name=REGION,
            )
        make: Callable[..., Any] = self._sessions[persona].client
        return make(service, endpoint_url=self.aws.url, verify=str(self.aws.ca_bundle))


def _stack() -> cdk.Stack:
    stack = cdk.Stack(cdk.App(), "People", env=cdk.Environment(account=ACCOUNT, region=REGION))
    key = kms.Key(stack, "Key", removal_policy=cdk.RemovalPolicy.DESTROY)
    bucket = s3.Bucket(stack, "Bucket", encryption_key=key)
    repository = codecommit.Repository(stack, "Code", repository_name="churn-model-build")
    network = Network.from_ids(
        stack,
        "Network",
        vpc_id="vpc-0a1b2c3d",
        subnet_ids=["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
        security_group_ids=["sg-0a1b2c3d"],
    )
    jobs, foreign = (
        iam.Role(stack, name, assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        for name in ("Jobs", "Foreign")
    )
    project = ProjectAccess(
        project_name="churn",
        bucket=bucket,
        code_repositories=[repository],
        execution_roles=[jobs],
    )
    for name, persona in PERSONAS.items():
        role = PersonaRole(
            stack,
            name,
            persona=persona,
            domain_id="d-own",
            project=project,
            network=network,
            keys=[key],
            federated=iam.AccountPrincipal(ACCOUNT),
        )
        cdk.CfnOutput(stack, f"{name}Output", value=role.role_arn).override_logical_id(name)
    for name, value in {
        "Bucket": bucket.bucket_name,
        "Key": key.key_arn,
        "Jobs": jobs.role_arn,
        "Foreign": foreign.role_arn,
    }.items():
        cdk.CfnOutput(stack, f"{name}Output", value=value).override_logical_id(f"{name}Value")
    return stack


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """The roles, deployed; nothing is checked here but that they are."""
    directory = tmp_path_factory.mktemp("people") / "aws"
    synthesised = Template.from_stack(_stack()).to_json()
    # Parameters and rules ask for the bootstrap stack.
    template = {section: synthesised[section] for section in ("Resources", "Outputs")}
    aws, _ = server_process.start(directory)
    try:
        client = aws.client("cloudformation")
        aws.client("s3").create_bucket(Bucket="templates")
        aws.client("s3").put_object(Bucket="templates", Key="people", Body=json.dumps(template))
        client.create_stack(
            StackName="people",
            TemplateURL="https://templates.s3.us-east-1.amazonaws.com/people",
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        while True:
            (stack,) = client.describe_stacks(StackName="people")["Stacks"]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                break
            time.sleep(0.1)
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        yield People(aws, outputs)
    finally:
        server_process.stop(directory)

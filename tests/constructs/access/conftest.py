"""Two projects and two domains in the rehearsal, and users of the first one."""

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

from mlops_constructs.access import Federation, Persona, PersonaRole, ProjectAccess
from mlops_constructs.network import Network
from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws

ACCOUNT, REGION = "111111111111", "us-east-1"
PORTAL = f"arn:aws:iam::{ACCOUNT}:role/portal"
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
        self._portal: boto3.Session | None = None
        self._sessions: dict[tuple[str, str], boto3.Session] = {}

    def root(self, service: str) -> Any:
        """A client that may do everything."""
        return self.aws.client(service)

    def client(self, persona: str, service: str, *, who: str = "ana") -> Any:
        """A client of somebody who has assumed the role of a persona."""
        if (persona, who) not in self._sessions:
            self._sessions[persona, who] = self.session(persona, SourceIdentity=who)
        return self.client_of(self._sessions[persona, who], service)

    def session(self, persona: str, **said: Any) -> boto3.Session:
        """A session of the role of a persona; `said` is what the request says of the person."""
        if self._portal is None:
            self._portal = self._assume(self.root("sts"), PORTAL)
        return self._assume(self.client_of(self._portal, "sts"), self.outputs[persona], **said)

    def _assume(self, sts: Any, role: str, **said: Any) -> boto3.Session:
        response = sts.assume_role(RoleArn=role, RoleSessionName="somebody", **said)["Credentials"]
        return boto3.Session(
            response["AccessKeyId"],
            response["SecretAccessKey"],
            response["SessionToken"],
            region_name=REGION,
        )

    def client_of(self, session: boto3.Session, service: str) -> Any:
        """A client of a session."""
        make: Callable[..., Any] = session.client
        return make(service, endpoint_url=self.aws.url, verify=str(self.aws.ca_bundle))


def _stack(domain_id: str) -> cdk.Stack:
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
    portal = iam.ArnPrincipal(PORTAL)
    ways = dict.fromkeys(PERSONAS, Federation.by_source_identity(portal))
    ways["Tagged"] = Federation.by_session_tag(portal)
    ways["User"] = Federation.of_users(ACCOUNT)
    for name, federated in ways.items():
        role = PersonaRole(
            stack,
            name,
            persona=PERSONAS.get(name, Persona.data_scientist()),
            domain_id=domain_id,
            project=project,
            network=network,
            keys=[key],
            federated=federated,
        )
        cdk.CfnOutput(stack, f"{name}Output", value=role.role_arn).override_logical_id(name)
    for name, value in {
        "Bucket": bucket.bucket_name,
        "Key": key.key_arn,
        "Jobs": jobs.role_arn,
        "Foreign": foreign.role_arn,
        "Domain": domain_id,
    }.items():
        cdk.CfnOutput(stack, f"{name}Output", value=value).override_logical_id(f"{name}Value")
    return stack


def _portal(aws: LocalAws) -> None:
    """Defines the role of a portal, which authenticates users and names them."""
    iam_client = aws.client("iam")
    trust = {"Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    saying = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]
    allowed = {"Resource": f"arn:aws:iam::{ACCOUNT}:role/sagemaker-personas/*", "Action": saying}
    documents = [
        json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one}]})
        for one in (trust, allowed)
    ]
    iam_client.create_role(RoleName="portal", AssumeRolePolicyDocument=documents[0])
    iam_client.put_role_policy(RoleName="portal", PolicyName="users", PolicyDocument=documents[1])


def _domain(aws: LocalAws) -> str:
    """Defines a Studio domain with the users `ana` and `ben`."""
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = aws.client("iam").create_role(RoleName="studio", AssumeRolePolicyDocument=document)
    sagemaker = aws.client("sagemaker")
    domain_id: str = sagemaker.create_domain(
        DomainName="own",
        AuthMode="IAM",
        HomeEfsFileSystemCreation="Disabled",
        DefaultUserSettings={"ExecutionRole": role["Role"]["Arn"]},
    )["DomainId"]
    while sagemaker.describe_domain(DomainId=domain_id)["Status"] != "InService":
        time.sleep(0.05)
    for name in ("ana", "ben"):
        sagemaker.create_user_profile(DomainId=domain_id, UserProfileName=name)
    return domain_id


@pytest.fixture(scope="session")
def users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """Deploys the roles."""
    directory = tmp_path_factory.mktemp("users") / "aws"
    aws, _ = server_process.start(directory)
    try:
        _portal(aws)
        synthesised = Template.from_stack(_stack(_domain(aws))).to_json()
        # Parameters and rules ask for the bootstrap stack.
        template = {section: synthesised[section] for section in ("Resources", "Outputs")}
        client = aws.client("cloudformation")
        aws.client("s3").create_bucket(Bucket="templates")
        aws.client("s3").put_object(Bucket="templates", Key="users", Body=json.dumps(template))
        client.create_stack(
            StackName="users",
            TemplateURL="https://templates.s3.us-east-1.amazonaws.com/users",
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        while True:
            (stack,) = client.describe_stacks(StackName="users")["Stacks"]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                break
            time.sleep(0.1)
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
        yield People(aws, outputs)
    finally:
        server_process.stop(directory)

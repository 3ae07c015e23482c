"""A team at work: one project, one domain and one server for all personas."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3
import pytest

from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws
from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from tests.personas.team import PROJECT, SEEDS, Team

ACCOUNT, REGION = "111111111111", "us-east-1"
ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
PROJECT_TAGS = [{"Key": "sagemaker:project-name", "Value": PROJECT}]
DENIALS = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "403", "Forbidden")


@dataclass(frozen=True)
class Person:
    """A user with a role, and the tools of a working day."""

    aws: LocalAws
    outputs: Mapping[str, str]
    keys: Mapping[str, str]
    folder: Path

    @cached_property
    def environment(self) -> dict[str, str]:
        """Environment variables of the user's shell."""
        return {**self.aws.environment(), **self.keys, "HOME": str(self.folder)}

    @property
    def region_name(self) -> str:
        return REGION

    @cached_property
    def session(self) -> boto3.Session:
        return boto3.Session(
            self.keys["AWS_ACCESS_KEY_ID"],
            self.keys["AWS_SECRET_ACCESS_KEY"],
            self.keys["AWS_SESSION_TOKEN"],
            region_name=REGION,
        )

    def client(self, service: str, **_: Any) -> Any:
        make: Callable[..., Any] = self.session.client
        return make(service, endpoint_url=self.aws.url, verify=str(self.aws.ca_bundle))

    def run(self, *command: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command in the user's shell; it may fail."""
        return subprocess.run(
            command,
            env=self.environment,
            cwd=folder or self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def does(self, *command: str, folder: Path | None = None) -> str:
        """Returns the output of a command that must succeed."""
        done = self.run(*command, folder=folder)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def clone(self, repository: str) -> Path:
        """Clones a repository of the project."""
        target = Path(tempfile.mkdtemp(dir=self.folder)) / repository
        url = f"{self.aws.url}/v1/repos/{PROJECT}-{repository}"
        self.does("git", "clone", "--quiet", url, str(target))
        for name, value in {"user.name": "A Person", "user.email": "person@example.com"}.items():
            self.does("git", "config", name, value, folder=target)
        return target


@dataclass(frozen=True)
class Company:
    """The account in which the team works."""

    aws: LocalAws
    outputs: Mapping[str, str]
    broker: str
    folder: Path
    _people: dict[str, Person] = field(default_factory=dict)

    def root(self, service: str) -> Any:
        """Returns a client with all permissions."""
        return self.aws.client(service)

    def person(self, persona: str) -> Person:
        """Returns a user that has assumed the role of a persona."""
        if persona not in self._people:
            broker = self.root("sts").assume_role(RoleArn=self.broker, RoleSessionName="broker")
            given = broker["Credentials"]
            sts = boto3.client(
                "sts",
                endpoint_url=self.aws.url,
                verify=str(self.aws.ca_bundle),
                region_name=REGION,
                aws_access_key_id=given["AccessKeyId"],
                aws_secret_access_key=given["SecretAccessKey"],
                aws_session_token=given["SessionToken"],
            )
            own = sts.assume_role(
                RoleArn=self.outputs[f"{persona}Role"],
                RoleSessionName=persona.lower(),
                SourceIdentity=persona.lower(),
            )["Credentials"]
            home = self.folder / persona.lower()
            home.mkdir()
            keys = {
                "AWS_ACCESS_KEY_ID": own["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": own["SecretAccessKey"],
                "AWS_SESSION_TOKEN": own["SessionToken"],
            }
            self._people[persona] = Person(self.aws, self.outputs, keys, home)
        return self._people[persona]


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """The team's stack, the image of its jobs, and an endpoint in staging."""
    folder = tmp_path_factory.mktemp("company")
    aws, _ = server_process.start(folder / "aws")
    try:
        network = _network(aws)
        broker = _broker(aws)
        outputs = _deploy(aws, Path(tempfile.mkdtemp(dir=folder)), broker_arn=broker, **network)
        outputs["Subnets"] = ",".join(network["subnet_ids"])
        outputs["SecurityGroups"] = ",".join(network["security_group_ids"])
        outputs["Image"] = f"{outputs['ImageRepositoryUri']}:1"
        _publish(aws, folder / "images", outputs["ImageRepositoryUri"])
        _record_project(aws)
        _host_staging(aws, outputs)
        yield Company(aws, outputs, broker, folder)
    finally:
        server_process.stop(folder / "aws")


def _network(aws: LocalAws) -> dict[str, Any]:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for n, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=vpc)
    return {
        "vpc_id": vpc,
        "subnet_ids": [one["Subnet"]["SubnetId"] for one in subnets],
        "security_group_ids": [group["GroupId"]],
    }


def _broker(aws: LocalAws) -> str:
    """Returns the role of the company's identity broker."""
    trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    allowed = {
        "Effect": "Allow",
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
        "Resource": f"arn:aws:iam::{ACCOUNT}:role/sagemaker-personas/*",
    }
    iam = aws.client("iam")
    arn: str = iam.create_role(RoleName="broker", AssumeRolePolicyDocument=_policy(trust))["Role"][
        "Arn"
    ]
    iam.put_role_policy(RoleName="broker", PolicyName="people", PolicyDocument=_policy(allowed))
    return arn


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _deploy(aws: LocalAws, directory: Path, **given: Any) -> dict[str, str]:
    """Deploys the team's stack as the CDK CLI would, and returns its outputs."""
    app = cdk.App(outdir=str(directory))
    Team(app, "Team", env=cdk.Environment(account=ACCOUNT, region=REGION), **given)
    app.synth()
    s3, ssm = aws.client("s3"), aws.client("ssm")
    s3.create_bucket(Bucket=ASSETS)
    ssm.put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="28", Type="String")
    manifest = json.loads((directory / "Team.assets.json").read_text())
    for entry in manifest["files"].values():
        path = directory / entry["source"]["path"]
        if path.is_dir():
            path = Path(shutil.make_archive(str(path), "zip", path))
        for place in entry["destinations"].values():
            s3.upload_file(str(path), ASSETS, place["objectKey"])
    cloudformation = aws.client("cloudformation")
    s3.upload_file(str(directory / "Team.template.json"), ASSETS, "Team.json")
    cloudformation.create_stack(
        StackName="Team",
        TemplateURL=f"https://s3.{REGION}.amazonaws.com/{ASSETS}/Team.json",
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    try:
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName="Team", WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )
    except Exception:
        events = cloudformation.describe_stack_events(StackName="Team")["StackEvents"]
        failed = [one for one in events if one["ResourceStatus"].endswith("FAILED")]
        pytest.fail(str([one.get("ResourceStatusReason") for one in failed]))
    stack = cloudformation.describe_stacks(StackName="Team")["Stacks"][0]
    return {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}


def _record_project(aws: LocalAws) -> None:
    """Creates the record of the project in SageMaker, with the resources of the team's stack."""
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    names = ("SageMakerProjectName", "SageMakerProjectId")
    template["Parameters"] = {name: {"Type": "String"} for name in names}
    aws.client("s3").put_object(
        Bucket=ASSETS, Key="templates/project.json", Body=json.dumps(template).encode()
    )
    sagemaker = aws.client("sagemaker")
    for name in (PROJECT, "fraud"):
        sagemaker.create_project(
            ProjectName=name,
            Tags=[{"Key": "sagemaker:project-name", "Value": name}],
            TemplateProviders=[
                {
                    "CfnTemplateProvider": {
                        "TemplateName": "project",
                        "TemplateURL": f"https://{ASSETS}.s3.{REGION}.amazonaws.com/"
                        "templates/project.json",
                    }
                }
            ],
        )


def _host_staging(aws: LocalAws, outputs: Mapping[str, str]) -> None:
    """Creates the stack of the stage staging, as the deployment would."""
    bucket, tags = outputs["ArtifactBucketName"], PROJECT_TAGS
    name = f"{PROJECT}-staging"
    resources: dict[str, dict[str, Any]] = {
        "Model": {
            "ExecutionRoleArn": outputs["ModelRole"],
            "PrimaryContainer": {"Image": outputs["Image"]},
        },
        "EndpointConfig": {
            "KmsKeyId": outputs["Key"],
            "ProductionVariants": [
                {
                    "VariantName": "main",
                    "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                    "InstanceType": "ml.m5.large",
                    "InitialInstanceCount": 1,
                    "InitialVariantWeight": 1,
                }
            ],
            "DataCaptureConfig": {
                "EnableCapture": True,
                "InitialSamplingPercentage": 100,
                "DestinationS3Uri": f"s3://{bucket}/capture/{name}",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            },
        },
        "Endpoint": {
            "EndpointName": name,
            "EndpointConfigName": {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]},
        },
    }
    template = {
        "Resources": {
            kind: {"Type": f"AWS::SageMaker::{kind}", "Properties": {**properties, "Tags": tags}}
            for kind, properties in resources.items()
        }
    }
    aws.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))
    report = json.dumps({"drifted": ["age"]}).encode()
    aws.client("s3").put_object(Bucket=bucket, Key="monitoring/1/report.json", Body=report)
    aws.client("s3").put_object(Bucket=bucket, Key="data/churn.csv", Body=b"1,2\n3,4\n")


class _AtEndpoint:
    """A session whose clients call the local AWS."""

    region_name = REGION

    def __init__(self, aws: LocalAws) -> None:
        self._aws = aws

    def client(self, service: str, *_: Any, **__: Any) -> Any:
        return self._aws.client(service)


def _publish(aws: LocalAws, store: Path, repository: str) -> None:
    image = ImageStore(store).build(SEEDS / "model_build")
    publish(_AtEndpoint(aws), repository, ["1"], image)  # type: ignore[arg-type]


def denied(client: Any, operation: str, **request: Any) -> bool:
    """Returns True if IAM denies a request; other errors are not a denial."""
    try:
        getattr(client, operation)(**request)
    except client.exceptions.ClientError as error:
        told = error.response["Error"]
        return told["Code"] in DENIALS or "not authorized to perform" in told["Message"]
    return False


def eventually(attempt: Callable[[], Any], *, seconds: float = 120) -> Any:
    """Returns the first result that is not empty."""
    deadline = time.monotonic() + seconds
    while not (answer := attempt()):
        assert time.monotonic() < deadline, f"nothing within {seconds} seconds"
        time.sleep(0.2)
    return answer

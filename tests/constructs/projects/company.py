"""A project whose stages are in three other accounts, on the rehearsal with IAM enforced.

Its seeds are small: the deployment renders its templates without the library, so that a run takes
seconds. The image, the model and the endpoints are real.
"""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from mlops_constructs.delivery import ProjectStage
from mlops_constructs.projects import ArtifactReplica, Project, ProjectTarget, Seed
from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws
from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from tests.constructs.projects.deployed_project import (
    BUILD,
    PATIENCE_SECONDS,
    REGION,
    RETAIN,
)

TOOLING, DEV, STAGING, PROD = "111111111111", "222222222222", "333333333333", "444444444444"
ACCOUNTS = {"dev": DEV, "staging": STAGING, "prod": PROD}
STAGES = (
    ProjectStage(name="dev", account=DEV),
    ProjectStage(name="staging", account=STAGING),
    ProjectStage(name="prod", account=PROD, approval="Deploy to production?"),
)
IMAGE = Path(__file__).parents[3] / "docs/examples/image"
INTERCEPT = 1.5

SYNTH = """
version: 0.2
env: {exported-variables: [MODEL_PACKAGE_VERSION]}
phases:
  build:
    commands:
      - export MODEL_PACKAGE_VERSION="$(python3 synth.py)"
artifacts: {files: ["*.template.json", synth.py]}
"""
SYNTH_PROGRAM = """
import json, os, subprocess
group = os.environ["MODEL_PACKAGE_GROUP_NAME"]
command = ["aws", "sagemaker", "list-model-packages", "--model-package-group-name", group]
listed = subprocess.run(
    [*command, "--model-approval-status", "Approved", "--output", "json"],
    check=True, capture_output=True, text=True,
).stdout
packages = json.loads(listed)["ModelPackageSummaryList"]
newest = max(packages, key=lambda one: one["ModelPackageVersion"], default=None)
print(newest["ModelPackageVersion"] if newest else "none")
for stage in os.environ["STAGES"].split() if newest else ():
    place = lambda name: os.environ.get(f"{stage.upper()}_{name}") or os.environ[name]
    name, version = f"{group}-{stage}", newest["ModelPackageVersion"]
    own = {
        "Model": {"Type": "AWS::SageMaker::Model", "Properties": {
            "ModelName": f"{name}-{version}",
            "ExecutionRoleArn": place("MODEL_EXECUTION_ROLE_ARN"),
            "PrimaryContainer": {"ModelPackageName": newest["ModelPackageArn"]}}},
        "Config": {"Type": "AWS::SageMaker::EndpointConfig", "Properties": {
            "EndpointConfigName": f"{name}-{version}",
            "KmsKeyId": place("ARTIFACT_KEY_ARN"),
            "DataCaptureConfig": {
                "EnableCapture": True, "InitialSamplingPercentage": 100,
                "KmsKeyId": place("ARTIFACT_KEY_ARN"),
                "DestinationS3Uri": f"s3://{place('ARTIFACT_BUCKET')}/capture/{name}",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]},
            "ProductionVariants": [{
                "VariantName": "All", "InitialVariantWeight": 1, "InitialInstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}}]}},
        "Endpoint": {"Type": "AWS::SageMaker::Endpoint", "Properties": {
            "EndpointName": name,
            "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]}}},
    }
    with open(f"{stage}.template.json", "w") as file:
        json.dump({"Resources": own}, file)
"""
SMOKE_TEST = """
version: 0.2
phases:
  build:
    commands:
      - |
        eval "$(aws sts assume-role --role-arn "$STAGE_ROLE_ARN" --role-session-name smoke \
          --query 'Credentials.[AccessKeyId,SecretAccessKey,SessionToken]' --output text |
          awk '{print "export AWS_ACCESS_KEY_ID="$1, "AWS_SECRET_ACCESS_KEY="$2,
                      "AWS_SESSION_TOKEN="$3}')"
      - export AWS_REGION="$STAGE_REGION" AWS_DEFAULT_REGION="$STAGE_REGION"
      - printf 1,2 > row.csv
      - aws sagemaker-runtime invoke-endpoint --endpoint-name "$ENDPOINT_NAME"
        --content-type text/csv --body fileb://row.csv predicted.csv
      - test "$(cat predicted.csv)" = 4.5
"""
SEEDS = {
    "build": {"buildspecs/test.yml": BUILD, "buildspecs/train.yml": BUILD},
    "deploy": {
        "buildspecs/synth.yml": SYNTH,
        "buildspecs/smoke_test.yml": SMOKE_TEST,
        "synth.py": SYNTH_PROGRAM,
    },
}


@dataclass(frozen=True)
class Company:
    """Four accounts of one local AWS."""

    aws: LocalAws
    folder: Path
    name: str = "churn"
    stacks: dict[str, str] = field(default_factory=dict)
    seeds: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: SEEDS)

    def client(self, service: str, account: str = TOOLING, region: str = REGION) -> Any:
        """Returns a client of the root of an account."""
        return replace(self.aws, accounts=(account,), region=region).client(service)

    def role(self, name: str, account: str, *actions: str, path: str = "/") -> str:
        """Creates a role that may do these actions on everything; returns its ARN."""
        iam = self.client("iam", account)
        role: dict[str, Any] = iam.create_role(
            RoleName=name, Path=path, AssumeRolePolicyDocument=_trust(account)
        )["Role"]
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        iam.put_role_policy(
            RoleName=name,
            PolicyName="all",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        return str(role["Arn"])

    def acting_as(self, role_arn: str, region: str = REGION) -> Callable[[str], Any]:
        """Returns the clients of a role, whose trust policy an administrator has opened."""
        account, name = role_arn.split(":")[4], role_arn.rpartition("/")[2]
        iam, sts = self.client("iam", account), self.client("sts", account)
        trusted = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=_trust(account))
        try:
            keys = sts.assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
        finally:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trusted))
        return self.clients_of(keys, region)

    def roles(self, account: str) -> list[str]:
        """Returns the ARNs of the roles of projects in an account."""
        listed = self.client("iam", account).list_roles(PathPrefix="/sagemaker-projects/")
        return sorted(one["Arn"] for one in listed["Roles"])

    def clients_of(self, credentials: dict[str, Any], region: str = REGION) -> Callable[[str], Any]:
        """Returns the clients of a session."""

        def client(service: str) -> Any:
            return boto3.client(  # type: ignore[call-overload]
                service,
                endpoint_url=self.aws.url,
                verify=str(self.aws.ca_bundle),
                region_name=region,
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
                config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            )

        return client

    def deploy(self, removal_policy: cdk.RemovalPolicy = RETAIN, **options: Any) -> None:
        """Creates or updates the stacks: first that of the project, then those of its stages."""
        output = self.folder / "out"
        shutil.rmtree(output, ignore_errors=True)
        app = cdk.App(outdir=str(output), analytics_reporting=False)
        project = cdk.Stack(app, f"Project-{self.name}", env=self.environment(TOOLING))
        Project(
            project,
            "Project",
            project_name=self.name,
            project_id=f"p-{self.name}",
            model_build_seed=self.seed("build"),
            model_deploy_seed=self.seed("deploy"),
            removal_policy=removal_policy,
            **{"stages": STAGES, **options},
        )
        stacks = {project.stack_name: (TOOLING, REGION)}
        stages = options.get("stages", STAGES)
        for region in dict.fromkeys(
            one.region for one in stages if one.region not in (None, REGION)
        ):
            name = f"ProjectReplica-{self.name}-{region}"
            ArtifactReplica(
                cdk.Stack(app, name, env=self.environment(TOOLING, region)),
                "Replica",
                project_name=self.name,
                project_id=f"p-{self.name}",
                stages=[one for one in stages if one.region == region],
                removal_policy=removal_policy,
            )
            stacks[name] = (TOOLING, region)
        for stage in stages:
            if stage.account is None:
                continue
            name, region = f"ProjectTarget-{self.name}-{stage.name}", stage.region or REGION
            ProjectTarget(
                cdk.Stack(app, name, env=self.environment(stage.account, region)),
                "Target",
                project_name=self.name,
                project_id=f"p-{self.name}",
                project_account=TOOLING,
                project_region=REGION,
                stage=stage,
                feature_store=options.get("feature_store", False),
                removal_policy=removal_policy,
            )
            stacks[name] = (stage.account, region)
        app.synth()
        for name, place in stacks.items():
            self.put(output, name, *place)

    @staticmethod
    def environment(account: str, region: str = REGION) -> cdk.Environment:
        return cdk.Environment(account=account, region=region)

    def seed(self, kind: str) -> Seed:
        for path, text in self.seeds[kind].items():
            file = self.folder / kind / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return Seed(folder=self.folder / kind)

    def put(self, output: Path, name: str, account: str, region: str = REGION) -> None:
        """Creates or updates one stack as an administrator of its account."""
        s3 = self.client("s3", account, region)
        bucket = f"cdk-hnb659fds-assets-{account}-{region}"
        manifest = json.loads((output / f"{name}.assets.json").read_text())
        for one in manifest["files"].values():
            path = output / one["source"]["path"]
            if path.is_dir():
                path = Path(shutil.make_archive(str(path), "zip", path))
            for place in one["destinations"].values():
                s3.upload_file(str(path), bucket, place["objectKey"])
        key = f"{name}.json"
        s3.upload_file(str(output / f"{name}.template.json"), bucket, key)
        cloudformation = self.client("cloudformation", account, region)
        known = self.stacks.get(name)
        change = cloudformation.update_stack if known else cloudformation.create_stack
        try:
            stack = change(
                StackName=known or name,
                TemplateURL=f"https://s3.{region}.amazonaws.com/{bucket}/{key}",
                Capabilities=["CAPABILITY_NAMED_IAM"],
            )["StackId"]
        except ClientError as error:
            if "No updates are to be performed" not in str(error):
                raise
            return
        self.stacks[name] = stack
        settled = self.settled(stack, account, region)
        assert settled["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), settled["Failures"]

    def delete(self, name: str, account: str, region: str = REGION) -> dict[str, Any]:
        """Deletes a stack; returns its final state."""
        self.client("cloudformation", account, region).delete_stack(StackName=self.stacks[name])
        return self.settled(self.stacks.pop(name), account, region)

    def settled(self, stack: str, account: str, region: str = REGION) -> dict[str, Any]:
        cloudformation = self.client("cloudformation", account, region)

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
            return None if found["StackStatus"].endswith("IN_PROGRESS") else found

        found = self.wait(f"the stack {stack}", ended)
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        failures = [
            f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', '')}"
            for one in events
            if one["ResourceStatus"].endswith("FAILED")
        ]
        return {**found, "Failures": failures}

    def outputs(self) -> dict[str, str]:
        """Returns the outputs of the project's stack."""
        stack = self.client("cloudformation").describe_stacks(StackName=f"Project-{self.name}")
        return {one["OutputKey"]: one["OutputValue"] for one in stack["Stacks"][0]["Outputs"]}

    def register(
        self,
        *,
        tag: str = "1",
        image_folder: Path = IMAGE,
        data: bytes | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Publishes an image and a model in the tooling account; returns the package's ARN."""
        outputs = self.outputs()
        image = ImageStore(self.folder / "images").build(image_folder)
        publish(_AtEndpoint(self), outputs["ImageRepositoryUri"], [tag], image)  # type: ignore[arg-type]
        bucket, key = outputs["ArtifactBucketName"], f"models/{tag}/model.tar.gz"
        self.client("s3").put_object(Bucket=bucket, Key=key, Body=data or _model_data())
        container: dict[str, Any] = {
            "Image": f"{outputs['ImageRepositoryUri']}:{tag}",
            "ModelDataUrl": f"s3://{bucket}/{key}",
            **({"Environment": dict(environment)} if environment else {}),
        }
        created = self.client("sagemaker").create_model_package(
            ModelPackageGroupName=self.name,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )
        return str(created["ModelPackageArn"])

    def approve(self, package: str) -> None:
        """Approves a model, which starts the pipeline."""
        self.client("sagemaker").update_model_package(
            ModelPackageArn=package, ModelApprovalStatus="Approved"
        )

    def executions(self) -> list[dict[str, Any]]:
        """Returns the executions of the pipeline that deploys, the newest first."""
        listed = self.client("codepipeline").list_pipeline_executions(
            pipelineName=f"{self.name}-model-deploy"
        )
        found: list[dict[str, Any]] = listed["pipelineExecutionSummaries"]
        return found

    def stages(self) -> dict[str, str]:
        """Returns the status of each stage, and what a failed action says."""
        states = self.client("codepipeline").get_pipeline_state(name=f"{self.name}-model-deploy")
        found = {}
        for stage in states["stageStates"]:
            errors = [
                f" {one['actionName']}: {one['latestExecution']['errorDetails']['message']}"
                for one in stage["actionStates"]
                if one.get("latestExecution", {}).get("errorDetails")
            ]
            status = stage.get("latestExecution", {}).get("status", "")
            found[stage["stageName"]] = f"{status}{''.join(errors)}"
        return found

    def answer_approval(self, stage: str) -> None:
        """Approves the stage that waits."""
        codepipeline, name = self.client("codepipeline"), f"{self.name}-model-deploy"
        states = codepipeline.get_pipeline_state(name=name)["stageStates"]
        (token,) = (
            one["latestExecution"]["token"]
            for each in states
            if each["stageName"] == stage
            for one in each["actionStates"]
            if one["actionName"] == "Approval"
        )
        codepipeline.put_approval_result(
            pipelineName=name,
            stageName=stage,
            actionName="Approval",
            result={"summary": "by a test", "status": "Approved"},
            token=token,
        )

    def predict(self, stage: str, account: str, region: str = REGION) -> str:
        """Returns the prediction of an endpoint for one row."""
        response = self.client("sagemaker-runtime", account, region).invoke_endpoint(
            EndpointName=f"{self.name}-{stage}", ContentType="text/csv", Body="1,2"
        )
        return str(response["Body"].read().decode().strip())

    @staticmethod
    def wait(what: str, look: Callable[[], Any], seconds: float = PATIENCE_SECONDS) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < deadline, f"timed out waiting for {what}"
            time.sleep(0.2)
        return found


class _AtEndpoint:
    """A session of the root of the tooling account whose clients call the local AWS."""

    region_name = REGION

    def __init__(self, company: Company) -> None:
        self._company = company

    def client(self, service: str, *_: Any, **__: Any) -> Any:
        return self._company.client(service)


def _model_data() -> bytes:
    content = json.dumps({"intercept": INTERCEPT}).encode()
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as archive:
        member = tarfile.TarInfo("model.json")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return target.getvalue()


def _trust(account: str) -> str:
    root = {"AWS": f"arn:aws:iam::{account}:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@contextmanager
def company_in(directory: Path, regions: Sequence[str] = (), **members: Any) -> Iterator[Company]:
    """Starts a separate AWS with the bootstrap resources of four accounts.

    Args:
        directory: folder of the AWS.
        regions: further regions of the accounts. Defaults to (): one region.
        members: members of the company.
    """
    started, _ = server_process.start(directory / "aws")
    try:
        company = Company(started, directory, **members)
        for account in (TOOLING, *ACCOUNTS.values()):
            for region in (REGION, *regions):
                bucket = f"cdk-hnb659fds-assets-{account}-{region}"
                elsewhere: dict[str, Any] = (
                    {"CreateBucketConfiguration": {"LocationConstraint": region}}
                    if region != "us-east-1"
                    else {}
                )
                company.client("s3", account, region).create_bucket(Bucket=bucket, **elsewhere)
                company.client("ssm", account, region).put_parameter(
                    Name="/cdk-bootstrap/hnb659fds/version", Value="28", Type="String"
                )
        yield company
    finally:
        server_process.stop(directory / "aws")

"""A project with small seeds on the rehearsal that a test deploys, uses and deletes."""

import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from botocore.exceptions import ClientError

from mlops_constructs.network import Network
from mlops_constructs.projects import Project, Seed, SeedVersion
from mlops_constructs.projects.templates._adoption_parameters import adopted_by_parameters
from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws

DESTROY = cdk.RemovalPolicy.DESTROY
RETAIN = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
ACCOUNT, REGION = "111111111111", "us-east-1"
ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
PATIENCE_SECONDS = 300

# Until a file says which version of the model is approved, nothing is deployed: as in the seed.
SYNTH = """
version: 0.2
env: {exported-variables: [MODEL_PACKAGE_VERSION]}
phases:
  build:
    commands:
      - export MODEL_PACKAGE_VERSION="$(cat version)"
artifacts: {files: ["*.template.json"]}
"""
BUILD = "version: 0.2\nphases: {build: {commands: ['true']}}\n"


def deployment(stage: str) -> str:
    """The stack of a stage: like an endpoint's, only the role of the project may change it."""
    properties = {
        "AlarmName": f"PROJECT-{stage}-errors",
        "Namespace": "Test",
        "MetricName": "Errors",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    alarm = {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}
    return json.dumps({"Resources": {"Alarm": alarm}})


class Deployed:
    """A project in a stack."""

    def __init__(self, aws: LocalAws, folder: Path, name: str) -> None:
        self.aws, self.folder, self.name = aws, folder, name
        self.cloudformation = aws.client("cloudformation")
        self.stack_id = ""
        self.outputs: dict[str, str] = {}
        # With parameters, the project is the one of SageMaker's template.
        self.parameters: dict[str, str] = {}
        # With ids, the project is in that network.
        self.network: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    def deploy(self, removal_policy: cdk.RemovalPolicy, **parameters: Any) -> dict[str, Any]:
        """Creates or updates the stack; returns its final state."""
        url = self._publish(removal_policy, parameters)
        change = (
            self.cloudformation.update_stack if self.stack_id else self.cloudformation.create_stack
        )
        changed = change(
            StackName=self.stack_id or f"Project-{self.name}",
            TemplateURL=url,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in self.parameters.items()
            ],
        )
        self.stack_id = changed["StackId"]
        stack = self.settled(self.stack_id)
        self.outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}
        return stack

    def delete(self) -> dict[str, Any]:
        """Deletes the stack; returns its final state."""
        self.cloudformation.delete_stack(StackName=self.stack_id)
        return self.settled(self.stack_id)

    def settled(self, stack: str) -> dict[str, Any]:
        while True:
            found: dict[str, Any] = self.cloudformation.describe_stacks(StackName=stack)["Stacks"][
                0
            ]
            if not found["StackStatus"].endswith("IN_PROGRESS"):
                return {**found, "Failures": self.failures(stack)}
            time.sleep(0.1)

    def failures(self, stack: str) -> list[str]:
        events = self.cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        return [
            f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', '')}"
            for one in events
            if one["ResourceStatus"].endswith("FAILED")
        ]

    def stack_status(self, name: str) -> str | None:
        """Returns the status of a stack, or None if it does not exist."""
        try:
            found = self.cloudformation.describe_stacks(StackName=name)
        except ClientError as error:
            assert "does not exist" in str(error)
            return None
        return str(found["Stacks"][0]["StackStatus"])

    def first_deployment(self) -> dict[str, str]:
        """The stages of the execution that CodePipeline started by itself, when it has ended."""
        codepipeline = self.client("codepipeline")
        name = f"{self.name}-model-deploy"

        def ended() -> bool:
            listed = codepipeline.list_pipeline_executions(pipelineName=name)
            (first, *_) = listed["pipelineExecutionSummaries"] or [{"status": "InProgress"}]
            return bool(first["status"] != "InProgress")

        self.wait("the first deployment", ended)
        (first,) = codepipeline.list_pipeline_executions(pipelineName=name)[
            "pipelineExecutionSummaries"
        ]
        states = codepipeline.get_pipeline_state(name=name)["stageStates"]
        stages = {one["stageName"]: one["latestExecution"]["status"] for one in states}
        return {"": first["status"], **stages}

    def use(self) -> None:
        """Registers and approves a model, deploys it to staging, and creates other resources."""
        sagemaker = self.client("sagemaker")
        package = {
            "ModelPackageGroupName": self.name,
            "ModelApprovalStatus": "PendingManualApproval",
            "InferenceSpecification": {
                "Containers": [{"Image": self.outputs["ImageRepositoryUri"] + ":1"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        }
        for _ in range(2):
            sagemaker.create_model_package(**package)
        self.push("version", "1\n")
        sagemaker.create_pipeline(
            PipelineName=f"{self.name}-train",
            PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": [FAILING]}),
            RoleArn=self.role("TrainingRole"),
        )
        sagemaker.start_pipeline_execution(PipelineName=f"{self.name}-train")
        s3, bucket = self.client("s3"), self.outputs["ArtifactBucketName"]
        for _ in range(2):
            s3.put_object(Bucket=bucket, Key="data/table.csv", Body=b"1,2\n")
        s3.delete_object(Bucket=bucket, Key="data/table.csv")
        self.client("logs").create_log_group(
            logGroupName=f"/aws/sagemaker/Endpoints/{self.name}-staging"
        )
        self.wait("staging", lambda: self.stack_status(f"{self.name}-staging") == "CREATE_COMPLETE")

    def push(self, path: str, text: str) -> str:
        """Commits a file to main of model-deploy; the id of the commit."""
        codecommit, repository = self.client("codecommit"), f"{self.name}-model-deploy"
        tip = codecommit.get_branch(repositoryName=repository, branchName="main")["branch"]
        pushed = codecommit.put_file(
            repositoryName=repository,
            branchName="main",
            filePath=path,
            fileContent=text.encode(),
            parentCommitId=tip["commitId"],
        )
        return str(pushed["commitId"])

    def started_by(self, commit: str) -> bool:
        """Returns True if a commit has started the deployment pipeline."""
        listed = self.client("codepipeline").list_pipeline_executions(
            pipelineName=f"{self.name}-model-deploy"
        )["pipelineExecutionSummaries"]
        revisions = [one for each in listed for one in each.get("sourceRevisions", ())]
        return commit in {one["revisionId"] for one in revisions}

    def action_status(self, stage: str, action: str) -> str:
        """The status of an action's latest run in the pipeline that deploys."""
        states = self.client("codepipeline").get_pipeline_state(name=f"{self.name}-model-deploy")
        return next(
            str(one.get("latestExecution", {}).get("status"))
            for each in states["stageStates"]
            if each["stageName"] == stage
            for one in each["actionStates"]
            if one["actionName"] == action
        )

    def role(self, name: str) -> str:
        """ARN of the role of the stack whose logical id has this in it."""
        resources = self.cloudformation.describe_stack_resources(StackName=self.stack_id)
        (found,) = [
            one["PhysicalResourceId"]
            for one in resources["StackResources"]
            if one["ResourceType"] == "AWS::IAM::Role" and name in one["LogicalResourceId"]
        ]
        role = self.client("iam").get_role(RoleName=found)["Role"]
        return str(role["Arn"])

    def left(self) -> dict[str, list[str]]:
        """Returns the remaining resources of the project."""
        name = self.name
        sagemaker, logs = self.client("sagemaker"), self.client("logs")
        groups = sagemaker.list_model_package_groups(NameContains=name)
        pipelines = sagemaker.list_pipelines(PipelineNamePrefix=name)
        roles = self.client("iam").list_roles(PathPrefix="/sagemaker-projects/")["Roles"]
        found = {
            "stacks": [
                one["StackName"]
                for one in self.cloudformation.describe_stacks()["Stacks"]
                if one["StackName"].startswith((f"{name}-", f"Project-{name}"))
            ],
            "repositories": [
                one["repositoryName"]
                for one in self.client("codecommit").list_repositories()["repositories"]
                if one["repositoryName"].startswith(f"{name}-")
            ],
            "groups": [
                one["ModelPackageGroupName"] for one in groups["ModelPackageGroupSummaryList"]
            ],
            "pipelines": [one["PipelineName"] for one in pipelines["PipelineSummaries"]],
            "buckets": [
                one["Name"]
                for one in self.client("s3").list_buckets()["Buckets"]
                if one["Name"].startswith(f"project-{name}-")
            ],
            "images": [
                one["repositoryName"]
                for one in self.client("ecr").describe_repositories()["repositories"]
                if one["repositoryName"].startswith(f"project-{name}-")
            ],
            "logs": [
                one["logGroupName"]
                for one in logs.describe_log_groups()["logGroups"]
                if name in one["logGroupName"]
            ],
            "roles": [one["RoleName"] for one in roles if name in one["RoleName"]],
        }
        return {kind: names for kind, names in found.items() if names}

    @staticmethod
    def wait(what: str, look: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not look():
            assert time.monotonic() < deadline, f"timed out waiting for {what}"
            time.sleep(0.2)

    def _publish(self, removal_policy: cdk.RemovalPolicy, parameters: dict[str, Any]) -> str:
        """Synthesises the project, uploads its assets, and gives the template's address."""
        output = self.folder / "out"
        app = cdk.App(outdir=str(output), analytics_reporting=False)
        stack = cdk.Stack(app, f"Project-{self.name}")
        seeds = {
            kind: Seed(
                folder=self.folder / kind, version=SeedVersion(name=f"test/{kind}", version="1.0.0")
            )
            for kind in ("build", "deploy")
        }
        if self.parameters:
            parameters["adopted"] = adopted_by_parameters(stack)
        if self.network:
            parameters["network"] = Network.from_ids(stack, "Network", **self.network)
        Project(
            stack,
            "Project",
            project_name=self.name,
            project_id=f"p-{self.name}",
            model_build_seed=seeds["build"],
            model_deploy_seed=seeds["deploy"],
            removal_policy=removal_policy,
            **parameters,
        )
        app.synth()
        s3 = self.client("s3")
        manifest = json.loads((output / f"{stack.stack_name}.assets.json").read_text())
        for one in manifest["files"].values():
            path = output / one["source"]["path"]
            if path.is_dir():
                path = Path(shutil.make_archive(str(path), "zip", path))
            for place in one["destinations"].values():
                s3.upload_file(str(path), ASSETS, place["objectKey"])
        key = f"{stack.stack_name}.json"
        s3.upload_file(str(output / f"{stack.stack_name}.template.json"), ASSETS, key)
        return f"https://s3.{REGION}.amazonaws.com/{ASSETS}/{key}"


FAILING = {
    "Name": "Fail",
    "Type": "Fail",
    "Arguments": {"ErrorMessage": "nothing is trained here"},
}


@contextmanager
def bootstrapped_aws(directory: Path) -> Iterator[LocalAws]:
    """Starts a separate AWS with the bootstrap resources that templates need."""
    started, _ = server_process.start(directory)
    try:
        started.client("s3").create_bucket(Bucket=ASSETS)
        started.client("ssm").put_parameter(
            Name="/cdk-bootstrap/hnb659fds/version", Value="28", Type="String"
        )
        yield started
    finally:
        server_process.stop(directory)


def project_in(aws: LocalAws, folder: Path, name: str) -> Deployed:
    """A project that is not deployed yet; its seeds are below the folder."""
    for kind, files in {
        "build": {"buildspecs/test.yml": BUILD, "buildspecs/train.yml": BUILD},
        "deploy": {
            "buildspecs/synth.yml": SYNTH,
            "buildspecs/smoke_test.yml": BUILD,
            "version": "none\n",
            "staging.template.json": deployment("staging").replace("PROJECT", name),
            "prod.template.json": deployment("prod").replace("PROJECT", name),
        },
    }.items():
        for path, text in files.items():
            (folder / kind / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / kind / path).write_text(text)
    return Deployed(aws, folder, name)

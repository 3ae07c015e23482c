"""A project that is deployed to the local AWS, and the principals that may attack it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3
import botocore.session
from aws_cdk import aws_iam as iam
from botocore.config import Config

from mlops_constructs.access import Federation, Persona, PersonaRole, ProjectAccess
from mlops_constructs.projects import Project, Seed
from mlops_constructs.studio import MlflowApp, ModelRegistrationMode
from rehearsal.client import server_process
from rehearsal.client.local_aws import LocalAws

ACCOUNT, REGION = "111111111111", "us-east-1"
ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
PORTAL = f"arn:aws:iam::{ACCOUNT}:role/portal"
ROOT = "root"
PEOPLE = {
    "Scientist": Persona.data_scientist(),
    "Engineer": Persona.ml_engineer(),
    "Reviewer": Persona.reviewer(),
    "Auditor": Persona.read_only(),
}
SERVICES = {
    "Training": "TrainingRole",
    "TestBuild": "ModelBuildPipelineTestRole",
    "TrainBuild": "ModelBuildPipelineTrainRole",
    "SynthBuild": "ModelDeployPipelineSynthRole",
    "CheckBuild": "ModelDeployPipelineCheckRole",
    "SmokeTestBuild": "ModelDeployPipelineStagingSmokeTestRole",
    "Deployment": "DeploymentRole",
    "DeployPipeline": "ModelDeployPipelineRole",
    "BuildPipeline": "ModelBuildPipelineRole",
    "DeployEvent": "ModelDeployPipelineEventRole",
    "Model": "ModelExecutionRole",
    "Mlflow": "MlflowRole",
    "Monitor": "MonitoringRunRole",
    "Starter": "MonitoringStarterRole",
    "Retrain": "RetrainingStateMachineRole",
}
"""Roles of services, by a part of their logical ids."""

BUILDSPEC = """\
version: 0.2
env:
  variables: {MODEL_PACKAGE_VERSION: "1"}
  exported-variables: [MODEL_PACKAGE_VERSION]
phases:
  build:
    commands: [mkdir -p cdk.out, cp templates/*.json cdk.out/]
artifacts:
  base-directory: cdk.out
  files: ["*.template.json"]
"""
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/churn:1"
# Separate sessions would parse the models of their services again.
_MODELS = botocore.session.Session().get_component("data_loader")


class AttackedProject:
    """The project `churn` and its personas, with another project `fraud` beside it."""

    def __init__(self, aws: LocalAws, roles: dict[str, str], outputs: dict[str, str]) -> None:
        self.aws = aws
        self.roles = roles
        self.outputs = outputs
        self._sessions: dict[str, boto3.Session] = {}
        self._clients: dict[tuple[str, str], Any] = {}
        self.packages = {name: self._register(name) for name in ("churn", "fraud")}
        self.commits = {
            kind: self.head(f"churn-{kind}") for kind in ("model-build", "model-deploy")
        }
        self.pull_requests = {target: self._pull_request(target) for target in ("main", "shared")}
        self.at_first = self.state()

    def root(self, service: str) -> Any:
        """Returns a client with all permissions."""
        return self.client(ROOT, service)

    def client(self, who: str, service: str) -> Any:
        """Returns a client with the role of a persona or of a service."""
        if (who, service) not in self._clients:
            self._clients[who, service] = self._client(self.session(who), service)
        return self._clients[who, service]

    def session(self, who: str) -> boto3.Session:
        """Returns a session of a role that is valid during the tests."""
        if who not in self._sessions:
            if who == ROOT:
                self._sessions[who] = _session(
                    ACCOUNT, self.aws.root_keys.secret_access_key(ACCOUNT), None
                )
            elif who in PEOPLE:
                portal = self._client(self._assume(self.root("sts"), PORTAL), "sts")
                self._sessions[who] = self._assume(portal, self.roles[who], SourceIdentity="ana")
            else:
                self._sessions[who] = self._of_service(self.roles[who])
        return self._sessions[who]

    def git(self, who: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Returns git with the credentials of a role."""
        keys = self.session(who).get_credentials()
        assert keys is not None
        token = {"AWS_SESSION_TOKEN": keys.token} if keys.token else {}
        return subprocess.run(
            ["git", "-c", "user.name=Ana", "-c", "user.email=ana@example.com", *arguments],
            cwd=folder,
            env={
                **os.environ,
                **self.aws.variables(),
                "AWS_ACCESS_KEY_ID": keys.access_key,
                "AWS_SECRET_ACCESS_KEY": keys.secret_key,
                **token,
                "GIT_TERMINAL_PROMPT": "0",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def url(self, repository: str) -> str:
        """Returns the clone URL of a repository."""
        return f"{self.aws.url}/v1/repos/{repository}"

    def head(self, repository: str, branch: str = "main") -> str:
        """Returns the commit of a branch."""
        found = self.root("codecommit").get_branch(repositoryName=repository, branchName=branch)
        return str(found["branch"]["commitId"])

    def state(self) -> dict[str, Any]:
        """Returns the targets of attacks: approvals, branches, models and deployments."""
        sagemaker, s3 = self.root("sagemaker"), self.root("s3")
        bucket = self.outputs["ArtifactBucketName"]
        found: dict[str, Any] = {
            arn: sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"]
            for arn in self.packages.values()
        }
        for repository in ("churn-model-build", "churn-model-deploy"):
            found[repository] = self.head(repository)
        for prefix in ("models/", "churn-model-deploy/CheckedTem/"):
            listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
            found[prefix] = [one["Key"] for one in listed.get("Contents", ())]
        found["models"] = len(sagemaker.list_models()["Models"])
        return found

    def client_of(self, key: str, secret: str, service: str) -> Any:
        """Returns a client with the keys of a principal."""
        return self._client(_session(key, secret, None), service)

    def settled(
        self, pipeline: str, action: str, *, stage: str = "Synth", after: str | None = None
    ) -> dict[str, Any]:
        """Returns the last ended run of an action, for the commit `after` if it is given."""
        client = self.root("codepipeline")
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            listed = client.list_action_executions(pipelineName=pipeline)
            for one in listed["actionExecutionDetails"]:
                if (one["stageName"], one["actionName"]) != (stage, action):
                    continue
                ran = one["pipelineExecutionId"]
                if one["status"] != "InProgress" and (after is None or self._built(ran) == after):
                    return dict(one)
            time.sleep(0.3)
        raise AssertionError(f"{action} of {pipeline} does not end")

    def log_of(self, action: Mapping[str, Any]) -> str:
        """Returns the log of the build that an execution of an action started."""
        client, logs = self.root("codebuild"), self.root("logs")
        build_id = action["output"]["executionResult"]["externalExecutionId"]
        (build,) = client.batch_get_builds(ids=[build_id])["builds"]
        where = build["logs"]
        found = logs.get_log_events(
            logGroupName=where["groupName"], logStreamName=where["streamName"]
        )
        return "".join(one["message"] for one in found["events"])

    def _built(self, execution: str) -> str:
        found = self.root("codepipeline").get_pipeline_execution(
            pipelineName="churn-model-deploy", pipelineExecutionId=execution
        )
        revisions = found["pipelineExecution"].get("artifactRevisions", [])
        return str(revisions[0]["revisionId"]) if revisions else ""

    def _register(self, group: str) -> str:
        container = {"Image": IMAGE, "ModelDataUrl": "s3://nothing/model.tar.gz"}
        made = self.root("sagemaker").create_model_package(
            ModelPackageGroupName=group,
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )
        return str(made["ModelPackageArn"])

    def _pull_request(self, target: str) -> str:
        """Creates a pull request of a data scientist for model-deploy."""
        codecommit = self.root("codecommit")
        name = "churn-model-deploy"
        for branch in (f"to-{target}", "shared"):
            if branch not in codecommit.list_branches(repositoryName=name)["branches"]:
                codecommit.create_branch(
                    repositoryName=name, branchName=branch, commitId=self.commits["model-deploy"]
                )
        codecommit.put_file(
            repositoryName=name,
            branchName=f"to-{target}",
            filePath="proposal",
            fileContent=b"a change",
            parentCommitId=self.commits["model-deploy"],
        )
        reference = {
            "repositoryName": name,
            "sourceReference": f"to-{target}",
            "destinationReference": target,
        }
        made = codecommit.create_pull_request(title="A change", targets=[reference])
        return str(made["pullRequest"]["pullRequestId"])

    def _of_service(self, role_arn: str) -> boto3.Session:
        """Returns a session of a role that only a service can assume.

        The role trusts the account's root during one call; its permissions are unchanged.
        """
        client, name = self.root("iam"), role_arn.rpartition("/")[2]
        trust = client.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        opened = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "sts:AssumeRole",
        }
        try:
            document = {**trust, "Statement": [*trust["Statement"], opened]}
            client.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(document))
            return self._assume(self.root("sts"), role_arn)
        finally:
            client.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))

    def _assume(self, sts: Any, role: str, **said: Any) -> boto3.Session:
        answer = sts.assume_role(RoleArn=role, RoleSessionName="attacker", **said)["Credentials"]
        return _session(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])

    def _client(self, session: boto3.Session, service: str) -> Any:
        make: Callable[..., Any] = session.client
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        return make(
            service, endpoint_url=self.aws.url, verify=str(self.aws.ca_bundle), config=config
        )


def _session(key: str, secret: str, token: str | None) -> boto3.Session:
    core = botocore.session.Session()
    core.register_component("data_loader", _MODELS)
    return boto3.Session(key, secret, token, region_name=REGION, botocore_session=core)


@contextmanager
def attacked_project(folder: Path) -> Iterator[AttackedProject]:
    """Starts an AWS and deploys the project to it; both end with the block."""
    directory = folder / "aws"
    aws, _ = server_process.start(directory)
    try:
        _prepare(aws)
        yield _deploy(aws, _synthesise(folder))
    finally:
        server_process.stop(directory)


def _prepare(aws: LocalAws) -> None:
    """Creates the bucket of the assets, the portal, and the group of another project."""
    aws.client("s3").create_bucket(Bucket=ASSETS)
    name = "/cdk-bootstrap/hnb659fds/version"
    aws.client("ssm").put_parameter(Name=name, Value="28", Type="String")
    aws.client("sagemaker").create_model_package_group(ModelPackageGroupName="fraud")
    client = aws.client("iam")
    trust = {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
    saying = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    allowed = {"Resource": f"arn:aws:iam::{ACCOUNT}:role/sagemaker-personas/*", "Action": saying}
    documents = [
        json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one}]})
        for one in (trust, allowed)
    ]
    client.create_role(RoleName="portal", AssumeRolePolicyDocument=documents[0])
    client.put_role_policy(RoleName="portal", PolicyName="people", PolicyDocument=documents[1])


def _synthesise(folder: Path) -> Path:
    """Synthesizes the stack of the project, with its personas and an MLflow app."""
    seeds = []
    for kind in ("build", "deploy"):
        seed = folder / kind
        (seed / "buildspecs").mkdir(parents=True)
        (seed / "README.md").write_text("the code of the team\n")
        for name in ("synth", "smoke_test", "test", "train"):
            (seed / f"buildspecs/{name}.yml").write_text(BUILDSPEC)
        seeds.append(Seed(folder=seed))
    app = cdk.App(outdir=str(folder / "cdk.out"), analytics_reporting=False)
    stack = cdk.Stack(app, "churn", env=cdk.Environment(account=ACCOUNT, region=REGION))
    project = Project(
        stack,
        "Project",
        project_name="churn",
        project_id="p-churn",
        model_build_seed=seeds[0],
        model_deploy_seed=seeds[1],
        approval_notifications=["reviewers@example.com"],
    )
    stores = project.stores
    MlflowApp(
        stack,
        "Mlflow",
        artifact_bucket=stores.artifacts.bucket,
        model_registration_mode=ModelRegistrationMode.AUTOMATIC,
    )
    access = ProjectAccess(
        project_name="churn",
        bucket=stores.artifacts.bucket,
        image_repository=stores.images,
        code_repositories=[
            *project.model_build_repository.code_commit_repositories(),
            *project.model_deploy_repository.code_commit_repositories(),
        ],
    )
    for name, persona in PEOPLE.items():
        PersonaRole(
            stack,
            name,
            persona=persona,
            project=access,
            federated=Federation.by_source_identity(iam.ArnPrincipal(PORTAL)),
        )
    app.synth()
    return folder / "cdk.out"


def _deploy(aws: LocalAws, assembly: Path) -> AttackedProject:
    s3, client = aws.client("s3"), aws.client("cloudformation")
    manifest = json.loads((assembly / "churn.assets.json").read_text())
    for entry in manifest["files"].values():
        source = assembly / entry["source"]["path"]
        if source.is_dir():
            with tempfile.TemporaryDirectory() as scratch:
                source = Path(shutil.make_archive(f"{scratch}/asset", "zip", source))
                _upload(s3, source, entry)
        else:
            _upload(s3, source, entry)
    s3.upload_file(str(assembly / "churn.template.json"), ASSETS, "churn.json")
    client.create_stack(
        StackName="churn",
        TemplateURL=f"https://s3.{REGION}.amazonaws.com/{ASSETS}/churn.json",
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    while True:
        (stack,) = client.describe_stacks(StackName="churn")["Stacks"]
        if not stack["StackStatus"].endswith("IN_PROGRESS"):
            break
        time.sleep(0.1)
    events = client.describe_stack_events(StackName="churn")["StackEvents"]
    failed = [one for one in events if one["ResourceStatus"].endswith("FAILED")]
    assert stack["StackStatus"] == "CREATE_COMPLETE", failed
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    return AttackedProject(aws, _roles(aws), outputs)


def _upload(s3: Any, source: Path, entry: Any) -> None:
    for place in entry["destinations"].values():
        s3.upload_file(str(source), ASSETS, place["objectKey"])


def _roles(aws: LocalAws) -> dict[str, str]:
    """Returns the ARNs of the stack's roles, by their names in the tests."""
    resources = aws.client("cloudformation").describe_stack_resources(StackName="churn")
    names = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in resources["StackResources"]
        if one["ResourceType"] == "AWS::IAM::Role"
    }
    found = {}
    for who, part in {**{name: name for name in PEOPLE}, **SERVICES}.items():
        matching = [name for name in names if part in name and name.removesuffix(part)]
        # The logical id ends with eight letters and digits of a hash.
        exact = [name for name in matching if name[:-8].endswith(part)] or [
            name for name in matching if name.startswith(part)
        ]
        assert len(exact) == 1, (who, sorted(names))
        role = aws.client("iam").get_role(RoleName=names[exact[0]].rpartition("/")[2])
        found[who] = role["Role"]["Arn"]
    return found

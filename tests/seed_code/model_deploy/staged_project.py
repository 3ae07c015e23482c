"""A project with the real repository model-deploy on the rehearsal, and a model without a pipeline.

The model is fitted and its baselines are made by the programs of the seed, in this process's
environment: the registered package is as the build pipeline would register it, in seconds.
"""

from __future__ import annotations

import csv
import os
import random
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rehearsal.client.local_aws import STATE_DIRECTORY, LocalAws
from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from rehearsal.framework.clock import ClockFile
from stacks.seeds import seed_code
from stacks.settings.names import Seed
from tests.constructs.projects.deployed_project import (
    BUILD,
    DESTROY,
    REGION,
    Deployed,
    bootstrapped_aws,
)
from tests.run_caches import link_caches

SEED = Path(__file__).parents[3] / "seed_code/model_build"
HEADING, TARGET = ("age", "balance", "answer"), "answer"
RUN = "runs/1"  # prefix of the outputs of a training pipeline


def rows(count: int, *, older_by: int = 0, seed: int = 7) -> list[list[str]]:
    """Returns rows without the target: ages from 20 to 60, and balances.

    Args:
        count: number of rows.
        older_by: years that are added to each age.
        seed: seed of the rows.
    """
    dice = random.Random(seed)  # noqa: S311  reproducible, not secret
    return [[str(dice.randint(20, 60) + older_by), str(dice.randint(0, 900))] for _ in range(count)]


class StagedProject(Deployed):
    """A deployed project whose deployment is the seed's, with other settings of its stages."""

    def __init__(self, aws: LocalAws, folder: Path, name: str) -> None:
        super().__init__(aws, folder, name)
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """Returns the client of a service, which waiting uses again and again."""
        if service not in self._clients:
            self._clients[service] = super().client(service)
        return self._clients[service]

    @property
    def workspace(self) -> Path:
        """Folder in which commands of `rehearse` use the local AWS."""
        return self.folder.parent

    @property
    def clock(self) -> ClockFile:
        """Time of schedules and traffic."""
        return ClockFile(self.workspace / STATE_DIRECTORY)

    def prepare(self, settings: Mapping[str, str]) -> None:
        """Writes the seeds; `settings` has the content of each file in `config/`."""
        for name in ("test", "train"):
            file = self.folder / f"build/buildspecs/{name}.yml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(BUILD)
        for path, source in seed_code()[Seed.TABULAR].model_deploy.files().items():
            target = self.folder / "deploy" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        for stage, text in settings.items():
            (self.folder / f"deploy/config/{stage}.yaml").write_text(text)

    def configure(self, settings: Mapping[str, str]) -> str:
        """Pushes other settings of stages as one commit; returns its id."""
        codecommit, repository = self.client("codecommit"), f"{self.name}-model-deploy"
        tip = codecommit.get_branch(repositoryName=repository, branchName="main")["branch"]
        made = codecommit.create_commit(
            repositoryName=repository,
            branchName="main",
            parentCommitId=tip["commitId"],
            putFiles=[
                {"filePath": f"config/{stage}.yaml", "fileContent": text.encode()}
                for stage, text in settings.items()
            ],
        )
        return str(made["commitId"])

    def register(self, environment: Mapping[str, str], *, identifier: str = "") -> str:
        """Fits a model and registers it with its baselines; returns the ARN of the package.

        Args:
            environment: environment variables of its container.
            identifier: name of a further column, with another text in each row. Defaults to none.
        """
        made, context = self.folder / "model", self.folder / "image"
        _fit(made, identifier)
        for path, source in seed_code()[Seed.TABULAR].model_build.files().items():
            target = context / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
        uri = self.outputs["ImageRepositoryUri"]
        image = ImageStore(self.workspace / STATE_DIRECTORY / "images").build(context)
        publish(_AtEndpoint(self), uri, ["1"], image)  # type: ignore[arg-type]
        s3, bucket = self.client("s3"), self.outputs["ArtifactBucketName"]
        archive = "models/1/model.tar.gz"
        s3.upload_file(str(made / "model.tar.gz"), bucket, archive)
        s3.upload_file(str(made / "run/test/holdout.csv"), bucket, f"{RUN}/test/holdout.csv")
        s3.upload_file(str(made / "run/rows/train.csv"), bucket, f"{RUN}/rows/train.csv")
        for file in (made / "baseline").rglob("*.json"):
            key = f"{RUN}/baseline/{file.relative_to(made / 'baseline')}"
            s3.upload_file(str(file), bucket, key)

        def stored(path: str) -> dict[str, str]:
            place = f"s3://{bucket}/{RUN}/baseline/{path}"
            return {"ContentType": "application/json", "S3Uri": place}

        created = self.client("sagemaker").create_model_package(
            ModelPackageGroupName=self.name,
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification={
                "Containers": [
                    {
                        "Image": f"{uri}:1",
                        "ModelDataUrl": f"s3://{bucket}/{archive}",
                        "Environment": dict(environment),
                    }
                ],
                "SupportedContentTypes": ["text/csv", "application/json"],
                "SupportedResponseMIMETypes": ["text/csv", "application/json"],
            },
            CustomerMetadataProperties={
                "problem_type": "binary",
                "target": TARGET,
                "holdout": f"s3://{bucket}/{RUN}/test/holdout.csv",
            },
            DriftCheckBaselines={
                "ModelDataQuality": {
                    "Constraints": stored("data-quality/constraints.json"),
                    "Statistics": stored("data-quality/statistics.json"),
                },
                "ModelQuality": {
                    "Constraints": stored("model-quality/constraints.json"),
                    "Statistics": stored("model-quality/statistics.json"),
                },
            },
        )
        return str(created["ModelPackageArn"])

    def approve(self, package: str) -> None:
        """Approves a model, which starts the pipeline."""
        self.client("sagemaker").update_model_package(
            ModelPackageArn=package, ModelApprovalStatus="Approved"
        )

    def has_ended(self) -> bool:
        """Returns True if no deployment is in progress, and there was one."""
        listed = self.client("codepipeline").list_pipeline_executions(
            pipelineName=f"{self.name}-model-deploy"
        )["pipelineExecutionSummaries"]
        return bool(listed) and listed[0]["status"] != "InProgress"

    def deployment(self) -> dict[str, Any]:
        """Returns the newest execution of the pipeline that deploys."""
        listed = self.client("codepipeline").list_pipeline_executions(
            pipelineName=f"{self.name}-model-deploy"
        )
        found: dict[str, Any] = listed["pipelineExecutionSummaries"][0]
        return found

    def deploy_to_production(self, after: str) -> None:
        """Waits for the end of a deployment, and approves it where the pipeline asks for it.

        Args:
            after: id of the execution before this one.
        """
        self.wait("the execution", lambda: self.deployment()["pipelineExecutionId"] != after)
        if self._asking():
            self.wait("the approval", lambda: bool(self._token()))
            ((stage, _),) = self._asking()
            self.client("codepipeline").put_approval_result(
                pipelineName=f"{self.name}-model-deploy",
                stageName=stage,
                actionName="Approval",
                result={"summary": "by a test", "status": "Approved"},
                token=self._token(),
            )
        self.wait("production", self.has_ended)
        assert self.deployment()["status"] == "Succeeded", self.errors()

    def _token(self) -> str | None:
        assert self.deployment()["status"] == "InProgress", self.errors()
        ((_, action),) = self._asking()
        token: str | None = action.get("latestExecution", {}).get("token")
        return token

    def _asking(self) -> list[tuple[str, dict[str, Any]]]:
        """Returns the approvals, each with its stage."""
        return [one for one in self._actions() if one[1]["actionName"] == "Approval"]

    def _actions(self) -> list[tuple[str, dict[str, Any]]]:
        """Returns all actions, each with its stage."""
        state = self.client("codepipeline").get_pipeline_state(name=f"{self.name}-model-deploy")
        return [
            (stage["stageName"], one)
            for stage in state["stageStates"]
            for one in stage["actionStates"]
        ]

    def errors(self) -> dict[str, str]:
        """Returns the errors of failed actions, each with the end of its log."""
        found = {}
        for _, action in self._actions():
            ran = action.get("latestExecution", {})
            if "errorDetails" in ran:
                found[action["actionName"]] = str(ran["errorDetails"]) + self._log(ran)
        return found

    def _log(self, ran: Mapping[str, Any]) -> str:
        build = str(ran.get("externalExecutionId", ""))
        if ":" not in build or build.startswith("arn:aws:cloudformation"):
            return ""
        (described,) = self.client("codebuild").batch_get_builds(ids=[build])["builds"] or [{}]
        logs = described.get("logs", {})
        if "streamName" not in logs:
            return ""
        events = self.client("logs").get_log_events(
            logGroupName=logs["groupName"], logStreamName=logs["streamName"]
        )["events"]
        return "".join(f"\n{one['message'].rstrip()}" for one in events[-40:])


class _AtEndpoint:
    """A session of the account's root whose clients call the local AWS."""

    region_name = REGION

    def __init__(self, project: Deployed) -> None:
        self._project = project

    def client(self, service: str, *_: Any, **__: Any) -> Any:
        return self._project.client(service)


def _network(project: Deployed) -> dict[str, Any]:
    """Creates a network; returns its ids."""
    ec2 = project.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.3.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.3.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")
        for n, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName="models", Description="models", VpcId=vpc)
    return {
        "vpc_id": vpc,
        "subnet_ids": [one["Subnet"]["SubnetId"] for one in subnets],
        "security_group_ids": [group["GroupId"]],
    }


def _fit(folder: Path, identifier: str) -> None:
    """Writes the archive of a model, held-out rows and baselines."""
    folder.mkdir()
    dice = random.Random(3)  # noqa: S311  reproducible, not secret
    with (folder / "data.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*filter(None, [identifier]), *HEADING])
        for number, (age, balance) in enumerate(rows(3000)):
            answer = "yes" if int(age) + dice.gauss(0, 2) > 40 else "no"
            identified = [f"{identifier}-{number}"] if identifier else []
            writer.writerow([*identified, age, balance, answer])
    run = folder / "run"
    _tabular("run", folder / "data.csv", "--target", TARGET, "--output", run)
    (folder / "archive").mkdir()
    for place in (folder / "archive/model.tar.gz", folder / "model.tar.gz"):
        with tarfile.open(place, "w:gz") as archive:
            for part in sorted((run / "model").iterdir()):
                archive.add(part, part.name)
    _tabular(
        "baseline",
        *("--model", folder / "archive"),
        *("--rows", run / "rows"),
        *("--test", run / "test"),
        *("--output", folder / "baseline"),
    )


def _tabular(*arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tabular", *map(str, arguments)],
        cwd=SEED,
        env=os.environ | {"PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def staged_project(
    folder: Path,
    name: str,
    settings: Mapping[str, str],
    *,
    environment: Callable[[StagedProject], Mapping[str, str]] = lambda _: {},
    identifier: str = "",
    in_network: bool = False,
    **options: Any,
) -> Iterator[StagedProject]:
    """Starts an AWS with a project whose model is in service in each stage.

    Args:
        folder: an empty folder.
        name: name of the project.
        settings: content of the settings file of each stage.
        environment: prepares the project for the model; returns the variables of its container.
            Defaults to none.
        identifier: name of a further column of the model's table. Defaults to none.
        in_network: True if the project has a network. Defaults to False.
        options: further arguments of `Project`.
    """
    link_caches((folder / STATE_DIRECTORY).parent)
    with bootstrapped_aws(folder / STATE_DIRECTORY) as aws:
        (folder / "project").mkdir()
        project = StagedProject(aws, folder / "project", name)
        project.prepare(settings)
        if in_network:
            project.network = _network(project)
        stack = project.deploy(DESTROY, **options)
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Failures"]
        project.wait("the first deployment", project.has_ended)
        first = project.deployment()
        assert first["status"] == "Succeeded", project.errors()
        project.approve(project.register(environment(project), identifier=identifier))
        project.deploy_to_production(after=first["pipelineExecutionId"])
        yield project

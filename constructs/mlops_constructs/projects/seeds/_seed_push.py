"""Push of seeds to the repositories of a third-party git provider."""

import dataclasses
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from mlops_constructs._attributes import arn_of_objects, bucket_name, key_arn
from mlops_constructs._environment import inherit
from mlops_constructs._findings import acknowledge, seldom_called_function
from mlops_constructs._function_permissions import attach_to
from mlops_constructs._problems import Problems
from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.delivery import BuildProject, ProjectResources
from mlops_constructs.network import NetworkBase
from mlops_constructs.network._function_network import placed_in, wait_for_network

from ._connected_repository import connection_url
from .seed import Seed

_RUNTIME = Path(__file__).parents[1] / "runtime"
_HANDLER, _SCRIPT = "push_seeds", "push_seed"
_PREFIX = "seeds/"
_MINUTES = 14
_ONCE = "CloudFormation invokes the function once, when the project is created"
_FINDINGS = {
    "concurrency": _ONCE,
    "dead_letters": "CloudFormation waits for the response, and reports a failure in the stack's "
    "events",
    "tracing": _ONCE,
}
_OUTSIDE = "the function only calls AWS APIs and needs no access to a VPC"


class SeedPush(Construct):
    """Defines the push of a project's seeds through a connection when the project is created.

    A custom resource invokes a function that has the seeds; the function runs one build for each,
    with git. Both are the platform's own code, which no push can change. The build runs in the
    network of the function, because AWS CodeConnections has no VPC endpoint for git.

    Args:
        project: names and stores of the project.
        connection_arn: ARN of the connection.
        owner: organisation, group path or user that owns the repositories.
        branch: branch of the first commit.
        seeds: seeds by the suffix of the repository, such as "model-build"; each with a version.
        network: network of the function and the build. Defaults to None: no VPC.

    Raises:
        ValueError: if a seed has no version.

    Source: "Configure repository access" in the Amazon EKS User Guide, section CodeConnections;
    "Permissions for using connections" in the Developer Tools console User Guide.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: ProjectResources,
        connection_arn: str,
        owner: str,
        branch: str,
        seeds: Mapping[str, Seed],
        network: NetworkBase | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        inherit(self, scope)
        problems = Problems("SeedPush", self)
        problems.extend(
            f"seeds: got {suffix} without a version; set Seed(version=...), by which a repository "
            "with a seed is recognised"
            for suffix, seed in seeds.items()
            if seed.version is None
        )
        problems.raise_if_any()
        self._project, self._network = project, network
        repositories = {suffix: f"{owner}/{project.project_name}-{suffix}" for suffix in seeds}
        build = self._define_build(connection_arn, list(repositories.values()), branch)
        function = self._define_function(build, seeds)
        self._resource = cdk.CustomResource(
            self,
            "Resource",
            resource_type="Custom::SeedPush",
            service_token=function.function_arn,
            service_timeout=cdk.Duration.minutes(_MINUTES + 1),
            properties={
                "Bucket": bucket_name(project.artifacts.bucket),
                "Prefix": _PREFIX,
                "BuildProjectName": build.project.project_name,
                "UrlPrefix": connection_url(connection_arn, "").removesuffix(".git"),
                "Repositories": repositories,
            },
        )

    def repository_name(self, suffix: str) -> str:
        """Returns the name of a repository, without the owner, when its seed has been pushed.

        Args:
            suffix: suffix of the repository, such as "model-build".
        """
        attribute = "".join(part.capitalize() for part in suffix.split("-"))
        return self._resource.get_att_string(attribute)

    def _define_build(
        self, connection_arn: str, repositories: list[str], branch: str
    ) -> BuildProject:
        artifacts = self._project.artifacts
        return BuildProject(
            self,
            "Build",
            project=dataclasses.replace(self._project, network=self._network, packages=None),
            build_spec=_build_spec(),
            environment={"BRANCH": branch},
            description="pushes the seeds of a new project to its repositories",
            source=codebuild.Source.s3(bucket=artifacts.bucket, path=f"{_PREFIX}none.zip"),
            permissions=[
                *artifacts.read(_PREFIX),
                *(
                    Permission(
                        actions=[f"{prefix}:UseConnection"],
                        resources=[connection_arn],
                        conditions={
                            "StringEqualsIfExists": {f"{prefix}:FullRepositoryId": repositories}
                        },
                    )
                    for prefix in ("codeconnections", "codestar-connections")
                ),
            ],
            timeout=cdk.Duration.minutes(10),
        )

    def _define_function(self, build: BuildProject, seeds: Mapping[str, Seed]) -> lambda_.Function:
        artifacts = self._project.artifacts
        log = logs.LogGroup(
            self,
            "Log",
            retention=logs.RetentionDays.THREE_MONTHS,
            encryption_key=artifacts.encrypt_logs(self),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        role = ServiceRole(
            self,
            "Role",
            service="lambda.amazonaws.com",
            description="Lambda: pushes the seeds of one project",
            permissions=[
                Permission(
                    actions=["logs:CreateLogStream", "logs:PutLogEvents"],
                    resources=[log.log_group_arn],
                    because="Lambda generates the names of the log streams",
                ),
                Permission(
                    actions=["codebuild:BatchGetBuilds", "codebuild:StartBuild"],
                    resources=[build.project.project_arn],
                ),
                Permission(
                    actions=["logs:GetLogEvents"],
                    resources=[build.log_group.log_group_arn],
                    because="CodeBuild names one log stream for each build",
                ),
                Permission(
                    actions=["s3:DeleteObjectVersion", "s3:PutObject"],
                    resources=[arn_of_objects(artifacts.bucket, f"{_PREFIX}*")],
                    because="each seed has a key of its name",
                ),
                Permission(
                    actions=["kms:Decrypt", "kms:GenerateDataKey"],
                    resources=[key_arn(artifacts.key)],
                ),
                *attach_to(self._network, self),
            ],
        )
        with _function_folder(seeds) as folder:
            function = lambda_.Function(
                self,
                "Function",
                description="Pushes the seeds of a new project to its repositories",
                runtime=lambda_.Runtime.PYTHON_3_14,
                handler=f"{_HANDLER}.handler",
                code=lambda_.Code.from_asset(str(folder)),
                role=role.fixed,
                log_group=log,
                timeout=cdk.Duration.minutes(_MINUTES),
                memory_size=512,
                **placed_in(self._network),
            )
        wait_for_network(function, self._network)
        outside = _OUTSIDE if self._network is None else None
        acknowledge(function, seldom_called_function(**_FINDINGS, outside=outside))
        return function


def seed_code(scope: Construct, construct_id: str, seeds: Mapping[str, Seed]) -> s3_assets.Asset:
    """Returns the code of the function with the seeds, as the asset that a template refers to.

    Args:
        scope: parent construct.
        construct_id: id of the asset.
        seeds: seeds by the suffix of the repository.
    """
    with _function_folder(seeds) as folder:
        # The asset copies the folder into the cloud assembly at once.
        return s3_assets.Asset(scope, construct_id, path=str(folder))


@contextmanager
def _function_folder(seeds: Mapping[str, Seed]) -> Iterator[Path]:
    """Yields a folder with the function and its seeds."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        shutil.copyfile(_RUNTIME / f"{_HANDLER}.py", folder / f"{_HANDLER}.py")
        for suffix, seed in seeds.items():
            seed.write_zip(folder / f"{suffix}.zip")
        yield folder


@cache
def _script() -> str:
    return (_RUNTIME / f"{_SCRIPT}.py").read_text(encoding="utf-8")


def _build_spec() -> codebuild.BuildSpec:
    """Returns the complete buildspec, inline: the build runs no file of the seed."""
    specification: dict[str, Any] = {
        "version": "0.2",
        "phases": {
            "install": {"runtime-versions": {"python": "3.11"}},
            "build": {
                "commands": [
                    # The delimiter is quoted, so the shell expands nothing in the script.
                    f"cat > /tmp/{_SCRIPT}.py <<'END_OF_PUSH'\n{_script()}END_OF_PUSH\n",
                    # -I: neither the working directory nor environment variables add modules.
                    f"python3 -I /tmp/{_SCRIPT}.py",
                ]
            },
        },
    }
    return codebuild.BuildSpec.from_object(specification)

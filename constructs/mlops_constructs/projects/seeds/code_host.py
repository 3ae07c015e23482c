"""Git services that hold the repositories of projects."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.delivery import ConnectionBase, ProjectResources
from mlops_constructs.network import NetworkBase
from mlops_constructs.projects.adopted_stores import AdoptedStores

from ._connected_repository import ConnectedRepository
from ._seed_push import SeedPush, seed_code
from .seed import Seed
from .seed_repository import SeedRepository, SeedRepositoryBase

BRANCH = r"[A-Za-z0-9_](?:[A-Za-z0-9._/-]{0,254}[A-Za-z0-9_-])?"
OWNER = r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*"


class CodeHost(ABC):
    """Defines the git service that holds the repositories of projects.

    Example:
        ```python
        connection = Connection(
            stack, "GitHub", provider=GitProvider.GITHUB, connection_name="github"
        )
        CodeHost.connection(connection, owner="acme")
        CodeHost.code_commit()
        ```
    """

    @staticmethod
    def code_commit() -> CodeHost:
        """Returns AWS CodeCommit: CloudFormation creates the repositories with their seeds."""
        return _CodeCommit()

    @staticmethod
    def connection(connection: ConnectionBase, *, owner: str, branch: str = "main") -> CodeHost:
        """Returns a third-party provider, which AWS reaches through a connection.

        A connection can read and push, but not create a repository. So before the project, someone
        creates two repositories at the provider, `OWNER/PROJECT-model-build` and
        `OWNER/PROJECT-model-deploy`, and gives the connection's app access to them. Both must be
        empty, or have one commit with no other files than a README, a license and `.gitignore`. A
        build pushes the seeds to them. A repository that already has a seed is used unchanged. The
        repositories are never deleted.

        Args:
            connection: authorised connection in the account and region of the projects.
            owner: organisation, group path or user that owns the repositories.
            branch: branch of the first commit, whose pushes start the pipelines. Defaults to
                "main".

        Raises:
            ValueError: if the owner or the branch is malformed.
        """
        problems = Problems("CodeHost.connection")
        problems.extend(_name_problems(owner, branch))
        problems.raise_if_any()
        return _Provider(lambda _: connection.connection_arn, owner, branch)

    @staticmethod
    def published_connection(parameter_name: str, *, owner: str, branch: str = "main") -> CodeHost:
        """Returns a provider whose connection another stack publishes in Parameter Store.

        CloudFormation reads the ARN of the connection when it deploys a project, so this is the
        form for templates, which refer to no other stack.

        Args:
            parameter_name: name of the parameter with the ARN, such as
                "/mlops/connections/github".
            owner: organisation, group path or user that owns the repositories; see `connection`.
            branch: branch of the first commit, whose pushes start the pipelines. Defaults to
                "main".

        Raises:
            ValueError: if the owner, the branch or the name of the parameter is malformed.
        """
        problems = Problems("CodeHost.published_connection")
        if not re.fullmatch(r"(/[A-Za-z0-9_.-]+)+", parameter_name):
            problems.add(
                f"parameter_name: got {parameter_name!r}; allowed is a path such as "
                "/mlops/connections/github"
            )
        problems.extend(_name_problems(owner, branch))
        problems.raise_if_any()
        return _Provider(
            lambda scope: ssm.StringParameter.value_for_string_parameter(scope, parameter_name),
            owner,
            branch,
        )

    @abstractmethod
    def repositories(
        self,
        scope: Construct,
        *,
        project: ProjectResources,
        seeds: Mapping[str, Seed],
        removal_policy: cdk.RemovalPolicy,
        adopted: AdoptedStores | None,
        function_network: NetworkBase | None,
    ) -> dict[str, SeedRepositoryBase]:
        """Creates the repositories of a project.

        Args:
            scope: the project.
            project: names and stores of the project.
            seeds: first commits by the suffix of the repository, such as "model-build".
            removal_policy: what happens to the repositories when the stack is deleted.
            adopted: set if the repositories already exist.
            function_network: network of functions; None for no VPC.
        """

    @abstractmethod
    def assets(self, scope: Construct, seeds: Mapping[str, Seed]) -> None:
        """Creates the assets of the seeds, to which the template of a project refers.

        Args:
            scope: the template.
            seeds: first commits by the suffix of the repository.
        """


class _CodeCommit(CodeHost):
    """Repositories in CodeCommit."""

    def repositories(
        self,
        scope: Construct,
        *,
        project: ProjectResources,
        seeds: Mapping[str, Seed],
        removal_policy: cdk.RemovalPolicy,
        adopted: AdoptedStores | None,
        function_network: NetworkBase | None,
    ) -> dict[str, SeedRepositoryBase]:
        name = project.project_name
        return {
            suffix: SeedRepository(
                scope,
                _construct_id(suffix),
                repository_name=f"{name}-{suffix}",
                description=f"Code of the SageMaker project {name}: {suffix}",
                seed=seed,
                removal_policy=removal_policy,
                adopted=adopted,
            )
            for suffix, seed in seeds.items()
        }

    def assets(self, scope: Construct, seeds: Mapping[str, Seed]) -> None:
        for suffix, seed in seeds.items():
            seed.asset(scope, f"{_camel_case(suffix)}Seed")


class _Provider(CodeHost):
    """Repositories of a third-party provider.

    Args:
        connection: returns the ARN of the connection in the stack of a construct.
        owner: owner of the repositories.
        branch: branch of the first commit.
    """

    def __init__(self, connection: Callable[[Construct], str], owner: str, branch: str) -> None:
        self._connection = connection
        self._owner = owner
        self._branch = branch

    def assets(self, scope: Construct, seeds: Mapping[str, Seed]) -> None:
        seed_code(scope, "SeedPushCode", seeds)

    def repositories(
        self,
        scope: Construct,
        *,
        project: ProjectResources,
        seeds: Mapping[str, Seed],
        removal_policy: cdk.RemovalPolicy,
        adopted: AdoptedStores | None,
        function_network: NetworkBase | None,
    ) -> dict[str, SeedRepositoryBase]:
        arn = self._connection(scope)
        push = SeedPush(
            scope,
            "SeedPush",
            project=project,
            connection_arn=arn,
            owner=self._owner,
            branch=self._branch,
            seeds=seeds,
            network=function_network,
        )
        return {
            suffix: ConnectedRepository(
                scope,
                _construct_id(suffix),
                connection_arn=arn,
                owner=self._owner,
                # An attribute of the push, so that pipelines start after it.
                repository_name=push.repository_name(suffix),
                branch=self._branch,
            )
            for suffix in seeds
        }


def _construct_id(suffix: str) -> str:
    """Returns the id of a repository's construct, such as ModelBuildRepository."""
    return f"{_camel_case(suffix)}Repository"


def _camel_case(suffix: str) -> str:
    return "".join(part.capitalize() for part in suffix.split("-"))


def _name_problems(owner: str, branch: str) -> list[str]:
    problems = []
    if is_known(owner) and not re.fullmatch(OWNER, owner):
        problems.append(
            f"owner: got {owner!r}; allowed are names of letters, digits, hyphens, dots and "
            "underscores, with slashes between the groups of a path"
        )
    if is_known(branch) and not re.fullmatch(BRANCH, branch):
        problems.append(f"branch: got {branch!r}; allowed is the name of a branch, such as main")
    return problems

"""Git repository with seed code."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from constructs import Construct

from mlops_constructs.delivery import Source
from mlops_constructs.projects.adopted_stores import (
    AdoptedStores,
    created_or,
    define_only_if_created,
)

from .seed import Seed


class SeedRepositoryBase(Construct):
    """Base of repositories whose first commit is a seed."""

    BRANCH = "main"
    """Branch of the first commit."""

    clone_url: str
    """URL of the repository for git."""

    repository_name: str
    """Name of the repository; at a third-party provider with its owner."""

    @abstractmethod
    def source(self) -> Source:
        """Returns the repository as the source of a pipeline."""

    def code_commit_repositories(self) -> Sequence[codecommit.IRepository]:
        """Returns the repository if it is in CodeCommit, to which IAM grants access."""
        return ()


class SeedRepository(SeedRepositoryBase):
    """Defines a CodeCommit repository whose first commit is a seed.

    CloudFormation creates the commit together with the repository only: a newer seed does not
    change existing repositories.

    Args:
        repository_name: name of the repository in clone URLs.
        seed: files of the first commit, on the branch `main`.
        description: description of the repository in CodeCommit.
        removal_policy: what happens to the repository when the stack is deleted. Defaults to
            retaining it.
        adopted: set if the repository already exists, retained from a deleted project. Defaults to
            None: the repository is created.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository_name: str,
        seed: Seed,
        description: str,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        adopted: AdoptedStores | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.repository: codecommit.IRepository
        if adopted is not None and adopted.unless is None:
            self._import(repository_name)
            return
        repository = codecommit.Repository(
            self,
            "Resource",
            repository_name=repository_name,
            description=description,
            code=codecommit.Code.from_asset(seed.asset(self, "Seed"), self.BRANCH),
        )
        repository.apply_removal_policy(removal_policy)
        self.repository, self.clone_url = repository, repository.repository_clone_url_http
        self.repository_name = repository.repository_name
        if adopted is not None:
            resource = cast(cdk.CfnResource, repository.node.default_child)
            define_only_if_created(adopted, resource)
            # `name` is a reference to the resource, which makes dependents wait for it.
            name = repository.repository_name
            self._import(created_or(adopted, created=name, existing=repository_name))

    def source(self) -> Source:
        """Returns the repository as the source of a pipeline; an EventBridge rule starts it."""
        return Source.code_commit(self.repository, self.BRANCH)

    def code_commit_repositories(self) -> Sequence[codecommit.IRepository]:
        """Returns the repository."""
        return (self.repository,)

    def _import(self, repository_name: str) -> None:
        """Imports the repository by its name."""
        self.repository = codecommit.Repository.from_repository_name(self, "InUse", repository_name)
        self.clone_url = self.repository.repository_clone_url_http
        self.repository_name = self.repository.repository_name

"""A git repository that starts with seed code."""

from __future__ import annotations

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from constructs import Construct

from .adopted_stores import AdoptedStores, created_or, define_only_if_created
from .seed import Seed


class SeedRepository(Construct):
    """Defines a CodeCommit repository whose first commit is a seed.

    CloudFormation makes the commit when it creates the repository, and never again: a newer seed
    does not touch repositories that people work in.
    """

    BRANCH = "main"

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
        """Creates the repository.

        Args:
            repository_name: name with which people clone it.
            seed: files of the first commit, on the branch `main`.
            description: CodeCommit shows it.
            removal_policy: what happens to the repository, and to people's work in it, when the
                stack is deleted. Default: it stays.
            adopted: given where the repository exists already, with the work of an earlier project.
                Default: it is created.
        """
        super().__init__(scope, construct_id)
        self.repository: codecommit.IRepository
        if adopted is not None and adopted.unless is None:
            self._take_up(repository_name)
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
        if adopted is not None:
            resource = cast(cdk.CfnResource, repository.node.default_child)
            define_only_if_created(adopted, resource)
            # The first name is the resource's, so that what refers to it waits for it.
            name = repository.repository_name
            self._take_up(created_or(adopted, created=name, taken_up=repository_name))

    def _take_up(self, repository_name: str) -> None:
        """Refers to the repository by its name alone."""
        self.repository = codecommit.Repository.from_repository_name(self, "InUse", repository_name)
        self.clone_url = self.repository.repository_clone_url_http

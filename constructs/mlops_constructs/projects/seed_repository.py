"""A git repository that starts with seed code."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from constructs import Construct

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
    ) -> None:
        """Creates the repository.

        Parameters:
            repository_name: name with which people clone it.
            seed: files of the first commit, on the branch `main`.
            description: CodeCommit shows it.
            removal_policy: what happens to the repository, and to people's work in it, when the
                stack is deleted. Default: it stays.
        """
        super().__init__(scope, construct_id)
        self.repository = codecommit.Repository(
            self,
            "Resource",
            repository_name=repository_name,
            description=description,
            code=codecommit.Code.from_asset(seed.asset(self, "Seed"), self.BRANCH),
        )
        self.repository.apply_removal_policy(removal_policy)

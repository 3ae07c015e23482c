"""Repository of a third-party provider, reached through a connection."""

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.delivery import Source

from .seed_repository import SeedRepositoryBase


class ConnectedRepository(SeedRepositoryBase):
    """Refers to a repository at a provider; a `SeedPush` has pushed its first commit.

    Its clone URL is that of AWS CodeConnections, with which git needs no account at the provider:
    `aws codecommit credential-helper` signs in with the permission
    `codeconnections:UseConnection`. Users with an account at the provider clone from there.

    Args:
        connection_arn: ARN of the connection.
        owner: organisation, group path or user that owns the repository.
        repository_name: name of the repository without the owner.
        branch: branch whose pushes start the pipeline.

    Source: "Configure repository access" in the Amazon EKS User Guide, section CodeConnections.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        connection_arn: str,
        owner: str,
        repository_name: str,
        branch: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._connection_arn, self._owner = connection_arn, owner
        self.repository_name = f"{owner}/{repository_name}"
        self._name, self._branch = repository_name, branch
        self.clone_url = connection_url(connection_arn, self.repository_name)

    def source(self) -> Source:
        """Returns the repository as the source of a pipeline."""
        return Source.code_connections(self._connection_arn, self._owner, self._name, self._branch)


def connection_url(connection_arn: str, repository: str) -> str:
    """Returns the URL of a repository for git through a connection.

    Args:
        connection_arn: ARN of the connection.
        repository: OWNER/NAME.
    """
    parts = cdk.Arn.split(connection_arn, cdk.ArnFormat.SLASH_RESOURCE_NAME)
    return (
        f"https://codeconnections.{parts.region}.{cdk.Aws.URL_SUFFIX}/git-http/{parts.account}/"
        f"{parts.region}/{parts.resource_name}/{repository}.git"
    )

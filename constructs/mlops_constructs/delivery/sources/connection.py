"""Connections to third-party git providers."""

import re
from enum import Enum

import aws_cdk as cdk
from aws_cdk import aws_codeconnections as codeconnections
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.access import Permission

CONNECTION_ARN = r"arn:[a-z-]+:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:.+"
_MAX_NAME_LENGTH = 32


class GitProvider(Enum):
    """Git providers that AWS CodeConnections supports, by AWS's names."""

    AZURE_DEVOPS = "AzureDevOps"
    BITBUCKET = "Bitbucket"
    GITHUB = "GitHub"
    GITHUB_ENTERPRISE_SERVER = "GitHubEnterpriseServer"
    GITLAB = "GitLab"
    GITLAB_SELF_MANAGED = "GitLabSelfManaged"

    @property
    def self_hosted(self) -> bool:
        """True if the provider is self-hosted, so that a connection needs a host."""
        return self in {GitProvider.GITHUB_ENTERPRISE_SERVER, GitProvider.GITLAB_SELF_MANAGED}


class ConnectionBase(cdk.Resource):
    """Base of owned and imported connections."""

    connection_arn: str
    """ARN of the connection."""

    def use(self) -> list[Permission]:
        """Returns the permissions to fetch code through the connection."""
        return use_of_connection(self.connection_arn)


class Connection(ConnectionBase):
    """Defines a connection to GitHub, GitLab, Bitbucket, Azure DevOps or a self-hosted server.

    CloudFormation creates it with the status PENDING; it must be authorised once. In the console,
    open Developer Tools > Settings > Connections, choose the connection and "Update pending
    connection"; the provider then asks for the repositories that AWS can access. Until then,
    pipelines with this source fail in their first stage because the connection is not available. A
    change of provider or name creates a new connection, which must be authorised again.

    Args:
        provider: the git provider.
        connection_name: name in the console, 1 to 32 characters.
        host_arn: ARN of the host of a self-hosted provider (`AWS::CodeConnections::Host`, or one
            created in the console). Required for self-hosted providers only. Defaults to None: no
            host.

    Raises:
        ValueError: if the name is too long or empty, a host is missing or not supported by the
            provider, or CloudFormation does not support connections in the region.

    Source: Developer Tools console User Guide, "Update a pending connection".

    Example:
        ```python
        Connection(
            stack, "Connection", provider=GitProvider.GITHUB, connection_name="ml-team"
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        provider: GitProvider,
        connection_name: str,
        host_arn: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems("Connection", self)
        problems.extend(region_problems(self, "AWS::CodeConnections::Connection"))
        if is_known(connection_name) and not 1 <= len(connection_name) <= _MAX_NAME_LENGTH:
            problems.add(
                f"connection_name: got {connection_name!r}; allowed are 1 to {_MAX_NAME_LENGTH} "
                "characters"
            )
        if provider.self_hosted and not host_arn:
            problems.add(
                f"host_arn: got none; {provider.value} requires one: create a host for your server"
            )
        if host_arn and not provider.self_hosted:
            problems.add(f"host_arn: {provider.value} is not self-hosted; remove host_arn")
        problems.raise_if_any()
        self._resource = codeconnections.CfnConnection(
            self,
            "Resource",
            connection_name=connection_name,
            # The two are mutually exclusive: the host has a provider type.
            provider_type=None if host_arn else provider.value,
            host_arn=host_arn,
        )
        self.connection_arn = self._resource.attr_connection_arn

    @property
    def connection_status(self) -> str:
        """Status as a token: PENDING until the connection is authorised, then AVAILABLE."""
        return self._resource.attr_connection_status

    @staticmethod
    def from_connection_arn(
        scope: Construct, construct_id: str, connection_arn: str
    ) -> ConnectionBase:
        """Imports an existing connection.

        Args:
            scope: parent construct.
            construct_id: id of the imported connection.
            connection_arn: ARN of the connection.

        Raises:
            ValueError: if the ARN is not that of a connection.
        """
        problems = Problems(f"Connection {scope.node.path}/{construct_id}")
        problems.extend(connection_arn_problems(connection_arn))
        problems.raise_if_any()
        imported = ConnectionBase(scope, construct_id)
        imported.connection_arn = connection_arn
        return imported


def connection_arn_problems(connection_arn: str) -> list[str]:
    """Validates the ARN of a connection; returns one message per problem. Tokens are valid."""
    if not is_known(connection_arn) or re.fullmatch(CONNECTION_ARN, connection_arn):
        return []
    return [
        f"connection_arn: got {connection_arn!r}; allowed is the ARN of a connection, "
        "arn:aws:codeconnections:REGION:ACCOUNT:connection/ID"
    ]


def use_of_connection(connection_arn: str) -> list[Permission]:
    """Returns the permissions to fetch code through a connection.

    The service has two IAM prefixes; the age of the connection decides which one IAM evaluates.
    """
    return [
        Permission(
            actions=["codeconnections:UseConnection", "codestar-connections:UseConnection"],
            resources=[connection_arn],
        )
    ]

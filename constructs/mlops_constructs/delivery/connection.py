"""Connections to git providers outside of AWS."""

from __future__ import annotations

import re
from enum import Enum

import aws_cdk as cdk
from aws_cdk import aws_codeconnections as codeconnections
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.access.service_role import Permission

CONNECTION_ARN = r"arn:[a-z-]+:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:.+"
_LONGEST_NAME = 32


class GitProvider(Enum):
    """A git provider that AWS CodeConnections reaches; each name is AWS's."""

    AZURE_DEVOPS = "AzureDevOps"
    BITBUCKET = "Bitbucket"
    GITHUB = "GitHub"
    GITHUB_ENTERPRISE_SERVER = "GitHubEnterpriseServer"
    GITLAB = "GitLab"
    GITLAB_SELF_MANAGED = "GitLabSelfManaged"

    @property
    def self_hosted(self) -> bool:
        """Whether it is installed on servers of one's own, which a host describes."""
        return self in {GitProvider.GITHUB_ENTERPRISE_SERVER, GitProvider.GITLAB_SELF_MANAGED}


class ConnectionBase(cdk.Resource):
    """A connection, owned or imported."""

    connection_arn: str
    """ARN of the connection."""

    def use(self) -> list[Permission]:
        """What a role needs to fetch code through the connection.

        Both names of the service are in use; which one is judged depends on the connection's age.
        """
        return [
            Permission(
                actions=["codeconnections:UseConnection", "codestar-connections:UseConnection"],
                resources=[self.connection_arn],
            )
        ]


class Connection(ConnectionBase):
    """Defines a connection to GitHub, GitLab, Bitbucket, Azure DevOps or a server of one's own.

    CloudFormation leaves it PENDING: a person has to authorise it once. In the console, open
    Developer Tools > Settings > Connections, choose it and "Update pending connection"; the
    provider then asks which repositories AWS may see. Until that is done, pipelines with this
    source fail in their first stage and say that the connection is not available. Provider and
    name cannot be changed: another one is a new connection, and has to be authorised anew.

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
        """Creates the connection, to be authorised.

        Args:
            provider: where the repositories are.
            connection_name: what people see in the console; 1 to 32 characters.
            host_arn: the host (`AWS::CodeConnections::Host`, or made in the console) that says
                where a self-hosted provider answers. Required for those, refused for others.

        Raises ValueError for a name outside of these limits, a missing or needless host, and a
        region where CloudFormation knows no connections.
        """
        super().__init__(scope, construct_id)
        problems = Problems(f"the connection {self.node.path}")
        problems.extend(region_problems(self, "AWS::CodeConnections::Connection"))
        if is_known(connection_name) and not 1 <= len(connection_name) <= _LONGEST_NAME:
            problems.add(
                f"connection_name is {connection_name!r}; allowed are 1 to {_LONGEST_NAME} "
                "characters"
            )
        if provider.self_hosted and not host_arn:
            problems.add(
                f"provider {provider.value} needs host_arn: create a host for your server first"
            )
        if host_arn and not provider.self_hosted:
            problems.add(f"host_arn is given, but {provider.value} is not hosted by you: leave it")
        problems.raise_if_any()
        self._resource = codeconnections.CfnConnection(
            self,
            "Resource",
            connection_name=connection_name,
            # AWS takes one of both: the host knows its provider.
            provider_type=None if host_arn else provider.value,
            host_arn=host_arn,
        )
        self.connection_arn = self._resource.attr_connection_arn

    @property
    def connection_status(self) -> str:
        """PENDING until a person has authorised it, then AVAILABLE; a token."""
        return self._resource.attr_connection_status

    @staticmethod
    def from_connection_arn(
        scope: Construct, construct_id: str, connection_arn: str
    ) -> ConnectionBase:
        """A connection that is there already, authorised by someone.

        Raises ValueError for an ARN of another kind.
        """
        problems = Problems("the connection")
        problems.extend(connection_arn_problems(connection_arn))
        problems.raise_if_any()
        imported = ConnectionBase(scope, construct_id)
        imported.connection_arn = connection_arn
        return imported


def connection_arn_problems(connection_arn: str) -> list[str]:
    """What is wrong with the ARN of a connection; nothing while it is a token."""
    if not is_known(connection_arn) or re.fullmatch(CONNECTION_ARN, connection_arn):
        return []
    return [
        f"connection_arn is {connection_arn!r}; allowed is the ARN of a connection, "
        "arn:aws:codeconnections:REGION:ACCOUNT:connection/ID"
    ]

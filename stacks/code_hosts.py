"""Connections to git providers, and the git services of projects."""

from collections.abc import Sequence

from aws_cdk import aws_ssm as ssm

from mlops_constructs.delivery import Connection, ConnectionBase
from mlops_constructs.projects import CodeHost
from stacks.platform_stack import PlatformStack
from stacks.settings.connections import ConnectionSettings
from stacks.settings.projects import GitSettings

_STACK = "Connections"


def code_host(
    stack: PlatformStack, git: GitSettings | None, connections: Sequence[ConnectionSettings]
) -> CodeHost | None:
    """Returns the git service of repositories; None for CodeCommit.

    Args:
        stack: stack of the project or of its template.
        git: settings of the repositories.
        connections: connections of the account.

    Raises:
        ValueError: the account has no connection of this name.
    """
    if git is None:
        return None
    found = _connection(stack, git.connection, connections)
    if found.existing_arn is None:
        parameter = _parameter(stack, found.name)
        return CodeHost.published_connection(parameter, owner=git.owner, branch=git.branch)
    existing = stack.node.try_find_child(f"Connection-{found.name}")
    connection = (
        existing
        if isinstance(existing, ConnectionBase)
        else Connection.from_connection_arn(stack, f"Connection-{found.name}", found.existing_arn)
    )
    return CodeHost.connection(connection, owner=git.owner, branch=git.branch)


def connection_arn(
    stack: PlatformStack, name: str, connections: Sequence[ConnectionSettings]
) -> str:
    """Returns the ARN of a connection; that of a connection of the platform as a token.

    Args:
        stack: stack that uses the connection.
        name: name of the connection.
        connections: connections of the account.

    Raises:
        ValueError: the account has no connection of this name.
    """
    found = _connection(stack, name, connections)
    return found.existing_arn or ssm.StringParameter.value_for_string_parameter(
        stack, _parameter(stack, found.name)
    )


def _connection(
    stack: PlatformStack, name: str, connections: Sequence[ConnectionSettings]
) -> ConnectionSettings:
    found = next((one for one in connections if one.name == name), None)
    if found is None:
        names = ", ".join(one.name for one in connections) or "none"
        raise ValueError(
            f"{stack.stack_name}: got the connection {name}; allowed are the connections of its "
            f"account: {names}"
        )
    return found


def _parameter(stack: PlatformStack, connection: str) -> str:
    """Returns the parameter in which the stack of the connections publishes an ARN.

    CloudFormation reads it at each deployment, so no stack refers to that of the connections.
    """
    publisher = stack.node.scope.node.try_find_child(_STACK) if stack.node.scope else None
    name = stack.stack_name.removesuffix(stack.node.id) + _STACK
    if isinstance(publisher, PlatformStack):
        stack.add_stack_dependency(publisher)
        name = publisher.stack_name
    return f"/mlops/{name}/{connection}/arn"

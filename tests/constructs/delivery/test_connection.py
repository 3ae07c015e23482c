"""Connections to git providers."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from mlops_constructs.delivery import Connection, GitProvider

HOST = "arn:aws:codeconnections:us-east-1:111111111111:host/ours-0c8f"
SELF_HOSTED = (GitProvider.GITHUB_ENTERPRISE_SERVER, GitProvider.GITLAB_SELF_MANAGED)


@pytest.mark.parametrize("provider", [one for one in GitProvider if one not in SELF_HOSTED])
def test_a_connection_names_its_provider(stack: cdk.Stack, provider: GitProvider) -> None:
    connection = Connection(stack, "Connection", provider=provider, connection_name="team")

    Template.from_stack(stack).has_resource_properties(
        "AWS::CodeConnections::Connection",
        {"ConnectionName": "team", "ProviderType": provider.value},
    )
    assert cdk.Token.is_unresolved(connection.connection_arn)
    assert cdk.Token.is_unresolved(connection.connection_status)


@pytest.mark.parametrize("provider", SELF_HOSTED)
def test_a_server_of_ones_own_is_reached_by_its_host(
    stack: cdk.Stack, provider: GitProvider
) -> None:
    Connection(stack, "Connection", provider=provider, connection_name="team", host_arn=HOST)

    Template.from_stack(stack).has_resource(
        "AWS::CodeConnections::Connection",
        {"Properties": {"ConnectionName": "team", "HostArn": HOST}},
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"connection_name": "a" * 33}, "allowed are 1 to 32 characters"),
        ({"connection_name": ""}, "allowed are 1 to 32 characters"),
        ({"host_arn": HOST}, "GitHub is not self-hosted"),
        ({"provider": GitProvider.GITLAB_SELF_MANAGED}, "GitLabSelfManaged requires one"),
    ],
)
def test_an_invalid_connection_is_rejected(
    stack: cdk.Stack, options: dict[str, Any], words: str
) -> None:
    given = {"provider": GitProvider.GITHUB, "connection_name": "team", **options}
    with pytest.raises(ValueError, match=words):
        Connection(stack, "Connection", **given)


def test_a_region_without_connections_is_rejected() -> None:
    stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(region="ca-west-1"))
    with pytest.raises(ValueError, match="got ca-west-1, where CloudFormation has no AWS::CodeCon"):
        Connection(stack, "Connection", provider=GitProvider.GITHUB, connection_name="team")


def test_an_imported_connection_is_used_like_an_own_one(stack: cdk.Stack) -> None:
    arn = "arn:aws:codestar-connections:eu-west-1:111111111111:connection/0c8f"
    imported = Connection.from_connection_arn(stack, "Imported", arn)

    assert imported.connection_arn == arn
    assert [list(one.resources) for one in imported.use()] == [[arn]]
    with pytest.raises(ValueError, match="allowed is the ARN of a connection"):
        Connection.from_connection_arn(stack, "Other", "arn:aws:s3:::bucket")

"""Connections, the hosts and the git provider behind them, and sources that use them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.codeconnections import CodeConnections
from tests.rehearsal.fakes import SCOPE, FakePlatform
from tests.rehearsal.services.codeconnections.provider import NAME, Provider, pipeline
from tests.rehearsal.services.codepipeline.workshop import ended, stage_state


def test_a_connection_is_pending_until_a_person_authorises_it(
    codeconnections: Any, connection: str, provider: Provider
) -> None:
    shown = codeconnections.get_connection(ConnectionArn=connection)["Connection"]
    assert shown["ConnectionStatus"] == "PENDING"
    assert provider.post("handshake") == (
        200,
        json.dumps({"ConnectionArn": connection, "ConnectionStatus": "AVAILABLE"}),
    )
    listed = codeconnections.list_connections(ProviderTypeFilter="GitHub")["Connections"]
    assert [item["ConnectionStatus"] for item in listed] == ["AVAILABLE"]
    assert codeconnections.list_connections(ProviderTypeFilter="GitLab")["Connections"] == []
    codeconnections.delete_connection(ConnectionArn=connection)
    with pytest.raises(ClientError) as error:
        codeconnections.get_connection(ConnectionArn=connection)
    assert error.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_host_serves_self_hosted_providers(codeconnections: Any) -> None:
    host = codeconnections.create_host(
        Name="ours", ProviderType="GitLabSelfManaged", ProviderEndpoint="https://git.example.com"
    )["HostArn"]
    made = codeconnections.create_connection(HostArn=host, ConnectionName="ours")["ConnectionArn"]
    shown = codeconnections.get_connection(ConnectionArn=made)["Connection"]
    assert (shown["ProviderType"], shown["HostArn"]) == ("GitLabSelfManaged", host)
    codeconnections.update_host(HostArn=host, ProviderEndpoint="https://new.example.com")
    assert codeconnections.get_host(HostArn=host)["ProviderEndpoint"] == "https://new.example.com"
    with pytest.raises(ClientError, match="has connections"):
        codeconnections.delete_host(HostArn=host)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, "Exactly one of ProviderType, HostArn"),
        ({"ProviderType": "GitHubEnterpriseServer"}, "needs a HostArn"),
        ({"HostArn": SCOPE.arn("codeconnections", "host/none")}, "There is no host"),
    ],
)
def test_a_connection_that_names_no_provider_is_rejected(
    codeconnections: Any, request_: dict[str, str], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        codeconnections.create_connection(ConnectionName="x", **request_)
    with pytest.raises(ClientError, match="ProviderType must be one of GitHubEnterpriseServer"):
        codeconnections.create_host(Name="x", ProviderType="GitHub", ProviderEndpoint="https://x")


def test_tags_are_kept(codeconnections: Any, service: CodeConnections, connection: str) -> None:
    tag = {"Key": "team", "Value": "ml"}
    codeconnections.tag_resource(ResourceArn=connection, Tags=[tag])
    assert codeconnections.list_tags_for_resource(ResourceArn=connection)["Tags"] == [tag]
    assert service.resource_tags(connection, SCOPE) == {"team": "ml"}
    codeconnections.untag_resource(ResourceArn=connection, TagKeys=["team"])
    assert codeconnections.list_tags_for_resource(ResourceArn=connection)["Tags"] == []


def test_a_source_behind_a_pending_connection_says_what_to_do(
    codepipeline: Any, connection: str, provider: Provider
) -> None:
    codepipeline.create_pipeline(pipeline=pipeline(connection))
    first = codepipeline.list_pipeline_executions(pipelineName="demo")
    execution = first["pipelineExecutionSummaries"][0]["pipelineExecutionId"]
    assert ended(codepipeline, execution)["status"] == "Failed"
    action = stage_state(codepipeline, "Source")["actionStates"][0]["latestExecution"]
    assert "Update the pending connection" in action["errorDetails"]["message"]


def test_a_role_that_may_not_use_the_connection_gets_no_code(
    codepipeline: Any, connection: str, provider: Provider, platform: FakePlatform
) -> None:
    provider.post("handshake")
    for prefix in ("codeconnections", "codestar-connections"):
        platform.denied.add((f"{prefix}:UseConnection", connection))
    codepipeline.create_pipeline(pipeline=pipeline(connection))
    first = codepipeline.list_pipeline_executions(pipelineName="demo")
    ended(codepipeline, first["pipelineExecutionSummaries"][0]["pipelineExecutionId"])
    action = stage_state(codepipeline, "Source")["actionStates"][0]["latestExecution"]
    assert action["errorDetails"]["code"] == "PermissionError"


@pytest.mark.parametrize(
    ("path", "content", "status", "words"),
    [
        (f"{NAME}/pull-requests", {"source": "none", "target": "main"}, 400, "no branch none"),
        (f"{NAME}/pull-requests", {"source": "main"}, 400, "name a repository"),
        (f"{NAME}/pull-requests/9/close", None, 400, "no open pull request 9"),
        ("x/y/pull-requests/1/close", None, 404, "no repository x/y"),
        ("x/y.git/info/refs", None, 404, "the first push creates it"),
    ],
)
def test_the_provider_says_what_it_does_not_have(
    provider: Provider, path: str, content: Any, status: int, words: str
) -> None:
    provider.commit("main", "model.py")
    answered, text = provider.post(path, content)
    assert answered == status
    assert words in text
    assert provider.post("handshake", method="GET")[0] == 405

"""Connections, the git provider behind them, and the pipelines that it starts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.codeconnections import CodeConnections
from rehearsal.aws.codepipeline import CodePipeline
from rehearsal.aws.codepipeline.git_triggers import glob
from rehearsal.execution.git_http import ReferenceUpdate
from rehearsal.execution.git_provider import GitProvider, ProviderRepository
from rehearsal.execution.git_repository import FileChange, Signature
from tests.rehearsal.aws.codepipeline.workshop import ended, stage_state, wait_for
from tests.rehearsal.fakes import CALLER, ROLE, SCOPE, FakePlatform, ServiceClient

ADA = Signature(name="Ada", email="ada@example.com", date="1700000000 +0000")
NAME = "team/churn"


@pytest.fixture
def platform(tmp_path: Path) -> FakePlatform:
    return FakePlatform(tmp_path)


@pytest.fixture
def service(platform: FakePlatform) -> CodeConnections:
    return CodeConnections(platform)


@pytest.fixture
def codeconnections(service: CodeConnections) -> Any:
    return ServiceClient(service, CALLER)


@pytest.fixture
def codepipeline(platform: FakePlatform) -> Iterator[Any]:
    service = CodePipeline(platform)
    yield ServiceClient(service, CALLER)
    service.close()


@pytest.fixture
def connection(codeconnections: Any) -> str:
    made = codeconnections.create_connection(ProviderType="GitHub", ConnectionName="team")
    return str(made["ConnectionArn"])


class Provider:
    """The provider as its users see it: commits, tags, and requests to its endpoint."""

    def __init__(self, platform: FakePlatform, service: CodeConnections, connection: str) -> None:
        self._service = service
        self._id = connection.rsplit("/", 1)[-1]
        self.provider = GitProvider.of(platform)
        found = self.provider.repository(connection, NAME, create=True)
        assert isinstance(found, ProviderRepository)
        self.repository = found

    def commit(self, branch: str, path: str) -> str:
        git = self.repository.git
        parent = git.branches().get(branch) or git.branches().get("main")
        if branch not in git.branches() and parent:
            git.set_branch(branch, parent)
        old = git.branches().get(branch)
        change = FileChange(path=path, content=f"{path} {old}".encode())
        new = git.write_commit(branch, [change], message=f"Change {path}", author=ADA, parent=old)
        update = ReferenceUpdate(full_name=f"refs/heads/{branch}", old_commit=old, new_commit=new)
        self.provider.pushed(self.repository, [update])
        return new

    def tag(self, name: str) -> None:
        commit = self.repository.git.branches()["main"]
        update = ReferenceUpdate(full_name=f"refs/tags/{name}", old_commit=None, new_commit=commit)
        self.provider.pushed(self.repository, [update])

    def post(self, path: str, content: Any = None, method: str = "POST") -> tuple[int, str]:
        body = json.dumps(content).encode() if content else b""
        for pattern, handler in self._service.raw_routes():
            if pattern.fullmatch(f"/connections/{self._id}/{path}"):
                status, _, answer = handler(method, f"/connections/{self._id}/{path}", {}, {}, body)
                return status, answer.decode()
        raise AssertionError(f"nothing serves {path}")


@pytest.fixture
def provider(platform: FakePlatform, service: CodeConnections, connection: str) -> Provider:
    return Provider(platform, service, connection)


def pipeline(connection: str, **git: Any) -> dict[str, Any]:
    def action(name: str, category: str, provider: str, **more: Any) -> dict[str, Any]:
        kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
        return {"name": name, "actionTypeId": kind, **more}

    configuration = {"ConnectionArn": connection, "FullRepositoryId": NAME, "BranchName": "main"}
    if git:
        configuration["DetectChanges"] = "false"
    source = action(
        "Source",
        "Source",
        "CodeStarSourceConnection",
        configuration=configuration,
        outputArtifacts=[{"name": "Code"}],
        namespace="Source",
    )
    declaration: dict[str, Any] = {
        "name": "demo",
        "roleArn": ROLE,
        "pipelineType": "V2",
        "executionMode": "PARALLEL",
        "artifactStore": {"type": "S3", "location": "store"},
        "stages": [
            {"name": "Source", "actions": [source]},
            {"name": "Ask", "actions": [action("Ask", "Approval", "Manual")]},
        ],
    }
    if git:
        declaration["triggers"] = [
            {
                "providerType": "CodeStarSourceConnection",
                "gitConfiguration": {"sourceActionName": "Source", **git},
            }
        ]
    return declaration


def started(codepipeline: Any) -> list[str]:
    """The commits of executions that a trigger has started, in their order."""
    found = codepipeline.list_pipeline_executions(pipelineName="demo")
    triggered = [
        item["pipelineExecutionId"]
        for item in reversed(found["pipelineExecutionSummaries"])
        if item["trigger"]["triggerType"] == "WebhookV2"
    ]
    return [_commit(codepipeline, identifier) for identifier in triggered]


def _commit(codepipeline: Any, identifier: str) -> str:
    def look() -> Any:
        found = codepipeline.get_pipeline_execution(
            pipelineName="demo", pipelineExecutionId=identifier
        )["pipelineExecution"]
        return found["artifactRevisions"]

    return str(wait_for(look)[0]["revisionId"])


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
        ({}, "either ProviderType or HostArn"),
        ({"ProviderType": "GitHubEnterpriseServer"}, "needs a HostArn"),
        ({"HostArn": SCOPE.arn("codeconnections", "host/none")}, "There is no host"),
    ],
)
def test_a_connection_that_names_no_provider_is_refused(
    codeconnections: Any, request_: dict[str, str], words: str
) -> None:
    with pytest.raises(ClientError, match=words):
        codeconnections.create_connection(ConnectionName="x", **request_)
    with pytest.raises(ClientError, match="is not installed by you"):
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


def test_a_push_to_the_branch_starts_the_pipeline_without_filters(
    codepipeline: Any, connection: str, provider: Provider
) -> None:
    provider.post("handshake")
    codepipeline.create_pipeline(pipeline=pipeline(connection))
    pushed = provider.commit("main", "model.py")
    provider.commit("other", "model.py")
    provider.tag("v1")
    assert started(codepipeline) == [pushed]


def test_branches_and_paths_filter_pushes(
    codepipeline: Any, connection: str, provider: Provider
) -> None:
    provider.post("handshake")
    provider.commit("main", "README.md")
    push = {
        "branches": {"includes": ["main", "release/**"], "excludes": ["release/old"]},
        "filePaths": {"includes": ["model/**"], "excludes": ["**/*.md"]},
    }
    codepipeline.create_pipeline(pipeline=pipeline(connection, push=[push]))
    wanted = [provider.commit("main", "model/train.py")]
    provider.commit("main", "docs/index.rst")
    provider.commit("main", "model/README.md")
    provider.commit("feature", "model/train.py")
    provider.commit("release/old", "model/train.py")
    wanted.append(provider.commit("release/1", "model/train.py"))
    provider.tag("v1")
    assert started(codepipeline) == wanted


def test_tags_filter_pushes(codepipeline: Any, connection: str, provider: Provider) -> None:
    provider.post("handshake")
    pushed = provider.commit("main", "model.py")
    push = {"tags": {"includes": ["v*"], "excludes": ["v0*"]}}
    codepipeline.create_pipeline(pipeline=pipeline(connection, push=[push]))
    for name in ("v0.1", "x", "v1"):
        provider.tag(name)
    assert started(codepipeline) == [pushed]


def test_pull_requests_start_with_the_commit_that_is_to_be_merged(
    codepipeline: Any, connection: str, provider: Provider
) -> None:
    provider.post("handshake")
    provider.commit("main", "README.md")
    wanted = [provider.commit("feature", "model.py")]
    request = {"events": ["OPEN", "UPDATED"], "branches": {"includes": ["main"]}}
    codepipeline.create_pipeline(pipeline=pipeline(connection, pullRequest=[request]))
    opened = provider.post(f"{NAME}/pull-requests", {"source": "feature", "target": "main"})
    assert opened == (200, '{"number": 1}')
    wanted.append(provider.commit("feature", "model.py"))
    assert provider.post(f"{NAME}/pull-requests/1/close")[0] == 200
    provider.commit("feature", "model.py")
    assert started(codepipeline) == wanted


@pytest.mark.parametrize(
    ("path", "content", "status", "words"),
    [
        (f"{NAME}/pull-requests", {"source": "none", "target": "main"}, 400, "no branch none"),
        (f"{NAME}/pull-requests", {"source": "main"}, 400, "name a repository"),
        (f"{NAME}/pull-requests/9/close", None, 400, "no open pull request 9"),
        ("x/y/pull-requests/1/close", None, 404, "no repository x/y"),
        ("x/y.git/info/refs", None, 404, "the first push makes it"),
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


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("*", "a/b", False),
        ("**", "a/b", True),
        ("**/x.py", "x.py", True),
        ("**/x.py", "a/b/x.py", True),
        ("a/?.py", "a/b.py", True),
        ("{main,dev}", "dev", True),
        ("[ab]", "c", False),
        ("[!ab]", "c", True),
        ("a.b", "axb", False),
    ],
)
def test_patterns_are_globs(pattern: str, text: str, matches: bool) -> None:
    assert glob(pattern, text) is matches

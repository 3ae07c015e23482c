"""The provider behind a connection as its users see it, and a pipeline that it starts."""

from __future__ import annotations

import json
from typing import Any

from rehearsal.git.provider import GitProvider, ProviderRepository
from rehearsal.git.repository import FileChange, Signature
from rehearsal.git.smart_http import ReferenceUpdate
from rehearsal.services.codeconnections import CodeConnections
from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.services.codepipeline.workshop import wait_for

ADA = Signature(name="Ada", email="ada@example.com", date="1700000000 +0000")


NAME = "team/churn"


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

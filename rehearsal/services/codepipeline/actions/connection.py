"""Source action CodeStarSourceConnection: a repository at a git provider outside of AWS.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.git.connection_use import authorize_use
from rehearsal.git.provider import GitProvider
from rehearsal.git.repository import Commit, GitRepository
from rehearsal.services.codepipeline.actions.action import (
    ActionFailedError,
    ActionProvider,
    ActionResult,
    ActionRun,
)
from rehearsal.services.codepipeline.records import Revision

PROVIDER = "CodeStarSourceConnection"


def run(action: ActionRun) -> ActionResult:
    """Archives the tip of a branch, or the commit of a trigger or a start."""
    arn = action.configuration["ConnectionArn"]
    name = action.configuration["FullRepositoryId"]
    branch = action.requested_branch or action.configuration["BranchName"]
    git = _repository(action, arn, name)
    commit_id = action.requested_revision or git.branches().get(branch)
    commit = git.commit(commit_id) if commit_id else None
    if commit is None:
        raise ActionFailedError(
            f"[{_provider_of(arn)}] No Branch [{branch}] found for FullRepositoryName [{name}]",
            code="ConfigurationError",
        )
    artifact = action.output_names[0]
    with tempfile.TemporaryDirectory(prefix="connection-") as scratch:
        archive = Path(scratch) / "source.zip"
        git.archive(commit.commit_id, archive)
        location = action.put_artifact(artifact, archive, revision=commit.commit_id)
    date = datetime.fromtimestamp(int(commit.author.date.split(" ")[0]), UTC)
    return ActionResult(
        outputs={artifact: location},
        variables={
            "AuthorDate": date.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "AuthorDisplayName": commit.author.name,
            "AuthorEmail": commit.author.email,
            "BranchName": branch,
            "CommitId": commit.commit_id,
            "CommitMessage": commit.message,
            "ConnectionArn": arn,
            "FullRepositoryName": name,
        },
        revision=Revision(
            identifier=commit.commit_id,
            summary=f'{{"ProviderType":"{_provider_of(arn)}","CommitMessage":"{_first(commit)}"}}',
            created=date,
        ),
        summary=f"{commit.commit_id[:8]}: {_first(commit)}",
    )


def _repository(action: ActionRun, arn: str, name: str) -> GitRepository:
    """Returns the repository of an authorised connection that the role may use."""
    try:
        authorize_use(
            action.platform, action.principal_arn, arn, repository=name, action="GetBranch"
        )
    except AwsError as error:
        raise ActionFailedError(error.message, code="PermissionError") from error
    provider = GitProvider.of(action.platform)
    if arn not in provider.available:
        raise ActionFailedError(
            f"Connection {arn} is not available. Update the pending connection in the console; in "
            f"a rehearsal: POST /connections/{arn.rsplit('/', 1)[-1]}/handshake",
            code="ConfigurationError",
        )
    found = provider.repository(arn, name)
    if found is None:
        raise ActionFailedError(
            f"[{_provider_of(arn)}] No repository found for FullRepositoryName [{name}]",
            code="ConfigurationError",
        )
    return found.git


def _provider_of(arn: str) -> str:
    return f"connection {arn.rsplit('/', 1)[-1]}"


def _first(commit: Commit) -> str:
    return commit.message.partition("\n")[0]


def _check(configuration: Mapping[str, Any]) -> list[str]:
    problems = []
    chosen = configuration.get("OutputArtifactFormat", "CODE_ZIP")
    if chosen != "CODE_ZIP":
        problems.append(
            f"OutputArtifactFormat is {chosen}; the rehearsal supports CODE_ZIP for connections"
        )
    if "/" not in configuration["FullRepositoryId"]:
        problems.append("FullRepositoryId is the owner and the name: owner/name")
    return problems


CONNECTION = ActionProvider(
    category="Source",
    provider=PROVIDER,
    run=run,
    required=frozenset({"ConnectionArn", "FullRepositoryId", "BranchName"}),
    optional=frozenset({"DetectChanges", "OutputArtifactFormat"}),
    inputs=(0, 0),
    outputs=(1, 1),
    check=_check,
)

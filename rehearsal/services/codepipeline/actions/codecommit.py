"""Source action CodeCommit.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodeCommit.html
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.framework import zip_archive
from rehearsal.framework.platform import AwsError, Scope
from rehearsal.git.repository import CLONE_REFERENCE, GitRepository, repository_directory
from rehearsal.services.codepipeline.actions.action import (
    ActionFailedError,
    ActionProvider,
    ActionResult,
    ActionRun,
)
from rehearsal.services.codepipeline.records import Revision

_FORMATS = ("CODE_ZIP", "CODEBUILD_CLONE_REF")
_MAX_SUMMARY_LENGTH = 1500


def run(action: ActionRun) -> ActionResult:
    """Archives the tip of a branch, or the commit of StartPipelineExecution."""
    name = action.configuration["RepositoryName"]
    branch = action.configuration["BranchName"]
    codecommit = action.client("codecommit")
    try:
        commit_id = action.requested_revision
        if commit_id is None:
            found = codecommit.get_branch(repositoryName=name, branchName=branch)
            commit_id = str(found["branch"]["commitId"])
        commit = codecommit.get_commit(repositoryName=name, commitId=commit_id)["commit"]
    except ClientError as error:
        if error.response["Error"]["Code"].endswith("DoesNotExistException"):
            raise ActionFailedError(
                f"Either the CodeCommit repository {name} does not exist or the branch {branch} "
                f"was not found: {error.response['Error']['Message']}",
                code="ConfigurationError",
            ) from error
        raise
    archive_format = action.configuration.get("OutputArtifactFormat", "CODE_ZIP")
    artifact = action.output_names[0]
    with tempfile.TemporaryDirectory(prefix="codecommit-") as scratch:
        archive = Path(scratch) / "source.zip"
        if archive_format == "CODE_ZIP":
            _archive(action, name, commit_id, archive)
        else:
            _reference(action, name, branch, commit_id, archive)
        location = action.put_artifact(artifact, archive, revision=commit_id)
    region = action.record.region
    revision = Revision(
        identifier=commit_id,
        summary=commit["message"][:_MAX_SUMMARY_LENGTH],
        url=(
            f"https://{region}.console.aws.amazon.com/codesuite/codecommit/repositories/{name}"
            f"/commit/{commit_id}?region={region}"
        ),
        created=_date(commit["committer"]["date"]),
    )
    return ActionResult(
        outputs={artifact: location},
        variables={
            "CommitId": commit_id,
            "BranchName": branch,
            "RepositoryName": name,
            "CommitMessage": commit["message"],
            "AuthorDate": _iso(commit["author"]["date"]),
            "CommitterDate": _iso(commit["committer"]["date"]),
        },
        revision=revision,
        summary=f"{commit_id[:8]}: {commit['message'].partition(chr(10))[0]}",
    )


def _archive(action: ActionRun, name: str, commit_id: str, archive: Path) -> None:
    """Performs UploadArchive, which CodeCommit does for CodePipeline without a public API."""
    account = action.principal_arn.split(":")[4]
    scope = Scope(account, action.record.region)
    arn = scope.arn("codecommit", name)
    try:
        for step in ("UploadArchive", "GetUploadArchiveStatus"):
            action.platform.authorize(action.principal_arn, f"codecommit:{step}", arn, scope)
    except AwsError as error:
        raise ActionFailedError(error.message, code="PermissionError") from error
    directory = repository_directory(action.platform.state_directory, scope, name)
    GitRepository(directory).archive(commit_id, archive)


def _reference(action: ActionRun, name: str, branch: str, commit_id: str, archive: Path) -> None:
    """Writes a CODEBUILD_CLONE_REF, with which CodeBuild clones by its own role."""
    found = action.client("codecommit").get_repository(repositoryName=name)
    reference = archive.with_suffix(".json")
    reference.write_text(
        json.dumps(
            {
                "cloneUrl": found["repositoryMetadata"]["cloneUrlHttp"],
                "branchName": branch,
                "commitId": commit_id,
            }
        )
    )
    zip_archive.pack(archive, [(CLONE_REFERENCE, reference)])


def _date(raw: str) -> datetime:
    return datetime.fromtimestamp(int(raw.split(" ")[0]), UTC)


def _iso(raw: str) -> str:
    return _date(raw).strftime("%Y-%m-%dT%H:%M:%SZ")


def _check(configuration: Mapping[str, Any]) -> list[str]:
    problems = []
    polls = configuration.get("PollForSourceChanges", "true")
    if polls != "false":
        problems.append(
            "the rehearsal does not poll CodeCommit: set PollForSourceChanges to false and start "
            "the pipeline with an EventBridge rule, as AWS recommends (it defaults to true)"
        )
    chosen = configuration.get("OutputArtifactFormat", "CODE_ZIP")
    if chosen not in _FORMATS:
        problems.append(f"OutputArtifactFormat must be {' or '.join(_FORMATS)}, got {chosen}")
    return problems


CODECOMMIT = ActionProvider(
    category="Source",
    provider="CodeCommit",
    run=run,
    required=frozenset({"RepositoryName", "BranchName"}),
    optional=frozenset({"PollForSourceChanges", "OutputArtifactFormat"}),
    inputs=(0, 0),
    outputs=(1, 1),
    check=_check,
)

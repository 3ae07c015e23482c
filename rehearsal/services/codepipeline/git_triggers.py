"""Events of a git provider that start a pipeline.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-triggers.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.git.provider import GitEvent
from rehearsal.services.codepipeline.actions.connection import PROVIDER

_TOKEN = re.compile(r"\*\*/|\*\*|\*|\?|\{[^{}]*\}|\[[^\]]*\]|.", re.DOTALL)


def wanted_revisions(declaration: Mapping[str, Any], event: GitEvent) -> list[dict[str, str]]:
    """Returns the source revisions with which an event starts the pipeline, if it does."""
    revisions = []
    for action in declaration["stages"][0]["actions"]:
        if action["actionTypeId"]["provider"] != PROVIDER:
            continue
        configuration = action["configuration"]
        if (configuration["ConnectionArn"], configuration["FullRepositoryId"]) != (
            event.connection_arn,
            event.repository,
        ):
            continue
        if _starts(declaration, action, event):
            revisions.append(
                {
                    "actionName": action["name"],
                    "revisionType": "COMMIT_ID",
                    "revisionValue": event.commit_id,
                    "branchName": event.branch,
                }
            )
    return revisions


def _starts(declaration: Mapping[str, Any], action: Mapping[str, Any], event: GitEvent) -> bool:
    for trigger in declaration.get("triggers", []):
        git = trigger["gitConfiguration"]
        if git["sourceActionName"] == action["name"]:
            return _passes(git, event)
    configuration = action["configuration"]
    detects = configuration.get("DetectChanges", "true") != "false"
    return detects and event.kind == "branch" and event.name == configuration["BranchName"]


def _passes(git: Mapping[str, Any], event: GitEvent) -> bool:
    if event.of_pull_request:
        return any(
            event.kind in one.get("events", [event.kind])
            and _matches(one.get("branches"), event.name)
            and _touches(one.get("filePaths"), event.paths)
            for one in git.get("pullRequest", [])
        )
    if event.kind == "tag":
        tags = [one["tags"] for one in git.get("push", []) if "tags" in one]
        return any(_matches(one, event.name) for one in tags)
    return any(
        _matches(one.get("branches"), event.name) and _touches(one.get("filePaths"), event.paths)
        for one in git.get("push", [])
        if "tags" not in one
    )


def _touches(criteria: Mapping[str, Any] | None, paths: Sequence[str]) -> bool:
    return criteria is None or any(_matches(criteria, path) for path in paths)


def _matches(criteria: Mapping[str, Any] | None, text: str) -> bool:
    """Returns True if criteria match; exclusions override inclusions, which default to all."""
    if criteria is None:
        return True
    if any(glob(pattern, text) for pattern in criteria.get("excludes", [])):
        return False
    includes = criteria.get("includes", [])
    return not includes or any(glob(pattern, text) for pattern in includes)


def glob(pattern: str, text: str) -> bool:
    """Returns True if a text matches: `**` matches slashes, `*` and `?` do not, `{a,b}` chooses."""
    return re.fullmatch("".join(map(_expression, _TOKEN.findall(pattern))), text) is not None


def _expression(part: str) -> str:
    if part == "**/":
        return "(?:.*/)?"
    if part == "**":
        return ".*"
    if part == "*":
        return "[^/]*"
    if part == "?":
        return "[^/]"
    if part.startswith("{") and len(part) > 1:
        return f"(?:{'|'.join(map(re.escape, part[1:-1].split(',')))})"
    if part.startswith("[") and len(part) > 1:
        return part.replace("[!", "[^")
    return re.escape(part)

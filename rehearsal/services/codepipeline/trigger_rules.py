"""Rules of CodePipeline for triggers.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-filter.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PROVIDER = "CodeStarSourceConnection"
_KINDS = ("branches", "filePaths", "tags")


def trigger_problems(declaration: Mapping[str, Any]) -> list[str]:
    """Returns one message per problem of the triggers of a pipeline."""
    sources = {action["name"]: action for action in declaration["stages"][0]["actions"]}
    problems = []
    seen = set()
    for trigger in declaration.get("triggers", []):
        git = trigger["gitConfiguration"]
        name = git["sourceActionName"]
        where = f"Trigger of {name}"
        source = sources.get(name)
        if source is None or source["actionTypeId"]["provider"] != _PROVIDER:
            problems.append(f"{where}: there is no source action {name} of provider {_PROVIDER}")
        if name in seen:
            problems.append(f"{where}: a source action has one trigger")
        seen.add(name)
        if not git.get("push") and not git.get("pullRequest"):
            problems.append(f"{where}: gitConfiguration needs push or pullRequest")
        problems += [f"{where}: {item}" for item in _filter_problems(git)]
    return problems


def _filter_problems(git: Mapping[str, Any]) -> list[str]:
    problems = []
    for push in git.get("push", []):
        if not push:
            problems.append("a push filter is empty")
        if "tags" in push and len(push) > 1:
            problems.append("a push filter has tags, or branches and filePaths, not both")
        if "filePaths" in push and "branches" not in push:
            problems.append("a push filter with filePaths needs branches")
    problems += [
        "a pullRequest filter needs branches"
        for request in git.get("pullRequest", [])
        if "branches" not in request
    ]
    for one in (*git.get("push", []), *git.get("pullRequest", [])):
        problems += [
            f"{kind} of a filter has neither includes nor excludes"
            for kind in _KINDS
            if kind in one and not one[kind].get("includes") and not one[kind].get("excludes")
        ]
    return problems

"""EventBridge events of CodeCommit repositories, filtered by branch and tag patterns."""

from typing import Any

import jsii
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk.interfaces import aws_events as events_interfaces

from mlops_constructs._problems import is_known

from .trigger_filter import TriggerFilter

_ANY = "**"
_GLOB = "*?[]{}"


@jsii.implements(events.IRuleTarget)
class StartAtPushedCommit:
    """Starts the pipeline with the commit of the event, which can be on any branch.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/triggering.html describes the input.
    """

    def __init__(self, start: targets.CodePipeline, action_name: str) -> None:
        self._start = start
        self._action_name = action_name

    def bind(
        self,
        rule: events_interfaces.IRuleRef,
        id: str | None = None,  # noqa: A002 - name given by the interface
    ) -> events.RuleTargetConfig:
        """Returns the pipeline as the target, with the commit as the revision of its source."""
        start = self._start.bind(rule, id)
        revision = {
            "actionName": self._action_name,
            "revisionType": "COMMIT_ID",
            "revisionValue": events.EventField.from_path("$.detail.commitId"),
        }
        return events.RuleTargetConfig(
            arn=start.arn,
            role=start.role,
            input=events.RuleTargetInput.from_object({"sourceRevisions": [revision]}),
            target_resource=start.target_resource,
        )


def unsupported_by_events(one: TriggerFilter) -> list[str]:
    """Validates a filter against CodeCommit events and EventBridge patterns.

    Returns:
        One message per problem.
    """
    if one.of_pull_requests:
        return [
            "filters: got a filter of pull requests, which CodePipeline supports for connections "
            "only; use PullRequestBuild"
        ]
    problems = []
    if one.paths or one.excluded_paths:
        problems.append(
            "filters: got file paths, but CodeCommit events do not contain the changed files; use "
            "a connection, or a separate repository for each part"
        )
    problems += [
        f"filters: got the pattern {pattern!r}, which EventBridge does not support; allowed are "
        "'**' and plain characters: use '**' to match slashes as well, or list each branch"
        for pattern in (*one.includes, *one.excludes)
        if is_known(pattern) and any(sign in pattern.replace(_ANY, "") for sign in _GLOB)
    ]
    return problems


def event_detail(one: TriggerFilter) -> dict[str, Any]:
    """Returns the event pattern of a filter.

    Excluded patterns match the full name, another field, so that both lists must hold.
    """
    kind, folder = ("tag", "refs/tags/") if one.of_tags else ("branch", "refs/heads/")
    detail: dict[str, Any] = {"referenceType": [kind]}
    if one.includes:
        detail["referenceName"] = [_pattern(text) for text in one.includes]
    if one.excludes:
        wildcards = [f"{folder}{text.replace(_ANY, '*')}" for text in one.excludes]
        detail["referenceFullName"] = [{"anything-but": {"wildcard": wildcards}}]
    return detail


def _pattern(text: str) -> Any:
    return {"wildcard": text.replace(_ANY, "*")} if _ANY in text else text

"""A pipeline's code from CodeCommit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import jsii
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk.interfaces import aws_events as events_interfaces
from constructs import Construct

from mlops_constructs._problems import is_known
from mlops_constructs.access.service_role import Permission

from ._start_rule import start_rule
from .pipeline_action import PipelineAction
from .source import ACTION_NAME, NAMESPACE, Source, empty_problems, refuse
from .trigger_filter import TriggerFilter, filter_problems

_ANY = "**"
_GLOB = "*?[]{}"


class CodeCommitSource(Source):
    """A branch of a repository, or what filters name."""

    revision = f"#{{{NAMESPACE}.CommitId}}"

    def __init__(
        self, repository: codecommit.IRepository, branch: str, filters: Sequence[TriggerFilter]
    ) -> None:
        refuse(
            "CodeCommit source",
            [
                *empty_problems(branch=branch),
                *filter_problems(filters),
                *(problem for one in filters for problem in _unsupported(one)),
            ],
        )
        self.repository = repository
        self._branch = branch
        self._filters = filters

    def bind(self, *, output: codepipeline.Artifact) -> PipelineAction:
        action = actions.CodeCommitSourceAction(
            action_name=ACTION_NAME,
            repository=self.repository,
            branch=self._branch,
            output=output,
            variables_namespace=NAMESPACE,
            # The rule that the action would make has an id with the name of the stack in it.
            trigger=actions.CodeCommitTrigger.NONE,
        )
        permission = Permission(
            actions=[
                "codecommit:CancelUploadArchive",
                "codecommit:GetBranch",
                "codecommit:GetCommit",
                "codecommit:GetRepository",
                "codecommit:GetUploadArchiveStatus",
                "codecommit:UploadArchive",
            ],
            resources=[self.repository.repository_arn],
        )
        return PipelineAction(action=action, permissions=[permission])

    def trigger(self, scope: Construct, start: targets.CodePipeline) -> None:
        if not self._filters:
            self._rule(scope, "Push", start, {"referenceName": [self._branch]})
        for number, one in enumerate(self._filters, 1):
            self._rule(scope, f"Push{number}", _AtPushedCommit(start), _detail(one))

    def _rule(
        self,
        scope: Construct,
        construct_id: str,
        target: events.IRuleTarget,
        detail: Mapping[str, Any],
    ) -> None:
        start_rule(
            scope,
            construct_id,
            description="A push to the source starts the pipeline",
            pattern=events.EventPattern(
                source=["aws.codecommit"],
                detail_type=["CodeCommit Repository State Change"],
                resources=[self.repository.repository_arn],
                detail={"event": ["referenceCreated", "referenceUpdated"], **detail},
            ),
            target=target,
        )


@jsii.implements(events.IRuleTarget)
class _AtPushedCommit:
    """Starts the pipeline with the commit of the event, which may be on any branch.

    https://docs.aws.amazon.com/codepipeline/latest/userguide/triggering.html describes the input.
    """

    def __init__(self, start: targets.CodePipeline) -> None:
        self._start = start

    def bind(
        self,
        rule: events_interfaces.IRuleRef,
        id: str | None = None,  # noqa: A002 - the interface's word
    ) -> events.RuleTargetConfig:
        start = self._start.bind(rule, id)
        revision = {
            "actionName": ACTION_NAME,
            "revisionType": "COMMIT_ID",
            "revisionValue": events.EventField.from_path("$.detail.commitId"),
        }
        return events.RuleTargetConfig(
            arn=start.arn,
            role=start.role,
            input=events.RuleTargetInput.from_object({"sourceRevisions": [revision]}),
            target_resource=start.target_resource,
        )


def _unsupported(one: TriggerFilter) -> list[str]:
    """What the events of CodeCommit, or the patterns of EventBridge, cannot express."""
    if one.of_pull_requests:
        return [
            "a filter of pull requests is given; CodePipeline follows those of connections only: "
            "use PullRequestBuild"
        ]
    problems = []
    if one.paths or one.excluded_paths:
        problems.append(
            "a filter has file paths; the events of CodeCommit do not name the changed files: use "
            "a connection, or a repository of its own for each part"
        )
    problems += [
        f"the pattern {pattern!r} cannot be matched by EventBridge; allowed is '**' beside plain "
        "characters: write '**' where slashes may follow, or name each branch"
        for pattern in (*one.includes, *one.excludes)
        if is_known(pattern) and any(sign in pattern.replace(_ANY, "") for sign in _GLOB)
    ]
    return problems


def _detail(one: TriggerFilter) -> dict[str, Any]:
    """The event pattern; the full name is a second field, so that both lists must hold."""
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

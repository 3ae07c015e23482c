"""A pipeline's code from a git provider outside of AWS."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from mlops_constructs.access.service_role import Permission

from .connection import connection_arn_problems
from .pipeline_action import PipelineAction
from .source import ACTION_NAME, NAMESPACE, Source, empty_problems, refuse
from .trigger_filter import TriggerFilter, filter_problems


class ConnectionSource(Source):
    """A repository that AWS CodeConnections reaches."""

    revision = f"#{{{NAMESPACE}.CommitId}}"

    def __init__(
        self,
        connection_arn: str,
        owner: str,
        repository: str,
        branch: str,
        filters: Sequence[TriggerFilter],
    ) -> None:
        refuse(
            "CodeConnections source",
            [
                *empty_problems(
                    connection_arn=connection_arn, owner=owner, repository=repository, branch=branch
                ),
                *(connection_arn_problems(connection_arn) if connection_arn else ()),
                *filter_problems(filters),
            ],
        )
        self._connection_arn = connection_arn
        self._owner = owner
        self._repository = repository
        self._branch = branch
        self._filters = filters

    def filtered(self, *filters: TriggerFilter) -> ConnectionSource:
        """The same repository, whose pipeline starts on other events."""
        return ConnectionSource(
            self._connection_arn, self._owner, self._repository, self._branch, filters
        )

    def bind(self, *, output: codepipeline.Artifact) -> PipelineAction:
        action = actions.CodeStarConnectionsSourceAction(
            action_name=ACTION_NAME,
            connection_arn=self._connection_arn,
            owner=self._owner,
            repo=self._repository,
            branch=self._branch,
            output=output,
            variables_namespace=NAMESPACE,
            # Filters replace the action's own detection of changes; both together are refused.
            trigger_on_push=None if not self._filters else False,
        )
        # Both names of the service are in use; which one is judged depends on the connection.
        permission = Permission(
            actions=["codeconnections:UseConnection", "codestar-connections:UseConnection"],
            resources=[self._connection_arn],
        )
        return PipelineAction(action=action, permissions=[permission])

    def trigger(self, scope: Construct, start: targets.CodePipeline) -> None:
        """Nothing to add: CodePipeline listens to the connection by itself."""

    def git_triggers(self, action: codepipeline.IAction) -> list[codepipeline.TriggerProps]:
        if not self._filters:
            return []
        pushes = [one.push_filter() for one in self._filters if not one.of_pull_requests]
        requests = [one.pull_request_filter() for one in self._filters if one.of_pull_requests]
        return [
            codepipeline.TriggerProps(
                provider_type=codepipeline.ProviderType.CODE_STAR_SOURCE_CONNECTION,
                git_configuration=codepipeline.GitConfiguration(
                    source_action=action,
                    push_filter=pushes or None,
                    pull_request_filter=requests or None,
                ),
            )
        ]

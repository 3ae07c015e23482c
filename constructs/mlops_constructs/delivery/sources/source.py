"""Sources of a pipeline's code."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import Permission
from mlops_constructs.delivery.pipeline_action import PipelineAction

from ._code_commit_events import StartAtPushedCommit, event_detail, unsupported_by_events
from ._start_rule import start_rule
from .connection import ConnectionBase, connection_arn_problems, use_of_connection
from .trigger_filter import TriggerFilter, filter_problems

_ACTION_NAME = "Source"
_NAMESPACE = "Source"


class Source(ABC):
    """Defines the source of a pipeline; a push to it starts the pipeline.

    Example:
        ```python
        connection = Connection(
            stack, "SourceConnection", provider=GitProvider.GITHUB, connection_name="source"
        )
        Source.connection(connection, "my-organisation", "churn-model-build")
        Source.s3(bucket, "churn/model_build.zip")
        ```
    """

    revision: str
    """Pipeline variable with the revision of the source; valid in an image tag."""

    @staticmethod
    def code_commit(
        repository: codecommit.IRepository,
        branch: str = "main",
        *,
        filters: Sequence[TriggerFilter] = (),
    ) -> Source:
        """Returns a CodeCommit repository as the source; an EventBridge rule detects pushes.

        Args:
            repository: the repository.
            branch: branch whose pushes start the pipeline, and that a manual start uses. Defaults
                to "main".
            filters: filters of pushes that start the pipeline with the pushed commit, in place of
                pushes to `branch`. Defaults to (): pushes to `branch` start it.

        Raises:
            ValueError: if the branch is empty, or EventBridge does not support a filter:
                CodeCommit events do not contain the changed files, and only `**` is supported in
                patterns.
        """
        return CodeCommitSource(repository, branch, filters)

    @staticmethod
    def connection(
        connection: ConnectionBase,
        owner: str,
        repository: str,
        branch: str = "main",
        *,
        filters: Sequence[TriggerFilter] = (),
    ) -> Source:
        """Returns a repository at GitHub, GitLab, Bitbucket, Azure DevOps or a self-hosted server.

        Args:
            connection: authorised connection to the provider.
            owner: organisation, group path or user that owns the repository.
            repository: name of the repository without the owner.
            branch: branch whose pushes start the pipeline, and that a manual start uses. Defaults
                to "main".
            filters: filters of pushes and pull requests, up to three of each, that start the
                pipeline with their commit, in place of pushes to `branch`. Defaults to (): pushes
                to `branch` start it.

        Raises:
            ValueError: if a name is empty, or there are more than three filters of a kind.
        """
        return Source.code_connections(
            connection.connection_arn, owner, repository, branch, filters=filters
        )

    @staticmethod
    def code_connections(
        connection_arn: str,
        owner: str,
        repository: str,
        branch: str = "main",
        *,
        filters: Sequence[TriggerFilter] = (),
    ) -> Source:
        """Returns a repository behind a connection that is given by its ARN; see `connection`.

        Args:
            connection_arn: ARN of the authorised connection.
            owner: organisation, group path or user that owns the repository.
            repository: name of the repository without the owner.
            branch: branch whose pushes start the pipeline, and that a manual start uses. Defaults
                to "main".
            filters: filters of pushes and pull requests, up to three of each, that start the
                pipeline with their commit, in place of pushes to `branch`. Defaults to (): pushes
                to `branch` start it.

        Raises:
            ValueError: if the ARN is not that of a connection, a name is empty, or there are more
                than three filters of a kind.
        """
        return ConnectionSource(connection_arn, owner, repository, branch, filters)

    @staticmethod
    def s3(bucket: s3.IBucket, key: str) -> Source:
        """Returns a zip file in a versioned bucket; each new version starts the pipeline.

        The bucket must send its events to EventBridge (`event_bridge_enabled=True`). Without it, S3
        events would need an AWS CloudTrail trail.

        Args:
            bucket: the bucket.
            key: key of the zip file.

        Raises:
            ValueError: if the key is empty.
        """
        return S3Source(bucket, key)

    @abstractmethod
    def bind(self, *, output: codepipeline.Artifact) -> PipelineAction:
        """Returns the source action.

        Args:
            output: artifact that the action writes the files to.
        """

    @abstractmethod
    def trigger(self, scope: Construct, start: targets.CodePipeline) -> None:
        """Creates the rules that start the pipeline, unless the action has a trigger.

        Args:
            scope: parent construct.
            start: the pipeline, as the target of a rule.
        """

    def git_triggers(self, action: codepipeline.IAction) -> list[codepipeline.TriggerProps]:
        """Returns the filters that CodePipeline itself applies; none by default.

        Args:
            action: the source action.
        """
        return []


class CodeCommitSource(Source):
    """A CodeCommit repository, with events of a branch or of filters."""

    revision = f"#{{{_NAMESPACE}.CommitId}}"

    def __init__(
        self, repository: codecommit.IRepository, branch: str, filters: Sequence[TriggerFilter]
    ) -> None:
        _validate(
            "Source.code_commit",
            [
                *_empty_problems(branch=branch),
                *filter_problems(filters),
                *(problem for one in filters for problem in unsupported_by_events(one)),
            ],
        )
        self.repository = repository
        self._branch = branch
        self._filters = filters

    def bind(self, *, output: codepipeline.Artifact) -> PipelineAction:
        """Returns the source action without the trigger of the CDK."""
        action = actions.CodeCommitSourceAction(
            action_name=_ACTION_NAME,
            repository=self.repository,
            branch=self._branch,
            output=output,
            variables_namespace=_NAMESPACE,
            # The id of the rule that the action would create contains the name of the stack.
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
        return _action(action, [permission], output)

    def trigger(self, scope: Construct, start: targets.CodePipeline) -> None:
        """Creates a rule for the branch, or one for each filter."""
        if not self._filters:
            self._rule(scope, "Push", start, {"referenceName": [self._branch]})
        for number, one in enumerate(self._filters, 1):
            target = StartAtPushedCommit(start, _ACTION_NAME)
            self._rule(scope, f"Push{number}", target, event_detail(one))

    def _rule(
        self,
        scope: Construct,
        construct_id: str,
        target: events.IRuleTarget,
        detail: dict[str, object],
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


class ConnectionSource(Source):
    """A repository of a third-party git provider, reached through AWS CodeConnections."""

    revision = f"#{{{_NAMESPACE}.CommitId}}"

    def __init__(
        self,
        connection_arn: str,
        owner: str,
        repository: str,
        branch: str,
        filters: Sequence[TriggerFilter],
    ) -> None:
        _validate(
            "Source.connection",
            [
                *_empty_problems(
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
        """Returns the same repository with other filters."""
        return ConnectionSource(
            self._connection_arn, self._owner, self._repository, self._branch, filters
        )

    def bind(self, *, output: codepipeline.Artifact) -> PipelineAction:
        """Returns the source action; it detects pushes unless there are filters."""
        action = actions.CodeStarConnectionsSourceAction(
            action_name=_ACTION_NAME,
            connection_arn=self._connection_arn,
            owner=self._owner,
            repo=self._repository,
            branch=self._branch,
            output=output,
            variables_namespace=_NAMESPACE,
            # AWS does not support filters together with the action's change detection.
            trigger_on_push=None if not self._filters else False,
        )
        return _action(action, use_of_connection(self._connection_arn), output)

    def trigger(self, scope: Construct, start: targets.CodePipeline) -> None:
        """Creates no rules: CodePipeline subscribes to the connection itself."""

    def git_triggers(self, action: codepipeline.IAction) -> list[codepipeline.TriggerProps]:
        """Returns one trigger with all filters, or none if there are no filters."""
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


class S3Source(Source):
    """A zip file in a versioned bucket."""

    # A version id can start with a character that is not valid at the start of an image tag.
    revision = f"v#{{{_NAMESPACE}.VersionId}}"

    def __init__(self, bucket: s3.IBucket, key: str) -> None:
        _validate("Source.s3", _empty_problems(key=key))
        self._bucket = bucket
        self._key = key

    def bind(self, *, output: codepipeline.Artifact) -> PipelineAction:
        """Returns the source action without a trigger."""
        action = actions.S3SourceAction(
            action_name=_ACTION_NAME,
            bucket=self._bucket,
            bucket_key=self._key,
            output=output,
            variables_namespace=_NAMESPACE,
            trigger=actions.S3Trigger.NONE,
        )
        permissions = [
            Permission(
                actions=["s3:GetObject", "s3:GetObjectVersion"],
                resources=[self._bucket.arn_for_objects(self._key)],
            ),
            Permission(
                actions=["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:GetBucketVersioning"],
                resources=[self._bucket.bucket_arn],
            ),
        ]
        if self._bucket.encryption_key is not None:
            key_arn = self._bucket.encryption_key.key_arn
            permissions.append(Permission(actions=["kms:Decrypt"], resources=[key_arn]))
        return _action(action, permissions, output)

    def trigger(self, scope: Construct, start: targets.CodePipeline) -> None:
        """Creates a rule for new versions of the zip file."""
        start_rule(
            scope,
            "NewVersion",
            description="A new version of the source starts the pipeline",
            pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [self._bucket.bucket_name]},
                    "object": {"key": [self._key]},
                },
            ),
            target=start,
        )


def _empty_problems(**values: str) -> list[str]:
    return [
        f"{name}: got an empty text; enter a value"
        for name, value in values.items()
        if is_known(value) and not value
    ]


def _validate(subject: str, problems: Sequence[str]) -> None:
    found = Problems(subject)
    found.extend(problems)
    found.raise_if_any()


def _action(
    action: codepipeline.IAction, permissions: Sequence[Permission], output: codepipeline.Artifact
) -> PipelineAction:
    return PipelineAction(
        action=action, permissions=permissions, outputs=(output,), namespaces=(_NAMESPACE,)
    )

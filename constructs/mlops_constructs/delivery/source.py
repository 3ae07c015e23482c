"""Where a pipeline's code comes from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._problems import Problems, is_known

from .connection import ConnectionBase
from .pipeline_action import PipelineAction
from .trigger_filter import TriggerFilter

ACTION_NAME = "Source"
NAMESPACE = "Source"


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
    """Variable of the pipeline that identifies the revision, fit for an image tag."""

    @staticmethod
    def code_commit(
        repository: codecommit.IRepository,
        branch: str = "main",
        *,
        filters: Sequence[TriggerFilter] = (),
    ) -> Source:
        """A CodeCommit repository; a rule of EventBridge reports pushes.

        Args:
            repository: the repository.
            branch: the branch whose pushes start the pipeline, and that a start by hand takes.
            filters: pushes to branches or of tags that start the pipeline instead, with the commit
                that was pushed. Default: pushes to `branch`.

        Raises ValueError for an empty branch, and for filters that EventBridge cannot express:
        CodeCommit's events do not name the changed files, and its patterns know `**` only.
        """
        from ._code_commit_source import CodeCommitSource

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
        """A repository at GitHub, GitLab, Bitbucket, Azure DevOps or a server of one's own.

        Args:
            connection: the connection to the provider, authorised by a person.
            owner: organisation, group path or user that the repository belongs to.
            repository: its name without the owner.
            branch: the branch whose pushes start the pipeline, and that a start by hand takes.
            filters: pushes and pull requests that start the pipeline instead, with their own
                commit. Default: pushes to `branch`.

        Raises ValueError for an empty name, and for more than three filters of a kind.
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
        """A repository behind a connection of which only the ARN is known; see `connection`.

        Raises ValueError for an ARN of another kind, too.
        """
        from ._connection_source import ConnectionSource

        return ConnectionSource(connection_arn, owner, repository, branch, filters)

    @staticmethod
    def s3(bucket: s3.IBucket, key: str) -> Source:
        """A zip file in a versioned bucket; each new version starts the pipeline.

        The bucket must send its events to EventBridge (`event_bridge_enabled=True`): S3 offers no
        other trigger without an AWS CloudTrail trail.
        """
        from ._s3_source import S3Source

        return S3Source(bucket, key)

    @abstractmethod
    def bind(self, *, output: codepipeline.Artifact) -> PipelineAction:
        """The source action, which writes the files to `output`."""

    @abstractmethod
    def trigger(self, scope: Construct, start: targets.CodePipeline) -> None:
        """Adds what starts the pipeline, unless the action has done so.

        Args:
            scope: parent construct.
            start: the pipeline, as the target of a rule.
        """

    def git_triggers(self, action: codepipeline.IAction) -> list[codepipeline.TriggerProps]:
        """The filters that CodePipeline itself applies to the source action; none by default."""
        return []


def empty_problems(**values: str) -> list[str]:
    """Names of values that are empty."""
    return [
        f"{name} is empty; give its name"
        for name, value in values.items()
        if is_known(value) and not value
    ]


def refuse(subject: str, problems: Sequence[str]) -> None:
    """Raises one ValueError with all problems of a source, when there are any."""
    found = Problems(f"the {subject}")
    found.extend(problems)
    found.raise_if_any()

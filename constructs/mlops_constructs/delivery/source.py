"""Where a pipeline's code comes from."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access.service_role import Permission

from .pipeline_action import PipelineAction

ACTION_NAME = "Source"
NAMESPACE = "Source"
CONNECTION_ARN = r"arn:[a-z-]+:(codeconnections|codestar-connections):[a-z0-9-]+:\d{12}:.+"


class Source(ABC):
    """Defines the source of a pipeline; a push to it starts the pipeline.

    Example::

        Source.code_commit(repository)
        Source.code_connections(connection_arn, "my-organisation", "churn-model-build")
        Source.s3(bucket, "churn/model_build.zip")
    """

    revision: str
    """Variable of the pipeline that identifies the revision, fit for an image tag."""

    @staticmethod
    def code_commit(repository: codecommit.IRepository, branch: str = "main") -> Source:
        """A branch of a CodeCommit repository; a rule of EventBridge reports pushes."""
        return _CodeCommit(repository, branch)

    @staticmethod
    def code_connections(
        connection_arn: str, owner: str, repository: str, branch: str = "main"
    ) -> Source:
        """A branch of a repository at GitHub, GitLab, Bitbucket or Azure DevOps.

        Parameters:
            connection_arn: connection of AWS CodeConnections. A person must have authorised it
                once in the console: CloudFormation leaves new connections PENDING.
            owner: organisation, group path or user that the repository belongs to.
            repository: its name without the owner.
            branch: the branch whose pushes start the pipeline.

        Raises ValueError for an ARN of another kind, or an empty name.
        """
        return _CodeConnections(connection_arn, owner, repository, branch)

    @staticmethod
    def s3(bucket: s3.IBucket, key: str) -> Source:
        """A zip file in a versioned bucket; each new version starts the pipeline.

        The bucket must send its events to EventBridge (`event_bridge_enabled=True`): S3 offers no
        other trigger without an AWS CloudTrail trail.
        """
        return _S3(bucket, key)

    @abstractmethod
    def bind(self, *, output: codepipeline.Artifact) -> PipelineAction:
        """The source action, which writes the files to `output`."""

    @abstractmethod
    def trigger(self, scope: Construct, start: targets.CodePipeline) -> None:
        """Adds what starts the pipeline, unless the action has done so.

        Parameters:
            scope: parent construct.
            start: the pipeline, as the target of a rule.
        """


class _CodeCommit(Source):
    revision = f"#{{{NAMESPACE}.CommitId}}"

    def __init__(self, repository: codecommit.IRepository, branch: str) -> None:
        _refuse_empty("CodeCommit source", branch=branch)
        self._repository = repository
        self._branch = branch

    def bind(self, *, output: codepipeline.Artifact) -> PipelineAction:
        action = actions.CodeCommitSourceAction(
            action_name=ACTION_NAME,
            repository=self._repository,
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
            resources=[self._repository.repository_arn],
        )
        return PipelineAction(action=action, permissions=[permission])

    def trigger(self, scope: Construct, start: targets.CodePipeline) -> None:
        events.Rule(
            scope,
            "Push",
            description="A push to the source starts the pipeline",
            event_pattern=events.EventPattern(
                source=["aws.codecommit"],
                detail_type=["CodeCommit Repository State Change"],
                resources=[self._repository.repository_arn],
                detail={
                    "event": ["referenceCreated", "referenceUpdated"],
                    "referenceName": [self._branch],
                },
            ),
            targets=[start],
        )


class _CodeConnections(Source):
    revision = f"#{{{NAMESPACE}.CommitId}}"

    def __init__(self, connection_arn: str, owner: str, repository: str, branch: str) -> None:
        _refuse_empty(
            "CodeConnections source",
            connection_arn=connection_arn,
            owner=owner,
            repository=repository,
            branch=branch,
        )
        problems = Problems("the CodeConnections source")
        if is_known(connection_arn) and not re.fullmatch(CONNECTION_ARN, connection_arn):
            problems.add(
                f"connection_arn is {connection_arn!r}; allowed is the ARN of a connection, "
                "arn:aws:codeconnections:REGION:ACCOUNT:connection/ID"
            )
        problems.raise_if_any()
        self._connection_arn = connection_arn
        self._owner = owner
        self._repository = repository
        self._branch = branch

    def bind(self, *, output: codepipeline.Artifact) -> PipelineAction:
        action = actions.CodeStarConnectionsSourceAction(
            action_name=ACTION_NAME,
            connection_arn=self._connection_arn,
            owner=self._owner,
            repo=self._repository,
            branch=self._branch,
            output=output,
            variables_namespace=NAMESPACE,
        )
        # Both names of the service are in use; which one is judged depends on the connection.
        permission = Permission(
            actions=["codeconnections:UseConnection", "codestar-connections:UseConnection"],
            resources=[self._connection_arn],
        )
        return PipelineAction(action=action, permissions=[permission])

    def trigger(self, scope: Construct, start: targets.CodePipeline) -> None:
        """Nothing to add: CodePipeline listens to the connection by itself."""


class _S3(Source):
    # A version id may begin with a character that an image tag may not begin with.
    revision = f"v#{{{NAMESPACE}.VersionId}}"

    def __init__(self, bucket: s3.IBucket, key: str) -> None:
        _refuse_empty("S3 source", key=key)
        self._bucket = bucket
        self._key = key

    def bind(self, *, output: codepipeline.Artifact) -> PipelineAction:
        action = actions.S3SourceAction(
            action_name=ACTION_NAME,
            bucket=self._bucket,
            bucket_key=self._key,
            output=output,
            variables_namespace=NAMESPACE,
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
        return PipelineAction(action=action, permissions=permissions)

    def trigger(self, scope: Construct, start: targets.CodePipeline) -> None:
        events.Rule(
            scope,
            "NewVersion",
            description="A new version of the source starts the pipeline",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={
                    "bucket": {"name": [self._bucket.bucket_name]},
                    "object": {"key": [self._key]},
                },
            ),
            targets=[start],
        )


def _refuse_empty(subject: str, **values: str) -> None:
    problems = Problems(f"the {subject}")
    for name, value in values.items():
        if not cdk.Token.is_unresolved(value) and not value:
            problems.add(f"{name} is empty; give its name")
    problems.raise_if_any()

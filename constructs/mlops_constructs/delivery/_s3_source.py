"""A pipeline's code from a zip file in S3."""

from __future__ import annotations

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.access.service_role import Permission

from ._start_rule import start_rule
from .pipeline_action import PipelineAction
from .source import ACTION_NAME, NAMESPACE, Source, empty_problems, refuse


class S3Source(Source):
    """A zip file in a versioned bucket."""

    # A version id may begin with a character that an image tag may not begin with.
    revision = f"v#{{{NAMESPACE}.VersionId}}"

    def __init__(self, bucket: s3.IBucket, key: str) -> None:
        refuse("S3 source", empty_problems(key=key))
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

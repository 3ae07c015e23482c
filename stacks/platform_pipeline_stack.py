"""The pipeline that deploys this repository's own stacks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs.delivery import (
    ArtifactStore,
    PlatformPipeline,
    PlatformStage,
    Source,
    Synthesis,
)
from stacks.default_settings import DefaultSettings
from stacks.library_wheel import ROOT
from stacks.pipeline_settings import PlatformPipelineSettings
from stacks.platform_stack import PlatformStack

_READERS = "only the pipeline's roles read it, which CloudTrail records"
_REMADE = "what was deployed is in git; the artifacts are made anew from it"


class PlatformPipelineStack(PlatformStack):
    """Deploys stages on each push: deployed once by hand, it keeps itself up to date."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: PlatformPipelineSettings,
        config: str,
        stages: Sequence[cdk.Stage],
        defaults: DefaultSettings,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="Deploys the platform from its repository",
        )
        PlatformPipeline(
            self,
            "Pipeline",
            pipeline_name=settings.name,
            artifacts=self._artifacts(),
            source=self._source(settings),
            synthesis=_synthesis(config),
            stages=[
                PlatformStage(
                    stage=stage,
                    approval=one.approval,
                    confirm_permissions=one.confirm_permissions,
                )
                for one, stage in zip(settings.stages, stages, strict=True)
            ],
        )

    def _artifacts(self) -> ArtifactStore:
        key = kms.Key(
            self,
            "Key",
            description="Encrypts artifacts and logs",
            enable_key_rotation=True,
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        bucket = s3.Bucket(
            self,
            "Artifacts",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(90),
                    noncurrent_version_expiration=cdk.Duration.days(30),
                )
            ],
            removal_policy=cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        _acknowledge(bucket)
        return ArtifactStore(bucket=bucket, key=key)

    def _source(self, settings: PlatformPipelineSettings) -> Source:
        given = settings.source
        if given is not None:
            return Source.code_connections(
                given.connection_arn, given.owner, given.repository, settings.branch
            )
        repository = codecommit.Repository(self, "Repository", repository_name=settings.name)
        repository.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        cdk.CfnOutput(self, "CloneUrl", value=repository.repository_clone_url_http)
        return Source.code_commit(repository, settings.branch)


def _synthesis(config: str) -> Synthesis:
    """The commands of the Makefile, with the CDK CLI that `package.json` pins."""
    pinned = json.loads((ROOT / "package.json").read_text())["dependencies"]
    standard = Synthesis(cli_version=pinned["aws-cdk"])
    return Synthesis(
        cli_version=standard.cli_version,
        install=[
            *standard.install,
            "python -m pip install --quiet --no-deps --no-build-isolation --editable .",
        ],
        commands=[f"npx cdk synth --quiet --context config={config}"],
    )


def _acknowledge(bucket: s3.Bucket) -> None:
    findings = {"AwsSolutions-S1": _READERS}
    for pack in ("HIPAA.Security", "NIST.800.53.R5", "PCI.DSS.321"):
        findings[f"{pack}-S3BucketLoggingEnabled"] = _READERS
        findings[f"{pack}-S3BucketReplicationEnabled"] = _REMADE
    cdk.Validations.of(bucket).acknowledge(
        *(cdk.Acknowledgment(id=name, reason=reason) for name, reason in findings.items())
    )
    cast(s3.CfnBucket, bucket.node.default_child).add_metadata(
        "checkov", {"skip": [{"id": "CKV_AWS_18", "comment": _READERS}]}
    )

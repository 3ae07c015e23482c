"""Artifact store in another region, which the pipeline's stack knows by computed names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._environment import environment_of
from mlops_constructs.access import Permission

from .artifact_store import ArtifactStore
from .deployment.target_account import TargetAccount
from .pipeline_action import CHECKED_OUTPUT


def replica_bucket_name(project_name: str, *, account: str, region: str) -> str:
    """Returns the name of the bucket of a project for artifacts in another region.

    Args:
        project_name: name of the project.
        account: account of the project.
        region: region of the bucket.
    """
    # The names of the buckets of stages begin with the name of the project.
    return f"{account}-{region}-{project_name}"


def replica_key_alias(project_name: str) -> str:
    """Returns the alias of the key of that bucket.

    Args:
        project_name: name of the project.
    """
    # The aliases of stages have no second slash.
    return f"alias/{project_name}/artifacts"


def share_templates(store: ArtifactStore, target: TargetAccount) -> None:
    """Allows the role of a stage to read the checked templates.

    Args:
        store: store that its stack defines.
        target: account of the stage.
    """
    store.share(target.principal(), [CHECKED_OUTPUT])


@dataclass(frozen=True, kw_only=True)
class ReplicaStore(ArtifactStore):
    """Defines a store by the name of its bucket and the alias of its key.

    CodePipeline accepts the ARN of an alias of its account. IAM does not match it, so permissions
    name all keys of the region on the condition that they have the alias. The stack of the store
    shares it.

    Args:
        key_alias: alias of the key.
        keys_arn: ARN of the keys of its account and region, with a wildcard.

    Source: EncryptionKey of the CodePipeline API Reference; "kms:ResourceAliases" of the AWS KMS
    developer guide.
    """

    key_alias: str
    keys_arn: str

    def __post_init__(self) -> None:
        """Accepts an alias, unlike the base."""

    @classmethod
    def of(cls, scope: Construct, *, project_name: str, region: str) -> ReplicaStore:
        """Returns the store of a project in another region.

        Args:
            scope: a construct in the stack of the project, parent of the imports.
            project_name: name of the project.
            region: region of the store.
        """
        environment, alias = environment_of(scope), replica_key_alias(project_name)
        place = Construct(scope, f"Replica-{region}")
        key = kms.Key.from_key_arn(
            place, "Key", environment.arn(service="kms", resource=alias, region=region)
        )
        bucket = s3.Bucket.from_bucket_attributes(
            place,
            "Bucket",
            bucket_name=replica_bucket_name(
                project_name, account=environment.account, region=region
            ),
            region=region,
            encryption_key=key,
        )
        keys = environment.arn(service="kms", resource="key", name="*", region=region)
        return cls(bucket=bucket, key=key, key_alias=alias, keys_arn=keys)

    def share(self, principal: iam.IPrincipal, names: Iterable[str]) -> list[str]:
        """Returns no problems: the stack of the store shares it."""
        del principal, names
        return []

    def _decrypt(self) -> Permission:
        return self._with_alias("kms:Decrypt")

    def _encrypt(self) -> Permission:
        return self._with_alias("kms:Decrypt", "kms:GenerateDataKey")

    def _with_alias(self, *actions: str) -> Permission:
        return Permission(
            actions=actions,
            resources=[self.keys_arn],
            conditions={"ForAnyValue:StringEquals": {"kms:ResourceAliases": self.key_alias}},
            because="CloudFormation generates the id of the key; its alias is required",
        )

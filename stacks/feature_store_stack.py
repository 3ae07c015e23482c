"""Feature groups of an account, with their bucket and key."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from mlops_constructs.feature_store import (
    CatalogTable,
    FeatureGroup,
    FeatureSchema,
    OfflineStore,
    OnlineStore,
)
from stacks.foundation_stack import FoundationStack
from stacks.platform_stack import PlatformStack
from stacks.removal import removal_policy
from stacks.settings.defaults import DefaultSettings
from stacks.settings.feature_store import (
    FeatureStoreSettings,
    OfflineStoreSettings,
    OnlineStoreSettings,
    OnlineTier,
    TableFormat,
)
from stacks.stores import encrypted_bucket


class FeatureStoreStack(PlatformStack):
    """Defines a feature group for each schema file, with a bucket and a key for all of them.

    A lock beside a file, `customers.lock.json` for `customers.yaml`, rejects changes at synthesis
    that would replace the group with its records.

    Args:
        foundation: stack with the bucket of access logs.
        settings: files and stores of the groups.
        defaults: settings of every stack.
        env: account and region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        foundation: FoundationStack,
        settings: FeatureStoreSettings,
        defaults: DefaultSettings,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="Feature groups of the ML platform",
        )
        policy = removal_policy(settings.removal, defaults)
        self._prefix = defaults.prefix.lower()
        self._key = kms.Key(
            self,
            "Key",
            description="ML platform: records of feature groups",
            enable_key_rotation=True,
            removal_policy=policy,
        )
        self._bucket = encrypted_bucket(
            self,
            "Bucket",
            key=self._key,
            access_logs=foundation.access_logs_in(self),
            removal_policy=policy,
        )
        self.groups = [
            self._define(file, settings, policy) for file in schema_files(settings.groups)
        ]
        self.publish("bucket", self._bucket.bucket_name)
        self.publish("key-arn", self._key.key_arn)
        cdk.CfnOutput(self, "FeatureBucketName", value=self._bucket.bucket_name)

    def _define(
        self, file: Path, settings: FeatureStoreSettings, policy: cdk.RemovalPolicy
    ) -> FeatureGroup:
        lock = file.with_suffix(".lock.json")
        return FeatureGroup(
            self,
            f"Group-{file.stem}",
            schema=FeatureSchema.from_yaml(file),
            schema_lock=lock if lock.exists() else None,
            feature_group_name=f"{self._prefix}{file.stem}",
            online=self._online(settings.online) if settings.online else None,
            offline=self._offline(file.stem, settings.offline) if settings.offline else None,
            removal_policy=policy,
        )

    def _online(self, settings: OnlineStoreSettings) -> OnlineStore:
        store = (
            OnlineStore.in_memory if settings.tier is OnlineTier.IN_MEMORY else OnlineStore.standard
        )
        kept = None if settings.days is None else cdk.Duration.days(settings.days)
        return store(time_to_live=kept, encryption_key=self._key)

    def _offline(self, name: str, settings: OfflineStoreSettings) -> OfflineStore:
        store = OfflineStore.glue if settings.format is TableFormat.GLUE else OfflineStore.iceberg
        database = f"{self._prefix}features".replace("-", "_")
        table = CatalogTable.named(database=database, table=name.lower().replace("-", "_"))
        return store(self._bucket, table=table)


def schema_files(pattern: str) -> list[Path]:
    """Returns the files of a pattern, sorted.

    Args:
        pattern: path from the working directory, with `*` and `?`.

    Raises:
        ValueError: no file matches.
    """
    found = sorted(Path().glob(pattern)) if not Path(pattern).is_absolute() else []
    if not found:
        base = Path(pattern)
        found = sorted(base.parent.glob(base.name))
    if not found:
        raise ValueError(
            f"feature_store.groups: got {pattern}, which no file matches; allowed is the pattern "
            "of schema files, such as features/*.yaml"
        )
    return found

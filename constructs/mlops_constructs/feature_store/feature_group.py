"""Feature groups: records of one schema, online, offline or both."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_ram as ram
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._content_name import content_hash
from mlops_constructs._grants import grant
from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.access import RolePolicies

from ._feature_group_problems import (
    MAX_NAME_LENGTH,
    lock_problems,
    name_problems,
    sharing_problems,
    store_problems,
    text_problems,
)
from .feature_group_base import FeatureGroupBase
from .feature_group_role import FeatureGroupRole
from .feature_schema import FeatureSchema
from .offline_store import OfflineStore
from .online_store import OnlineStore
from .throughput import Throughput

_READ_PERMISSION = "AWSRAMPermissionSageMakerFeatureGroupReadOnly"
_READ_WRITE_PERMISSION = "AWSRAMPermissionSageMakerFeatureGroupReadWrite"


class FeatureGroup(FeatureGroupBase):
    """Defines a feature group.

    CloudFormation adds a new feature in place. Any other change of the schema, and a change of the
    key or tier of the online store, the offline store, the role, the description or the tags,
    replaces the group; `schema_lock` rejects it at synth. Tags of the app or stack are therefore
    not applied to the group: set its tags with `tags`.

    Args:
        schema: features of the group.
        online: online store. Defaults to None: no online store. One of the two stores is required.
        offline: offline store. Defaults to None: no offline store.
        throughput: on-demand or provisioned throughput. Defaults to None: on-demand.
        feature_group_name: name of the group, 1 to 64 characters, which jobs and users refer to.
            Defaults to None: a name generated from the construct's path.
        role: role with which SageMaker writes the offline store. Defaults to None: a role with
            these permissions only.
        description: description of the group, at most 128 characters. Defaults to None: no
            description.
        tags: tags of the group; they are immutable. Defaults to None: no tags.
        schema_lock: path of the lock file in version control, see `SchemaLock`. Defaults to None:
            no lock.
        removal_policy: policy for the group when it is removed from the stack. Objects of the
            offline store are kept in any case. Defaults to `RETAIN_ON_UPDATE_OR_DELETE`: the group
            is kept with its records.

    Raises:
        ValueError: if the input is invalid or violates the lock; the message lists every problem.

    Source: CreateFeatureGroup of SageMaker's API reference.

    Example:
        ```python
        FeatureGroup(
            stack,
            "Customers",
            schema=FeatureSchema(
                features=[Feature.string("id"), Feature.string("at")],
                record_identifier="id",
                event_time="at",
            ),
            online=OnlineStore.standard(encryption_key=key),
            offline=OfflineStore.iceberg(bucket),
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        schema: FeatureSchema,
        online: OnlineStore | None = None,
        offline: OfflineStore | None = None,
        throughput: Throughput | None = None,
        feature_group_name: str | None = None,
        role: iam.IRole | None = None,
        description: str | None = None,
        tags: Mapping[str, str] | None = None,
        schema_lock: str | Path | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id, physical_name=feature_group_name)
        self._schema, self._online, self.offline_store = schema, online, offline
        problems = Problems("FeatureGroup", self)
        problems.extend(name_problems(feature_group_name))
        problems.extend(text_problems(description))
        problems.extend(store_problems(schema, online, offline, throughput, role))
        problems.extend(region_problems(self, "AWS::SageMaker::FeatureGroup"))
        problems.raise_if_any()
        name = feature_group_name or cdk.Names.unique_resource_name(
            self, max_length=MAX_NAME_LENGTH - 1, separator="-"
        )
        self.feature_group_name = name
        self.feature_group_arn = _arn(self, name)
        self.online_encryption_key = online.encryption_key if online else None
        self.role = role or self._default_role()
        settings = self._settings(description, tags)
        problems.extend(lock_problems(schema, schema_lock, settings))
        problems.raise_if_any()
        resource = self._define(throughput, description)
        _fix_tags(resource, tags)
        resource.apply_removal_policy(removal_policy)

    @staticmethod
    def from_feature_group_name(
        scope: Construct,
        construct_id: str,
        feature_group_name: str,
        *,
        online_encryption_key: kms.IKey | None = None,
    ) -> FeatureGroupBase:
        """Imports an existing group of this account and region.

        Args:
            scope: parent of the construct.
            construct_id: id of the construct within the scope.
            feature_group_name: name of the group.
            online_encryption_key: key of its online store, which readers and writers need. Defaults
                to None: an AWS owned key.

        Example:
            ```python
            FeatureGroup.from_feature_group_name(stack, "Orders", "orders").grant_read(role)
            ```
        """
        return _ImportedFeatureGroup(
            scope, construct_id, feature_group_name, online_encryption_key=online_encryption_key
        )

    def grant_query_offline(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permissions to read the offline store.

        The permissions include the objects, their key and the table. Queries with Athena also need
        permissions for a workgroup and for the location of results.

        Args:
            grantee: principal.

        Raises:
            ValueError: if the group has no offline store.

        Example:
            ```python
            schema = FeatureSchema(
                features=[Feature.string("id"), Feature.string("at")],
                record_identifier="id",
                event_time="at",
            )
            history = FeatureGroup(
                stack, "History", schema=schema, offline=OfflineStore.iceberg(bucket)
            )
            history.grant_query_offline(role)
            ```
        """
        if self.offline_store is None:
            raise ValueError(
                f"FeatureGroup {self.node.path}: offline: got none, but it is needed for queries; "
                "give it `offline`, or use grant_read for the online store"
            )
        described = grant(
            grantee,
            actions=["sagemaker:DescribeFeatureGroup"],
            resources=[self.feature_group_arn],
        )
        return described.combine(
            self.offline_store.grant_query(grantee, self.stack, self.feature_group_name)
        )

    def share(
        self, construct_id: str, *, accounts: Sequence[str], write: bool = False
    ) -> ram.CfnResourceShare:
        """Shares the group's online records with other accounts through AWS RAM.

        The accounts must belong to the organization. Their roles still need the actions in their
        policies, on the ARN of the group and its key. The policy of a key that is defined in this
        app allows those accounts.

        Args:
            construct_id: id of the share within the group; also its name in RAM.
            accounts: account ids of 12 digits.
            write: True to allow writing records. Defaults to False: read only.

        Raises:
            ValueError: if the input is invalid; the message lists every problem.

        Source: "Cross account feature group access" of SageMaker's developer guide.

        Example:
            ```python
            schema = FeatureSchema(
                features=[Feature.string("id"), Feature.string("at")],
                record_identifier="id",
                event_time="at",
            )
            online = OnlineStore.standard(encryption_key=key)
            shared = FeatureGroup(stack, "Shared", schema=schema, online=online)
            shared.share("WithScoring", accounts=["222222222222"])
            ```
        """
        problems = Problems(f"FeatureGroup {self.node.path}/{construct_id}")
        problems.extend(sharing_problems(accounts, self._online))
        problems.raise_if_any()
        key = self.online_encryption_key
        if key is not None:
            let_use = key.grant_encrypt_decrypt if write else key.grant_decrypt
            for account in accounts:
                let_use(iam.AccountPrincipal(account))
        permission = _READ_WRITE_PERMISSION if write else _READ_PERMISSION
        return ram.CfnResourceShare(
            self,
            construct_id,
            name=construct_id,
            resource_arns=[self.feature_group_arn],
            principals=list(accounts),
            permission_arns=[f"arn:{self.stack.partition}:ram::aws:permission/{permission}"],
            allow_external_principals=False,
        )

    def _default_role(self) -> iam.IRole | None:
        if self.offline_store is None:
            return None
        return FeatureGroupRole(
            self,
            "Role",
            offline_store=self.offline_store,
            feature_group_name=self.feature_group_name,
        )

    def _settings(self, description: str | None, tags: Mapping[str, str] | None) -> dict[str, str]:
        """Returns the properties whose change replaces the group, as a lock keeps them."""
        online, offline = self._online, self.offline_store
        settings = {"online": online.storage_type if online else "off"}
        if online is not None:
            key = online.encryption_key
            settings["online_key"] = self._fingerprint(key.key_arn) if key else "aws"
        settings["offline"] = offline.table_format if offline else "off"
        if offline is not None:
            storage = offline.render(self.feature_group_name)["S3StorageConfig"]
            settings["offline_storage"] = self._fingerprint(storage)
            settings["offline_table"] = str(offline.table)
        if self.role is not None:
            settings["role"] = self._fingerprint(self.role.role_arn)
        if description is not None:
            settings["description"] = self._fingerprint(description)
        if tags:
            settings["tags"] = self._fingerprint(dict(tags))
        return settings

    def _fingerprint(self, value: object) -> str:
        return content_hash(self, value)

    def _define(
        self, throughput: Throughput | None, description: str | None
    ) -> sagemaker.CfnFeatureGroup:
        offline, online = self.offline_store, self._online
        resource = sagemaker.CfnFeatureGroup(
            self,
            "Resource",
            feature_group_name=self.feature_group_name,
            record_identifier_feature_name=self._schema.record_identifier,
            event_time_feature_name=self._schema.event_time,
            feature_definitions=[
                sagemaker.CfnFeatureGroup.FeatureDefinitionProperty(
                    feature_name=feature.name, feature_type=feature.feature_type
                )
                for feature in self._schema.features
            ],
            online_store_config=online.render() if online else None,
            offline_store_config=offline.render(self.feature_group_name) if offline else None,
            throughput_config=throughput.render() if throughput else None,
            role_arn=self.role.role_arn if self.role else None,
            description=description,
        )
        if self.role is not None:
            # SageMaker uses the role when it creates the group.
            resource.node.add_dependency(RolePolicies(self, "RolePolicies", role=self.role))
        return resource


class _ImportedFeatureGroup(FeatureGroupBase):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        feature_group_name: str,
        *,
        online_encryption_key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, construct_id, physical_name=feature_group_name)
        self.feature_group_name = feature_group_name
        self.feature_group_arn = _arn(self, feature_group_name)
        self.online_encryption_key = online_encryption_key


def _arn(group: FeatureGroupBase, name: str) -> str:
    return cdk.Stack.of(group).format_arn(
        service="sagemaker",
        resource="feature-group",
        # SageMaker writes names in its ARNs in lower case.
        resource_name=name.lower() if is_known(name) else name,
    )


def _fix_tags(resource: sagemaker.CfnFeatureGroup, tags: Mapping[str, str] | None) -> None:
    """Sets the tags of the group only: a tag of the app would replace it with all its records."""
    if tags:
        entries = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
        resource.add_property_override("Tags", entries)
    else:
        resource.add_property_deletion_override("Tags")

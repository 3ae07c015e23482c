"""Permissions, metrics and events of feature groups, owned and imported."""

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from .feature_group_metrics import FeatureGroupMetrics
from .offline_store import OfflineStore


class FeatureGroupBase(FeatureGroupMetrics):
    """A feature group, owned or imported: its permissions, metrics and events.

    Attributes:
        feature_group_name: name of the group.
        feature_group_arn: ARN of the group.
        online_encryption_key: customer managed key of the online store, which readers and writers
            need; None for an AWS owned key.
        offline_store: offline store of the group; None if it has none, or is imported.
    """

    feature_group_arn: str

    online_encryption_key: kms.IKey | None = None

    offline_store: OfflineStore | None = None

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permissions to read records from the online store.

        The permissions include listing identifiers.

        Args:
            grantee: principal.

        Example:
            ```python
            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.grant_read(role)
            ```
        """
        return self._grant_records(
            grantee, "sagemaker:BatchGetRecord", "sagemaker:GetRecord", "sagemaker:ListRecords"
        )

    def grant_ingest(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal permissions to put and delete records and to read the schema.

        BatchWriteRecord also needs the permission for PutRecord.

        Args:
            grantee: principal.

        Source: "Security and access control" of Feature Store.

        Example:
            ```python
            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.grant_ingest(role)
            ```
        """
        return self._grant_records(
            grantee,
            "sagemaker:BatchWriteRecord",
            "sagemaker:DeleteRecord",
            "sagemaker:DescribeFeatureGroup",
            "sagemaker:PutRecord",
        )

    def on_state_change(
        self,
        construct_id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
    ) -> events.Rule:
        """Creates an EventBridge rule for state changes of the group or its offline store.

        Args:
            construct_id: id of the rule within the group.
            target: target of the rule. Defaults to None: add targets to the rule.
            description: description of the rule. Defaults to None: a text with the name of the
                group.

        Source: "Feature group state change" in SageMaker's events for EventBridge.

        Example:
            ```python
            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.on_state_change("StateChange", target=targets.CodePipeline(pipeline))
            ```
        """
        return events.Rule(
            self,
            construct_id,
            description=description or f"{self.feature_group_name}: the feature group changed",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Feature Group State Change"],
                detail={"FeatureGroupName": [self.feature_group_name]},
            ),
            targets=None if target is None else [target],
        )

    def _grant_records(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        grant = iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.feature_group_arn]
        )
        if self.online_encryption_key is None:
            return grant
        return grant.combine(
            iam.Grant.add_to_principal(
                grantee=grantee,
                actions=["kms:Decrypt"],
                resource_arns=[self.online_encryption_key.key_arn],
            )
        )

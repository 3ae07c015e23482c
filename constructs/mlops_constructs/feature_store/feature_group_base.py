"""What an owned and an imported feature group share: permissions, metrics and events."""

from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from .feature_group_metrics import FeatureGroupMetrics


class FeatureGroupBase(FeatureGroupMetrics):
    """A feature group, its permissions, its metrics and its events."""

    feature_group_arn: str
    # The key of the online store, where it is not AWS's: whoever reads or writes needs it.
    online_encryption_key: kms.IKey | None = None

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal read records from the online store, and list their identifiers.

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
        """Lets a principal put and delete records, and read the schema that they follow.

        BatchWriteRecord needs the permission to put records besides its own.

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
        """Does something when the group or its offline store changes its state.

        Args:
            target: what is started. Left out: add it to the rule.
            description: of the rule. Left out: it names the group.

        Source: "Feature group state change" in SageMaker's events for EventBridge.

        Example:
            ```python
            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.on_state_change("Tell", target=targets.CodePipeline(pipeline))
            ```
        """
        return events.Rule(
            self,
            construct_id,
            description=description or f"The feature group {self.feature_group_name} has changed",
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

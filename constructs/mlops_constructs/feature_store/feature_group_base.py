"""What an owned and an imported feature group share: permissions, metrics and events."""

from typing import TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms


class FeatureGroupMetricOptions(TypedDict, total=False):
    """What a caller may say about a metric; what is left out has the metric's own default.

    Keys:
        statistic: for example `Sum`, `Average`, `p99`.
        period: length of a data point. Left out: 5 minutes.
        label: text of a graph's legend.
    """

    statistic: str
    period: cdk.Duration
    label: str


class FeatureGroupBase(cdk.Resource):
    """A feature group, its permissions, its metrics and its events."""

    feature_group_name: str
    feature_group_arn: str
    # The key of the online store, where it is not AWS's: whoever reads or writes needs it.
    online_encryption_key: kms.IKey | None = None

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal read records from the online store.

        Example::

            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.grant_read(role)
        """
        return self._grant_records(grantee, "sagemaker:BatchGetRecord", "sagemaker:GetRecord")

    def grant_ingest(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal put and delete records, and read the schema that they follow.

        Example::

            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.grant_ingest(role)
        """
        return self._grant_records(
            grantee,
            "sagemaker:DeleteRecord",
            "sagemaker:DescribeFeatureGroup",
            "sagemaker:PutRecord",
        )

    def metric(
        self, metric_name: str, operation: str, **options: Unpack[FeatureGroupMetricOptions]
    ) -> cloudwatch.Metric:
        """Any metric of an operation on the group, an average where nothing else is said.

        Parameters:
            metric_name: such as `Latency`.
            operation: such as `PutRecord`.

        Source: "Feature Store metrics" in "Monitor Amazon SageMaker with Amazon CloudWatch".

        Example::

            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric("Latency", "GetRecord", statistic="p99")
        """
        return self._metric(metric_name, operation, "Average", options)

    def metric_invocations(
        self, operation: str, **options: Unpack[FeatureGroupMetricOptions]
    ) -> cloudwatch.Metric:
        """Calls of an operation.

        Example::

            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric_invocations("PutRecord")
        """
        return self._metric("Invocations", operation, "Sum", options)

    def metric_throttled_requests(
        self, operation: str, **options: Unpack[FeatureGroupMetricOptions]
    ) -> cloudwatch.Metric:
        """Calls of an operation that were refused for want of throughput.

        Example::

            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric_throttled_requests("PutRecord")
        """
        return self._metric("ThrottledRequests", operation, "Sum", options)

    def metric_server_errors(
        self, operation: str, **options: Unpack[FeatureGroupMetricOptions]
    ) -> cloudwatch.Metric:
        """Calls of an operation that SageMaker answered with a 5xx status.

        Example::

            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric_server_errors("GetRecord")
        """
        return self._metric("Operation5XXErrors", operation, "Sum", options)

    def metric_latency(
        self, operation: str, **options: Unpack[FeatureGroupMetricOptions]
    ) -> cloudwatch.Metric:
        """Time that SageMaker takes for an operation, in microseconds.

        Example::

            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.metric_latency("GetRecord", statistic="p99")
        """
        return self._metric("Latency", operation, "Average", options)

    def on_state_change(
        self,
        construct_id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
    ) -> events.Rule:
        """Does something when the group or its offline store changes its state.

        Parameters:
            target: what is started. Left out: add it to the rule.
            description: of the rule. Left out: it names the group.

        Source: "Feature group state change" in SageMaker's events for EventBridge.

        Example::

            customers = FeatureGroup.from_feature_group_name(stack, "Customers", "customers")
            customers.on_state_change("Tell", target=targets.CodePipeline(pipeline))
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

    def _metric(
        self, metric_name: str, operation: str, statistic: str, options: FeatureGroupMetricOptions
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/SageMaker/FeatureStore",
            metric_name=metric_name,
            dimensions_map={
                "FeatureGroupName": self.feature_group_name,
                "OperationName": operation,
            },
            statistic=options.get("statistic", statistic),
            period=options.get("period"),
            label=options.get("label"),
        )

"""What an owned and an imported endpoint share: permissions, metrics and events."""

from collections.abc import Mapping, Sequence
from typing import Unpack

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam

from mlops_constructs._endpoint_kind import EndpointKind, MetricSource, unpublished
from mlops_constructs.hosting._permissions import INVOKING

from .serving_metrics import MetricOptions, ServingMetrics


class EndpointBase(ServingMetrics):
    """An endpoint, its permissions, its metrics and its events.

    A metric that AWS does not publish of its kind is refused: what looks at it would see nothing,
    and say that all is well.
    """

    endpoint_name: str
    endpoint_arn: str
    variant_name: str
    # None: imported without a word on it, so only AWS knows.
    kind: EndpointKind | None = None
    # Its name where somebody gave it one that is known at synthesis.
    given_name: str | None = None
    # Whether its variant is a managed fleet; None: imported, so only AWS knows.
    hosts_components: bool | None = None
    # The role of its managed fleet; None: it has no fleet, or is imported.
    fleet_role: iam.IRole | None = None
    # How many production variants it has; None: imported, so only AWS knows.
    production_variant_count: int | None = None

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal send requests to the endpoint and wait for the answer, which may come
        at once or as a stream.

        Example:
            ```python
            endpoint.grant_invoke(role)
            ```
        """
        return self._grant(grantee, *INVOKING)

    def grant_invoke_async(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal put requests into the queue of an asynchronous endpoint.

        The principal also needs to write what it asks to S3, and to read the answers there.

        Example:
            ```python
            endpoint.grant_invoke_async(role)
            ```
        """
        return self._grant(grantee, "sagemaker:InvokeEndpointAsync")

    def metric_disk_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Use of the instances' disks in percent.

        Example:
            ```python
            endpoint.metric_disk_utilization(statistic="Maximum")
            ```
        """
        return self._of_containers("DiskUtilization", options)

    def metric_provisioned_concurrency_utilization(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Used part of a serverless variant's provisioned concurrency, 0 to 1.

        Example:
            ```python
            serverless = Endpoint.from_endpoint_name(
                stack, "Serverless", "churn-serverless", kind=EndpointKind.SERVERLESS
            )
            serverless.metric_provisioned_concurrency_utilization(statistic="Maximum")
            ```
        """
        return self._of_requests("ServerlessProvisionedConcurrencyUtilization", "Average", options)

    def metric_backlog(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Requests that wait in an asynchronous endpoint's queue.

        Example:
            ```python
            waiting = Endpoint.from_endpoint_name(
                stack, "Waiting", "churn-nightly", kind=EndpointKind.ASYNCHRONOUS
            )
            waiting.metric_backlog(statistic="Maximum")
            ```
        """
        self._refuse_unpublished(MetricSource.QUEUE, "ApproximateBacklogSize")
        # The queue belongs to the endpoint and not to a variant.
        return cloudwatch.Metric(
            namespace="AWS/SageMaker",
            metric_name="ApproximateBacklogSize",
            dimensions_map={"EndpointName": self.endpoint_name},
            statistic=options.get("statistic", "Average"),
            period=options.get("period"),
            label=options.get("label"),
        )

    def on_state_change(
        self,
        construct_id: str,
        *,
        statuses: Sequence[str] = (),
        target: events.IRuleTarget | None = None,
        description: str | None = None,
    ) -> events.Rule:
        """Does something when the endpoint is created, updated, deleted, or fails.

        SageMaker may send an event twice, so the target has to bear a repetition.

        Args:
            statuses: such as `IN_SERVICE`, `FAILED` or `UPDATE_ROLLBACK_FAILED`. Left out: any.
            target: what is started. Left out: add it to the rule.
            description: of the rule. Left out: it names the endpoint.

        Source: "SageMaker endpoint state change" in SageMaker's events for EventBridge.

        Example:
            ```python
            endpoint.on_state_change(
                "Failed", statuses=["FAILED"], target=targets.SnsTopic(topic)
            )
            ```
        """
        status = {"EndpointStatus": list(statuses)} if statuses else {}
        return self._rule(
            construct_id,
            detail_type="SageMaker Endpoint State Change",
            detail=status,
            target=target,
            description=description or f"Endpoint {self.endpoint_name} changed its state",
        )

    def on_deployment_state_change(
        self,
        construct_id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
    ) -> events.Rule:
        """Does something at each step of a rollout, also when it is turned back.

        Args:
            target: what is started. Left out: add it to the rule.
            description: of the rule. Left out: it names the endpoint.

        Source: "SageMaker endpoint deployment state change" in SageMaker's events for EventBridge.

        Example:
            ```python
            endpoint.on_deployment_state_change("Rollout", target=targets.SnsTopic(topic))
            ```
        """
        return self._rule(
            construct_id,
            detail_type="SageMaker Endpoint Deployment State Change",
            detail={},
            target=target,
            description=description or f"A rollout of endpoint {self.endpoint_name} proceeded",
        )

    def _rule(
        self,
        construct_id: str,
        *,
        detail_type: str,
        detail: Mapping[str, Sequence[str]],
        target: events.IRuleTarget | None,
        description: str,
    ) -> events.Rule:
        return events.Rule(
            self,
            construct_id,
            description=description,
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=[detail_type],
                detail={"EndpointName": [self.endpoint_name], **detail},
            ),
            targets=None if target is None else [target],
        )

    def _grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        return iam.Grant.add_to_principal(
            grantee=grantee, actions=list(actions), resource_arns=[self.endpoint_arn]
        )

    def _of_requests(
        self, metric_name: str, statistic: str, options: MetricOptions
    ) -> cloudwatch.Metric:
        self._refuse_unpublished(MetricSource.REQUESTS, metric_name)
        return super()._of_requests(metric_name, statistic, options)

    def _of_containers(self, metric_name: str, options: MetricOptions) -> cloudwatch.Metric:
        self._refuse_unpublished(MetricSource.MACHINES, metric_name)
        return super()._of_containers(metric_name, options)

    def _refuse_unpublished(self, source: MetricSource, metric_name: str) -> None:
        if self.kind is None:
            return
        problem = unpublished(self.kind, source, metric_name)
        if problem is not None:
            raise ValueError(f"Endpoint {self.node.path} metric: {problem}")

    def _dimensions(self, options: MetricOptions) -> Mapping[str, str]:
        variant = options.get("variant", self.variant_name)
        return {"EndpointName": self.endpoint_name, "VariantName": variant}

    def _container_metric(self, metric_name: str) -> tuple[str, str]:
        return "/aws/sagemaker/Endpoints", metric_name

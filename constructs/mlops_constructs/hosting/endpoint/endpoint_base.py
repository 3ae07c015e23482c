"""Base of owned and imported endpoints: permissions, metrics and events."""

from collections.abc import Mapping, Sequence
from typing import Unpack

from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam

from mlops_constructs._endpoint_kind import EndpointKind, MetricSource, unpublished
from mlops_constructs.hosting._permissions import INVOKING

from .serving_metrics import MetricOptions, ServingMetrics


class EndpointBase(ServingMetrics):
    """Base of an owned and an imported endpoint: its permissions, metrics and events.

    A metric that AWS does not publish for the kind of the endpoint raises an error: an alarm on it
    would never receive data.
    """

    endpoint_name: str
    endpoint_arn: str
    variant_name: str
    kind: EndpointKind | None = None
    """Kind of the endpoint; None for an imported one whose kind was not given."""
    given_name: str | None = None
    """Name of the endpoint, if one was given that is known at synthesis."""
    hosts_components: bool | None = None
    """True if inference components run on its variant; None for an imported endpoint."""
    fleet_role: iam.IRole | None = None
    """Execution role of its `ManagedInstanceScaling`; None without one, or if imported."""
    production_variant_count: int | None = None
    """Number of production variants; None for an imported endpoint."""

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants InvokeEndpoint and InvokeEndpointWithResponseStream.

        Args:
            grantee: principal that calls the endpoint.

        Example:
            ```python
            endpoint.grant_invoke(role)
            ```
        """
        return self._grant(grantee, *INVOKING)

    def grant_invoke_async(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants InvokeEndpointAsync, for an asynchronous endpoint.

        The principal also requires permissions to write its requests to S3 and to read the
        responses there.

        Args:
            grantee: principal that calls the endpoint.

        Example:
            ```python
            endpoint.grant_invoke_async(role)
            ```
        """
        return self._grant(grantee, "sagemaker:InvokeEndpointAsync")

    def metric_disk_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Returns the disk utilization of the instances in percent.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            endpoint.metric_disk_utilization(statistic="Maximum")
            ```
        """
        return self._of_containers("DiskUtilization", options)

    def metric_provisioned_concurrency_utilization(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Returns the utilization of the provisioned concurrency, 0 to 1.

        Args:
            options: members of `MetricOptions`.

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
        """Returns the number of queued requests of an asynchronous endpoint.

        Args:
            options: members of `MetricOptions`.

        Example:
            ```python
            waiting = Endpoint.from_endpoint_name(
                stack, "Waiting", "churn-nightly", kind=EndpointKind.ASYNCHRONOUS
            )
            waiting.metric_backlog(statistic="Maximum")
            ```
        """
        self._require_published(MetricSource.QUEUE, "ApproximateBacklogSize")
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
        """Creates an EventBridge rule for state changes of the endpoint.

        SageMaker emits them when the endpoint is created, updated or deleted, or fails. It may
        deliver an event twice; the target must be idempotent.

        Args:
            construct_id: construct id of the rule.
            statuses: statuses such as `IN_SERVICE`, `FAILED` or `UPDATE_ROLLBACK_FAILED`. Defaults
                to all statuses.
            target: target of the rule. Defaults to None: add targets to the returned rule.
            description: description of the rule. Defaults to None: a description that names the
                endpoint.

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
        """Creates an EventBridge rule for each step of a rollout, rollbacks included.

        Args:
            construct_id: construct id of the rule.
            target: target of the rule. Defaults to None: add targets to the returned rule.
            description: description of the rule. Defaults to None: a description that names the
                endpoint.

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
            description=description or f"Rollout of endpoint {self.endpoint_name} changed state",
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
        self._require_published(MetricSource.REQUESTS, metric_name)
        return super()._of_requests(metric_name, statistic, options)

    def _of_containers(self, metric_name: str, options: MetricOptions) -> cloudwatch.Metric:
        self._require_published(MetricSource.MACHINES, metric_name)
        return super()._of_containers(metric_name, options)

    def _require_published(self, source: MetricSource, metric_name: str) -> None:
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

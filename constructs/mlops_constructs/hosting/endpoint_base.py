"""What an owned and an imported endpoint share: permissions and metrics."""

from typing import TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_iam as iam


class MetricOptions(TypedDict, total=False):
    """What a caller may say about a metric; what is left out has the metric's own default.

    Keys:
        statistic: for example `Sum`, `Average`, `p99`.
        period: length of a data point. Left out: 5 minutes.
        label: text of a graph's legend.
        variant: the variant that the metric is about. Left out: the endpoint's first one.
    """

    statistic: str
    period: cdk.Duration
    label: str
    variant: str


class EndpointBase(cdk.Resource):
    """An endpoint, its permissions and its metrics.

    Source of the metrics: "Monitor Amazon SageMaker with Amazon CloudWatch".
    """

    endpoint_name: str
    endpoint_arn: str
    variant_name: str

    def grant_invoke(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal send requests to the endpoint.

        Example::

            endpoint.grant_invoke(role)
        """
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:InvokeEndpoint"],
            resource_arns=[self.endpoint_arn],
        )

    def metric(self, metric_name: str, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Any metric of a variant's requests, an average where nothing else is said.

        Example::

            endpoint.metric("ModelSetupTime", statistic="p95")
        """
        return self._metric("AWS/SageMaker", metric_name, "Average", options)

    def metric_invocations(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Requests that reached the variant.

        Example::

            endpoint.metric_invocations(period=cdk.Duration.minutes(1))
        """
        return self._metric("AWS/SageMaker", "Invocations", "Sum", options)

    def metric_invocations_per_instance(
        self, **options: Unpack[MetricOptions]
    ) -> cloudwatch.Metric:
        """Requests for each instance, which is what target tracking looks at.

        Example::

            endpoint.metric_invocations_per_instance()
        """
        return self._metric("AWS/SageMaker", "InvocationsPerInstance", "Sum", options)

    def metric_client_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Requests answered with a 4xx status; their average is the share of all requests.

        Example::

            endpoint.metric_client_errors()
        """
        return self._metric("AWS/SageMaker", "Invocation4XXErrors", "Sum", options)

    def metric_server_errors(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Requests answered with a 5xx status; their average is the share of all requests.

        Example::

            endpoint.metric_server_errors(statistic="Average")
        """
        return self._metric("AWS/SageMaker", "Invocation5XXErrors", "Sum", options)

    def metric_model_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Time that the container takes to answer, in microseconds.

        Example::

            endpoint.metric_model_latency(statistic="p99")
        """
        return self._metric("AWS/SageMaker", "ModelLatency", "Average", options)

    def metric_overhead_latency(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Time that SageMaker adds to the container's, in microseconds.

        Example::

            endpoint.metric_overhead_latency(variant="challenger")
        """
        return self._metric("AWS/SageMaker", "OverheadLatency", "Average", options)

    def metric_cpu_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """CPU use of the instances in percent, 100 for each vCPU.

        Example::

            endpoint.metric_cpu_utilization(statistic="Maximum")
        """
        return self._metric("/aws/sagemaker/Endpoints", "CPUUtilization", "Average", options)

    def metric_memory_utilization(self, **options: Unpack[MetricOptions]) -> cloudwatch.Metric:
        """Memory use of the instances in percent.

        Example::

            endpoint.metric_memory_utilization(statistic="Maximum")
        """
        return self._metric("/aws/sagemaker/Endpoints", "MemoryUtilization", "Average", options)

    def _metric(
        self, namespace: str, metric_name: str, statistic: str, options: MetricOptions
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=metric_name,
            dimensions_map={
                "EndpointName": self.endpoint_name,
                "VariantName": options.get("variant", self.variant_name),
            },
            statistic=options.get("statistic", statistic),
            period=options.get("period"),
            label=options.get("label"),
        )

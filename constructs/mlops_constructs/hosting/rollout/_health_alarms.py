"""Alarms on the health of variants and inference components."""

from collections.abc import Mapping
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from mlops_constructs._findings import acknowledge, alarm_without_action
from mlops_constructs._problems import outside


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The metrics of a variant or component that its alarms watch.

    An alarm refers to a resource that names the alarm. The dimensions are therefore plain names
    without references: CloudFormation does not support circular references.

    Attributes:
        name: construct id of the scope of the alarms.
        subject: name in descriptions of alarms.
        dimensions: dimensions of its metrics in CloudWatch.
        config_name: endpoint configuration whose fleet is watched, for metrics that CloudWatch
            keeps per configuration. None: there are no such metrics.
        memory: namespace and name of the memory metric.
        disk: namespace and name of the disk metric; None without disks.
    """

    name: str
    subject: str
    dimensions: Mapping[str, str]
    memory: tuple[str, str]
    disk: tuple[str, str] | None
    config_name: str | None = None

    @staticmethod
    def variant(*, endpoint_name: str, variant_name: str, config_name: str) -> "Watched":
        """Returns the metrics of a variant, on the fleet that a rollout starts."""
        namespace = "/aws/sagemaker/Endpoints"
        return Watched(
            name=variant_name,
            subject=f"{endpoint_name} {variant_name}",
            dimensions={"EndpointName": endpoint_name, "VariantName": variant_name},
            memory=(namespace, "MemoryUtilization"),
            disk=(namespace, "DiskUtilization"),
            config_name=config_name,
        )

    @staticmethod
    def component(inference_component_name: str) -> "Watched":
        """Returns the metrics of an inference component; memory is in percent of its share."""
        return Watched(
            name="Component",
            subject=inference_component_name,
            dimensions={"InferenceComponentName": inference_component_name},
            memory=("/aws/sagemaker/InferenceComponents", "MemoryUtilizationNormalized"),
            disk=None,
        )

    @property
    def fleet(self) -> Mapping[str, str]:
        """Dimensions that select the requests of the new fleet."""
        return {} if self.config_name is None else {"EndpointConfigName": self.config_name}

    def alarm_name(self, kind: str) -> str | None:
        """Returns a name that changes with the fleet.

        Each rollout then has its own alarms. A shared alarm that is in ALARM because of the
        previous model would still be in ALARM when AWS reads it, and would roll back the very
        rollout that replaces that model.
        """
        return None if self.config_name is None else f"{self.config_name}-{self.name}-{kind}"


@dataclass(frozen=True, kw_only=True)
class HealthAlarms:
    """Thresholds of healthy metrics; None disables an alarm."""

    server_error_share: float
    client_error_share: float | None = None
    maximum_latency: cdk.Duration | None = None
    maximum_memory: float | None = None
    maximum_disk: float | None = None
    notify: sns.ITopic | None = None

    def count(self, *, has_disk: bool) -> int:
        """Returns the number of alarms of each variant or component."""
        bounds = [
            self.server_error_share,
            self.client_error_share,
            self.maximum_latency,
            self.maximum_memory,
            self.maximum_disk if has_disk else None,
        ]
        return sum(bound is not None for bound in bounds)

    def problems(self) -> list[str]:
        """Validates the thresholds; returns one message per problem."""
        shares = {
            "rollback share": self.server_error_share,
            "rollback client_error_share": self.client_error_share,
        }
        found = [
            f"{parameter}: got {share:g}; allowed is a share of the invocations from 0 to below 1, "
            "such as 0.05"
            for parameter, share in shares.items()
            if share is not None and outside(share, 0, 0.999)
        ]
        percentages = {
            "rollback maximum_memory": self.maximum_memory,
            "rollback maximum_disk": self.maximum_disk,
        }
        return found + [
            f"{parameter}: got {percentage:g} %; allowed is more than 0 and less than 100"
            for parameter, percentage in percentages.items()
            if percentage is not None and outside(percentage, 0.001, 99.999)
        ]

    def define(self, scope: Construct, watched: Watched) -> list[cloudwatch.Alarm]:
        """Creates the alarms of one variant or component."""
        requests = "AWS/SageMaker"
        # Each invocation counts as 0 or 1, so the average of errors is the share that failed.
        wanted: list[tuple[str, str, str, str, float | None]] = [
            (
                "ServerErrors",
                requests,
                "Invocation5XXErrors",
                "Average",
                self.server_error_share,
            ),
            ("ClientErrors", requests, "Invocation4XXErrors", "Average", self.client_error_share),
            ("Latency", requests, "ModelLatency", "p99", self._microseconds),
            ("Memory", *watched.memory, "Maximum", self.maximum_memory),
        ]
        if watched.disk is not None:
            wanted.append(("Disk", *watched.disk, "Maximum", self.maximum_disk))
        return [
            self._alarm(
                scope,
                construct_id,
                watched,
                metric=cloudwatch.Metric(
                    namespace=namespace,
                    metric_name=metric_name,
                    dimensions_map={
                        **watched.dimensions,
                        **(watched.fleet if namespace == requests else {}),
                    },
                    statistic=statistic,
                    period=cdk.Duration.minutes(1),
                ),
                threshold=threshold,
                alarm_name=watched.alarm_name(construct_id) if namespace == requests else None,
            )
            for construct_id, namespace, metric_name, statistic, threshold in wanted
            if threshold is not None
        ]

    @property
    def _microseconds(self) -> float | None:
        return self.maximum_latency.to_milliseconds() * 1000 if self.maximum_latency else None

    def _alarm(
        self,
        scope: Construct,
        construct_id: str,
        watched: Watched,
        *,
        metric: cloudwatch.Metric,
        threshold: float,
        alarm_name: str | None,
    ) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            scope,
            construct_id,
            alarm_name=alarm_name,
            alarm_description=f"{watched.subject}: {_DESCRIPTIONS[construct_id]}",
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        if self.notify is not None:
            alarm.add_alarm_action(actions.SnsAction(self.notify))
            return alarm
        reason = "SageMaker reads the alarm during a rollout, and rolls it back"
        acknowledge(alarm, alarm_without_action(reason))
        return alarm


_DESCRIPTIONS = {
    "ServerErrors": "invocations that fail with a 5xx status",
    "ClientErrors": "invocations that fail with a 4xx status",
    "Latency": "model latency",
    "Memory": "memory utilization in percent",
    "Disk": "disk utilization in percent",
}

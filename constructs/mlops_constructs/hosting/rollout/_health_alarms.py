"""Alarms that tell whether what serves is healthy."""

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
    """A variant or a component, as its alarms know it.

    The alarms are about something that names them, so the dimensions have to be names and no
    references to it: CloudFormation knows no circles.

    Attributes:
        name: of the alarms' scope.
        subject: what a person calls it.
        dimensions: under which CloudWatch keeps its metrics.
        config_name: of the configuration whose fleet is watched alone, as far as CloudWatch tells
            it from the fleet before: by its requests. None: there is no such metric.
        memory: namespace and name of the metric of its memory.
        disk: namespace and name of the metric of its disks; None where there is none.
    """

    name: str
    subject: str
    dimensions: Mapping[str, str]
    memory: tuple[str, str]
    disk: tuple[str, str] | None
    config_name: str | None = None

    @staticmethod
    def variant(*, endpoint_name: str, variant_name: str, config_name: str) -> "Watched":
        """A variant of an endpoint, on the fleet that a rollout starts."""
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
        """An inference component; CloudWatch has its memory in percent of what it reserved."""
        return Watched(
            name="Component",
            subject=inference_component_name,
            dimensions={"InferenceComponentName": inference_component_name},
            memory=("/aws/sagemaker/InferenceComponents", "MemoryUtilizationNormalized"),
            disk=None,
        )

    @property
    def fleet(self) -> Mapping[str, str]:
        """What tells the requests to the new fleet from those to the one before."""
        return {} if self.config_name is None else {"EndpointConfigName": self.config_name}

    def alarm_name(self, kind: str) -> str | None:
        """A name that changes with the fleet.

        So the next rollout has alarms of its own: one that rings because of the model before would
        still ring when AWS looks at it, and end the very rollout that takes that model away.
        """
        return None if self.config_name is None else f"{self.config_name}-{self.name}-{kind}"


@dataclass(frozen=True, kw_only=True)
class HealthAlarms:
    """Bounds of what is healthy; None where nothing is watched."""

    server_error_share: float
    client_error_share: float | None = None
    maximum_latency: cdk.Duration | None = None
    maximum_memory: float | None = None
    maximum_disk: float | None = None
    notify: sns.ITopic | None = None

    def count(self, *, has_disk: bool) -> int:
        """How many alarms each variant or component gets."""
        bounds = [
            self.server_error_share,
            self.client_error_share,
            self.maximum_latency,
            self.maximum_memory,
            self.maximum_disk if has_disk else None,
        ]
        return sum(bound is not None for bound in bounds)

    def problems(self) -> list[str]:
        """What could never be an alarm."""
        shares = {
            "rollback share": self.server_error_share,
            "rollback client_error_share": self.client_error_share,
        }
        found = [
            f"{parameter}: got {share:g}; allowed is a part of the invocations from 0 to below 1, "
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
        """Makes the alarms of one variant or component."""
        requests = "AWS/SageMaker"
        # Each invocation counts as 0 or 1, so an average of errors is the share that failed.
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
        reason = "SageMaker itself watches the alarm during a rollout, and turns it back"
        acknowledge(alarm, alarm_without_action(reason))
        return alarm


_DESCRIPTIONS = {
    "ServerErrors": "invocations that fail with a 5xx status",
    "ClientErrors": "invocations that fail with a 4xx status",
    "Latency": "time that the model takes to answer",
    "Memory": "use of memory in percent",
    "Disk": "use of disks in percent",
}

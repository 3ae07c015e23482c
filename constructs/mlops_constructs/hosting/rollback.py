"""Alarms that turn a rollout back to the configuration that served before."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from mlops_constructs._problems import outside

_MOST_ALARMS = 10


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """What turns a rollout back; made by its static factories."""

    alarms: Sequence[cloudwatch.IAlarm] = ()
    error_share: float | None = None
    maximum_latency: cdk.Duration | None = None

    @staticmethod
    def on_errors(
        *, share: float = 0.05, maximum_latency: cdk.Duration | None = None
    ) -> "Rollback":
        """Alarms that the endpoint makes for each of its variants; the default of every rollout.

        They watch old and new instances together, so `share` concerns the whole traffic.

        Parameters:
            share: part of a minute's invocations that may fail with a 5xx status.
            maximum_latency: what 99 % of a minute's invocations may take in the model. Left out:
                latency does not turn a rollout back.

        Example::

            Rollback.on_errors(share=0.01, maximum_latency=cdk.Duration.millis(300))
        """
        return Rollback(error_share=share, maximum_latency=maximum_latency)

    @staticmethod
    def on_alarms(*alarms: cloudwatch.IAlarm) -> "Rollback":
        """One to ten alarms of your own.

        Example::

            Rollback.on_alarms(alarm)
        """
        return Rollback(alarms=alarms)

    @property
    def makes_alarms(self) -> bool:
        return self.error_share is not None

    def problems(self, *, variants: int) -> list[str]:
        """What AWS would refuse."""
        if not self.makes_alarms:
            if 1 <= len(self.alarms) <= _MOST_ALARMS:
                return []
            return [f"rollback alarms: got {len(self.alarms)}; allowed are 1 to {_MOST_ALARMS}"]
        found = []
        if outside(self.error_share, 0, 0.999):
            found.append(
                f"rollback share: got {self.error_share:g}; allowed is a part of the invocations "
                "from 0 to below 1, such as 0.05"
            )
        made = variants * (2 if self.maximum_latency else 1)
        if made > _MOST_ALARMS:
            found.append(
                f"rollback: got {made} alarms for {variants} variants; allowed are at most "
                f"{_MOST_ALARMS}, so pass alarms of your own"
            )
        return found

    def alarm_names(
        self, scope: Construct, *, endpoint_name: str, variant_names: Sequence[str]
    ) -> list[str]:
        """The names of the alarms, which are made where they are the endpoint's own.

        The alarms are about an endpoint that names them, so `endpoint_name` has to be a name and
        no reference: CloudFormation knows no circles.
        """
        if not self.makes_alarms:
            return [alarm.alarm_name for alarm in self.alarms]
        names = []
        for variant in variant_names:
            of_variant = Construct(scope, variant)
            metric = _VariantMetric(endpoint_name=endpoint_name, variant_name=variant)
            names.append(self._server_errors(of_variant, metric).alarm_name)
            if self.maximum_latency is not None:
                names.append(self._latency(of_variant, metric, self.maximum_latency).alarm_name)
        return names

    def _server_errors(self, scope: Construct, metric: "_VariantMetric") -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            scope,
            "ServerErrors",
            alarm_description=f"{metric.endpoint_name}: invocations that fail with a 5xx status",
            # Each invocation counts as 0 or 1, so the average is the share that failed.
            metric=metric.named("Invocation5XXErrors", statistic="Average"),
            threshold=self.error_share or 0,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )

    def _latency(
        self, scope: Construct, metric: "_VariantMetric", maximum: cdk.Duration
    ) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            scope,
            "Latency",
            alarm_description=f"{metric.endpoint_name}: time that the model takes to answer",
            metric=metric.named("ModelLatency", statistic="p99"),
            threshold=maximum.to_milliseconds() * 1000,  # the metric counts microseconds
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )


@dataclass(frozen=True, kw_only=True)
class _VariantMetric:
    endpoint_name: str
    variant_name: str

    def named(self, metric_name: str, *, statistic: str) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace="AWS/SageMaker",
            metric_name=metric_name,
            dimensions_map={
                "EndpointName": self.endpoint_name,
                "VariantName": self.variant_name,
            },
            statistic=statistic,
            period=cdk.Duration.minutes(1),
        )

"""Alarms that roll back a rollout."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from ._health_alarms import HealthAlarms, Watched

_MAX_ALARMS = 10


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """Alarms that roll a rollout back to the previous configuration; use its static factories.

    Source: "Auto-Rollback Configuration and Monitoring" of SageMaker's developer guide.
    """

    alarms: Sequence[cloudwatch.IAlarm] = ()
    health: HealthAlarms | None = None
    is_off: bool = False

    @staticmethod
    def on_health(
        *,
        server_error_share: float = 0.05,
        client_error_share: float = 0.25,
        maximum_latency: cdk.Duration | None = None,
        maximum_memory: float = 95,
        maximum_disk: float = 90,
        notify: sns.ITopic | None = None,
    ) -> "Rollback":
        """Creates alarms on errors, latency and resources; the default of each rollout.

        Each variant has its own alarms. Alarms on errors and latency watch the new fleet only: a
        share refers to the requests of that fleet, and a previous model that fails does not block
        the way back to an older one, since AWS ends a rollout while any of its alarms is in ALARM.
        CloudWatch publishes memory and disk utilization of both fleets together; if the current
        model exhausts them, deploy its successor once with `on_errors` or `off`. For inference
        components, CloudWatch publishes all metrics of old and new copies together; deploy the
        successor of a failing component once with `off`.

        Args:
            server_error_share: share of the invocations of one minute that may fail with a 5xx
                status, 0 to below 1. Defaults to 0.05.
            client_error_share: share that may fail with a 4xx status, 0 to below 1, for example
                when a new model requires other features than its callers send. Defaults to 0.25.
            maximum_latency: 99th percentile of the model latency of one minute. Defaults to None:
                latency does not roll back.
            maximum_memory: maximum memory utilization in percent, more than 0 and less than 100.
                Defaults to 95.
            maximum_disk: maximum disk utilization in percent, more than 0 and less than 100;
                inference components have no disks. Defaults to 90.
            notify: topic that each alarm notifies. Defaults to None: only the rollout watches the
                alarms.

        Example:
            ```python
            Rollback.on_health(maximum_latency=cdk.Duration.millis(300), notify=topic)
            ```
        """
        return Rollback(
            health=HealthAlarms(
                server_error_share=server_error_share,
                client_error_share=client_error_share,
                maximum_latency=maximum_latency,
                maximum_memory=maximum_memory,
                maximum_disk=maximum_disk,
                notify=notify,
            )
        )

    @staticmethod
    def on_errors(
        *,
        share: float = 0.05,
        maximum_latency: cdk.Duration | None = None,
        notify: sns.ITopic | None = None,
    ) -> "Rollback":
        """Creates alarms on 5xx errors and latency only, where `on_health` would create too many.

        They watch the new fleet, as those of `on_health` do.

        Args:
            share: share of the invocations of one minute that may fail with a 5xx status, 0 to
                below 1. Defaults to 0.05.
            maximum_latency: 99th percentile of the model latency of one minute. Defaults to None:
                latency does not roll back.
            notify: topic that each alarm notifies. Defaults to None: only the rollout watches the
                alarms.

        Example:
            ```python
            Rollback.on_errors(share=0.01, maximum_latency=cdk.Duration.millis(300))
            ```
        """
        return Rollback(
            health=HealthAlarms(
                server_error_share=share, maximum_latency=maximum_latency, notify=notify
            )
        )

    @staticmethod
    def on_alarms(*alarms: cloudwatch.IAlarm) -> "Rollback":
        """Uses your own alarms.

        AWS ends and rolls back a rollout while one of them is in ALARM, whatever the cause. Let
        them watch the new fleet only (dimension `EndpointConfigName`), or replace a failing model
        with `off`.

        Args:
            alarms: 1 to 10 alarms.

        Example:
            ```python
            Rollback.on_alarms(alarm)
            ```
        """
        return Rollback(alarms=alarms)

    @staticmethod
    def off() -> "Rollback":
        """Disables the rollback, for a single deployment that must not be rolled back.

        For example the deployment of an older model, while your own alarm is in ALARM because of
        the current one.

        Example:
            ```python
            Rollout.canary(size=CapacitySize.instances(1), rollback=Rollback.off())
            ```
        """
        return Rollback(is_off=True)

    @property
    def makes_alarms(self) -> bool:
        """True if the endpoint creates the alarms."""
        return self.health is not None

    def problems(self, *, variants: int, has_disk: bool = True) -> list[str]:
        """Validates the alarms; returns one message per problem.

        Args:
            variants: number of variants or components that have alarms.
            has_disk: True if disk utilization is published. Defaults to True.
        """
        if self.is_off:
            return []
        if self.health is None:
            if 1 <= len(self.alarms) <= _MAX_ALARMS:
                return []
            return [f"rollback alarms: got {len(self.alarms)}; allowed are 1 to {_MAX_ALARMS}"]
        found = self.health.problems()
        made = variants * self.health.count(has_disk=has_disk)
        if made > _MAX_ALARMS:
            found.append(
                f"rollback: got {made} alarms for {variants} variants; allowed are at most "
                f"{_MAX_ALARMS}; use Rollback.on_errors(), or pass your own alarms"
            )
        return found

    def alarm_names(self, scope: Construct, watched: Sequence[Watched]) -> list[str]:
        """Returns the names of the alarms, and creates the ones that are not given.

        Args:
            watched: variants or components that the alarms watch.
        """
        if self.health is None:
            return [alarm.alarm_name for alarm in self.alarms]
        return [
            alarm.alarm_name
            for one in watched
            for alarm in self.health.define(Construct(scope, one.name), one)
        ]

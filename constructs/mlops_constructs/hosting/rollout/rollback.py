"""Alarms that turn a rollout back to the configuration that served before."""

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sns as sns
from constructs import Construct

from ._health_alarms import HealthAlarms, Watched

_MOST_ALARMS = 10


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """What turns a rollout back; made by its static factories.

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
        """Alarms on errors, latency and resources, which are made here; each rollout's default.

        They are made for each variant. Those on errors and latency watch the new fleet alone, so a
        share concerns the requests that it gets, and a model that already fails does not keep the
        way back to an older one shut: AWS ends a rollout while any of its alarms rings. Memory and
        disks CloudWatch has of both fleets together; where the model in service fills them, deploy
        the way out once with `on_errors` or `off`. Of inference components it has old and new
        copies together for everything.

        Args:
            server_error_share: part of a minute's invocations that may fail with a 5xx status.
            client_error_share: part that may fail with a 4xx status, as when a new model asks for
                other features than its callers send.
            maximum_latency: what 99 % of a minute's invocations may take in the model. Left out:
                latency does not turn a rollout back.
            maximum_memory: percent of the memory that may be used.
            maximum_disk: percent of the disks that may be used; inference components have none.
            notify: topic that is told of each alarm. Left out: only the rollout watches them.

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
        """Alarms on 5xx errors and latency alone, where `on_health` would need too many.

        They watch the new fleet, as those of `on_health` do.

        Args:
            share: part of a minute's invocations that may fail with a 5xx status.
            maximum_latency: what 99 % of a minute's invocations may take in the model. Left out:
                latency does not turn a rollout back.
            notify: topic that is told of each alarm. Left out: only the rollout watches them.

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
        """One to ten alarms of your own.

        AWS ends a rollout, and goes back, while one of them is in ALARM, whatever rang it: let them
        watch the new fleet alone (dimension `EndpointConfigName`), or take the way out with `off`.

        Example:
            ```python
            Rollback.on_alarms(alarm)
            ```
        """
        return Rollback(alarms=alarms)

    @staticmethod
    def off() -> "Rollback":
        """Nothing: the rollout goes on whatever happens. For a single deployment that has to pass.

        Such as the way back to an older model while an alarm of your own rings because of the one
        in service.

        Example:
            ```python
            Rollout.canary(size=Capacity.instances(1), rollback=Rollback.off())
            ```
        """
        return Rollback(is_off=True)

    @property
    def makes_alarms(self) -> bool:
        return self.health is not None

    def problems(self, *, variants: int, has_disk: bool = True) -> list[str]:
        """What AWS would refuse."""
        if self.is_off:
            return []
        if self.health is None:
            if 1 <= len(self.alarms) <= _MOST_ALARMS:
                return []
            return [f"rollback alarms: got {len(self.alarms)}; allowed are 1 to {_MOST_ALARMS}"]
        found = self.health.problems()
        made = variants * self.health.count(has_disk=has_disk)
        if made > _MOST_ALARMS:
            found.append(
                f"rollback: got {made} alarms for {variants} variants; allowed are at most "
                f"{_MOST_ALARMS}, so use Rollback.on_errors(), or pass alarms of your own"
            )
        return found

    def alarm_names(self, scope: Construct, watched: Sequence[Watched]) -> list[str]:
        """The names of the alarms, which are made below `scope` where they are not given."""
        if self.health is None:
            return [alarm.alarm_name for alarm in self.alarms]
        return [
            alarm.alarm_name
            for one in watched
            for alarm in self.health.define(Construct(scope, one.name), one)
        ]

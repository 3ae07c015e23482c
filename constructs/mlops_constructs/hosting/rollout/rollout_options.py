"""What rollouts take beside their own steps."""

from typing import TypedDict

import aws_cdk as cdk

from .rollback import Rollback


class RolloutOptions(TypedDict, total=False):
    """What every rollout takes.

    Keys:
        maximum_duration: time after which the rollout fails, 10 minutes to 8 hours, longer than
            all waits together. Left out: AWS decides.
        rollback: alarms that turn the rollout back. Left out: `Rollback.on_health()`, alarms that
            the endpoint makes by itself. With `Rollback.off()` AWS only waits.
    """

    maximum_duration: cdk.Duration | None
    rollback: Rollback | None


class BlueGreenOptions(RolloutOptions, total=False):
    """What rollouts take that start a second fleet beside the first.

    Keys:
        termination_wait: how much longer the old fleet is kept. Left out: not at all.
    """

    termination_wait: cdk.Duration | None

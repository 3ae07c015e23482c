"""Step Functions has the time of schedules and alarms, which a user can move forward.

A state machine that an alarm starts compares its time with that of earlier executions: a cooldown
of days passes when time is moved forward by days.
"""

from collections.abc import Callable

from rehearsal.framework.clock import clock_of
from rehearsal.ministack.registry import PERMANENT, patch
from rehearsal.ministack.runtime import Runtime


@patch(
    "ministack.services.stepfunctions:now_iso",
    why="Executions have real time, so that a cooldown of days never passes in a moved time.",
    until=PERMANENT,
)
def now_iso(previous: Callable[[], str], *, runtime: Runtime) -> str:
    return clock_of(runtime.platform)().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

"""States that start a retraining unless one is in progress or has recently succeeded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MAX_EXECUTIONS = 100
"""The number of newest executions that are checked: one page of either service."""

# The token makes the start idempotent: EventBridge may deliver an event twice.
_REQUEST = "{% $exists($states.input.id) ? $states.input.id : $uuid() %}"
# Listing has no side effects and the start is idempotent, so any failure can be retried.
_AGAIN = {
    "ErrorEquals": ["States.TaskFailed"],
    "IntervalSeconds": 5,
    "MaxAttempts": 4,
    "BackoffRate": 3,
    "JitterStrategy": "FULL",
}


_MONTH_DAYS = 30
_DAY_MILLISECONDS = 86_400_000


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of the executions that a state machine starts.

    Args:
        minimum_seconds: seconds after the start of a successful execution in which no other one is
            started.
        max_runs: maximum number of own executions in 30 days. None: no maximum.
        pattern: regular expression for tighter limits in the name of the alarm. None: none.
    """

    minimum_seconds: int
    max_runs: int | None
    pattern: str | None

    @property
    def interval(self) -> str:
        """Expression for the minimum interval in milliseconds."""
        own = self.minimum_seconds * 1000
        if self.pattern is None:
            return str(own)
        return f"$max([{own}, {self._given(0)} * {_DAY_MILLISECONDS}])"

    @property
    def runs(self) -> str | None:
        """Expression for the maximum number of own executions; None without a maximum."""
        if self.pattern is None:
            return None if self.max_runs is None else str(self.max_runs)
        own = [] if self.max_runs is None else [str(self.max_runs)]
        return f"$min([{', '.join([*own, self._given(1, otherwise=self.max_runs or 1_000)])}])"

    def _given(self, group: int, *, otherwise: int = 0) -> str:
        name = "$states.input.detail.alarmName"
        return (
            f"($exists({name}) and $contains({name}, /{self.pattern}/)"
            f" ? $number($match({name}, /{self.pattern}/)[0].groups[{group}]) : {otherwise})"
        )


@dataclass(frozen=True, kw_only=True)
class PipelineCalls:
    """The API calls that list and start executions of a kind of pipeline.

    Args:
        service: name of the service in SDK integrations of Step Functions.
        pipeline_name: name of the pipeline.
        start: arguments of the call that starts it, without the token.
        status: member of an execution that holds its status.
        under_way: statuses of executions that have not ended.
        own: condition for executions that the state machine has started.
    """

    service: str
    pipeline_name: str
    start: Mapping[str, Any]
    status: str
    under_way: Sequence[str]
    own: str

    def definition(
        self, partition: str, limits: Limits, *, topic_arn: str | None = None
    ) -> dict[str, Any]:
        """Returns the state machine in the Amazon States Language.

        Args:
            partition: AWS partition of its ARNs.
            limits: limits of the executions that are started.
            topic_arn: topic that is notified of an alarm beyond the maximum. Defaults to None: no
                notification.

        Source: "Amazon States Language" and "Integrating with AWS services by SDK integrations" of
        the developer guide of Step Functions: members are in Pascal case, times are text.
        """
        sdk = f"arn:{partition}:states:::aws-sdk:{self.service}"
        return {
            "Comment": "Starts a retraining unless one is in progress or has recently succeeded",
            "QueryLanguage": "JSONata",
            "StartAt": "List",
            "States": {
                "List": {
                    "Type": "Task",
                    "Resource": f"{sdk}:listPipelineExecutions",
                    "Arguments": {
                        "PipelineName": self.pipeline_name,
                        "MaxResults": MAX_EXECUTIONS,
                    },
                    "Output": {
                        "in_the_way": self._in_the_way(limits),
                        **({} if limits.runs is None else {"own": self._own(limits.runs)}),
                    },
                    "Assign": {"request": _REQUEST},
                    "Retry": [_AGAIN],
                    "Next": "Decide",
                },
                "Decide": {
                    "Type": "Choice",
                    "Choices": [
                        {"Condition": "{% $states.input.in_the_way > 0 %}", "Next": "NotNeeded"},
                        *([] if limits.runs is None else [_OVER_BUDGET]),
                    ],
                    "Default": "Start",
                },
                "NotNeeded": _not_started(
                    "an execution is in progress, or one has recently succeeded"
                ),
                **(
                    {}
                    if limits.runs is None
                    else {"OverBudget": self._over_budget(partition, topic_arn)}
                ),
                "Start": {
                    "Type": "Task",
                    "Resource": f"{sdk}:startPipelineExecution",
                    "Arguments": {**self.start, "ClientRequestToken": "{% $request %}"},
                    "Output": "{% $merge([{'Retraining': 'started'}, $states.result]) %}",
                    "Retry": [_AGAIN],
                    "End": True,
                },
            },
        }

    def _over_budget(self, partition: str, topic_arn: str | None) -> dict[str, Any]:
        ended = _not_started(_MAXIMUM)
        if topic_arn is None:
            return ended
        # The alarm was the reason of the execution, and the input of a test may have none.
        message = (
            f"{{% ($name := $states.context.Execution.Input.detail.alarmName;"
            f" 'No retraining of {self.pipeline_name} is started: {_MAXIMUM} ('"
            f" & $states.input.own.allowed & ') is reached.'"
            f" & ($exists($name) ? ' The alarm ' & $name & ' went off; the endpoint continues to"
            f" serve its model.' : '')) %}}"
        )
        return {
            "Type": "Task",
            "Resource": f"arn:{partition}:states:::aws-sdk:sns:publish",
            "Arguments": {"TopicArn": topic_arn, "Message": message},
            "Retry": [_AGAIN],
            "Output": ended["Output"],
            "End": True,
        }

    def _in_the_way(self, limits: Limits) -> str:
        """Returns the expression for the number of executions that prevent a start."""
        under_way = ", ".join(f"'{status}'" for status in self.under_way)
        return (
            f"{{% ({_ASKED} $interval := {limits.interval};"
            f" $count($states.result.PipelineExecutionSummaries[{self.status} in [{under_way}]"
            f" or ({self.status} = 'Succeeded'"
            " and $asked - $toMillis(StartTime) < $interval)])) %}"
        )

    def _own(self, allowed: str) -> str:
        """Returns the expression for own executions of a month, and their maximum."""
        return (
            f"{{% ({_ASKED} {{'runs': $count($states.result.PipelineExecutionSummaries[{self.own}"
            f" and $asked - $toMillis(StartTime) < {_MONTH_DAYS * _DAY_MILLISECONDS}]),"
            f" 'allowed': {allowed}}}) %}}"
        )


_OVER_BUDGET = {
    "Condition": "{% $states.input.own.runs >= $states.input.own.allowed %}",
    "Next": "OverBudget",
}
_MAXIMUM = "the maximum of retrainings in 30 days"
_ASKED = "$asked := $toMillis($states.context.State.EnteredTime);"


def _not_started(reason: str) -> dict[str, Any]:
    return {
        "Type": "Pass",
        "Output": {"Retraining": "not started", "Reason": reason},
        "End": True,
    }

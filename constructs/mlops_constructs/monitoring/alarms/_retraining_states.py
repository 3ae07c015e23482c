"""The states that start a retraining, unless one is under way or has just succeeded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_EXECUTIONS = 100
"""How many of the newest executions are looked at: what one page of either service holds."""

# An event that EventBridge delivers twice, as it may, starts nothing twice.
_REQUEST = "{% $exists($states.input.id) ? $states.input.id : $uuid() %}"
# Whatever failed: to look again does no harm, and the same request starts nothing twice.
_AGAIN = {
    "ErrorEquals": ["States.TaskFailed"],
    "IntervalSeconds": 5,
    "MaxAttempts": 4,
    "BackoffRate": 3,
    "JitterStrategy": "FULL",
}


@dataclass(frozen=True, kw_only=True)
class PipelineCalls:
    """How the executions of one kind of pipeline are listed and started.

    Args:
        service: its name in SDK integrations of Step Functions.
        pipeline_name: the pipeline.
        start: the arguments that start it, the token left out.
        status: the member of an execution that holds its status.
        under_way: the statuses of executions that have not ended.
    """

    service: str
    pipeline_name: str
    start: Mapping[str, Any]
    status: str
    under_way: Sequence[str]

    def definition(self, partition: str, minimum_seconds: int) -> dict[str, Any]:
        """The state machine, in the States Language.

        Args:
            partition: of its ARNs.
            minimum_seconds: the time after the start of a successful execution in which no other
                one is started.

        Source: "Amazon States Language" and "Integrating with AWS services by SDK integrations" of
        the developer guide of Step Functions: members are in Pascal case, times are text.
        """
        sdk = f"arn:{partition}:states:::aws-sdk:{self.service}"
        return {
            "Comment": "Starts a retraining unless one is under way or has just succeeded",
            "QueryLanguage": "JSONata",
            "StartAt": "List",
            "States": {
                "List": {
                    "Type": "Task",
                    "Resource": f"{sdk}:listPipelineExecutions",
                    "Arguments": {
                        "PipelineName": self.pipeline_name,
                        "MaxResults": MOST_EXECUTIONS,
                    },
                    "Output": {"in_the_way": self._in_the_way(minimum_seconds)},
                    "Assign": {"request": _REQUEST},
                    "Retry": [_AGAIN],
                    "Next": "Decide",
                },
                "Decide": {
                    "Type": "Choice",
                    "Choices": [
                        {"Condition": "{% $states.input.in_the_way > 0 %}", "Next": "NotNeeded"}
                    ],
                    "Default": "Start",
                },
                "NotNeeded": {"Type": "Succeed"},
                "Start": {
                    "Type": "Task",
                    "Resource": f"{sdk}:startPipelineExecution",
                    "Arguments": {**self.start, "ClientRequestToken": "{% $request %}"},
                    "Retry": [_AGAIN],
                    "End": True,
                },
            },
        }

    def _in_the_way(self, minimum_seconds: int) -> str:
        """How many executions are a reason to start none."""
        under_way = ", ".join(f"'{status}'" for status in self.under_way)
        return (
            "{% ($asked := $toMillis($states.context.State.EnteredTime);"
            f" $count($states.result.PipelineExecutionSummaries[{self.status} in [{under_way}]"
            f" or ({self.status} = 'Succeeded'"
            f" and $asked - $toMillis(StartTime) < {minimum_seconds * 1000})])) %}}"
        )

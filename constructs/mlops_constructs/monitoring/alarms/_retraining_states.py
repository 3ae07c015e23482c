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


@dataclass(frozen=True, kw_only=True)
class PipelineCalls:
    """The API calls that list and start executions of a kind of pipeline.

    Args:
        service: name of the service in SDK integrations of Step Functions.
        pipeline_name: name of the pipeline.
        start: arguments of the call that starts it, without the token.
        status: member of an execution that holds its status.
        under_way: statuses of executions that have not ended.
    """

    service: str
    pipeline_name: str
    start: Mapping[str, Any]
    status: str
    under_way: Sequence[str]

    def definition(self, partition: str, minimum_seconds: int) -> dict[str, Any]:
        """Returns the state machine in the Amazon States Language.

        Args:
            partition: AWS partition of its ARNs.
            minimum_seconds: seconds after the start of a successful execution in which no other one
                is started.

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
        """Returns the expression for the number of executions that prevent a start."""
        under_way = ", ".join(f"'{status}'" for status in self.under_way)
        return (
            "{% ($asked := $toMillis($states.context.State.EnteredTime);"
            f" $count($states.result.PipelineExecutionSummaries[{self.status} in [{under_way}]"
            f" or ({self.status} = 'Succeeded'"
            f" and $asked - $toMillis(StartTime) < {minimum_seconds * 1000})])) %}}"
        )

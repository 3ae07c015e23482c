"""The states that start a retraining, unless one is under way or has just succeeded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_EXECUTIONS = 100
"""How many of the newest executions are looked at: what one page of either service holds."""

# An event that EventBridge delivers twice, as it may, starts nothing twice.
_REQUEST = "{% $exists($states.input.id) ? $states.input.id : $uuid() %}"
_BUSY = ["ThrottlingException", "InternalServerException", "SdkClientException"]


@dataclass(frozen=True, kw_only=True)
class PipelineCalls:
    """How the executions of one kind of pipeline are listed and started.

    Parameters:
        service: its name in SDK integrations of Step Functions.
        error_prefix: with which the names of its errors begin there.
        named: the argument that names the pipeline in a request to list its executions.
        start: the arguments that start it, the token left out.
        executions, status: members of the answer.
        under_way: the statuses of executions that have not ended.
        pipeline_name: the name.
    """

    service: str
    error_prefix: str
    named: str
    start: Mapping[str, Any]
    executions: str
    status: str
    under_way: Sequence[str]
    pipeline_name: str

    def definition(self, partition: str, minimum_seconds: int) -> dict[str, Any]:
        """The state machine, in the States Language.

        Parameters:
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
                        self.named: self.pipeline_name,
                        "MaxResults": MOST_EXECUTIONS,
                    },
                    "Output": {"in_the_way": self._in_the_way(minimum_seconds)},
                    "Assign": {"request": _REQUEST},
                    "Retry": [self._retry()],
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
                    "Retry": [self._retry()],
                    "End": True,
                },
            },
        }

    def _in_the_way(self, minimum_seconds: int) -> str:
        """How many executions are a reason to start none."""
        under_way = ", ".join(f"'{status}'" for status in self.under_way)
        return (
            "{% ($now := $toMillis($states.context.State.EnteredTime);"
            f" $count($states.result.{self.executions}[{self.status} in [{under_way}]"
            f" or ({self.status} = 'Succeeded'"
            f" and $now - $toMillis(StartTime) < {minimum_seconds * 1000})])) %}}"
        )

    def _retry(self) -> dict[str, Any]:
        return {
            "ErrorEquals": [f"{self.error_prefix}.{name}" for name in _BUSY],
            "IntervalSeconds": 5,
            "MaxAttempts": 5,
            "BackoffRate": 2,
            "JitterStrategy": "FULL",
        }

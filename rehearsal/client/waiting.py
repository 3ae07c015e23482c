"""Waits for a state of a project, until it is reached, cannot be reached, or time is up."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.client import pipeline_execution
from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.pipeline_execution import PipelineExecution
from rehearsal.client.progress import Status
from rehearsal.client.project import Project

POLL_SECONDS = 1.0


class Goal(StrEnum):
    """A state to wait for."""

    BUILD = "build"
    DEPLOY = "deploy"
    APPROVAL = "approval"
    ENDPOINT = "endpoint"


@dataclass(frozen=True)
class Wait:
    """A wait for a state of a project, in the newest execution of its pipeline.

    Args:
        aws: the local AWS.
        project: the project.
        goal: the state.
        stage: the stage whose approval or endpoint is meant; empty for any approval, and for the
            endpoint of production.
        seconds: the time limit in seconds.
    """

    aws: LocalAws
    project: Project
    goal: Goal
    stage: str
    seconds: float

    def run(self) -> dict[str, Any]:
        """Waits and returns what was reached.

        Raises:
            RehearsalError: the state cannot be reached any more, or the time is up.
        """
        check: dict[Goal, Callable[[PipelineExecution], dict[str, Any] | None]] = {
            Goal.BUILD: self._succeeded,
            Goal.DEPLOY: self._succeeded,
            Goal.APPROVAL: self._approval,
            Goal.ENDPOINT: self._endpoint,
        }
        codepipeline = self.aws.client("codepipeline")
        name = self.project.pipeline("build" if self.goal is Goal.BUILD else "deploy")
        deadline = time.monotonic() + self.seconds
        while True:
            newest = pipeline_execution.latest(codepipeline, name)
            execution = pipeline_execution.read(codepipeline, name, newest)
            found = check[self.goal](execution)
            if found is not None:
                return {"goal": self.goal.value, "execution": newest, **found}
            if execution.status.ended and execution.status is not Status.SUCCEEDED:
                raise RehearsalError(
                    f"Pipeline {name} {execution.status}.",
                    f"{execution.failure} (execution {newest})",
                    f"Run `rehearse logs {self.project.name} --pipeline "
                    f"{'build' if self.goal is Goal.BUILD else 'deploy'}` for the end of the log.",
                )
            if time.monotonic() >= deadline:
                raise self._late(execution)
            time.sleep(POLL_SECONDS)

    def _succeeded(self, execution: PipelineExecution) -> dict[str, Any] | None:
        if execution.status is Status.SUCCEEDED:
            return {"pipeline": execution.pipeline}
        self._reject_approval(execution)
        return None

    def _approval(self, execution: PipelineExecution) -> dict[str, Any] | None:
        pending = execution.approval
        if pending and self.stage.lower() in ("", pending.stage.lower()):
            return {"stage": pending.stage, "action": pending.name}
        self._reject_approval(execution)
        if execution.status is Status.SUCCEEDED:
            raise RehearsalError(
                f"Pipeline {execution.pipeline} has succeeded and waits for no approval.",
                f"Execution {execution.execution_id} has ended.",
                "Approve a model package or push, which starts another execution.",
            )
        return None

    def _endpoint(self, execution: PipelineExecution) -> dict[str, Any] | None:
        stage = self.stage or "prod"
        name = self.project.endpoint(stage.lower())
        status, reason = self._endpoint_status(stage.lower())
        if status == "Failed":
            raise RehearsalError(f"Endpoint {name} failed.", reason)
        pending = execution.approval
        if pending and pending.stage.lower() != stage.lower():
            self._reject_approval(execution)
        settled = pending is not None or execution.status is Status.SUCCEEDED
        if settled and status == "InService":
            return {"endpoint": name, "status": status}
        if settled and not status:
            raise RehearsalError(
                f"There is no endpoint {name}.",
                f"Execution {execution.execution_id} of {execution.pipeline} has created none.",
                "Pass a stage of the deploy pipeline with --stage, such as staging or prod.",
            )
        return None

    def _endpoint_status(self, stage: str) -> tuple[str, str]:
        sagemaker = self.project.account_of(self.aws, stage).client("sagemaker")
        try:
            found = sagemaker.describe_endpoint(EndpointName=self.project.endpoint(stage))
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationException":
                raise
            return "", ""
        return found["EndpointStatus"], found.get("FailureReason", "")

    def _reject_approval(self, execution: PipelineExecution) -> None:
        """Raises `RehearsalError` if the execution waits for an approval, so goes no further."""
        pending = execution.approval
        if pending:
            raise RehearsalError(
                f"Pipeline {execution.pipeline} waits for an approval in stage {pending.stage}.",
                f"Execution {execution.execution_id} goes on when it is approved.",
                f"Run `rehearse approve {self.project.name} --stage {pending.stage}`.",
            )

    def _late(self, execution: PipelineExecution) -> RehearsalError:
        running = [action for action in execution.actions if not action.status.ended]
        at = ", ".join(f"{action.stage} / {action.name}" for action in running)
        return RehearsalError(
            f"The state {self.goal.value!r} was not reached within {self.seconds:.0f} s.",
            f"Execution {execution.execution_id} of {execution.pipeline} is {execution.status}"
            + (f" at {at}." if at else "."),
            f"Run `rehearse status {self.project.name}`, or pass a longer --timeout.",
        )

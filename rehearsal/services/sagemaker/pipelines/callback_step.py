"""Callback steps, which send a message to a queue and wait for a call with its token.

Source: "Callback step" in the developer guide, and StopPipelineExecution in the API reference.
"""

import json
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.pipelines.callbacks import Callback
from rehearsal.services.sagemaker.pipelines.output_parameters import listed_outputs
from rehearsal.services.sagemaker.pipelines.step_run import (
    StepFailedError,
    StepOutcome,
    StepRun,
    StepStoppedError,
    failed_call,
)


def run(run: StepRun) -> StepOutcome:
    """Sends the message of a step and waits for its end.

    When the execution stops, a second message has the status Stopping, and the step still waits for
    the call.

    Raises:
        StepFailedError: the role may not send the message, or SendPipelineExecutionStepFailure was
            called.
        StepStoppedError: the step has ended after the execution was stopped.
    """
    callback = run.callbacks.add(run.execution_arn, run.step)
    queue = str(run.step["SqsQueueUrl"])
    metadata: dict[str, Any] = {"Callback": {"CallbackToken": callback.token, "SqsQueueUrl": queue}}
    run.started(metadata)
    _send(run, callback, "Executing")
    stopping = False
    while not callback.ended.is_set():
        if run.callbacks.closed.is_set():
            raise StepStoppedError
        if run.stopping() and not stopping:
            stopping = True
            _send(run, callback, "Stopping")
        run.wait()
    if callback.failure is not None:
        raise StepFailedError(callback.failure, None, metadata)
    metadata["Callback"]["OutputParameters"] = listed_outputs(callback.outputs)
    if stopping:
        raise StepStoppedError
    return StepOutcome({"OutputParameters": callback.outputs}, metadata)


def _send(run: StepRun, callback: Callback, status: str) -> None:
    body = {
        "token": callback.token,
        "pipelineExecutionArn": run.execution_arn,
        "arguments": run.arguments,
        "status": status,
    }
    try:
        run.session.client("sqs").send_message(
            QueueUrl=run.step["SqsQueueUrl"], MessageBody=json.dumps(body, default=str)
        )
    except ClientError as error:
        raise failed_call(error, "sqs") from error

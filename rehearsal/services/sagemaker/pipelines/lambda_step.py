"""Lambda steps, which invoke a function with the role of the pipeline.

Source: "Lambda step" in the developer guide.
"""

import json
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError

from rehearsal.services.sagemaker.pipelines.output_parameters import (
    OutputError,
    listed_outputs,
    typed_outputs,
)
from rehearsal.services.sagemaker.pipelines.step_run import (
    StepFailedError,
    StepOutcome,
    StepRun,
    failed_call,
)

MAX_SECONDS = 600
"""Seconds that a step waits for its function."""


def run(run: StepRun) -> StepOutcome:
    """Invokes the function of a step and waits for its response.

    A function cannot be stopped: an execution that stops waits for it.

    Raises:
        StepFailedError: the role may not invoke it, it fails, or its response has no such outputs.
    """
    arn = str(run.step["FunctionArn"])
    metadata: dict[str, Any] = {"Lambda": {"Arn": arn}}
    run.started(metadata)
    # A second invocation after a timeout would do the work of the function twice.
    config = Config(read_timeout=MAX_SECONDS, retries={"max_attempts": 0})
    client = run.session.client("lambda", config=config)
    try:
        response = client.invoke(
            FunctionName=arn,
            InvocationType="RequestResponse",
            Payload=json.dumps(run.arguments, default=str).encode(),
        )
        body = response["Payload"].read()
    except ClientError as error:
        raise failed_call(error, "lambda") from error
    except ReadTimeoutError as error:
        raise StepFailedError(
            f"ClientError: Function {arn} did not end within {MAX_SECONDS} seconds."
        ) from error
    if response.get("FunctionError"):
        raise StepFailedError(f"ClientError: Function {arn} failed: {_error(body)}")
    outputs = _outputs(run, arn, body)
    metadata["Lambda"]["OutputParameters"] = listed_outputs(outputs)
    return StepOutcome({"OutputParameters": outputs}, metadata)


def _error(body: bytes) -> str:
    """Returns the error of a function in one line."""
    try:
        error = json.loads(body)
        return f"{error.get('errorType', 'Error')}: {error.get('errorMessage', '')}"
    except (AttributeError, ValueError):
        return body.decode(errors="replace")


def _outputs(run: StepRun, arn: str, body: bytes) -> dict[str, Any]:
    if not run.step.get("OutputParameters"):
        return {}
    try:
        given = json.loads(body or b"null")
    except ValueError as error:
        raise StepFailedError(f"ClientError: Function {arn} did not return JSON.") from error
    if not isinstance(given, dict):
        raise StepFailedError(
            f"ClientError: Function {arn} must return an object with the output parameters of the "
            f"step; got {str(given)[:200]}"
        )
    try:
        return typed_outputs(run.step, given)
    except OutputError as error:
        raise StepFailedError(f"ClientError: Function {arn}: {error}.") from error

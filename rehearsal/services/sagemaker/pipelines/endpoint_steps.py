"""EndpointConfig and Endpoint steps, which deploy a model.

Source: EndpointConfigStep and EndpointStep of the SageMaker Python SDK.
"""

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.pipelines.job_steps import tagged
from rehearsal.services.sagemaker.pipelines.step_run import (
    StepFailedError,
    StepOutcome,
    StepRun,
    StepStoppedError,
)

_SETTLED = ("InService", "Failed", "UpdateRollbackFailed", "OutOfService")


def run_config(run: StepRun) -> StepOutcome:
    """Creates an endpoint configuration, under a generated name if the step has none."""
    client, request = run.client, tagged(run)
    request.setdefault("EndpointConfigName", run.name)
    created = client.create_endpoint_config(**request)
    metadata = {"EndpointConfig": {"Arn": created["EndpointConfigArn"]}}
    run.started(metadata)
    name = request["EndpointConfigName"]
    return StepOutcome(client.describe_endpoint_config(EndpointConfigName=name), metadata)


def run_endpoint(run: StepRun) -> StepOutcome:
    """Creates an endpoint, or updates the one of that name, and waits until it has settled.

    An endpoint cannot be stopped while it settles, so that an execution that stops waits for it.

    Raises:
        StepFailedError: the endpoint is not in service, or not with the configuration of the step.
        StepStoppedError: the execution was stopped.
    """
    client, request = run.client, tagged(run)
    name = request.setdefault("EndpointName", run.name)
    config = request["EndpointConfigName"]
    if _exists(client, name):
        arn = client.update_endpoint(EndpointName=name, EndpointConfigName=config)["EndpointArn"]
    else:
        arn = client.create_endpoint(**request)["EndpointArn"]
    metadata = {"Endpoint": {"Arn": arn}}
    run.started(metadata)
    while (described := client.describe_endpoint(EndpointName=name))[
        "EndpointStatus"
    ] not in _SETTLED:
        run.wait()
    if described["EndpointStatus"] != "InService" or described["EndpointConfigName"] != config:
        reason = described.get("FailureReason") or f"it is {described['EndpointStatus']}."
        raise StepFailedError(f"ClientError: Endpoint {name}: {reason}", None, metadata)
    if run.stopping():
        raise StepStoppedError
    return StepOutcome(described, metadata)


def _exists(client: Any, name: str) -> bool:
    try:
        client.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        return False
    return True

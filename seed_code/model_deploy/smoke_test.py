"""Smoke test of the endpoint of a stage: `python smoke_test.py`.

It sends raw rows that training never saw, in CSV and in JSON, to each production variant, validates
the predictions and compares them with the known targets. It also sends a malformed row, which the
endpoint must reject. For a stage of the kind `batch` it runs one transform job over the rows, like
those of the schedule.

Environment: ENDPOINT_NAME, STAGE; STAGE_ROLE_ARN, the role that reads and invokes the endpoint of a
stage in another account or region, and STAGE_REGION, its region. Ends with status 1 and one
sentence if a check fails.
"""

import os
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from model_deploy.deployed_model import DeployedModel, deployed_models
from model_deploy.endpoint_clients import (
    AsynchronousClient,
    EndpointClient,
    RejectedRowsError,
    SynchronousClient,
    TransformClient,
)
from model_deploy.held_out_rows import HeldOutRows, read_held_out_rows
from model_deploy.predictions import Predictions, accuracy, r_squared
from model_deploy.smoke_test_error import SmokeTestError

MAX_ROWS = 500
ROWS_PER_REQUEST = 50
UNKNOWN_COLUMN = "no_such_column"


def check_predictions(
    client: EndpointClient, model: DeployedModel, held_out: HeldOutRows
) -> list[str]:
    """Returns the predictions for all rows, after all checks of their format.

    Args:
        client: the endpoint.
        model: the model that it serves.
        held_out: the rows.

    Raises:
        SmokeTestError: a response has another format, or formats have different predictions.
    """
    predictions: list[str] = []
    regression = model.is_regression
    for batch in held_out.batches(ROWS_PER_REQUEST):
        rows = len(batch.rows)
        from_csv = Predictions.from_csv(
            client.invoke(batch.as_csv(), "text/csv"), rows=rows, regression=regression
        )
        from_json = Predictions.from_json(
            client.invoke(batch.as_json(), "application/json"), rows=rows, regression=regression
        )
        from_csv.require_equal(from_json)
        predictions += from_json.values
    return predictions


def transformed(client: EndpointClient, model: DeployedModel, held_out: HeldOutRows) -> list[str]:
    """Returns the predictions of one transform job for all rows, after a check of their format.

    Args:
        client: the transform job.
        model: the model that it serves.
        held_out: the rows.

    Raises:
        SmokeTestError: the output has another format.
    """
    output = client.invoke(held_out.as_csv(), "text/csv")
    return Predictions.from_csv(
        output, rows=len(held_out.rows), regression=model.is_regression
    ).values


def check_rejection(client: EndpointClient, held_out: HeldOutRows) -> None:
    """Checks that the endpoint rejects a row with an unknown column, and names the column.

    Args:
        client: the endpoint.
        held_out: the rows.

    Raises:
        SmokeTestError: the endpoint accepts the row, or its error does not name the column.
    """
    row = next(held_out.batches(1)).records()[0]
    body = HeldOutRows(
        columns=[*row, UNKNOWN_COLUMN], rows=[[*held_out.rows[0], "1"]], targets=[]
    ).as_json()
    try:
        client.invoke(body, "application/json")
    except RejectedRowsError as error:
        if error.status is not None and not 400 <= error.status < 500:
            raise SmokeTestError(
                f"a malformed row got the status {error.status}; allowed: 400 to 499"
            ) from error
        if UNKNOWN_COLUMN not in error.message:
            raise SmokeTestError(
                f"a malformed row was rejected with {error.message!r}, which does not name the "
                f"column {UNKNOWN_COLUMN}"
            ) from error
        return
    raise SmokeTestError(
        f"the endpoint accepted a row with the unknown column {UNKNOWN_COLUMN}; it must reject it"
    )


def session_of_stage(session: Any, role_arn: str | None, region: str | None = None) -> Any:
    """Returns the boto3 session for the account of the stage.

    Args:
        session: boto3 session of the build.
        role_arn: role in the account of the stage. None: the stage is in the account of the build.
        region: region of the stage. Defaults to None: the region of the build.
    """
    if role_arn is None:
        return session
    keys = session.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="smoke-test")
    credentials = keys["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=region or session.region_name,
    )


def run(endpoint_name: str, session: Any, of_stage: Any = None) -> str:
    """Runs every check.

    Args:
        endpoint_name: name of the endpoint.
        session: boto3 session of the build, for the model package and the held-out rows.
        of_stage: boto3 session for the endpoint. Defaults to None: the session of the build.

    Returns:
        One line about the quality of the predictions of each production variant.

    Raises:
        SmokeTestError: a check failed.
    """
    of_stage = of_stage or session
    models = deployed_models(of_stage, endpoint_name, registry=session.client("sagemaker"))
    return "\n".join(_run(endpoint_name, model, session, of_stage) for model in models)


def _run(endpoint_name: str, model: DeployedModel, session: Any, of_stage: Any) -> str:
    held_out = read_held_out_rows(
        session.client("s3"), model.holdout_uri, model.target, maximum=MAX_ROWS
    )
    if model.transform_request is not None:
        job = TransformClient(
            of_stage.client("sagemaker"),
            of_stage.client("s3"),
            endpoint_name,
            model.transform_request,
        )
        predictions = transformed(job, model, held_out)
    else:
        client = _client(endpoint_name, model, of_stage)
        predictions = check_predictions(client, model, held_out)
        check_rejection(client, held_out)
    if model.is_regression:
        quality = f"R2 {r_squared(predictions, held_out.targets):.4f}"
    else:
        share = accuracy(predictions, held_out.targets)
        if share == 0:
            raise SmokeTestError(
                f"none of {len(predictions)} held-out rows got its known label; the first one got "
                f"{predictions[0]!r}, its label is {held_out.targets[0]!r}"
            )
        quality = f"accuracy {share:.4f}"
    return f"{endpoint_name} serves {model.package_arn}: {len(predictions)} rows, {quality}"


def _client(endpoint_name: str, model: DeployedModel, of_stage: Any) -> EndpointClient:
    runtime = of_stage.client("sagemaker-runtime")
    if model.async_output_uri is None:
        return SynchronousClient(runtime, endpoint_name, model.addressed)
    return AsynchronousClient(runtime, of_stage.client("s3"), endpoint_name, model.async_output_uri)


def main() -> int:
    """Runs the smoke test from the command line and returns the exit status."""
    stage, endpoint_name = os.environ.get("STAGE", ""), os.environ.get("ENDPOINT_NAME", "")
    if not stage or not endpoint_name:
        print("environment: got no STAGE or no ENDPOINT_NAME; set both, as the pipeline does")
        return 1
    try:
        session = boto3.Session()
        of_stage = session_of_stage(
            session, os.environ.get("STAGE_ROLE_ARN"), os.environ.get("STAGE_REGION")
        )
        print(run(endpoint_name, session, of_stage))
    except (SmokeTestError, ClientError, BotoCoreError) as error:
        print(f"Smoke test of {endpoint_name} ({stage}) failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

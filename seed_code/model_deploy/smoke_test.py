"""Checks that the endpoint of a stage answers: `python smoke_test.py`.

It sends rows that training never saw, as they came, in CSV and in JSON, checks the answers and
compares them with the known targets; and it sends a malformed row, which has to be refused.
Environment: ENDPOINT_NAME, STAGE. Ends with status 1 and one sentence when something is wrong.
"""

import os
import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from model_deploy.deployed_model import DeployedModel, deployed_model
from model_deploy.held_out_rows import HeldOutRows, read_held_out_rows
from model_deploy.predictions import Predictions, accuracy, r_squared
from model_deploy.smoke_failure import SmokeTestFailed

MAXIMUM_ROWS = 500
ROWS_PER_REQUEST = 50
UNKNOWN_COLUMN = "no_such_column"


class EndpointClient:
    """Sends rows to one endpoint."""

    def __init__(self, runtime: Any, endpoint_name: str) -> None:
        self._runtime = runtime
        self._endpoint_name = endpoint_name

    def invoke(self, body: bytes, content_type: str) -> bytes:
        """The answer, in the format of the request."""
        answer = self._runtime.invoke_endpoint(
            EndpointName=self._endpoint_name,
            Body=body,
            ContentType=content_type,
            Accept=content_type,
        )
        return bytes(answer["Body"].read())


def check_answers(client: EndpointClient, model: DeployedModel, held_out: HeldOutRows) -> list[str]:
    """The answers to all rows, after every check of their form."""
    answers: list[str] = []
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
        answers += from_json.answers
    return answers


def check_refusal(client: EndpointClient, held_out: HeldOutRows) -> None:
    """A row with a column that the model does not know has to be refused by the column's name."""
    row = next(held_out.batches(1)).records()[0]
    body = HeldOutRows(
        columns=[*row, UNKNOWN_COLUMN], rows=[[*held_out.rows[0], "1"]], targets=[]
    ).as_json()
    try:
        client.invoke(body, "application/json")
    except ClientError as error:
        _require_refusal(error)
        return
    raise SmokeTestFailed(
        f"it answered a row with the unknown column {UNKNOWN_COLUMN} instead of refusing it"
    )


def _require_refusal(error: ClientError) -> None:
    response: dict[str, Any] = dict(error.response)
    if response["Error"]["Code"] != "ModelError":
        raise error
    status, message = response.get("OriginalStatusCode", 0), response.get("OriginalMessage", "")
    if not 400 <= status < 500:
        raise SmokeTestFailed(
            f"a malformed row got the status {status} instead of one from 400 to 499"
        )
    if UNKNOWN_COLUMN not in message:
        raise SmokeTestFailed(
            f"a malformed row was refused with {message!r}, which does not name the column "
            f"{UNKNOWN_COLUMN}"
        )


def run(endpoint_name: str, session: Any) -> str:
    """Runs every check and returns the line that says how well the endpoint answers.

    Raises:
        SmokeTestFailed: when one of them fails.
    """
    model = deployed_model(session.client("sagemaker"), endpoint_name)
    held_out = read_held_out_rows(
        session.client("s3"), model.holdout_uri, model.target, maximum=MAXIMUM_ROWS
    )
    client = EndpointClient(session.client("sagemaker-runtime"), endpoint_name)
    answers = check_answers(client, model, held_out)
    check_refusal(client, held_out)
    if model.is_regression:
        quality = f"R2 {r_squared(answers, held_out.targets):.4f}"
    else:
        share = accuracy(answers, held_out.targets)
        if share == 0:
            raise SmokeTestFailed(
                f"none of {len(answers)} held-out rows got its known label; it answered "
                f"{answers[0]!r} where {held_out.targets[0]!r} is known"
            )
        quality = f"accuracy {share:.4f}"
    return f"{endpoint_name} serves {model.package_arn}: {len(answers)} rows, {quality}"


def main() -> int:
    stage, endpoint_name = os.environ.get("STAGE", ""), os.environ.get("ENDPOINT_NAME", "")
    if not stage or not endpoint_name:
        print("environment: got no STAGE or no ENDPOINT_NAME; the pipeline sets both")
        return 1
    try:
        print(run(endpoint_name, boto3.Session()))
    except (SmokeTestFailed, ClientError, BotoCoreError) as error:
        print(f"Smoke test of {endpoint_name} ({stage}) failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

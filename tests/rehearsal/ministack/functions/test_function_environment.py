"""Functions have the variables that docs/rehearsal.md lists, and no secret of the user."""

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[4] / "docs/rehearsal.md"
HANDLER = """
import os
import boto3

def handler(event, context):
    sts = boto3.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com")
    return {"environment": dict(os.environ), "arn": sts.get_caller_identity()["Arn"]}
"""
# Those by which ministack's worker knows its function.
OF_THE_WORKER = {
    "AWS_DISABLE_HOST_PREFIX_INJECTION",
    "_LAMBDA_TIMEOUT",
    "_LAMBDA_FUNCTION_ARN",
    "_MINISTACK_INVOKE_DEPTH",
}


@pytest.fixture(scope="module")
def found(aws: Any) -> dict[str, Any]:
    """What a function sees."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("index.py", HANDLER)
    functions = aws.client("lambda")
    functions.create_function(
        FunctionName="environment",
        Runtime="python3.11",
        Handler="index.handler",
        Role=aws.role("function-environment", {"Service": "lambda.amazonaws.com"}),
        Code={"ZipFile": content.getvalue()},
        Environment={"Variables": {"GIVEN": "yes"}},
        Timeout=60,
    )
    response = functions.invoke(FunctionName="environment")
    result: dict[str, Any] = json.loads(response["Payload"].read())
    assert "FunctionError" not in response, result
    return result


def listed() -> tuple[set[str], set[str]]:
    """The variables of functions, and those by which containers reach AWS."""
    text = PAGE.read_text(encoding="utf-8").split("## Environment of a container")[1]
    row = re.search(r"^\| function \| (.*) \|$", text, re.MULTILINE)
    assert row is not None
    _, _, reaching = text.partition("replace both")
    names = re.findall(r"`([A-Z0-9_]+)`", reaching.split("\n\n")[0])
    return set(re.findall(r"`([A-Z0-9_]+)`", row[1])), set(names)


def test_a_function_has_the_listed_variables(found: dict[str, Any]) -> None:
    environment = found["environment"]
    own, reaching = listed()
    own -= {"NODE_PATH"}
    assert own <= set(environment)
    assert (environment["GIVEN"], environment["AWS_REGION"]) == ("yes", "us-east-1")
    others = set(environment) - own - reaching - {"GIVEN"}
    assert others == OF_THE_WORKER


def test_a_function_reaches_aws_by_its_host_names(found: dict[str, Any]) -> None:
    assert ":assumed-role/function-environment/" in found["arn"]

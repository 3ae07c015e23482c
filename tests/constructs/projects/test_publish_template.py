"""The function that publishes templates, with a stubbed S3 and a real response URL."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from mlops_constructs.projects.runtime import publish_template

CONTEXT = SimpleNamespace(log_stream_name="stream")
PROPERTIES = {
    "ServiceToken": "arn:aws:lambda:us-east-1:111111111111:function:publisher",
    "SourceBucket": "assets",
    "SourceKey": "abc.yaml",
    "Bucket": "templates",
    "Key": "templates/tabular-model.yaml",
}


class Responses(HTTPServer):
    """A server in place of CloudFormation that receives the responses."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ResponseHandler)
        self.received: list[tuple[str | None, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/response?signature=x"


class ResponseHandler(BaseHTTPRequestHandler):
    server: Responses

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.headers["Content-Type"], json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Logs nothing."""


@pytest.fixture
def responses() -> Iterator[Responses]:
    server = Responses()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    client = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    monkeypatch.setattr(boto3, "client", lambda service: client)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def event(responses: Responses, request_type: str, **members: Any) -> dict[str, Any]:
    return {
        "RequestType": request_type,
        "ResponseURL": responses.url,
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Template",
        "ResourceProperties": PROPERTIES,
        **members,
    }


def expect_copy(s3: Stubber) -> None:
    s3.add_response(
        "copy_object",
        {},
        {
            "Bucket": "templates",
            "Key": "templates/tabular-model.yaml",
            "CopySource": {"Bucket": "assets", "Key": "abc.yaml"},
            "ContentType": "application/yaml",
            "MetadataDirective": "REPLACE",
            "Tagging": "sagemaker%3Astudio-visibility=true",
            "TaggingDirective": "REPLACE",
        },
    )


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_template_is_published_with_the_tag_that_studio_looks_for(
    s3: Stubber, responses: Responses, request_type: str
) -> None:
    expect_copy(s3)

    publish_template.handler(event(responses, request_type), CONTEXT)

    ((_, response),) = responses.received
    assert response == {
        "Status": "SUCCESS",
        "Reason": "see the log stream stream",
        "PhysicalResourceId": "templates/templates/tabular-model.yaml",
        "StackId": "stack",
        "RequestId": "request",
        "LogicalResourceId": "Template",
    }


def test_the_response_has_no_content_type_because_its_url_is_signed_without(
    s3: Stubber, responses: Responses
) -> None:
    expect_copy(s3)

    publish_template.handler(event(responses, "Create"), CONTEXT)

    assert responses.received[0][0] == ""


def test_a_deletion_removes_every_version_of_this_template_only(
    s3: Stubber, responses: Responses
) -> None:
    key = PROPERTIES["Key"]
    s3.add_response(
        "list_object_versions",
        {
            "Versions": [
                {"Key": key, "VersionId": "2"},
                {"Key": f"{key}.old", "VersionId": "1"},
            ],
            "DeleteMarkers": [{"Key": key, "VersionId": "3"}],
        },
        {"Bucket": "templates", "Prefix": key},
    )
    for version in ("2", "3"):
        s3.add_response(
            "delete_object", {}, {"Bucket": "templates", "Key": key, "VersionId": version}
        )

    publish_template.handler(event(responses, "Delete", PhysicalResourceId="former"), CONTEXT)

    ((_, response),) = responses.received
    assert (response["Status"], response["PhysicalResourceId"]) == ("SUCCESS", "former")


def test_an_error_fails_the_deployment_with_its_reason(s3: Stubber, responses: Responses) -> None:
    s3.add_client_error("copy_object", "AccessDenied", "no s3:PutObjectTagging")

    publish_template.handler(event(responses, "Create"), CONTEXT)

    ((_, response),) = responses.received
    assert response["Status"] == "FAILED"
    assert "AccessDenied" in response["Reason"]
    assert "no s3:PutObjectTagging" in response["Reason"]


def test_a_missing_property_fails_too_instead_of_letting_cloudformation_wait(
    s3: Stubber, responses: Responses
) -> None:
    broken = event(responses, "Create", ResourceProperties={"Bucket": "templates"})

    publish_template.handler(broken, CONTEXT)

    ((_, response),) = responses.received
    assert response["Status"] == "FAILED"
    assert "Key" in response["Reason"]


def test_a_long_reason_is_truncated_to_the_limit_of_cloudformation(
    s3: Stubber, responses: Responses
) -> None:
    s3.add_client_error("copy_object", "AccessDenied", "x" * 9000)

    publish_template.handler(event(responses, "Create"), CONTEXT)

    ((_, response),) = responses.received
    assert len(json.dumps(response)) < 4096

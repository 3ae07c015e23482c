"""Requests of boto3 against the running server."""

from __future__ import annotations

import gzip
import ssl
from http.client import HTTPSConnection
from typing import Any

import pytest
from botocore.exceptions import ClientError


def _error(raised: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    error = raised.value.response["Error"]
    return error["Code"], error["Message"]


def test_an_operation_responds_over_tls_with_times_and_the_caller(aws: Any) -> None:
    client = aws.client("sagemaker")
    made = client.create_model_package_group(ModelPackageGroupName="answers")
    described = client.describe_model_package_group(ModelPackageGroupName="answers")
    assert described["ModelPackageGroupArn"] == made["ModelPackageGroupArn"]
    assert described["CreationTime"].timestamp() == 1_700_000_000


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({}, "Value null at 'ModelPackageGroupName'"),
        ({"ModelPackageGroupName": "-x"}, "regular expression pattern"),
        ({"ModelPackageGroupName": "a" * 64}, "length less than or equal to 63"),
        ({"ModelPackageGroupName": 7}, "must be of type string, not int"),
    ],
)
def test_a_request_that_breaks_the_model_is_rejected_with_the_member(
    aws: Any, request_: dict[str, Any], expected: str
) -> None:
    client = aws.client("sagemaker", parameter_validation=False)
    with pytest.raises(ClientError) as raised:
        client.create_model_package_group(**request_)
    code, message = _error(raised)
    assert code == "ValidationException"
    assert expected in message


def test_an_operation_that_is_not_supported_is_rejected_by_name(aws: Any) -> None:
    with pytest.raises(ClientError) as raised:
        aws.client("sagemaker").list_models()
    assert "does not support sagemaker ListModels" in _error(raised)[1]


def test_an_error_inside_an_operation_is_an_internal_failure(aws: Any) -> None:
    with pytest.raises(ClientError) as raised:
        aws.client("sagemaker").create_model_package_group(ModelPackageGroupName="broken")
    assert _error(raised) == ("InternalFailure", "RuntimeError: an error of the toy")


def test_a_response_outside_of_the_model_is_an_internal_failure(aws: Any) -> None:
    client = aws.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName="odd")
    with pytest.raises(ClientError) as raised:
        client.describe_model_package_group(ModelPackageGroupName="odd")
    code, message = _error(raised)
    assert code == "InternalFailure"
    assert "Nonsense" in message


def test_iam_evaluates_the_resource_of_a_request(aws: Any) -> None:
    client = aws.client("sagemaker")
    client.create_model_package_group(ModelPackageGroupName="mine")
    client.create_model_package_group(ModelPackageGroupName="yours")
    arn = "arn:aws:sagemaker:us-east-1:111111111111:model-package-group/mine"
    reader = aws.person(
        "reader", {"Action": "sagemaker:DescribeModelPackageGroup", "Resource": arn}
    )
    limited = aws.client("sagemaker", reader)
    assert limited.describe_model_package_group(ModelPackageGroupName="mine")
    with pytest.raises(ClientError) as raised:
        limited.describe_model_package_group(ModelPackageGroupName="yours")
    code, message = _error(raised)
    assert code == "AccessDeniedException"
    assert "model-package-group/yours" in message


def test_iam_evaluates_tags_of_the_request_and_of_the_resource(aws: Any) -> None:
    person = aws.person(
        "tagged",
        {
            "Action": "sagemaker:CreateModelPackageGroup",
            "Condition": {"StringEquals": {"aws:RequestTag/team": "ml"}},
        },
        {
            "Action": "sagemaker:DescribeModelPackageGroup",
            "Condition": {"StringEquals": {"aws:ResourceTag/team": "ml"}},
        },
    )
    client = aws.client("sagemaker", person)
    client.create_model_package_group(
        ModelPackageGroupName="of-ml", Tags=[{"Key": "team", "Value": "ml"}]
    )
    assert client.describe_model_package_group(ModelPackageGroupName="of-ml")
    with pytest.raises(ClientError):
        client.create_model_package_group(
            ModelPackageGroupName="of-hr", Tags=[{"Key": "team", "Value": "hr"}]
        )
    with pytest.raises(ClientError):
        client.create_model_package_group(ModelPackageGroupName="untagged")


def test_a_wrong_signature_and_an_unknown_key_are_rejected(aws: Any) -> None:
    person = aws.person("signer", {"Action": "sagemaker:*"})
    keys = person.get_credentials().get_frozen_credentials()
    forged = aws.session(keys.access_key, "wrong", keys.token)
    unknown = aws.session("AKIAAAAAAAAAAAAAAAAA", "x")
    for session in (forged, unknown):
        with pytest.raises(ClientError) as raised:
            aws.client("sagemaker", session).list_pipeline_executions(PipelineName="p")
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


def test_an_endpoint_is_invoked_over_rest_with_headers_and_bytes(aws: Any) -> None:
    answer = aws.client("sagemaker-runtime").invoke_endpoint(
        EndpointName="toy",
        Body=b"\x00abc",
        Accept="application/json",
        TargetVariant="blue",
        CustomAttributes="trace=1",
    )
    assert answer["Body"].read() == b"cba\x00"
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "blue"
    assert answer["CustomAttributes"] == "trace=1"


def test_a_model_error_carries_its_members(aws: Any) -> None:
    with pytest.raises(ClientError) as raised:
        aws.client("sagemaker-runtime").invoke_endpoint(EndpointName="failing", Body=b"x")
    assert _error(raised)[0] == "ModelError"
    response: dict[str, Any] = {**raised.value.response}
    assert response["OriginalStatusCode"] == 500


def test_iam_evaluates_an_invocation(aws: Any) -> None:
    arn = "arn:aws:sagemaker:us-east-1:111111111111:endpoint/open"
    person = aws.person("invoker", {"Action": "sagemaker:InvokeEndpoint", "Resource": arn})
    client = aws.client("sagemaker-runtime", person)
    assert client.invoke_endpoint(EndpointName="open", Body=b"x")
    with pytest.raises(ClientError) as raised:
        client.invoke_endpoint(EndpointName="closed", Body=b"x")
    assert _error(raised)[0] == "AccessDeniedException"


def test_raw_routes_reach_their_service_and_know_whose_a_key_is(aws: Any) -> None:
    trusting = ssl.create_default_context(cafile=aws.endpoint["ca_bundle"])
    connection = HTTPSConnection("127.0.0.1", aws.endpoint["port"], context=trusting)
    connection.request(
        "POST",
        "/v1/repos/toy/git-upload-pack?service=s",
        body=gzip.compress(b"packed"),
        headers={"Content-Encoding": "gzip", "X-Key": "111111111111"},
    )
    answer = connection.getresponse()
    assert answer.headers["Content-Type"] == "text/x-toy"
    text = answer.read().decode()
    connection.close()
    assert text == (
        "POST /v1/repos/toy/git-upload-pack ['s'] arn:aws:iam::111111111111:root packed"
    )

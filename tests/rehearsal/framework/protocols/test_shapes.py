from __future__ import annotations

import datetime
from typing import Any

import botocore.session
import pytest
from botocore.model import Shape

from rehearsal.framework.protocols.patterns import compile_pattern, matches
from rehearsal.framework.protocols.shapes import (
    ResponseError,
    ShapeReader,
    validation_message,
    write,
)

_SESSION = botocore.session.get_session()


def _input(service: str, operation: str) -> Shape:
    shape = _SESSION.get_service_model(service).operation_model(operation).input_shape
    assert shape is not None
    return shape


def _output(service: str, operation: str) -> Shape:
    shape = _SESSION.get_service_model(service).operation_model(operation).output_shape
    assert shape is not None
    return shape


def _problems(service: str, operation: str, request: dict[str, Any]) -> list[str]:
    reader = ShapeReader()
    reader.read(_input(service, operation), request)
    return reader.problems


def test_a_request_is_read_as_boto3_users_know_it() -> None:
    reader = ShapeReader()
    read = reader.read(
        _input("sagemaker", "ListModels"), {"CreationTimeAfter": 1_700_000_000, "MaxResults": 5}
    )
    assert read["CreationTimeAfter"] == datetime.datetime(
        2023, 11, 14, 22, 13, 20, tzinfo=datetime.UTC
    )
    assert read["MaxResults"] == 5
    assert not reader.problems


def test_a_member_that_is_null_counts_as_left_out() -> None:
    assert not _problems("sagemaker", "ListModels", {"NextToken": None})


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"Colour": 1}, "Unknown member 'Colour' of ListModelsInput; allowed members:"),
        ({"SortBy": "Size"}, "Member must satisfy enum value set: [Name, CreationTime]"),
        ({"MaxResults": 0}, "Member must have value greater than or equal to 1"),
        ({"MaxResults": 101}, "Member must have value less than or equal to 100"),
        ({"MaxResults": "5"}, "Member must be of type integer, not str"),
        ({"MaxResults": True}, "Member must be of type integer, not bool"),
        ({"CreationTimeAfter": "soon"}, "Member must be a timestamp"),
        ({"NameContains": "a b"}, "Member must satisfy regular expression pattern"),
        ({"NameContains": "a" * 64}, "Member must have length less than or equal to 63"),
    ],
)
def test_a_wrong_member_is_named_with_what_is_allowed(
    request_: dict[str, Any], expected: str
) -> None:
    (problem,) = _problems("sagemaker", "ListModels", request_)
    assert expected in problem


def test_a_problem_deep_inside_has_its_whole_path() -> None:
    request = {
        "ModelName": "m",
        "ExecutionRoleArn": "arn:aws:iam::111111111111:role/r",
        "PrimaryContainer": {"Environment": {"A": 1}},
    }
    (problem,) = _problems("sagemaker", "CreateModel", request)
    assert "'PrimaryContainer.Environment.A.value'" in problem


def test_a_union_takes_exactly_one_member() -> None:
    both = {"ProvisioningParameters": [{"Key": "a", "Value": "b"}]}
    reader = ShapeReader()
    shape = _SESSION.get_service_model("sagemaker").shape_for("MetricSpecification")
    reader.read(shape, {})
    assert "Exactly one member must be set of: Customized, Predefined" in reader.problems[0]
    assert both


def test_a_sensitive_value_is_not_repeated() -> None:
    shape = _SESSION.get_service_model("codepipeline").shape_for("SecretAccessKey")
    reader = ShapeReader()
    reader.read(shape, 5, "secret")
    assert "'***' at 'secret'" in reader.problems[0]


def test_a_blob_must_be_base64() -> None:
    shape = _input("codecommit", "PutFile")
    reader = ShapeReader()
    reader.read(
        shape, {"repositoryName": "r", "branchName": "b", "filePath": "p", "fileContent": "***"}
    )
    assert "encoded in base64" in reader.problems[0]


def test_problems_are_counted_in_one_message() -> None:
    assert validation_message(["a"]) == "1 validation error detected: a"
    assert validation_message(["a", "b"]) == "2 validation errors detected: a; b"


def test_a_response_is_written_with_times_and_without_nothing() -> None:
    moment = datetime.datetime(2023, 11, 14, 22, 13, 20, tzinfo=datetime.UTC)
    model = {"ModelName": "m", "ModelArn": "arn:x", "CreationTime": moment}
    written = write(_output("sagemaker", "ListModels"), {"Models": [model], "NextToken": None})
    assert written == {"Models": [{**model, "CreationTime": 1_700_000_000.0}]}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"Modules": []}, "unknown to ListModelsOutput: ['Modules']"),
        ({"Models": "m"}, "Models is a str"),
        ({"Models": [{"ModelName": 1}]}, "Models[0].ModelName is a int"),
        (
            {"Models": [{"CreationTime": datetime.datetime(2023, 1, 1)}]},  # noqa: DTZ001
            "without a time zone",
        ),
    ],
)
def test_a_response_outside_of_the_model_is_an_error_of_ours(
    answer: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ResponseError) as raised:
        write(_output("sagemaker", "ListModels"), answer)
    assert expected in str(raised.value)


def test_a_response_with_a_value_that_the_model_does_not_list_is_an_error_of_ours() -> None:
    with pytest.raises(ResponseError, match="EndpointStatus is 'Happy'"):
        write(_output("sagemaker", "DescribeEndpoint"), {"EndpointStatus": "Happy"})


@pytest.mark.parametrize(
    "service",
    [
        "application-autoscaling",
        "codebuild",
        "codecommit",
        "codepipeline",
        "sagemaker",
        "sagemaker-featurestore-runtime",
        "sagemaker-runtime",
    ],
)
def test_every_pattern_of_a_served_model_compiles(service: str) -> None:
    model = _SESSION.get_service_model(service)
    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names}
    for pattern in patterns - {None}:
        compile_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        (r"\p{ASCII}*", "plain", "größe"),
        (r"\A\S[\p{Print}]*\z", "a b", " b"),
        (r"arn:[\p{Alnum}\-]+:x", "arn:aws-cn:x", "arn:aws_cn:x"),
        (r"[\p{L}\p{N}]+", "größe1", "a b"),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a😀", "a\nb"),
        ("ab", "ab", "abc"),
    ],
)
def test_java_patterns_mean_what_they_mean_in_java(
    pattern: str, accepted: str, refused: str
) -> None:
    assert matches(pattern, accepted)
    assert not matches(pattern, refused)

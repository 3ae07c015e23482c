from typing import Any

import botocore.session
import pytest
from botocore.model import Shape

from rehearsal.cloudformation.resource_requests import dig, own_properties, to_api
from rehearsal.cloudformation.resource_types import ResourceFailure


def _shape(service: str, operation: str) -> Shape:
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(operation).input_shape
    assert shape is not None
    return shape


def _request(service: str, operation: str, properties: dict[str, Any]) -> Any:
    return to_api(_shape(service, operation), properties, "")


def test_names_differ_by_case_and_scalars_by_type() -> None:
    request = _request(
        "codepipeline",
        "CreatePipeline",
        {"Pipeline": {"Name": "p", "RoleArn": "r", "Version": "3", "Stages": [{"Name": 1}]}},
    )
    assert request == {
        "pipeline": {"name": "p", "roleArn": "r", "version": 3, "stages": [{"name": "1"}]}
    }


def test_tags_are_a_list_or_a_map_as_the_api_wants_them() -> None:
    tags = [{"Key": "a", "Value": "b"}]
    assert _request("codecommit", "CreateRepository", {"Tags": tags}) == {"tags": {"a": "b"}}
    assert _request("sagemaker", "CreateModel", {"Tags": {"a": "b"}}) == {"Tags": tags}


def test_an_object_becomes_text_where_the_api_takes_text() -> None:
    request = _request("sagemaker", "CreatePipeline", {"PipelineDefinition": {"Version": "1"}})
    assert request == {"PipelineDefinition": '{"Version": "1"}'}


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"Colour": 1}, "Colour is not a member of CreateModelInput"),
        ({"PrimaryContainer": {"Kind": 1}}, "PrimaryContainer.Kind is not a member of"),
        ({"EnableNetworkIsolation": "perhaps"}, "EnableNetworkIsolation must be a boolean"),
    ],
)
def test_a_property_that_the_api_does_not_take_is_named(
    properties: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ResourceFailure, match=expected):
        _request("sagemaker", "CreateModel", properties)


def test_the_tags_of_cloudformation_itself_are_removed() -> None:
    tags = [{"Key": "aws:cloudformation:stack-name", "Value": "s"}, {"Key": "a", "Value": "b"}]
    kept = own_properties("AWS::SageMaker::Model", {"ModelName": "m", "Tags": tags})
    assert kept == {"ModelName": "m", "Tags": [{"Key": "a", "Value": "b"}]}
    assert own_properties("AWS::SageMaker::Model", {"Tags": tags[:1]}) == {}


def test_a_path_goes_through_objects_and_lists() -> None:
    assert dig({"a": [{"b": 1}]}, "a.0.b") == 1
    assert dig({"a": [{"b": 1}]}, "a.1.b") is None
    assert dig({"a": 1}, "a.b") is None

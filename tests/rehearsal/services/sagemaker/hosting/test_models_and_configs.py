from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.services.sagemaker import requests


def test_a_model_is_described_as_it_was_created(sagemaker: Any) -> None:
    arn = sagemaker.create_model(**requests.model())["ModelArn"]

    described = sagemaker.describe_model(ModelName="churn")

    assert arn == "arn:aws:sagemaker:us-east-1:111111111111:model/churn"
    assert described["ModelArn"] == arn
    assert described["PrimaryContainer"]["Image"] == requests.IMAGE
    assert "Tags" not in described


def test_the_role_of_a_model_must_be_passable(sagemaker: Any, platform: FakePlatform) -> None:
    platform.denied.add(("iam:PassRole", ROLE))

    with pytest.raises(ClientError, match="iam:PassRole"):
        sagemaker.create_model(**requests.model())


def test_tags_on_create_need_add_tags(sagemaker: Any, platform: FakePlatform) -> None:
    arn = "arn:aws:sagemaker:us-east-1:111111111111:model/churn"
    platform.denied.add(("sagemaker:AddTags", arn))

    with pytest.raises(ClientError, match="sagemaker:AddTags"):
        sagemaker.create_model(**requests.model(), Tags=[{"Key": "a", "Value": "b"}])
    with pytest.raises(ClientError, match="Could not find model"):
        sagemaker.describe_model(ModelName="churn")


def test_a_name_that_is_taken_is_rejected_in_aws_words(sagemaker: Any) -> None:
    sagemaker.create_model(**requests.model())

    with pytest.raises(ClientError, match='Cannot create already existing model "arn:') as caught:
        sagemaker.create_model(**requests.model())
    assert caught.value.response["Error"]["Code"] == "ValidationException"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"PrimaryContainer": None}, "Exactly one of PrimaryContainer, Containers"),
        ({"ExecutionRoleArn": None}, "ExecutionRoleArn is required"),
        (
            {"PrimaryContainer": {"ModelDataUrl": "s3://b/m"}},
            "Exactly one of Image",
        ),
        (
            {"PrimaryContainer": {"ModelPackageName": "p", "ModelDataUrl": "s3://b/m"}},
            "ModelDataUrl cannot be specified with ModelPackageName",
        ),
        (
            {"PrimaryContainer": {"Image": "i", "Mode": "MultiModel"}},
            "Mode MultiModel requires ModelDataUrl",
        ),
    ],
)
def test_a_model_that_cannot_be_served_is_rejected(
    sagemaker: Any, change: dict[str, Any], message: str
) -> None:
    request = {k: v for k, v in {**requests.model(), **change}.items() if v is not None}

    with pytest.raises(ClientError, match=message):
        sagemaker.create_model(**request)


def test_lists_filter_sort_and_page(sagemaker: Any) -> None:
    for name in ("a-1", "a-2", "b-1"):
        sagemaker.create_model(**requests.model(name))

    first = sagemaker.list_models(SortBy="Name", SortOrder="Ascending", MaxResults=2)
    second = sagemaker.list_models(
        SortBy="Name", SortOrder="Ascending", MaxResults=2, NextToken=first["NextToken"]
    )
    filtered = sagemaker.list_models(NameContains="A-", SortBy="Name", SortOrder="Descending")

    assert [m["ModelName"] for m in first["Models"]] == ["a-1", "a-2"]
    assert [m["ModelName"] for m in second["Models"]] == ["b-1"]
    assert "NextToken" not in second
    assert [m["ModelName"] for m in filtered["Models"]] == ["a-2", "a-1"]


def test_a_foreign_token_is_rejected(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="NextToken mine is not valid"):
        sagemaker.list_models(NextToken="mine")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ModelName": "other"}, 'Could not find model "arn:'),
        ({"ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 1}}, "not both"),
        ({"InstanceType": None}, "needs both InstanceType and InitialInstanceCount"),
        ({"ManagedInstanceScaling": {"Status": "ENABLED"}}, "ManagedInstanceScaling"),
    ],
)
def test_a_wrong_variant_is_rejected(sagemaker: Any, change: dict[str, Any], message: str) -> None:
    sagemaker.create_model(**requests.model())
    request = requests.endpoint_config()
    variant = {**request["ProductionVariants"][0], **change}
    request["ProductionVariants"] = [{k: v for k, v in variant.items() if v is not None}]

    with pytest.raises(ClientError, match=message):
        sagemaker.create_endpoint_config(**request)


@pytest.mark.parametrize(
    ("serverless", "message"),
    [
        ({"MemorySizeInMB": 1500, "MaxConcurrency": 1}, "must be 1024, 2048"),
        (
            {"MemorySizeInMB": 1024, "MaxConcurrency": 1, "ProvisionedConcurrency": 2},
            "at most MaxConcurrency",
        ),
    ],
)
def test_a_wrong_serverless_size_is_rejected(
    sagemaker: Any, serverless: dict[str, Any], message: str
) -> None:
    sagemaker.create_model(**requests.model())
    variant = {"VariantName": "v", "ModelName": "churn", "ServerlessConfig": serverless}

    with pytest.raises(ClientError, match=message):
        sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])


def test_what_is_not_implemented_is_rejected_by_name(sagemaker: Any) -> None:
    sagemaker.create_model(**requests.model())

    with pytest.raises(ClientError, match="not implement ExplainerConfig of CreateEndpointConfig"):
        sagemaker.create_endpoint_config(**requests.endpoint_config(ExplainerConfig={"x": 1}))


def test_tags_can_be_added_listed_and_removed(sagemaker: Any) -> None:
    arn = sagemaker.create_model(**requests.model(), Tags=[{"Key": "a", "Value": "1"}])["ModelArn"]

    sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])

    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(ClientError, match="Could not find resource"):
        sagemaker.list_tags(ResourceArn=arn + "x")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"Containers": [requests.MULTI_MODEL], "InferenceExecutionConfig": {"Mode": "Direct"}},
            "Direct needs at least two containers, each with a ContainerHostname",
        ),
        (
            {"Containers": [{**requests.MULTI_MODEL, "ContainerHostname": "a"}] * 2},
            "ContainerHostname in Containers must be unique; got a",
        ),
        (
            {"Containers": [{"Image": "i", "MultiModelConfig": {"ModelCacheSetting": "Enabled"}}]},
            "MultiModelConfig is supported only with Mode MultiModel",
        ),
    ],
)
def test_invalid_containers_are_rejected(
    sagemaker: Any, changes: dict[str, Any], message: str
) -> None:
    request = requests.model()
    del request["PrimaryContainer"]

    with pytest.raises(ClientError, match=message):
        sagemaker.create_model(**request, **changes)


@pytest.mark.parametrize(
    ("container", "message"),
    [
        (
            {"Image": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:1"},
            "is in eu-west-1.*same region as the model, us-east-1",
        ),
        (
            {"Image": requests.IMAGE, "ModelDataUrl": "s3://models-eu-west-1/model.tar.gz"},
            "is in eu-west-1.*located in us-east-1",
        ),
        (
            {
                "Image": requests.IMAGE,
                "ModelDataSource": {
                    "S3DataSource": {
                        "S3Uri": "s3://models-eu-west-1/model/",
                        "S3DataType": "S3Prefix",
                        "CompressionType": "None",
                    }
                },
            },
            "is in eu-west-1.*located in us-east-1",
        ),
    ],
)
def test_a_model_is_in_the_region_of_its_image_and_its_data(
    sagemaker: Any, container: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as caught:
        sagemaker.create_model(**requests.model() | {"PrimaryContainer": container})
    assert caught.value.response["Error"]["Code"] == "ValidationException"

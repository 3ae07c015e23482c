"""Models of several containers, of many archives, of folders and of hubs."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from mlops_constructs.hosting import Model, ModelSource

Resources = Callable[[str], list[dict[str, Any]]]
MODEL = "AWS::SageMaker::Model"
PACKAGE_ARN = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7"
HUB_ARN = "arn:aws:sagemaker:eu-west-1:111111111111:hub-content/models/ModelReference/churn/1.0.0"


@pytest.fixture
def image(repository: ecr.IRepository) -> ModelSource:
    return ModelSource.from_image(repository, tag_or_digest="1")


def actions_of(resources: Resources) -> str:
    return str([policy["PolicyDocument"] for policy in resources("AWS::IAM::ManagedPolicy")])


def test_a_folder_of_uncompressed_files_is_a_data_source(
    stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository, resources: Resources
) -> None:
    source = ModelSource.from_image(
        repository, tag_or_digest="1", model_data_bucket=bucket, model_data_key="models/large/"
    )

    Model(stack, "M", source=source)

    container = resources(MODEL)[0]["PrimaryContainer"]
    assert container["ModelDataSource"] == {
        "S3DataSource": {
            "S3Uri": "s3://churn-artifacts/models/large/",
            "S3DataType": "S3Prefix",
            "CompressionType": "None",
        }
    }
    assert "ModelDataUrl" not in container
    assert "/models/large/*" in actions_of(resources)


def test_a_hub_gives_access_to_the_data_of_its_models(
    stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository, resources: Resources
) -> None:
    for number, (key, accept) in enumerate([("models/x/", True), ("models/x.tar.gz", False)]):
        source = ModelSource.from_hub(
            repository,
            tag_or_digest="1",
            hub_content_arn=HUB_ARN,
            model_data_bucket=bucket,
            model_data_key=key,
            accept_eula=accept,
        )
        Model(stack, f"M{number}", source=source)

    folder, archive = [
        model["PrimaryContainer"]["ModelDataSource"]["S3DataSource"] for model in resources(MODEL)
    ]
    assert folder["HubAccessConfig"] == archive["HubAccessConfig"] == {"HubContentArn": HUB_ARN}
    assert folder["ModelAccessConfig"] == {"AcceptEula": True}
    assert "ModelAccessConfig" not in archive
    assert (archive["S3DataType"], archive["CompressionType"]) == ("S3Object", "Gzip")
    # SageMaker reads the data through the hub: with s3:GetObject the hub would restrict nothing.
    assert ":repository/churn" in actions_of(resources)
    assert "s3:GetObject" not in actions_of(resources)


def test_many_models_lie_below_one_prefix(
    stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository, resources: Resources
) -> None:
    source = ModelSource.multi_model(
        repository,
        tag_or_digest="1",
        model_data_bucket=bucket,
        model_data_prefix="models/many/",
        cache=False,
    )

    model = Model(stack, "M", source=source)

    container = resources(MODEL)[0]["PrimaryContainer"]
    assert container["Mode"] == "MultiModel"
    assert container["ModelDataUrl"] == "s3://churn-artifacts/models/many/"
    assert container["MultiModelConfig"] == {"ModelCacheSetting": "Disabled"}
    assert "/models/many/*" in actions_of(resources)
    assert model.traits.multi_model


@pytest.mark.parametrize(
    ("factory", "mode"),
    [(ModelSource.serial_pipeline, "Serial"), (ModelSource.direct_invocation, "Direct")],
)
def test_several_containers_have_names_and_a_mode(
    stack: cdk.Stack,
    bucket: s3.IBucket,
    image: ModelSource,
    resources: Resources,
    factory: Callable[..., ModelSource],
    mode: str,
) -> None:
    other = ecr.Repository.from_repository_name(stack, "Other", "other")
    trained = ModelSource.from_image(
        other, tag_or_digest="2", model_data_bucket=bucket, model_data_key="models/a/"
    )

    model = Model(stack, "M", source=factory({"prepare": image, "predict": trained}))

    rendered = resources(MODEL)[0]
    assert rendered["InferenceExecutionConfig"] == {"Mode": mode}
    assert "PrimaryContainer" not in rendered
    assert [one["ContainerHostname"] for one in rendered["Containers"]] == ["prepare", "predict"]
    data = rendered["Containers"][1]["ModelDataSource"]["S3DataSource"]
    assert data["S3Uri"] == "s3://churn-artifacts/models/a/"
    # One role reads the images and the data of all; the files of a folder have to be listed.
    assert "'s3:prefix': 'models/a/*'" in actions_of(resources)
    assert ":repository/other" in actions_of(resources)
    assert "/models/a/*" in actions_of(resources)
    assert model.traits.containers == 2


def test_a_pipeline_may_begin_with_a_package_but_needs_its_role(
    stack: cdk.Stack, role: iam.IRole, image: ModelSource, resources: Resources
) -> None:
    package = ModelSource.from_package(PACKAGE_ARN)
    pipeline = ModelSource.serial_pipeline({"prepare": image, "predict": package})

    with pytest.raises(ValueError, match="role: got none for a model package"):
        Model(stack, "Without", source=pipeline)

    Model(stack, "M", source=pipeline, role=role)
    assert resources(MODEL)[0]["Containers"][1]["ModelPackageName"] == PACKAGE_ARN


def test_the_order_of_containers_is_part_of_a_models_name(
    stack: cdk.Stack, role: iam.IRole, image: ModelSource, resources: Resources
) -> None:
    package = ModelSource.from_package(PACKAGE_ARN)
    for number, parts in enumerate(
        [{"a": image, "b": package}, {"b": package, "a": image}, {"a": image, "c": package}]
    ):
        source = ModelSource.serial_pipeline(parts)
        Model(stack, f"M{number}", source=source, role=role, name_prefix="churn")

    assert len({model["ModelName"] for model in resources(MODEL)}) == 3


def problems(stack: cdk.Stack, source: ModelSource) -> str:
    with pytest.raises(ValueError, match="cannot be defined") as error:
        Model(stack, "Bad", source=source)
    return str(error.value)


def test_a_pipeline_has_two_to_fifteen_containers(stack: cdk.Stack, image: ModelSource) -> None:
    one = ModelSource.serial_pipeline({"a": image})
    assert "containers: got 1; allowed are 2 to 15" in problems(stack, one)

    many = ModelSource.serial_pipeline({f"c{number}": image for number in range(16)})
    assert "containers: got 16; allowed are 2 to 15" in problems(cdk.Stack(), many)


def test_containers_that_aws_rejects_in_a_list(
    stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository, image: ModelSource
) -> None:
    many = ModelSource.multi_model(
        repository, tag_or_digest="1", model_data_bucket=bucket, model_data_prefix="many/"
    )
    nested = ModelSource.serial_pipeline({"a": image, "b": image})

    message = problems(
        stack, ModelSource.serial_pipeline({"many": many, "nested": nested, "not_a_name": image})
    )

    assert "container many: inference pipelines do not support multi-model containers" in message
    assert "container nested: got several containers in one" in message
    assert "container: got 'not_a_name' (10 characters)" in message


def test_variables_of_all_containers_together_are_limited(
    stack: cdk.Stack, repository: ecr.IRepository
) -> None:
    variables = {f"V{number:02}": "x" * 1020 for number in range(17)}
    part = ModelSource.from_image(repository, tag_or_digest="1", environment=variables)

    message = problems(stack, ModelSource.serial_pipeline({"a": part, "b": part}))

    assert "environment: got 34782 bytes together; allowed are at most 32768" in message


def test_data_that_aws_rejects(
    stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository
) -> None:
    many = ModelSource.multi_model(
        repository, tag_or_digest="1", model_data_bucket=bucket, model_data_prefix="many"
    )
    assert "model_data_prefix: got 'many'; allowed is a folder of archives" in problems(stack, many)

    hub = ModelSource.from_hub(
        repository,
        tag_or_digest="1",
        hub_content_arn=PACKAGE_ARN,
        model_data_bucket=bucket,
        model_data_key="model.zip",
    )
    message = problems(cdk.Stack(), hub)
    assert "hub_content_arn: got 'arn:aws:sagemaker:eu-west-1:111111111111:model-package" in message
    assert "model_data_key: got 'model.zip'; allowed is one gzip-compressed tar archive" in message

    imported = ModelSource.from_hub(
        repository,
        tag_or_digest="1",
        hub_content_arn=HUB_ARN.replace("ModelReference", "Model"),
        model_data_bucket=bucket,
        model_data_key="models/x/",
    )
    assert "allowed is a private hub's reference to a model" in problems(cdk.Stack(), imported)

"""Validation of batch transform jobs at synthesis."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler

from mlops_constructs.hosting import (
    BatchStrategy,
    BatchTransform,
    Model,
    ModelSource,
    SplitType,
    TransformInput,
    TransformInstances,
    TransformOutput,
)


def rejected(model: Model, bucket: s3.IBucket, **settings: Any) -> str:
    valid = {
        "source": TransformInput(bucket=bucket, prefix="in"),
        "destination": TransformOutput(bucket=bucket, prefix="out"),
        "instances": TransformInstances(instance_type="ml.m7i.large"),
        "schedule": scheduler.ScheduleExpression.rate(cdk.Duration.days(1)),
        "job_name_prefix": "nightly",
    }
    with pytest.raises(ValueError, match="BatchTransform Default/T cannot be defined") as error:
        BatchTransform(cdk.Stack(), "T", model=model, **{**valid, **settings})
    return str(error.value)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"count": 0}, "instances count: got 0; allowed are 1 to 100"),
        ({"count": 101}, "instances count: got 101"),
        ({"payload_mb": 101}, "instances payload_mb: got 101; allowed are 1 to 100"),
        ({"concurrency": 17}, "instances concurrency: got 17 requests of 6 MB; allowed are 1 or"),
        ({"concurrency": 0}, "instances concurrency: got 0"),
        ({"instance_type": "m7i.large"}, "instances instance_type: got 'm7i.large'"),
    ],
)
def test_instances_that_aws_rejects(
    model: Model, bucket: s3.IBucket, settings: dict[str, Any], expected: str
) -> None:
    instances = TransformInstances(**{"instance_type": "ml.m7i.large", **settings})

    assert expected in rejected(model, bucket, instances=instances)


def test_a_key_is_rejected_where_it_would_not_encrypt_local_disks(
    model: Model, bucket: s3.IBucket, key: kms.IKey
) -> None:
    instances = TransformInstances(instance_type="ml.g5.xlarge", encryption_key=key)

    message = rejected(model, bucket, instances=instances)

    assert "instances encryption_key: got a key for ml.g5.xlarge, whose local NVMe disks" in message


@pytest.mark.parametrize(
    ("content_type", "options", "refused_here"),
    [
        ("application/json", {}, True),
        ("application/JSON; charset=utf-8", {}, True),
        ("application/json", {"batch": BatchStrategy.SINGLE_RECORD}, False),
        ("application/json", {"split": SplitType.NONE}, False),
        ("application/jsonlines", {}, False),
        ("text/csv", {}, False),
    ],
)
def test_many_json_documents_in_a_request_are_json_lines(
    bucket: s3.IBucket, content_type: str, options: dict[str, Any], refused_here: bool
) -> None:
    source = TransformInput(bucket=bucket, prefix="in", content_type=content_type, **options)

    found = source.problems()

    assert bool(found) is refused_here
    assert all("use application/jsonlines, or BatchStrategy.SINGLE_RECORD" in one for one in found)


def test_places_filters_and_names_that_aws_rejects(model: Model, bucket: s3.IBucket) -> None:
    message = rejected(
        model,
        bucket,
        source=TransformInput(bucket=bucket, prefix="/in", input_filter="features"),
        destination=TransformOutput(bucket=bucket, prefix="", output_filter="$" + "x" * 63),
        job_name_prefix="x" * 27,
    )

    assert "input prefix: got '/in'; allowed is a path without slashes around it" in message
    assert "output prefix: got ''" in message
    assert "input_filter: got 'features'; allowed is a JSONPath that begins with $" in message
    assert "output_filter: got '$xxx" in message
    assert "job_name_prefix: got 'xxx" in message
    assert "allowed are 1 to 26 letters" in message


def test_models_that_no_job_can_use(
    stack: cdk.Stack, bucket: s3.IBucket, repository: ecr.IRepository
) -> None:
    many = ModelSource.multi_model(
        repository, tag_or_digest="1", model_data_bucket=bucket, model_data_prefix="many/"
    )
    folder = ModelSource.from_image(
        repository, tag_or_digest="1", model_data_bucket=bucket, model_data_key="models/"
    )

    message = rejected(Model(stack, "Many", source=many), bucket)
    assert "model: got a multi-model one, which transform jobs do not support" in message
    message = rejected(Model(stack, "Folder", source=folder), bucket)
    assert "model: got one whose data is a folder or of a hub; transform jobs load one" in message

"""Rules of the regions of images and of objects in S3."""

import re
from collections.abc import Iterator
from typing import Any

from rehearsal.framework.rules.kinds import rule
from rehearsal.framework.rules.rule import Call, Example, Rule

BUCKET_REGION = "HeadBucket"
"""Operation by which rules read the region of a bucket; S3 serves it, not SageMaker."""

_REGISTRY = re.compile(r"\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/")
_BUCKET = re.compile(r"s3://([^/]+)")
_MODEL_CONTAINERS = "PrimaryContainer|Containers[]"
_PACKAGE_CONTAINERS = "InferenceSpecification.Containers[]"
_DATA = ("ModelDataUrl", "ModelDataSource.S3DataSource.S3Uri")
_CHANNELS = "InputDataConfig[].DataSource.S3DataSource.S3Uri"
_ELSEWHERE = {BUCKET_REGION: {"BucketRegion": "eu-west-1"}}
_HERE = {BUCKET_REGION: {"BucketRegion": "us-east-1"}}
_ROLE = {"ExecutionRoleArn": "arn:aws:iam::111111111111:role/execution"}
_IMAGE = "111111111111.dkr.ecr.{}.amazonaws.com/churn:1"
_MODEL = {**_ROLE, "PrimaryContainer.Image": _IMAGE.format("us-east-1")}
_WITH_DATA = {**_MODEL, "PrimaryContainer.ModelDataUrl": "s3://bucket/model.tar.gz"}
_TRAINED = {
    "AlgorithmSpecification.TrainingImage": _IMAGE.format("us-east-1"),
    "AlgorithmSpecification.TrainingInputMode": "File",
    "OutputDataConfig.S3OutputPath": "s3://bucket/models",
    "ResourceConfig.InstanceType": "ml.m5.large",
    "ResourceConfig.InstanceCount": 1,
    "ResourceConfig.VolumeSizeInGB": 10,
    "InputDataConfig[0].ChannelName": "train",
    "InputDataConfig[0].DataSource.S3DataSource.S3DataType": "S3Prefix",
    "InputDataConfig[0].DataSource.S3DataSource.S3Uri": "s3://bucket/train/",
}
_METRIC = {"Name": "auc", "Regex": "auc=(.*)"}
_TUNED = {
    "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective.MetricName": "auc",
    **{f"TrainingJobDefinition.{name}": value for name, value in _TRAINED.items()},
    "TrainingJobDefinition.AlgorithmSpecification.MetricDefinitions[0]": _METRIC,
}
_PACKAGE = {
    "ModelPackageGroupName": "churn",
    **{
        f"InferenceSpecification.Containers[0].{name}": value
        for name, value in {
            "Image": _IMAGE.format("us-east-1"),
            "ModelDataUrl": "s3://bucket/model.tar.gz",
        }.items()
    },
}


def _images(call: Call) -> Iterator[str]:
    for place, image in call.values(f"{_MODEL_CONTAINERS}.Image"):
        found = _REGISTRY.match(str(image))
        if found and call.region and found[1] != call.region:
            yield (
                f"{place}: the image {image} is in {found[1]}. The Docker image in Amazon ECR must "
                f"be in the same region as the model, {call.region}."
            )


def _objects(call: Call, *paths: str) -> Iterator[str]:
    for path in paths:
        for place, uri in call.values(path):
            bucket = _BUCKET.match(str(uri))
            if bucket is None:
                continue
            state = call.read(BUCKET_REGION, {"Bucket": bucket[1]}) or {}
            region = state.get("BucketRegion", call.region)
            if call.region and region != call.region:
                yield (
                    f"{place}: the bucket of {uri} is in {region}. Ensure that the object is "
                    f"located in {call.region}."
                )


def _within(
    name: str, operation: str, text: str, *paths: str, source: str, changes: dict[str, Any]
) -> Rule:
    return rule(
        name,
        operation,
        text,
        lambda call: _objects(call, *paths),
        source=source,
        fails=Example(changes, _ELSEWHERE),
        passes=Example(changes, _HERE),
    )


RULES = (
    rule(
        "model-image-region",
        "CreateModel",
        "The image in Amazon ECR is in the region of the model.",
        _images,
        source="ContainerDefinition, Image",
        fails={**_ROLE, "PrimaryContainer.Image": _IMAGE.format("eu-west-1")},
        passes=_MODEL,
    ),
    _within(
        "model-data-region",
        "CreateModel",
        "The model data is in a bucket in the region of the model.",
        *(f"{_MODEL_CONTAINERS}.{name}" for name in _DATA),
        source="ContainerDefinition, ModelDataUrl",
        changes=_WITH_DATA,
    ),
    _within(
        "package-data-region",
        "CreateModelPackage",
        "The model data is in a bucket in the region of the model package.",
        *(f"{_PACKAGE_CONTAINERS}.{name}" for name in _DATA),
        source="ModelPackageContainerDefinition, ModelDataUrl",
        changes=_PACKAGE,
    ),
    _within(
        "training-data-region",
        "CreateTrainingJob",
        "The input data is in buckets in the region of the training job.",
        _CHANNELS,
        source="CreateTrainingJob, InputDataConfig; S3DataSource, S3Uri",
        changes=_TRAINED,
    ),
    _within(
        "tuning-data-region",
        "CreateHyperParameterTuningJob",
        "The input data is in buckets in the region of the training jobs.",
        f"TrainingJobDefinition.{_CHANNELS}",
        f"TrainingJobDefinitions[].{_CHANNELS}",
        source="CreateTrainingJob, InputDataConfig; S3DataSource, S3Uri",
        changes=_TUNED,
    ),
)

"""Rules of models and their containers."""

from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import (
    exactly_one,
    exclusive,
    forbids,
    only_with,
    required,
    requires,
    rule,
    unique,
)
from rehearsal.framework.rules.rule import Call

_CREATE = "CreateModel"
_CONTAINERS = "PrimaryContainer|Containers[]"
_MAX_ENVIRONMENT = 32 * 1024
_MIN_DIRECT = 2
_ROLE = {"ExecutionRoleArn": "arn:aws:iam::111111111111:role/execution"}
_IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/churn:1"
_MODEL = {**_ROLE, "PrimaryContainer.Image": _IMAGE}
_ARCHIVE = "s3://bucket/model.tar.gz"
_URI = "ModelDataSource.S3DataSource.S3Uri"


def _container(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {**_MODEL, **{f"PrimaryContainer.{name}": one for name, one in changes.items()}}


def _pipeline(*names: str | None) -> dict[str, Any]:
    images = {f"Containers[{index}].Image": _IMAGE for index in range(len(names))}
    return {
        **_ROLE,
        **images,
        **{f"Containers[{i}].ContainerHostname": name for i, name in enumerate(names) if name},
    }


def _host_names(call: Call) -> Iterator[str]:
    containers = call.get("Containers") or []
    named = [one for one in containers if one.get("ContainerHostname")]
    if named and len(named) < len(containers):
        yield (
            "ContainerHostname must be specified for every container of an inference pipeline, or "
            f"for none; got {len(named)} of {len(containers)}."
        )


def _direct(call: Call) -> Iterator[str]:
    containers = call.get("Containers") or []
    named = all(one.get("ContainerHostname") for one in containers)
    if call.get("InferenceExecutionConfig.Mode") == "Direct" and not (
        len(containers) >= _MIN_DIRECT and named
    ):
        yield (
            "InferenceExecutionConfig Direct needs at least two containers, each with a "
            "ContainerHostname."
        )


def _environment(call: Call) -> Iterator[str]:
    maps = [found for _, found in call.values(f"{_CONTAINERS}.Environment")]
    size = sum(len(k.encode()) + len(v.encode()) for one in maps for k, v in one.items())
    if size > _MAX_ENVIRONMENT:
        yield (
            "Environment: the keys and values of all containers may have 32 KB together; "
            f"got {size} bytes."
        )


def _data_folder(call: Call) -> Iterator[str]:
    for place, source in call.values(f"{_CONTAINERS}.ModelDataSource.S3DataSource"):
        uri = str(source.get("S3Uri", ""))
        if source.get("S3DataType") == "S3Prefix" and not uri.endswith("/"):
            yield f"{place}.S3Uri must end with / because S3DataType is S3Prefix; got {uri}."


RULES = (
    exactly_one(
        "model-containers",
        _CREATE,
        "PrimaryContainer",
        "Containers",
        source="CreateModel, PrimaryContainer and Containers",
        fails={**_MODEL, **_pipeline(None, None)},
        passes=_MODEL,
    ),
    required(
        "model-role",
        _CREATE,
        "ExecutionRoleArn",
        source="CreateModel, ExecutionRoleArn",
        message=(
            "ExecutionRoleArn is required: the endpoint downloads the image and the model data "
            "with it."
        ),
        fails={"PrimaryContainer.Image": _IMAGE},
        passes=_MODEL,
    ),
    exactly_one(
        "container-image-or-package",
        _CREATE,
        "Image",
        "ModelPackageName",
        at=_CONTAINERS,
        source="ContainerDefinition, Image and ModelPackageName",
        fails=_container({"ModelPackageName": "churn"}),
        passes=_MODEL,
    ),
    forbids(
        "container-data-of-package",
        _CREATE,
        "ModelPackageName",
        "ModelDataUrl",
        "ModelDataSource",
        at=_CONTAINERS,
        source="ContainerDefinition, ModelPackageName",
        fails=_container({"Image": None, "ModelPackageName": "churn", "ModelDataUrl": _ARCHIVE}),
        passes=_container({"Image": None, "ModelPackageName": "churn"}),
    ),
    exclusive(
        "container-model-data",
        _CREATE,
        "ModelDataUrl",
        "ModelDataSource",
        at=_CONTAINERS,
        source="ContainerDefinition, ModelDataSource",
        fails=_container({"ModelDataUrl": _ARCHIVE, _URI: "s3://bucket/model/"}),
        passes=_container({"ModelDataUrl": _ARCHIVE}),
    ),
    requires(
        "multi-model-data",
        _CREATE,
        "Mode",
        "ModelDataUrl",
        when="MultiModel",
        at=_CONTAINERS,
        source='"Create a Multi-Model Endpoint" in the Developer Guide',
        fails=_container({"Mode": "MultiModel"}),
        passes=_container({"Mode": "MultiModel", "ModelDataUrl": "s3://bucket/models/"}),
    ),
    only_with(
        "multi-model-config",
        _CREATE,
        "MultiModelConfig",
        "Mode",
        "MultiModel",
        at=_CONTAINERS,
        source="ContainerDefinition, MultiModelConfig",
        fails=_container({"MultiModelConfig.ModelCacheSetting": "Enabled"}),
        passes=_container(
            {
                "Mode": "MultiModel",
                "ModelDataUrl": "s3://bucket/models/",
                "MultiModelConfig.ModelCacheSetting": "Enabled",
            }
        ),
    ),
    rule(
        "model-data-folder",
        _CREATE,
        "S3Uri of ModelDataSource ends with a slash if S3DataType is S3Prefix.",
        _data_folder,
        source="S3ModelDataSource, S3DataType",
        fails=_container({_URI: "s3://bucket/model"}),
        passes=_container({_URI: "s3://bucket/model/"}),
    ),
    only_with(
        "registry-authentication",
        _CREATE,
        "RepositoryAuthConfig",
        "RepositoryAccessMode",
        "Vpc",
        at=f"{_CONTAINERS}.ImageConfig",
        source="ImageConfig, RepositoryAuthConfig",
        fails=_container(
            {
                "ImageConfig.RepositoryAccessMode": "Platform",
                "ImageConfig.RepositoryAuthConfig.RepositoryCredentialsProviderArn": (
                    "arn:aws:lambda:us-east-1:111111111111:function:login"
                ),
            }
        ),
        passes=_container({"ImageConfig.RepositoryAccessMode": "Platform"}),
    ),
    rule(
        "model-environment-size",
        _CREATE,
        "The keys and values of all Environment maps have at most 32 KB together.",
        _environment,
        source="ContainerDefinition, Environment",
        fails=_container({f"Environment.V{n}": "x" * 1000 for n in range(34)}),
        passes=_container({"Environment.MODE": "fast"}),
    ),
    unique(
        "container-hostnames",
        _CREATE,
        "Containers",
        "ContainerHostname",
        source="ContainerDefinition, ContainerHostname",
        fails=_pipeline("same", "same"),
        passes=_pipeline("first", "second"),
    ),
    rule(
        "container-all-hostnames",
        _CREATE,
        "ContainerHostname is specified for every container of an inference pipeline, or for none.",
        _host_names,
        source="ContainerDefinition, ContainerHostname",
        fails=_pipeline("first", None),
        passes=_pipeline(None, None),
    ),
    rule(
        "direct-containers",
        _CREATE,
        "Direct invocation needs two or more containers, each with a ContainerHostname.",
        _direct,
        source='"Use a multi-container endpoint with direct invocation" in the Developer Guide',
        fails={**_pipeline(None, None), "InferenceExecutionConfig.Mode": "Direct"},
        passes={**_pipeline("first", "second"), "InferenceExecutionConfig.Mode": "Direct"},
    ),
)

"""Configurations of AWS::S3::Bucket as the bodies of the S3 API's requests.

CloudFormation and S3 name the same settings differently. Sources: "AWS::S3::Bucket" in the template
reference, and PutBucketLifecycleConfiguration, PutBucketLogging, PutBucketOwnershipControls and
PutBucketVersioning in the S3 API reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.model import OperationModel, Shape
from botocore.serialize import create_serializer

from rehearsal.cloudformation.resource_requests import to_api
from rehearsal.cloudformation.resource_types import Properties, Request, ResourceFailure
from rehearsal.framework.service_models import service_model

_MINIMUM_SIZE = "all_storage_classes_128K"


def lifecycle_body(properties: Properties) -> bytes:
    """Returns the XML of PutBucketLifecycleConfiguration.

    Raises:
        ResourceFailure: the rehearsal does not support a property.
    """
    size = properties.get("TransitionDefaultMinimumObjectSize", _MINIMUM_SIZE)
    if size != _MINIMUM_SIZE:
        raise ResourceFailure(
            f"LifecycleConfiguration.TransitionDefaultMinimumObjectSize is {size}; the "
            f"rehearsal supports {_MINIMUM_SIZE} only."
        )
    content = {"Rules": [_rule(rule) for rule in properties.get("Rules", [])]}
    return _body("PutBucketLifecycleConfiguration", "LifecycleConfiguration", content)


def logging_body(properties: Properties, bucket: str) -> bytes:
    """Returns the XML of PutBucketLogging; `bucket` is the default destination."""
    given = dict(properties)
    enabled = {
        "TargetBucket": given.pop("DestinationBucketName", bucket),
        "TargetPrefix": given.pop("LogFilePrefix", ""),
        **given,
    }
    return _body("PutBucketLogging", "BucketLoggingStatus", {"LoggingEnabled": enabled})


def ownership_body(properties: Properties) -> bytes:
    """Returns the XML of PutBucketOwnershipControls."""
    return _body("PutBucketOwnershipControls", "OwnershipControls", properties)


def versioning_body(properties: Properties) -> bytes:
    """Returns the XML of PutBucketVersioning."""
    return _body("PutBucketVersioning", "VersioningConfiguration", properties)


def _rule(rule: Properties) -> Request:
    """Returns a lifecycle rule of S3, which has other names and a filter of conditions."""
    given = dict(rule)
    request: Request = {"Filter": _filter(given)}
    _move(given, request, {"Id": "ID"})
    expiration: Request = {}
    _move(
        given,
        expiration,
        {
            "ExpirationDate": "Date",
            "ExpirationInDays": "Days",
            "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
        },
    )
    if expiration:
        request["Expiration"] = expiration
    if days := given.pop("NoncurrentVersionExpirationInDays", None):
        request["NoncurrentVersionExpiration"] = {"NoncurrentDays": days}
    for one, days_name in (
        ("Transition", "Days"),
        ("NoncurrentVersionTransition", "NoncurrentDays"),
    ):
        single = given.pop(one, None)
        found = [*given.pop(f"{one}s", []), *([single] if single else [])]
        names = {"TransitionInDays": days_name, "TransitionDate": "Date"}
        if found:
            request[f"{one}s"] = [_renamed(item, names) for item in found]
    return request | given


def _filter(given: Request) -> Request:
    """Moves the conditions of a rule into a filter; S3 combines several of them by `And`."""
    conditions: Request = {}
    _move(given, conditions, {name: name for name in ("Prefix", *_SIZES)})
    tags = given.pop("TagFilters", None) or []
    if len(conditions) + len(tags) > 1:
        return {"And": conditions | ({"Tags": tags} if tags else {})}
    return conditions | ({"Tag": tags[0]} if tags else {})


_SIZES = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")


def _move(source: Request, target: Request, names: Mapping[str, str]) -> None:
    for name, renamed in names.items():
        if name in source:
            target[renamed] = source.pop(name)


def _renamed(item: Properties, names: Mapping[str, str]) -> Request:
    return {names.get(name, name): value for name, value in item.items()}


def _body(operation: str, member: str, content: Properties) -> bytes:
    model = service_model("s3").operation_model(operation)
    value = to_api(_members(model)[member], content, "")
    serializer: Callable[..., Any] = create_serializer("rest-xml").serialize_to_request
    body: bytes = serializer({"Bucket": "any", member: value}, model)["body"]
    return body


def _members(model: OperationModel) -> Mapping[str, Shape]:
    return model.input_shape.members if model.input_shape else {}

"""How the tags of a resource change in place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore import xform_name

from rehearsal.cloudformation.resource_requests import dig, tag_map, to_api
from rehearsal.cloudformation.resource_types import Identifier, ResourceFailure, ResourceType

# How a service names a tag change: operations, the members with ARN, tags and keys.
_TAGGING = {
    "sagemaker": ("AddTags", "DeleteTags", "ResourceArn", "Tags", "TagKeys"),
    "codepipeline": ("TagResource", "UntagResource", "resourceArn", "tags", "tagKeys"),
    "codecommit": ("TagResource", "UntagResource", "resourceArn", "tags", "tagKeys"),
    "codeconnections": ("TagResource", "UntagResource", "ResourceArn", "Tags", "TagKeys"),
    "codestar-notifications": ("TagResource", "UntagResource", "Arn", "Tags", "TagKeys"),
    "chatbot": ("TagResource", "UntagResource", "ResourceARN", "Tags", "TagKeys"),
    "application-autoscaling": ("TagResource", "UntagResource", "ResourceARN", "Tags", "TagKeys"),
    "scheduler": ("TagResource", "UntagResource", "ResourceArn", "Tags", "TagKeys"),
    "cloudwatch": ("TagResource", "UntagResource", "ResourceARN", "Tags", "TagKeys"),
}


def retag(
    row: ResourceType,
    client: Any,
    identifier: Identifier,
    described: Mapping[str, Any],
    *,
    before: Any,
    after: Any,
) -> None:
    """Brings a resource from its former tags to the new ones; `described` is AWS's answer of it.

    Raises ResourceFailure for a type that cannot change its tags.
    """
    if row.retag:
        row.retag(client, identifier, before, after)
        return
    if row.service not in _TAGGING:  # its update request carries the tags
        if row.update is None:
            raise ResourceFailure(f"{row.type_name} cannot change its tags in place.")
        return
    tag, untag, arn_member, tags_member, keys_member = _TAGGING[row.service]
    arn = _arn(row, described)
    old, new = tag_map(before), tag_map(after)
    if removed := sorted(old.keys() - new.keys()):
        getattr(client, xform_name(untag))(**{arn_member: arn, keys_member: removed})
    if new:
        shape = client.meta.service_model.operation_model(tag).input_shape
        tags = to_api(shape.members[tags_member], new, tags_member)
        getattr(client, xform_name(tag))(**{arn_member: arn, tags_member: tags})


def _arn(row: ResourceType, described: Mapping[str, Any]) -> str:
    paths = [row.arn] if row.arn else [row.ref, *row.attributes.values()]
    found = [dig(described, path) for path in paths if isinstance(path, str)]
    arns = [value for value in found if isinstance(value, str) and value.startswith("arn:")]
    if not arns:
        raise ResourceFailure(f"{row.type_name} has no ARN in {paths}: its tags cannot change.")
    return arns[0]

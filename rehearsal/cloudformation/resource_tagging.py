"""Updates of the tags of a resource in place."""

from collections.abc import Mapping
from typing import Any

from botocore import xform_name

from rehearsal.cloudformation.resource_requests import dig, tag_map, to_api
from rehearsal.cloudformation.resource_types import Identifier, ResourceFailure, ResourceType

# The operations that tag and untag, and their members for ARN, tags and keys.
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
    resource_type: ResourceType,
    client: Any,
    identifier: Identifier,
    described: Mapping[str, Any],
    *,
    before: Any,
    after: Any,
) -> None:
    """Updates the tags of a resource.

    Args:
        resource_type: the type of the resource.
        client: a client of the service.
        identifier: the identifier of the resource.
        described: the response of the type's `describe`.
        before: the former tags.
        after: the new tags.

    Raises:
        ResourceFailure: the type cannot change its tags.
    """
    if resource_type.retag:
        resource_type.retag(client, identifier, before, after)
        return
    if resource_type.service not in _TAGGING:  # its update request carries the tags
        if resource_type.update is None:
            raise ResourceFailure(f"{resource_type.type_name} cannot change its tags in place.")
        return
    tag, untag, arn_member, tags_member, keys_member = _TAGGING[resource_type.service]
    arn = _arn(resource_type, described)
    old, new = tag_map(before), tag_map(after)
    if removed := sorted(old.keys() - new.keys()):
        getattr(client, xform_name(untag))(**{arn_member: arn, keys_member: removed})
    if new:
        shape = client.meta.service_model.operation_model(tag).input_shape
        tags = to_api(shape.members[tags_member], new, tags_member)
        getattr(client, xform_name(tag))(**{arn_member: arn, tags_member: tags})


def _arn(resource_type: ResourceType, described: Mapping[str, Any]) -> str:
    paths = (
        [resource_type.arn]
        if resource_type.arn
        else [resource_type.ref, *resource_type.attributes.values()]
    )
    found = [dig(described, path) for path in paths if isinstance(path, str)]
    arns = [value for value in found if isinstance(value, str) and value.startswith("arn:")]
    if not arns:
        raise ResourceFailure(
            f"{resource_type.type_name} has no ARN in {paths}: its tags cannot change."
        )
    return arns[0]

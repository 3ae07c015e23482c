"""The condition key `aws:ResourceTag` for the tags of ministack's own resources."""

from collections.abc import Callable, Iterator
from typing import Any

from ministack.services import ec2, tagging

from rehearsal.ministack.registry import patch, patch_value

Tags = list[dict[str, str]]
_PREFIX = "aws:resourcetag/"
_COLLECTORS = "ministack.services.tagging:_RESOURCE_TAG_COLLECTORS"


@patch(
    "ministack.core.iam_evaluator:_resolve_condition_key",
    why=(
        "Tags are looked up only if an identity policy names them, so conditions of permissions "
        "boundaries and session policies find none."
    ),
    until="ministack looks up the tags of a resource for each kind of policy.",
)
def resolve(previous: Callable[..., Any], key: str, ctx: Any) -> Any:
    value = previous(key, ctx)
    if value is not None or not key.lower().startswith(_PREFIX):
        return value
    found = tagging.resource_tags(ctx.resource_arn) or {}
    wanted = key[len(_PREFIX) :].lower()
    return next((tag for name, tag in found.items() if name.lower() == wanted), None)


@patch_value(
    f"{_COLLECTORS}[ec2]",
    why="Security groups have no collector, so each condition on their tags is denied.",
    until="ministack collects the tags of security groups for conditions.",
)
def security_groups(previous: object) -> Callable[[], Iterator[tuple[str, Tags]]]:
    return _security_groups


@patch_value(
    f"{_COLLECTORS}[elasticfilesystem]",
    why="File systems have no collector for conditions, so each condition on their tags is denied.",
    until="ministack collects the tags of file systems for conditions.",
)
def file_systems(previous: object) -> Any:
    return tagging._COLLECTORS["elasticfilesystem"]


def _security_groups() -> Iterator[tuple[str, Tags]]:
    for group in ec2._security_groups:
        yield ec2._security_group_arn(group), ec2._tags.get(group, [])

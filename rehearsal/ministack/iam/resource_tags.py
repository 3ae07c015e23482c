"""Tags of resources for `aws:ResourceTag`, and which file system is asked about.

ministack looks for tags only where an identity policy names them, not for the conditions of
permissions boundaries and session policies. Whatever names them finds them here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import ec2, tagging

from rehearsal.ministack.scope import current_scope

Tags = list[dict[str, str]]
_PREFIX = "aws:resourcetag/"


def install() -> None:
    """ministack denies every condition on the tags of a security group or a file system."""
    tagging._RESOURCE_TAG_COLLECTORS["ec2"] = _security_groups
    tagging._RESOURCE_TAG_COLLECTORS["elasticfilesystem"] = tagging._COLLECTORS["elasticfilesystem"]
    stock = iam_actions.extract_resource_arn

    def extract(
        service: str, method: str, path: str, headers: Any, body: bytes, query: Any, *rest: Any
    ) -> str:
        arn: str = stock(service, method, path, headers, body, query, *rest)
        if service == "elasticfilesystem" and arn == "*":
            return _file_system(query) or arn
        return arn

    iam_actions.extract_resource_arn = extract
    _resolve_tags()


def _resolve_tags() -> None:
    """Gives conditions the tags of ministack's own resources, where the request has none yet."""
    stock = iam_evaluator._resolve_condition_key

    def resolve(key: str, context: iam_evaluator.EvalContext) -> Any:
        value = stock(key, context)
        if value is not None or not key.lower().startswith(_PREFIX):
            return value
        found = tagging.resource_tags(context.resource_arn) or {}
        wanted = key[len(_PREFIX) :].lower()
        return next((tag for name, tag in found.items() if name.lower() == wanted), None)

    iam_evaluator._resolve_condition_key = resolve


def _security_groups() -> Iterator[tuple[str, Tags]]:
    for group in ec2._security_groups:
        yield ec2._security_group_arn(group), ec2._tags.get(group, [])


def _file_system(query: Mapping[str, Any]) -> str | None:
    """DescribeFileSystems and DescribeMountTargets name their file system in the query."""
    given = query.get("FileSystemId")
    name = given[0] if isinstance(given, list) and given else given
    return current_scope().arn("elasticfilesystem", f"file-system/{name}") if name else None

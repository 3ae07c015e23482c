"""Templates of stacks: validation against resource schemas, location, permission to read them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import s3
from ministack.services.cloudformation import engine, helpers, provisioners

from rehearsal.cloudformation import template_structure
from rehearsal.cloudformation.template_check import template_problems
from rehearsal.framework.platform import VIA_SERVICE, AwsError
from rehearsal.ministack.iam import identity, signed_urls
from rehearsal.ministack.registry import CLOUDFORMATION, patch
from rehearsal.ministack.request_scope import current_scope

_URL = re.compile(r"https?://[^/]+/[^?]+")
# https://bucket.s3.region.amazonaws.com/key and https://bucket.s3.amazonaws.com/key
_VIRTUAL_HOSTED = re.compile(
    r"https?://(?P<bucket>[a-z0-9.\-]+)\.s3[.-](?:[a-z0-9\-]+\.)?amazonaws"
)


@patch(
    f"{CLOUDFORMATION}.handlers:validate_template_support",
    f"{CLOUDFORMATION}.changesets:validate_template_support",
    why="Unknown, missing and malformed properties are accepted, and unknown macros are ignored.",
    until="ministack validates templates against the schemas of their resource types.",
)
def validate(
    previous: Callable[..., None],
    template: dict[str, Any],
    conditions: Mapping[str, bool],
    params: Any = None,
) -> None:
    previous(template, conditions, params=params)
    if not engine.declared_transforms(template):
        template_structure.check_references(template, conditions)
        _check_order(template, conditions)
    if params is None:  # ValidateTemplate, which reads a template as it was sent
        return
    if left := [*engine.declared_transforms(template), *_embedded_macros(template)]:
        raise ValueError(
            f"No transform named {', '.join(map(str, left))} found: the rehearsal has "
            "AWS::Include, AWS::LanguageExtensions and AWS::Serverless-2016-10-31, and no macros."
        )
    if unkept := _without_snapshots(template, conditions):
        raise ValueError(
            "The rehearsal makes no snapshots of "
            f"{', '.join(unkept)}: set DeletionPolicy and UpdateReplacePolicy to Retain or Delete."
        )
    problems = template_problems(template, conditions, current_scope().region)
    if problems:
        raise ValueError("Template validation failed: " + "; ".join(problems))


def _without_snapshots(template: dict[str, Any], conditions: Mapping[str, bool]) -> list[str]:
    """Returns the types of resources whose policy is a snapshot that nothing makes."""
    policies = ("DeletionPolicy", "UpdateReplacePolicy")
    handlers = provisioners._RESOURCE_HANDLERS
    return sorted(
        {
            resource["Type"]
            for resource in (template.get("Resources") or {}).values()
            if conditions.get(str(resource.get("Condition")), True)
            and "Snapshot" in [resource.get(one) for one in policies]
            and "snapshot" not in handlers.get(resource["Type"], {})
        }
    )


def _embedded_macros(value: Any) -> list[str]:
    """Returns the macros of Fn::Transform that are not applied yet."""
    if isinstance(value, list):
        return [name for item in value for name in _embedded_macros(item)]
    if not isinstance(value, Mapping):
        return []
    found = value.get("Fn::Transform")
    named = [str(found.get("Name"))] if isinstance(found, Mapping) else []
    return named + [name for item in value.values() for name in _embedded_macros(item)]


def _check_order(template: dict[str, Any], conditions: Mapping[str, bool]) -> None:
    try:
        engine._topological_sort(template.get("Resources") or {}, conditions)
    except ValueError as error:
        names = str(error).rpartition(": ")[2]
        raise ValueError(f"Circular dependency between resources: [{names}]") from None


@patch(
    f"{CLOUDFORMATION}.helpers:_resolve_document",
    why=(
        "A virtual-hosted TemplateURL is rejected, and a template is read without permission of "
        "the caller."
    ),
    until=(
        "ministack reads virtual-hosted locations with the permissions of the caller or the signer "
        "of the URL."
    ),
)
def resolve_document(
    previous: Callable[..., Any], params: Any, body_key: str, url_key: str, label: str
) -> Any:
    url = helpers._p(params, url_key)
    if url and not _URL.match(url):
        return None, helpers._error("ValidationError", f"{url_key} must be a supported URL.")
    if url and not helpers._p(params, body_key):
        match = _VIRTUAL_HOSTED.match(url)
        if match:
            key = url.split("/", 3)[3]
            url = f"https://s3.amazonaws.com/{match['bucket']}/{key}"
            params = {**params, url_key: [url]}
        location = url.split("/", 3)[3].split("?", 1)[0]
        arn = f"arn:aws:s3:::{location}"
        bucket, _, key = location.partition("/")
        tags = s3.object_tags_for_condition(bucket, key, {})
        keys = {f"s3:ExistingObjectTag/{name}": value for name, value in tags.items()}
        keys |= VIA_SERVICE
        try:
            caller = signed_urls.signer(url) or iam_evaluator.caller_arn()
            identity.authorize(caller, "s3:GetObject", arn, current_scope(), keys)
        except AwsError as error:
            return None, helpers._error("ValidationError", f"S3 error: {error.message}")
    return previous(params, body_key, url_key, label)

"""What CloudFormation refuses and ministack accepts: templates, exports, policies, locations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import cloudformation, s3
from ministack.services.cloudformation import changesets, engine, handlers, helpers, stacks

from rehearsal.cloudformation.template_check import template_problems
from rehearsal.framework.platform import VIA_SERVICE, AwsError
from rehearsal.ministack.iam import identity, signed_urls
from rehearsal.ministack.scope import current_scope

_POLICY_PARAMETERS = (
    "StackPolicyBody",
    "StackPolicyURL",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
)
# https://bucket.s3.region.amazonaws.com/key and https://bucket.s3.amazonaws.com/key
_VIRTUAL_HOSTED = re.compile(
    r"https?://(?P<bucket>[a-z0-9.\-]+)\.s3[.-](?:[a-z0-9\-]+\.)?amazonaws"
)


def install() -> None:
    """Puts the checks where ministack reads templates and ends operations."""
    for module in (handlers, changesets):
        module.validate_template_support = _checked_support(module.validate_template_support)
    stacks._resolve_stack_outputs = _guarded_exports(stacks._resolve_stack_outputs)
    helpers._resolve_document = _located_document(helpers._resolve_document)
    for action in ("CreateStack", "UpdateStack"):
        stock = handlers._ACTION_HANDLERS[action]
        handlers._ACTION_HANDLERS[action] = _without_stack_policy(stock)
    handlers._ACTION_HANDLERS["SetStackPolicy"] = lambda params: _refuse_stack_policy()


def _checked_support(stock: Callable[..., None]) -> Callable[..., None]:
    def check(template: dict[str, Any], conditions: Mapping[str, bool], params: Any = None) -> None:
        stock(template, conditions, params=params)
        if params is None:  # ValidateTemplate, which reads a template as it was sent
            return
        if left := engine.declared_transforms(template):
            raise ValueError(
                f"No transform named {', '.join(map(str, left))} found: the rehearsal has "
                "AWS::Include and AWS::LanguageExtensions."
            )
        problems = template_problems(template, conditions, current_scope().region)
        if problems:
            raise ValueError("Template validation failed: " + "; ".join(problems))

    return check


def _guarded_exports(stock: Callable[..., Any]) -> Callable[..., Any]:
    """An export that another stack imports can neither change nor go, as in AWS."""

    def resolve(*args: Any, **options: Any) -> Any:
        outputs, exports = stock(*args, **options)
        stack_id = args[6]
        for name, kept in list(cloudformation._exports.items()):
            if kept["StackId"] != stack_id:
                continue
            if name in exports and exports[name]["Value"] == kept["Value"]:
                continue
            for other in cloudformation._stacks.values():
                if _imports(other, stack_id, name):
                    verb = "updated" if name in exports else "deleted"
                    raise ValueError(
                        f"Export {name} cannot be {verb} as it is in use by {other['StackName']}"
                    )
        return outputs, exports

    return resolve


def _imports(stack: dict[str, Any], exporter: str, name: str) -> bool:
    if stack["StackId"] == exporter or stack.get("StackStatus") == "DELETE_COMPLETE":
        return False
    return name in handlers._imported_export_names(stack, stack["StackName"])


def _located_document(stock: Callable[..., Any]) -> Callable[..., Any]:
    """Resolves virtual-hosted locations too.

    Reads only what the caller, or the signer of the URL, may read.
    """

    def resolve(params: Any, body_key: str, url_key: str, label: str) -> Any:
        url = helpers._p(params, url_key)
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
        return stock(params, body_key, url_key, label)

    return resolve


def _without_stack_policy(stock: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def handle(params: Any) -> Any:
        if any(helpers._p(params, name) for name in _POLICY_PARAMETERS):
            return _refuse_stack_policy()
        return stock(params)

    return handle


def _refuse_stack_policy() -> Any:
    message = "The rehearsal does not enforce stack policies, so it does not take one."
    return helpers._error("ValidationError", message)

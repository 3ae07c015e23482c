"""Resource policies of model package groups."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.framework.platform import AwsError

_ACTIONS = {
    "sagemaker:AddTags",
    "sagemaker:CreateModel",
    "sagemaker:CreateModelPackage",
    "sagemaker:DeleteModelPackage",
    "sagemaker:DeleteModelPackageGroup",
    "sagemaker:DescribeModelPackage",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListModelPackages",
    "sagemaker:ListModelPackageGroups",
    "sagemaker:ListTags",
    "sagemaker:UpdateModelPackage",
}
_PRINCIPAL = re.compile(r"\*|\d{12}|arn:aws[a-z\-]*:(iam|sts)::\d{12}:[\S]+")
_MEMBERS = {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}


def check_policy(text: str, group_arn: str) -> None:
    """Validates the resource policy of a model package group.

    Raises:
        AwsError: ValidationException, if it is malformed or names another resource.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise _malformed(f"it is not JSON ({error})") from None
    if not isinstance(document, Mapping) or not document.get("Statement"):
        raise _malformed("it has no Statement")
    if document.get("Version") not in ("2012-10-17", "2008-10-17"):
        raise _malformed("its Version is not 2012-10-17")
    statements = document["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        for problem in _problems(statement, group_arn):
            raise _malformed(problem)


def _problems(statement: Any, group_arn: str) -> Iterator[str]:
    if not isinstance(statement, Mapping):
        yield "a statement is no object"
        return
    if unknown := set(statement) - _MEMBERS:
        yield f"a statement has {', '.join(sorted(unknown))}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"an Effect is {statement.get('Effect')!r}"
    yield from _principal_problems(statement.get("Principal"))
    for action in _texts(statement.get("Action")) or ["nothing"]:
        if action not in _ACTIONS and action not in ("sagemaker:*", "*"):
            yield f"an Action is {action}"
    own = (group_arn, group_arn.replace(":model-package-group/", ":model-package/") + "/")
    for resource in _texts(statement.get("Resource")) or ["nothing"]:
        if resource != own[0] and not resource.startswith(own[1]):
            yield f"a Resource is {resource}, which is not of {group_arn}"


def _principal_problems(principal: Any) -> Iterator[str]:
    if principal == "*":
        return
    if not isinstance(principal, Mapping) or set(principal) - {"AWS", "Service"} or not principal:
        yield f"a Principal is {principal!r}"
        return
    for name in _texts(principal.get("AWS")):
        if not _PRINCIPAL.fullmatch(name):
            yield f"a Principal is {name}"


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)] * bool(value)


def _malformed(reason: str) -> AwsError:
    return AwsError("ValidationException", f"Invalid resource policy: {reason}.")

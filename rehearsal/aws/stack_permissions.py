"""What CloudFormation calls, for the resource types that ministack provisions in-process.

A stack acts with its role. Types of our services go over boto3 and are judged there; the others
against the table of `stock_types.py`. Actions and resources follow the service authorization
reference (https://docs.aws.amazon.com/service-authorization/latest/reference/). A type without a
row is refused when anyone but an account's root deploys it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Properties = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class StockType:
    """The actions behind a type.

    `arn` is a template over region, account and name, where name is `name_property` or the physical
    id. `when` adds actions for properties that are set (create) or changed (update). `passes` maps
    a property path that holds a role (`Targets.*.RoleArn`) to the service that it is passed to.
    """

    arn: str = "*"
    name_property: str = ""
    create: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    passes: Mapping[str, str] = field(default_factory=dict)
    #: A property that lists resources; each action is then asked for each of them.
    each: str = ""
    lowercase_name: bool = False


@dataclass(frozen=True)
class Check:
    """One question for IAM."""

    action: str
    resource_arn: str
    passed_to: str | None = None


def checks(
    stock: StockType,
    verb: str,
    name: str,
    new: Properties,
    old: Properties,
    region: str,
    account: str,
) -> Iterator[Check]:
    """What IAM is asked before a resource is created, updated or deleted (`verb`).

    `name` is the physical name, or the one that it is going to get.
    """
    named = [str(new.get(stock.name_property) or name)]
    if stock.each:
        named = [str(item) for item in new.get(stock.each, [])]
    actions = list(getattr(stock, verb))
    if verb != "delete":
        for prop, further in stock.when.items():
            actions += further if new.get(prop) != old.get(prop) else ()
    for item in named:
        arn = _arn(stock, item, new.get("Path") or "/", region, account)
        for action in actions:
            yield Check(action, "*" if action in _UNSCOPED else arn)
    if verb == "delete":
        return
    for path, service in stock.passes.items():
        known = set(_at(old, path.split(".")))
        for role_arn in _at(new, path.split(".")):
            if role_arn not in known:
                yield Check("iam:PassRole", role_arn, service)


def _arn(stock: StockType, name: str, path: str, region: str, account: str) -> str:
    if name.startswith("arn:"):
        return name
    name = name.rsplit("/", 1)[-1] if name.startswith("http") else name  # a queue's URL
    return stock.arn.format(region=region, account=account, name=name, path=path)


def _at(value: Any, path: list[str]) -> list[str]:
    if not path:
        return [value] if isinstance(value, str) and value else []
    if path[0] == "*":
        items = value if isinstance(value, list) else []
        return [found for item in items for found in _at(item, path[1:])]
    return _at(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else []


# Actions that the reference gives no resource for, inside of types that have one.
_UNSCOPED = {"kms:CreateKey", "cloudwatch:DescribeAlarms", "lambda:CreateEventSourceMapping"}

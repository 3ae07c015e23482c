"""What CloudFormation calls, for the resource types that ministack provisions in-process.

A stack acts with its role. Types of our services go over boto3 and are judged there; the others
against the tables of `stock_types`. Actions and resources follow the service authorization
reference (https://docs.aws.amazon.com/service-authorization/latest/reference/). A type without a
row is refused when anyone but an account's root deploys it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.framework.platform import Scope

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
    #: Values that are the same as leaving the property out.
    defaults: Mapping[str, Any] = field(default_factory=dict)
    passes: Mapping[str, str] = field(default_factory=dict)
    #: Like `when`, for properties that the resource has when it is deleted.
    when_deleted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: A property that lists resources; each action is then asked for each of them.
    each: str = ""
    #: A property of a role that lists managed policies, or of a managed policy that lists roles.
    attaches: str = ""
    attaches_to: str = ""
    lowercase_name: bool = False
    #: Like `when`, for a resource whose ARN is known only when it is there: asked after creation.
    after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Whether IAM knows the template's tags when it is asked; otherwise it looks for them itself.
    known_tags: bool = True
    #: A property path that holds a KMS key: what is asked for it, for the service in `through`.
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    through: str = ""


@dataclass(frozen=True)
class Check:
    """One question for IAM, with the condition keys that the request would carry."""

    action: str
    resource_arn: str
    keys: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Role:
    """What IAM knows of a role that a policy is put on."""

    arn: str
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def keys(self) -> dict[str, Any]:
        return _boundary_key(self.boundary) | _tag_keys("aws:ResourceTag", self.tags)


def checks(
    stock: StockType,
    verb: str,
    name: str,
    new: Properties,
    old: Properties,
    scope: Scope,
    find_role: Callable[[str], Role | None],
) -> Iterator[Check]:
    """What IAM is asked before a resource is created, updated or deleted (`verb`).

    `name` is the physical name, or the one that it is going to get. `find_role` gives the roles
    that a policy names.
    """
    arn = _arn(stock, str(new.get(stock.name_property) or name), new.get("Path") or "/", scope)
    targets = [(arn, _boundary_key((old or new).get("PermissionsBoundary")))]
    if stock.each:
        roles = [(str(item), find_role(str(item))) for item in new.get(stock.each, [])]
        targets = [
            (role.arn, role.keys()) if role else (_arn(stock, item, "/", scope), {})
            for item, role in roles
        ]
    requested = {} if verb == "delete" else _tag_keys("aws:RequestTag", _tags(new))
    tags_known = _tags(new if verb == "create" else old) if stock.known_tags else {}
    resource = _tag_keys("aws:ResourceTag", tags_known)
    # What creates a resource finds no tags on it yet; what follows does.
    first = requested if verb == "create" else requested | resource
    actions = [(action, first) for action in getattr(stock, verb)]
    further = _further_actions(stock, verb, new, old)
    actions += [(action, requested | resource) for action in further]
    for target, keys in targets:
        for action, tags in actions:
            yield Check(action, "*" if action in _UNSCOPED else target, keys | tags)
    role = Role(arn=arn, boundary=(new or old).get("PermissionsBoundary"), tags=_tags(new))
    for action, of_role, policy in _attachments(stock, verb, role, new, old, find_role):
        yield Check(action, of_role.arn, of_role.keys() | {"iam:PolicyARN": policy})
    if verb != "delete":
        yield from _passed_roles(stock, new, old)
        yield from _used_keys(stock, new, old, scope)


def checks_after_creation(
    stock: StockType, name: str, new: Properties, scope: Scope
) -> Iterator[Check]:
    """What IAM is asked about a new resource once it has its ARN; `name` is its physical id."""
    for prop, actions in stock.after.items():
        if new.get(prop, stock.defaults.get(prop)) != stock.defaults.get(prop):
            for action in actions:
                yield Check(action, _arn(stock, name, "/", scope))


def _further_actions(
    stock: StockType, verb: str, new: Properties, old: Properties
) -> Iterator[str]:
    if verb == "delete":
        for prop, actions in stock.when_deleted.items():
            yield from actions if new.get(prop) else ()
        return
    late = stock.after if verb == "update" else {}
    for prop, actions in (*stock.when.items(), *late.items()):
        default = stock.defaults.get(prop)
        if new.get(prop, default) != old.get(prop, default):
            yield from actions


def _attachments(
    stock: StockType,
    verb: str,
    itself: Role,
    new: Properties,
    old: Properties,
    find_role: Callable[[str], Role | None],
) -> Iterator[tuple[str, Role, str]]:
    """Which managed policy is attached to which role, or detached from it."""
    prop = stock.attaches or stock.attaches_to
    if not prop:
        return
    before = [] if verb == "create" else old.get(prop) or []
    after = [] if verb == "delete" else new.get(prop) or []
    changes = [("iam:AttachRolePolicy", one) for one in after if one not in before]
    changes += [("iam:DetachRolePolicy", one) for one in before if one not in after]
    for action, item in changes:
        if stock.attaches:
            yield action, itself, item
        elif role := find_role(item):
            yield action, role, itself.arn


def _passed_roles(stock: StockType, new: Properties, old: Properties) -> Iterator[Check]:
    for path, service in stock.passes.items():
        known = set(_at(old, path.split(".")))
        for role_arn in _at(new, path.split(".")):
            if role_arn not in known:
                yield Check("iam:PassRole", role_arn, {"iam:PassedToService": service})


def _used_keys(stock: StockType, new: Properties, old: Properties, scope: Scope) -> Iterator[Check]:
    """The KMS keys that a service is given, for grants of its own."""
    for path, actions in stock.keys.items():
        known = set(_at(old, path.split(".")))
        for key in _at(new, path.split(".")):
            if key in known:
                continue
            arn = key if key.startswith("arn:") else scope.arn("kms", f"key/{key}")
            through = f"{stock.through}.{scope.region}.amazonaws.com"
            for action in actions:
                keys = {"kms:ViaService": through, "kms:CallerAccount": scope.account}
                if action == "kms:CreateGrant":
                    keys["kms:GrantIsForAWSResource"] = "true"
                yield Check(action, arn, keys)


def _boundary_key(boundary: Any) -> dict[str, Any]:
    return {"iam:PermissionsBoundary": boundary} if boundary else {}


def _tags(properties: Properties) -> dict[str, str]:
    tags = properties.get("Tags") or {}
    if isinstance(tags, Mapping):
        return {str(key): str(value) for key, value in tags.items()}
    return {str(tag["Key"]): str(tag["Value"]) for tag in tags}


def _tag_keys(prefix: str, tags: Mapping[str, str]) -> dict[str, Any]:
    keys: dict[str, Any] = {f"{prefix}/{key}": value for key, value in tags.items()}
    if tags and prefix == "aws:RequestTag":
        keys["aws:TagKeys"] = list(tags)
    return keys


def _arn(stock: StockType, name: str, path: str, scope: Scope) -> str:
    if name.startswith("arn:"):
        return name
    name = name.rsplit("/", 1)[-1] if name.startswith("http") else name  # a queue's URL
    if "/{name}" in stock.arn:  # a parameter named `/a/b` is `parameter/a/b`
        name = name.removeprefix("/")
    return stock.arn.format(region=scope.region, account=scope.account, name=name, path=path)


def _at(value: Any, path: list[str]) -> list[str]:
    if not path:
        return [value] if isinstance(value, str) and value else []
    if path[0] == "*":
        items = value if isinstance(value, list) else []
        return [found for item in items for found in _at(item, path[1:])]
    return _at(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else []


# Actions that the reference gives no resource for, inside of types that have one.
_UNSCOPED = {"kms:CreateKey", "cloudwatch:DescribeAlarms", "lambda:CreateEventSourceMapping"}

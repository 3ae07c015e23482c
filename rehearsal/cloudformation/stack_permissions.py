"""IAM checks for the resource types that ministack creates without a call of an API.

A stack acts with its role. Types of the rehearsal's services call APIs, which evaluate IAM; the
permissions of the others are in `type_permissions`. A type without permissions there is rejected
unless the root of an account deploys it.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rehearsal.framework.platform import Scope

Properties = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class TypePermissions:
    """The IAM permissions of a resource type.

    Args:
        arn: the ARN of a resource, a template over region, account and name. Defaults to `*`.
        name_property: the property with the name in the ARN. Defaults to an empty string: the name
            is the physical id.
        create: the actions of a creation. Defaults to none.
        update: the actions of an update. Defaults to none.
        delete: the actions of a deletion. Defaults to none.
        when: further actions for properties that are set (create) or changed (update). Defaults to
            none.
        defaults: property values that equal an omitted property. Defaults to none.
        passes: the service that a role is passed to, by the path of the role, such as
            `Targets.*.RoleArn`. Defaults to none.
        when_deleted: further actions for properties that the resource has when it is deleted.
            Defaults to none.
        each: a property that lists resources; each action is evaluated for each of them. Defaults
            to an empty string: for the resource itself.
        attaches: a property of a role that lists managed policies. Defaults to an empty string.
        attaches_to: a property of a managed policy that lists roles. Defaults to an empty string.
        lowercase_name: True if generated names are in lower case. Defaults to False.
        after: like `when`, for a resource without an ARN before its creation. Defaults to none.
        known_tags: False if IAM does not see the tags of the template. Defaults to True.
        keys: the actions on a KMS key, by the path of the key. Defaults to none.
        through: the service that uses the keys, for `kms:ViaService`. Defaults to an empty string.
    """

    arn: str = "*"
    name_property: str = ""
    create: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    delete: tuple[str, ...] = ()
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    passes: Mapping[str, str] = field(default_factory=dict)
    when_deleted: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    each: str = ""
    attaches: str = ""
    attaches_to: str = ""
    lowercase_name: bool = False
    after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    known_tags: bool = True
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    through: str = ""


@dataclass(frozen=True)
class Check:
    """A permission that IAM evaluates, with the condition keys of the request."""

    action: str
    resource_arn: str
    keys: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role that a policy is attached to, for condition keys."""

    arn: str
    boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def keys(self) -> dict[str, Any]:
        """Returns the condition keys of the role."""
        return _boundary_key(self.boundary) | _tag_keys("aws:ResourceTag", self.tags)


def checks(
    permissions: TypePermissions,
    verb: str,
    name: str,
    new: Properties,
    old: Properties,
    scope: Scope,
    find_role: Callable[[str], Role | None],
) -> Iterator[Check]:
    """Yields the checks before a resource is created, updated or deleted.

    Args:
        permissions: the permissions of the type.
        verb: `create`, `update` or `delete`.
        name: the physical name, or the one that the resource is going to get.
        new: the properties after the change.
        old: the properties before the change.
        scope: the account and region of the stack.
        find_role: returns the roles that a policy names.
    """
    arn = _arn(
        permissions, str(new.get(permissions.name_property) or name), new.get("Path") or "/", scope
    )
    targets = [(arn, _boundary_key((old or new).get("PermissionsBoundary")))]
    if permissions.each:
        roles = [(str(item), find_role(str(item))) for item in new.get(permissions.each, [])]
        targets = [
            (role.arn, role.keys()) if role else (_arn(permissions, item, "/", scope), {})
            for item, role in roles
        ]
    requested = {} if verb == "delete" else _tag_keys("aws:RequestTag", _tags(new))
    tags_known = _tags(new if verb == "create" else old) if permissions.known_tags else {}
    resource = _tag_keys("aws:ResourceTag", tags_known)
    # The action that creates a resource finds no tags on it yet; those that follow do.
    first = requested if verb == "create" else requested | resource
    actions = [(action, first) for action in getattr(permissions, verb)]
    further = _further_actions(permissions, verb, new, old)
    actions += [(action, requested | resource) for action in further]
    for target, keys in targets:
        for action, tags in actions:
            yield Check(action, "*" if action in _UNSCOPED else target, keys | tags)
    role = Role(arn=arn, boundary=(new or old).get("PermissionsBoundary"), tags=_tags(new))
    for action, of_role, policy in _attachments(permissions, verb, role, new, old, find_role):
        yield Check(action, of_role.arn, of_role.keys() | {"iam:PolicyARN": policy})
    if verb != "delete":
        yield from _passed_roles(permissions, new, old)
        yield from _used_keys(permissions, new, old, scope)


def checks_after_creation(
    permissions: TypePermissions, name: str, new: Properties, scope: Scope
) -> Iterator[Check]:
    """Yields the checks of a new resource once it has its ARN; `name` is its physical id."""
    for prop, actions in permissions.after.items():
        if new.get(prop, permissions.defaults.get(prop)) != permissions.defaults.get(prop):
            for action in actions:
                yield Check(action, _arn(permissions, name, "/", scope))


def _further_actions(
    permissions: TypePermissions, verb: str, new: Properties, old: Properties
) -> Iterator[str]:
    if verb == "delete":
        for prop, actions in permissions.when_deleted.items():
            yield from actions if new.get(prop) else ()
        return
    late = permissions.after if verb == "update" else {}
    for prop, actions in (*permissions.when.items(), *late.items()):
        default = permissions.defaults.get(prop)
        if new.get(prop, default) != old.get(prop, default):
            yield from actions


def _attachments(
    permissions: TypePermissions,
    verb: str,
    itself: Role,
    new: Properties,
    old: Properties,
    find_role: Callable[[str], Role | None],
) -> Iterator[tuple[str, Role, str]]:
    """Yields the attachments and detachments of managed policies: action, role and policy."""
    prop = permissions.attaches or permissions.attaches_to
    if not prop:
        return
    before = [] if verb == "create" else old.get(prop) or []
    after = [] if verb == "delete" else new.get(prop) or []
    changes = [("iam:AttachRolePolicy", one) for one in after if one not in before]
    changes += [("iam:DetachRolePolicy", one) for one in before if one not in after]
    for action, item in changes:
        if permissions.attaches:
            yield action, itself, item
        elif role := find_role(item):
            yield action, role, itself.arn


def _passed_roles(
    permissions: TypePermissions, new: Properties, old: Properties
) -> Iterator[Check]:
    for path, service in permissions.passes.items():
        known = set(_at(old, path.split(".")))
        for role_arn in _at(new, path.split(".")):
            if role_arn not in known:
                yield Check("iam:PassRole", role_arn, {"iam:PassedToService": service})


def _used_keys(
    permissions: TypePermissions, new: Properties, old: Properties, scope: Scope
) -> Iterator[Check]:
    """Yields the checks of KMS keys that a service gets, for its grants."""
    for path, actions in permissions.keys.items():
        known = set(_at(old, path.split(".")))
        for key in _at(new, path.split(".")):
            if key in known:
                continue
            arn = key if key.startswith("arn:") else scope.arn("kms", f"key/{key}")
            through = f"{permissions.through}.{scope.region}.amazonaws.com"
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


def _arn(permissions: TypePermissions, name: str, path: str, scope: Scope) -> str:
    if name.startswith("arn:"):
        return name
    name = name.rsplit("/", 1)[-1] if name.startswith("http") else name  # a queue's URL
    if "/{name}" in permissions.arn:  # a parameter named `/a/b` is `parameter/a/b`
        name = name.removeprefix("/")
    return permissions.arn.format(region=scope.region, account=scope.account, name=name, path=path)


def _at(value: Any, path: list[str]) -> list[str]:
    if not path:
        return [value] if isinstance(value, str) and value else []
    if path[0] == "*":
        items = value if isinstance(value, list) else []
        return [found for item in items for found in _at(item, path[1:])]
    return _at(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else []


# Actions without a resource in the reference, of types that have one.
_UNSCOPED = {"kms:CreateKey", "cloudwatch:DescribeAlarms", "lambda:CreateEventSourceMapping"}

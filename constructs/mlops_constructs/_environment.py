"""Properties of a construct's scope: stack, partition, region, account, and path of roles.

They do not change, but each of them is a call to the jsii process, and a project has more than a
hundred ARNs.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import ReferenceType, WeakKeyDictionary, ref

import aws_cdk as cdk
from constructs import IConstruct

_STACKS: WeakKeyDictionary[IConstruct, ReferenceType[cdk.Stack]] = WeakKeyDictionary()
_ENVIRONMENTS: WeakKeyDictionary[cdk.Stack, Environment] = WeakKeyDictionary()
_ROLE_PATHS: WeakKeyDictionary[IConstruct, RolePath] = WeakKeyDictionary()


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Partition, region and account of a stack; tokens where the stack does not know them."""

    partition: str
    region: str
    account: str

    def arn(
        self,
        service: str,
        resource: str,
        name: str | None = None,
        *,
        separator: str = "/",
        region: str | None = None,
        account: str | None = None,
    ) -> str:
        """Returns an ARN as `Stack.format_arn` does.

        Args:
            service: service namespace, such as "sagemaker".
            resource: type of the resource, such as "endpoint"; the whole resource without `name`.
            name: name of the resource. Defaults to None: `resource` contains it.
            separator: character between the type and the name. Defaults to a slash.
            region: region of the resource, empty for one of a global service. Defaults to None:
                that of the stack.
            account: account of the resource. Defaults to None: that of the stack.
        """
        place = self.region if region is None else region
        owner = self.account if account is None else account
        named = resource if name is None else f"{resource}{separator}{name}"
        return f"arn:{self.partition}:{service}:{place}:{owner}:{named}"


@dataclass(kw_only=True)
class RolePath:
    """Path of the roles and managed policies below a construct.

    Args:
        path: the path.
        created: number of roles and managed policies that were created with it. Defaults to 0.
    """

    path: str
    created: int = 0


def stack_of(scope: IConstruct) -> cdk.Stack:
    """Returns the stack of a construct."""
    known = _STACKS.get(scope)
    stack = None if known is None else known()
    if stack is None:
        stack = cdk.Stack.of(scope)
        _STACKS[scope] = ref(stack)
    return stack


def inherit(construct: IConstruct, scope: IConstruct) -> None:
    """Records that a construct, which is no stack, has the stack and the role path of its scope.

    Constructs with many parts call it first, so that none of these parts asks the jsii process.
    """
    _STACKS[construct] = ref(stack_of(scope))
    role_path = _ROLE_PATHS.get(scope)
    if role_path is not None:
        _ROLE_PATHS[construct] = role_path


def set_role_path(construct: IConstruct, path: str) -> RolePath:
    """Sets the path of the roles below a construct whose scopes inherit, and returns it."""
    role_path = _ROLE_PATHS[construct] = RolePath(path=path)
    return role_path


def role_path_of(construct: IConstruct) -> RolePath | None:
    """Returns the path of roles below a construct; None if no scope is known to have set one."""
    return _ROLE_PATHS.get(construct)


def environment_of(scope: IConstruct) -> Environment:
    """Returns the partition, region and account of the stack of a construct."""
    stack = stack_of(scope)
    known = _ENVIRONMENTS.get(stack)
    if known is None:
        known = _ENVIRONMENTS[stack] = Environment(
            partition=stack.partition, region=stack.region, account=stack.account
        )
    return known

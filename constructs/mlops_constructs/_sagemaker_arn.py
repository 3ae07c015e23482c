"""ARNs of SageMaker resources."""

from weakref import WeakKeyDictionary

import aws_cdk as cdk
from constructs import IConstruct

_ENVIRONMENTS: WeakKeyDictionary[IConstruct, tuple[str, str, str]] = WeakKeyDictionary()
"""Partition, region and account of scopes and their stacks.

They do not change, and each of them is a call to the jsii process; a project has dozens of ARNs.
"""


def sagemaker_arn(
    scope: IConstruct, resource: str, name: str, *, account: str | None = None
) -> str:
    """Returns the ARN of a SageMaker resource in the region of `scope`.

    Args:
        scope: a construct.
        resource: type of the resource, such as "endpoint".
        name: name of the resource.
        account: account of the resource. Defaults to None: the account of `scope`.
    """
    partition, region, own = _environment(scope)
    owner = own if account is None else account
    return f"arn:{partition}:sagemaker:{region}:{owner}:{resource}/{name}"


def _environment(scope: IConstruct) -> tuple[str, str, str]:
    known = _ENVIRONMENTS.get(scope)
    if known is None:
        stack = cdk.Stack.of(scope)
        known = _ENVIRONMENTS.get(stack) or (stack.partition, stack.region, stack.account)
        _ENVIRONMENTS[stack] = _ENVIRONMENTS[scope] = known
    return known

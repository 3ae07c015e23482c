"""The setting `removal`, as the CDK has it."""

from __future__ import annotations

import aws_cdk as cdk

from stacks.settings import Removal

_POLICIES = {
    # Not RETAIN: a creation that fails would leave names behind that the next one stumbles over.
    Removal.RETAIN: cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    Removal.DESTROY: cdk.RemovalPolicy.DESTROY,
}


def removal_policy(removal: Removal) -> cdk.RemovalPolicy:
    """What CloudFormation does with stateful resources when their stack is deleted."""
    return _POLICIES[removal]

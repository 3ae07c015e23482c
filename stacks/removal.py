"""Removal policies of the setting `removal`."""

import aws_cdk as cdk

from stacks.settings import Removal

_POLICIES = {
    # Not RETAIN: a failed creation would leave resources whose names conflict with the next one.
    Removal.RETAIN: cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    Removal.DESTROY: cdk.RemovalPolicy.DESTROY,
}


def removal_policy(removal: Removal) -> cdk.RemovalPolicy:
    """Returns the removal policy of stateful resources for the setting."""
    return _POLICIES[removal]

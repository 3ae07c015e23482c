"""Removal policies of the setting `removal`."""

import aws_cdk as cdk

from stacks.settings.defaults import DefaultSettings
from stacks.settings.names import Removal

_POLICIES = {
    # Not RETAIN: a failed creation would leave resources whose names conflict with the next one.
    Removal.RETAIN: cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    Removal.DESTROY: cdk.RemovalPolicy.DESTROY,
}


def removal_policy(removal: Removal | None, defaults: DefaultSettings) -> cdk.RemovalPolicy:
    """Returns the removal policy of stateful resources.

    Args:
        removal: setting of the section, or None for that of every stack.
        defaults: settings of every stack.
    """
    return _POLICIES[removal or defaults.removal]

"""Model package groups that do not belong to a project, and their sharing with other accounts."""

from collections.abc import Mapping

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.model_registry import ModelPackageGroup, RegistrySharing
from stacks.platform_stack import PlatformStack
from stacks.removal import removal_policy
from stacks.settings.accounts import Account
from stacks.settings.defaults import DefaultSettings
from stacks.settings.registry import RegistrySettings


class RegistryStack(PlatformStack):
    """Defines groups of the model registry; each project has a dedicated group.

    Args:
        settings: groups, and the accounts that use them.
        accounts: accounts of the organisation by their aliases.
        defaults: settings of every stack.
        env: account and region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: RegistrySettings,
        accounts: Mapping[str, Account],
        defaults: DefaultSettings,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="Model package groups of the ML platform",
        )
        sharing = registry_sharing(settings, accounts)
        for name in settings.groups:
            ModelPackageGroup(
                self,
                f"Group-{name}",
                model_package_group_name=f"{defaults.prefix}{name}",
                sharing=sharing,
                removal_policy=removal_policy(settings.removal, defaults),
            )


def registry_sharing(
    settings: RegistrySettings, accounts: Mapping[str, Account]
) -> RegistrySharing | None:
    """Returns the accounts that use versions; None if no other account does.

    Args:
        settings: settings of the registry.
        accounts: accounts of the organisation by their aliases.
    """
    ids = {
        level: [accounts[alias].id for alias in aliases]
        for level, aliases in (
            ("deploy", settings.share_with),
            ("read", settings.read_from),
            ("approve", settings.approve_from),
            ("register", settings.register_from),
        )
    }
    if not any(ids.values()):
        return None
    return RegistrySharing(
        deploy=ids["deploy"],
        read=ids["read"],
        approve=ids["approve"],
        register=ids["register"],
    )

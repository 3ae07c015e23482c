"""Resources of a project that the roles of its stages in other accounts may read."""

from collections.abc import Mapping

from mlops_constructs._problems import Problems
from mlops_constructs.delivery import StageTarget
from mlops_constructs.model_registry import RegistrySharing
from mlops_constructs.model_registry._store_sharing import (
    share_image,
    share_key,
    share_model_data,
)

from ._project_stores import ProjectStores
from .monitoring._monitoring_roles import BASELINES_PREFIX

MODEL_DATA_PREFIX = "models/"
"""Prefix of the model archives in the bucket of a project."""


def registry_sharing(targets: Mapping[str, StageTarget]) -> RegistrySharing | None:
    """Returns the sharing of the model package group; None without roles that need it.

    CloudFormation creates models from versions with the deployment role of a stage; in another
    region, it creates them from copies.

    Args:
        targets: the stages in other accounts.
    """
    roles = [
        target.principal_with(target.deployment_role_name)
        for target in targets.values()
        if not target.has_copies
    ]
    if not roles:
        return None
    return RegistrySharing(deploy_principals=roles)


def share_with_targets(stores: ProjectStores, targets: Mapping[str, StageTarget]) -> None:
    """Allows the role of the models of each stage to read model data, and to pull images.

    The role of its monitors reads baselines as well. The policies name the account with a condition
    on the ARN of the role, because AWS rejects a policy with a role that does not exist yet.
    `DeliveryPipeline` shares the artifacts. Stages in other regions have copies.

    Args:
        stores: stores of the project.
        targets: the stages in other accounts.
    """
    problems = Problems("Project")
    for target in targets.values():
        if target.has_copies:
            continue
        models = target.principal_with(target.model_execution_role_name)
        monitors = target.principal_with(target.monitoring_role_name)
        for principal, prefixes in (
            (models, [MODEL_DATA_PREFIX]),
            (monitors, [MODEL_DATA_PREFIX, BASELINES_PREFIX]),
        ):
            for prefix in prefixes:
                problems.extend(share_model_data(stores.artifacts.bucket, prefix, [principal]))
            problems.extend(share_key(stores.artifacts.key, [principal]))
            problems.extend(share_image(stores.images, [principal]))
    problems.raise_if_any()

"""Permissions of the role with which a pipeline deploys a stage in another account."""

import aws_cdk as cdk
from constructs import IConstruct

from mlops_constructs._environment import environment_of
from mlops_constructs.access import Permission
from mlops_constructs.delivery.artifact_store import artifact_keys
from mlops_constructs.delivery.pipeline_action import CHECKED_OUTPUT

from .deploy_action import stack_permissions
from .project_stage import ProjectStage
from .stage_target import StageTarget

GENERATED_THERE = (
    "CloudFormation generates the names of the stores in the project's account; their policies "
    "name this role, and the account is required"
)
"""Reason of wildcards in ARNs of stores of the project."""


def deploying_permissions(
    scope: IConstruct, *, target: StageTarget, project_account: str, deployment_role_arn: str
) -> list[Permission]:
    """Returns the permissions to read checked templates and to deploy the stack of a stage.

    Args:
        scope: a construct in the account of the stage.
        target: names of the stage.
        project_account: account of the project.
        deployment_role_arn: ARN of the role that CloudFormation gets.
    """
    keys = artifact_keys([CHECKED_OUTPUT])
    return [
        Permission(
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=[f"arn:{cdk.Aws.PARTITION}:s3:::*/{key}" for key in keys],
            conditions={"StringEquals": {"s3:ResourceAccount": project_account}},
            because=GENERATED_THERE,
        ),
        decrypting_permission(scope, project_account),
        *stack_permissions(scope, target.stack_name, deployment_role_arn),
        *reading_permissions(scope, target.stage),
    ]


def reading_permissions(scope: IConstruct, stage: ProjectStage) -> list[Permission]:
    """Returns the permission to read the parameters of a stage's network; [] without parameters.

    Source: "Get an existing value from Systems Manager Parameter Store" of CloudFormation's user
    guide.
    """
    return [] if stage.network is None else stage.network.reading_permissions(scope)


def decrypting_permission(scope: IConstruct, project_account: str, *further: str) -> Permission:
    """Returns the permission to decrypt with the key of the project.

    Args:
        scope: a construct in the region of the key.
        project_account: account of the project.
        further: further actions on the key.
    """
    keys = environment_of(scope).arn(
        service="kms", resource="key", name="*", account=project_account
    )
    return Permission(actions=["kms:Decrypt", *further], resources=[keys], because=GENERATED_THERE)

"""What an owned and an imported launch role share: how they are named, and who launches."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

ROLE_NAME = "AmazonSageMakerProjectsLaunchRole"
"""The name of the role in SageMaker's documentation; ours ends in the region as well."""


class LaunchRoleBase(Construct):
    """What an owned and an imported launch role share."""

    role: iam.IRole

    def launch_from_service_catalog(self) -> None:
        """Lets Service Catalog launch products with the role, besides CloudFormation.

        An imported role is left as it is: its owner has given it what this takes.
        """


def arn_of_launch_role(role_name: str | None = None) -> str:
    """The ARN of a launch role in the account and region of the stack that refers to it.

    Args:
        role_name: its name. Default: the one that `LaunchRole` gives, which ends in the region,
            as roles belong to an account and not to a region.
    """
    name = role_name or f"{ROLE_NAME}-{cdk.Aws.REGION}"
    return f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:role/{name}"

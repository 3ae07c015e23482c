"""Base of owned and imported launch roles, and their names."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

ROLE_NAME = "AmazonSageMakerProjectsLaunchRole"
"""Name of the role in SageMaker's documentation; `LaunchRole` appends the region."""


class LaunchRoleBase(Construct):
    """Base of owned and imported launch roles."""

    role: iam.IRole
    """The IAM role."""

    def launch_from_service_catalog(self) -> None:
        """Allows Service Catalog to launch products with the role, in addition to CloudFormation.

        An imported role is not changed: its owner grants the permissions.
        """


def arn_of_launch_role(role_name: str | None = None) -> str:
    """Returns the ARN of a launch role in the account and region of the stack that refers to it.

    Args:
        role_name: name of the role. Defaults to None: the name that `LaunchRole` generates, which
            ends in the region because roles are global in an account.
    """
    name = role_name or f"{ROLE_NAME}-{cdk.Aws.REGION}"
    return f"arn:{cdk.Aws.PARTITION}:iam::{cdk.Aws.ACCOUNT_ID}:role/{name}"

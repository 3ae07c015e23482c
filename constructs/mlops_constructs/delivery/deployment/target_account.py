"""Account and region of a deployment outside of the pipeline's account or region."""

import re
from dataclasses import dataclass
from typing import ClassVar

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import ROLE_PATH, Permission

_MAX_NAME_LENGTH = 64
_MAX_SUFFIX_LENGTH = len("-cloudformation")


@dataclass(frozen=True, kw_only=True)
class TargetAccount:
    """Defines the account and region that a stage deploys to, and the names of the roles there.

    Both sides derive the names of the roles from the pipeline's name. No account is looked up, and
    the two sides can be deployed in any order. `DeploymentTarget` creates the roles.

    Args:
        account: id of the account, 12 digits.
        pipeline_name: name of the pipeline, prefix of the roles' names.
        region: region of the deployment, such as "eu-west-1"; part of the roles' names. Defaults to
            None: the pipeline's region.

    Raises:
        ValueError: if the id is malformed, or the pipeline's name is too long for the roles' names.

    Example:
        ```python
        TargetAccount(account="222222222222", pipeline_name="churn-release")
        ```
    """

    ROLE_PATH: ClassVar[str] = ROLE_PATH
    """Path of the roles, those of the pipeline included."""

    account: str
    pipeline_name: str
    region: str | None = None

    def __post_init__(self) -> None:
        problems = Problems("TargetAccount")
        if is_known(self.account) and not re.fullmatch(r"\d{12}", self.account):
            problems.add(f"account: got {self.account!r}; allowed are 12 digits, as a string")
        max_length = _MAX_NAME_LENGTH - _MAX_SUFFIX_LENGTH - len(self._suffix)
        if is_known(self.pipeline_name) and len(self.pipeline_name) > max_length:
            problems.add(
                f"pipeline_name: got {len(self.pipeline_name)} characters; allowed are up to "
                f"{max_length}, because role names contain it"
            )
        problems.raise_if_any()

    @property
    def _suffix(self) -> str:
        # Roles are global: without the suffix, two regions of an account would share a name.
        return f"-{self.region}" if self.region else ""

    @property
    def action_role_name(self) -> str:
        """Name of the role that the pipeline assumes in the target account."""
        return f"{self.pipeline_name}-deploy{self._suffix}"

    @property
    def deployment_role_name(self) -> str:
        """Name of the role with which CloudFormation deploys there."""
        return f"{self.pipeline_name}-cloudformation{self._suffix}"

    @property
    def action_role_arn(self) -> str:
        """ARN of the role that the pipeline assumes."""
        return self.role_arn(self.action_role_name)

    @property
    def deployment_role_arn(self) -> str:
        """ARN of the role with which CloudFormation deploys there."""
        return self.role_arn(self.deployment_role_name)

    def action_role(self, scope: Construct) -> iam.IRole:
        """Returns the role that the pipeline assumes, as an immutable import.

        Args:
            scope: parent construct of the import.
        """
        return iam.Role.from_role_arn(
            scope, "ActionRole", self.action_role_arn, mutable=False, add_grants_to_resources=False
        )

    def deployment_role(self, scope: Construct) -> iam.IRole:
        """Returns the role with which CloudFormation deploys, as an immutable import.

        Args:
            scope: parent construct of the import.
        """
        return iam.Role.from_role_arn(
            scope, "DeploymentRole", self.deployment_role_arn, mutable=False
        )

    def role_arn(self, name: str) -> str:
        """Returns the ARN of a role of the target account.

        Args:
            name: name of the role.
        """
        return role_arn(self.account, name, self.ROLE_PATH)

    def assume(self) -> Permission:
        """Returns the permission to assume the role in the target account."""
        return Permission(actions=["sts:AssumeRole"], resources=[self.action_role_arn])

    def principal(self) -> iam.PrincipalBase:
        """Returns the role as a principal for policies that are created before the role."""
        return principal_of(self.account, self.action_role_arn)


def pipeline_role_name(pipeline_name: str) -> str:
    """Returns the name of the role of a pipeline that deploys to other accounts."""
    return f"{pipeline_name}-pipeline"


def role_arn(account: str, name: str, path: str = ROLE_PATH) -> str:
    """Returns the ARN of a role; its path defaults to that of the platform's roles."""
    # Fn::Sub, because cfn-lint rejects Fn::Join as the role of a pipeline action (E3703).
    if is_known(account):
        return cdk.Fn.sub(f"arn:${{AWS::Partition}}:iam::{account}:role{path}{name}")
    # A token in the text would make it a Fn::Join, which Fn::Sub does not accept.
    return cdk.Fn.sub(
        f"arn:${{AWS::Partition}}:iam::${{Account}}:role{path}{name}", {"Account": account}
    )


def principal_of(account: str, arn: str) -> iam.PrincipalBase:
    """Returns one role of another account as a principal.

    AWS rejects a policy that names a missing role, and the policy does not match a role that is
    recreated later. The account with a condition on the role's ARN has neither problem.
    """
    return iam.AccountPrincipal(account).with_conditions({"ArnEquals": {"aws:PrincipalArn": arn}})

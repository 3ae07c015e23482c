"""Where a stage deploys, when that is another account or region than the pipeline's."""

from __future__ import annotations

import re
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access.service_role import ROLE_PATH, Permission

_LONGEST_NAME = 64
_LONGEST_SUFFIX = len("-cloudformation")


@dataclass(frozen=True, kw_only=True)
class TargetAccount:
    """Defines the account and region that a stage deploys to, and the roles that wait there.

    Both sides compute the names of the roles from the pipeline's: neither account is looked up,
    and it does not matter which side is deployed first. `DeploymentTarget` makes the roles.

    Args:
        account: the other account's id, 12 digits.
        region: region of the deployment, part of the roles' names. Default: the pipeline's.
        pipeline_name: name of the pipeline that deploys; the roles are named after it.

    Raises ValueError for an id of another form, and a name that leaves no room for the roles'.

    Example:
        ```python
        TargetAccount(account="222222222222", pipeline_name="churn-release")
        ```
    """

    account: str
    pipeline_name: str
    region: str | None = None

    def __post_init__(self) -> None:
        problems = Problems("the target account")
        if is_known(self.account) and not re.fullmatch(r"\d{12}", self.account):
            problems.add(f"account is {self.account!r}; allowed are 12 digits, as a text")
        longest = _LONGEST_NAME - _LONGEST_SUFFIX - len(self._suffix)
        if is_known(self.pipeline_name) and len(self.pipeline_name) > longest:
            problems.add(
                f"pipeline_name has {len(self.pipeline_name)} characters; allowed are {longest}, "
                "as roles are named after it"
            )
        problems.raise_if_any()

    @property
    def _suffix(self) -> str:
        # Roles belong to no region: without it, two regions of an account would have one name.
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
        return role_arn(self.account, self.action_role_name)

    def action_role(self, scope: Construct) -> iam.IRole:
        """The role that the pipeline assumes, as one that the pipeline's stack cannot change."""
        return iam.Role.from_role_arn(
            scope, "ActionRole", self.action_role_arn, mutable=False, add_grants_to_resources=False
        )

    def deployment_role(self, scope: Construct) -> iam.IRole:
        """The role with which CloudFormation deploys."""
        arn = role_arn(self.account, self.deployment_role_name)
        return iam.Role.from_role_arn(scope, "DeploymentRole", arn, mutable=False)

    def assume(self) -> Permission:
        """What the pipeline's role needs to work in the target account."""
        return Permission(actions=["sts:AssumeRole"], resources=[self.action_role_arn])

    def principal(self) -> iam.PrincipalBase:
        """The role as a principal of policies, which may name it before it exists."""
        return principal_of(self.account, self.action_role_arn)


def pipeline_role_name(pipeline_name: str) -> str:
    """Name of the role of a pipeline that deploys to other accounts."""
    return f"{pipeline_name}-pipeline"


def role_arn(account: str, name: str) -> str:
    """ARN of a role below the path of the platform's roles."""
    # Not joined from parts: cfn-lint refuses a join as the role of a pipeline's action (E3703).
    if is_known(account):
        return cdk.Fn.sub(f"arn:${{AWS::Partition}}:iam::{account}:role{ROLE_PATH}{name}")
    # A token in the text would make of it a join, which Fn::Sub does not take.
    return cdk.Fn.sub(
        f"arn:${{AWS::Partition}}:iam::${{Account}}:role{ROLE_PATH}{name}", {"Account": account}
    )


def principal_of(account: str, arn: str) -> iam.PrincipalBase:
    """One role of another account.

    A policy that names a role which does not exist is refused, and names nobody once the role was
    made anew. The account with a condition on the role is neither.
    """
    return iam.AccountPrincipal(account).with_conditions({"ArnEquals": {"aws:PrincipalArn": arn}})

"""People of a Studio domain."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._problems import Problems
from mlops_constructs._regions import region_problems

from ._names import name_problems
from .domain_base import DomainBase
from .user_settings import UserSettings


class UserProfileBase(cdk.Resource):
    """A person of a domain, owned or imported."""

    domain: DomainBase
    user_profile_name: str

    @property
    def user_profile_arn(self) -> str:
        """The ARN of the profile."""
        return self.domain.arn_for_user_profile(self.user_profile_name)

    def grant_open(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal open Studio as this person, where the domain's authentication is IAM.

        Example:
            ```python
            domain = Domain.from_domain_id(stack, "Studio", "d-0abc1def2ghi")
            UserProfile.from_user_profile_name(
                stack, "Ada", "ada", domain=domain
            ).grant_open(role)
            ```
        """
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=["sagemaker:CreatePresignedDomainUrl"],
            resource_arns=[self.user_profile_arn],
        )


class UserProfile(UserProfileBase):
    """Defines the profile of one person in a domain.

    Give each person the role of their persona: what a notebook may do, this role may.

    Args:
        domain: the domain.
        user_profile_name: the person's name in it, unique in the domain.
        execution_role: role with which the person works; its trust policy has to let SageMaker name
            the person (`sts:SetSourceIdentity`), as roles of `access` do. Left out: the domain's.
        settings: what this person finds different. Left out: nothing. Idle times are the domain's:
            CloudFormation has no such property of a profile.
        identity_center_user: user name in IAM Identity Center. Needed there, and only there.
        removal_policy: what becomes of the profile, and of the private spaces that the person made,
            when it leaves the stack. With DESTROY the person's applications are ended and the
            spaces that they own are deleted first. Left out: what becomes of an owned domain; the
            profile of an imported one stays.

    Raises:
        ValueError: with every problem of the input.

    Source: CreateUserProfile in SageMaker's API reference.

    Example:
        ```python
        domain = Domain.from_domain_id(stack, "Studio", "d-0abc1def2ghi")
        UserProfile(stack, "Ada", domain=domain, user_profile_name="ada", execution_role=role)
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        domain: DomainBase,
        user_profile_name: str,
        execution_role: iam.IRole | None = None,
        settings: UserSettings | None = None,
        identity_center_user: str | None = None,
        removal_policy: cdk.RemovalPolicy | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        settings = settings or UserSettings()
        problems = Problems(f"UserProfile {self.node.path}")
        problems.extend(region_problems(self, "AWS::SageMaker::UserProfile"))
        problems.extend(name_problems("user_profile_name", user_profile_name))
        problems.extend(settings.problems())
        problems.extend(_idle_problems(settings))
        problems.extend(user_problems(domain, identity_center_user))
        problems.raise_if_any()
        self.domain = domain
        self.user_profile_name = user_profile_name
        properties = sagemaker.CfnUserProfile
        role_arn = execution_role.role_arn if execution_role else None
        self._resource = properties(
            self,
            "Resource",
            domain_id=domain.domain_id,
            user_profile_name=user_profile_name,
            single_sign_on_user_identifier="UserName" if identity_center_user else None,
            single_sign_on_user_value=identity_center_user,
            user_settings=settings.render(properties, execution_role=role_arn),
        )
        domain.outlives(self._resource)
        policy = removal_policy or domain.removal_policy
        self._resource.apply_removal_policy(policy)
        if policy is cdk.RemovalPolicy.DESTROY:
            domain.cleanup_in(cdk.Stack.of(self)).before(
                self,
                self._resource,
                resource_arn=self._resource.attr_user_profile_arn,
                properties={"UserProfileName": user_profile_name},
            )
        else:
            for referred in settings.referred():
                referred.keep()

    @classmethod
    def from_user_profile_name(
        cls, scope: Construct, construct_id: str, user_profile_name: str, *, domain: DomainBase
    ) -> UserProfileBase:
        """The profile of a person who is in the domain already.

        Example:
            ```python
            domain = Domain.from_domain_id(stack, "Studio", "d-0abc1def2ghi")
            UserProfile.from_user_profile_name(stack, "Ada", "ada", domain=domain)
            ```
        """
        imported = UserProfileBase(scope, construct_id)
        imported.domain = domain
        imported.user_profile_name = user_profile_name
        return imported


def _idle_problems(settings: UserSettings) -> list[str]:
    return [
        f"{name} idle_shutdown: got one; CloudFormation knows idle times of domains only: give it "
        "to the domain, with a `max_timeout` up to which people can choose theirs"
        for name, app in (
            ("jupyter_lab", settings.jupyter_lab),
            ("code_editor", settings.code_editor),
        )
        if app.idle_shutdown is not None
    ]


def user_problems(domain: DomainBase, identity_center_user: str | None) -> list[str]:
    """What a domain's authentication asks of a person's name in IAM Identity Center."""
    authentication = domain.authentication
    if authentication is None:  # an imported domain does not say
        return []
    if authentication.names_users and not identity_center_user:
        return ["identity_center_user: got none; the domain authenticates by IAM Identity Center"]
    if not authentication.names_users and identity_center_user:
        return [
            f"identity_center_user: got {identity_center_user!r}; the domain authenticates by IAM: "
            "leave it out"
        ]
    return []

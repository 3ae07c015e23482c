"""User profiles of a domain."""

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
    """A user profile, owned or imported.

    Attributes:
        domain: domain of the profile.
        user_profile_name: name of the profile.
    """

    domain: DomainBase
    user_profile_name: str

    @property
    def user_profile_arn(self) -> str:
        """The ARN of the profile."""
        return self.domain.arn_for_user_profile(self.user_profile_name)

    def grant_open(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants a principal the permission to open Studio as this user.

        It requires a domain with IAM authentication.

        Args:
            grantee: principal.

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
    """Defines the user profile of one user of a domain.

    Give each user the role of their persona: it determines the permissions of their notebooks.

    Args:
        domain: domain of the profile.
        user_profile_name: name of the profile, unique in the domain, up to 63 characters.
        execution_role: role of the user in Studio; its trust policy must let SageMaker identify the
            user (`sts:SetSourceIdentity`), as roles of `access` do. Defaults to None: the execution
            role of the domain.
        settings: settings that differ from those of the domain. Idle times cannot differ:
            CloudFormation does not support them for a profile. Defaults to None: no differences.
        identity_center_user: user name in IAM Identity Center, required with this authentication
            and not supported with IAM. Defaults to None: no user name.
        removal_policy: policy for the profile, and the private spaces of the user, when it is
            removed from the stack. With DESTROY the applications and spaces of the user are deleted
            first. Defaults to None: the policy of an owned domain; the profile of an imported
            domain is retained.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

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
        problems = Problems("UserProfile", self)
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
        domain.delete_before_domain(self._resource)
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
                referred.retain()

    @classmethod
    def from_user_profile_name(
        cls, scope: Construct, construct_id: str, user_profile_name: str, *, domain: DomainBase
    ) -> UserProfileBase:
        """Imports an existing profile of a domain.

        Args:
            scope: parent of the construct.
            construct_id: id of the construct within the scope.
            user_profile_name: name of the profile.
            domain: domain of the profile.

        Example:
            ```python
            domain = Domain.from_domain_id(stack, "Studio", "d-0abc1def2ghi")
            UserProfile.from_user_profile_name(stack, "Ada", "ada", domain=domain)
            ```
        """
        return _ImportedUserProfile(scope, construct_id, user_profile_name, domain=domain)


class _ImportedUserProfile(UserProfileBase):
    def __init__(
        self, scope: Construct, construct_id: str, user_profile_name: str, *, domain: DomainBase
    ) -> None:
        super().__init__(scope, construct_id)
        self.domain = domain
        self.user_profile_name = user_profile_name


def _idle_problems(settings: UserSettings) -> list[str]:
    return [
        f"{name} idle_shutdown: not supported for a user profile, only for a domain; set it there, "
        "with a `max_timeout` up to which users can choose"
        for name, app in (
            ("jupyter_lab", settings.jupyter_lab),
            ("code_editor", settings.code_editor),
        )
        if app.idle_shutdown is not None
    ]


def user_problems(domain: DomainBase, identity_center_user: str | None) -> list[str]:
    """Validates the name in IAM Identity Center; returns one message per problem."""
    authentication = domain.authentication
    if authentication is None:  # not known of an imported domain
        return []
    if authentication.names_users and not identity_center_user:
        return [
            "identity_center_user: got none; the domain authenticates with IAM Identity Center: "
            "give the user name"
        ]
    if not authentication.names_users and identity_center_user:
        return [
            f"identity_center_user: got {identity_center_user!r}; the domain authenticates with "
            "IAM: remove it"
        ]
    return []

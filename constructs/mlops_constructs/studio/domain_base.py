"""Domains, owned and imported."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from mlops_constructs._grants import grant
from mlops_constructs.network import NetworkBase

from ._cleanup import Cleanup
from .authentication import Authentication


class DomainBase(cdk.Resource):
    """A Studio domain, owned or imported, with the ARNs of its resources.

    Policies that name these ARNs, which contain the id of the domain, separate the users of several
    domains.

    Attributes:
        domain_id: id of the domain: `d-` followed by letters and digits.
        domain_arn: ARN of the domain.
        authentication: authentication mode; None for an imported domain.
        encryption_key: key of its file system and volumes; None for an imported domain.
        cleanup: function that deletes applications of the domain; None if the domain is retained.
        before_removal: custom resource that clears the domain when it is deleted; None if the
            domain is retained.
        function_network: network of the functions that clear the domain; None if they run outside a
            VPC.
        removal_policy: policy for the domain, and the default for its profiles and spaces.
    """

    domain_id: str
    domain_arn: str
    authentication: Authentication | None = None
    encryption_key: kms.IKey | None = None
    cleanup: Cleanup | None = None
    function_network: NetworkBase | None = None
    before_removal: cdk.CustomResource | None = None
    removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE

    @property
    def resource_arns(self) -> list[str]:
        """The ARNs of the domain and of all its profiles, spaces and applications.

        Use them as `resources` of a policy statement.
        """
        return [
            self.domain_arn,
            self.arn_for_user_profile("*"),
            self.arn_for_space("*"),
            self.arn_for_app("*"),
        ]

    def arn_for_user_profile(self, user_profile_name: str) -> str:
        """Returns the ARN of a user profile.

        Args:
            user_profile_name: name of the profile, or `*` for all profiles.

        Example:
            ```python
            Domain.from_domain_id(stack, "Domain", "d-0abc1def2ghi").arn_for_user_profile("*")
            ```
        """
        return self._arn("user-profile", user_profile_name)

    def arn_for_space(self, space_name: str) -> str:
        """Returns the ARN of a space.

        Args:
            space_name: name of the space, or `*` for all spaces.

        Example:
            ```python
            Domain.from_domain_id(stack, "Domain", "d-0abc1def2ghi").arn_for_space("churn")
            ```
        """
        return self._arn("space", space_name)

    def arn_for_app(self, space_name: str) -> str:
        """Returns the ARN of all applications in a space.

        Args:
            space_name: name of the space, or `*` for the applications of the domain.

        Example:
            ```python
            Domain.from_domain_id(stack, "Domain", "d-0abc1def2ghi").arn_for_app("churn")
            ```
        """
        return self._arn("app", "*" if space_name == "*" else f"{space_name}/*")

    def grant_remote_ide(self, grantee: iam.IGrantable) -> iam.Grant:
        """Grants users of a role permissions to connect a local IDE to their spaces.

        The role is the execution role of the users in Studio, whose sessions identify them. Spaces
        must allow it (`Space(remote_access=True)`), and a network without internet access needs
        `NetworkUseCase.REMOTE_IDE`. All data in a space can be copied through this connection.

        Args:
            grantee: execution role of the users.

        Source: "Set up remote access" in the Developer Guide, deep links.

        Example:
            ```python
            Domain.from_domain_id(stack, "RemoteDomain", "d-0abc1def2ghi").grant_remote_ide(role)
            ```
        """
        profile = self.arn_for_user_profile("${sagemaker:UserProfileName}")
        return grant(
            grantee,
            actions=["sagemaker:StartSession"],
            resources=[self.arn_for_space("*")],
            conditions={"ArnLike": {"sagemaker:ResourceTag/sagemaker:user-profile-arn": profile}},
            because="users name their spaces; the condition limits each user to their own",
        )

    def delete_before_domain(self, member: cdk.CfnResource) -> None:
        """Adds a dependency, so that a profile or space is deleted before the domain is cleared.

        Args:
            member: profile or space of the domain.
        """
        if self.before_removal is not None:
            member.node.add_dependency(self.before_removal)

    def cleanup_in(self, stack: cdk.Stack) -> Cleanup:
        """Returns the function that deletes applications for the profiles and spaces of a stack.

        For a domain of another stack, and for an imported one, each stack has a separate function.

        Args:
            stack: stack of the profiles and spaces.
        """
        if self.cleanup is not None and cdk.Stack.of(self).node.addr == stack.node.addr:
            return self.cleanup
        construct_id = f"StudioCleanup{self.node.addr[-8:]}"
        found = stack.node.try_find_child(construct_id)
        if isinstance(found, Cleanup):
            return found
        return Cleanup(stack, construct_id, domain=self)

    def _arn(self, resource: str, name: str) -> str:
        return cdk.Stack.of(self).format_arn(
            service="sagemaker", resource=resource, resource_name=f"{self.domain_id}/{name}"
        )

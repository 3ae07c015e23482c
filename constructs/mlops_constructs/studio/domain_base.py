"""What an owned and an imported Studio domain share."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from mlops_constructs._grants import grant
from mlops_constructs.network import NetworkBase

from ._cleanup import Cleanup
from .authentication import Authentication


class DomainBase(cdk.Resource):
    """A Studio domain, and the ARNs of what belongs to it.

    People of one domain are kept out of another by policies that name these ARNs, which begin with
    the id of the domain.

    Attributes:
        domain_id: `d-` and letters and digits.
        domain_arn: its ARN.
        authentication: how people come in; None for an imported domain.
        encryption_key: key of its file system and volumes; None for an imported domain.
        cleanup: the function that ends what runs in it; None when it is kept.
        before_removal: its deletion removes what is left in the domain; None when it is kept.
        function_network: where functions of this library run that clear the domain; None when they
            are in no VPC.
        removal_policy: what becomes of it, and of profiles and spaces that say nothing else.
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
        """The domain, all its profiles and spaces, and all applications in it.

        For the `resources` of a policy statement.
        """
        return [
            self.domain_arn,
            self.arn_for_user_profile("*"),
            self.arn_for_space("*"),
            self.arn_for_app("*"),
        ]

    def arn_for_user_profile(self, user_profile_name: str) -> str:
        """The ARN of a user profile, or with `*` of all.

        Example:
            ```python
            Domain.from_domain_id(stack, "Domain", "d-0abc1def2ghi").arn_for_user_profile("*")
            ```
        """
        return self._arn("user-profile", user_profile_name)

    def arn_for_space(self, space_name: str) -> str:
        """The ARN of a space, or with `*` of all.

        Example:
            ```python
            Domain.from_domain_id(stack, "Domain", "d-0abc1def2ghi").arn_for_space("churn")
            ```
        """
        return self._arn("space", space_name)

    def arn_for_app(self, space_name: str) -> str:
        """The ARNs of all applications in a space, or with `*` in the domain.

        Example:
            ```python
            Domain.from_domain_id(stack, "Domain", "d-0abc1def2ghi").arn_for_app("churn")
            ```
        """
        return self._arn("app", "*" if space_name == "*" else f"{space_name}/*")

    def grant_remote_ide(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets people connect an IDE on their own machine to spaces of their own.

        The role is the one with which they work in Studio, which says whose session it is. Spaces
        have to allow it (`Space(remote_access=True)`), and a network without a way to the internet
        needs `NetworkUseCase.REMOTE_IDE`. Whatever is in a space can leave it that way.

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
            because="people name their spaces; the condition leaves each their own",
        )

    def outlives(self, member: cdk.CfnResource) -> None:
        """What cleans the domain up comes when no profile or space of the stack is left in it."""
        if self.before_removal is not None:
            member.node.add_dependency(self.before_removal)

    def cleanup_in(self, stack: cdk.Stack) -> Cleanup:
        """What ends applications for a stack that has profiles or spaces of this domain.

        A domain of another stack, and an imported one, has a function of its own in each stack.
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

"""How people come to a role by themselves, and what says who they are."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aws_cdk import aws_iam as iam

from mlops_constructs._problems import is_known

_TAG = re.compile(r"[\w.:/=+\-@]{1,128}")


@dataclass(frozen=True, kw_only=True)
class Federation:
    """People who assume a persona's role themselves, to open Studio or to call AWS.

    Their session has to say which user profile is theirs; without that nobody gets in. They open
    that profile and no other, and own the spaces that it owns. Who tells AWS their name decides:
    so trust an identity provider that sets it, or principals that cannot choose it.

    It is for domains whose people come in with IAM. Where IAM Identity Center knows the people, it
    opens Studio, and the role needs no federation.
    """

    principal: iam.IPrincipal
    #: The variable of a policy that stands for the name of the person's profile.
    profile_name: str
    #: What the trust policy allows beside assuming the role.
    setting: str
    #: The condition key that a request to assume the role must have.
    required: str

    @staticmethod
    def by_source_identity(principal: iam.IPrincipal) -> Federation:
        """The source identity of the session is the name of the profile.

        It cannot change when the session assumes further roles, and CloudTrail records it.

        Parameters:
            principal: an identity provider (`iam.SamlPrincipal`, `iam.WebIdentityPrincipal`), or
                whoever assumes the role with SourceIdentity.

        Source: "Monitor and control actions taken with assumed roles" in IAM's guide.

        Example::

            Federation.by_source_identity(iam.AccountPrincipal("111111111111"))
        """
        return Federation(
            principal=principal,
            profile_name="${aws:SourceIdentity}",
            setting="sts:SetSourceIdentity",
            required="sts:SourceIdentity",
        )

    @staticmethod
    def by_session_tag(principal: iam.IPrincipal, *, tag: str = "UserProfileName") -> Federation:
        """A tag of the session is the name of the profile.

        For identity providers that give attributes, and no source identity.

        Parameters:
            principal: an identity provider, or whoever assumes the role with the tag.
            tag: key of the tag; for SAML the attribute is
                `https://aws.amazon.com/SAML/Attributes/PrincipalTag:` and the key.

        Raises ValueError for a key that AWS refuses.

        Source: "Pass session tags in AWS STS" in IAM's guide.

        Example::

            Federation.by_session_tag(iam.AccountPrincipal("111111111111"), tag="StudioUser")
        """
        if is_known(tag) and (not _TAG.fullmatch(tag) or tag.lower().startswith("aws:")):
            raise ValueError(
                f"tag: got {tag!r}; allowed are 1 to 128 letters, digits and _.:/=+-@, not "
                "beginning with aws:"
            )
        return Federation(
            principal=principal,
            profile_name=f"${{aws:PrincipalTag/{tag}}}",
            setting="sts:TagSession",
            required=f"aws:RequestTag/{tag}",
        )

    def trust(self) -> iam.PolicyStatement:
        """The statement of a trust policy that lets people in who say who they are."""
        return iam.PolicyStatement(
            principals=[self.principal],
            actions=[self.principal.assume_role_action, self.setting],
            conditions={"Null": {self.required: "false"}},
        )

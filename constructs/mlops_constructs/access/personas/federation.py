"""How people come to a role by themselves, and what says who they are."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from mlops_constructs._problems import Problems, is_known

_USER_NAME = "${aws:username}"
_OPEN = re.compile(r"\*|:root\b|\"\d{12}\"")
_TAG = re.compile(r"[\w.:/=+\-@]{1,128}")


@dataclass(frozen=True, kw_only=True)
class Federation:
    """People who assume a persona's role themselves, to open Studio or to call AWS.

    Their session has to say which user profile is theirs; without that nobody gets in. They open
    that profile and no other, and own the spaces that it owns. So what tells AWS their name must
    not be theirs to choose: an identity provider, the role of a portal that has signed them in, or
    the name of their IAM user (`of_users`). A whole account, an organization or everybody is
    refused: each principal there could take the name of a colleague.

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
    #: What binds the name, where the principal does not.
    condition: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = Problems("the federation")
        conditions = [_conditions_of(self.principal), self.condition]
        if _is_open(self.principal) and not any(_binds(one, self.required) for one in conditions):
            problems.add(
                f"{_shown(self.principal)} may choose the name of any person; allowed are an "
                "identity provider (iam.SamlPrincipal, iam.WebIdentityPrincipal) and the role of "
                "a portal (iam.ArnPrincipal); for users of IAM take Federation.of_users"
            )
        problems.raise_if_any()

    @staticmethod
    def by_source_identity(principal: iam.IPrincipal) -> "Federation":
        """The source identity of the session is the name of the profile.

        It cannot change when the session assumes further roles, and CloudTrail records it.

        Args:
            principal: an identity provider (`iam.SamlPrincipal`, `iam.WebIdentityPrincipal`), or
                the role of a portal that signs people in and assumes this one with SourceIdentity.

        Raises ValueError for a principal that lets people choose their name, such as an account.

        Source: "Monitor and control actions taken with assumed roles" in IAM's guide.

        Example:
            ```python
            portal = iam.ArnPrincipal("arn:aws:iam::111111111111:role/portal")
            Federation.by_source_identity(portal)
            ```
        """
        return Federation(
            principal=principal,
            profile_name="${aws:SourceIdentity}",
            setting="sts:SetSourceIdentity",
            required="sts:SourceIdentity",
        )

    @staticmethod
    def by_session_tag(principal: iam.IPrincipal, *, tag: str = "UserProfileName") -> "Federation":
        """A tag of the session is the name of the profile.

        For identity providers that give attributes, and no source identity.

        Args:
            principal: an identity provider, or the role of a portal that signs people in and
                assumes this one with the tag.
            tag: key of the tag; for SAML the attribute is
                `https://aws.amazon.com/SAML/Attributes/PrincipalTag:` and the key.

        Raises ValueError for a key that AWS refuses, and for a principal that lets people choose
        their name, such as an account.

        Source: "Pass session tags in AWS STS" in IAM's guide.

        Example:
            ```python
            portal = iam.ArnPrincipal("arn:aws:iam::111111111111:role/portal")
            Federation.by_session_tag(portal, tag="StudioUser")
            ```
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

    @staticmethod
    def of_users(account: str) -> "Federation":
        """Users of IAM: the name of the user is the name of the profile.

        Each of them assumes the role with SourceIdentity, and AWS compares it with the name of the
        user. Roles have no such name, so none of the account gets in.

        Args:
            account: id of the account of the users, 12 digits.

        Source: "Monitor and control actions taken with assumed roles" and "IAM policy elements:
        Variables and tags" in IAM's guide.

        Example:
            ```python
            Federation.of_users("111111111111")
            ```
        """
        return Federation(
            principal=iam.AccountPrincipal(account),
            profile_name="${aws:SourceIdentity}",
            setting="sts:SetSourceIdentity",
            required="sts:SourceIdentity",
            condition={"StringEquals": {"sts:SourceIdentity": _USER_NAME}},
        )

    def trust(self) -> iam.PolicyStatement:
        """The statement of a trust policy that lets people in who say who they are."""
        return iam.PolicyStatement(
            principals=[self.principal],
            actions=[self.principal.assume_role_action, self.setting],
            conditions={"Null": {self.required: "false"}, **self.condition},
        )


def _is_open(principal: iam.IPrincipal) -> bool:
    """Whether it is more than one identity: everybody, a whole account, or one among others."""
    named = _resolved(principal)
    return not named or any(_OPEN.search(one) for one in named)


def _resolved(principal: iam.IPrincipal) -> list[str]:
    """Each name of a principal as text; a stack of its own knows how tokens become ARNs."""
    found = cdk.Stack().resolve(principal.policy_fragment.principal_json)
    return [
        json.dumps(one)
        for who in found.values()
        for one in (who if isinstance(who, list) else [who])
    ]


def _conditions_of(principal: iam.IPrincipal) -> Mapping[str, Any]:
    found: Mapping[str, Any] = principal.policy_fragment.conditions
    return found


def _binds(conditions: Mapping[str, Any], required: str) -> bool:
    """Whether conditions make the name of the person that of their IAM user."""
    asked = conditions.get("StringEquals")
    if not isinstance(asked, Mapping):
        return False
    value = {key.lower(): one for key, one in asked.items()}.get(required.lower())
    return value in (_USER_NAME, [_USER_NAME])


def _shown(principal: iam.IPrincipal) -> str:
    return f"the principal {', '.join(_resolved(principal)) or 'without a name'}"

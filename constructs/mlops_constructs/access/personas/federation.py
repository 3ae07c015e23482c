"""Federated users who assume roles of personas themselves."""

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
    """Users who assume a persona's role themselves, to open Studio or to call AWS.

    Their session must identify their user profile; otherwise access is denied. They can open only
    that profile, and own the spaces that it owns. The source of the name must therefore be
    trustworthy: an identity provider, the role of a portal that has authenticated the user, or the
    name of an IAM user (`of_users`). An account, an organization or everyone raises an error: each
    of their principals could use the name of a colleague.

    It applies to domains with IAM authentication. With IAM Identity Center, which opens Studio
    itself, the role requires no federation.

    Use its static factories.

    Attributes:
        principal: principal that assumes the role.
        profile_name: policy variable of the user profile's name.
        setting: action that the trust policy allows beside assuming the role.
        required: condition key that a request to assume the role must have.
        condition: condition that binds the name, if the principal does not.

    Raises:
        ValueError: the principal lets users choose their name.
    """

    principal: iam.IPrincipal
    profile_name: str
    setting: str
    required: str
    condition: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problems = Problems("Federation")
        conditions = [_conditions_of(self.principal), self.condition]
        if _is_open(self.principal) and not any(_binds(one, self.required) for one in conditions):
            problems.add(
                f"principal: got {_shown(self.principal)}, which can choose the name of any user; "
                "allowed are an identity provider (iam.SamlPrincipal, iam.WebIdentityPrincipal) "
                "and the role of a portal (iam.ArnPrincipal); for IAM users use "
                "Federation.of_users"
            )
        problems.raise_if_any()

    @staticmethod
    def by_source_identity(principal: iam.IPrincipal) -> "Federation":
        """Uses the source identity of the session as the name of the profile.

        It cannot change when the session assumes further roles, and CloudTrail records it.

        Args:
            principal: identity provider (`iam.SamlPrincipal`, `iam.WebIdentityPrincipal`), or the
                role of a portal that authenticates users and assumes this role with SourceIdentity.

        Raises:
            ValueError: the principal lets users choose their name, such as an account.

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
        """Uses a session tag as the name of the profile.

        For identity providers that send attributes, but no source identity.

        Args:
            principal: identity provider, or the role of a portal that authenticates users and
                assumes this role with the tag.
            tag: key of the tag, 1 to 128 characters; for SAML the attribute is
                `https://aws.amazon.com/SAML/Attributes/PrincipalTag:` and the key. Defaults to
                `UserProfileName`.

        Raises:
            ValueError: AWS does not support the key, or the principal lets users choose their name,
                such as an account.

        Source: "Pass session tags in AWS STS" in IAM's guide.

        Example:
            ```python
            portal = iam.ArnPrincipal("arn:aws:iam::111111111111:role/portal")
            Federation.by_session_tag(portal, tag="StudioUser")
            ```
        """
        if is_known(tag) and (not _TAG.fullmatch(tag) or tag.lower().startswith("aws:")):
            raise ValueError(
                f"Federation: tag: got {tag!r}; allowed are 1 to 128 letters, digits and _.:/=+-@, "
                "not beginning with aws:"
            )
        return Federation(
            principal=principal,
            profile_name=f"${{aws:PrincipalTag/{tag}}}",
            setting="sts:TagSession",
            required=f"aws:RequestTag/{tag}",
        )

    @staticmethod
    def of_users(account: str) -> "Federation":
        """Uses the name of an IAM user as the name of the profile.

        Users assume the role with SourceIdentity, which AWS compares with the name of the user.
        Roles have no such name, so roles of the account cannot assume it.

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
        """Returns the trust policy statement for users whose session identifies them."""
        return iam.PolicyStatement(
            principals=[self.principal],
            actions=[self.principal.assume_role_action, self.setting],
            conditions={"Null": {self.required: "false"}, **self.condition},
        )


def _is_open(principal: iam.IPrincipal) -> bool:
    """Returns True for more than one identity, such as everyone or an account."""
    named = _resolved(principal)
    return not named or any(_OPEN.search(one) for one in named)


def _resolved(principal: iam.IPrincipal) -> list[str]:
    """Returns each name of a principal as text, with tokens resolved in a temporary stack."""
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
    """Returns True if conditions require the name of the IAM user."""
    required_values = conditions.get("StringEquals")
    if not isinstance(required_values, Mapping):
        return False
    value = {key.lower(): one for key, one in required_values.items()}.get(required.lower())
    return value in (_USER_NAME, [_USER_NAME])


def _shown(principal: iam.IPrincipal) -> str:
    return f"the principal {', '.join(_resolved(principal)) or 'without a name'}"

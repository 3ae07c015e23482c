"""How people come into a Studio domain."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """Who knows the people of a domain: IAM, or IAM Identity Center.

    It cannot change once the domain exists: a change replaces the domain.

    Source: AuthMode of CreateDomain in SageMaker's API reference.
    """

    mode: str

    @staticmethod
    def iam() -> Authentication:
        """People open Studio with an IAM identity that may call CreatePresignedDomainUrl.

        Example:
            ```python
            Authentication.iam()
            ```
        """
        return Authentication(mode="IAM")

    @staticmethod
    def identity_center() -> Authentication:
        """People open Studio through the access portal of IAM Identity Center.

        Identity Center must be enabled in the organisation, in the region of the domain, and every
        user profile names the user that it is for.

        Example:
            ```python
            Authentication.identity_center()
            ```
        """
        return Authentication(mode="SSO")

    @property
    def names_users(self) -> bool:
        """Whether a user profile has to name a user of IAM Identity Center."""
        return self.mode == "SSO"

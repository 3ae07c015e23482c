"""Authentication modes of domains."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Authentication:
    """The authentication mode of a domain; use its static factories.

    It is immutable: a change replaces the domain.

    Source: AuthMode of CreateDomain in SageMaker's API reference.
    """

    mode: str

    @staticmethod
    def iam() -> "Authentication":
        """Returns the mode in which users need the IAM permission CreatePresignedDomainUrl.

        Example:
            ```python
            Authentication.iam()
            ```
        """
        return Authentication(mode="IAM")

    @staticmethod
    def identity_center() -> "Authentication":
        """Returns the mode in which users open Studio from the IAM Identity Center portal.

        Identity Center must be enabled in the organization, in the region of the domain, and each
        user profile contains the name of its user.

        Example:
            ```python
            Authentication.identity_center()
            ```
        """
        return Authentication(mode="SSO")

    @property
    def names_users(self) -> bool:
        """True if a user profile must contain a user name of IAM Identity Center."""
        return self.mode == "SSO"

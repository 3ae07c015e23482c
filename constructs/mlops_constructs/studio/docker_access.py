"""Docker access in a domain's applications."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known

MAX_ACCOUNTS = 20
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, kw_only=True)
class DockerAccess:
    """The access to Docker in JupyterLab and Code Editor; use its static factories.

    Docker is for local tests of training and serving images.

    Source: DockerSettings in SageMaker's API reference, and "Local mode support in Amazon
    SageMaker Studio" in its developer guide.
    """

    is_enabled: bool
    trusted_accounts: tuple[str, ...] = ()

    @staticmethod
    def disabled() -> "DockerAccess":
        """Returns access that is disabled.

        Example:
            ```python
            DockerAccess.disabled()
            ```
        """
        return DockerAccess(is_enabled=False)

    @staticmethod
    def enabled(*, trusted_accounts: Sequence[str] = ()) -> "DockerAccess":
        """Returns access with which users can build images and run those of trusted registries.

        Args:
            trusted_accounts: up to 20 ids of accounts whose ECR images can be pulled in a domain
                with `DomainNetwork.vpc_only`; AWS ignores them in any other domain. Defaults to no
                further accounts: only the account of the domain.

        Example:
            ```python
            DockerAccess.enabled(trusted_accounts=["763104351884"])
            ```
        """
        return DockerAccess(is_enabled=True, trusted_accounts=tuple(trusted_accounts))

    def problems(self, *, vpc_only: bool) -> list[str]:
        """Validates the access; returns one message per problem.

        Args:
            vpc_only: True if the domain's applications only use its VPC.
        """
        found = [
            f"docker trusted_accounts: got {account!r}; allowed are account ids of 12 digits"
            for account in self.trusted_accounts
            if is_known(account) and not _ACCOUNT.fullmatch(account)
        ]
        if len(self.trusted_accounts) > MAX_ACCOUNTS:
            found.append(
                f"docker trusted_accounts: got {len(self.trusted_accounts)}; allowed are "
                f"{MAX_ACCOUNTS}"
            )
        if self.trusted_accounts and not vpc_only:
            found.append(
                "docker trusted_accounts: not supported for a domain with internet access; remove "
                "them, or use DomainNetwork.vpc_only"
            )
        return found

    def render(self) -> sagemaker.CfnDomain.DockerSettingsProperty:
        """Returns the DockerSettings of a domain."""
        return sagemaker.CfnDomain.DockerSettingsProperty(
            enable_docker_access="ENABLED" if self.is_enabled else "DISABLED",
            vpc_only_trusted_accounts=list(self.trusted_accounts) or None,
        )

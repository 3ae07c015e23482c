"""Whether people of a domain may build and run containers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known

MOST_ACCOUNTS = 20
_ACCOUNT = re.compile(r"\d{12}")


@dataclass(frozen=True, kw_only=True)
class DockerAccess:
    """Docker in JupyterLab and Code Editor, for local tests of training and serving images.

    Source: DockerSettings in SageMaker's API reference, and "Local mode support in Amazon
    SageMaker Studio" in its developer guide.
    """

    is_enabled: bool
    trusted_accounts: tuple[str, ...] = ()

    @staticmethod
    def disabled() -> DockerAccess:
        """Nobody can use Docker.

        Example:
            ```python
            DockerAccess.disabled()
            ```
        """
        return DockerAccess(is_enabled=False)

    @staticmethod
    def enabled(*, trusted_accounts: Sequence[str] = ()) -> DockerAccess:
        """People may build images, and run those of registries that are trusted.

        Args:
            trusted_accounts: accounts whose ECR images may be pulled in a domain that has only its
                VPC; AWS ignores them in any other domain. Left out: the domain's own account.

        Example:
            ```python
            DockerAccess.enabled(trusted_accounts=["763104351884"])
            ```
        """
        return DockerAccess(is_enabled=True, trusted_accounts=tuple(trusted_accounts))

    def problems(self, *, vpc_only: bool) -> list[str]:
        """What AWS would refuse or ignore."""
        found = [
            f"docker trusted_accounts: got {account!r}; allowed are account ids of 12 digits"
            for account in self.trusted_accounts
            if is_known(account) and not _ACCOUNT.fullmatch(account)
        ]
        if len(self.trusted_accounts) > MOST_ACCOUNTS:
            found.append(
                f"docker trusted_accounts: got {len(self.trusted_accounts)}; allowed are "
                f"{MOST_ACCOUNTS}"
            )
        if self.trusted_accounts and not vpc_only:
            found.append(
                "docker trusted_accounts: got accounts for a domain with access to the internet, "
                "where AWS asks for none; leave them out, or use DomainNetwork.vpc_only"
            )
        return found

    def render(self) -> sagemaker.CfnDomain.DockerSettingsProperty:
        """The DockerSettings of a domain."""
        return sagemaker.CfnDomain.DockerSettingsProperty(
            enable_docker_access="ENABLED" if self.is_enabled else "DISABLED",
            vpc_only_trusted_accounts=list(self.trusted_accounts) or None,
        )

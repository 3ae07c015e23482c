"""The image that a monitor runs: AWS's own of the region, or one of a repository."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from mlops_constructs._problems import is_known

ANALYZER = "analyzer"
CLARIFY = "clarify"
MERGER = "merger"
_REPOSITORIES = {
    ANALYZER: "sagemaker-model-monitor-analyzer",
    CLARIFY: "sagemaker-clarify-processing:1.0",
    MERGER: "sagemaker-model-monitor-groundtruth-merger",
}
_ACCOUNTS_OF = {MERGER: ANALYZER}  # Model Monitor's images are in one account of each region


@cache
def image_accounts() -> dict[str, dict[str, str]]:
    """For each of AWS's images the account of every region that has it.

    The table is the one of the SageMaker Python SDK (`image_uri_config`, release 2.257.7).
    """
    table: dict[str, dict[str, str]] = json.loads(
        (Path(__file__).parent / "image_accounts.json").read_text(encoding="utf-8")
    )
    return table


class MonitoringImage(ABC):
    """The program of a monitor; made by its static factories."""

    @staticmethod
    def from_ecr_repository(
        repository: ecr.IRepository, *, tag_or_digest: str
    ) -> "CustomMonitoringImage":
        """An image of one's own that keeps the contract of Model Monitor's containers.

        The image of a project (seed code, `model_build`) keeps it: its `monitor` command writes the
        reports and metrics of all four questions.

        Args:
            repository: ECR repository of the image.
            tag_or_digest: tag, or a digest that begins with `sha256:`.

        Source: "Support for your own containers with Amazon SageMaker Model Monitor".

        Example:
            ```python
            MonitoringImage.from_ecr_repository(repository, tag_or_digest="1.0.3")
            ```
        """
        return CustomMonitoringImage(repository=repository, tag_or_digest=tag_or_digest)

    @staticmethod
    def prebuilt() -> "MonitoringImage":
        """AWS's image of the region: the analyzer for data and model quality, Clarify's for bias
        and explainability. Closed to new customers since 2026-07-30.

        Example:
            ```python
            MonitoringImage.prebuilt()
            ```
        """
        return PrebuiltMonitoringImage()

    @abstractmethod
    def uri(self, scope: Construct, kind: str) -> str:
        """Where SageMaker pulls the image of a kind from."""

    @abstractmethod
    def problems(self, scope: Construct, kind: str) -> list[str]:
        """What AWS would refuse."""

    @abstractmethod
    def repository_arn(self, scope: Construct, kind: str) -> str:
        """The repository that a monitor's role has to read."""


@dataclass(frozen=True, kw_only=True)
class CustomMonitoringImage(MonitoringImage):
    """An image of a repository; made by `MonitoringImage.from_ecr_repository`."""

    repository: ecr.IRepository
    tag_or_digest: str

    def uri(self, scope: Construct, kind: str) -> str:
        return self.repository.repository_uri_for_tag_or_digest(self.tag_or_digest)

    def repository_arn(self, scope: Construct, kind: str) -> str:
        return self.repository.repository_arn

    def problems(self, scope: Construct, kind: str) -> list[str]:
        if not is_known(self.tag_or_digest) or self.tag_or_digest:
            return []
        return ["image tag_or_digest: got ''; allowed is a tag, or a digest such as sha256:…"]


@dataclass(frozen=True, kw_only=True)
class PrebuiltMonitoringImage(MonitoringImage):
    """AWS's image of the region; made by `MonitoringImage.prebuilt`."""

    def uri(self, scope: Construct, kind: str) -> str:
        stack = cdk.Stack.of(scope)
        registry = f"{self._account(scope, kind)}.dkr.ecr.{stack.region}.{stack.url_suffix}"
        return f"{registry}/{_REPOSITORIES[kind]}"

    def repository_arn(self, scope: Construct, kind: str) -> str:
        return cdk.Stack.of(scope).format_arn(
            service="ecr",
            account=self._account(scope, kind),
            resource="repository",
            resource_name=_REPOSITORIES[kind].partition(":")[0],
        )

    def _account(self, scope: Construct, kind: str) -> str:
        table = _ACCOUNTS_OF.get(kind, kind)
        accounts = image_accounts()[table]
        region = cdk.Stack.of(scope).region
        if is_known(region):
            return accounts[region]
        # The region is known to CloudFormation alone.
        mapping = scope.node.try_find_child(f"Accounts-{table}")
        if not isinstance(mapping, cdk.CfnMapping):
            mapping = cdk.CfnMapping(
                scope,
                f"Accounts-{table}",
                mapping={name: {"Account": account} for name, account in accounts.items()},
            )
        return mapping.find_in_map(region, "Account")

    def problems(self, scope: Construct, kind: str) -> list[str]:
        region = cdk.Stack.of(scope).region
        accounts = image_accounts()[_ACCOUNTS_OF.get(kind, kind)]
        if not is_known(region) or region in accounts:
            return []
        return [
            f"image: got the region {region}, where AWS has no {_REPOSITORIES[kind]}; allowed are "
            f"{', '.join(sorted(accounts))}, or an image of your own: "
            "MonitoringImage.from_ecr_repository(…)"
        ]

"""Images of monitors: AWS's prebuilt images, and custom images in ECR."""

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
REPOSITORIES = {
    ANALYZER: "sagemaker-model-monitor-analyzer",
    CLARIFY: "sagemaker-clarify-processing:1.0",
    MERGER: "sagemaker-model-monitor-groundtruth-merger",
}
"""Repositories of AWS's prebuilt images by kind of image."""
ACCOUNTS_OF = {MERGER: ANALYZER}  # one account per region has both images of Model Monitor


@cache
def image_accounts() -> dict[str, dict[str, str]]:
    """Returns the accounts of AWS's prebuilt images by kind of image and region.

    The table is that of the SageMaker Python SDK (`image_uri_config`, release 2.257.7).
    """
    table: dict[str, dict[str, str]] = json.loads(
        (Path(__file__).parent / "image_accounts.json").read_text(encoding="utf-8")
    )
    return table


class MonitoringImage(ABC):
    """The image of a monitor; use its static factories."""

    @staticmethod
    def from_ecr_repository(
        repository: ecr.IRepository, *, tag_or_digest: str
    ) -> "CustomMonitoringImage":
        """Returns a custom image that implements the contract of Model Monitor's containers.

        The image of a project (seed code, `model_build`) implements it: its `monitor` command
        writes the reports and metrics of all monitoring types.

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
        """Returns AWS's prebuilt image of the region.

        This is the analyzer for data quality and model quality, and Clarify for model bias and
        model explainability. AWS closed Model Monitor to new customers on 2026-07-30.

        Example:
            ```python
            MonitoringImage.prebuilt()
            ```
        """
        return PrebuiltMonitoringImage()

    @abstractmethod
    def uri(self, scope: Construct, kind: str) -> str:
        """Returns the URI of the image.

        Args:
            scope: construct whose stack has the region.
            kind: kind of AWS's prebuilt image.
        """

    @abstractmethod
    def problems(self, scope: Construct, kind: str) -> list[str]:
        """Validates the image; returns one message per problem.

        Args:
            scope: construct whose stack has the region.
            kind: kind of AWS's prebuilt image.
        """

    @abstractmethod
    def repository_arn(self, scope: Construct, kind: str) -> str:
        """Returns the ARN of the repository that the role of the runs reads.

        Args:
            scope: construct whose stack has the region.
            kind: kind of AWS's prebuilt image.
        """


@dataclass(frozen=True, kw_only=True)
class CustomMonitoringImage(MonitoringImage):
    """A custom image in ECR; use the static factories of `MonitoringImage`."""

    repository: ecr.IRepository
    tag_or_digest: str

    def uri(self, scope: Construct, kind: str) -> str:
        """Returns the URI of the image.

        Args:
            scope: construct of the monitor; not used.
            kind: kind of AWS's prebuilt image; not used.
        """
        return self.repository.repository_uri_for_tag_or_digest(self.tag_or_digest)

    def repository_arn(self, scope: Construct, kind: str) -> str:
        """Returns the ARN of the repository that the role of the runs reads.

        Args:
            scope: construct of the monitor; not used.
            kind: kind of AWS's prebuilt image; not used.
        """
        return self.repository.repository_arn

    def problems(self, scope: Construct, kind: str) -> list[str]:
        """Validates the image; returns one message per problem.

        Args:
            scope: construct of the monitor; not used.
            kind: kind of AWS's prebuilt image; not used.
        """
        if not is_known(self.tag_or_digest) or self.tag_or_digest:
            return []
        return ["image tag_or_digest: got ''; allowed is a tag, or a digest such as sha256:…"]


@dataclass(frozen=True, kw_only=True)
class PrebuiltMonitoringImage(MonitoringImage):
    """AWS's prebuilt image of the region; use the static factories of `MonitoringImage`."""

    def uri(self, scope: Construct, kind: str) -> str:
        """Returns the URI of the image in the region's registry."""
        stack = cdk.Stack.of(scope)
        registry = f"{self._account(scope, kind)}.dkr.ecr.{stack.region}.{stack.url_suffix}"
        return f"{registry}/{REPOSITORIES[kind]}"

    def repository_arn(self, scope: Construct, kind: str) -> str:
        """Returns the ARN of the repository in AWS's account."""
        return cdk.Stack.of(scope).format_arn(
            service="ecr",
            account=self._account(scope, kind),
            resource="repository",
            resource_name=REPOSITORIES[kind].partition(":")[0],
        )

    def _account(self, scope: Construct, kind: str) -> str:
        table = ACCOUNTS_OF.get(kind, kind)
        accounts = image_accounts()[table]
        region = cdk.Stack.of(scope).region
        if is_known(region):
            return accounts[region]
        # Only CloudFormation knows the region.
        mapping = scope.node.try_find_child(f"Accounts-{table}")
        if not isinstance(mapping, cdk.CfnMapping):
            mapping = cdk.CfnMapping(
                scope,
                f"Accounts-{table}",
                mapping={name: {"Account": account} for name, account in accounts.items()},
            )
        return mapping.find_in_map(region, "Account")

    def problems(self, scope: Construct, kind: str) -> list[str]:
        """Returns a message if AWS has no such image in the region."""
        region = cdk.Stack.of(scope).region
        accounts = image_accounts()[ACCOUNTS_OF.get(kind, kind)]
        if not is_known(region) or region in accounts:
            return []
        return [
            f"image: got the region {region}, where AWS has no {REPOSITORIES[kind]}; allowed are "
            f"{', '.join(sorted(accounts))}, or a custom image: "
            "MonitoringImage.from_ecr_repository(…)"
        ]

"""What the pipelines of a project share."""

from __future__ import annotations

import re
from dataclasses import dataclass

import aws_cdk as cdk
from constructs import IConstruct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.network import NetworkBase

from .artifact_store import ArtifactStore
from .names import PROJECT_ID, PROJECT_NAME
from .package_repository import PackageRepository


@dataclass(frozen=True, kw_only=True)
class ProjectResources:
    """Defines the names and the stores that each pipeline of a project works with.

    Args:
        project_name: up to 32 lower case letters, digits and hyphens; other names derive from it.
        project_id: SageMaker's id of the project, or another id of up to 20 characters.
        artifacts: bucket and key for data, runs, models and pipeline artifacts.
        model_package_group_name: where the build registers and the deployment looks for models.
        packages: where the builds take packages from, if not from PyPI. Left out: from PyPI.
        network: where jobs, models and builds run, and outside of which none starts. It needs the
            use BUILDS, and for the seeds' packages PACKAGES or a way to the internet.
            Left out: in SageMaker's and CodeBuild's own networks.

    Raises ValueError for a name or id outside of these limits; tokens are not checked.
    """

    project_name: str
    project_id: str
    artifacts: ArtifactStore
    model_package_group_name: str
    network: NetworkBase | None = None
    packages: PackageRepository | None = None

    def __post_init__(self) -> None:
        problems = Problems("the project")
        if is_known(self.project_name) and not re.fullmatch(PROJECT_NAME, self.project_name):
            problems.add(
                f"project_name is {self.project_name!r}; allowed are up to 32 lower case letters, "
                "digits and hyphens, beginning and ending with a letter or digit"
            )
        if is_known(self.project_id) and not re.fullmatch(PROJECT_ID, self.project_id):
            problems.add(
                f"project_id is {self.project_id!r}; allowed are up to 20 letters, digits and "
                "hyphens, beginning and ending with a letter or digit"
            )
        problems.raise_if_any()

    @property
    def sagemaker_pipeline_name(self) -> str:
        """Name of the SageMaker Pipeline that trains."""
        return f"{self.project_name}-train"

    def stage_name(self, stage: str) -> str:
        """Name of the endpoint of a stage, and of the stack that holds it."""
        return f"{self.project_name}-{stage}"

    def environment(self) -> dict[str, str]:
        """Environment variables of every build; those of the network where there is one."""
        placed = {}
        if self.network is not None:
            placed = {
                "VPC_ID": self.network.vpc.vpc_id,
                "SUBNET_IDS": ",".join(self.network.subnet_ids),
                "SECURITY_GROUP_IDS": ",".join(self.network.security_group_ids),
            }
        return {
            "SAGEMAKER_PROJECT_NAME": self.project_name,
            "SAGEMAKER_PROJECT_ID": self.project_id,
            "ARTIFACT_BUCKET": self.artifacts.bucket.bucket_name,
            "ARTIFACT_KEY_ARN": self.artifacts.key.key_arn,
            "MODEL_PACKAGE_GROUP_NAME": self.model_package_group_name,
            **placed,
            **(self.packages.environment() if self.packages is not None else {}),
        }

    def model_packages(self, scope: IConstruct) -> list[str]:
        """ARNs of the model package group and of the packages in it."""
        name = self.model_package_group_name
        return [
            sagemaker_arn(scope, "model-package-group", name),
            sagemaker_arn(scope, "model-package", f"{name}/*"),
        ]


def sagemaker_arn(scope: IConstruct, resource: str, name: str) -> str:
    """ARN of a SageMaker resource in the account and region of `scope`."""
    return cdk.Stack.of(scope).format_arn(
        service="sagemaker", resource=resource, resource_name=name
    )

"""Names, stores and network that the pipelines of a project share."""

import re
from dataclasses import dataclass
from typing import ClassVar

from constructs import IConstruct

from mlops_constructs._attributes import bucket_name, key_arn
from mlops_constructs._problems import Problems, is_known
from mlops_constructs._sagemaker_arn import sagemaker_arn
from mlops_constructs.network import NetworkBase

from .artifact_store import ArtifactStore
from .package_repository import PackageRepository

FEATURES_PREFIX = "features/"
"""Key prefix of the offline stores, in the bucket of the project."""


@dataclass(frozen=True, kw_only=True)
class ProjectResources:
    """Defines the names, the stores and the network of a project's pipelines.

    Args:
        project_name: name of the project, prefix of other names: up to 32 lower case letters,
            digits and hyphens.
        project_id: SageMaker's id of the project, or another id of up to 20 letters, digits and
            hyphens.
        artifacts: bucket and key for data, runs, models and pipeline artifacts.
        model_package_group_name: model package group in which the build registers models and from
            which the deployment takes them.
        network: network of jobs, models and builds; none runs outside of it. It needs the use
            BUILDS, and for the seeds' packages the use PACKAGES or internet access. Defaults to
            None: networks of SageMaker and CodeBuild.
        packages: repository from which the builds install packages. Defaults to None: PyPI.
        mlflow_app_arn: MLflow App in which the training pipeline logs its executions; the role of
            the pipeline needs permissions on it. Defaults to None: executions are not logged.
        feature_store: True if the repository defines feature groups, named `PROJECT_GROUP`: the
            train build creates them, and jobs and models use them. Defaults to False: no role has
            permissions on feature groups.
        feature_reader_role_arn: role of the project's account that models in other accounts and
            regions assume to read records; the train build writes it into the model packages.
            Defaults to None: no model elsewhere reads records.
        registry_account: account of the model package group. Defaults to None: the account of the
            construct that refers to it.

    Raises:
        ValueError: if the name or id is malformed; tokens are not validated.
    """

    NAME_PATTERN: ClassVar[str] = r"(?!.{33})[a-z0-9](?:-*[a-z0-9])*"
    """SageMaker's pattern of a project name, in lower case.

    SageMaker writes names in lower case into ARNs, and IAM compares ARNs case-sensitively: with an
    upper case letter in the name, no policy of the project would match its pipeline and endpoints.
    """

    ID_PATTERN: ClassVar[str] = r"(?!.{21})[a-zA-Z0-9](?:-*[a-zA-Z0-9])*"
    """SageMaker's pattern of a project id."""

    project_name: str
    project_id: str
    artifacts: ArtifactStore
    model_package_group_name: str
    network: NetworkBase | None = None
    packages: PackageRepository | None = None
    mlflow_app_arn: str | None = None
    feature_store: bool = False
    feature_reader_role_arn: str | None = None
    registry_account: str | None = None

    def __post_init__(self) -> None:
        problems = Problems("ProjectResources")
        if is_known(self.project_name) and not re.fullmatch(self.NAME_PATTERN, self.project_name):
            problems.add(
                f"project_name: got {self.project_name!r}; allowed are up to 32 lower case "
                "letters, digits and hyphens, beginning and ending with a letter or digit"
            )
        if is_known(self.project_id) and not re.fullmatch(self.ID_PATTERN, self.project_id):
            problems.add(
                f"project_id: got {self.project_id!r}; allowed are up to 20 letters, digits and "
                "hyphens, beginning and ending with a letter or digit"
            )
        problems.raise_if_any()

    @property
    def sagemaker_pipeline_name(self) -> str:
        """Name of the SageMaker pipeline that trains."""
        return f"{self.project_name}-train"

    def stage_name(self, stage: str) -> str:
        """Returns the name of the endpoint of a stage, and of the stack that holds it.

        Args:
            stage: name of the stage, such as "staging".
        """
        return f"{self.project_name}-{stage}"

    def environment(self) -> dict[str, str]:
        """Returns the environment variables of every build, including those of the network."""
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
            "ARTIFACT_BUCKET": bucket_name(self.artifacts.bucket),
            "ARTIFACT_KEY_ARN": key_arn(self.artifacts.key),
            "MODEL_PACKAGE_GROUP_NAME": self.model_package_group_name,
            **placed,
            **(self.packages.environment() if self.packages is not None else {}),
        }

    def feature_groups(self, scope: IConstruct) -> list[str]:
        """Returns the ARNs of the feature groups, as a pattern.

        Names of projects contain no underscore, so no group of another project matches.

        Args:
            scope: a construct in the account and region of the project.
        """
        return [sagemaker_arn(scope, "feature-group", f"{self.project_name}_*")]

    def model_packages(self, scope: IConstruct) -> list[str]:
        """Returns the ARNs of the model package group and of the packages in it.

        Args:
            scope: a construct in the region of the group, and in its account unless
                `registry_account` names that.
        """
        name, account = self.model_package_group_name, self.registry_account
        return [
            sagemaker_arn(scope, "model-package-group", name, account=account),
            sagemaker_arn(scope, "model-package", f"{name}/*", account=account),
        ]

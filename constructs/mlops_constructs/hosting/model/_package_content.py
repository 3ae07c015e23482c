"""A version of a model package group as the content of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aws_cdk import aws_iam as iam
from aws_cdk.aws_sagemaker import CfnModel
from aws_cdk.interfaces.aws_sagemaker import IModelPackageRef
from constructs import Construct

from mlops_constructs._problems import is_known
from mlops_constructs.access import Permission
from mlops_constructs.hosting._names import name_problems

from ._model_content import ModelContent


@dataclass(frozen=True, kw_only=True)
class PackageContent(ModelContent):
    """A model package of the model registry."""

    package: str | IModelPackageRef
    environment: Mapping[str, str] = field(default_factory=dict)
    inference_specification_name: str | None = None

    knows_its_permissions = False

    @property
    def _arn(self) -> str:
        if isinstance(self.package, str):
            return self.package
        return self.package.model_package_ref.model_package_arn

    def problems(self) -> list[str]:
        found = name_problems("inference_specification_name", self.inference_specification_name)
        return found + self._package_problems()

    def _package_problems(self) -> list[str]:
        if is_known(self._arn) and not _is_versioned_package_arn(self._arn):
            return [
                f"model package: got {self._arn!r}; allowed is the ARN of one version, "
                "arn:aws:sagemaker:<region>:<account>:model-package/<group>/<version>"
            ]
        return []

    def environments(self) -> list[Mapping[str, str]]:
        return [self.environment]

    def containers(self) -> list[CfnModel.ContainerDefinitionProperty]:
        return [
            CfnModel.ContainerDefinitionProperty(
                model_package_name=self._arn,
                inference_specification_name=self.inference_specification_name,
                environment=dict(self.environment) or None,
            )
        ]

    def create_role(self, scope: Construct, construct_id: str) -> iam.IRole:
        raise ValueError("ModelSource.from_package: content is unknown at synthesis; give a role")

    def permissions(self) -> Sequence[Permission]:
        raise ValueError("ModelSource.from_package: content is unknown at synthesis; give a role")


def _is_versioned_package_arn(arn: str) -> bool:
    parts = arn.split(":")
    resource = parts[5].split("/") if len(parts) == 6 else []
    return (
        parts[0] == "arn"
        and parts[2:3] == ["sagemaker"]
        and len(resource) == 3
        and resource[0] == "model-package"
        and resource[2].isdigit()
    )

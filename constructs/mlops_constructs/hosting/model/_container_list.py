"""Several containers as the content of one model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import aws_iam as iam
from aws_cdk.aws_sagemaker import CfnModel
from constructs import Construct

from mlops_constructs.access import Permission
from mlops_constructs.hosting._names import name_problems
from mlops_constructs.hosting._permissions import grant

from ._model_content import ModelContent, ModelTraits

_MIN_CONTAINERS, _MAX_CONTAINERS = 2, 15


@dataclass(frozen=True, kw_only=True)
class ContainerList(ModelContent):
    """Containers of an inference pipeline, or containers that are invoked directly."""

    parts: Mapping[str, ModelContent]
    execution_mode: str

    @property
    def traits(self) -> ModelTraits:
        uncompressed = any(part.traits.data_source for part in self.parts.values())
        return ModelTraits(containers=len(self.parts), data_source=uncompressed)

    @property
    def knows_its_permissions(self) -> bool:  # type: ignore[override]
        return all(part.knows_its_permissions for part in self.parts.values())

    def problems(self) -> list[str]:
        found = [
            f"container {name}: {problem}"
            for name, part in self.parts.items()
            for problem in part.problems()
        ]
        for name in self.parts:
            found += name_problems("container", name)
        if not _MIN_CONTAINERS <= len(self.parts) <= _MAX_CONTAINERS:
            found.append(
                f"containers: got {len(self.parts)}; allowed are {_MIN_CONTAINERS} to "
                f"{_MAX_CONTAINERS}; for a single container use its source directly"
            )
        found += [
            f"container {name}: got several containers in one; list each of them"
            for name, part in self.parts.items()
            if isinstance(part, ContainerList)
        ]
        found += [
            f"container {name}: inference pipelines do not support multi-model containers; use "
            "ModelSource.direct_invocation"
            for name, part in self.parts.items()
            if part.traits.multi_model and self.execution_mode == "Serial"
        ]
        return found

    def environments(self) -> list[Mapping[str, str]]:
        return [one for part in self.parts.values() for one in part.environments()]

    def containers(self) -> list[CfnModel.ContainerDefinitionProperty]:
        return [
            _named(container, name)
            for name, part in self.parts.items()
            for container in part.containers()
        ]

    def create_role(self, scope: Construct, construct_id: str) -> iam.IRole:
        first, *others = self.parts.values()
        role = first.create_role(scope, construct_id)
        grant(role, [permission for part in others for permission in part.permissions()])
        return role

    def permissions(self) -> Sequence[Permission]:
        return [permission for part in self.parts.values() for permission in part.permissions()]


def _named(
    container: CfnModel.ContainerDefinitionProperty, hostname: str
) -> CfnModel.ContainerDefinitionProperty:
    values: dict[str, Any] = {
        name: getattr(container, name)
        for name in (
            "image",
            "environment",
            "mode",
            "model_data_source",
            "model_data_url",
            "model_package_name",
            "multi_model_config",
        )
    }
    return CfnModel.ContainerDefinitionProperty(container_hostname=hostname, **values)

"""What a model consists of: an approved package, or an image with its model data."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_sagemaker import CfnModel
from aws_cdk.interfaces.aws_sagemaker import IModelPackageRef
from constructs import Construct

from mlops_constructs._problems import is_known
from mlops_constructs.access import ModelExecutionRole

_LARGEST_ENVIRONMENT_BYTES = 32 * 1024
_LARGEST_VARIABLE_BYTES = 1024


class ModelSource(ABC):
    """The content of a `Model`; made by its static factories."""

    @staticmethod
    def from_package(
        package: str | IModelPackageRef, *, environment: Mapping[str, str] | None = None
    ) -> "ModelSource":
        """A version of a model package group; the registry knows its image and its data.

        Parameters:
            package: ARN of the version, `arn:aws:sagemaker:…:model-package/<group>/<version>`, or
                the resource. It has to be approved before the stack is deployed.
            environment: variables that override those of the package.

        The model needs `role=`, since what the package contains is unknown when the stack is
        synthesised.

        Example::

            ModelSource.from_package(
                "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7"
            )
        """
        return _Package(package=package, environment=environment or {})

    @staticmethod
    def from_image(
        repository: ecr.IRepository,
        *,
        tag_or_digest: str,
        model_data_bucket: s3.IBucket | None = None,
        model_data_key: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> "ModelSource":
        """A serving image, and the archive that SageMaker unpacks to `/opt/ml/model`.

        Parameters:
            repository: ECR repository of the image.
            tag_or_digest: tag, or a digest that begins with `sha256:`. A digest cannot be moved
                to another image behind the endpoint's back.
            model_data_bucket: bucket of the archive. Left out: the image contains its model.
            model_data_key: key of one gzip-compressed tar archive; belongs to the bucket.
            environment: variables of the container.

        Source: ContainerDefinition of SageMaker's API reference.

        Example::

            ModelSource.from_image(
                repository,
                tag_or_digest="1.0.3",
                model_data_bucket=bucket,
                model_data_key="models/churn/model.tar.gz",
            )
        """
        return _Image(
            repository=repository,
            tag_or_digest=tag_or_digest,
            model_data_bucket=model_data_bucket,
            model_data_key=model_data_key,
            environment=environment or {},
        )

    @abstractmethod
    def problems(self) -> list[str]:
        """What AWS would refuse."""

    @abstractmethod
    def container(self) -> CfnModel.ContainerDefinitionProperty:
        """The model's container."""

    # Whether `create_role` can tell at synth what the role must read.
    knows_its_permissions = True

    @abstractmethod
    def create_role(self, scope: Construct, construct_id: str) -> iam.IRole:
        """The least role that can host this."""


@dataclass(frozen=True, kw_only=True)
class _Package(ModelSource):
    package: str | IModelPackageRef
    environment: Mapping[str, str] = field(default_factory=dict)

    knows_its_permissions = False

    @property
    def _arn(self) -> str:
        if isinstance(self.package, str):
            return self.package
        return self.package.model_package_ref.model_package_arn

    def problems(self) -> list[str]:
        found = _environment_problems(self.environment)
        if is_known(self._arn) and not _is_versioned_package_arn(self._arn):
            found.append(
                f"model package: got {self._arn!r}; allowed is the ARN of one version, "
                "arn:aws:sagemaker:<region>:<account>:model-package/<group>/<version>"
            )
        return found

    def container(self) -> CfnModel.ContainerDefinitionProperty:
        return CfnModel.ContainerDefinitionProperty(
            model_package_name=self._arn, environment=dict(self.environment) or None
        )

    def create_role(self, scope: Construct, construct_id: str) -> iam.IRole:
        raise ValueError("what a model package contains is unknown at synth: give a role")


@dataclass(frozen=True, kw_only=True)
class _Image(ModelSource):
    repository: ecr.IRepository
    tag_or_digest: str
    model_data_bucket: s3.IBucket | None
    model_data_key: str | None
    environment: Mapping[str, str] = field(default_factory=dict)

    def problems(self) -> list[str]:
        found = _environment_problems(self.environment)
        if (self.model_data_bucket is None) != (self.model_data_key is None):
            found.append(
                "model data: got only one of model_data_bucket and model_data_key; give both, or "
                "none when the image contains its model"
            )
        key = self.model_data_key
        if key is not None and is_known(key) and not key.endswith(".tar.gz"):
            found.append(
                f"model_data_key: got {key!r}; allowed is one gzip-compressed tar archive, "
                "whose key ends in .tar.gz"
            )
        if is_known(self.tag_or_digest) and not self.tag_or_digest:
            found.append("tag_or_digest: got an empty string; give the image's tag or its digest")
        return found

    def container(self) -> CfnModel.ContainerDefinitionProperty:
        bucket, key = self.model_data_bucket, self.model_data_key
        return CfnModel.ContainerDefinitionProperty(
            image=self.repository.repository_uri_for_tag_or_digest(self.tag_or_digest),
            model_data_url=bucket.s3_url_for_object(key) if bucket else None,
            environment=dict(self.environment) or None,
        )

    def create_role(self, scope: Construct, construct_id: str) -> iam.IRole:
        return ModelExecutionRole(
            scope,
            construct_id,
            image_repository=self.repository,
            model_data_bucket=self.model_data_bucket,
            model_data_prefix=_folder(self.model_data_key),
        )


def _folder(key: str | None) -> str:
    """The prefix below which a key lies, or the key itself where it has no folder."""
    if key is None or cdk.Token.is_unresolved(key):
        return key or ""
    return key.rpartition("/")[0] + "/" if "/" in key else key


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


def _environment_problems(environment: Mapping[str, str]) -> list[str]:
    known = {name: value for name, value in environment.items() if is_known(value)}
    found = [
        f"environment {name}: got {len(value.encode())} bytes; allowed are at most "
        f"{_LARGEST_VARIABLE_BYTES} for a value"
        for name, value in known.items()
        if len(value.encode()) > _LARGEST_VARIABLE_BYTES
    ]
    total = sum(len(name.encode()) + len(value.encode()) for name, value in known.items())
    if total > _LARGEST_ENVIRONMENT_BYTES:
        found.append(
            f"environment: got {total} bytes together; allowed are at most "
            f"{_LARGEST_ENVIRONMENT_BYTES}"
        )
    return found

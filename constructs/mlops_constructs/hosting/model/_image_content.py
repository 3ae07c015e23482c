"""A serving image with its model data as the content of a model."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_sagemaker import CfnModel
from constructs import Construct

from mlops_constructs._problems import is_known
from mlops_constructs.access import ModelExecutionRole, Permission, image_pull_permissions

from ._model_content import ModelContent, ModelTraits

_ARCHIVE = ".tar.gz"
_REFERENCE_ARN = re.compile(
    r"arn:[^:]+:sagemaker:[^:]+:\d{12}:hub-content/[^/]+/ModelReference/[^/]+/\d+\.\d+\.\d+"
)


@dataclass(frozen=True, kw_only=True)
class ImageContent(ModelContent):
    """An image, and an archive or a folder of model data."""

    repository: ecr.IRepository
    tag_or_digest: str
    model_data_bucket: s3.IBucket | None
    model_data_key: str | None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def traits(self) -> ModelTraits:
        return ModelTraits(data_source=self._is_folder)

    @property
    def _is_folder(self) -> bool:
        key = self.model_data_key
        return key is not None and is_known(key) and key.endswith("/")

    def problems(self) -> list[str]:
        found = []
        if (self.model_data_bucket is None) != (self.model_data_key is None):
            found.append(
                "model data: got only one of model_data_bucket and model_data_key; give both, or "
                "none if the image contains its model"
            )
        if is_known(self.tag_or_digest) and not self.tag_or_digest:
            found.append("tag_or_digest: got an empty string; give the image's tag or its digest")
        return found + self._key_problems()

    def _key_problems(self) -> list[str]:
        key = self.model_data_key
        if key is None or not is_known(key) or key.endswith((_ARCHIVE, "/")):
            return []
        return [
            f"model_data_key: got {key!r}; allowed is one gzip-compressed tar archive, "
            f"whose key ends in {_ARCHIVE}, or a folder of uncompressed files, which ends in /"
        ]

    def environments(self) -> list[Mapping[str, str]]:
        return [self.environment]

    def containers(self) -> list[CfnModel.ContainerDefinitionProperty]:
        return [
            CfnModel.ContainerDefinitionProperty(
                image=self.repository.repository_uri_for_tag_or_digest(self.tag_or_digest),
                environment=dict(self.environment) or None,
                **self._data_properties(),
            )
        ]

    def _data_properties(self) -> dict[str, Any]:
        if self.model_data_bucket is None:
            return {}
        if self._is_folder:
            return {"model_data_source": self._data_source()}
        return {"model_data_url": self._data_uri}

    @property
    def _data_uri(self) -> str | None:
        bucket, key = self.model_data_bucket, self.model_data_key
        return bucket.s3_url_for_object(key) if bucket else None

    def _data_source(self, **access: Any) -> CfnModel.ModelDataSourceProperty:
        return CfnModel.ModelDataSourceProperty(
            s3_data_source=CfnModel.S3DataSourceProperty(
                s3_uri=self._data_uri or "",
                s3_data_type="S3Prefix" if self._is_folder else "S3Object",
                compression_type="None" if self._is_folder else "Gzip",
                **access,
            )
        )

    def create_role(self, scope: Construct, construct_id: str) -> iam.IRole:
        return ModelExecutionRole(
            scope,
            construct_id,
            image_repository=self.repository,
            model_data_bucket=self.model_data_bucket,
            model_data_prefix=_folder(self.model_data_key),
        )

    def permissions(self) -> Sequence[Permission]:
        allowed = image_pull_permissions(self.repository)
        bucket, prefix = self.model_data_bucket, _folder(self.model_data_key)
        if bucket is None:
            return allowed
        below = f"{prefix}*"
        because = "each training job writes its model under a new key"
        objects = [bucket.arn_for_objects(below)]
        # The files of a folder, and the archives of a multi-model container, are listed.
        listed = {"StringLike": {"s3:prefix": below}}
        allowed += [
            Permission(actions=["s3:GetObject"], resources=objects, because=because),
            Permission(actions=["s3:ListBucket"], resources=[bucket.bucket_arn], conditions=listed),
        ]
        key = bucket.encryption_key
        if key is not None:
            allowed.append(Permission(actions=["kms:Decrypt"], resources=[key.key_arn]))
        return allowed


@dataclass(frozen=True, kw_only=True)
class MultiModelContent(ImageContent):
    """An image that loads one of many archives on request."""

    cache: bool

    @property
    def traits(self) -> ModelTraits:
        return ModelTraits(multi_model=True)

    def _key_problems(self) -> list[str]:
        if self.model_data_key is None or not is_known(self.model_data_key) or self._is_folder:
            return []
        return [
            f"model_data_prefix: got {self.model_data_key!r}; allowed is a folder of archives, "
            "which ends in /"
        ]

    def _data_properties(self) -> dict[str, Any]:
        setting = "Enabled" if self.cache else "Disabled"
        return {
            "mode": "MultiModel",
            "model_data_url": self._data_uri,
            "multi_model_config": CfnModel.MultiModelConfigProperty(model_cache_setting=setting),
        }


@dataclass(frozen=True, kw_only=True)
class HubContent(ImageContent):
    """An image with model data that a SageMaker hub gives access to."""

    hub_content_arn: str
    accept_eula: bool

    @property
    def traits(self) -> ModelTraits:
        return ModelTraits(data_source=True)

    def problems(self) -> list[str]:
        found = super().problems()
        arn = self.hub_content_arn
        if is_known(arn) and not _REFERENCE_ARN.fullmatch(arn):
            found.append(
                f"hub_content_arn: got {arn!r}; allowed is a private hub's reference to a model, "
                "arn:aws:sagemaker:<region>:<account>:hub-content/<hub>/ModelReference/<name>/"
                "<version>; a model that you imported into a hub is one of from_image"
            )
        return found

    def create_role(self, scope: Construct, construct_id: str) -> iam.IRole:
        return ModelExecutionRole(scope, construct_id, image_repository=self.repository)

    def permissions(self) -> Sequence[Permission]:
        """Returns permissions for the image only: the hub gives SageMaker access to the data."""
        return image_pull_permissions(self.repository)

    def _data_properties(self) -> dict[str, Any]:
        accepted = CfnModel.ModelAccessConfigProperty(accept_eula=True)
        source = self._data_source(
            hub_access_config=CfnModel.HubAccessConfigProperty(
                hub_content_arn=self.hub_content_arn
            ),
            model_access_config=accepted if self.accept_eula else None,
        )
        return {"model_data_source": source}


def _folder(key: str | None) -> str:
    """Returns the key prefix of a key's folder, or the key itself without a folder."""
    if key is None or cdk.Token.is_unresolved(key):
        return key or ""
    return key.rpartition("/")[0] + "/" if "/" in key else key

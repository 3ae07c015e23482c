"""Factories of the content of a model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_s3 as s3
from aws_cdk.interfaces.aws_sagemaker import IModelPackageRef

from ._container_list import ContainerList
from ._image_content import HubContent, ImageContent, MultiModelContent
from ._model_content import ModelContent, environment_problems
from ._package_content import PackageContent


@dataclass(frozen=True, kw_only=True)
class ModelSource:
    """The content of a `Model`; use its static factories."""

    content: ModelContent

    @staticmethod
    def from_package(
        package: str | IModelPackageRef,
        *,
        environment: Mapping[str, str] | None = None,
        inference_specification_name: str | None = None,
    ) -> "ModelSource":
        """Uses a version of a model package group, which specifies image and data.

        The model requires `role=`, since the content of the package is unknown at synthesis.

        Args:
            package: ARN of the version, `arn:aws:sagemaker:…:model-package/<group>/<version>`, or
                the resource. Approve it before the stack is deployed.
            environment: environment variables that override those of the package. Defaults to None:
                no overrides.
            inference_specification_name: name of one of the package's additional inference
                specifications, for example one that was compiled for another instance type.
                Defaults to None: the main specification.

        Example:
            ```python
            ModelSource.from_package(
                "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7"
            )
            ```
        """
        return ModelSource(
            content=PackageContent(
                package=package,
                environment=environment or {},
                inference_specification_name=inference_specification_name,
            )
        )

    @staticmethod
    def from_image(
        repository: ecr.IRepository,
        *,
        tag_or_digest: str,
        model_data_bucket: s3.IBucket | None = None,
        model_data_key: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> "ModelSource":
        """Uses a serving image, and model data that SageMaker places below `/opt/ml/model`.

        Args:
            repository: ECR repository of the image.
            tag_or_digest: tag, or a digest that begins with `sha256:`. A digest always refers to
                the same image, while a tag can be moved.
            model_data_bucket: bucket of the model data. Defaults to None: the image contains its
                model.
            model_data_key: key of a gzip-compressed tar archive, or of a folder of uncompressed
                files, which ends in `/` and saves the time to unpack large models. Requires
                `model_data_bucket`. Defaults to None: the image contains its model.
            environment: environment variables of the container. Defaults to None: no variables.

        Source: ContainerDefinition and S3ModelDataSource of SageMaker's API reference.

        Example:
            ```python
            ModelSource.from_image(
                repository,
                tag_or_digest="1.0.3",
                model_data_bucket=bucket,
                model_data_key="models/churn/model.tar.gz",
            )
            ```
        """
        content = ImageContent(
            repository=repository,
            tag_or_digest=tag_or_digest,
            model_data_bucket=model_data_bucket,
            model_data_key=model_data_key,
            environment=environment or {},
        )
        return ModelSource(content=content)

    @staticmethod
    def from_hub(
        repository: ecr.IRepository,
        *,
        tag_or_digest: str,
        hub_content_arn: str,
        model_data_bucket: s3.IBucket,
        model_data_key: str,
        accept_eula: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> "ModelSource":
        """Uses a JumpStart model that a private hub refers to.

        DescribeHubContent returns the image, the bucket and the key of a model. The hub gives
        SageMaker access to the data, so the role needs no access, and only models that the hub
        lists can be deployed. The principal that deploys the stack requires
        `sagemaker:DeployHubModel` on the hub and on the reference.

        Args:
            repository: repository of the serving image; for JumpStart one of AWS.
            tag_or_digest: tag or digest of the image.
            hub_content_arn: reference of the hub to the model
                (`…:hub-content/<hub>/ModelReference/<name>/<version>`). A model that you imported
                into a hub has no reference: use `from_image` with its data.
            model_data_bucket: bucket of the model data; for JumpStart one of AWS.
            model_data_key: key of an archive, or of a folder, which ends in `/`.
            accept_eula: True accepts the end-user license agreement of a model that has one.
                Defaults to False.
            environment: environment variables of the container. Defaults to None: no variables.

        Source: "Private curated hubs for foundation model access control in JumpStart";
        HubAccessConfig of SageMaker's API reference.

        Example:
            ```python
            ModelSource.from_hub(
                repository,
                tag_or_digest="1.0.3",
                hub_content_arn="arn:aws:sagemaker:eu-west-1:111111111111:hub-content/"
                "models/ModelReference/churn/1.0.0",
                model_data_bucket=bucket,
                model_data_key="models/churn/",
            )
            ```
        """
        content = HubContent(
            repository=repository,
            tag_or_digest=tag_or_digest,
            hub_content_arn=hub_content_arn,
            model_data_bucket=model_data_bucket,
            model_data_key=model_data_key,
            accept_eula=accept_eula,
            environment=environment or {},
        )
        return ModelSource(content=content)

    @staticmethod
    def multi_model(
        repository: ecr.IRepository,
        *,
        tag_or_digest: str,
        model_data_bucket: s3.IBucket,
        model_data_prefix: str,
        cache: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> "ModelSource":
        """Uses one container for many models; each request names the archive of its model.

        Args:
            repository: repository of an image that implements the multi-model contract.
            tag_or_digest: tag or digest of the image.
            model_data_bucket: bucket of the archives.
            model_data_prefix: key prefix of the archives, which ends in `/`. Archives that are
                added later can be invoked without a deployment.
            cache: True keeps loaded models in memory; use False for many rarely invoked models.
                Defaults to True.
            environment: environment variables of the container. Defaults to None: no variables.

        Source: "Multi-model endpoints" of SageMaker's developer guide.

        Example:
            ```python
            ModelSource.multi_model(
                repository,
                tag_or_digest="1.0.3",
                model_data_bucket=bucket,
                model_data_prefix="models/by-shop/",
            )
            ```
        """
        content = MultiModelContent(
            repository=repository,
            tag_or_digest=tag_or_digest,
            model_data_bucket=model_data_bucket,
            model_data_key=model_data_prefix,
            cache=cache,
            environment=environment or {},
        )
        return ModelSource(content=content)

    @staticmethod
    def serial_pipeline(containers: Mapping[str, "ModelSource"]) -> "ModelSource":
        """Uses a serial inference pipeline: each container gets the response of the previous one.

        Args:
            containers: 2 to 15 sources in the order of their invocation, by their names in logs and
                metrics.

        Source: "Inference pipelines in Amazon SageMaker AI".

        Example:
            ```python
            source = ModelSource.from_image(repository, tag_or_digest="1.0.3")
            ModelSource.serial_pipeline({"prepare": source, "predict": source})
            ```
        """
        return ModelSource(content=_list(containers, execution_mode="Serial"))

    @staticmethod
    def direct_invocation(containers: Mapping[str, "ModelSource"]) -> "ModelSource":
        """Uses a multi-container endpoint: each request names the container that serves it.

        Args:
            containers: 2 to 15 sources by the names that requests specify
                (`TargetContainerHostname`).

        Source: "Multi-container endpoints" of SageMaker's developer guide.

        Example:
            ```python
            source = ModelSource.from_image(repository, tag_or_digest="1.0.3")
            ModelSource.direct_invocation({"german": source, "french": source})
            ```
        """
        return ModelSource(content=_list(containers, execution_mode="Direct"))

    def problems(self) -> Sequence[str]:
        """Validates the content; returns one message per problem."""
        return [*self.content.problems(), *environment_problems(self.content.environments())]


def _list(containers: Mapping[str, ModelSource], *, execution_mode: str) -> ContainerList:
    return ContainerList(
        parts={name: source.content for name, source in containers.items()},
        execution_mode=execution_mode,
    )

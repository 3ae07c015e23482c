"""What a model consists of: a registered package, an image with its data, or several of them."""

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
    """The content of a `Model`; made by its static factories."""

    content: ModelContent

    @staticmethod
    def from_package(
        package: str | IModelPackageRef,
        *,
        environment: Mapping[str, str] | None = None,
        inference_specification_name: str | None = None,
    ) -> "ModelSource":
        """A version of a model package group; the registry knows its image and its data.

        Args:
            package: ARN of the version, `arn:aws:sagemaker:…:model-package/<group>/<version>`, or
                the resource. It has to be approved before the stack is deployed.
            environment: variables that override those of the package.
            inference_specification_name: which of a package's additional inference specifications
                is served, such as one that was compiled for another type of instance. Left out:
                its own.

        The model needs `role=`, since what the package contains is unknown when the stack is
        synthesised.

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
        """A serving image, and the data that SageMaker puts below `/opt/ml/model`.

        Args:
            repository: ECR repository of the image.
            tag_or_digest: tag, or a digest that begins with `sha256:`. A digest cannot be moved
                to another image behind the endpoint's back.
            model_data_bucket: bucket of the data. Left out: the image contains its model.
            model_data_key: key of one gzip-compressed tar archive, or a folder of uncompressed
                files, which ends in `/` and spares large models the unpacking; belongs to the
                bucket.
            environment: variables of the container.

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
        """A JumpStart model to which a private hub refers.

        DescribeHubContent tells the image, the bucket and the key of a model. The hub gives
        SageMaker access to the data, so the role needs none and only models that the hub lists can
        be deployed. Who deploys the stack needs `sagemaker:DeployHubModel` on the hub and on the
        reference.

        Args:
            repository: repository of the serving image, for JumpStart one of AWS.
            tag_or_digest: tag or digest of the image.
            hub_content_arn: the hub's reference to the model (`…:hub-content/<hub>/ModelReference/
                <name>/<version>`). A model that you imported into a hub is none: its data is
                yours, for `from_image`.
            model_data_bucket: bucket of the data, for JumpStart one of AWS.
            model_data_key: key of an archive, or a folder, which ends in `/`.
            accept_eula: whether you accept the licence of a model that has one.
            environment: variables of the container.

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
        """One container for many models; each request names the archive that answers it.

        Args:
            repository: repository of an image that implements the multi-model contract.
            tag_or_digest: tag or digest of the image.
            model_data_bucket: bucket of the archives.
            model_data_prefix: folder of the archives, which ends in `/`. An archive that is put
                there later can be called without a deployment.
            cache: whether loaded models stay in memory; switch it off for many rarely used ones.
            environment: variables of the container.

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
        """2 to 15 containers, each of which gets what the one before answered.

        Args:
            containers: sources in the order of the calls, by the names under which logs and
                metrics know them.

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
        """2 to 15 containers, of which each request names the one that answers it.

        Args:
            containers: sources by the names that requests give (`TargetContainerHostname`).

        Source: "Multi-container endpoints" of SageMaker's developer guide.

        Example:
            ```python
            source = ModelSource.from_image(repository, tag_or_digest="1.0.3")
            ModelSource.direct_invocation({"german": source, "french": source})
            ```
        """
        return ModelSource(content=_list(containers, execution_mode="Direct"))

    def problems(self) -> Sequence[str]:
        """What AWS would refuse."""
        return [*self.content.problems(), *environment_problems(self.content.environments())]


def _list(containers: Mapping[str, ModelSource], *, execution_mode: str) -> ContainerList:
    return ContainerList(
        parts={name: source.content for name, source in containers.items()},
        execution_mode=execution_mode,
    )

"""A group of the model registry: the versions of one model."""

import re
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems

from .model_package_group_base import ModelPackageGroupBase
from .registry_sharing import RegistrySharing

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class ModelPackageGroup(ModelPackageGroupBase):
    """Defines a group of the model registry.

    Args:
        model_package_group_name: name by which pipelines register and people look up. Left out:
            one made of the construct's path.
        sharing: other accounts that may read, deploy or approve versions. Left out: none.
        removal_policy: what becomes of the group when it leaves the stack. Left out: it is
            retained, with its versions. AWS deletes only a group without versions.

    Raises:
        ValueError: with every problem of the input.

    Source: CreateModelPackageGroup of SageMaker's API reference.

    Example:
        ```python
        ModelPackageGroup(stack, "Registry", model_package_group_name="churn")
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model_package_group_name: str | None = None,
        sharing: RegistrySharing | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id, physical_name=model_package_group_name)
        name = model_package_group_name
        problems = Problems(f"ModelPackageGroup {self.node.path}")
        if name is not None and is_known(name) and not _NAME.fullmatch(name):
            problems.add(
                f"model_package_group_name: got {name!r} ({len(name)} characters); allowed are 1 "
                "to 63 letters, digits and hyphens, with a letter or digit first and last"
            )
        if sharing is not None:
            problems.extend(sharing.problems(self.stack.account))
        problems.extend(region_problems(self, "AWS::SageMaker::ModelPackageGroup"))
        problems.raise_if_any()
        if name is None:
            name = cdk.Names.unique_resource_name(self, max_length=63, separator="-")
        self.model_package_group_name = name
        self._sharing = sharing
        resource = sagemaker.CfnModelPackageGroup(
            self,
            "Resource",
            model_package_group_name=name,
            model_package_group_policy=sharing.policy(
                self.model_package_group_arn, self.model_package_arns
            )
            if sharing
            else None,
        )
        resource.apply_removal_policy(removal_policy)

    def share_stores(
        self,
        *,
        model_data_bucket: s3.IBucket | None = None,
        model_data_prefix: str = "models/",
        image_repository: ecr.IRepository | None = None,
        encryption_keys: Sequence[kms.IKey] = (),
    ) -> None:
        """Lets the accounts of `sharing.deploy` read what a version consists of.

        A version names an image and model data in this account; the endpoint's role over there
        reads both, so that a shared group alone is not enough. The key of the bucket is shared with
        it. Images are encrypted with a key of ECR's use; it needs no sharing.

        Args:
            model_data_bucket: bucket with the model archives. Left out: not shared.
            model_data_prefix: the part of it that may be read.
            image_repository: repository with the serving images. Left out: not shared.
            encryption_keys: further keys of model data.

        Raises:
            ValueError: where nothing can be shared: the group deploys nowhere else, or a store is
                imported and its policy therefore not this app's.

        Example:
            ```python
            shared = ModelPackageGroup(
                stack, "Shared", sharing=RegistrySharing(deploy=["222222222222"])
            )
            shared.share_stores(encryption_keys=[key])
            ```
        """
        problems = Problems(f"share_stores of {self.node.path}")
        sharing = self._sharing
        if sharing is None or not sharing.deploy:
            raise ValueError(
                f"{self.node.path} has nobody to share stores with; name an account in "
                "RegistrySharing(deploy=…)"
            )
        keys = list(encryption_keys)
        if model_data_bucket is not None:
            problems.extend(sharing.share_model_data(model_data_bucket, model_data_prefix))
            if model_data_bucket.encryption_key is not None:
                keys.append(model_data_bucket.encryption_key)
        if image_repository is not None:
            problems.extend(sharing.share_image(image_repository))
        for key in dict.fromkeys(keys):
            problems.extend(sharing.share_key(key))
        problems.raise_if_any()

    @classmethod
    def from_model_package_group_name(
        cls, scope: Construct, construct_id: str, model_package_group_name: str
    ) -> ModelPackageGroupBase:
        """A group of this account and region that exists already.

        Example:
            ```python
            ModelPackageGroup.from_model_package_group_name(stack, "Churn", "churn")
            ```
        """
        imported = ModelPackageGroupBase(
            scope, construct_id, physical_name=model_package_group_name
        )
        imported.model_package_group_name = model_package_group_name
        return imported

    @classmethod
    def from_model_package_group_arn(
        cls, scope: Construct, construct_id: str, model_package_group_arn: str
    ) -> ModelPackageGroupBase:
        """A group of any account and region that exists already and is shared with this one.

        SageMaker writes names in its ARNs in lower case, while events carry the name as it was
        given: for a name with capitals the events of approval need `from_model_package_group_name`.

        Example:
            ```python
            arn = "arn:aws:sagemaker:eu-west-1:222222222222:model-package-group/churn"
            ModelPackageGroup.from_model_package_group_arn(stack, "Churn", arn).grant_deploy(role)
            ```
        """
        parts = cdk.Stack.of(scope).split_arn(
            model_package_group_arn, cdk.ArnFormat.SLASH_RESOURCE_NAME
        )
        imported = ModelPackageGroupBase(
            scope, construct_id, environment_from_arn=model_package_group_arn
        )
        imported.model_package_group_name = parts.resource_name or ""
        return imported

"""Model package groups: the versions of a model."""

import re
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._environment import inherit
from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems

from .model_package_group_base import ModelPackageGroupBase
from .registry_sharing import RegistrySharing

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class ModelPackageGroup(ModelPackageGroupBase):
    """Defines a model package group.

    Args:
        model_package_group_name: name of the group, 1 to 63 characters, which pipelines and users
            refer to. Defaults to None: a name generated from the construct's path.
        sharing: other accounts that may use versions. Defaults to None: no other accounts.
        removal_policy: policy for the group when it is removed from the stack; AWS deletes only an
            empty group. Defaults to `RETAIN_ON_UPDATE_OR_DELETE`: the group is kept with its
            versions.

    Raises:
        ValueError: if the input is invalid; the message lists every problem.

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
        inherit(self, scope)
        name = model_package_group_name
        problems = Problems("ModelPackageGroup", self)
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
        """Allows the accounts of `sharing.deploy` to read images and model data of versions.

        A version refers to an image and model data in this account, which the endpoint's role in
        the other account reads, so sharing the group alone is not sufficient. The key of the bucket
        is shared with it. Images in ECR need no sharing of keys.

        Args:
            model_data_bucket: bucket of the model archives. Defaults to None: not shared.
            model_data_prefix: prefix of the model archives. Defaults to `models/`.
            image_repository: repository of the serving images. Defaults to None: not shared.
            encryption_keys: further keys of model data. Defaults to none.

        Raises:
            ValueError: if no account deploys versions, or if a bucket, repository or key is
                imported, so that its policy is not defined in this app.

        Example:
            ```python
            shared = ModelPackageGroup(
                stack, "Shared", sharing=RegistrySharing(deploy=["222222222222"])
            )
            shared.share_stores(encryption_keys=[key])
            ```
        """
        problems = Problems("ModelPackageGroup", self)
        sharing = self._sharing
        if sharing is None or not sharing.deploy:
            raise ValueError(
                f"ModelPackageGroup {self.node.path}: share_stores: got no account that deploys; "
                "give RegistrySharing(deploy=…)"
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
        """Imports an existing group of this account and region.

        Args:
            scope: parent of the construct.
            construct_id: id of the construct within the scope.
            model_package_group_name: name of the group.

        Example:
            ```python
            ModelPackageGroup.from_model_package_group_name(stack, "Churn", "churn")
            ```
        """
        return _ImportedModelPackageGroup(
            scope,
            construct_id,
            model_package_group_name,
            physical_name=model_package_group_name,
        )

    @classmethod
    def from_model_package_group_arn(
        cls, scope: Construct, construct_id: str, model_package_group_arn: str
    ) -> ModelPackageGroupBase:
        """Imports an existing group of any account and region that is shared with this account.

        SageMaker writes names in ARNs in lower case, but events contain the original name: for a
        name with capital letters, approval events need `from_model_package_group_name`.

        Args:
            scope: parent of the construct.
            construct_id: id of the construct within the scope.
            model_package_group_arn: ARN of the group.

        Example:
            ```python
            arn = "arn:aws:sagemaker:eu-west-1:222222222222:model-package-group/churn"
            ModelPackageGroup.from_model_package_group_arn(stack, "Churn", arn).grant_deploy(role)
            ```
        """
        parts = cdk.Stack.of(scope).split_arn(
            model_package_group_arn, cdk.ArnFormat.SLASH_RESOURCE_NAME
        )
        return _ImportedModelPackageGroup(
            scope,
            construct_id,
            parts.resource_name or "",
            environment_from_arn=model_package_group_arn,
        )


class _ImportedModelPackageGroup(ModelPackageGroupBase):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        model_package_group_name: str,
        *,
        physical_name: str | None = None,
        environment_from_arn: str | None = None,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            physical_name=physical_name,
            environment_from_arn=environment_from_arn,
        )
        self.model_package_group_name = model_package_group_name

"""Resources that every kind of stage uses: models, and the key, bucket and network of the stage."""

from functools import cached_property
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from mlops_constructs.hosting import Model, ModelSource, VpcConfig
from mlops_constructs.network import Network, NetworkBase

from model_deploy.approved_model import ApprovedModels
from model_deploy.project import Project


class StageResources:
    """Resources of a stage, each of which is defined at its first use.

    Args:
        stack: stack of the stage.
        name: name of the stack, prefix of every name in it.
        project: resources of the project.
        models: the approved models.
    """

    def __init__(
        self, stack: cdk.Stack, *, name: str, project: Project, models: ApprovedModels
    ) -> None:
        self.stack, self.name, self.project = stack, name, project
        self._models = models

    @property
    def stage(self) -> str:
        """Name of the stage."""
        return self.stack.node.id

    def model(self, construct_id: str, version: int | None, *, isolated: bool = True) -> Model:
        """Defines the model of an approved version.

        Args:
            construct_id: construct id of the model.
            version: the version; None for the newest one.
            isolated: True starts its containers without a network. Defaults to True.
        """
        return Model(
            self.stack,
            construct_id,
            source=ModelSource.from_package(self._models.arn_of(version)),
            role=self.model_role,
            network_isolation=isolated,
            name_prefix=self.name,
            **self._placed,
        )

    @cached_property
    def model_role(self) -> iam.IRole:
        """Role of the models."""
        return iam.Role.from_role_arn(
            self.stack,
            "ModelExecutionRole",
            self.project.model_execution_role_arn,
            mutable=False,
        )

    @cached_property
    def key(self) -> kms.IKey:
        """Key of the stage, which another account names by its alias."""
        arn = self.project.artifact_key_arn
        _, separator, alias = arn.partition(":alias/")
        if separator:
            return kms.Alias.from_alias_name(self.stack, "Key", f"alias/{alias}")
        return kms.Key.from_key_arn(self.stack, "Key", arn)

    @cached_property
    def bucket(self) -> s3.IBucket:
        """Bucket of the stage."""
        return s3.Bucket.from_bucket_name(self.stack, "Bucket", self.project.artifact_bucket)

    @property
    def placement(self) -> VpcConfig | None:
        """Network of containers; None for a project without a network."""
        return VpcConfig(**self._placed) if self._placed else None

    @cached_property
    def network(self) -> NetworkBase | None:
        """Network of containers and monitors; None for a project without a network."""
        ids = self.project.network
        if ids is None:
            return None
        value = self._parameter if ids.published else str
        return Network.from_ids(
            self.stack,
            "Network",
            # No resource of a stage names its VPC.
            vpc_id=ids.vpc_id or cdk.Aws.NO_VALUE,
            subnet_ids=[value(one) for one in ids.subnet_ids],
            security_group_ids=[value(one) for one in ids.security_group_ids],
        )

    def _parameter(self, name: str) -> str:
        return ssm.StringParameter.value_for_string_parameter(self.stack, name)

    @cached_property
    def _placed(self) -> dict[str, Any]:
        """Network arguments of models; none for a project without a network."""
        network = self.network
        if network is None:
            return {}
        return {
            "vpc": network.vpc,
            "subnets": network.subnet_selection,
            "security_groups": network.security_groups,
        }

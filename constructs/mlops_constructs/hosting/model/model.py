"""Models: content, execution role and network."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._content_name import HASH_LENGTH, name_by_content
from mlops_constructs._problems import Problems
from mlops_constructs._regions import region_problems
from mlops_constructs.access import Permission, RolePolicies
from mlops_constructs.hosting._names import name_problems

from ._model_content import ModelContent, ModelTraits
from .model_source import ModelSource
from .vpc_config import VpcConfig


class ModelBase(cdk.Resource):
    """Base of an owned and an imported model.

    Attributes:
        model_name: name of the model.
        role: execution role; None for an imported model.
        network_isolation: True if its containers have no network; None for an imported model.
        in_vpc: True if its containers run in a VPC; None for an imported model.
        traits: traits that decide where it can be served.
        content_permissions: permissions to read its data and pull its images; None if unknown at
            synthesis.
    """

    model_name: str
    role: iam.IRole | None = None
    network_isolation: bool | None = None
    in_vpc: bool | None = None
    traits: ModelTraits = ModelTraits()
    content_permissions: Sequence[Permission] | None = None


class Model(ModelBase):
    """Defines a SageMaker model.

    A model is immutable: other content requires another model. It therefore has a generated name,
    or `name_prefix` and a hash of its content; a fixed name would conflict when CloudFormation
    replaces the model.

    Args:
        source: content of the model, created by a factory of `ModelSource`: a registered model
            package, an image with its data, a model of a hub, many models in one container, or
            several containers.
        role: execution role, with which SageMaker reads the data and pulls the image. Defaults to
            None: a least-privilege role for `source`; a model package requires a role.
        vpc: VPC of the containers. Defaults to None: the network of SageMaker.
        subnets: selection of subnets of `vpc`. Defaults to None: its private subnets.
        security_groups: security groups of the network interfaces, 1 to 5. Defaults to None: a new
            group that allows only outbound HTTPS, to reach S3 and ECR through VPC endpoints.
        network_isolation: True starts the containers without a network. Serverless endpoints do not
            support it. Defaults to True.
        name_prefix: prefix of the name, up to 52 letters, digits and hyphens, for users and for IAM
            policies that are written before the model exists. Defaults to None: CloudFormation
            generates the name.

    Raises:
        ValueError: every problem of the input, in one message.

    Source: CreateModel of SageMaker's API reference.

    Example:
        ```python
        Model(
            stack,
            "Churn",
            source=ModelSource.from_package(
                "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7"
            ),
            role=role,
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        source: ModelSource,
        role: iam.IRole | None = None,
        vpc: ec2.IVpc | None = None,
        subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        network_isolation: bool = True,
        name_prefix: str | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        problems = Problems("Model", self)
        problems.extend(region_problems(self, "AWS::SageMaker::Model"))
        problems.extend(source.problems())
        if vpc is None and (subnets is not None or security_groups is not None):
            problems.add("subnets, security_groups: require vpc; give vpc too")
        problems.extend(name_problems("name_prefix", name_prefix, reserve=HASH_LENGTH + 1))
        content = source.content
        if role is None and not content.knows_its_permissions:
            problems.add(
                "role: got none for a model package; give a role that can read the model data of "
                "the package and pull its image (ModelExecutionRole creates one)"
            )
        problems.raise_if_any()

        placement = None
        if vpc is not None:
            placement = VpcConfig(vpc=vpc, subnets=subnets, security_groups=security_groups)
        hosting_role = role or content.create_role(self, "Role")
        self.role = hosting_role
        self.network_isolation = network_isolation
        self.in_vpc = vpc is not None
        self.traits = content.traits
        if content.knows_its_permissions:
            self.content_permissions = content.permissions()
        resource = self._define(
            content,
            hosting_role,
            self._vpc_config(placement, hosting_role),
            name_prefix,
        )
        # SageMaker reads the model data when the model is created: permissions come first.
        resource.node.add_dependency(RolePolicies(self, "RolePolicies", role=hosting_role))
        self.model_name = self._get_resource_name_attribute(resource.attr_model_name)

    @classmethod
    def from_model_name(cls, scope: Construct, construct_id: str, model_name: str) -> ModelBase:
        """Imports a model of this account and region.

        Args:
            model_name: name of the model.

        Example:
            ```python
            Model.from_model_name(stack, "Churn", "churn-2026")
            ```
        """
        return _ImportedModel(scope, construct_id, model_name=model_name)

    def _define(
        self,
        content: ModelContent,
        role: iam.IRole,
        vpc_config: sagemaker.CfnModel.VpcConfigProperty | None,
        name_prefix: str | None,
    ) -> sagemaker.CfnModel:
        first, *others = content.containers()
        mode = content.execution_mode
        execution = sagemaker.CfnModel.InferenceExecutionConfigProperty
        model = sagemaker.CfnModel(
            self,
            "Resource",
            execution_role_arn=role.role_arn,
            primary_container=None if mode else first,
            containers=[first, *others] if mode else None,
            inference_execution_config=execution(mode=mode) if mode else None,
            vpc_config=vpc_config,
            enable_network_isolation=self.network_isolation,
        )
        if name_prefix:
            name_by_content(model, "ModelName", name_prefix)
        return model

    def _vpc_config(
        self, placement: VpcConfig | None, role: iam.IRole
    ) -> sagemaker.CfnModel.VpcConfigProperty | None:
        if placement is None:
            return None
        groups = placement.security_group_ids(self)
        placement.let_join(self, role, groups)
        return sagemaker.CfnModel.VpcConfigProperty(
            subnets=placement.subnet_ids, security_group_ids=groups
        )


class _ImportedModel(ModelBase):
    """A model that another stack or application defines."""

    def __init__(self, scope: Construct, construct_id: str, *, model_name: str) -> None:
        super().__init__(scope, construct_id, physical_name=model_name)
        self.model_name = model_name

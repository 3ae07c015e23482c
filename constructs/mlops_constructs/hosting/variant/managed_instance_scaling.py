"""Variants with managed instance scaling, which inference components share."""

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known, outside
from mlops_constructs.hosting.model.vpc_config import VpcConfig

from .variant import InstanceVariant


@dataclass(frozen=True, kw_only=True)
class ManagedInstanceScaling(InstanceVariant):
    """A variant whose instances SageMaker scales to fit the inference components on it.

    The variant serves no model itself: each `InferenceComponent` brings a model and the resources
    that a copy of it requires.

    Args:
        instance_type: instance type, for example `ml.g5.2xlarge`.
        role: execution role of the endpoint, for example a `ModelExecutionRole`.
        minimum: minimum number of instances; 0 lets the endpoint scale to zero when no component
            has a copy. Defaults to 1.
        maximum: maximum number of instances, at least 1.
        initial_instance_count: number of instances at the first deployment, 1 to `maximum`.
            Defaults to None: `minimum`, or 1.
        network_isolation: True starts the components' containers without a network. Defaults to
            True.
        placement: subnets and security groups of the containers. Defaults to None: they run in the
            network of SageMaker.
        name: name of the variant, 1 to 63 letters, digits and hyphens. Defaults to `AllTraffic`.
        volume_gb: size of the EBS volume of each instance in GB, 1 to 512. Defaults to None: AWS
            chooses the size. Types with local NVMe disks accept no size.
        routing: strategy that selects the instance of a request. Defaults to None: AWS selects one
            at random.
        inference_ami_version: version of the AMI, which determines the GPU drivers. Defaults to
            None: AWS chooses the version.
        startup_timeout: time in which the container must pass its first health check, 1 to 60
            minutes. Defaults to None: the default of AWS.
        model_download_timeout: time in which the model data must be downloaded, 1 to 60 minutes.
            Defaults to None: the default of AWS.
        prefix_routing: settings of `RoutingStrategy.PREFIX_AWARE`, which requires them. Defaults to
            None: no other strategy has settings.
        core_dumps: destination of the core dumps of crashed containers. Defaults to None: no core
            dump is kept.
        ssm_access: True lets users with permissions for Systems Manager open a shell in the
            containers, which bypasses the network isolation of a model. Defaults to False.
        capacity_reservation: ARN of a reservation or training plan, whose capacity is then the only
            one that the instances use. Defaults to None: on-demand instances.

    Source: ProductionVariantManagedInstanceScaling of SageMaker's API reference; "Scale an endpoint
    to zero instances".

    Example:
        ```python
        ManagedInstanceScaling(instance_type="ml.g5.2xlarge", role=role, minimum=0, maximum=3)
        ```
    """

    role: iam.IRole
    minimum: int = 1
    maximum: int
    initial_instance_count: int | None = None
    network_isolation: bool = True
    placement: VpcConfig | None = None

    @property
    def instances(self) -> int:
        """Initial number of instances, 1 or more."""
        if self.initial_instance_count is not None:
            return self.initial_instance_count
        return max(self.minimum, 1) if is_known(self.minimum) else self.minimum

    def problems(self) -> list[str]:
        """Validates the variant; returns one message per problem."""
        found = self.instance_problems()
        if is_known(self.minimum) and self.minimum < 0:
            found.append(f"minimum: got {self.minimum}; allowed is 0 or more")
        known = is_known(self.minimum) and is_known(self.maximum)
        if known and self.maximum < max(self.minimum, 1):
            found.append(
                f"maximum: got {self.maximum}; allowed is the minimum ({self.minimum}) or more, "
                "at least 1"
            )
        elif known and outside(self.instances, max(self.minimum, 1), self.maximum):
            found.append(
                f"initial_instance_count: got {self.instances}; allowed are "
                f"{max(self.minimum, 1)} to {self.maximum}"
            )
        return [f"variant {self.name}: {problem}" for problem in found]

    def render(self) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        """Returns the ProductionVariant, which has no model."""
        scaling = sagemaker.CfnEndpointConfig.ManagedInstanceScalingProperty
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            initial_instance_count=self.instances,
            managed_instance_scaling=scaling(
                status="ENABLED",
                min_instance_count=self.minimum,
                max_instance_count=self.maximum,
            ),
            **self.instance_properties(),
        )

"""Instances that inference components share."""

from dataclasses import dataclass

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known, outside
from mlops_constructs.hosting.model.vpc_config import VpcPlacement

from .variant import InstanceVariant


@dataclass(frozen=True, kw_only=True)
class ManagedFleet(InstanceVariant):
    """Instances whose number SageMaker fits to the copies of the components on them.

    A fleet serves nothing by itself: each `InferenceComponent` brings a model, and says how much
    of an instance a copy of it needs.

    Args:
        instance_type: for example `ml.g5.2xlarge`.
        role: role with which SageMaker runs the components, a `ModelExecutionRole` for example.
        minimum: fewest instances; 0 lets the endpoint scale to zero once no component has a copy.
        maximum: most instances.
        initial_instance_count: instances at the first deployment. Left out: the minimum, or 1.
        network_isolation: whether the components' containers have no network at all.
        placement: part of a VPC in which they run. Left out: SageMaker's own network.
        name: name of the variant. Left out: `AllTraffic`.
        volume_gb, routing, inference_ami_version, startup_timeout, model_download_timeout,
            prefix_routing, core_dumps, ssm_access, capacity_reservation: as those of
            `RealTimeVariant`.

    Source: ProductionVariantManagedInstanceScaling of SageMaker's API reference; "Scale an
    endpoint to zero instances".

    Example:
        ```python
        ManagedFleet(instance_type="ml.g5.2xlarge", role=role, minimum=0, maximum=3)
        ```
    """

    role: iam.IRole
    minimum: int = 1
    maximum: int
    initial_instance_count: int | None = None
    network_isolation: bool = True
    placement: VpcPlacement | None = None

    @property
    def instances(self) -> int:
        """How many instances it starts with; no endpoint starts with none."""
        if self.initial_instance_count is not None:
            return self.initial_instance_count
        return max(self.minimum, 1) if is_known(self.minimum) else self.minimum

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        found = self.instance_problems()
        if is_known(self.minimum) and self.minimum < 0:
            found.append(f"minimum: got {self.minimum}; allowed is 0 or more")
        known = is_known(self.minimum) and is_known(self.maximum)
        if known and self.maximum < max(self.minimum, 1):
            found.append(
                f"maximum: got {self.maximum}; allowed is the minimum ({self.minimum}) or more, "
                "and 1 at least"
            )
        elif known and outside(self.instances, max(self.minimum, 1), self.maximum):
            found.append(
                f"initial_instance_count: got {self.instances}; allowed are "
                f"{max(self.minimum, 1)} to {self.maximum}"
            )
        return [f"fleet {self.name}: {problem}" for problem in found]

    def render(self) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        """The ProductionVariant of an endpoint config, without a model, as AWS wants it."""
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

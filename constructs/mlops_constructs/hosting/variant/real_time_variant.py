"""Production variants on instances that run continuously."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._instance_type import cannot_load_many_models, is_burstable
from mlops_constructs._problems import is_known
from mlops_constructs.hosting.model.model import ModelBase
from mlops_constructs.hosting.scaling.scaling import Scaling

from .variant import InstanceVariant


@dataclass(frozen=True, kw_only=True)
class RealTimeVariant(InstanceVariant):
    """A production variant on instances that run continuously.

    A variant that scales can neither be removed nor get another instance type in place: AWS rejects
    both while the variant is a scalable target. Deploy once without `scaling`; then remove the
    variant, or give it the new type and `scaling`. The same applies to another `name`, which
    removes the previous variant.

    Args:
        model: model that the variant serves.
        instance_type: instance type, for example `ml.m7i.large`.
        name: name of the variant, 1 to 63 letters, digits and hyphens. Defaults to `AllTraffic`.
            Keep it from one deployment to the next: rollouts and scaling refer to it.
        initial_instance_count: number of instances at the first deployment, and at each later one
            without `scaling`, 1 or more. Defaults to None: the minimum of `scaling`, or 1.
        weight: share of the traffic relative to the other variants, 0 or more. Defaults to 1.
        scaling: automatic scaling of the instances. Defaults to None: their number is fixed.
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

    Source: ProductionVariant of SageMaker's API reference.

    Example:
        ```python
        RealTimeVariant(
            model=model,
            instance_type="ml.m7i.large",
            scaling=Scaling.target_invocations(per_instance=600, minimum=2, maximum=4),
        )
        ```
    """

    model: ModelBase
    initial_instance_count: int | None = None
    weight: float = 1.0
    scaling: Scaling | None = None

    @property
    def instances(self) -> int:
        """Initial number of instances, 1 or more."""
        if self.initial_instance_count is not None:
            return self.initial_instance_count
        if self.scaling is None:
            return 1
        minimum = self.scaling.minimum
        return max(minimum, 1) if is_known(minimum) else minimum

    def problems(self) -> list[str]:
        """Validates the variant; returns one message per problem."""
        found = self.instance_problems()
        if is_known(self.weight) and self.weight < 0:
            found.append(f"weight: got {self.weight:g}; allowed is 0 or more")
        if is_known(self.instances) and self.instances < 1:
            found.append(
                f"initial_instance_count: got {self.instances}; allowed is 1 or more; for an "
                "endpoint without idle instances use ServerlessVariant"
            )
        if self.scaling is not None:
            found += self._scaling_problems(self.scaling)
        many = self.model.traits.multi_model
        if many and is_known(self.instance_type) and cannot_load_many_models(self.instance_type):
            found.append(
                f"instance_type: got {self.instance_type} for a multi-model container; AWS allows "
                "those on CPU types and on types with one GPU"
            )
        return [f"variant {self.name}: {problem}" for problem in found]

    def _scaling_problems(self, scaling: Scaling) -> list[str]:
        found = []
        if is_known(self.instance_type) and is_burstable(self.instance_type):
            found.append(
                f"scaling: got instance type {self.instance_type}, which is burstable; use an "
                "instance type that is not burstable, or remove scaling"
            )
        lowest, highest, count = scaling.minimum, scaling.maximum, self.instances
        known = is_known(lowest) and is_known(highest) and is_known(count)
        # Contradictory bounds are a separate problem.
        if known and 0 <= lowest <= highest and highest and not lowest <= count <= highest:
            found.append(
                f"initial_instance_count: got {count}; allowed are {lowest} to "
                f"{highest}, the bounds of scaling"
            )
        return found

    def render(self) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        """Returns the ProductionVariant of an endpoint configuration."""
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            model_name=self.model.model_name,
            initial_instance_count=self.instances,
            initial_variant_weight=self.weight,
            **self.instance_properties(),
        )

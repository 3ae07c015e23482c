"""Production variants on instances that always run."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._instance_type import cannot_load_many_models, is_burstable
from mlops_constructs._problems import is_known
from mlops_constructs.hosting.model.model import ModelBase
from mlops_constructs.hosting.scaling.scaling import Scaling

from .variant import InstanceVariant


@dataclass(frozen=True, kw_only=True)
class RealTimeVariant(InstanceVariant):
    """A model on instances that always run.

    Args:
        model: what it serves.
        instance_type: for example `ml.m7i.large`.
        name: name of the variant. Left out: `AllTraffic`. It has to stay the same from one
            deployment to the next: rollouts and scaling refer to it.
        initial_instance_count: instances at the first deployment, and at each later one where
            `scaling` is left out. Left out: the minimum of `scaling`, or 1.
        weight: share of the traffic relative to the other variants.
        scaling: automatic scaling. Left out: the number of instances stays.
        volume_gb: size of each instance's EBS volume, 1 to 512. Left out: AWS's default.
        routing: which instance gets a request. Left out: AWS's default, a random one.
        inference_ami_version: the drivers of GPU instances. Left out: AWS's default.
        startup_timeout: how long the container may take to answer pings, 1 to 60 minutes. Left
            out: AWS's default.
        model_download_timeout: how long loading the model data may take, 1 to 60 minutes. Left
            out: AWS's default.
        prefix_routing: what `Routing.PREFIX_AWARE` needs. Left out: for other routings.
        core_dumps: where the memory of crashed containers is written. Left out: nowhere.
        ssm_access: whether people with rights on Systems Manager may open a shell in the
            containers, for debugging; it goes round the network isolation of a model.
        capacity_reservation: ARN of reserved capacity, on which alone its instances run. Left out:
            on demand.

    A variant that scales can neither be removed nor get another type in place: AWS refuses both
    while the variant is a scalable target. Deploy once without `scaling`; then remove it, or give
    it the new type and `scaling`. The same holds for another `name`, which removes the former one.

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
        """How many instances it starts with; no endpoint starts with none."""
        if self.initial_instance_count is not None:
            return self.initial_instance_count
        if self.scaling is None:
            return 1
        minimum = self.scaling.minimum
        return max(minimum, 1) if is_known(minimum) else minimum

    def problems(self) -> list[str]:
        """What AWS would refuse."""
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
                f"scaling: got instance type {self.instance_type}, whose CPU is burstable; "
                "allowed is any type that is not; use one, or leave scaling out"
            )
        lowest, highest, count = scaling.minimum, scaling.maximum, self.instances
        known = is_known(lowest) and is_known(highest) and is_known(count)
        # Bounds that contradict each other are told by themselves.
        if known and 0 <= lowest <= highest and highest and not lowest <= count <= highest:
            found.append(
                f"initial_instance_count: got {count}; allowed are {lowest} to "
                f"{highest}, the bounds of scaling"
            )
        return found

    def render(self) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        """The ProductionVariant of an endpoint config."""
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            model_name=self.model.model_name,
            initial_instance_count=self.instances,
            initial_variant_weight=self.weight,
            **self.instance_properties(),
        )

"""Shadow variants, which receive copies of the requests of a production variant."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known, outside
from mlops_constructs.hosting.model.model import ModelBase

from .variant import InstanceVariant


@dataclass(frozen=True, kw_only=True)
class ShadowVariant(InstanceVariant):
    """A shadow variant: a model that receives copies of the production variant's requests.

    Its responses are not returned to callers; metrics and data capture record them under its name.

    Args:
        model: model that the variant serves.
        instance_type: instance type, for example `ml.m7i.large`.
        name: name of the variant, 1 to 63 letters, digits and hyphens. Defaults to `Shadow`.
        instance_count: number of instances, 1 or more. Defaults to 1.
        percentage: percentage of the requests that are copied, 1 to 100. Defaults to 100.
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

    Source: "Shadow tests"; ShadowProductionVariants of CreateEndpointConfig.

    Example:
        ```python
        ShadowVariant(model=model, instance_type="ml.m7i.large", percentage=50)
        ```
    """

    model: ModelBase
    name: str = "Shadow"
    instance_count: int = 1
    percentage: int = 100

    def problems(self) -> list[str]:
        """Validates the variant; returns one message per problem."""
        found = self.instance_problems()
        if is_known(self.instance_count) and self.instance_count < 1:
            found.append(f"instance_count: got {self.instance_count}; allowed is 1 or more")
        if outside(self.percentage, 1, 100):
            found.append(f"percentage: got {self.percentage}; allowed are 1 to 100")
        return [f"shadow variant {self.name}: {problem}" for problem in found]

    def render(
        self, *, production_weight: float
    ) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        """Returns the ShadowProductionVariant of an endpoint configuration.

        AWS copies the share of requests that its weight is of the production variant's weight.

        Args:
            production_weight: weight of the production variant, more than 0.
        """
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            model_name=self.model.model_name,
            initial_instance_count=self.instance_count,
            initial_variant_weight=production_weight * self.percentage / 100,
            **self.instance_properties(),
        )

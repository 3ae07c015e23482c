"""Shadow variants: a model that sees the traffic, and answers nobody."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known, outside
from mlops_constructs.hosting.model.model import ModelBase

from .variant import InstanceVariant


@dataclass(frozen=True, kw_only=True)
class ShadowVariant(InstanceVariant):
    """A model that gets copies of the production variant's requests.

    Its answers reach no caller; metrics and data capture show them under its name.

    Args:
        model: what it serves.
        instance_type: for example `ml.m7i.large`.
        name: name of the variant. Left out: `Shadow`.
        instance_count: how many instances it has.
        percentage: share of the requests that are copied, 1 to 100. Left out: all.
        volume_gb, routing, inference_ami_version, startup_timeout, model_download_timeout,
            prefix_routing, core_dumps, ssm_access, capacity_reservation: as those of
            `RealTimeVariant`.

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
        """What AWS would refuse."""
        found = self.instance_problems()
        if is_known(self.instance_count) and self.instance_count < 1:
            found.append(f"instance_count: got {self.instance_count}; allowed is 1 or more")
        if outside(self.percentage, 1, 100):
            found.append(f"percentage: got {self.percentage}; allowed are 1 to 100")
        return [f"shadow variant {self.name}: {problem}" for problem in found]

    def render(
        self, *, production_weight: float
    ) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        """The ShadowProductionVariant of an endpoint config.

        AWS copies the share of requests that its weight is of the production variant's.
        """
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            model_name=self.model.model_name,
            initial_instance_count=self.instance_count,
            initial_variant_weight=production_weight * self.percentage / 100,
            **self.instance_properties(),
        )

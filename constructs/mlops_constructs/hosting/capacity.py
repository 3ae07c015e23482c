"""Part of a variant's instances, as rollouts count it."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """A number of instances or a percentage of them; made by its static factories."""

    type: str
    value: int

    @staticmethod
    def instances(count: int) -> "Capacity":
        """That many instances.

        Example::

            Capacity.instances(1)
        """
        return Capacity(type="INSTANCE_COUNT", value=count)

    @staticmethod
    def percent(percentage: int) -> "Capacity":
        """That share of the variant's instances.

        Example::

            Capacity.percent(20)
        """
        return Capacity(type="CAPACITY_PERCENT", value=percentage)

    @property
    def is_percentage(self) -> bool:
        return self.type == "CAPACITY_PERCENT"

    def problems(self, name: str, *, low: int, high: int, instances: int | None) -> list[str]:
        """What AWS would refuse for a part of low..high percent of `instances` (None: unknown)."""
        if not is_known(self.value):
            return []
        if self.is_percentage:
            if low <= self.value <= high:
                return []
            return [f"{name}: got {self.value} %; allowed are {low} to {high} % of the instances"]
        if self.value < 1:
            return [f"{name}: got {self.value} instances; allowed is 1 or more"]
        if instances is None or self.value * 100 <= high * instances:
            return []
        return [
            f"{name}: got {self.value} of {instances} instances; allowed are at most {high} % of "
            "them, so use more instances or a percentage"
        ]

    def render(self) -> sagemaker.CfnEndpoint.CapacitySizeProperty:
        """The CapacitySize of a deployment config."""
        return sagemaker.CfnEndpoint.CapacitySizeProperty(type=self.type, value=self.value)

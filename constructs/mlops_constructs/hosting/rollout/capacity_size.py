"""Part of a variant's instances, or of a component's copies, as rollouts count it."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known

_NOUNS = {"INSTANCE_COUNT": "instances", "COPY_COUNT": "copies"}


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """A number of instances or copies, or a percentage of them; made by its static factories."""

    type: str
    value: int

    @staticmethod
    def instances(count: int) -> "Capacity":
        """That many instances.

        Example:
            ```python
            Capacity.instances(1)
            ```
        """
        return Capacity(type="INSTANCE_COUNT", value=count)

    @staticmethod
    def copies(count: int) -> "Capacity":
        """That many copies of an inference component.

        Example:
            ```python
            Capacity.copies(1)
            ```
        """
        return Capacity(type="COPY_COUNT", value=count)

    @staticmethod
    def percent(percentage: int) -> "Capacity":
        """That share of the variant's instances, or of the component's copies.

        Example:
            ```python
            Capacity.percent(20)
            ```
        """
        return Capacity(type="CAPACITY_PERCENT", value=percentage)

    @property
    def is_percentage(self) -> bool:
        return self.type == "CAPACITY_PERCENT"

    def problems(
        self, name: str, *, low: int, high: int, total: int | None, noun: str = "instances"
    ) -> list[str]:
        """What AWS would refuse for a part of low..high percent of `total` (None: unknown)."""
        if not self.is_percentage and _NOUNS[self.type] != noun:
            return [f"{name}: got {_NOUNS[self.type]}; allowed is a number or percentage of {noun}"]
        if not is_known(self.value):
            return []
        if self.is_percentage:
            if low <= self.value <= high:
                return []
            return [f"{name}: got {self.value} %; allowed are {low} to {high} % of the {noun}"]
        if self.value < 1:
            return [f"{name}: got {self.value} {noun}; allowed is 1 or more"]
        share = self.value * 100
        # A least share of 1 % is none: it is only the least percentage that can be written.
        least = low * total if total is not None and low > 1 else 0
        if total is None or least <= share <= high * total:
            return []
        return [
            f"{name}: got {self.value} of {total} {noun}; allowed are {low} to {high} % of them, "
            f"so use {'more' if share > high * total else 'fewer'} {noun} or a percentage"
        ]

    def render(self) -> sagemaker.CfnEndpoint.CapacitySizeProperty:
        """The CapacitySize of an endpoint's deployment config."""
        return sagemaker.CfnEndpoint.CapacitySizeProperty(type=self.type, value=self.value)

    def render_copies(
        self,
    ) -> sagemaker.CfnInferenceComponent.InferenceComponentCapacitySizeProperty:
        """The capacity size of an inference component's deployment config."""
        return sagemaker.CfnInferenceComponent.InferenceComponentCapacitySizeProperty(
            type=self.type, value=self.value
        )

"""Parts of the capacity of variants and inference components, in rollouts."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known

_NOUNS = {"INSTANCE_COUNT": "instances", "COPY_COUNT": "copies"}


@dataclass(frozen=True, kw_only=True)
class CapacitySize:
    """A number of instances or copies, or a percentage of them; use its static factories."""

    type: str
    value: int

    @staticmethod
    def instances(count: int) -> "CapacitySize":
        """Returns a number of instances.

        Args:
            count: number of instances, 1 or more.

        Example:
            ```python
            CapacitySize.instances(1)
            ```
        """
        return CapacitySize(type="INSTANCE_COUNT", value=count)

    @staticmethod
    def copies(count: int) -> "CapacitySize":
        """Returns a number of copies of an inference component.

        Args:
            count: number of copies, 1 or more.

        Example:
            ```python
            CapacitySize.copies(1)
            ```
        """
        return CapacitySize(type="COPY_COUNT", value=count)

    @staticmethod
    def percent(percentage: int) -> "CapacitySize":
        """Returns a percentage of the instances of a variant, or of the copies of a component.

        Args:
            percentage: percentage, 1 to 100.

        Example:
            ```python
            CapacitySize.percent(20)
            ```
        """
        return CapacitySize(type="CAPACITY_PERCENT", value=percentage)

    @property
    def is_percentage(self) -> bool:
        """True for a percentage, False for a number."""
        return self.type == "CAPACITY_PERCENT"

    def problems(
        self, name: str, *, low: int, high: int, total: int | None, noun: str = "instances"
    ) -> list[str]:
        """Validates the size as a part of a total; returns one message per problem.

        Args:
            name: name of the part in messages.
            low: lower bound in percent of the total.
            high: upper bound in percent of the total.
            total: number of instances or copies; None while it is unknown.
            noun: unit of the total, `instances` or `copies`. Defaults to `instances`.
        """
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
        # A lower bound of 1 % is no bound: it is the smallest percentage that can be written.
        minimum = low * total if total is not None and low > 1 else 0
        if total is None or minimum <= share <= high * total:
            return []
        return [
            f"{name}: got {self.value} of {total} {noun}; allowed are {low} to {high} % of them, "
            f"so use {'more' if share > high * total else 'fewer'} {noun} or a percentage"
        ]

    def render(self) -> sagemaker.CfnEndpoint.CapacitySizeProperty:
        """Returns the CapacitySize of the deployment configuration of an endpoint."""
        return sagemaker.CfnEndpoint.CapacitySizeProperty(type=self.type, value=self.value)

    def render_copies(
        self,
    ) -> sagemaker.CfnInferenceComponent.InferenceComponentCapacitySizeProperty:
        """Returns the capacity size of the deployment configuration of a component."""
        return sagemaker.CfnInferenceComponent.InferenceComponentCapacitySizeProperty(
            type=self.type, value=self.value
        )

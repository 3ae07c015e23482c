"""Placement of an inference component's copies on instances."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import outside


@dataclass(frozen=True, kw_only=True)
class SchedulingConfig:
    """Placement of copies on instances; use its static factories.

    Source: InferenceComponentSchedulingConfig of SageMaker's API reference.
    """

    strategy: str
    maximum_imbalance: int | None = None

    @staticmethod
    def spread(*, maximum_imbalance: int | None = None) -> "SchedulingConfig":
        """Spreads copies over as many instances as possible, for availability.

        Args:
            maximum_imbalance: maximum difference between the number of copies in two availability
                zones, 0 to 100, as far as capacity allows. Defaults to None: AWS decides.

        Example:
            ```python
            SchedulingConfig.spread(maximum_imbalance=1)
            ```
        """
        return SchedulingConfig(strategy="SPREAD", maximum_imbalance=maximum_imbalance)

    @staticmethod
    def pack(*, maximum_imbalance: int | None = None) -> "SchedulingConfig":
        """Packs copies on as few instances as possible, so that others can be released.

        Args:
            maximum_imbalance: maximum difference between the number of copies in two availability
                zones, 0 to 100, as far as capacity allows. Defaults to None: AWS decides.

        Example:
            ```python
            SchedulingConfig.pack()
            ```
        """
        return SchedulingConfig(strategy="BINPACK", maximum_imbalance=maximum_imbalance)

    def problems(self) -> list[str]:
        """Validates the placement; returns one message per problem."""
        if outside(self.maximum_imbalance, 0, 100):
            return [
                f"placement maximum_imbalance: got {self.maximum_imbalance}; allowed are 0 to 100"
            ]
        return []

    def render(self) -> sagemaker.CfnInferenceComponent.InferenceComponentSchedulingConfigProperty:
        """Returns the SchedulingConfig of a component's specification."""
        component = sagemaker.CfnInferenceComponent
        return component.InferenceComponentSchedulingConfigProperty(
            placement_strategy=self.strategy,
            availability_zone_balance=component.InferenceComponentAvailabilityZoneBalanceProperty(
                # The only mode that AWS supports.
                enforcement_mode="PERMISSIVE",
                max_imbalance=self.maximum_imbalance,
            ),
        )

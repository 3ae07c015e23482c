"""On which instances of a fleet the copies of an inference component are placed."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import outside


@dataclass(frozen=True, kw_only=True)
class CopyPlacement:
    """How copies are placed; made by its static factories.

    Source: InferenceComponentSchedulingConfig of SageMaker's API reference.
    """

    strategy: str
    maximum_imbalance: int | None = None

    @staticmethod
    def spread(*, maximum_imbalance: int | None = None) -> "CopyPlacement":
        """Over as many instances as there are, so that the loss of one costs least.

        Args:
            maximum_imbalance: how many copies more one availability zone may have than another, 0
                to 100, as far as capacity allows. Left out: AWS decides.

        Example:
            ```python
            CopyPlacement.spread(maximum_imbalance=1)
            ```
        """
        return CopyPlacement(strategy="SPREAD", maximum_imbalance=maximum_imbalance)

    @staticmethod
    def pack(*, maximum_imbalance: int | None = None) -> "CopyPlacement":
        """On as few instances as hold them, so that the fleet can release the others.

        Args:
            maximum_imbalance: as for `spread`.

        Example:
            ```python
            CopyPlacement.pack()
            ```
        """
        return CopyPlacement(strategy="BINPACK", maximum_imbalance=maximum_imbalance)

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        if outside(self.maximum_imbalance, 0, 100):
            return [
                f"placement maximum_imbalance: got {self.maximum_imbalance}; allowed are 0 to 100"
            ]
        return []

    def render(self) -> sagemaker.CfnInferenceComponent.InferenceComponentSchedulingConfigProperty:
        """The SchedulingConfig of a component's specification."""
        component = sagemaker.CfnInferenceComponent
        return component.InferenceComponentSchedulingConfigProperty(
            placement_strategy=self.strategy,
            availability_zone_balance=component.InferenceComponentAvailabilityZoneBalanceProperty(
                # The only mode that AWS knows.
                enforcement_mode="PERMISSIVE",
                max_imbalance=self.maximum_imbalance,
            ),
        )

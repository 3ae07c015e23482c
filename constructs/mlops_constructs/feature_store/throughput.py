"""Throughput of a feature group."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import outside

_MAX_UNITS = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """The throughput mode of a group; use its static factories.

    Source: ThroughputConfig of SageMaker's API reference; "Quotas, naming rules and data types" of
    Feature Store.
    """

    read_capacity_units: int | None = None
    write_capacity_units: int | None = None

    @staticmethod
    def on_demand() -> "Throughput":
        """Returns the on-demand mode, which AWS bills per request.

        A group can change to it once in 24 hours.

        Example:
            ```python
            Throughput.on_demand()
            ```
        """
        return Throughput()

    @staticmethod
    def provisioned(*, read_capacity_units: int, write_capacity_units: int) -> "Throughput":
        """Returns the provisioned mode, for steady traffic.

        Requests beyond the capacity are throttled. The default quota of an account is 40,000 units
        of each for a group; AWS can raise it.

        Args:
            read_capacity_units: reads of up to 4 KB per second, 0 to 10,000,000.
            write_capacity_units: writes of up to 1 KB per second, 0 to 10,000,000.

        Example:
            ```python
            Throughput.provisioned(read_capacity_units=50, write_capacity_units=10)
            ```
        """
        return Throughput(
            read_capacity_units=read_capacity_units, write_capacity_units=write_capacity_units
        )

    @property
    def is_provisioned(self) -> bool:
        """True for the provisioned mode."""
        return self.read_capacity_units is not None or self.write_capacity_units is not None

    def problems(self) -> list[str]:
        """Validates the capacity; returns one message per problem."""
        units = {
            "read_capacity_units": self.read_capacity_units,
            "write_capacity_units": self.write_capacity_units,
        }
        return [
            f"throughput {name}: got {value}; allowed are 0 to {_MAX_UNITS:,}"
            for name, value in units.items()
            if outside(value, 0, _MAX_UNITS)
        ]

    def render(self) -> sagemaker.CfnFeatureGroup.ThroughputConfigProperty:
        """Returns the ThroughputConfig."""
        return sagemaker.CfnFeatureGroup.ThroughputConfigProperty(
            throughput_mode="Provisioned" if self.is_provisioned else "OnDemand",
            provisioned_read_capacity_units=self.read_capacity_units,
            provisioned_write_capacity_units=self.write_capacity_units,
        )

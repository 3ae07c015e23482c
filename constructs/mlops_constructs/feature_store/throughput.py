"""How much a group may be read and written, and how that is paid for."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import outside

_MOST_UNITS = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Throughput:
    """Made by `Throughput.on_demand` and `Throughput.provisioned`.

    Source: ThroughputConfig of SageMaker's API reference; "Quotas, naming rules and data types" of
    Feature Store.
    """

    read_capacity_units: int | None = None
    write_capacity_units: int | None = None

    @staticmethod
    def on_demand() -> "Throughput":
        """Each request is paid for; the default. A group can change to it once in 24 hours.

        Example:
            ```python
            Throughput.on_demand()
            ```
        """
        return Throughput()

    @staticmethod
    def provisioned(*, read_capacity_units: int, write_capacity_units: int) -> "Throughput":
        """Capacity is paid for, and requests beyond it are throttled; for steady traffic.

        An account begins with a quota of 40,000 units of each for a group, which AWS can raise.

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
        """Whether capacity was chosen."""
        return self.read_capacity_units is not None or self.write_capacity_units is not None

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        units = {
            "read_capacity_units": self.read_capacity_units,
            "write_capacity_units": self.write_capacity_units,
        }
        return [
            f"throughput {name}: got {value}; allowed are 0 to {_MOST_UNITS:,}"
            for name, value in units.items()
            if outside(value, 0, _MOST_UNITS)
        ]

    def render(self) -> sagemaker.CfnFeatureGroup.ThroughputConfigProperty:
        """The ThroughputConfig."""
        return sagemaker.CfnFeatureGroup.ThroughputConfigProperty(
            throughput_mode="Provisioned" if self.is_provisioned else "OnDemand",
            provisioned_read_capacity_units=self.read_capacity_units,
            provisioned_write_capacity_units=self.write_capacity_units,
        )

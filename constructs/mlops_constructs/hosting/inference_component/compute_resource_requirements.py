"""Resources that the copies of an inference component reserve."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known, outside

_MIN_MEMORY_MB = 128


@dataclass(frozen=True, kw_only=True)
class ComputeResourceRequirements:
    """Resources that each copy of an inference component reserves on an instance.

    Args:
        minimum_memory_mb: memory reserved for a copy in MB, 128 or more.
        maximum_memory_mb: memory limit in MB at which a copy is stopped, at least
            `minimum_memory_mb`. Defaults to None: the memory of the instance.
        cpu_cores: number of CPU cores, 0.25 or more. Defaults to None: none are reserved.
        accelerators: number of GPUs or Neuron devices, 1 or more. Defaults to None: none are
            reserved.

    Source: InferenceComponentComputeResourceRequirements of SageMaker's API reference.

    Example:
        ```python
        ComputeResourceRequirements(minimum_memory_mb=4096, accelerators=1)
        ```
    """

    minimum_memory_mb: int
    maximum_memory_mb: int | None = None
    cpu_cores: float | None = None
    accelerators: int | None = None

    def problems(self) -> list[str]:
        """Validates the requirements; returns one message per problem."""
        found = []
        least, most = self.minimum_memory_mb, self.maximum_memory_mb
        if is_known(least) and least < _MIN_MEMORY_MB:
            found.append(f"minimum_memory_mb: got {least}; allowed is {_MIN_MEMORY_MB} or more")
        if most is not None and is_known(most) and is_known(least) and most < least:
            found.append(
                f"maximum_memory_mb: got {most}; allowed is minimum_memory_mb ({least}) or more"
            )
        if outside(self.cpu_cores, 0.25, float("inf")):
            found.append(f"cpu_cores: got {self.cpu_cores:g}; allowed is 0.25 or more")
        if outside(self.accelerators, 1, float("inf")):
            found.append(f"accelerators: got {self.accelerators}; allowed is 1 or more")
        return found

    def render(
        self,
    ) -> sagemaker.CfnInferenceComponent.InferenceComponentComputeResourceRequirementsProperty:
        """Returns the compute requirements of a component's specification."""
        component = sagemaker.CfnInferenceComponent
        return component.InferenceComponentComputeResourceRequirementsProperty(
            min_memory_required_in_mb=self.minimum_memory_mb,
            max_memory_required_in_mb=self.maximum_memory_mb,
            number_of_cpu_cores_required=self.cpu_cores,
            number_of_accelerator_devices_required=self.accelerators,
        )

"""Inference components, which scale to zero: `kind: component`."""

from typing import Literal

from pydantic import Field, model_validator

from .rollout import Rollout
from .scaling import CopyScaling
from .section import MAX_INSTANCES, InstanceType, Section
from .stage import Stage


class Instances(Section):
    """Bounds of the instances on which SageMaker places the copies.

    Args:
        minimum: minimum number of instances, 0 to 1000. Defaults to 0: none while there is no copy.
        maximum: maximum number of instances, 1 to 1000. Defaults to 1.
    """

    minimum: int = Field(default=0, ge=0, le=MAX_INSTANCES)
    maximum: int = Field(default=1, ge=1, le=MAX_INSTANCES)

    @model_validator(mode="after")
    def _has_a_range(self) -> "Instances":
        if self.maximum < self.minimum:
            raise ValueError(
                f"maximum: got {self.maximum}; allowed: the minimum ({self.minimum}) or more"
            )
        return self


class Compute(Section):
    """Resources that each copy of the model reserves on an instance.

    Args:
        memory_mb: memory in MB, 128 or more.
        cpu_cores: number of CPU cores, 0.25 or more. Defaults to 1.
        accelerators: number of GPUs or Neuron devices, 1 or more. Defaults to None: none.
    """

    memory_mb: int = Field(ge=128, le=10_000_000)
    cpu_cores: float = Field(default=1, ge=0.25, le=1000)
    accelerators: int | None = Field(default=None, ge=1, le=100)


class Component(Stage):
    """An inference component: copies of the model on instances that SageMaker scales.

    Args:
        kind: `component`.
        version: version of the model package group, 1 or more, which must be approved. Defaults to
            None: the approved version with the highest number.
        tags: tags of every resource. Defaults to none.
        instance_type: instance type, for example `ml.m7i.xlarge`.
        instances: bounds of the instances. Defaults to `Instances()`: none to 1.
        compute: resources of each copy.
        scaling: automatic scaling of the copies, also to zero. Defaults to None: one copy.
        encrypt_volumes: True to encrypt storage volumes with the key of the project. Defaults to
            True.
        rollout: replacement of the copies, of the strategy `rolling`. Defaults to None: all copies
            are replaced at once.
    """

    kind: Literal["component"]
    instance_type: InstanceType
    instances: Instances = Instances()
    compute: Compute
    scaling: CopyScaling | None = None
    encrypt_volumes: bool = True
    rollout: Rollout | None = None

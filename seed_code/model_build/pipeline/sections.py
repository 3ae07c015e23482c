"""Sections of `config.yaml` that do not depend on the kind of model."""

from typing import Annotated, Literal

from mlops_jobs.training.hyperparameters import Hyperparameter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from pipeline.program import DISTRIBUTED, HYPERPARAMETERS

Number = Annotated[float, Field(strict=True)]
INSTANCE_TYPE = r"^ml\.[a-z0-9-]+\.[a-z0-9]+$"
InstanceType = Annotated[str, Field(pattern=INSTANCE_TYPE)]
SUBNET_ID, SECURITY_GROUP_ID = r"^subnet-[0-9a-f]{8,17}$", r"^sg-[0-9a-f]{8,17}$"
SubnetId = Annotated[str, Field(pattern=SUBNET_ID)]
SecurityGroupId = Annotated[str, Field(pattern=SECURITY_GROUP_ID)]
TUNING_JOB_NAME = r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}$"
TuningJobName = Annotated[str, Field(pattern=TUNING_JOB_NAME)]
WARM_START_PARENTS = Field(min_length=1, max_length=5)
# YAML has lists and strings where Python has tuples and enumerations; their items stay strict.
FromYaml = Field(strict=False)
S3_URI = r"^(s3://[^/]+/.+)?$"
Share = Annotated[float, Field(gt=0, lt=0.5)]
"""Share of the rows or images."""
Margin = Annotated[float, Field(ge=0)]
"""Loss of a metric that is accepted."""
S3_FOLDER = r"^s3://[^/]+/.+$"
GROUP = r"^[a-z0-9]([-_]*[a-z0-9]){0,30}$"


def known_hyperparameter(name: str) -> Hyperparameter:
    """Returns the hyperparameter of a name.

    Args:
        name: the name.

    Raises:
        ValueError: the model has no such hyperparameter.
    """
    if name not in HYPERPARAMETERS:
        raise ValueError(f"got {name!r}; allowed: {', '.join(HYPERPARAMETERS)}")
    return HYPERPARAMETERS[name]


def _read_all(values: dict[str, float]) -> dict[str, float]:
    return {name: known_hyperparameter(name).read(name, value) for name, value in values.items()}


Hyperparameters = Annotated[dict[str, float], AfterValidator(_read_all)]
"""Values of hyperparameters, by name."""


class Section(BaseModel):
    """A section of the file.

    Unknown keys are rejected, and a section is immutable once it is read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Tuning(Section):
    """The search for hyperparameters.

    Args:
        strategy: search strategy. Defaults to Bayesian.
        jobs: number of trials, 1 to 750. Defaults to 4.
        parallel: number of concurrent trials, 1 to 100 and at most `jobs`. Defaults to 2.
        early_stopping: True to stop trials that cannot become the best one. Defaults to True.
        instances: number of instances of each trial, 1 to 100, which fit its model together.
            Defaults to 1.
        spot: True to run trials on spot instances. Defaults to False.
        warm_start: True to start from the trials of the newest comparable tuning job of the
            project, or the names of 1 to 5 tuning jobs. Defaults to False.
        ranges: minimum and maximum of each tuned hyperparameter, by name.
    """

    strategy: Literal["Bayesian", "Random"] = "Bayesian"
    jobs: Annotated[int, Field(ge=1, le=750)] = 4
    parallel: Annotated[int, Field(ge=1, le=100)] = 2
    early_stopping: bool = True
    instances: Annotated[int, Field(ge=1, le=100)] = 1
    spot: bool = False
    warm_start: bool | Annotated[tuple[TuningJobName, ...], FromYaml, WARM_START_PARENTS] = False
    ranges: dict[str, Annotated[tuple[Number, Number], FromYaml]] = Field(min_length=1)

    @field_validator("ranges")
    @classmethod
    def _in_range(cls, ranges: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
        for name, (low, high) in ranges.items():
            known_hyperparameter(name).read(name, low)
            known_hyperparameter(name).read(name, high)
            if low >= high:
                raise ValueError(
                    f"{name}: got [{low:g}, {high:g}]; allowed: the minimum "
                    "first, then a larger maximum"
                )
        return ranges

    @field_validator("instances")
    @classmethod
    def _model_is_distributed(cls, instances: int) -> int:
        if instances > 1 and not DISTRIBUTED:
            raise ValueError(
                f"got {instances}, but model.py has no connect, so its model is fitted on one "
                "instance; allowed: 1"
            )
        return instances

    @model_validator(mode="after")
    def _parallel_fits(self) -> "Tuning":
        if self.parallel > self.jobs:
            raise ValueError(f"got parallel {self.parallel}; allowed: up to jobs, {self.jobs}")
        return self


class InstanceTypes(Section):
    """The instance types of each kind of work.

    Args:
        processing: instance type of processing jobs. Defaults to ml.m5.large.
        training: instance type of training jobs. Defaults to ml.m5.large.
        inference: instance types that the model package recommends, at least one. Defaults to
            ml.m5.large.
    """

    processing: InstanceType = "ml.m5.large"
    training: InstanceType = "ml.m5.large"
    inference: Annotated[tuple[InstanceType, ...], FromYaml, Field(min_length=1)] = ("ml.m5.large",)


class Network(Section):
    """Subnets and security groups of the jobs.

    Args:
        subnets: subnet ids, at most 16. Defaults to none: the subnets of the project.
        security_groups: security group ids, at most 5. Defaults to none: those of the project.
    """

    subnets: Annotated[tuple[SubnetId, ...], FromYaml, Field(max_length=16)] = ()
    security_groups: Annotated[tuple[SecurityGroupId, ...], FromYaml, Field(max_length=5)] = ()


class SeededSplit(Section):
    """Parts of the data; each kind of model adds their sizes.

    Args:
        seed: seed of a random split and of the tuner, 0 to 2**31 - 1. Defaults to 7.
    """

    seed: Annotated[int, Field(ge=0, lt=2**31)] = 7


class ShareSplit(SeededSplit):
    """Shares of the rows or images; the remaining ones are for training.

    Args:
        validation: share, above 0 and below 0.5, that decides when training stops and which trial
            is best. Defaults to 0.2.
        test: share, above 0 and below 0.5, that only the evaluation reads. Defaults to 0.2.
        seed: seed of the random split and of the tuner, 0 to 2**31 - 1. Defaults to 7.
    """

    validation: Share = 0.2
    test: Share = 0.2


class PipelineConfiguration(Section):
    """The sections of every file; each kind of model adds its data and objective.

    Args:
        split: parts of the data.
        training: hyperparameters that the tuner does not vary, by name. Defaults to none: each
            keeps its default value.
        tuning: search for hyperparameters.
        instance_types: instance types. Defaults to `InstanceTypes()`.
        network: network of the jobs. Defaults to the network of the project.
    """

    split: SeededSplit
    training: Hyperparameters = {}
    tuning: Tuning
    instance_types: InstanceTypes = InstanceTypes()
    network: Network = Network()

    @property
    def seed(self) -> int:
        """Seed of the split and of the tuner."""
        return self.split.seed

    @property
    def measures_bias(self) -> bool:
        """False: the data has no columns that name a group."""
        return False

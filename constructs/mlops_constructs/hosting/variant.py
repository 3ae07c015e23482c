"""Production variants: a model, and the machinery that serves it behind an endpoint."""

from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known, outside

from .instance_type import is_burstable, is_instance_type
from .model import ModelBase, name_problems
from .scaling import Scaling

DEFAULT_VARIANT_NAME = "AllTraffic"


@dataclass(frozen=True, kw_only=True)
class RealTimeVariant:
    """A model on instances that always run.

    Parameters:
        model: what it serves.
        instance_type: for example `ml.m7i.large`.
        name: name of the variant. Left out: `AllTraffic`. It has to stay the same from one
            deployment to the next: rollouts and scaling refer to it.
        initial_instance_count: instances at the first deployment, and at each later one where
            `scaling` is left out. Left out: the minimum of `scaling`, or 1.
        weight: share of the traffic relative to the other variants.
        scaling: automatic scaling. Left out: the number of instances stays.
        startup_timeout: how long the container may take to answer pings, 1 to 60 minutes. Left
            out: AWS's default.
        model_download_timeout: how long loading the model data may take, 1 to 60 minutes. Left
            out: AWS's default.

    The type of a variant that scales cannot be changed in place: AWS refuses it while the variant
    is a scalable target. Deploy once without `scaling`, then with the new type and `scaling`.

    Source: ProductionVariant of SageMaker's API reference.

    Example::

        RealTimeVariant(
            model=model,
            instance_type="ml.m7i.large",
            scaling=Scaling.target_invocations(per_instance=600, minimum=2, maximum=4),
        )
    """

    model: ModelBase
    instance_type: str
    name: str = DEFAULT_VARIANT_NAME
    initial_instance_count: int | None = None
    weight: float = 1.0
    scaling: Scaling | None = None
    startup_timeout: cdk.Duration | None = None
    model_download_timeout: cdk.Duration | None = None

    @property
    def instances(self) -> int:
        """How many instances it starts with."""
        if self.initial_instance_count is not None:
            return self.initial_instance_count
        return self.scaling.minimum if self.scaling else 1

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        found = name_problems("name", self.name) + _weight_problems(self.weight)
        if is_known(self.instance_type) and not is_instance_type(self.instance_type):
            found.append(
                f"instance_type: got {self.instance_type!r}; allowed is ml.<family>.<size>, such "
                "as ml.m7i.large"
            )
        if is_known(self.instances) and self.instances < 1:
            found.append(
                f"initial_instance_count: got {self.instances}; allowed is 1 or more; for an "
                "endpoint without idle instances use ServerlessVariant"
            )
        for name in ("startup_timeout", "model_download_timeout"):
            seconds = _seconds(getattr(self, name))
            if outside(seconds, 60, 3600):
                found.append(f"{name}: got {seconds} seconds; allowed are 60 to 3600")
        if self.scaling is not None:
            found += self._scaling_problems(self.scaling)
        return [f"variant {self.name}: {problem}" for problem in found]

    def _scaling_problems(self, scaling: Scaling) -> list[str]:
        found = scaling.problems()
        if is_known(self.instance_type) and is_burstable(self.instance_type):
            found.append(
                f"scaling: got instance type {self.instance_type}, whose CPU is burstable; "
                "allowed is any type that is not; use one, or leave scaling out"
            )
        if not found and outside(self.instances, scaling.minimum, scaling.maximum):
            found.append(
                f"initial_instance_count: got {self.instances}; allowed are {scaling.minimum} to "
                f"{scaling.maximum}, the bounds of scaling"
            )
        return found

    def render(self) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        """The ProductionVariant of an endpoint config."""
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            variant_name=self.name,
            model_name=self.model.model_name,
            instance_type=self.instance_type,
            initial_instance_count=self.instances,
            initial_variant_weight=self.weight,
            container_startup_health_check_timeout_in_seconds=_seconds(self.startup_timeout),
            model_data_download_timeout_in_seconds=_seconds(self.model_download_timeout),
        )


@dataclass(frozen=True, kw_only=True)
class ServerlessVariant:
    """A model on capacity that AWS starts when a request comes.

    Parameters:
        model: what it serves; it has no VPC and no network isolation.
        memory_mb: 1024, 2048, 3072, 4096, 5120 or 6144; CPU grows with it.
        max_concurrency: requests served at the same time, 1 to 200; more are throttled.
        provisioned_concurrency: capacity kept warm, at most `max_concurrency`. Left out: none, so
            the first request after a pause waits for a start.
        name: name of the variant. Left out: `AllTraffic`.

    Source: "Deploy models with Amazon SageMaker Serverless Inference".

    Example::

        ServerlessVariant(model=open_model, memory_mb=2048, max_concurrency=10)
    """

    model: ModelBase
    memory_mb: int = 2048
    max_concurrency: int = 5
    provisioned_concurrency: int | None = None
    name: str = DEFAULT_VARIANT_NAME

    def problems(self) -> list[str]:
        """What AWS would refuse."""
        found = name_problems("name", self.name)
        if is_known(self.memory_mb) and self.memory_mb not in range(1024, 6145, 1024):
            found.append(
                f"memory_mb: got {self.memory_mb}; allowed are 1024, 2048, 3072, 4096, 5120, 6144"
            )
        if outside(self.max_concurrency, 1, 200):
            found.append(f"max_concurrency: got {self.max_concurrency}; allowed are 1 to 200")
        elif outside(self.provisioned_concurrency, 1, self.max_concurrency):
            found.append(
                f"provisioned_concurrency: got {self.provisioned_concurrency}; allowed are 1 to "
                f"max_concurrency ({self.max_concurrency}), or leave it out"
            )
        if self.model.network_isolation:
            found.append(
                "model: got one with network isolation, which serverless endpoints do not "
                "support; make it with network_isolation=False"
            )
        if self.model.in_vpc:
            found.append(
                "model: got one in a VPC, which serverless endpoints do not support; make it "
                "without vpc"
            )
        return [f"variant {self.name}: {problem}" for problem in found]

    def render(self) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        """The ProductionVariant of an endpoint config."""
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            variant_name=self.name,
            model_name=self.model.model_name,
            initial_variant_weight=1.0,
            serverless_config=sagemaker.CfnEndpointConfig.ServerlessConfigProperty(
                memory_size_in_mb=self.memory_mb,
                max_concurrency=self.max_concurrency,
                provisioned_concurrency=self.provisioned_concurrency,
            ),
        )


def _weight_problems(weight: float) -> list[str]:
    if is_known(weight) and weight < 0:
        return [f"weight: got {weight:g}; allowed is 0 or more"]
    return []


def _seconds(duration: cdk.Duration | None) -> int | None:
    if duration is None or duration.is_unresolved():
        return None
    return int(duration.to_seconds())

"""Serverless production variants."""

from dataclasses import dataclass

from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._problems import is_known, outside
from mlops_constructs.hosting._names import name_problems
from mlops_constructs.hosting.model.model import ModelBase
from mlops_constructs.hosting.scaling.scaling import Scaling

from .variant import DEFAULT_VARIANT_NAME


@dataclass(frozen=True, kw_only=True)
class ServerlessVariant:
    """A serverless production variant, whose capacity AWS starts on demand.

    Args:
        model: model that the variant serves: one container, without VPC and network isolation.
        memory_mb: memory in MB: 1024, 2048, 3072, 4096, 5120 or 6144; AWS allocates CPU in
            proportion. Defaults to 2048.
        max_concurrency: number of concurrent requests, 1 to 200; AWS throttles further ones.
            Defaults to 5.
        provisioned_concurrency: number of requests for which capacity is kept warm, 1 to
            `max_concurrency`. Defaults to None: the minimum of `scaling`, or none, so the first
            request after an idle period waits for a cold start.
        name: name of the variant, 1 to 63 letters, digits and hyphens. Defaults to `AllTraffic`.
        scaling: automatic scaling of the provisioned concurrency. Defaults to None: it is fixed.

    Source: "Deploy models with Amazon SageMaker Serverless Inference"; "Automatically scale
    Provisioned Concurrency for a serverless endpoint".

    Example:
        ```python
        ServerlessVariant(
            model=open_model,
            memory_mb=2048,
            max_concurrency=10,
            scaling=Scaling.between(1, 5, ScalingPolicy.target_utilization(0.7)),
        )
        ```
    """

    model: ModelBase
    memory_mb: int = 2048
    max_concurrency: int = 5
    provisioned_concurrency: int | None = None
    name: str = DEFAULT_VARIANT_NAME
    scaling: Scaling | None = None

    @property
    def _provisioned(self) -> int | None:
        if self.provisioned_concurrency is None and self.scaling is not None:
            return self.scaling.minimum
        return self.provisioned_concurrency

    def problems(self) -> list[str]:
        """Validates the variant; returns one message per problem."""
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
                f"max_concurrency ({self.max_concurrency}); remove it for none"
            )
        if self.scaling is not None:
            found += self._scaling_problems(self.scaling)
        return [f"variant {self.name}: {problem}" for problem in found + self._model_problems()]

    def _scaling_problems(self, scaling: Scaling) -> list[str]:
        known = is_known(scaling.maximum) and is_known(self.max_concurrency)
        if known and scaling.maximum > self.max_concurrency:
            return [
                f"scaling maximum: got {scaling.maximum}; allowed is max_concurrency "
                f"({self.max_concurrency}) or less"
            ]
        return []

    def _model_problems(self) -> list[str]:
        """Source: "Serverless Inference", feature exclusions; ContainerDefinition of the API."""
        found = []
        if self.model.network_isolation:
            found.append(
                "model: got one with network isolation, which serverless endpoints do not "
                "support; define it with network_isolation=False"
            )
        if self.model.in_vpc:
            found.append(
                "model: got one in a VPC, which serverless endpoints do not support; define it "
                "without vpc"
            )
        traits = self.model.traits
        if traits.multi_model:
            found.append("model: got a multi-model one, which serverless endpoints do not support")
        if traits.containers > 1:
            found.append(
                f"model: got one of {traits.containers} containers; serverless endpoints do not "
                "support inference pipelines"
            )
        if traits.data_source:
            found.append(
                "model: got one whose data is a folder or of a hub; serverless endpoints load "
                "one archive (.tar.gz)"
            )
        return found

    def render(self) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
        """Returns the ProductionVariant of an endpoint configuration."""
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            variant_name=self.name,
            model_name=self.model.model_name,
            initial_variant_weight=1.0,
            serverless_config=sagemaker.CfnEndpointConfig.ServerlessConfigProperty(
                memory_size_in_mb=self.memory_mb,
                max_concurrency=self.max_concurrency,
                provisioned_concurrency=self._provisioned,
            ),
        )

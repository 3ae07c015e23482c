"""Endpoints with their endpoint configurations."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._content_name import HASH_LENGTH
from mlops_constructs._endpoint_kind import EndpointKind
from mlops_constructs._problems import Problems, is_known
from mlops_constructs._regions import region_problems
from mlops_constructs.hosting._names import name_problems
from mlops_constructs.hosting.rollout._health_alarms import Watched
from mlops_constructs.hosting.rollout.rollout import Rollout
from mlops_constructs.hosting.scaling._scaled_capacity import ScaledResource
from mlops_constructs.hosting.variant.managed_instance_scaling import ManagedInstanceScaling
from mlops_constructs.hosting.variant.real_time_variant import RealTimeVariant
from mlops_constructs.hosting.variant.serverless_variant import ServerlessVariant
from mlops_constructs.hosting.variant.shadow_variant import ShadowVariant
from mlops_constructs.hosting.variant.variant import DEFAULT_VARIANT_NAME

from ._endpoint_parts import EndpointParts
from ._endpoint_problems import endpoint_problems
from .async_inference import AsyncInference
from .data_capture import DataCapture
from .endpoint_base import EndpointBase
from .metrics_config import MetricsConfig

_TYPES = ("AWS::SageMaker::Endpoint", "AWS::SageMaker::EndpointConfig")


class Endpoint(EndpointBase):
    """Defines a SageMaker endpoint and its endpoint configuration.

    The endpoint keeps its name when a model or a setting changes: the configuration is replaced,
    and `rollout` moves the endpoint to the new one. Where a variant scales, its current number of
    instances is kept; weights and data capture always follow the configuration. An asynchronous
    endpoint may have no instances, so each of its rollouts starts with `initial_instance_count`:
    the new model is then really started.

    AWS cannot convert a real-time and an asynchronous endpoint into each other, nor either into a
    serverless one: use another name for the other kind. A serverless endpoint can become a
    real-time one.

    Args:
        variants: 1 to 10 `RealTimeVariant`, or one `ServerlessVariant`, or one
            `ManagedInstanceScaling` for inference components.
        endpoint_name: name of the endpoint, up to 52 letters, digits and hyphens; also the prefix
            of the name of its configuration. Defaults to None: CloudFormation generates both names.
        encryption_key: KMS key of the storage volumes of the instances. Local NVMe disks, which
            types such as `ml.g5` have, are encrypted by their hardware instead. Defaults to None: a
            key of AWS.
        data_capture: capture of requests and responses. Defaults to None: nothing is captured.
        rollout: deployment guardrails of updates. Defaults to None: AWS moves all traffic at once
            and never rolls back.
        asynchronous: queue of requests, with responses in S3. Defaults to None: requests are
            synchronous.
        shadow: second model that receives copies of the requests. Defaults to None: no shadow
            variant.
        metrics: additional metrics and their frequency. Defaults to None: the standard metrics,
            each minute.

    Raises:
        ValueError: every problem of the input, in one message.

    Source: CreateEndpointConfig, CreateEndpoint and UpdateEndpoint of SageMaker's API reference.

    Example:
        ```python
        Endpoint(
            stack,
            "Endpoint",
            endpoint_name="churn-prod",
            variants=[
                RealTimeVariant(
                    model=model,
                    instance_type="ml.m7i.large",
                    scaling=Scaling.target_invocations(per_instance=600, minimum=2, maximum=4),
                )
            ],
            encryption_key=key,
            data_capture=DataCapture.to_bucket(bucket, sampling_percentage=50),
            rollout=Rollout.canary(size=CapacitySize.instances(1)),
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        variants: Sequence[RealTimeVariant | ServerlessVariant | ManagedInstanceScaling],
        endpoint_name: str | None = None,
        encryption_key: kms.IKey | None = None,
        data_capture: DataCapture | None = None,
        rollout: Rollout | None = None,
        asynchronous: AsyncInference | None = None,
        shadow: ShadowVariant | None = None,
        metrics: MetricsConfig | None = None,
    ) -> None:
        super().__init__(scope, construct_id, physical_name=endpoint_name)
        problems = Problems("Endpoint", self)
        problems.extend(name_problems("endpoint_name", endpoint_name, reserve=HASH_LENGTH + 1))
        problems.extend(region_problems(self, *_TYPES))
        parts = EndpointParts(
            variants=tuple(variants),
            shadow=shadow,
            asynchronous=asynchronous,
            data_capture=data_capture,
            encryption_key=encryption_key,
            metrics=metrics,
        )
        named = endpoint_name is not None
        problems.extend(endpoint_problems(parts, named=named, rollout=rollout))
        problems.raise_if_any()

        self._parts = parts
        self.kind = parts.kind
        self.given_name = _known(endpoint_name)
        self.variant_name = variants[0].name
        self.hosts_components = bool(parts.fleets)
        self.fleet_role = parts.fleets[0].role if parts.fleets else None
        self.production_variant_count = len(variants)
        parts.grant_roles(self)
        parts.explain_open_networks()
        parts.explain_local_disks(self)
        config = parts.define_config(self, endpoint_name)
        self._resource = self._define_endpoint(config, endpoint_name, rollout)
        self.endpoint_name = self._get_resource_name_attribute(self._resource.attr_endpoint_name)
        self.endpoint_arn = self._resource.ref
        self._scale()

    @classmethod
    def from_endpoint_name(
        cls,
        scope: Construct,
        construct_id: str,
        endpoint_name: str,
        *,
        variant_name: str = DEFAULT_VARIANT_NAME,
        kind: EndpointKind | None = None,
    ) -> EndpointBase:
        """Imports an endpoint of this account and region.

        Args:
            endpoint_name: name of the endpoint.
            variant_name: variant of metrics that specify none. Defaults to `AllTraffic`.
            kind: kind of the endpoint, so that metrics are checked against those that AWS publishes
                for it. Defaults to None: metrics are not checked, and alarms and dashboards treat
                it as a real-time endpoint.

        Example:
            ```python
            Endpoint.from_endpoint_name(stack, "Churn", "churn-prod").grant_invoke(role)
            ```
        """
        return _ImportedEndpoint(
            scope, construct_id, endpoint_name=endpoint_name, variant_name=variant_name, kind=kind
        )

    def _define_endpoint(
        self,
        config: sagemaker.CfnEndpointConfig,
        endpoint_name: str | None,
        rollout: Rollout | None,
    ) -> sagemaker.CfnEndpoint:
        exclude = sagemaker.CfnEndpoint.VariantPropertyProperty
        excluded = ["DesiredWeight", "DataCaptureConfig"]
        if self._parts.asynchronous is not None:
            # With an empty queue there may be no instances: a new model would then be rolled out
            # and found healthy without having started.
            excluded.append("DesiredInstanceCount")
        scales = any(variant.scaling is not None for variant in self._parts.real_time)
        return sagemaker.CfnEndpoint(
            self,
            "Resource",
            endpoint_name=endpoint_name,
            endpoint_config_name=config.attr_endpoint_config_name,
            deployment_config=self._deployment_config(
                endpoint_name, config.attr_endpoint_config_name, rollout
            ),
            # CloudFormation passes both on to UpdateEndpoint; CreateEndpoint has no such members,
            # so they are without effect at the first deployment. "All" would also keep the weights
            # and the data capture of the configuration before, whatever the new one says.
            retain_all_variant_properties=True if scales else None,
            exclude_retained_variant_properties=[
                exclude(variant_property_type=name) for name in excluded
            ]
            if scales
            else None,
        )

    def _deployment_config(
        self, endpoint_name: str | None, config_name: str, rollout: Rollout | None
    ) -> sagemaker.CfnEndpoint.DeploymentConfigProperty | None:
        if rollout is None:
            return None
        name = endpoint_name or ""
        watched = [
            Watched.variant(endpoint_name=name, variant_name=variant.name, config_name=config_name)
            for variant in self._parts.variants
        ]
        return rollout.render(rollout.rollback.alarm_names(Construct(self, "Rollback"), watched))

    def _scale(self) -> None:
        for variant, scaling, capacity in self._parts.scaled:
            scaling.attach(
                Construct(self, f"Scaling-{variant.name}"),
                ScaledResource.variant(
                    capacity, endpoint_name=self.endpoint_name, variant_name=variant.name
                ),
            )


class _ImportedEndpoint(EndpointBase):
    """An endpoint that another stack or application defines."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        endpoint_name: str,
        variant_name: str,
        kind: EndpointKind | None,
    ) -> None:
        super().__init__(scope, construct_id, physical_name=endpoint_name)
        self.endpoint_name = endpoint_name
        self.variant_name = variant_name
        self.kind = kind
        self.given_name = _known(endpoint_name)
        self.endpoint_arn = cdk.Stack.of(self).format_arn(
            service="sagemaker",
            resource="endpoint",
            # SageMaker writes names in its ARNs in lower case.
            resource_name=endpoint_name.lower() if is_known(endpoint_name) else endpoint_name,
        )


def _known(name: str | None) -> str | None:
    return name if name is not None and is_known(name) else None

"""Parts of an endpoint, and its endpoint configuration."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._content_name import name_by_content
from mlops_constructs._endpoint_kind import EndpointKind
from mlops_constructs._findings import acknowledge, in_security_packs
from mlops_constructs._instance_type import has_local_storage
from mlops_constructs._job_permissions import use_of_volumes
from mlops_constructs._problems import is_known
from mlops_constructs.access import Permission, RolePolicies
from mlops_constructs.hosting._permissions import grant, writing_logs
from mlops_constructs.hosting.model.model import ModelBase
from mlops_constructs.hosting.scaling._scaled_capacity import (
    INSTANCES,
    INSTANCES_BEHIND_QUEUE,
    PROVISIONED_CONCURRENCY,
    ScaledCapacity,
)
from mlops_constructs.hosting.scaling.scaling import Scaling
from mlops_constructs.hosting.variant.managed_instance_scaling import ManagedInstanceScaling
from mlops_constructs.hosting.variant.real_time_variant import RealTimeVariant
from mlops_constructs.hosting.variant.serverless_variant import ServerlessVariant
from mlops_constructs.hosting.variant.shadow_variant import ShadowVariant
from mlops_constructs.hosting.variant.variant import InstanceVariant

from .async_inference import AsyncInference
from .data_capture import DataCapture
from .metrics_config import MetricsConfig

_KEY_RULE = "SageMakerEndpointConfigurationKMSKeyConfigured"

Variant = RealTimeVariant | ServerlessVariant | ManagedInstanceScaling


@dataclass(frozen=True, kw_only=True)
class EndpointParts:
    """Variants, and the features that they share."""

    variants: Sequence[Variant]
    shadow: ShadowVariant | None = None
    asynchronous: AsyncInference | None = None
    data_capture: DataCapture | None = None
    encryption_key: kms.IKey | None = None
    metrics: MetricsConfig | None = None

    @property
    def kind(self) -> EndpointKind:
        """Kind of the endpoint."""
        if self.asynchronous is not None:
            return EndpointKind.ASYNCHRONOUS
        return EndpointKind.SERVERLESS if self.serverless else EndpointKind.REAL_TIME

    @property
    def real_time(self) -> list[RealTimeVariant]:
        return [one for one in self.variants if isinstance(one, RealTimeVariant)]

    @property
    def serverless(self) -> list[ServerlessVariant]:
        return [one for one in self.variants if isinstance(one, ServerlessVariant)]

    @property
    def fleets(self) -> list[ManagedInstanceScaling]:
        return [one for one in self.variants if isinstance(one, ManagedInstanceScaling)]

    @property
    def on_instances(self) -> list[RealTimeVariant | ManagedInstanceScaling | ShadowVariant]:
        shadows = [self.shadow] if self.shadow else []
        return [*self.real_time, *self.fleets, *shadows]

    @property
    def models(self) -> list[ModelBase]:
        """Models of all variants, each once."""
        return list(dict.fromkeys(self._models_by_variant))

    @property
    def scaled(self) -> list[tuple[RealTimeVariant | ServerlessVariant, Scaling, ScaledCapacity]]:
        """Variants that scale, with their scaling and kind of capacity."""
        instances = INSTANCES_BEHIND_QUEUE if self.asynchronous else INSTANCES
        served: list[tuple[RealTimeVariant | ServerlessVariant, ScaledCapacity]] = [
            *((variant, instances) for variant in self.real_time),
            *((variant, PROVISIONED_CONCURRENCY) for variant in self.serverless),
        ]
        return [
            (variant, variant.scaling, capacity)
            for variant, capacity in served
            if variant.scaling is not None
        ]

    def grant_roles(self, scope: Construct) -> None:
        """Lets the execution roles use the resources that the endpoint's features need."""
        roles: list[iam.IRole] = [model.role for model in self.models if model.role is not None]
        roles += [fleet.role for fleet in self.fleets]
        for role in dict.fromkeys(roles):
            if self.data_capture is not None:
                self.data_capture.grant_write(role)
            if self.asynchronous is not None:
                self.asynchronous.grant_use(role)
            if self.encryption_key is not None:
                grant(role, use_of_volumes(self.encryption_key))
        for variant in self.on_instances:
            served_by = (
                variant.role if isinstance(variant, ManagedInstanceScaling) else variant.model.role
            )
            if served_by is not None:
                _grant_options(served_by, variant)
        for fleet in self.fleets:
            # Each component has its own log group, beside that of the endpoint.
            grant(fleet.role, [writing_logs(scope, "InferenceComponents/*")])

    def explain_open_networks(self) -> None:
        """Adds the reason for models without network isolation, for checkov."""
        for variant in self.serverless:
            reason = "Serverless endpoints support no network isolation"
            acknowledge(variant.model, {"CKV_AWS_370": reason})

    def explain_local_disks(self, scope: Construct) -> None:
        """Adds an annotation for disks that `encryption_key` does not encrypt.

        AWS accepts the key for such types, unlike the key of a job.

        Source: KmsKeyId of CreateEndpointConfig in SageMaker's API reference.
        """
        for variant in self.on_instances if self.encryption_key is not None else ():
            instance_type = variant.instance_type
            if is_known(instance_type) and has_local_storage(instance_type):
                cdk.Annotations.of(scope).add_info_v2(
                    f"mlops_constructs:local-disks-{variant.name}",
                    f"variant {variant.name} on {instance_type} keeps data on local NVMe disks: "
                    "their hardware encrypts them, encryption_key the other volumes",
                )

    def define_config(
        self, scope: Construct, endpoint_name: str | None
    ) -> sagemaker.CfnEndpointConfig:
        """Defines the endpoint configuration, named by its content if the endpoint has a name."""
        variants = [variant.render() for variant in self.variants]
        capture = self.data_capture.render() if self.data_capture else None
        key_arn = self.encryption_key.key_arn if self.encryption_key else None
        rest = self._features(scope)
        config = sagemaker.CfnEndpointConfig(
            scope,
            "Config",
            production_variants=variants,
            data_capture_config=capture,
            kms_key_id=key_arn,
            **rest,
        )
        if endpoint_name:
            name_by_content(config, "EndpointConfigName", endpoint_name)
        for fleet in self.fleets:
            # SageMaker uses the role as soon as there are instances: permissions come first.
            policies = RolePolicies(scope, f"RolePolicies-{fleet.name}", role=fleet.role)
            config.node.add_dependency(policies)
        if self.serverless:
            reason = "The key encrypts volumes of instances, which serverless endpoints do not have"
            acknowledge(config, in_security_packs(_KEY_RULE, reason))
        return config

    @property
    def _models_by_variant(self) -> list[ModelBase]:
        served = [one.model for one in self.variants if not isinstance(one, ManagedInstanceScaling)]
        return [*served, *([self.shadow.model] if self.shadow else [])]

    def _features(self, scope: Construct) -> dict[str, Any]:
        """Returns members of the configuration that few endpoints have."""
        found: dict[str, Any] = {}
        if self.shadow is not None:
            weight = self.real_time[0].weight
            found["shadow_production_variants"] = [self.shadow.render(production_weight=weight)]
        if self.metrics is not None:
            found["metrics_config"] = self.metrics.render()
        if self.asynchronous is not None:
            found["async_inference_config"] = self.asynchronous.render()
        for fleet in self.fleets:
            found["execution_role_arn"] = fleet.role.role_arn
            found["enable_network_isolation"] = fleet.network_isolation
            if fleet.placement is not None:
                groups = fleet.placement.security_group_ids(scope)
                fleet.placement.let_join(scope, fleet.role, groups)
                found["vpc_config"] = sagemaker.CfnEndpointConfig.VpcConfigProperty(
                    subnets=fleet.placement.subnet_ids, security_group_ids=groups
                )
        return found


def _grant_options(role: iam.IRole, variant: InstanceVariant) -> None:
    if variant.core_dumps is not None:
        variant.core_dumps.grant_write(role)
    if variant.ssm_access:
        # Source: "Access containers through SSM" of SageMaker's developer guide.
        allowed = Permission(
            actions=[
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
            resources=["*"],
            because="channels of Systems Manager have no ARN",
        )
        grant(role, [allowed])

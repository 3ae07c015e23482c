"""An endpoint: variants of models behind one address."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._content_name import HASH_LENGTH, content_hash
from mlops_constructs._problems import Problems, is_known

from .data_capture import DataCapture
from .endpoint_base import EndpointBase
from .endpoint_problems import endpoint_problems
from .model import name_problems
from .rollout import Rollout
from .scaling import Scaling
from .variant import DEFAULT_VARIANT_NAME, RealTimeVariant, ServerlessVariant


class Endpoint(EndpointBase):
    """Defines a SageMaker endpoint and its configuration.

    The endpoint stays, with its name, when a model or a setting changes: the configuration is
    replaced and the endpoint is moved to the new one by `rollout`. Where a variant scales, the
    number of instances that it has at that moment is kept; weights and data capture always follow
    the configuration.

    A real-time endpoint cannot become serverless, nor the other way round: give it another name.

    Parameters:
        variants: one or more `RealTimeVariant`, or one `ServerlessVariant`.
        endpoint_name: name by which it is called; also the beginning of its configuration's name.
            Left out: CloudFormation names both.
        encryption_key: key of the storage volumes of its instances. Left out: a key of AWS.
        data_capture: copies of requests and answers. Left out: nothing is captured.
        rollout: how it moves to a new configuration. Left out: AWS moves all traffic at once and
            never turns back.

    Raises:
        ValueError: with every problem of the input.

    Source: CreateEndpointConfig, CreateEndpoint and UpdateEndpoint of SageMaker's API reference.

    Example::

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
            rollout=Rollout.canary(size=Capacity.instances(1)),
        )
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        variants: Sequence[RealTimeVariant | ServerlessVariant],
        endpoint_name: str | None = None,
        encryption_key: kms.IKey | None = None,
        data_capture: DataCapture | None = None,
        rollout: Rollout | None = None,
    ) -> None:
        super().__init__(scope, construct_id, physical_name=endpoint_name)
        problems = Problems(f"Endpoint {self.node.path}")
        problems.extend(name_problems("endpoint_name", endpoint_name, reserve=HASH_LENGTH + 1))
        problems.extend(
            endpoint_problems(
                variants,
                named=endpoint_name is not None,
                encrypted=encryption_key is not None,
                data_capture=data_capture,
                rollout=rollout,
            )
        )
        problems.raise_if_any()

        self._variants = tuple(variants)
        self.variant_name = variants[0].name
        self._let_models_write_capture(data_capture)
        config = self._define_config(endpoint_name, encryption_key, data_capture)
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
    ) -> EndpointBase:
        """An endpoint of this account and region that exists already.

        Parameters:
            endpoint_name: its name.
            variant_name: the variant that metrics are about where they name none.

        Example::

            Endpoint.from_endpoint_name(stack, "Churn", "churn-prod").grant_invoke(role)
        """
        imported = EndpointBase(scope, construct_id, physical_name=endpoint_name)
        imported.endpoint_name = endpoint_name
        imported.variant_name = variant_name
        imported.endpoint_arn = cdk.Stack.of(imported).format_arn(
            service="sagemaker",
            resource="endpoint",
            # SageMaker writes names in its ARNs in lower case.
            resource_name=endpoint_name.lower() if is_known(endpoint_name) else endpoint_name,
        )
        return imported

    def _let_models_write_capture(self, data_capture: DataCapture | None) -> None:
        if data_capture is None:
            return
        for model in {variant.model for variant in self._variants}:
            if model.role is not None:
                data_capture.grant_write(model.role)

    def _define_config(
        self,
        endpoint_name: str | None,
        encryption_key: kms.IKey | None,
        data_capture: DataCapture | None,
    ) -> sagemaker.CfnEndpointConfig:
        variants = [variant.render() for variant in self._variants]
        capture = data_capture.render() if data_capture else None
        key_arn = encryption_key.key_arn if encryption_key else None
        models = [variant.model.fingerprint for variant in self._variants]
        # Whatever replaces a configuration has to change its name; a model's name is only a
        # reference in the template, so its content counts by itself.
        fingerprint = content_hash(self, [variants, capture, key_arn, models])
        return sagemaker.CfnEndpointConfig(
            self,
            "Config",
            endpoint_config_name=f"{endpoint_name}-{fingerprint}" if endpoint_name else None,
            production_variants=variants,
            data_capture_config=capture,
            kms_key_id=key_arn,
        )

    def _define_endpoint(
        self,
        config: sagemaker.CfnEndpointConfig,
        endpoint_name: str | None,
        rollout: Rollout | None,
    ) -> sagemaker.CfnEndpoint:
        exclude = sagemaker.CfnEndpoint.VariantPropertyProperty
        scales = any(_scaling_of(variant) for variant in self._variants)
        return sagemaker.CfnEndpoint(
            self,
            "Resource",
            endpoint_name=endpoint_name,
            endpoint_config_name=config.attr_endpoint_config_name,
            deployment_config=self._deployment_config(endpoint_name, rollout),
            # CloudFormation passes both on to UpdateEndpoint; CreateEndpoint has no such members,
            # so they are without effect at the first deployment. "All" would also keep the weights
            # and the data capture of the configuration before, whatever the new one says.
            retain_all_variant_properties=True if scales else None,
            exclude_retained_variant_properties=[
                exclude(variant_property_type="DesiredWeight"),
                exclude(variant_property_type="DataCaptureConfig"),
            ]
            if scales
            else None,
        )

    def _deployment_config(
        self, endpoint_name: str | None, rollout: Rollout | None
    ) -> sagemaker.CfnEndpoint.DeploymentConfigProperty | None:
        if rollout is None:
            return None
        names = rollout.rollback.alarm_names(
            Construct(self, "Rollback"),
            endpoint_name=endpoint_name or "",
            variant_names=[variant.name for variant in self._variants],
        )
        return rollout.render(names)

    def _scale(self) -> None:
        for variant in self._variants:
            scaling = _scaling_of(variant)
            if scaling is not None:
                scaling.attach(
                    Construct(self, f"Scaling-{variant.name}"),
                    endpoint_name=self.endpoint_name,
                    variant_name=variant.name,
                )


def _scaling_of(variant: RealTimeVariant | ServerlessVariant) -> Scaling | None:
    return variant.scaling if isinstance(variant, RealTimeVariant) else None

"""Rules about models, endpoint configurations and their capacity."""

from typing import Any

from ._rule import Finding, Properties, Rule, Template, requires, resources, value_at

_CONFIG = "AWS::SageMaker::EndpointConfig"
_EXPERIMENT = "AWS::SageMaker::InferenceExperiment"
_EXPERIMENT_COUNT = "InfrastructureConfig.RealTimeInferenceConfig.InstanceCount"
_INSTANCE_COUNT = "sagemaker:variant:DesiredInstanceCount"


def _variants(config: Properties) -> list[Properties]:
    return list(config.get("ProductionVariants", []))


def _models_of_serverless_variants(template: Template) -> set[str]:
    """Returns logical ids of models of serverless variants, which support no network settings."""
    return {
        reference
        for _, config in resources(template, _CONFIG)
        for variant in _variants(config)
        if "ServerlessConfig" in variant
        for reference in _references(variant.get("ModelName"))
    }


def _references(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    if "Ref" in value:
        return [value["Ref"]]
    return [value["Fn::GetAtt"][0]] if "Fn::GetAtt" in value else []


def _open_models(template: Template) -> list[Finding]:
    excused = _models_of_serverless_variants(template)
    return [
        (logical_id, "EnableNetworkIsolation")
        for logical_id, properties in resources(template, "AWS::SageMaker::Model")
        if logical_id not in excused
        if not properties.get("EnableNetworkIsolation") and not properties.get("VpcConfig")
    ]


def minimum_instances_rule(minimum: int) -> Rule:
    """Returns the rule that real-time endpoints have a minimum number of instances.

    It does not apply to asynchronous endpoints, which queue requests, serverless ones, which have
    no instances, shadow variants, whose responses are not returned, and inference components, whose
    instances AWS manages.
    """

    def findings(template: Template) -> list[Finding]:
        found = [
            (logical_id, f"ProductionVariants.{index}.InitialInstanceCount")
            for logical_id, config in resources(template, _CONFIG)
            if "AsyncInferenceConfig" not in config
            for index, variant in enumerate(_variants(config))
            if "ServerlessConfig" not in variant and "ManagedInstanceScaling" not in variant
            if _is_below(variant.get("InitialInstanceCount", 1), minimum)
        ]
        found += [
            (logical_id, f"ModelVariants.{index}.{_EXPERIMENT_COUNT}")
            for logical_id, experiment in resources(template, _EXPERIMENT)
            for index, variant in enumerate(experiment.get("ModelVariants", []))
            if variant.get("VariantName")
            == value_at(experiment, "ShadowModeConfig.SourceModelVariantName")
            if _is_below(value_at(variant, _EXPERIMENT_COUNT), minimum)
        ]
        found += [
            (logical_id, "MinCapacity")
            for logical_id, target in resources(
                template, "AWS::ApplicationAutoScaling::ScalableTarget"
            )
            if target.get("ScalableDimension") == _INSTANCE_COUNT
            # An asynchronous variant may scale to zero; no other can.
            if target.get("MinCapacity") != 0 and _is_below(target.get("MinCapacity"), minimum)
        ]
        return found

    return Rule(
        name="MinimumInstances",
        description=f"A real-time endpoint has at least {minimum} instances",
        fix=f"Set initial and minimum instance counts to {minimum} or more",
        findings=findings,
    )


def _is_below(count: Any, minimum: int) -> bool:
    return isinstance(count, int | float) and count < minimum


def _captures_without_key(template: Template) -> list[Finding]:
    of_endpoints = requires(
        _CONFIG, "DataCaptureConfig.KmsKeyId", when="DataCaptureConfig.EnableCapture"
    )
    of_experiments = requires(_EXPERIMENT, "DataStorageConfig.KmsKey", when="DataStorageConfig")
    return [*of_endpoints(template), *of_experiments(template)]


ENDPOINT_RULES = (
    Rule(
        name="ModelNetwork",
        description="Containers of a model have no network, or run in a VPC of the customer",
        fix="Set EnableNetworkIsolation to true, or set VpcConfig",
        findings=_open_models,
    ),
    Rule(
        name="DataCaptureKey",
        description="Captured requests and responses are encrypted with a customer managed key",
        fix="Set DataCaptureConfig.KmsKeyId, or DataStorageConfig.KmsKey of an experiment",
        findings=_captures_without_key,
    ),
    Rule(
        name="AsyncOutputKey",
        description="Responses of asynchronous endpoints are encrypted with a customer managed key",
        fix="Set AsyncInferenceConfig.OutputConfig.KmsKeyId",
        findings=requires(
            _CONFIG, "AsyncInferenceConfig.OutputConfig.KmsKeyId", when="AsyncInferenceConfig"
        ),
    ),
)

"""The rules of endpoint configurations, and the features that exclude each other."""

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError
from rehearsal.services.sagemaker.data_plane import ServedModel

Variant = Mapping[str, Any]
Models = Mapping[str, ServedModel]
"""Models by name."""

_FREQUENCIES = (10, 30, 60, 120, 180, 240, 300)


def check_config(config: Mapping[str, Any], models: Models) -> None:
    """Validates an endpoint configuration.

    Raises:
        AwsError: ValidationException, for the first rule that it breaks.
    """
    production = config["ProductionVariants"]
    shadows = config.get("ShadowProductionVariants", [])
    names = [variant["VariantName"] for variant in (*production, *shadows)]
    if len(set(names)) != len(names):
        raise _invalid(f"Production variant names must be unique; got {', '.join(names)}.")
    for variant in (*production, *shadows):
        _check_capacity(variant)
        _check_managed_scaling(variant)
        _check_routing(variant)
        if "ServerlessConfig" in variant:
            _check_serverless(variant, models)
    _check_components(config)
    _check_together(config, [v["VariantName"] for v in production if "ServerlessConfig" in v])
    if shadows:
        _check_shadow(config, models)
    if "AsyncInferenceConfig" in config:
        _check_asynchronous(config, models)
    frequency = config.get("MetricsConfig", {}).get("MetricPublishFrequencyInSeconds")
    if frequency is not None and frequency not in _FREQUENCIES:
        allowed = ", ".join(map(str, _FREQUENCIES))
        raise _invalid(
            f"MetricPublishFrequencyInSeconds must be one of {allowed}; got {frequency}."
        )
    capture = config.get("DataCaptureConfig")
    if capture and not capture["DestinationS3Uri"].startswith("s3://"):
        raise _invalid(
            f"DestinationS3Uri must start with s3://; got {capture['DestinationS3Uri']}."
        )


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def _check_capacity(variant: Variant) -> None:
    name = variant["VariantName"]
    instances = variant.get("InstanceType") or variant.get("InitialInstanceCount")
    if bool(variant.get("ServerlessConfig")) == bool(instances):
        raise _invalid(
            f"Variant {name} needs either ServerlessConfig, or InstanceType with "
            "InitialInstanceCount; not both."
        )
    if instances and not variant.get("InstanceType"):
        raise _invalid(f"Variant {name} needs both InstanceType and InitialInstanceCount.")
    managed = variant.get("ManagedInstanceScaling", {}).get("Status") == "ENABLED"
    if instances and not variant.get("InitialInstanceCount") and not managed:
        raise _invalid(f"Variant {name} needs both InstanceType and InitialInstanceCount.")


def _check_managed_scaling(variant: Variant) -> None:
    scaling = variant.get("ManagedInstanceScaling")
    if not scaling:
        return
    name = variant["VariantName"]
    if variant.get("ModelName") or "ServerlessConfig" in variant:
        raise _invalid(
            f"ManagedInstanceScaling of variant {name} is for variants that host inference "
            "components: remove ModelName and ServerlessConfig, or scale the variant by "
            "Application Auto Scaling."
        )
    minimum = scaling.get("MinInstanceCount", 1)
    maximum = scaling.get("MaxInstanceCount", max(minimum, 1))
    if minimum > maximum:
        raise _invalid(
            f"MinInstanceCount of variant {name} must be at most MaxInstanceCount ({maximum}); "
            f"got {minimum}."
        )


def _check_routing(variant: Variant) -> None:
    """Validates the members that AWS requires for the routing strategy PREFIX_AWARE.

    Source: PrefixAwareRoutingConfig.
    """
    routing = variant.get("RoutingConfig", {})
    given = routing.get("PrefixAwareRoutingConfig", {})
    name = variant["VariantName"]
    if routing.get("RoutingStrategy") != "PREFIX_AWARE":
        if given:
            raise _invalid(
                f"PrefixAwareRoutingConfig of variant {name} needs RoutingStrategy PREFIX_AWARE."
            )
        return
    missing = [member for member in ("PrefixLength", "ConcurrencyThreshold") if member not in given]
    if missing:
        raise _invalid(
            f"RoutingStrategy PREFIX_AWARE of variant {name} requires {' and '.join(missing)} in "
            "PrefixAwareRoutingConfig."
        )


def _check_serverless(variant: Variant, models: Models) -> None:
    name, config = variant["VariantName"], variant["ServerlessConfig"]
    memory = config["MemorySizeInMB"]
    if memory % 1024:
        raise _invalid(
            f"MemorySizeInMB of variant {name} must be 1024, 2048, 3072, 4096, 5120 or 6144; "
            f"got {memory}."
        )
    provisioned = config.get("ProvisionedConcurrency")
    if provisioned and provisioned > config["MaxConcurrency"]:
        raise _invalid(
            f"ProvisionedConcurrency of variant {name} must be at most MaxConcurrency "
            f"({config['MaxConcurrency']}); got {provisioned}."
        )
    if not variant.get("ModelName"):
        raise _invalid(f"Serverless variant {name} needs a ModelName.")
    model = models[variant["ModelName"]]
    excluded = {
        "a VPC configuration": model.vpc,
        "network isolation": model.isolated,
        "a multi-model container": model.multi_model,
        "an inference pipeline": len(model.containers) > 1,
        "ModelDataSource": model.has_data_source,
    }
    found = [what for what, given in excluded.items() if given]
    if found:
        raise _invalid(
            f"Serverless variant {name} cannot serve model {variant['ModelName']}, which has "
            f"{', '.join(found)}: serverless endpoints do not support it."
        )


def _check_components(config: Mapping[str, Any]) -> None:
    """Checks that all variants have models, or none: those host inference components."""
    variants = config["ProductionVariants"]
    without = [variant["VariantName"] for variant in variants if not variant.get("ModelName")]
    if not without:
        _check_network(config)
        return
    if len(without) != len(variants):
        raise _invalid(
            f"Variants {', '.join(without)} have no ModelName, others have: all variants of an "
            "endpoint host inference components, or none."
        )
    if not config.get("ExecutionRoleArn"):
        raise _invalid(
            f"Variant {without[0]} has no ModelName: an endpoint for inference components needs "
            "ExecutionRoleArn in its configuration."
        )
    for member in ("AsyncInferenceConfig", "ShadowProductionVariants"):
        if config.get(member):
            raise _invalid(f"{member} cannot be used with inference components: give ModelName.")


def _check_network(config: Mapping[str, Any]) -> None:
    """Validates the settings that only inference components use; a model has its own.

    Source: VpcConfig and EnableNetworkIsolation of CreateEndpointConfig.
    """
    for member in ("EnableNetworkIsolation", "VpcConfig"):
        if config.get(member):
            raise _invalid(
                f"{member} is only supported for endpoints with inference components: their "
                "variants have no ModelName. Set it in the model instead."
            )


def _check_together(config: Mapping[str, Any], serverless: Sequence[str]) -> None:
    """Checks the features that serverless variants exclude.

    Source: "Serverless Inference", feature exclusions.
    """
    if not serverless:
        return
    if len(config["ProductionVariants"]) > 1:
        raise _invalid(
            f"Serverless variant {serverless[0]} must be the only variant of its endpoint."
        )
    for member in ("DataCaptureConfig", "AsyncInferenceConfig", "KmsKeyId"):
        if config.get(member):
            raise _invalid(f"{member} is not supported for serverless variant {serverless[0]}.")


def _check_shadow(config: Mapping[str, Any], models: Models) -> None:
    """Checks that there is one variant of each kind, with features that shadow tests support.

    Source: "Shadow tests".
    """
    production, shadows = config["ProductionVariants"], config["ShadowProductionVariants"]
    if len(production) != 1 or len(shadows) != 1:
        raise _invalid(
            "With ShadowProductionVariants give exactly one production and one shadow variant; "
            f"got {len(production)} and {len(shadows)}."
        )
    if "AsyncInferenceConfig" in config:
        raise _invalid("ShadowProductionVariants cannot be used with AsyncInferenceConfig.")
    for variant in (*production, *shadows):
        name = variant["VariantName"]
        if "ServerlessConfig" in variant:
            raise _invalid(f"Shadow variants are not supported with serverless variant {name}.")
        if not variant.get("ModelName"):
            raise _invalid(f"Shadow variant {name} needs a ModelName.")
        model = models[variant["ModelName"]]
        if model.multi_model or len(model.containers) > 1:
            raise _invalid(
                f"Shadow variants are not supported with variant {name}: model "
                f"{variant['ModelName']} is a multi-model or multi-container one."
            )


def _check_asynchronous(config: Mapping[str, Any], models: Models) -> None:
    for variant in config["ProductionVariants"]:
        if models[variant["ModelName"]].multi_model:
            raise _invalid(
                "AsyncInferenceConfig is not supported with multi-model containers "
                f"(model {variant['ModelName']})."
            )
    output = config["AsyncInferenceConfig"]["OutputConfig"]
    for member in ("S3OutputPath", "S3FailurePath"):
        path = output.get(member)
        if path is not None and not path.startswith("s3://"):
            raise _invalid(f"{member} must start with s3://; got {path}.")

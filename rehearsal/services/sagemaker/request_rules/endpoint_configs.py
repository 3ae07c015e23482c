"""Rules of endpoint configurations: capacity of variants, and features that exclude each other."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rehearsal.framework.rules.kinds import choice, matching, rule
from rehearsal.framework.rules.rule import Call, Example

_CREATE = "CreateEndpointConfig"
_ALL = "ProductionVariants[]|ShadowProductionVariants[]"
_SERVERLESS_GUIDE = '"Deploy models with Serverless Inference", feature exclusions'
_SHADOW_GUIDE = '"Shadow variants" in the Developer Guide'
_SERVED = {"ModelName": "churn", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
_SERVERLESS = {
    "ModelName": "churn",
    "ServerlessConfig.MemorySizeInMB": 2048,
    "ServerlessConfig.MaxConcurrency": 5,
}
_HOSTING = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
_ROLE = {"ExecutionRoleArn": "arn:aws:iam::111111111111:role/execution"}
_ASYNC = {"AsyncInferenceConfig.OutputConfig.S3OutputPath": "s3://bucket/out"}
_CAPTURE = {
    "DataCaptureConfig.InitialSamplingPercentage": 100,
    "DataCaptureConfig.DestinationS3Uri": "s3://bucket/capture",
}
_MANY = {"PrimaryContainer": {"Mode": "MultiModel"}}
_ONE = {"DescribeModel": {"PrimaryContainer": {"Image": "churn:1"}}}
_VPC = {"VpcConfig.Subnets[0]": "subnet-1", "VpcConfig.SecurityGroupIds[0]": "sg-1"}


def _config(*variants: Mapping[str, Any], shadows: Any = (), **rest: Any) -> dict[str, Any]:
    found: dict[str, Any] = dict(rest)
    for member, given in (("ProductionVariants", variants), ("ShadowProductionVariants", shadows)):
        for index, variant in enumerate(given):
            found[f"{member}[{index}].VariantName"] = f"{member[0]}{index}"
            found |= {f"{member}[{index}].{name}": value for name, value in variant.items()}
    return found


def _variants(call: Call) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for _, variant in call.values(_ALL):
        yield str(variant.get("VariantName")), variant


def _serverless(call: Call) -> list[str]:
    return [name for name, variant in _variants(call) if variant.get("ServerlessConfig")]


def _hosts_components(call: Call) -> bool:
    """Returns True if the endpoint is one for inference components: no variant has a model."""
    variants = call.get("ProductionVariants") or []
    return not any(one.get("ModelName") or one.get("ServerlessConfig") for one in variants)


def _unique_names(call: Call) -> Iterator[str]:
    names = [name for name, _ in _variants(call)]
    if len(set(names)) != len(names):
        yield f"Production variant names must be unique; got {', '.join(names)}."


def _capacity(call: Call) -> Iterator[str]:
    for name, variant in _variants(call):
        if variant.get("InstancePools"):
            continue
        instances = variant.get("InstanceType") or variant.get("InitialInstanceCount")
        if bool(variant.get("ServerlessConfig")) == bool(instances):
            yield (
                f"Variant {name} needs either ServerlessConfig, or InstanceType with "
                "InitialInstanceCount; not both."
            )


def _instances(call: Call) -> Iterator[str]:
    for name, variant in _variants(call):
        managed = variant.get("ManagedInstanceScaling", {}).get("Status") == "ENABLED"
        kind, count = variant.get("InstanceType"), variant.get("InitialInstanceCount")
        if (kind and not (count or managed)) or (count and not kind):
            yield f"Variant {name} needs both InstanceType and InitialInstanceCount."


def _managed_scaling(call: Call) -> Iterator[str]:
    for name, variant in _variants(call):
        served = variant.get("ModelName") or variant.get("ServerlessConfig")
        if variant.get("ManagedInstanceScaling") and served:
            yield (
                f"ManagedInstanceScaling of variant {name} is for variants that host inference "
                "components: remove ModelName and ServerlessConfig, or scale the variant by "
                "Application Auto Scaling."
            )


def _scaling_bounds(call: Call) -> Iterator[str]:
    for name, variant in _variants(call):
        scaling = variant.get("ManagedInstanceScaling") or {}
        low, high = scaling.get("MinInstanceCount", 1), scaling.get("MaxInstanceCount")
        if high is not None and low > high:
            yield (
                f"MinInstanceCount of variant {name} must be at most MaxInstanceCount ({high}); "
                f"got {low}."
            )


def _prefix_routing(call: Call) -> Iterator[str]:
    for name, variant in _variants(call):
        routing = variant.get("RoutingConfig") or {}
        given = routing.get("PrefixAwareRoutingConfig") or {}
        missing = [one for one in ("PrefixLength", "ConcurrencyThreshold") if one not in given]
        if routing.get("RoutingStrategy") == "PREFIX_AWARE" and missing:
            yield (
                f"RoutingStrategy PREFIX_AWARE of variant {name} requires {' and '.join(missing)} "
                "in PrefixAwareRoutingConfig."
            )


def _prefix_strategy(call: Call) -> Iterator[str]:
    for name, variant in _variants(call):
        routing = variant.get("RoutingConfig") or {}
        other = routing.get("RoutingStrategy") != "PREFIX_AWARE"
        if routing.get("PrefixAwareRoutingConfig") and other:
            yield f"PrefixAwareRoutingConfig of variant {name} needs RoutingStrategy PREFIX_AWARE."


def _memory(call: Call) -> Iterator[str]:
    for name, variant in _variants(call):
        memory = (variant.get("ServerlessConfig") or {}).get("MemorySizeInMB", 0)
        if memory % 1024:
            yield (
                f"MemorySizeInMB of variant {name} must be 1024, 2048, 3072, 4096, 5120 or 6144; "
                f"got {memory}."
            )


def _provisioned(call: Call) -> Iterator[str]:
    for name, variant in _variants(call):
        config = variant.get("ServerlessConfig") or {}
        provisioned, most = config.get("ProvisionedConcurrency", 0), config.get("MaxConcurrency", 0)
        if provisioned > most:
            yield (
                f"ProvisionedConcurrency of variant {name} must be at most MaxConcurrency "
                f"({most}); got {provisioned}."
            )


def _serverless_model(call: Call) -> Iterator[str]:
    for name, variant in _variants(call):
        if variant.get("ServerlessConfig") and not variant.get("ModelName"):
            yield f"Serverless variant {name} needs a ModelName."


def _serverless_alone(call: Call) -> Iterator[str]:
    names = _serverless(call)
    if names and len(call.request["ProductionVariants"]) > 1:
        yield f"Serverless variant {names[0]} must be the only variant of its endpoint."


def _serverless_with(member: str) -> Any:
    def check(call: Call) -> Iterator[str]:
        names = _serverless(call)
        if names and call.get(member):
            yield f"{member} is not supported for serverless variant {names[0]}."

    return check


def _all_or_none(call: Call) -> Iterator[str]:
    variants = call.get("ProductionVariants") or []
    without = [one["VariantName"] for one in variants if not one.get("ModelName")]
    if without and len(without) != len(variants):
        yield (
            f"Variants {', '.join(without)} have no ModelName, others have: all variants of an "
            "endpoint host inference components, or none."
        )


def _component_role(call: Call) -> Iterator[str]:
    if _hosts_components(call) and not call.get("ExecutionRoleArn"):
        name = call.request["ProductionVariants"][0]["VariantName"]
        yield (
            f"Variant {name} has no ModelName: an endpoint for inference components needs "
            "ExecutionRoleArn in its configuration."
        )


def _components_with(member: str) -> Any:
    def check(call: Call) -> Iterator[str]:
        if _hosts_components(call) and call.get(member):
            yield f"{member} cannot be used with inference components: give ModelName."

    return check


def _only_components(member: str) -> Any:
    def check(call: Call) -> Iterator[str]:
        if not _hosts_components(call) and call.get(member):
            yield (
                f"{member} is only supported for endpoints with inference components: their "
                "variants have no ModelName. Set it in the model instead."
            )

    return check


def _models(call: Call) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yields the variants with the names and the descriptions of their models."""
    for name, variant in _variants(call):
        model = variant.get("ModelName")
        found = call.read("DescribeModel", {"ModelName": model}) if model else None
        if model and found:
            yield name, model, found


def containers(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Returns the containers of a described model."""
    return list(model.get("Containers") or [model.get("PrimaryContainer") or {}])


def multi_model(model: Mapping[str, Any]) -> bool:
    """Returns True if a described model has a container of many models."""
    return any(one.get("Mode") == "MultiModel" for one in containers(model))


def has_data_source(model: Mapping[str, Any]) -> bool:
    """Returns True if a container of a described model has ModelDataSource."""
    return any(one.get("ModelDataSource") for one in containers(model))


def _serverless_without(what: str, excluded: Callable[[Mapping[str, Any]], bool]) -> Any:
    def check(call: Call) -> Iterator[str]:
        serverless = _serverless(call)
        for name, model, found in _models(call):
            if name in serverless and excluded(found):
                yield (
                    f"Serverless variant {name} cannot serve model {model}, which has {what}: "
                    "serverless endpoints do not support it."
                )

    return check


def _shadow_containers(call: Call) -> Iterator[str]:
    if call.get("ShadowProductionVariants"):
        for name, model, found in _models(call):
            if multi_model(found) or len(containers(found)) > 1:
                yield (
                    f"Shadow variants are not supported with variant {name}: model {model} is a "
                    "multi-model or multi-container one."
                )


def _async_containers(call: Call) -> Iterator[str]:
    if call.get("AsyncInferenceConfig"):
        for _, model, found in _models(call):
            if multi_model(found):
                yield (
                    f"AsyncInferenceConfig is not supported with multi-model containers (model "
                    f"{model})."
                )


def _one_shadow(call: Call) -> Iterator[str]:
    production = call.get("ProductionVariants") or []
    shadows = call.get("ShadowProductionVariants") or []
    if shadows and (len(production) != 1 or len(shadows) != 1):
        yield (
            "With ShadowProductionVariants give exactly one production and one shadow variant; "
            f"got {len(production)} and {len(shadows)}."
        )


def _shadow_async(call: Call) -> Iterator[str]:
    if call.get("ShadowProductionVariants") and call.get("AsyncInferenceConfig"):
        yield "ShadowProductionVariants cannot be used with AsyncInferenceConfig."


def _shadow_serverless(call: Call) -> Iterator[str]:
    names = _serverless(call)
    if call.get("ShadowProductionVariants") and names:
        yield f"Shadow variants are not supported with serverless variant {names[0]}."


def _shadow_models(call: Call) -> Iterator[str]:
    if call.get("ShadowProductionVariants"):
        for name, variant in _variants(call):
            if not variant.get("ModelName"):
                yield f"Shadow variant {name} needs a ModelName."


RULES = (
    rule(
        "variant-names",
        _CREATE,
        "Names of production and shadow variants are unique.",
        _unique_names,
        source="ProductionVariant, VariantName",
        fails=_config(
            {**_SERVED, "VariantName": "same"}, shadows=({**_SERVED, "VariantName": "same"},)
        ),
        passes=_config(_SERVED, shadows=(_SERVED,)),
    ),
    rule(
        "variant-capacity",
        _CREATE,
        "A variant has either ServerlessConfig or instances.",
        _capacity,
        source="ProductionVariant, ServerlessConfig and InstanceType",
        fails=_config({**_SERVERLESS, **_SERVED}),
        passes=_config(_SERVED),
    ),
    rule(
        "variant-instances",
        _CREATE,
        "A variant with instances has InstanceType and InitialInstanceCount.",
        _instances,
        source="ProductionVariant, InitialInstanceCount",
        fails=_config({"ModelName": "churn", "InstanceType": "ml.m5.large"}),
        passes=_config(_SERVED),
    ),
    rule(
        "managed-scaling-of-components",
        _CREATE,
        "ManagedInstanceScaling is for variants that host inference components.",
        _managed_scaling,
        source="ProductionVariant, ManagedInstanceScaling",
        fails=_config({**_SERVED, "ManagedInstanceScaling.Status": "ENABLED"}),
        passes=_config({**_HOSTING, "ManagedInstanceScaling.Status": "ENABLED"}, **_ROLE),
    ),
    rule(
        "managed-scaling-bounds",
        _CREATE,
        "MinInstanceCount of ManagedInstanceScaling is at most MaxInstanceCount.",
        _scaling_bounds,
        source="ProductionVariantManagedInstanceScaling, MinInstanceCount",
        fails=_config(
            {
                **_HOSTING,
                "ManagedInstanceScaling.MinInstanceCount": 3,
                "ManagedInstanceScaling.MaxInstanceCount": 2,
            },
            **_ROLE,
        ),
        passes=_config(
            {
                **_HOSTING,
                "ManagedInstanceScaling.MinInstanceCount": 2,
                "ManagedInstanceScaling.MaxInstanceCount": 2,
            },
            **_ROLE,
        ),
    ),
    rule(
        "prefix-routing-members",
        _CREATE,
        "RoutingStrategy PREFIX_AWARE requires PrefixLength and ConcurrencyThreshold.",
        _prefix_routing,
        source="PrefixAwareRoutingConfig, PrefixLength",
        fails=_config({**_SERVED, "RoutingConfig.RoutingStrategy": "PREFIX_AWARE"}),
        passes=_config(
            {
                **_SERVED,
                "RoutingConfig.RoutingStrategy": "PREFIX_AWARE",
                "RoutingConfig.PrefixAwareRoutingConfig.PrefixLength": 1024,
                "RoutingConfig.PrefixAwareRoutingConfig.ConcurrencyThreshold": 10,
            }
        ),
    ),
    rule(
        "prefix-routing-strategy",
        _CREATE,
        "PrefixAwareRoutingConfig is specified with RoutingStrategy PREFIX_AWARE only.",
        _prefix_strategy,
        source="ProductionVariantRoutingConfig, PrefixAwareRoutingConfig",
        fails=_config(
            {
                **_SERVED,
                "RoutingConfig.RoutingStrategy": "RANDOM",
                "RoutingConfig.PrefixAwareRoutingConfig.PrefixLength": 1024,
            }
        ),
        passes=_config({**_SERVED, "RoutingConfig.RoutingStrategy": "RANDOM"}),
    ),
    rule(
        "serverless-memory",
        _CREATE,
        "MemorySizeInMB is 1024, 2048, 3072, 4096, 5120 or 6144.",
        _memory,
        source="ProductionVariantServerlessConfig, MemorySizeInMB",
        fails=_config({**_SERVERLESS, "ServerlessConfig.MemorySizeInMB": 1500}),
        passes=_config({**_SERVERLESS, "ServerlessConfig.MemorySizeInMB": 6144}),
    ),
    rule(
        "serverless-provisioned-concurrency",
        _CREATE,
        "ProvisionedConcurrency is at most MaxConcurrency.",
        _provisioned,
        source="ProductionVariantServerlessConfig, ProvisionedConcurrency",
        fails=_config({**_SERVERLESS, "ServerlessConfig.ProvisionedConcurrency": 6}),
        passes=_config({**_SERVERLESS, "ServerlessConfig.ProvisionedConcurrency": 5}),
    ),
    rule(
        "serverless-model",
        _CREATE,
        "A serverless variant has a ModelName.",
        _serverless_model,
        source=_SERVERLESS_GUIDE,
        fails=_config({**_SERVERLESS, "ModelName": None}),
        passes=_config(_SERVERLESS),
    ),
    rule(
        "serverless-alone",
        _CREATE,
        "A serverless variant is the only production variant.",
        _serverless_alone,
        source=_SERVERLESS_GUIDE,
        fails=_config(_SERVERLESS, _SERVED),
        passes=_config(_SERVERLESS),
    ),
    *(
        rule(
            f"serverless-without-{name}",
            _CREATE,
            f"{member} is not supported with a serverless variant.",
            _serverless_with(member),
            source=_SERVERLESS_GUIDE,
            fails=_config(_SERVERLESS, **changes),
            passes=_config(_SERVED, **changes),
        )
        for name, member, changes in (
            ("data-capture", "DataCaptureConfig", _CAPTURE),
            ("async", "AsyncInferenceConfig", _ASYNC),
            ("volume-key", "KmsKeyId", {"KmsKeyId": "alias/key"}),
        )
    ),
    *(
        rule(
            f"serverless-without-{name}",
            _CREATE,
            f"A serverless variant does not serve a model with {what}.",
            _serverless_without(what, excluded),
            source=_SERVERLESS_GUIDE,
            fails=Example(_config(_SERVERLESS), {"DescribeModel": model}),
            passes=Example(_config(_SERVERLESS), _ONE),
        )
        for name, what, excluded, model in (
            (
                "vpc",
                "a VPC configuration",
                lambda model: bool(model.get("VpcConfig")),
                {"VpcConfig": {"Subnets": ["subnet-1"]}},
            ),
            (
                "isolation",
                "network isolation",
                lambda model: bool(model.get("EnableNetworkIsolation")),
                {"EnableNetworkIsolation": True},
            ),
            ("many-models", "a multi-model container", multi_model, _MANY),
            (
                "pipeline",
                "an inference pipeline",
                lambda model: len(containers(model)) > 1,
                {"Containers": [{}, {}]},
            ),
            (
                "data-source",
                "ModelDataSource",
                has_data_source,
                {"PrimaryContainer": {"ModelDataSource": {"S3DataSource": {}}}},
            ),
        )
    ),
    rule(
        "shadow-containers",
        _CREATE,
        "Shadow variants do not serve multi-model or multi-container models.",
        _shadow_containers,
        source=_SHADOW_GUIDE,
        fails=Example(_config(_SERVED, shadows=(_SERVED,)), {"DescribeModel": _MANY}),
        passes=Example(_config(_SERVED, shadows=(_SERVED,)), _ONE),
    ),
    rule(
        "async-containers",
        _CREATE,
        "Asynchronous endpoints do not serve multi-model containers.",
        _async_containers,
        source='"Asynchronous inference" in the Developer Guide',
        fails=Example(_config(_SERVED, **_ASYNC), {"DescribeModel": _MANY}),
        passes=Example(_config(_SERVED, **_ASYNC), _ONE),
    ),
    rule(
        "component-variants",
        _CREATE,
        "All production variants have a ModelName, or none has one.",
        _all_or_none,
        source='"Deploy models with inference components" in the Developer Guide',
        fails=_config(_SERVED, _HOSTING, **_ROLE),
        passes=_config(_HOSTING, _HOSTING, **_ROLE),
    ),
    rule(
        "component-role",
        _CREATE,
        "A configuration for inference components has an ExecutionRoleArn.",
        _component_role,
        source="CreateEndpointConfig, ExecutionRoleArn",
        fails=_config(_HOSTING),
        passes=_config(_HOSTING, **_ROLE),
    ),
    rule(
        "component-without-async",
        _CREATE,
        "AsyncInferenceConfig is not supported for inference components.",
        _components_with("AsyncInferenceConfig"),
        source='"Deploy models with inference components" in the Developer Guide',
        fails=_config(_HOSTING, **_ROLE, **_ASYNC),
        passes=_config(_HOSTING, **_ROLE),
    ),
    rule(
        "component-without-shadows",
        _CREATE,
        "ShadowProductionVariants are not supported for inference components.",
        _components_with("ShadowProductionVariants"),
        source=_SHADOW_GUIDE,
        fails=_config(_HOSTING, shadows=(_SERVED,), **_ROLE),
        passes=_config(_HOSTING, **_ROLE),
    ),
    rule(
        "component-network-isolation",
        _CREATE,
        "EnableNetworkIsolation is supported for endpoints with inference components only.",
        _only_components("EnableNetworkIsolation"),
        source="CreateEndpointConfig, EnableNetworkIsolation",
        fails=_config(_SERVED, EnableNetworkIsolation=True),
        passes=_config(_HOSTING, EnableNetworkIsolation=True, **_ROLE),
    ),
    rule(
        "component-vpc",
        _CREATE,
        "VpcConfig is supported for endpoints with inference components only.",
        _only_components("VpcConfig"),
        source="CreateEndpointConfig, VpcConfig",
        fails=_config(_SERVED, **_VPC),
        passes=_config(_HOSTING, **_VPC, **_ROLE),
    ),
    rule(
        "shadow-number",
        _CREATE,
        "With a shadow variant there is one production variant and one shadow variant.",
        _one_shadow,
        source="CreateEndpointConfig, ShadowProductionVariants",
        fails=_config(_SERVED, _SERVED, shadows=(_SERVED,)),
        passes=_config(_SERVED, shadows=(_SERVED,)),
    ),
    rule(
        "shadow-async",
        _CREATE,
        "Shadow variants are not supported with AsyncInferenceConfig.",
        _shadow_async,
        source=_SHADOW_GUIDE,
        fails=_config(_SERVED, shadows=(_SERVED,), **_ASYNC),
        passes=_config(_SERVED, **_ASYNC),
    ),
    rule(
        "shadow-serverless",
        _CREATE,
        "Shadow variants are not supported with serverless variants.",
        _shadow_serverless,
        source=_SHADOW_GUIDE,
        fails=_config(_SERVERLESS, shadows=(_SERVED,)),
        passes=_config(_SERVED, shadows=(_SERVED,)),
    ),
    rule(
        "shadow-models",
        _CREATE,
        "A shadow variant has a ModelName.",
        _shadow_models,
        source=_SHADOW_GUIDE,
        fails=_config(_SERVED, shadows=({**_SERVED, "ModelName": None},)),
        passes=_config(_SERVED, shadows=(_SERVED,)),
    ),
    choice(
        "metric-frequency",
        _CREATE,
        "MetricsConfig.MetricPublishFrequencyInSeconds",
        (10, 30, 60, 120, 180, 240, 300),
        source="MetricsConfig, MetricPublishFrequencyInSeconds",
        fails=_config(_SERVED, **{"MetricsConfig.MetricPublishFrequencyInSeconds": 20}),
        passes=_config(_SERVED, **{"MetricsConfig.MetricPublishFrequencyInSeconds": 30}),
    ),
    matching(
        "capture-destination",
        _CREATE,
        "DataCaptureConfig.DestinationS3Uri",
        "s3://.+",
        "start with s3://",
        source="DataCaptureConfig, DestinationS3Uri",
        fails=_config(
            _SERVED, **{**_CAPTURE, "DataCaptureConfig.DestinationS3Uri": "https://bucket/capture"}
        ),
        passes=_config(_SERVED, **_CAPTURE),
    ),
    *(
        matching(
            f"async-{name}",
            _CREATE,
            f"AsyncInferenceConfig.OutputConfig.{member}",
            "s3://.+",
            "start with s3://",
            source=f"AsyncInferenceOutputConfig, {member}",
            fails=_config(
                _SERVED, **{f"AsyncInferenceConfig.OutputConfig.{member}": "https://bucket/out"}
            ),
            passes=_config(
                _SERVED, **{f"AsyncInferenceConfig.OutputConfig.{member}": "s3://bucket/out"}
            ),
        )
        for name, member in (("output-path", "S3OutputPath"), ("failure-path", "S3FailurePath"))
    ),
)

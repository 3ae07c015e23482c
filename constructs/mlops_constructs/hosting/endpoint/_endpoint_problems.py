"""Validation of an endpoint as a whole."""

from collections import Counter
from collections.abc import Sequence

from mlops_constructs._instance_type import ignores_rollout
from mlops_constructs._problems import is_known
from mlops_constructs.hosting.model.model import ModelBase
from mlops_constructs.hosting.rollout.rollout import Rollout

from ._endpoint_parts import EndpointParts

_MAX_VARIANTS = 10


def endpoint_problems(parts: EndpointParts, *, named: bool, rollout: Rollout | None) -> list[str]:
    """Validates an endpoint and its parts; returns one message per problem."""
    found = _variant_problems(parts) + _scaling_problems(parts)
    if parts.data_capture is not None:
        found += parts.data_capture.problems()
    if parts.asynchronous is not None:
        found += parts.asynchronous.problems()
    if parts.metrics is not None:
        found += parts.metrics.problems()
    found += _exclusion_problems(parts, rollout)
    if rollout is not None and not parts.fleets:
        found += _rollout_problems(parts, rollout, named=named)
    return found


def _variant_problems(parts: EndpointParts) -> list[str]:
    shadows = [parts.shadow] if parts.shadow else []
    everyone = [*parts.variants, *shadows]
    found = [problem for variant in everyone for problem in variant.problems()]
    if not 1 <= len(parts.variants) <= _MAX_VARIANTS:
        found.append(f"variants: got {len(parts.variants)}; allowed are 1 to {_MAX_VARIANTS}")
    names = Counter(variant.name for variant in everyone)
    found += [
        f"variant {name}: got {count} variants of this name; allowed is one, so give each `name`"
        for name, count in names.items()
        if count > 1
    ]
    weights = [variant.weight for variant in parts.real_time]
    if weights and all(is_known(weight) and weight == 0 for weight in weights):
        found.append("weight: got 0 for every variant; at least one weight must be above 0")
    return found


def _scaling_problems(parts: EndpointParts) -> list[str]:
    found = [
        f"variant {variant.name}: {problem}"
        for variant, scaling, capacity in parts.scaled
        for problem in scaling.problems(capacity)
    ]
    scaled = [variant.scaling is not None for variant in parts.real_time]
    if any(scaled) and not all(scaled):
        # Retaining is a switch of the whole endpoint: counts of unscaled variants would stay too.
        fixed = ", ".join(variant.name for variant in parts.real_time if variant.scaling is None)
        found.append(
            f"scaling: got none for {fixed}, while other variants scale; an update keeps either "
            "all counts or none, so scale each variant, with equal bounds to fix its count"
        )
    return found


def _rollout_problems(parts: EndpointParts, rollout: Rollout, *, named: bool) -> list[str]:
    variants: Sequence[object] = parts.variants
    counts = [variant.instances for variant in parts.real_time if is_known(variant.instances)]
    found = rollout.problems(instances=min(counts, default=None), variants=len(variants))
    if rollout.kind == "ROLLING" and len(variants) > 1:
        found.append(
            f"rollout: got rolling for {len(variants)} variants; allowed is one variant; use "
            "canary, linear or all_at_once"
        )
    found += [
        f"rollout: got variant {variant.name} on {variant.instance_type}; AWS ignores guardrails "
        "on Inf1 and moves all traffic at once; remove rollout, or use Inf2"
        for variant in parts.real_time
        if is_known(variant.instance_type) and ignores_rollout(variant.instance_type)
    ]
    if rollout.rollback.makes_alarms and not named:
        found.append(
            "rollout: alarms of the endpoint require endpoint_name, which their metrics refer to; "
            "give endpoint_name, or Rollback.on_alarms(…)"
        )
    return found


def _exclusion_problems(parts: EndpointParts, rollout: Rollout | None) -> list[str]:
    """Finds combinations of endpoint features that AWS does not support, or ignores."""
    found = []
    if parts.serverless:
        found += _serverless_problems(parts, rollout)
    if parts.asynchronous is not None:
        found += _asynchronous_problems(parts)
    if parts.fleets:
        found += _fleet_problems(parts, rollout)
    if parts.shadow is not None:
        found += _shadow_problems(parts)
    return found


def _serverless_problems(parts: EndpointParts, rollout: Rollout | None) -> list[str]:
    """Finds unsupported features of serverless endpoints.

    Source: "Serverless Inference", feature exclusions; "Deployment guardrails".
    """
    found = []
    if len(parts.variants) > 1:
        found.append(
            f"variants: got {len(parts.variants)}, including a serverless one; allowed is that "
            "variant alone"
        )
    if parts.data_capture is not None:
        found.append(
            "data_capture: serverless endpoints do not support data capture; remove it, or use "
            "RealTimeVariant"
        )
    if parts.metrics is not None:
        found.append(
            "metrics: serverless endpoints have no instances whose metrics can be configured; "
            "remove it"
        )
    if parts.encryption_key is not None:
        found.append(
            "encryption_key: the key encrypts volumes of instances, and serverless endpoints do "
            "not support it; remove it"
        )
    if rollout is not None:
        found.append(
            "rollout: serverless endpoints do not support deployment guardrails; remove it, or use "
            "RealTimeVariant"
        )
    return found


def _asynchronous_problems(parts: EndpointParts) -> list[str]:
    """Finds unsupported features of asynchronous endpoints.

    Source: "Asynchronous inference"; InvokeEndpointAsync, which names no variant or model.
    """
    found = []
    if parts.serverless:
        found.append(
            "asynchronous: cannot be combined with a serverless variant; use RealTimeVariant"
        )
    if parts.fleets:
        found.append(
            "asynchronous: cannot be combined with ManagedInstanceScaling; inference components "
            "serve synchronous requests only; use RealTimeVariant"
        )
    if len(parts.variants) > 1:
        found.append(
            f"asynchronous: got {len(parts.variants)} variants; InvokeEndpointAsync cannot choose "
            "one; allowed is one"
        )
    if parts.data_capture is not None:
        found.append(
            "data_capture: asynchronous endpoints do not support data capture; their requests and "
            "responses are in S3 already; remove it"
        )
    if any(model.traits.multi_model for model in parts.models):
        found.append(
            "asynchronous: got a multi-model container; InvokeEndpointAsync cannot name a model; "
            "use a model of one archive"
        )
    return found


def _fleet_problems(parts: EndpointParts, rollout: Rollout | None) -> list[str]:
    """Finds unsupported features of endpoints with inference components.

    Source: CreateEndpointConfig; ProductionVariant, ManagedInstanceScaling.
    """
    found = []
    if len(parts.variants) > 1:
        found.append(
            f"variants: got {len(parts.variants)}, including a ManagedInstanceScaling; its role "
            "and network apply to the whole endpoint configuration, and AWS rejects managed "
            "instance scaling beside a variant with a model; allowed is that variant alone"
        )
    if rollout is not None:
        found.append(
            "rollout: cannot be combined with ManagedInstanceScaling, which serves no model; give "
            "it to each InferenceComponent"
        )
    return found


def _shadow_problems(parts: EndpointParts) -> list[str]:
    """Finds unsupported features of endpoints with a shadow variant.

    Source: "Shadow tests", exclusions; ShadowProductionVariants of CreateEndpointConfig.
    """
    found = []
    if len(parts.variants) != 1:
        found.append(
            f"shadow: got {len(parts.variants)} production variants; AWS allows one shadow variant "
            "beside one production variant"
        )
    for feature, used in (
        ("a serverless variant", parts.serverless),
        ("ManagedInstanceScaling", parts.fleets),
        ("asynchronous inference", parts.asynchronous),
    ):
        if used:
            found.append(f"shadow: cannot be combined with {feature}; remove one of them")
    machines = [(variant.name, variant.instance_type) for variant in parts.on_instances]
    found += shadow_test_problems(parts.models, machines)
    if any(variant.weight == 0 for variant in parts.real_time):
        found.append("shadow: got a production variant of weight 0; its weight must be above 0")
    return found


def shadow_test_problems(
    models: Sequence[ModelBase], machines: Sequence[tuple[str, str]]
) -> list[str]:
    """Finds models and instance types that shadow tests do not support.

    Args:
        models: models of both variants.
        machines: name and instance type of each variant.

    Source: "Shadow tests", exclusions.
    """
    found = []
    traits = [model.traits for model in models]
    if any(one.multi_model for one in traits):
        found.append("shadow: got a multi-model container, which shadow tests do not support")
    if any(one.containers > 1 for one in traits):
        found.append("shadow: got a model of several containers, which shadow tests do not support")
    found += [
        f"shadow: got variant {name} on {instance_type}; shadow tests do not support Inf1"
        for name, instance_type in machines
        if is_known(instance_type) and ignores_rollout(instance_type)
    ]
    return found

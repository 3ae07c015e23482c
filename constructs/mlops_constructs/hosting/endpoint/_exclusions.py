"""Features of endpoints that AWS does not let meet."""

from collections.abc import Sequence

from mlops_constructs._instance_type import ignores_rollout
from mlops_constructs._problems import is_known
from mlops_constructs.hosting.model.model import ModelBase
from mlops_constructs.hosting.rollout.rollout import Rollout

from ._endpoint_parts import EndpointParts


def exclusion_problems(parts: EndpointParts, rollout: Rollout | None) -> list[str]:
    """What AWS refuses, or silently ignores, when features of an endpoint meet."""
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
    """Source: "Serverless Inference", feature exclusions; "Deployment guardrails"."""
    found = []
    if len(parts.variants) > 1:
        found.append(
            f"variants: got {len(parts.variants)} with a serverless one among them; allowed is "
            "that one alone"
        )
    if parts.data_capture is not None:
        found.append(
            "data_capture: got it for a serverless endpoint, which captures nothing; leave it "
            "out, or use RealTimeVariant"
        )
    if parts.metrics is not None:
        found.append(
            "metrics: got it for a serverless endpoint, which has no instances to tell of; leave "
            "it out"
        )
    if parts.encryption_key is not None:
        found.append(
            "encryption_key: got it for a serverless endpoint; the key encrypts volumes of "
            "instances, and AWS names it among what serverless endpoints do not support; leave it "
            "out"
        )
    if rollout is not None:
        found.append(
            "rollout: got it for a serverless endpoint; guardrails exist for instances only; "
            "leave it out, or use RealTimeVariant"
        )
    return found


def _asynchronous_problems(parts: EndpointParts) -> list[str]:
    """Source: "Asynchronous inference"; InvokeEndpointAsync, which names no variant or model."""
    found = []
    if parts.serverless:
        found.append(
            "asynchronous: got it with a serverless variant; a queue exists for instances only; "
            "use RealTimeVariant"
        )
    if parts.fleets:
        found.append(
            "asynchronous: got it with a ManagedFleet; inference components answer at once only; "
            "use RealTimeVariant"
        )
    if len(parts.variants) > 1:
        found.append(
            f"asynchronous: got {len(parts.variants)} variants; InvokeEndpointAsync cannot choose "
            "one; allowed is one"
        )
    if parts.data_capture is not None:
        found.append(
            "data_capture: got it for an asynchronous endpoint, which captures nothing; requests "
            "and answers are in S3 already, so leave it out"
        )
    if any(model.traits.multi_model for model in parts.models):
        found.append(
            "asynchronous: got a multi-model container; InvokeEndpointAsync cannot name a model; "
            "use a model of one archive"
        )
    return found


def _fleet_problems(parts: EndpointParts, rollout: Rollout | None) -> list[str]:
    """Source: CreateEndpointConfig; ProductionVariant, ManagedInstanceScaling."""
    found = []
    if len(parts.variants) > 1:
        found.append(
            f"variants: got {len(parts.variants)} with a ManagedFleet among them; its role and "
            "network are the whole configuration's, and managed scaling is refused beside a "
            "variant with a model; allowed is that fleet alone"
        )
    if rollout is not None:
        found.append(
            "rollout: got it for a ManagedFleet, which serves no model; give it to each "
            "InferenceComponent"
        )
    return found


def _shadow_problems(parts: EndpointParts) -> list[str]:
    """Source: "Shadow tests", exclusions; ShadowProductionVariants of CreateEndpointConfig."""
    found = []
    if len(parts.variants) != 1:
        found.append(
            f"shadow: got it with {len(parts.variants)} production variants; AWS allows one shadow "
            "variant beside one production variant"
        )
    for feature, used in (
        ("a serverless variant", parts.serverless),
        ("a ManagedFleet", parts.fleets),
        ("asynchronous inference", parts.asynchronous),
    ):
        if used:
            found.append(f"shadow: got it with {feature}, which AWS excludes; leave out either")
    machines = [(variant.name, variant.instance_type) for variant in parts.on_instances]
    found += shadow_test_problems(parts.models, machines)
    if any(variant.weight == 0 for variant in parts.real_time):
        found.append("shadow: got a production variant of weight 0; its weight must be above 0")
    return found


def shadow_test_problems(
    models: Sequence[ModelBase], machines: Sequence[tuple[str, str]]
) -> list[str]:
    """What AWS excludes from shadow tests of either kind.

    Args:
        models: those of both variants.
        machines: the name of each variant, and its instance type.

    Source: "Shadow tests", exclusions.
    """
    found = []
    traits = [model.traits for model in models]
    if any(one.multi_model for one in traits):
        found.append("shadow: got a multi-model container, which AWS excludes from shadow tests")
    if any(one.containers > 1 for one in traits):
        found.append(
            "shadow: got a model of several containers, which AWS excludes from shadow tests"
        )
    found += [
        f"shadow: got variant {name} on {instance_type}; AWS excludes Inf1 from shadow tests"
        for name, instance_type in machines
        if is_known(instance_type) and ignores_rollout(instance_type)
    ]
    return found

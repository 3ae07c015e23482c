"""What AWS refuses of an endpoint as a whole."""

from collections import Counter
from collections.abc import Sequence

from mlops_constructs._instance_type import ignores_rollout
from mlops_constructs._problems import is_known
from mlops_constructs.hosting.rollout.rollout import Rollout

from ._endpoint_parts import EndpointParts
from ._exclusions import exclusion_problems

_MOST_VARIANTS = 10


def endpoint_problems(parts: EndpointParts, *, named: bool, rollout: Rollout | None) -> list[str]:
    """Every problem of an endpoint, those of its parts included."""
    found = _variant_problems(parts) + _scaling_problems(parts)
    if parts.data_capture is not None:
        found += parts.data_capture.problems()
    if parts.asynchronous is not None:
        found += parts.asynchronous.problems()
    if parts.metrics is not None:
        found += parts.metrics.problems()
    found += exclusion_problems(parts, rollout)
    if rollout is not None and not parts.fleets:
        found += _rollout_problems(parts, rollout, named=named)
    return found


def _variant_problems(parts: EndpointParts) -> list[str]:
    shadows = [parts.shadow] if parts.shadow else []
    everyone = [*parts.variants, *shadows]
    found = [problem for variant in everyone for problem in variant.problems()]
    if not 1 <= len(parts.variants) <= _MOST_VARIANTS:
        found.append(f"variants: got {len(parts.variants)}; allowed are 1 to {_MOST_VARIANTS}")
    names = Counter(variant.name for variant in everyone)
    found += [
        f"variant {name}: got {count} variants of this name; allowed is one, so give each `name`"
        for name, count in names.items()
        if count > 1
    ]
    weights = [variant.weight for variant in parts.real_time]
    if weights and all(is_known(weight) and weight == 0 for weight in weights):
        found.append("weight: got 0 for every variant; allowed is one above 0 at least")
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
        f"rollout: got it with variant {variant.name} on {variant.instance_type}; AWS ignores "
        "guardrails on Inf1 and moves all traffic at once; leave rollout out, or use Inf2"
        for variant in parts.real_time
        if is_known(variant.instance_type) and ignores_rollout(variant.instance_type)
    ]
    if rollout.rollback.makes_alarms and not named:
        found.append(
            "rollout: got alarms that the endpoint makes, but no endpoint_name for them to watch; "
            "give endpoint_name, or Rollback.on_alarms(…)"
        )
    return found

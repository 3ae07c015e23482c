"""What AWS refuses, or silently ignores, when features of an endpoint meet."""

from collections import Counter
from collections.abc import Sequence

from mlops_constructs._problems import is_known

from .data_capture import DataCapture
from .instance_type import has_local_storage, ignores_rollout
from .rollout import Rollout
from .variant import RealTimeVariant, ServerlessVariant

_MOST_VARIANTS = 10

Variants = Sequence[RealTimeVariant | ServerlessVariant]


def endpoint_problems(
    variants: Variants,
    *,
    named: bool,
    encrypted: bool,
    data_capture: DataCapture | None,
    rollout: Rollout | None,
) -> list[str]:
    """Every problem of an endpoint, those of its parts included."""
    found = _variant_problems(variants)
    if data_capture is not None:
        found += data_capture.problems()
    if any(isinstance(variant, ServerlessVariant) for variant in variants):
        found += _serverless_problems(variants, data_capture, rollout)
    if encrypted:
        found += _encryption_problems(variants)
    if rollout is not None:
        found += _rollout_problems(variants, rollout, named=named)
    return found


def _variant_problems(variants: Variants) -> list[str]:
    found = [problem for variant in variants for problem in variant.problems()]
    if not 1 <= len(variants) <= _MOST_VARIANTS:
        found.append(f"variants: got {len(variants)}; allowed are 1 to {_MOST_VARIANTS}")
    names = Counter(variant.name for variant in variants)
    found += [
        f"variant {name}: got {count} variants of this name; allowed is one, so give each `name`"
        for name, count in names.items()
        if count > 1
    ]
    real_time = [variant for variant in variants if isinstance(variant, RealTimeVariant)]
    weights = [variant.weight for variant in real_time]
    if weights and all(is_known(weight) and weight == 0 for weight in weights):
        found.append("weight: got 0 for every variant; allowed is one above 0 at least")
    scaled = [variant.scaling is not None for variant in real_time]
    if any(scaled) and not all(scaled):
        # Retaining is a switch of the whole endpoint: counts of unscaled variants would stay too.
        fixed = ", ".join(variant.name for variant in real_time if variant.scaling is None)
        found.append(
            f"scaling: got none for {fixed}, while other variants scale; an update keeps either "
            "all counts or none, so scale each variant, with equal bounds to fix its count"
        )
    return found


def _serverless_problems(
    variants: Variants, data_capture: DataCapture | None, rollout: Rollout | None
) -> list[str]:
    """Source: "Serverless Inference", feature exclusions; "Deployment guardrails"."""
    found = []
    if len(variants) > 1:
        found.append(
            f"variants: got {len(variants)} with a serverless one among them; allowed is that one "
            "alone"
        )
    if data_capture is not None:
        found.append(
            "data_capture: got it for a serverless endpoint, which captures nothing; leave it "
            "out, or use RealTimeVariant"
        )
    if rollout is not None:
        found.append(
            "rollout: got it for a serverless endpoint; guardrails exist for instances only; "
            "leave it out, or use RealTimeVariant"
        )
    return found


def _encryption_problems(variants: Variants) -> list[str]:
    return [
        f"encryption_key: got it with variant {variant.name} on {variant.instance_type}, which "
        "keeps data on local NVMe disks that the key cannot encrypt (their hardware does); leave "
        "the key out, or use a type without local disks"
        for variant in variants
        if isinstance(variant, RealTimeVariant)
        if is_known(variant.instance_type) and has_local_storage(variant.instance_type)
    ]


def _rollout_problems(variants: Variants, rollout: Rollout, *, named: bool) -> list[str]:
    real_time = [variant for variant in variants if isinstance(variant, RealTimeVariant)]
    counts = [variant.instances for variant in real_time if is_known(variant.instances)]
    found = rollout.problems(instances=min(counts, default=None), variants=len(variants))
    if rollout.kind == "ROLLING" and len(variants) > 1:
        found.append(
            f"rollout: got rolling for {len(variants)} variants; allowed is one variant; use "
            "canary, linear or all_at_once"
        )
    found += [
        f"rollout: got it with variant {variant.name} on {variant.instance_type}; AWS ignores "
        "guardrails on Inf1 and moves all traffic at once; leave rollout out, or use Inf2"
        for variant in real_time
        if is_known(variant.instance_type) and ignores_rollout(variant.instance_type)
    ]
    if rollout.rollback.makes_alarms and not named:
        found.append(
            "rollout: got alarms that the endpoint makes, but no endpoint_name for them to watch; "
            "give endpoint_name, or Rollback.on_alarms(…)"
        )
    return found

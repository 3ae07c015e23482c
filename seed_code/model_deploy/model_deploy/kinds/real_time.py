"""Real-time endpoints, with a second or a shadow variant."""

import aws_cdk as cdk
from mlops_constructs.hosting import (
    DataCapture,
    Endpoint,
    RealTimeVariant,
    Scaling,
    ShadowVariant,
)

from model_deploy import settings

from .rollouts import rollout_of
from .stage_resources import StageResources

SECOND, SHADOW = "Second", "Shadow"
"""Names of the variants beside the first one."""


def real_time_endpoint(resources: StageResources, stage: settings.RealTime) -> Endpoint:
    """Defines a real-time endpoint.

    Args:
        resources: resources of the stage.
        stage: its settings.

    Raises:
        ValueError: containers would have access to a network that is not the project's.
    """
    if not stage.network_isolation and resources.network is None:
        raise ValueError(
            "network_isolation: got false in a project without a network; allowed: true. Ask the "
            "platform's engineers for `network: true` of the project, or use kind: serverless"
        )
    return Endpoint(
        resources.stack,
        "Endpoint",
        endpoint_name=resources.name,
        variants=_variants(resources, stage),
        shadow=_shadow(resources, stage),
        encryption_key=resources.key if stage.encrypt_volumes else None,
        data_capture=_data_capture(resources, stage.capture),
        rollout=rollout_of(stage.rollout),
    )


def _variants(resources: StageResources, stage: settings.RealTime) -> list[RealTimeVariant]:
    second = stage.second_variant
    first = RealTimeVariant(
        model=resources.model("Model", stage.version, isolated=stage.network_isolation),
        instance_type=stage.instance_type,
        initial_instance_count=stage.instance_count,
        scaling=_scaling(stage.scaling),
        weight=1 if second is None else 100 - second.percentage,
    )
    if second is None:
        return [first]
    count = second.instance_count or _first_count(stage)
    return [
        first,
        RealTimeVariant(
            name=SECOND,
            model=resources.model("SecondModel", second.version, isolated=stage.network_isolation),
            instance_type=second.instance_type or stage.instance_type,
            initial_instance_count=count,
            # An endpoint keeps the current numbers of all variants or of none, so a variant with a
            # fixed number has equal bounds beside one that scales.
            scaling=_scaling(stage.scaling, fixed=count),
            weight=second.percentage,
        ),
    ]


def _shadow(resources: StageResources, stage: settings.RealTime) -> ShadowVariant | None:
    shadow = stage.shadow
    if shadow is None:
        return None
    return ShadowVariant(
        name=SHADOW,
        model=resources.model("ShadowModel", shadow.version, isolated=stage.network_isolation),
        instance_type=shadow.instance_type or stage.instance_type,
        instance_count=shadow.instance_count or _first_count(stage),
        percentage=shadow.percentage,
    )


def _first_count(stage: settings.RealTime) -> int:
    return stage.instance_count or (stage.scaling.minimum if stage.scaling else 1)


def _data_capture(
    resources: StageResources, capture: settings.Capture | None
) -> DataCapture | None:
    if capture is None:
        return None
    return DataCapture.to_bucket(
        resources.bucket,
        prefix=capture.prefix,
        sampling_percentage=capture.sampling_percentage,
        encryption_key=resources.key,
    )


def _scaling(scaling: settings.Scaling | None, *, fixed: int | None = None) -> Scaling | None:
    if scaling is None:
        return None
    return Scaling.target_invocations(
        per_instance=scaling.invocations_per_instance,
        minimum=fixed or scaling.minimum,
        maximum=fixed or scaling.maximum,
        scale_in_cooldown=cdk.Duration.seconds(scaling.scale_in_cooldown_seconds),
        scale_out_cooldown=cdk.Duration.seconds(scaling.scale_out_cooldown_seconds),
    )

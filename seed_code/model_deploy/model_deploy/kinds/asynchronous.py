"""Asynchronous endpoints."""

import aws_cdk as cdk
from mlops_constructs.hosting import (
    AsyncInference,
    Endpoint,
    RealTimeVariant,
    Scaling,
    ScalingPolicy,
)

from model_deploy import settings

from .rollouts import rollout_of
from .stage_resources import StageResources


def asynchronous_endpoint(resources: StageResources, stage: settings.Asynchronous) -> Endpoint:
    """Defines an endpoint whose requests and responses are objects of the bucket of the stage.

    Args:
        resources: resources of the stage.
        stage: its settings.
    """
    return Endpoint(
        resources.stack,
        "Endpoint",
        endpoint_name=resources.name,
        variants=[
            RealTimeVariant(
                model=resources.model("Model", stage.version),
                instance_type=stage.instance_type,
                initial_instance_count=stage.instance_count,
                scaling=_scaling(stage.scaling),
            )
        ],
        asynchronous=AsyncInference.to_bucket(
            resources.bucket,
            prefix=f"async/responses/{resources.stage}",
            failure_prefix=f"async/failures/{resources.stage}",
            input_prefix=f"async/requests/{resources.stage}",
            encryption_key=resources.key,
            max_concurrent_invocations=stage.max_concurrent_invocations,
        ),
        encryption_key=resources.key if stage.encrypt_volumes else None,
        rollout=rollout_of(stage.rollout),
    )


def _scaling(scaling: settings.BacklogScaling | None) -> Scaling | None:
    if scaling is None:
        return None
    return Scaling.between(
        scaling.minimum,
        scaling.maximum,
        ScalingPolicy.target_backlog(
            scaling.backlog_per_instance,
            scale_in_cooldown=cdk.Duration.seconds(scaling.scale_in_cooldown_seconds),
            scale_out_cooldown=cdk.Duration.seconds(scaling.scale_out_cooldown_seconds),
        ),
    )

"""Inference components, which scale to zero."""

import aws_cdk as cdk
from mlops_constructs.hosting import (
    ComputeResourceRequirements,
    Endpoint,
    InferenceComponent,
    ManagedInstanceScaling,
    Scaling,
    ScalingPolicy,
)

from model_deploy import settings

from .rollouts import rollout_of
from .stage_resources import StageResources


def component_endpoint(resources: StageResources, stage: settings.Component) -> Endpoint:
    """Defines an endpoint with one inference component, which has the name of the endpoint.

    Args:
        resources: resources of the stage.
        stage: its settings.
    """
    endpoint = Endpoint(
        resources.stack,
        "Endpoint",
        endpoint_name=resources.name,
        variants=[
            ManagedInstanceScaling(
                instance_type=stage.instance_type,
                role=resources.model_role,
                minimum=stage.instances.minimum,
                maximum=stage.instances.maximum,
                placement=resources.placement,
            )
        ],
        encryption_key=resources.key if stage.encrypt_volumes else None,
    )
    InferenceComponent(
        resources.stack,
        "Component",
        endpoint=endpoint,
        inference_component_name=resources.name,
        model=resources.model("Model", stage.version),
        compute=ComputeResourceRequirements(
            minimum_memory_mb=stage.compute.memory_mb,
            cpu_cores=stage.compute.cpu_cores,
            accelerators=stage.compute.accelerators,
        ),
        scaling=_scaling(stage.scaling),
        rollout=rollout_of(stage.rollout),
    )
    return endpoint


def _scaling(scaling: settings.CopyScaling | None) -> Scaling | None:
    if scaling is None:
        return None
    return Scaling.between(
        scaling.minimum,
        scaling.maximum,
        ScalingPolicy.target_concurrency(
            scaling.concurrency_per_copy,
            scale_in_cooldown=cdk.Duration.seconds(scaling.scale_in_cooldown_seconds),
            scale_out_cooldown=cdk.Duration.seconds(scaling.scale_out_cooldown_seconds),
        ),
    )

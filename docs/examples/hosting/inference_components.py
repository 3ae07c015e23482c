"""Two models that share instances, which scale to zero while idle.

For several models that would each underuse an instance. Each is an inference component with its own
resources, scaling and rollout. Without copies there are no instances; the first request fails and
starts a scale-out, which takes minutes.
"""

from typing import Any

import aws_cdk as cdk
from churn_model import churn_model
from constructs import Construct
from stores import Stores

from mlops_constructs.access import ModelExecutionRole
from mlops_constructs.hosting import (
    CapacitySize,
    ComputeResourceRequirements,
    Endpoint,
    InferenceComponent,
    ManagedInstanceScaling,
    Model,
    Rollback,
    Rollout,
    Scaling,
    ScalingPolicy,
    SchedulingConfig,
)


class InferenceComponents(cdk.Stack):
    """Defines the endpoint `inference-components` with the components `churn` and `upsell`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        role = ModelExecutionRole(
            self,
            "Role",
            image_repository=stores.repository,
            model_data_bucket=stores.bucket,
            encryption_keys=[stores.key],
        )
        fleet = ManagedInstanceScaling(
            instance_type="ml.m7i.xlarge", role=role, minimum=0, maximum=3
        )
        endpoint = Endpoint(
            self,
            "Endpoint",
            endpoint_name="inference-components",
            variants=[fleet],
            encryption_key=stores.key,
        )
        source = churn_model(stores)
        for name in ("churn", "upsell"):
            component = InferenceComponent(
                self,
                name.capitalize(),
                endpoint=endpoint,
                model=Model(self, f"{name.capitalize()}Model", source=source, role=role),
                inference_component_name=f"inference-components-{name}",
                compute=ComputeResourceRequirements(minimum_memory_mb=1024, cpu_cores=1),
                placement=SchedulingConfig.spread(),
                cache_artifacts=True,
                scaling=Scaling.between(0, 4, ScalingPolicy.target_concurrency(5)),
                rollout=Rollout.rolling(
                    batch=CapacitySize.percent(50),
                    rollback=Rollback.on_health(notify=stores.topic),
                ),
            )
            cdk.CfnOutput(
                self, f"{name.capitalize()}Component", value=component.inference_component_name
            )
        cdk.CfnOutput(self, "EndpointName", value=endpoint.endpoint_name)

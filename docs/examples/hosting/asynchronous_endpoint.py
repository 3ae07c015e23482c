"""An asynchronous endpoint that scales to zero while its queue is empty.

For large requests, slow models, or work that is not urgent: callers upload a request to S3 and
immediately get the location of the response. Without requests there are no instances; the first
queued request starts one.
"""

from typing import Any

import aws_cdk as cdk
from churn_model import churn_model
from constructs import Construct
from stores import Stores

from mlops_constructs.hosting import (
    AsyncInference,
    Endpoint,
    Model,
    RealTimeVariant,
    Rollback,
    Rollout,
    Scaling,
    ScalingPolicy,
)


class AsynchronousEndpoint(cdk.Stack):
    """Defines the endpoint `asynchronous-endpoint`."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        model = Model(
            self,
            "Model",
            source=churn_model(stores),
        )
        endpoint = Endpoint(
            self,
            "Endpoint",
            endpoint_name="asynchronous-endpoint",
            variants=[
                RealTimeVariant(
                    model=model,
                    instance_type="ml.m7i.large",
                    scaling=Scaling.between(0, 3, ScalingPolicy.target_backlog(5)),
                )
            ],
            encryption_key=stores.key,
            asynchronous=AsyncInference.to_bucket(
                stores.bucket,
                prefix="asynchronous-endpoint/answers",
                failure_prefix="asynchronous-endpoint/failures",
                input_prefix="asynchronous-endpoint/requests",
                success_topic=stores.topic,
                error_topic=stores.topic,
                include_response_in=[stores.topic],
                max_concurrent_invocations=4,
            ),
            rollout=Rollout.all_at_once(rollback=Rollback.on_health(notify=stores.topic)),
        )
        cdk.CfnOutput(self, "EndpointName", value=endpoint.endpoint_name)
        cdk.CfnOutput(self, "RequestPrefix", value="asynchronous-endpoint/requests")

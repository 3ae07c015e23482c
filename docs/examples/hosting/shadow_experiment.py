"""A shadow test with a start and an end.

For a candidate that is tested for two weeks: SageMaker copies half of the requests to it, compares
its metrics with those of the production variant, and restores the endpoint at the end.
"""

from typing import Any

import aws_cdk as cdk
from churn_model import churn_model
from constructs import Construct
from stores import Stores

from mlops_constructs.hosting import (
    DataCapture,
    Endpoint,
    ExperimentSchedule,
    ExperimentVariant,
    InferenceExperiment,
    Model,
    ModelSource,
    RealTimeVariant,
)

# Available in every region that supports experiments.
INSTANCE_TYPE = "ml.m5.large"


class ShadowExperiment(cdk.Stack):
    """Defines the endpoint `shadow-experiment` and an experiment on it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stores: Stores, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        image = ModelSource.from_image(stores.repository, tag_or_digest="1")
        model = Model(self, "Model", source=image)
        endpoint = Endpoint(
            self,
            "Endpoint",
            endpoint_name="shadow-experiment",
            variants=[
                RealTimeVariant(model=model, instance_type=INSTANCE_TYPE, initial_instance_count=2)
            ],
            encryption_key=stores.key,
        )
        experiment = InferenceExperiment(
            self,
            "Experiment",
            endpoint=endpoint,
            production=ExperimentVariant(
                model=model, instance_type=INSTANCE_TYPE, instance_count=2
            ),
            shadow=ExperimentVariant(
                model=Model(self, "Candidate", source=churn_model(stores)),
                instance_type=INSTANCE_TYPE,
            ),
            sampling_percentage=50,
            schedule=ExperimentSchedule(
                start="2027-01-11T08:00:00Z", duration=cdk.Duration.days(14)
            ),
            data_capture=DataCapture.to_bucket(stores.bucket, prefix="shadow-experiment/capture"),
            encryption_key=stores.key,
            name_prefix="shadow-experiment",
        )
        cdk.CfnOutput(self, "ExperimentName", value=experiment.inference_experiment_name)

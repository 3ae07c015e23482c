"""TensorFlow by AWS's images, with the SageMaker SDK 3."""

import json

from notebook_reports import (  # type: ignore[import-not-found]
    report,
    table,
    write_csv,
)
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant
from sagemaker.train.configs import Compute, InputData, SourceCode
from sagemaker.train.model_trainer import ModelTrainer

session = Session()
role = get_execution_role()
bucket = session.default_bucket()
train = session.upload_data(write_csv("train.csv", table()), bucket=bucket, key_prefix="v3-tf")


def image(scope: str) -> str:
    """Returns the URI of AWS's image."""
    found: str = image_uris.retrieve(
        "tensorflow",
        "us-east-1",
        version="2.19.0",
        image_scope=scope,
        instance_type="ml.m5.large",
    )
    return found


trainer = ModelTrainer(
    training_image=image("training"),
    source_code=SourceCode(source_dir="code", entry_script="train_tensorflow.py"),
    compute=Compute(instance_type="ml.m5.large", instance_count=1),
    hyperparameters={"epochs": 5},
    base_job_name="tensorflow",
)
trainer.train(input_data_config=[InputData(channel_name="train", data_source=train)])
job = trainer._latest_training_job
report(training=job.training_job_status)

container = ContainerDefinition(
    image=image("inference"), model_data_url=job.model_artifacts.s3_model_artifacts
)
Model.create(model_name="v3-tf", primary_container=container, execution_role_arn=role)
variant = ProductionVariant(
    variant_name="all", model_name="v3-tf", initial_instance_count=1, instance_type="ml.m5.large"
)
EndpointConfig.create(endpoint_config_name="v3-tf", production_variants=[variant])
endpoint = Endpoint.create(endpoint_name="v3-tf", endpoint_config_name="v3-tf")
endpoint.wait_for_status("InService")
body = json.dumps({"instances": [[2.0, 2.0, 0.0, 0.0], [-2.0, -2.0, 0.0, 0.0]]})
response = endpoint.invoke(body=body, content_type="application/json").body.read()
report(predictions=json.loads(response)["predictions"])

"""The SageMaker SDK 3 with its defaults: a notebook's usual steps."""

from notebook_reports import (  # type: ignore[import-not-found]
    report,
    table,
    write_csv,
)
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session, get_execution_role
from sagemaker.core.processing import ScriptProcessor
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import (
    ContainerDefinition,
    ProcessingInput,
    ProcessingOutput,
    ProcessingS3Input,
    ProcessingS3Output,
    ProductionVariant,
)
from sagemaker.train.configs import Compute, InputData, SourceCode
from sagemaker.train.model_trainer import ModelTrainer

session = Session()
role = get_execution_role()
bucket = session.default_bucket()
report(role=role, bucket=bucket)

train = session.upload_data(write_csv("train.csv", table()), bucket=bucket, key_prefix="v3")
xgboost = image_uris.retrieve("xgboost", "us-east-1", version="3.0-5")
sklearn = image_uris.retrieve("sklearn", "us-east-1", version="1.2-1")
compute = Compute(instance_type="ml.m5.large", instance_count=1)

trainer = ModelTrainer(
    training_image=sklearn,
    source_code=SourceCode(source_dir="code", entry_script="train.py"),
    compute=compute,
    hyperparameters={"regularisation": 0.5, "verbose": True},
    base_job_name="script",
)
trainer.train(input_data_config=[InputData(channel_name="train", data_source=train)])
report(script=trainer._latest_training_job.training_job_status)

trainer = ModelTrainer(
    training_image=xgboost,
    compute=compute,
    hyperparameters={"objective": "binary:logistic", "num_round": 5},
    base_job_name="built-in",
)
channel = InputData(channel_name="train", data_source=train, content_type="text/csv")
trainer.train(input_data_config=[channel])
job = trainer._latest_training_job
report(built_in=job.training_job_status)

container = ContainerDefinition(
    image=xgboost, model_data_url=job.model_artifacts.s3_model_artifacts
)
Model.create(model_name="v3", primary_container=container, execution_role_arn=role)
variant = ProductionVariant(
    variant_name="all", model_name="v3", initial_instance_count=1, instance_type="ml.m5.large"
)
EndpointConfig.create(endpoint_config_name="v3", production_variants=[variant])
endpoint = Endpoint.create(endpoint_name="v3", endpoint_config_name="v3")
endpoint.wait_for_status("InService")
predictions = [
    endpoint.invoke(body="2,2,0,0", content_type="text/csv", accept=accept).body.read().decode()
    for accept in ("text/csv", "application/json")
]
report(predictions=predictions)

processor = ScriptProcessor(
    image_uri=sklearn, command=["python3"], instance_type="ml.m5.large", instance_count=1, role=role
)
processor.run(
    code="process.py",
    inputs=[
        ProcessingInput(
            input_name="input",
            s3_input=ProcessingS3Input(
                s3_uri=train,
                local_path="/opt/ml/processing/input",
                s3_data_type="S3Prefix",
                s3_input_mode="File",
            ),
        )
    ],
    outputs=[
        ProcessingOutput(
            output_name="found",
            s3_output=ProcessingS3Output(
                s3_uri=f"s3://{bucket}/found",
                local_path="/opt/ml/processing/output",
                s3_upload_mode="EndOfJob",
            ),
        )
    ],
)
s3 = session.boto_session.client("s3")
found = s3.get_object(Bucket=bucket, Key="found/found.json")["Body"].read().decode()
report(processed=found)

"""The SageMaker SDK 2 with its defaults: a notebook's usual steps."""

import boto3
import sagemaker
from notebook_reports import (  # type: ignore[import-not-found]
    report,
    table,
    write_csv,
)
from sagemaker import image_uris
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.serializers import CSVSerializer
from sagemaker.sklearn import SKLearnProcessor
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.steps import TrainingStep

session = sagemaker.Session()
role = sagemaker.get_execution_role()
bucket = session.default_bucket()
report(role=role, bucket=bucket)

rows = table()
train = session.upload_data(write_csv("train.csv", rows), key_prefix="v2")
channels = {name: TrainingInput(train, content_type="text/csv") for name in ("train", "validation")}
image = image_uris.retrieve("xgboost", session.boto_region_name, version="3.0-5")


def estimator(of: sagemaker.Session) -> Estimator:
    """Returns an estimator with the SDK's defaults."""
    made = Estimator(image, role, 1, "ml.m5.large", sagemaker_session=of)
    made.set_hyperparameters(objective="binary:logistic", num_round=5, eval_metric="auc")
    return made


xgboost = estimator(session)
xgboost.fit(channels)
job = session.describe_training_job(xgboost.latest_training_job.name)
report(
    training=job["TrainingJobStatus"],
    hook=job["DebugHookConfig"],
    profiling=job["ProfilingStatus"],
    metrics=job["FinalMetricDataList"],
    messages=[one["StatusMessage"] for one in job["SecondaryStatusTransitions"]],
)

predictor = xgboost.deploy(1, "ml.m5.large", serializer=CSVSerializer())
report(predictions=predictor.predict([[2, 2, 0, 0], [-2, -2, 0, 0]]).decode())
predictor.delete_endpoint()

transformer = xgboost.transformer(1, "ml.m5.large", accept="text/csv", assemble_with="Line")
batch = session.upload_data(write_csv("batch.csv", [[2, 2, 0, 0]] * 3), key_prefix="batch")
transformer.transform(batch, content_type="text/csv", split_type="Line")
transformer.wait(logs=False)
prefix = transformer.output_path.removeprefix(f"s3://{bucket}/")
written = boto3.client("s3").get_object(Bucket=bucket, Key=f"{prefix}/batch.csv.out")
report(transformed=written["Body"].read().decode())

tuner = HyperparameterTuner(
    xgboost, "validation:auc", {"eta": ContinuousParameter(0.1, 0.5)}, max_jobs=1
)
tuner.fit(channels)
report(best=tuner.best_training_job())

processor = SKLearnProcessor(
    framework_version="1.2-1", role=role, instance_type="ml.m5.large", instance_count=1
)
processor.run(
    "process.py",
    inputs=[ProcessingInput(train, "/opt/ml/processing/input")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/output", output_name="found")],
    arguments=["--rows", "all"],
)
output = processor.latest_job.outputs[0].destination.removeprefix(f"s3://{bucket}/")
found = boto3.client("s3").get_object(Bucket=bucket, Key=f"{output}/found.json")
report(processed=found["Body"].read().decode())

of_pipelines = PipelineSession()
step = TrainingStep("Train", step_args=estimator(of_pipelines).fit(channels))
pipeline = Pipeline("v2", steps=[step], sagemaker_session=of_pipelines)
pipeline.upsert(role)
execution = pipeline.start()
execution.wait()
report(steps=[one["StepStatus"] for one in execution.list_steps()])

"""Model Monitor and Clarify by AWS's images, with the SageMaker SDK 2."""

import csv
import io
import json
from typing import Any

import boto3
import sagemaker
from notebook_reports import (  # type: ignore[import-not-found]
    report,
    table,
    write_csv,
)
from sagemaker import clarify, image_uris
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.model_monitor import DefaultModelMonitor, ModelQualityMonitor
from sagemaker.model_monitor.dataset_format import DatasetFormat
from sagemaker.workflow.check_job_config import CheckJobConfig
from sagemaker.workflow.clarify_check_step import (
    ClarifyCheckStep,
    ModelExplainabilityCheckConfig,
)
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.quality_check_step import DataQualityCheckConfig, QualityCheckStep

session = sagemaker.Session()
role = sagemaker.get_execution_role()
bucket = session.default_bucket()
s3 = boto3.client("s3")
NAMES = ["late", "a", "b", "c", "d"]
PLACE = {"role": role, "instance_count": 1, "instance_type": "ml.m5.large"}


def read(uri: str, name: str) -> Any:
    """Returns a JSON file of a job."""
    key = f"{uri.removeprefix(f's3://{bucket}/').rstrip('/')}/{name}"
    return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def endpoints() -> set[str]:
    """Returns the names of the endpoints of the account."""
    listed = session.sagemaker_client.list_endpoints()["Endpoints"]
    return {one["EndpointName"] for one in listed}


present = endpoints()
rows = table()
train = session.upload_data(write_csv("train.csv", rows), key_prefix="monitoring")
headed = session.upload_data(write_csv("headed.csv", [NAMES, *rows]), key_prefix="monitoring")
image = image_uris.retrieve("xgboost", session.boto_region_name, version="3.0-5")
xgboost = Estimator(image, role, 1, "ml.m5.large", sagemaker_session=session)
xgboost.set_hyperparameters(objective="binary:logistic", num_round=5)
xgboost.fit({"train": TrainingInput(train, content_type="text/csv")})
model = xgboost.create_model(name="monitored")
session.create_model("monitored", role, model.prepare_container_def())

monitor = DefaultModelMonitor(**PLACE)
monitor.suggest_baseline(
    headed,
    DatasetFormat.csv(header=True),
    output_s3_uri=f"s3://{bucket}/data-quality",
    wait=True,
    logs=False,
)
constraints = monitor.suggested_constraints().body_dict
report(
    columns=[one["name"] for one in constraints["features"]],
    message=monitor.latest_baselining_job.describe()["ExitMessage"],
    count=monitor.baseline_statistics().body_dict["dataset"]["item_count"],
)

predicted = [["label", "prediction", "share"], [1, 1, 0.9], [0, 0, 0.2], [1, 0, 0.4], [0, 0, 0.1]]
quality = ModelQualityMonitor(**PLACE)
quality.suggest_baseline(
    session.upload_data(write_csv("predicted.csv", predicted), key_prefix="monitoring"),
    DatasetFormat.csv(header=True),
    "BinaryClassification",
    inference_attribute="prediction",
    probability_attribute="share",
    ground_truth_attribute="label",
    output_s3_uri=f"s3://{bucket}/model-quality",
    wait=True,
)
found = quality.baseline_statistics().body_dict["binary_classification_metrics"]
report(recall=found["recall"]["value"], matrix=found["confusion_matrix"])

processor = clarify.SageMakerClarifyProcessor(**PLACE, sagemaker_session=session)
data = clarify.DataConfig(
    s3_data_input_path=train,
    s3_output_path=f"s3://{bucket}/clarify",
    label="late",
    headers=NAMES,
    dataset_type="text/csv",
)
settings = clarify.ModelConfig(
    model_name="monitored", instance_type="ml.m5.large", instance_count=1, accept_type="text/csv"
)
processor.run_bias(
    data,
    clarify.BiasConfig([1], "a", [0.0]),
    model_config=settings,
    model_predicted_label_config=clarify.ModelPredictedLabelConfig(probability_threshold=0.5),
    pre_training_methods="all",
    post_training_methods=["DPPL", "DI"],
)
bias = read(f"s3://{bucket}/clarify", "analysis.json")
report(
    before=[m["name"] for m in bias["pre_training_bias_metrics"]["facets"]["a"][0]["metrics"]],
    after=[m["name"] for m in bias["post_training_bias_metrics"]["facets"]["a"][0]["metrics"]],
)

small = session.upload_data(write_csv("small.csv", rows[:20]), key_prefix="monitoring/small")
few = clarify.DataConfig(
    s3_data_input_path=small,
    s3_output_path=f"s3://{bucket}/explained",
    label="late",
    headers=NAMES,
    dataset_type="text/csv",
)
shap = clarify.SHAPConfig(baseline=[[0, 0, 0, 0]], num_samples=20, agg_method="mean_abs", seed=1)
processor.run_explainability(few, settings, shap)
explained = read(f"s3://{bucket}/explained", "analysis.json")["explanations"]["kernel_shap"]
local = s3.get_object(Bucket=bucket, Key="explained/explanations_shap/out.csv")["Body"].read()
report(
    explained=explained,
    local=list(csv.reader(io.StringIO(local.decode())))[:1],
    local_rows=len(local.decode().splitlines()) - 1,
    endpoints=sorted(endpoints() - present),
)

of_pipelines = PipelineSession()
place = CheckJobConfig(role=role, instance_type="ml.m5.large", sagemaker_session=of_pipelines)
checked = QualityCheckStep(
    "Quality",
    skip_check=False,
    register_new_baseline=False,
    quality_check_config=DataQualityCheckConfig(
        baseline_dataset=session.upload_data(
            write_csv("worse.csv", [NAMES, *[["x", *row[1:]] for row in rows]]),
            key_prefix="monitoring/worse",
        ),
        dataset_format=DatasetFormat.csv(header=True),
        output_s3_uri=f"s3://{bucket}/checked",
    ),
    check_job_config=place,
    fail_on_violation=False,
    supplied_baseline_statistics=f"s3://{bucket}/data-quality/statistics.json",
    supplied_baseline_constraints=f"s3://{bucket}/data-quality/constraints.json",
)
explainability = ClarifyCheckStep(
    "Explain",
    clarify_check_config=ModelExplainabilityCheckConfig(
        data_config=clarify.DataConfig(
            s3_data_input_path=small,
            s3_output_path=f"s3://{bucket}/explain-check",
            label="late",
            headers=NAMES,
            dataset_type="text/csv",
        ),
        model_config=settings,
        explainability_config=shap,
    ),
    check_job_config=place,
    skip_check=False,
    supplied_baseline_constraints=f"s3://{bucket}/explained/analysis.json",
)
pipeline = Pipeline("checks", steps=[checked, explainability], sagemaker_session=of_pipelines)
pipeline.upsert(role)
execution = pipeline.start()
execution.wait(max_attempts=3000)
steps = {one["StepName"]: one for one in execution.list_steps()}
report(
    steps={name: [one["StepStatus"], one.get("FailureReason")] for name, one in steps.items()},
    violations=read(f"s3://{bucket}/checked", "constraint_violations.json")["violations"],
    calculated=read(f"s3://{bucket}/explain-check", "constraint_violations.json"),
)

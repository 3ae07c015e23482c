"""PyTorch, TensorFlow and Spark by AWS's images, with the SageMaker SDK 2."""

import sys
from typing import Any

import boto3
import numpy as np
import sagemaker
from notebook_reports import (  # type: ignore[import-not-found]
    report,
    table,
    write_csv,
)
from sagemaker.processing import ProcessingInput, ProcessingOutput
from sagemaker.pytorch import PyTorch
from sagemaker.spark.processing import PySparkProcessor
from sagemaker.tensorflow import TensorFlow, TensorFlowModel

session = sagemaker.Session()
role = sagemaker.get_execution_role()
bucket = session.default_bucket()
train = session.upload_data(write_csv("train.csv", table()), key_prefix="frameworks/table")
PLACE: dict[str, Any] = {"role": role, "instance_count": 1, "instance_type": "ml.m5.large"}
ROWS = [[2.0, 2.0, 0.0, 0.0], [-2.0, -2.0, 0.0, 0.0]]


def messages(estimator: Any) -> list[str]:
    """Returns the messages of a training job."""
    job = session.describe_training_job(estimator.latest_training_job.name)
    return [one.get("StatusMessage", "") for one in job["SecondaryStatusTransitions"]]


def torch() -> None:
    """Trains and serves with PyTorch."""
    estimator = PyTorch(
        entry_point="train_torch.py",
        source_dir="code",
        framework_version="1.13.1",
        py_version="py39",
        hyperparameters={"epochs": 60},
        **PLACE,
    )
    estimator.fit({"train": train})
    predictor = estimator.deploy(1, "ml.m5.large")
    report(
        torch=predictor.predict(np.array(ROWS, dtype=np.float32)).tolist(),
        torch_messages=messages(estimator),
    )
    predictor.delete_endpoint()


def tensorflow() -> None:
    """Trains with TensorFlow; serves without and with handlers."""
    estimator = TensorFlow(
        entry_point="train_tensorflow.py",
        source_dir="code",
        framework_version="2.19.0",
        py_version="py312",
        hyperparameters={"epochs": 5},
        **PLACE,
    )
    estimator.fit({"train": train})
    predictor = estimator.deploy(1, "ml.m5.large")
    report(tensorflow=predictor.predict(ROWS), tensorflow_messages=messages(estimator))
    predictor.delete_endpoint()
    model = TensorFlowModel(
        model_data=estimator.model_data,
        role=role,
        framework_version="2.19.0",
        entry_point="code/inference.py",
    )
    predictor = model.deploy(1, "ml.m5.large")
    report(handlers=predictor.predict({"rows": ROWS}))
    predictor.delete_endpoint()


def spark() -> None:
    """Runs a PySpark script."""
    processor = PySparkProcessor(framework_version="3.5", base_job_name="count", **PLACE)
    target = f"s3://{bucket}/spark/out"
    processor.run(
        "code/count.py",
        submit_py_files=["code/names.py"],
        arguments=["--source", f"s3://{bucket}/frameworks/table", "--target", target],
        inputs=[ProcessingInput(train, "/opt/ml/processing/input/table")],
        outputs=[
            ProcessingOutput("/opt/ml/processing/output", f"s3://{bucket}/spark/local", "local")
        ],
        configuration=[
            {
                "Classification": "spark-defaults",
                "Properties": {"spark.sql.shuffle.partitions": "3"},
            }
        ],
        spark_event_logs_s3_uri=f"s3://{bucket}/spark/events",
        logs=False,
    )
    logs = boto3.client("logs")
    events = logs.filter_log_events(
        logGroupName="/aws/sagemaker/ProcessingJobs",
        logStreamNamePrefix=processor.latest_job.job_name,
    )["events"]
    listed = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix="spark/")["Contents"]
    report(
        spark=[one["message"] for one in events if "FOUND" in one["message"]],
        notice=[one["message"] for one in events if "replaced by" in one["message"]],
        keys=[one["Key"] for one in listed],
    )


if __name__ == "__main__":
    {"spark": spark, "tensorflow": tensorflow, "torch": torch}[sys.argv[1]]()

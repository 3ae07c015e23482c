"""A pipeline with an EMR Serverless step, with the SageMaker SDK 3."""

import gzip

from notebook_reports import (  # type: ignore[import-not-found]
    report,
    table,
    write_csv,
)
from sagemaker.core.helper.session_helper import get_execution_role
from sagemaker.core.workflow.pipeline_context import PipelineSession
from sagemaker.mlops.workflow.emr_serverless_step import (
    EMRServerlessJobConfig,
    EMRServerlessStep,
)
from sagemaker.mlops.workflow.pipeline import Pipeline

session = PipelineSession()
role = get_execution_role()
bucket = session.default_bucket()
s3 = session.boto_session.client("s3")
session.upload_data(write_csv("table.csv", table()), bucket=bucket, key_prefix="emr/table")
for name in ("totals.py", "names.py"):
    s3.upload_file(f"code/{name}", bucket, f"emr/{name}")

job = {
    "sparkSubmit": {
        "entryPoint": f"s3://{bucket}/emr/totals.py",
        "entryPointArguments": [f"s3://{bucket}/emr/table", f"s3://{bucket}/emr/out"],
        "sparkSubmitParameters": f"--py-files s3://{bucket}/emr/names.py "
        "--conf spark.executor.cores=1 --conf spark.executor.memory=4g",
    }
}
logs = {"s3MonitoringConfiguration": {"logUri": f"s3://{bucket}/emr/logs/"}}
step = EMRServerlessStep(
    name="Totals",
    display_name="totals",
    description="totals by label",
    job_config=EMRServerlessJobConfig(
        job_driver=job,
        execution_role_arn=role,
        configuration_overrides={"monitoringConfiguration": logs},
    ),
    application_config={"releaseLabel": "emr-7.5.0", "type": "SPARK"},
)
pipeline = Pipeline(name="spark", steps=[step], sagemaker_session=session)
pipeline.upsert(role_arn=role)
execution = pipeline.start()
execution.wait(max_attempts=3000)
steps = [[one["StepStatus"], one.get("FailureReason")] for one in execution.list_steps()]
listed = s3.list_objects_v2(Bucket=bucket, Prefix="emr/")["Contents"]
keys = [one["Key"] for one in listed]
log = next(key for key in keys if key.endswith("SPARK_DRIVER/stdout.gz"))
lines = gzip.decompress(s3.get_object(Bucket=bucket, Key=log)["Body"].read()).decode().splitlines()
report(
    steps=steps,
    keys=[key for key in keys if key.startswith("emr/out/")],
    notice=[line for line in lines if "is replaced by" in line],
    totals=[line for line in lines if line.startswith("TOTALS")],
)

"""The processing job of a monitoring execution, by the contract of monitoring containers.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-contract-inputs.html
"""

import json
from collections.abc import Sequence
from typing import Any

from rehearsal.events.attempts import iso
from rehearsal.services.sagemaker.monitoring.data import Captured
from rehearsal.services.sagemaker.monitoring.definition import Definition
from rehearsal.services.sagemaker.monitoring.windows import Window

_STATISTICS = "/opt/ml/processing/baseline/stats"
_CONSTRAINTS = "/opt/ml/processing/baseline/constraints"
_CONFIG = "/opt/ml/processing/input/config"
_BEFORE = "/opt/ml/processing/code/preprocessing"
_AFTER = "/opt/ml/processing/code/postprocessing"


def processing_request(
    definition: Definition,
    *,
    name: str,
    schedule: str,
    window: Window,
    data: Sequence[Captured],
) -> dict[str, Any]:
    """Returns the CreateProcessingJob request of an execution.

    Args:
        definition: the monitoring job.
        name: the name of the processing job.
        schedule: the name of the schedule.
        window: the time that the execution covers.
        data: the parts of S3 that have data.
    """
    target = definition.output["MonitoringOutputs"][0]["S3Output"]
    local = definition.source["LocalPath"].rstrip("/")
    inputs = [
        _input(
            f"{'endpoint' if definition.endpoint else 'batch_transform'}_input_{number}",
            part.uri,
            f"{local}/{part.place}".rstrip("/"),
            part.data_type,
            definition.source.get("S3DataDistributionType", "FullyReplicated"),
        )
        for number, part in enumerate(data, 1)
    ]
    environment, further = _resources(definition)
    result = {
        "S3Uri": definition.report_uri(schedule, window),
        "LocalPath": target["LocalPath"],
        # The rehearsal uploads at the end, which leads to the same files.
        "S3UploadMode": "EndOfJob",
    }
    outputs: dict[str, Any] = {"Outputs": [{"OutputName": "result", "S3Output": result}]}
    if definition.output.get("KmsKeyId"):
        outputs["KmsKeyId"] = definition.output["KmsKeyId"]
    application = {"ImageUri": definition.application["ImageUri"]}
    for member in ("ContainerEntrypoint", "ContainerArguments"):
        if member in definition.application:
            application[member] = definition.application[member]
    request: dict[str, Any] = {
        "ProcessingJobName": name,
        "RoleArn": definition.role_arn,
        "AppSpecification": application,
        "ProcessingInputs": inputs + further,
        "ProcessingOutputConfig": outputs,
        "ProcessingResources": {"ClusterConfig": dict(definition.cluster)},
        "StoppingCondition": {"MaxRuntimeInSeconds": definition.max_seconds},
        "Environment": {
            **_environment(definition, schedule, window),
            **environment,
            **definition.application.get("Environment", {}),
        },
    }
    if definition.network:
        request["NetworkConfig"] = dict(definition.network)
    return request


def _environment(definition: Definition, schedule: str, window: Window) -> dict[str, str]:
    values = {
        "dataset_format": json.dumps(_dataset_format(definition), separators=(",", ":")),
        "dataset_source": definition.source["LocalPath"],
        "output_path": definition.output["MonitoringOutputs"][0]["S3Output"]["LocalPath"],
        "start_time": iso(window.start),
        "end_time": iso(window.end),
        "metric_time": iso(window.start),
        "publish_cloudwatch_metrics": "Enabled",
        "sagemaker_monitoring_schedule_name": schedule,
        "monitoring_input_type": "ENDPOINT_INPUT"
        if definition.endpoint
        else "BATCH_TRANSFORM_INPUT",
    }
    if definition.endpoint:
        values["sagemaker_endpoint_name"] = definition.endpoint
    if definition.monitoring_type == "ModelQuality":
        values["analysis_type"] = "MODEL_QUALITY"
        if "ProblemType" in definition.application:
            values["problem_type"] = definition.application["ProblemType"]
    for member, variable in (
        ("FeaturesAttribute", "features_attribute"),
        ("InferenceAttribute", "inference_attribute"),
        ("ProbabilityAttribute", "probability_attribute"),
        ("ProbabilityThresholdAttribute", "probability_threshold_attribute"),
        ("ExcludeFeaturesAttribute", "exclude_features_attribute"),
    ):
        if member in definition.source:
            values[variable] = str(definition.source[member])
    return values


def _dataset_format(definition: Definition) -> dict[str, Any]:
    if definition.endpoint:
        form = "sagemakerMergeJson" if definition.ground_truth else "sagemakerCaptureJson"
        return {form: {"captureIndexNames": ["endpointInput", "endpointOutput"]}}
    given = definition.source["DatasetFormat"]
    if "Csv" in given:
        return {"csv": {"header": bool(given["Csv"].get("Header", False))}}
    if "Json" in given:
        return {"json": {"line": bool(given["Json"].get("Line", False))}}
    return {"parquet": {}}


def _resources(definition: Definition) -> tuple[dict[str, str], list[dict[str, Any]]]:
    """Returns variables that name baseline, configuration and scripts, and their inputs."""
    application, baseline = definition.application, definition.baseline
    environment: dict[str, str] = {}
    inputs = []
    for name, uri, folder, variable in (
        (
            "baseline",
            baseline.get("StatisticsResource", {}).get("S3Uri"),
            _STATISTICS,
            "baseline_statistics",
        ),
        (
            "constraints",
            baseline.get("ConstraintsResource", {}).get("S3Uri"),
            _CONSTRAINTS,
            "baseline_constraints",
        ),
        ("analysis_config", application.get("ConfigUri"), _CONFIG, "analysis_config"),
        (
            "pre_processor_script",
            application.get("RecordPreprocessorSourceUri"),
            _BEFORE,
            "record_preprocessor_script",
        ),
        (
            "post_processor_script",
            application.get("PostAnalyticsProcessorSourceUri"),
            _AFTER,
            "post_analytics_processor_script",
        ),
    ):
        if uri:
            inputs.append(_input(name, uri, folder))
            environment[variable] = f"{folder}/{uri.rstrip('/').rpartition('/')[2]}"
    return environment, inputs


def _input(
    name: str,
    uri: str,
    local: str,
    data_type: str = "S3Prefix",
    distribution: str = "FullyReplicated",
) -> dict[str, Any]:
    source = {
        "S3Uri": uri,
        "LocalPath": local,
        "S3DataType": data_type,
        "S3InputMode": "File",
        "S3DataDistributionType": distribution,
        "S3CompressionType": "None",
    }
    return {"InputName": name, "AppManaged": False, "S3Input": source}

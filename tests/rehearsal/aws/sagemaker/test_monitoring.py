"""Model Monitor: definitions of jobs, schedules, and what an execution finds."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.aws.sagemaker.data_plane import JobRun
from rehearsal.aws.sagemaker.monitoring_schedules import MonitoringSchedules
from rehearsal.aws.sagemaker.service import SageMaker
from tests.rehearsal.aws.sagemaker import requests
from tests.rehearsal.aws.sagemaker.data_plane import FakeDataPlane, fails, runs_until_stopped
from tests.rehearsal.fakes import ROLE, FakePlatform

Eventually = Callable[[Callable[[], Any]], Any]
KINDS = ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
HOURLY = "cron(0 * ? * * *)"
DUE = datetime.datetime(2026, 11, 22, 10, tzinfo=datetime.UTC)
ENDPOINT_INPUT = {"EndpointName": "churn", "LocalPath": "/opt/ml/processing/input/endpoint"}
CAPTURED = "s3://bucket/capture/churn/AllTraffic/2026/11/22/09/a.jsonl"


def _definition(kind: str = "DataQuality", **changes: Any) -> dict[str, Any]:
    application: dict[str, Any] = {"ImageUri": requests.IMAGE, "Environment": {"own": "yes"}}
    given: dict[str, Any] = {"EndpointInput": ENDPOINT_INPUT}
    baseline: dict[str, Any] = {"ConstraintsResource": {"S3Uri": "s3://bucket/b/constraints.json"}}
    if kind in ("ModelBias", "ModelExplainability"):
        application["ConfigUri"] = "s3://bucket/b/analysis_config.json"
    if kind in ("ModelQuality", "ModelBias"):
        given["GroundTruthS3Input"] = {"S3Uri": "s3://bucket/truth"}
    if kind == "ModelQuality":
        application["ProblemType"] = "BinaryClassification"
    if kind == "DataQuality":
        baseline["StatisticsResource"] = {"S3Uri": "s3://bucket/b/statistics.json"}
    output = {"S3Uri": "s3://bucket/reports", "LocalPath": "/opt/ml/processing/output"}
    return {
        "JobDefinitionName": f"{kind}-1",
        f"{kind}AppSpecification": application,
        f"{kind}JobInput": given,
        f"{kind}BaselineConfig": baseline,
        f"{kind}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "JobResources": {
            "ClusterConfig": {
                "InstanceCount": 1,
                "InstanceType": "ml.m5.large",
                "VolumeSizeInGB": 20,
            }
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        "RoleArn": ROLE,
        **changes,
    }


def _config(kind: str = "DataQuality", expression: str = HOURLY, **schedule: Any) -> dict[str, Any]:
    return {
        "ScheduleConfig": {"ScheduleExpression": expression, **schedule},
        "MonitoringJobDefinitionName": f"{kind}-1",
        "MonitoringType": kind,
    }


def _call(client: Any, verb: str, kind: str, **request: Any) -> Any:
    return getattr(client, f"{verb}_{_snake(kind)}_job_definition")(**request)


@pytest.fixture
def endpoint(sagemaker: Any, eventually: Eventually) -> None:
    """An endpoint that captures its data."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bucket/capture",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    }
    sagemaker.create_model(**requests.model())
    sagemaker.create_endpoint_config(**requests.endpoint_config(DataCaptureConfig=capture))
    sagemaker.create_endpoint(EndpointName="churn", EndpointConfigName="config")
    describe = sagemaker.describe_endpoint
    eventually(lambda: describe(EndpointName="churn")["EndpointStatus"] == "InService")


@pytest.fixture
def monitored(
    endpoint: None, service: SageMaker, sagemaker: Any, eventually: Eventually
) -> Callable[..., dict[str, Any]]:
    """Runs a schedule once, at DUE; answers the execution."""

    def run(kind: str = "DataQuality", **changes: Any) -> dict[str, Any]:
        _call(sagemaker, "create", kind, **_definition(kind, **changes))
        sagemaker.create_monitoring_schedule(
            MonitoringScheduleName="watch", MonitoringScheduleConfig=_config(kind)
        )
        record = service.records.of(_scope(service), "monitoring-schedule")["watch"]
        service.execute_monitor(_scope(service), record, DUE)
        listed = sagemaker.list_monitoring_executions(MonitoringScheduleName="watch")
        execution: dict[str, Any] = listed["MonitoringExecutionSummaries"][0]
        return execution

    return run


def _scope(service: MonitoringSchedules) -> Any:
    return next(iter(service.records._kinds))[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_definition_of_each_kind_is_made_listed_described_and_deleted(
    sagemaker: Any, kind: str
) -> None:
    arn = _call(sagemaker, "create", kind, **_definition(kind))["JobDefinitionArn"]
    found = _call(sagemaker, "describe", kind, JobDefinitionName=f"{kind}-1")
    assert found["JobDefinitionArn"] == arn
    assert found[f"{kind}JobInput"]["EndpointInput"] == ENDPOINT_INPUT
    with pytest.raises(ClientError, match="already exists"):
        _call(sagemaker, "create", kind, **_definition(kind))
    words = _snake(kind)
    listed = getattr(sagemaker, f"list_{words}_job_definitions")(EndpointName="churn")
    summary = listed["JobDefinitionSummaries"][0]
    assert summary["MonitoringJobDefinitionArn"] == arn
    assert not getattr(sagemaker, f"list_{words}_job_definitions")(EndpointName="other")[
        "JobDefinitionSummaries"
    ]
    _call(sagemaker, "delete", kind, JobDefinitionName=f"{kind}-1")
    with pytest.raises(ClientError, match="Could not find"):
        _call(sagemaker, "describe", kind, JobDefinitionName=f"{kind}-1")


def _snake(kind: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in kind).lstrip("_")


def test_a_job_has_one_input_and_its_role_is_passed(sagemaker: Any, platform: FakePlatform) -> None:
    both = {
        "EndpointInput": ENDPOINT_INPUT,
        "BatchTransformInput": {
            "DataCapturedDestinationS3Uri": "s3://b/",
            "DatasetFormat": {"Csv": {}},
            "LocalPath": "/opt/ml/processing/input",
        },
    }
    with pytest.raises(ClientError, match="Exactly one of EndpointInput"):
        sagemaker.create_data_quality_job_definition(**_definition(DataQualityJobInput=both))
    piped = {"EndpointInput": {**ENDPOINT_INPUT, "S3InputMode": "Pipe"}}
    with pytest.raises(ClientError, match="S3InputMode=Pipe of CreateDataQualityJobDefinition"):
        sagemaker.create_data_quality_job_definition(**_definition(DataQualityJobInput=piped))
    platform.denied.add(("iam:PassRole", ROLE))
    with pytest.raises(ClientError, match="iam:PassRole"):
        sagemaker.create_data_quality_job_definition(**_definition())


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (_config(expression="cron(5 * ? * * *)"), "Invalid ScheduleExpression"),
        (_config(expression="rate(1 hour)"), "Invalid ScheduleExpression"),
        (_config(expression="NOW"), "DataAnalysisStartTime and DataAnalysisEndTime are required"),
        (_config(DataAnalysisStartTime="-PT1H"), "only when ScheduleExpression is NOW"),
        (
            _config(expression="NOW", DataAnalysisStartTime="1h", DataAnalysisEndTime="-PT0H"),
            "1h is not an offset",
        ),
        ({**_config(), "MonitoringJobDefinitionName": "other"}, "Could not find"),
        ({"ScheduleConfig": {"ScheduleExpression": HOURLY}}, "Exactly one of Monitoring"),
    ],
)
def test_a_schedule_that_sagemaker_refuses_is_refused(
    endpoint: None, sagemaker: Any, config: dict[str, Any], expected: str
) -> None:
    sagemaker.create_data_quality_job_definition(**_definition())
    with pytest.raises(ClientError, match=expected):
        sagemaker.create_monitoring_schedule(
            MonitoringScheduleName="watch", MonitoringScheduleConfig=config
        )


def test_the_endpoint_must_be_there_and_capture_its_data(
    sagemaker: Any, eventually: Eventually
) -> None:
    sagemaker.create_data_quality_job_definition(**_definition())
    request = {"MonitoringScheduleName": "watch", "MonitoringScheduleConfig": _config()}
    with pytest.raises(ClientError, match="Could not find endpoint"):
        sagemaker.create_monitoring_schedule(**request)
    sagemaker.create_model(**requests.model())
    sagemaker.create_endpoint_config(**requests.endpoint_config())
    sagemaker.create_endpoint(EndpointName="churn", EndpointConfigName="config")
    with pytest.raises(ClientError, match="Data Capture must be enabled"):
        sagemaker.create_monitoring_schedule(**request)


def test_a_job_may_not_run_longer_than_the_time_between_two(endpoint: None, sagemaker: Any) -> None:
    long = {"MaxRuntimeInSeconds": 3600}
    for kind, allowed in (("DataQuality", True), ("ModelQuality", False)):
        _call(sagemaker, "create", kind, **_definition(kind, StoppingCondition=long))
        request = {"MonitoringScheduleName": kind, "MonitoringScheduleConfig": _config(kind)}
        if allowed:
            sagemaker.create_monitoring_schedule(**request)
            continue
        with pytest.raises(ClientError, match="exceeds the frequency"):
            sagemaker.create_monitoring_schedule(**request)


def test_an_execution_gives_the_container_what_its_contract_says(
    monitored: Callable[..., dict[str, Any]], platform: FakePlatform, data_plane: FakeDataPlane
) -> None:
    platform.objects[CAPTURED] = b"{}\n"
    execution = monitored()
    assert execution["MonitoringExecutionStatus"] == "Completed"
    run = data_plane.runs[-1]
    environment = dict(run.request["Environment"])
    captured = {"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}
    assert json.loads(environment.pop("dataset_format")) == captured
    assert environment == {
        "dataset_source": "/opt/ml/processing/input/endpoint",
        "output_path": "/opt/ml/processing/output",
        "start_time": "2026-11-22T09:00:00Z",
        "end_time": "2026-11-22T10:00:00Z",
        "metric_time": "2026-11-22T09:00:00Z",
        "publish_cloudwatch_metrics": "Enabled",
        "sagemaker_endpoint_name": "churn",
        "sagemaker_monitoring_schedule_name": "watch",
        "monitoring_input_type": "ENDPOINT_INPUT",
        "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
        "baseline_statistics": "/opt/ml/processing/baseline/stats/statistics.json",
        "own": "yes",
    }
    inputs = {i["InputName"]: i["S3Input"] for i in run.request["ProcessingInputs"]}
    assert inputs["endpoint_input_1"]["S3Uri"] == CAPTURED.rpartition("/")[0]
    assert inputs["endpoint_input_1"]["LocalPath"] == (
        "/opt/ml/processing/input/endpoint/churn/AllTraffic/2026/11/22/09"
    )
    output = run.request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]
    assert output["S3Uri"] == "s3://bucket/reports/churn/watch/2026/11/22/10"


@pytest.mark.parametrize(
    ("behaviour", "status"),
    [
        (lambda _: {"ExitMessage": "CompletedWithViolations: 4 violations"}, "Violations"),
        (lambda _: {"ExitMessage": "Completed: no violations"}, "Completed"),
        (fails("AlgorithmError: no"), "Failed"),
    ],
)
def test_the_job_says_how_an_execution_ended(
    monitored: Callable[..., dict[str, Any]],
    platform: FakePlatform,
    data_plane: FakeDataPlane,
    sagemaker: Any,
    behaviour: Callable[[JobRun], Mapping[str, Any]],
    status: str,
) -> None:
    platform.objects[CAPTURED] = b"{}\n"
    data_plane.behaviour["model-monitoring"] = behaviour
    execution = monitored()
    assert execution["MonitoringExecutionStatus"].endswith(status)
    schedule = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="watch")
    assert schedule["LastMonitoringExecutionSummary"] == execution
    name = execution["ProcessingJobArn"].rpartition("/")[2]
    job = sagemaker.describe_processing_job(ProcessingJobName=name)
    assert job["MonitoringScheduleArn"] == schedule["MonitoringScheduleArn"]
    assert execution.get("FailureReason", "") == job.get("FailureReason", "")


def test_a_report_of_violations_counts_when_the_job_says_nothing(
    monitored: Callable[..., dict[str, Any]], platform: FakePlatform
) -> None:
    platform.objects[CAPTURED] = b"{}\n"
    report = "s3://bucket/reports/churn/watch/2026/11/22/10/constraint_violations.json"
    platform.objects[report] = b'{"violations": [{"feature_name": "age"}]}'
    assert monitored()["MonitoringExecutionStatus"] == "CompletedWithViolations"


def test_metrics_of_the_container_are_published_in_the_namespace_of_the_kind(
    monitored: Callable[..., dict[str, Any]], platform: FakePlatform, data_plane: FakeDataPlane
) -> None:
    platform.objects[CAPTURED] = b"{}\n"
    metric = {"MetricName": "feature_baseline_drift_age", "Value": 0.4}
    data_plane.behaviour["model-monitoring"] = lambda _: {"_metrics": [metric]}
    monitored()
    assert {"Namespace": "aws/sagemaker/Endpoints/data-metrics", **metric} in platform.metrics
    details = platform.events_of("SageMaker Processing Job State Change")
    assert details
    assert not any("_metrics" in detail for detail in details)


def test_without_data_an_execution_fails_as_on_aws(
    monitored: Callable[..., dict[str, Any]], data_plane: FakeDataPlane
) -> None:
    execution = monitored()
    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "Job inputs had no data"
    assert not data_plane.runs


@pytest.mark.parametrize(
    "image",
    [
        "156813124566.dkr.ecr.us-east-1.amazonaws.com/sagemaker-model-monitor-analyzer",
        "205585389593.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0",
    ],
)
def test_images_of_aws_are_not_there_and_the_execution_says_so(
    monitored: Callable[..., dict[str, Any]], platform: FakePlatform, image: str
) -> None:
    platform.objects[CAPTURED] = b"{}\n"
    execution = monitored(DataQualityAppSpecification={"ImageUri": image})
    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert f"Cannot pull {image}" in execution["FailureReason"]
    assert "image of your own works" in execution["FailureReason"]


def test_model_quality_joins_what_was_captured_with_the_truth(
    monitored: Callable[..., dict[str, Any]], platform: FakePlatform, data_plane: FakeDataPlane
) -> None:
    events = [{"eventId": "1"}, {"eventId": "2", "inferenceId": "two"}, {"eventId": "3"}]
    lines = [json.dumps({"captureData": {}, "eventMetadata": event}) for event in events]
    platform.objects[CAPTURED] = "\n".join(lines).encode()
    truths = [
        {"groundTruthData": {"data": data}, "eventMetadata": {"eventId": event}}
        for event, data in (("1", "yes"), ("two", "no"), ("9", "other"))
    ]
    truth = "\n".join(json.dumps(one) for one in truths).encode()
    platform.objects["s3://bucket/truth/2026/11/22/09/t.jsonl"] = truth
    assert monitored("ModelQuality")["MonitoringExecutionStatus"] == "Completed"
    request = data_plane.runs[-1].request
    assert "sagemakerMergeJson" in request["Environment"]["dataset_format"]
    assert request["Environment"]["problem_type"] == "BinaryClassification"
    merged = request["ProcessingInputs"][0]["S3Input"]
    assert merged["LocalPath"] == "/opt/ml/processing/input/endpoint"
    content = platform.objects[f"{merged['S3Uri']}/merged.jsonl"].decode().splitlines()
    assert [json.loads(line)["groundTruthData"]["data"] for line in content] == ["yes", "no"]


def test_a_schedule_runs_when_it_is_due_and_not_when_it_is_stopped(
    endpoint: None,
    service: SageMaker,
    sagemaker: Any,
    platform: FakePlatform,
    eventually: Eventually,
) -> None:
    sagemaker.create_data_quality_job_definition(**_definition())
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="watch", MonitoringScheduleConfig=_config()
    )

    def executions() -> list[Any]:
        answer = sagemaker.list_monitoring_executions()
        return list(answer["MonitoringExecutionSummaries"])

    moment = datetime.datetime.now(datetime.UTC)
    service.run_due_monitors(moment)
    assert not executions()
    later = moment + datetime.timedelta(hours=1)
    service.run_due_monitors(later)
    service.run_due_monitors(later)
    eventually(executions)
    assert len(executions()) == 1
    assert executions()[0]["ScheduledTime"].minute == 0
    sagemaker.stop_monitoring_schedule(MonitoringScheduleName="watch")
    service.run_due_monitors(later + datetime.timedelta(hours=5))
    sagemaker.start_monitoring_schedule(MonitoringScheduleName="watch")
    found = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="watch")
    assert found["MonitoringScheduleStatus"] == "Scheduled"
    assert len(executions()) == 1


def test_now_runs_at_once_over_the_times_that_are_asked_for(
    endpoint: None,
    sagemaker: Any,
    platform: FakePlatform,
    data_plane: FakeDataPlane,
    eventually: Eventually,
) -> None:
    hour = datetime.datetime.now(datetime.UTC)
    platform.objects[f"s3://bucket/capture/churn/AllTraffic/{hour:%Y/%m/%d/%H}/a.jsonl"] = b"{}\n"
    data_plane.behaviour["model-monitoring"] = runs_until_stopped
    sagemaker.create_data_quality_job_definition(**_definition())
    config = _config(expression="NOW", DataAnalysisStartTime="-PT2H", DataAnalysisEndTime="-PT0H")
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="watch", MonitoringScheduleConfig=config
    )
    eventually(lambda: data_plane.runs)
    environment = data_plane.runs[0].request["Environment"]
    span = [
        datetime.datetime.fromisoformat(environment[name]) for name in ("start_time", "end_time")
    ]
    assert span[1] - span[0] == datetime.timedelta(hours=2)
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName="watch")
    assert data_plane.runs[0].stop.is_set()
    with pytest.raises(ClientError, match="not found"):
        sagemaker.describe_monitoring_schedule(MonitoringScheduleName="watch")


def test_a_batch_transform_is_monitored_by_its_capture(
    service: SageMaker, sagemaker: Any, platform: FakePlatform, data_plane: FakeDataPlane
) -> None:
    given = {
        "DataCapturedDestinationS3Uri": "s3://bucket/batch",
        "DatasetFormat": {"Csv": {"Header": True}},
        "LocalPath": "/opt/ml/processing/input",
        "StartTimeOffset": "-P1D",
        "EndTimeOffset": "-PT0H",
    }
    platform.objects["s3://bucket/batch/input/2026/11/21/12/job-1.json"] = b"[]"
    platform.objects["s3://bucket/batch/input/2026/11/20/12/older.json"] = b"[]"
    definition = _definition(DataQualityJobInput={"BatchTransformInput": given})
    sagemaker.create_data_quality_job_definition(**definition)
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="watch",
        MonitoringScheduleConfig=_config(expression="cron(0 0 ? * * *)"),
    )
    record = service.records.of(_scope(service), "monitoring-schedule")["watch"]
    service.execute_monitor(_scope(service), record, DUE)
    request = data_plane.runs[-1].request
    assert json.loads(request["Environment"]["dataset_format"]) == {"csv": {"header": True}}
    assert request["Environment"]["monitoring_input_type"] == "BATCH_TRANSFORM_INPUT"
    sources = [one["S3Input"] for one in request["ProcessingInputs"]]
    assert [source["S3Uri"] for source in sources if "batch" in source["S3Uri"]] == [
        "s3://bucket/batch/input/2026/11/21/12/job-1.json"
    ]
    assert sources[0]["S3DataType"] == "ManifestFile"
    assert sources[0]["LocalPath"] == "/opt/ml/processing/input/input/2026/11/21/12/job-1"


def test_labels_of_a_batch_transform_are_refused_by_name(
    service: SageMaker, sagemaker: Any, platform: FakePlatform
) -> None:
    given = {
        "BatchTransformInput": {
            "DataCapturedDestinationS3Uri": "s3://bucket/batch",
            "DatasetFormat": {"Csv": {}},
            "LocalPath": "/opt/ml/processing/input",
        },
        "GroundTruthS3Input": {"S3Uri": "s3://bucket/truth"},
    }
    sagemaker.create_model_quality_job_definition(
        **_definition("ModelQuality", ModelQualityJobInput=given)
    )
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="watch", MonitoringScheduleConfig=_config("ModelQuality")
    )
    record = service.records.of(_scope(service), "monitoring-schedule")["watch"]
    service.execute_monitor(_scope(service), record, DUE)
    listed = sagemaker.list_monitoring_executions(MonitoringScheduleName="watch")
    execution = listed["MonitoringExecutionSummaries"][0]
    assert "does not merge ground truth into the files" in execution["FailureReason"]


def test_an_update_changes_the_schedule_in_place(endpoint: None, sagemaker: Any) -> None:
    sagemaker.create_data_quality_job_definition(**_definition())
    arn = sagemaker.create_monitoring_schedule(
        MonitoringScheduleName="watch", MonitoringScheduleConfig=_config()
    )["MonitoringScheduleArn"]
    changed = _config(expression="cron(0 0 ? * * *)")
    answer = sagemaker.update_monitoring_schedule(
        MonitoringScheduleName="watch", MonitoringScheduleConfig=changed
    )
    assert answer["MonitoringScheduleArn"] == arn
    found = sagemaker.describe_monitoring_schedule(MonitoringScheduleName="watch")
    assert found["MonitoringScheduleConfig"] == changed
    listed = sagemaker.list_monitoring_schedules(EndpointName="churn")
    assert listed["MonitoringScheduleSummaries"][0]["MonitoringScheduleArn"] == arn

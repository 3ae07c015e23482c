"""A monitored endpoint on the running server, and jobs that schedules start: nothing is a fake."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rehearsal.conftest import ACCOUNT, REGION, Aws, running_server
from tests.rehearsal.services.sagemaker.gateway import publish_program, wait
from tests.rehearsal.services.sagemaker.monitoring.monitoring import call, definition
from tests.rehearsal.services.sagemaker.monitoring.watched import (
    ARN,
    BUCKET,
    OUTPUTS,
    PROGRAM,
    template,
)

SERVICES = (
    "rehearsal.services.sagemaker.service:SageMaker",
    "rehearsal.services.sagemaker.hosting.runtime:SageMakerRuntime",
    "rehearsal.services.scheduler:Scheduler",
    "rehearsal.services.cloudwatch:CloudWatch",
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_server(tmp_path_factory.mktemp("monitoring"), SERVICES) as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        yield aws


@pytest.fixture(scope="module")
def image(cloud: Aws, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An image that serves, monitors and processes; its URI."""
    return publish_program(cloud, tmp_path_factory.mktemp("context"), PROGRAM, "watched")


@pytest.fixture(scope="module")
def role(cloud: Aws) -> str:
    return cloud.role(
        "watched",
        {"Service": "sagemaker.amazonaws.com"},
        {"Action": ["s3:*"], "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]},
        {"Action": ["ecr:*", "logs:*", "cloudwatch:PutMetricData"]},
    )


@pytest.fixture(scope="module")
def model(cloud: Aws, image: str, role: str) -> str:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz"):
        pass
    cloud.client("s3").put_object(Bucket=BUCKET, Key="model.tar.gz", Body=archive.getvalue())
    container = {"Image": image, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}
    cloud.client("sagemaker").create_model(
        ModelName="echo", ExecutionRoleArn=role, PrimaryContainer=container
    )
    return "echo"


@pytest.fixture(scope="module")
def captured(cloud: Aws, model: str) -> None:
    """An endpoint whose traffic was captured."""
    sagemaker = cloud.client("sagemaker")
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/capture",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    variant = {
        "VariantName": "main",
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="echo", ProductionVariants=[variant], DataCaptureConfig=capture
    )
    sagemaker.create_endpoint(EndpointName="echo", EndpointConfigName="echo")
    wait(lambda: sagemaker.describe_endpoint(EndpointName="echo")["EndpointStatus"] == "InService")
    runtime, s3 = cloud.client("sagemaker-runtime"), cloud.client("s3")
    for row in (b"1,2", b"3,4"):
        runtime.invoke_endpoint(EndpointName="echo", ContentType="text/csv", Body=row)
    wait(lambda: s3.list_objects_v2(Bucket=BUCKET, Prefix="capture/").get("Contents"))
    s3.put_object(Bucket=BUCKET, Key="baseline/constraints.json", Body=b'{"rows": 0}')


def test_a_stack_monitors_captured_data_and_its_metric_rings_an_alarm(
    cloud: Aws, captured: None, image: str, role: str
) -> None:
    stack = cloud.deploy("monitored", template(image, role, 600), outputs=OUTPUTS)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    made = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert made["Definition"] == f"{ARN}:data-quality-job-definition/monitored-600"
    assert made["Schedule"].startswith(f"{ARN}:monitoring-schedule/")
    name = made["Schedule"].rpartition("/")[2]
    dimensions = [
        {"Name": "Endpoint", "Value": "echo"},
        {"Name": "MonitoringSchedule", "Value": name},
    ]
    cloudwatch = cloud.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="rows",
        Namespace="aws/sagemaker/Endpoints/data-metrics",
        MetricName="rows",
        Dimensions=dimensions,
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )
    sagemaker = cloud.client("sagemaker")

    def ended() -> Any:
        listed = sagemaker.list_monitoring_executions(MonitoringScheduleName=name)
        found = listed["MonitoringExecutionSummaries"]
        busy = ("Pending", "InProgress")
        return found[0] if found and found[0]["MonitoringExecutionStatus"] not in busy else None

    execution = wait(ended)
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    reports = cloud.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=f"reports/echo/{name}/")
    assert reports["Contents"][0]["Key"].endswith("/constraint_violations.json")
    wait(
        lambda: (
            cloudwatch.describe_alarms(AlarmNames=["rows"])["MetricAlarms"][0]["StateValue"]
            == "ALARM"
        )
    )


MERGER = f"arn:aws:ecr:{REGION}:156813124566:repository/sagemaker-model-monitor-groundtruth-merger"


NAMESPACES = {
    "ModelQuality": "aws/sagemaker/Endpoints/model-metrics",
    "ModelBias": "aws/sagemaker/Endpoints/bias-metrics",
}


@pytest.mark.parametrize("kind", NAMESPACES)
def test_labels_are_merged_by_a_role_that_may_pull_the_image_of_the_merger(
    cloud: Aws, captured: None, image: str, kind: str
) -> None:
    found = {
        name: monitored_with_labels(cloud, image, f"{kind}-{name}", kind, repositories)
        for name, repositories in {
            "without": [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/watched"],
            "with": [f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/watched", MERGER],
        }.items()
    }

    assert found["without"]["MonitoringExecutionStatus"] == "Failed"
    assert "Cannot pull" in found["without"]["FailureReason"]
    assert "sagemaker-model-monitor-groundtruth-merger" in found["without"]["FailureReason"]
    assert found["with"].get("FailureReason") is None
    assert found["with"]["MonitoringExecutionStatus"] == "CompletedWithViolations"
    metrics = cloud.client("cloudwatch").list_metrics(Namespace=NAMESPACES[kind])["Metrics"]
    assert {"Name": "MonitoringSchedule", "Value": f"{kind}-with"} in metrics[0]["Dimensions"]


def monitored_with_labels(
    cloud: Aws, image: str, name: str, kind: str, repositories: list[str]
) -> Any:
    """Runs a monitor with labels once, with a role that pulls from repositories; its execution."""
    pulling = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    role = cloud.role(
        name,
        {"Service": "sagemaker.amazonaws.com"},
        {"Action": ["s3:*"], "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]},
        {"Action": ["ecr:GetAuthorizationToken", "logs:*", "cloudwatch:PutMetricData"]},
        {"Action": pulling, "Resource": repositories},
    )
    label_captured_calls(cloud)
    sagemaker = cloud.client("sagemaker")
    changes: dict[str, Any] = {"JobDefinitionName": f"{name}-1", "RoleArn": role}
    changes[f"{kind}AppSpecification"] = {
        "ImageUri": image,
        **({"ProblemType": "BinaryClassification"} if kind == "ModelQuality" else {}),
        **({"ConfigUri": f"s3://{BUCKET}/baseline/config.json"} if kind == "ModelBias" else {}),
    }
    source = {"EndpointName": "echo", "LocalPath": "/opt/ml/processing/input"}
    changes[f"{kind}JobInput"] = {
        "EndpointInput": source,
        "GroundTruthS3Input": {"S3Uri": f"s3://{BUCKET}/truth"},
    }
    constraints = {"S3Uri": f"s3://{BUCKET}/baseline/constraints.json"}
    changes[f"{kind}BaselineConfig"] = {"ConstraintsResource": constraints}
    output = {"S3Uri": f"s3://{BUCKET}/labeled/{name}", "LocalPath": "/opt/ml/processing/out"}
    changes[f"{kind}JobOutputConfig"] = {"MonitoringOutputs": [{"S3Output": output}]}
    call(sagemaker, "create", kind, **definition(kind, **changes))
    once = {"DataAnalysisStartTime": "-PT2H", "DataAnalysisEndTime": "PT1H"}
    sagemaker.create_monitoring_schedule(
        MonitoringScheduleName=name,
        MonitoringScheduleConfig={
            "ScheduleConfig": {"ScheduleExpression": "NOW", **once},
            "MonitoringJobDefinitionName": f"{name}-1",
            "MonitoringType": kind,
        },
    )

    def ended() -> Any:
        listed = sagemaker.list_monitoring_executions(MonitoringScheduleName=name)
        found = listed["MonitoringExecutionSummaries"]
        busy = ("Pending", "InProgress")
        return found[0] if found and found[0]["MonitoringExecutionStatus"] not in busy else None

    return wait(ended)


def label_captured_calls(cloud: Aws) -> None:
    """Writes a label for each captured call, and a configuration of bias."""
    s3 = cloud.client("s3")
    s3.put_object(Bucket=BUCKET, Key="baseline/config.json", Body=b"{}")
    for one in s3.list_objects_v2(Bucket=BUCKET, Prefix="capture/")["Contents"]:
        text = s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read().decode()
        labels = [
            {
                "groundTruthData": {"data": "1", "encoding": "CSV"},
                "eventMetadata": {"eventId": json.loads(line)["eventMetadata"]["eventId"]},
                "eventVersion": "0",
            }
            for line in text.splitlines()
        ]
        hour = "/".join(one["Key"].split("/")[-5:-1])
        name = one["Key"].rpartition("/")[2]
        body = "\n".join(json.dumps(label) for label in labels).encode()
        s3.put_object(Bucket=BUCKET, Key=f"truth/{hour}/{name}", Body=body)


def test_a_changed_definition_is_replaced_and_both_are_deleted_with_the_stack(
    cloud: Aws, captured: None, image: str, role: str
) -> None:
    made = cloud.deploy("replaced", template(image, role, 600), outputs=OUTPUTS)
    changed = cloud.deploy("replaced", template(image, role, 900), outputs=OUTPUTS, update=True)
    assert changed["StackStatus"] == "UPDATE_COMPLETE", changed["Reasons"]
    before, after = (
        {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        for stack in (made, changed)
    )
    assert before["Definition"] != after["Definition"]
    assert before["Schedule"] == after["Schedule"]
    sagemaker = cloud.client("sagemaker")
    listed = sagemaker.list_data_quality_job_definitions(NameContains="replaced")
    names = [one["MonitoringJobDefinitionName"] for one in listed["JobDefinitionSummaries"]]
    assert names == ["replaced-900"]
    cloud.client("cloudformation").delete_stack(StackName="replaced")
    wait(
        lambda: (
            not sagemaker.list_monitoring_schedules(NameContains="replaced")[
                "MonitoringScheduleSummaries"
            ]
            and not sagemaker.list_data_quality_job_definitions(NameContains="replaced")[
                "JobDefinitionSummaries"
            ]
        )
    )


def test_a_schedule_runs_a_processing_job_and_a_transform_job(
    cloud: Aws, model: str, image: str, role: str
) -> None:
    scheduling = cloud.role(
        "scheduling",
        {"Service": "scheduler.amazonaws.com"},
        {"Action": ["sagemaker:CreateProcessingJob", "sagemaker:CreateTransformJob"]},
        {"Action": "iam:PassRole", "Resource": role},
    )
    cloud.client("s3").put_object(Bucket=BUCKET, Key="batch/rows.csv", Body=b"1,2\n3,4\n")
    cluster = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
    result = {
        "S3Uri": f"s3://{BUCKET}/processed",
        "LocalPath": "/opt/ml/processing/out",
        "S3UploadMode": "EndOfJob",
    }
    processing = {
        "ProcessingJobName": "drift-<aws.scheduler.execution-id>",
        "RoleArn": role,
        "AppSpecification": {"ImageUri": image, "ContainerArguments": ["process"]},
        "ProcessingResources": {"ClusterConfig": cluster},
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": result}]},
    }
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/batch/"}}
    transform = {
        "TransformJobName": "batch-<aws.scheduler.execution-id>",
        "ModelName": model,
        "TransformInput": {"DataSource": source, "ContentType": "text/csv"},
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/transformed"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    for action, request in (
        ("createProcessingJob", processing),
        ("createTransformJob", transform),
    ):
        cloud.client("scheduler").create_schedule(
            Name=action,
            ScheduleExpression="rate(1 hour)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": f"arn:aws:scheduler:::aws-sdk:sagemaker:{action}",
                "RoleArn": scheduling,
                "Input": json.dumps(request),
            },
        )
    sagemaker, s3 = cloud.client("sagemaker"), cloud.client("s3")

    def statuses() -> Any:
        jobs = sagemaker.list_processing_jobs(NameContains="drift-")["ProcessingJobSummaries"]
        batches = sagemaker.list_transform_jobs()["TransformJobSummaries"]
        found = [job["ProcessingJobStatus"] for job in jobs]
        found += [job["TransformJobStatus"] for job in batches]
        return found if len(found) == 2 and "InProgress" not in found else None

    assert wait(statuses) == ["Completed", "Completed"]
    for prefix in ("processed/", "transformed/"):
        assert s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["KeyCount"] == 1

"""Monitors in the templates of stages that the check accepts and rejects."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Template

from mlops_constructs.delivery.runtime.check_monitors import RejectedError, main
from mlops_constructs.hosting import Endpoint
from mlops_constructs.monitoring import (
    AlarmAction,
    Baseline,
    DriftMonitor,
    EndpointDashboard,
    GroundTruth,
    MetricAlarms,
    MetricThresholds,
    ModelMonitor,
    MonitoringFrequency,
    MonitoringImage,
    MonitoringInput,
    MonitoringJob,
    MonitoringNetwork,
    MonitoringOutput,
    MonitoringType,
    RunSchedule,
)
from mlops_constructs.network import Network

ACCOUNT = "111111111111"
ROLES = f"arn:aws:iam::{ACCOUNT}:role/sagemaker-projects/"
PACKAGE = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:model-package/churn/7"
IMAGE = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/churn:abc"
ENVIRONMENT = {
    "SAGEMAKER_PROJECT_NAME": "churn",
    "STAGES": "staging prod",
    "STAGING_KINDS": "real-time",
    "PROD_KINDS": "real-time batch",
    "CODEBUILD_BUILD_ARN": f"arn:aws:codebuild:eu-west-1:{ACCOUNT}:build/Check-1:0a-1b",
    "MONITORING_ROLE_ARN": f"{ROLES}runs",
    "MONITORING_STARTER_ROLE_ARN": f"{ROLES}starter",
    "MONITORING_QUEUE_ARN": f"arn:aws:sqs:eu-west-1:{ACCOUNT}:not-started",
}


def registry(*arguments: str) -> Any:
    """The AWS CLI, with one model package."""
    if arguments[:2] != ("sagemaker", "describe-model-package") or arguments[3] != PACKAGE:
        raise RejectedError(f"AccessDenied: {arguments}")
    return {"InferenceSpecification": {"Containers": [{"Image": IMAGE}]}}


def define(stack: cdk.Stack, **options: Any) -> None:
    """Defines what the stack of the stage has, with either engine."""
    key = kms.Key.from_key_arn(
        stack, "Key", stack.format_arn(service="kms", resource="key", resource_name="0a-1b")
    )
    bucket = s3.Bucket.from_bucket_attributes(
        stack, "Bucket", bucket_name="churn-artifacts", encryption_key=key
    )
    endpoint = Endpoint.from_endpoint_name(stack, "Endpoint", "churn-prod")
    repository = ecr.Repository.from_repository_attributes(
        stack,
        "Images",
        repository_arn=f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/churn",
        repository_name="churn",
    )
    role = iam.Role.from_role_arn(stack, "Runs", ENVIRONMENT["MONITORING_ROLE_ARN"], mutable=False)
    given: dict[str, Any] = {
        "monitoring_type": MonitoringType.data_quality(),
        "monitoring_input": MonitoringInput.from_endpoint(endpoint, capture_bucket=bucket),
        "monitoring_output": MonitoringOutput.to_bucket(bucket, encryption_key=key),
        "image": MonitoringImage.from_ecr_repository(repository, tag_or_digest="abc"),
        "baseline": Baseline.from_files(bucket, constraints_key="runs/c", statistics_key="runs/s"),
        "frequency": MonitoringFrequency.daily(at_hour=3),
        "job": MonitoringJob(role=role, **options),
    }
    starter = iam.Role.from_role_arn(
        stack, "Starter", ENVIRONMENT["MONITORING_STARTER_ROLE_ARN"], mutable=False
    )
    queue = sqs.Queue.from_queue_arn(stack, "Queue", ENVIRONMENT["MONITORING_QUEUE_ARN"])
    drift = DriftMonitor(
        stack,
        "Drift",
        **given,
        monitor_name="churn-prod-data",
        schedule=RunSchedule(
            role=starter,
            dead_letter_queue=queue,
            name="churn-prod-data",
            tags={"sagemaker:project-name": "churn"},
        ),
    )
    ModelMonitor(stack, "Monitor", **given, monitor_name="churn-prod-data")
    alarms = MetricAlarms(
        stack,
        "Alarms",
        thresholds=[MetricThresholds.above("data", drift.metric_violations(), {"Harm": 0})],
        actions={"Harm": [AlarmAction.combine("churn-prod-drift-retrain")]},
        alarm_name_prefix="churn-prod-drift",
    )
    EndpointDashboard(
        stack, "Dashboard", endpoint=endpoint, alarms=[alarms], dashboard_name="churn-prod-drift"
    )


@pytest.fixture(scope="module")
def synthesised() -> dict[str, Any]:
    stack = cdk.Stack(cdk.App(), "prod")
    define(stack)
    return with_model(stack)


def with_model(stack: cdk.Stack) -> dict[str, Any]:
    """Returns the template of a stack, with the model of the package."""
    template: dict[str, Any] = dict(Template.from_stack(stack).to_json())
    template["Resources"]["Model"] = {
        "Type": "AWS::SageMaker::Model",
        "Properties": {"PrimaryContainer": {"ModelPackageName": PACKAGE}},
    }
    return template


@pytest.fixture
def template(synthesised: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(synthesised)


def resource(template: dict[str, Any], kind: str) -> dict[str, Any]:
    """Returns the properties of the only resource of a type."""
    (found,) = (one for one in template["Resources"].values() if one["Type"].endswith(kind))
    properties: dict[str, Any] = found["Properties"]
    return properties


def run(
    folder: Path,
    template: Any,
    capsys: pytest.CaptureFixture[str],
    environment: dict[str, str] | None = None,
) -> tuple[int, str]:
    """Returns the exit status for the template of production, and what is printed."""
    (folder / "prod.template.json").write_text(json.dumps(template))
    status = main([str(folder)], environment or ENVIRONMENT, registry)
    return status, capsys.readouterr().out


def test_the_monitors_of_the_library_are_accepted(
    tmp_path: Path, template: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, template, capsys) == (0, "")


def test_a_monitor_of_several_instances_is_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = cdk.Stack(cdk.App(), "prod")
    define(stack, instance_count=3)

    template = with_model(stack)

    cluster = json.dumps(resource(template, "::Schedule")["Target"]["Input"])
    assert 'InstanceCount\\":3' in cluster
    assert run(tmp_path, template, capsys) == (0, "")


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("ModelQuality", {"problem_type": "BinaryClassification"}),
        ("ModelBias", {"analysis_config_key": "runs/bias.json"}),
        ("ModelExplainability", {"analysis_config_key": "runs/shap.json", "model_data_key": "m"}),
    ],
)
def test_each_type_of_model_monitor_is_accepted_with_the_image_of_the_model_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, given: dict[str, str]
) -> None:
    template = monitored_by_model_monitor(kind, given)
    assert run(tmp_path, template, capsys) == (0, "")

    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/miner:1"
    definition = resource(template, f"{kind}JobDefinition")
    definition[f"{kind}AppSpecification"]["ImageUri"] = image
    status, printed = run(tmp_path, template, capsys)
    assert status == 1
    assert f"ImageUri is '{image}'" in printed


def monitored_by_model_monitor(kind: str, given: dict[str, str]) -> dict[str, Any]:
    """Returns the template of production with one monitor of Model Monitor."""
    stack = cdk.Stack(cdk.App(), "prod")
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "churn-artifacts")
    repository = ecr.Repository.from_repository_attributes(
        stack,
        "Images",
        repository_arn=f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/churn",
        repository_name="churn",
    )
    buckets = {key.replace("_key", "_bucket"): bucket for key in given if key.endswith("_key")}
    labels: dict[str, Any] = {}
    if kind != "ModelExplainability":
        labels = {"ground_truth": GroundTruth.in_bucket(bucket, prefix="ground-truth")}
    name = "".join(f"_{one.lower()}" if one.isupper() else one for one in kind).strip("_")
    make = getattr(MonitoringType, name)
    ModelMonitor(
        stack,
        "Monitor",
        monitoring_type=make(**given, **buckets, **labels),
        monitoring_input=MonitoringInput.from_endpoint(
            Endpoint.from_endpoint_name(stack, "Endpoint", "churn-prod"), capture_bucket=bucket
        ),
        monitoring_output=MonitoringOutput.to_bucket(bucket),
        image=MonitoringImage.from_ecr_repository(repository, tag_or_digest="abc"),
        baseline=Baseline.from_files(bucket, constraints_key="runs/c"),
        job=MonitoringJob(
            role=iam.Role.from_role_arn(
                stack, "Runs", ENVIRONMENT["MONITORING_ROLE_ARN"], mutable=False
            )
        ),
        monitor_name="churn-prod-monitor",
    )
    return with_model(stack)


def test_no_template_is_accepted_while_no_model_is_approved(tmp_path: Path) -> None:
    assert main([str(tmp_path)], ENVIRONMENT, registry) == 0


def test_a_stage_in_another_account_has_its_roles(
    tmp_path: Path, template: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    other = {
        f"PROD_MONITORING_{name}_ARN": f"arn:aws:iam::222222222222:role/{name}"
        for name in ("ROLE", "STARTER_ROLE", "QUEUE")
    }
    status, printed = run(tmp_path, template, capsys, {**ENVIRONMENT, **other})

    assert status == 1
    assert "allowed is 'arn:aws:iam::222222222222:role/STARTER_ROLE'" in printed


def test_a_project_without_roles_for_monitors_has_none(
    tmp_path: Path, template: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    without = {name: value for name, value in ENVIRONMENT.items() if "MONITORING" not in name}

    status, printed = run(tmp_path, template, capsys, without)

    assert status == 1
    assert "prod: got monitors, but the project has no roles for them" in printed


def requested(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], None]:
    """Returns a change of the request that the schedule sends."""

    def apply(template: dict[str, Any]) -> None:
        target = resource(template, "::Schedule")["Target"]
        parts = target["Input"]["Fn::Join"][1]
        text = "".join(one if isinstance(one, str) else one["Ref"] for one in parts)
        request = json.loads(text)
        change(request)
        target["Input"] = {"Fn::Join": ["", [json.dumps(request)]]}

    return apply


def of(kind: str, **members: Any) -> Callable[[dict[str, Any]], None]:
    """Returns a change of properties of the only resource of a type."""
    return lambda template: resource(template, kind).update(members)


def target(**members: Any) -> Callable[[dict[str, Any]], None]:
    return lambda template: resource(template, "::Schedule")["Target"].update(members)


QUALITY = "DataQualityJobDefinition"
ATTACKS: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "another image": (
        requested(lambda one: one["AppSpecification"].update(ImageUri="evil:1")),
        f"ImageUri is 'evil:1'; allowed is that of the model: {IMAGE}",
    ),
    "another program": (
        requested(lambda one: one["AppSpecification"].update(ContainerEntrypoint=["sh"])),
        "AppSpecification.ContainerEntrypoint; allowed are",
    ),
    "other arguments": (
        requested(lambda one: one["AppSpecification"].update(ContainerArguments=["serve"])),
        "ContainerArguments are ['serve']; allowed are ['monitor']",
    ),
    "no arguments": (
        requested(lambda one: one["AppSpecification"].pop("ContainerArguments")),
        "ContainerArguments are None",
    ),
    "code by a variable": (
        requested(lambda one: one["Environment"].update(PYTHONPATH="/opt/ml/processing/input")),
        "the variable PYTHONPATH; allowed are settings of the program",
    ),
    "another role of runs": (
        requested(lambda one: one.update(RoleArn=f"{ROLES}training")),
        f"RoleArn is '{ROLES}training'; allowed is '{ROLES}runs'",
    ),
    "many machines": (
        requested(
            lambda one: one["ProcessingResources"]["ClusterConfig"].update(InstanceCount=101)
        ),
        "InstanceCount is 101; allowed are 1 to 100",
    ),
    "a GPU": (
        requested(
            lambda one: one["ProcessingResources"]["ClusterConfig"].update(
                InstanceType="ml.p5.48xlarge"
            )
        ),
        "InstanceType is 'ml.p5.48xlarge'; allowed are types without GPU",
    ),
    "a query as input": (
        requested(
            lambda one: one["ProcessingInputs"].append(
                {"InputName": "a", "AppManaged": False, "DatasetDefinition": {}}
            )
        ),
        "ProcessingInputs has ['AppManaged', 'DatasetDefinition', 'InputName']",
    ),
    "a feature group as output": (
        requested(
            lambda one: one["ProcessingOutputConfig"]["Outputs"].append(
                {"OutputName": "a", "AppManaged": True, "FeatureStoreOutput": {}}
            )
        ),
        "ProcessingOutputConfig has",
    ),
    "an experiment": (
        requested(lambda one: one.update(ExperimentConfig={})),
        "ExperimentConfig; allowed are",
    ),
    "another API": (
        target(Arn="arn:aws:scheduler:::aws-sdk:sagemaker:createTrainingJob"),
        "Target.Arn is 'arn:aws:scheduler:::aws-sdk:sagemaker:createTrainingJob'",
    ),
    "another role of the schedule": (
        target(RoleArn=f"{ROLES}deployment"),
        f"Target.RoleArn is '{ROLES}deployment'",
    ),
    "another queue": (
        target(DeadLetterConfig={"Arn": "arn:aws:sqs:eu-west-1:999999999999:mine"}),
        "Target.DeadLetterConfig is",
    ),
    "a task of ECS": (target(EcsParameters={}), "Target.EcsParameters; allowed are"),
    "a request that only CloudFormation knows": (
        target(Input={"Fn::ImportValue": "request"}),
        "allowed is a literal value",
    ),
    "a request with a duplicate key": (
        target(Input='{"RoleArn": "a", "RoleArn": "b"}'),
        "is malformed: ValueError a duplicate key",
    ),
    "a request that is no JSON": (target(Input="{"), "is malformed: JSONDecodeError"),
    "a request that is a list": (target(Input="[]"), "is malformed"),
    "a run every minute": (
        of("::Schedule", ScheduleExpression="rate(1 minute)"),
        "ScheduleExpression is 'rate(1 minute)'",
    ),
    "runs at many minutes": (
        of("::Schedule", ScheduleExpression="cron(*/5 * ? * * *)"),
        "at most one run per hour",
    ),
    "the name of another project": (
        of("::Schedule", Name="fraud-prod-data"),
        "Name is 'fraud-prod-data'; allowed is churn-prod-NAME",
    ),
    "a generated name": (
        lambda template: resource(template, "::Schedule").pop("Name"),
        "Name is None; allowed is churn-prod-NAME",
    ),
    "another group of schedules": (of("::Schedule", GroupName="mine"), "GroupName; allowed are"),
    "an action of the combined alarm": (
        of("::CompositeAlarm", AlarmActions=["arn:aws:lambda:eu-west-1:999999999999:function:a"]),
        "has AlarmActions; allowed are none",
    ),
    "the alarm of another project": (
        of("::CompositeAlarm", AlarmName="fraud-prod-drift-retrain"),
        "AlarmName is 'fraud-prod-drift-retrain'",
    ),
    "a function in the dashboard": (
        of("::Dashboard", DashboardBody='{"widgets": [{"type": "custom"}]}'),
        "widgets are ['custom']; allowed are alarm, metric, text",
    ),
    "the dashboard of another project": (
        of("::Dashboard", DashboardName="fraud-prod"),
        "DashboardName is 'fraud-prod'",
    ),
    "another image of Model Monitor": (
        lambda template: resource(template, QUALITY)["DataQualityAppSpecification"].update(
            ImageUri="evil:1"
        ),
        "ImageUri is 'evil:1'",
    ),
    "a script of Model Monitor": (
        lambda template: resource(template, QUALITY)["DataQualityAppSpecification"].update(
            RecordPreprocessorSourceUri="s3://evil/code.py"
        ),
        "AppSpecification.RecordPreprocessorSourceUri; allowed are",
    ),
    "another role of Model Monitor": (
        of(QUALITY, RoleArn=f"{ROLES}training"),
        f"RoleArn is '{ROLES}training'",
    ),
    "the endpoint of another project": (
        lambda template: resource(template, QUALITY)["DataQualityJobInput"]["EndpointInput"].update(
            EndpointName="fraud-prod"
        ),
        "EndpointName is 'fraud-prod'; allowed is 'churn-prod'",
    ),
    "a job definition of somebody else": (
        lambda template: resource(template, "::MonitoringSchedule")[
            "MonitoringScheduleConfig"
        ].update(MonitoringJobDefinitionName="fraud-definition"),
        "MonitoringJobDefinitionName is",
    ),
    "a definition within the schedule": (
        lambda template: resource(template, "::MonitoringSchedule")[
            "MonitoringScheduleConfig"
        ].update(MonitoringJobDefinition={}),
        "MonitoringScheduleConfig.MonitoringJobDefinition; allowed are",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_template_that_runs_anything_else_is_rejected(
    tmp_path: Path, template: dict[str, Any], capsys: pytest.CaptureFixture[str], attack: str
) -> None:
    change, message = ATTACKS[attack]
    change(template)

    status, printed = run(tmp_path, template, capsys)

    assert status == 1
    assert printed.startswith("REJECTED monitors: nothing is deployed.")
    assert message in printed


def test_a_package_that_cannot_be_read_is_rejected(
    tmp_path: Path, template: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    template["Resources"]["Model"]["Properties"]["PrimaryContainer"]["ModelPackageName"] = "other"

    status, printed = run(tmp_path, template, capsys)

    assert status == 1
    assert "AccessDenied" in printed


def test_runs_are_placed_in_a_network_of_parameters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = cdk.Stack(cdk.App(), "prod")
    network = Network.from_ids(
        stack,
        "Network",
        vpc_id=ssm.StringParameter.value_for_string_parameter(stack, "/net/vpc-id"),
        subnet_ids=[ssm.StringParameter.value_for_string_parameter(stack, "/net/subnet-id-1")],
        security_group_ids=[ssm.StringParameter.value_for_string_parameter(stack, "/net/group")],
    )
    define(stack, network=MonitoringNetwork.within(network))
    template = dict(Template.from_stack(stack).to_json())
    template["Resources"]["Model"] = {
        "Type": "AWS::SageMaker::Model",
        "Properties": {"PrimaryContainer": {"ModelPackageName": PACKAGE}},
    }
    sent = json.dumps(resource(template, "::Schedule")["Target"]["Input"])
    assert "SsmParameterValuenetsubnetid1" in sent

    assert run(tmp_path, template, capsys) == (0, "")
    other = template | {"Parameters": {}}
    status, printed = run(tmp_path, other, capsys)
    assert status == 1
    assert "allowed is a literal value" in printed

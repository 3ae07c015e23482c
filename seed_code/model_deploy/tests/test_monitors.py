"""Monitors of a stage, their alarms, and what starts a retraining."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from pydantic import ValidationError

from model_deploy.approved_model import ApprovedModels
from model_deploy.endpoint_stack import EndpointStack
from model_deploy.monitoring.monitored_package import MonitoredPackage
from model_deploy.monitoring.monitoring_roles import MonitoringRoles
from model_deploy.project import Project, ProjectNetwork
from model_deploy.settings import (
    Attribution,
    Batch,
    BatchMonitor,
    Bias,
    Capture,
    DataQuality,
    ModelQuality,
    Monitor,
    RealTime,
    Retrain,
    SecondVariant,
    Shadow,
    load_settings,
)

ARN = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/{}"
BASELINE = "s3://churn-artifacts/runs/e1/baseline"
PACKAGE: dict[str, Any] = {
    "InferenceSpecification": {
        "Containers": [
            {
                "Image": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/sp-images:abc123",
                "ModelDataUrl": "s3://churn-artifacts/models/e1/output/model.tar.gz",
            }
        ]
    },
    "CustomerMetadataProperties": {"problem_type": "binary"},
    "DriftCheckBaselines": {
        "ModelDataQuality": {
            "Statistics": {"S3Uri": f"{BASELINE}/data-quality/statistics.json"},
            "Constraints": {"S3Uri": f"{BASELINE}/data-quality/constraints.json"},
        },
        "ModelQuality": {
            "Statistics": {"S3Uri": f"{BASELINE}/model-quality/statistics.json"},
            "Constraints": {"S3Uri": f"{BASELINE}/model-quality/constraints.json"},
        },
        "Explainability": {
            "Constraints": {"S3Uri": f"{BASELINE}/explainability/constraints.json"},
            "ConfigFile": {"S3Uri": f"{BASELINE}/explainability/analysis_config.json"},
        },
        "Bias": {
            "ConfigFile": {"S3Uri": f"{BASELINE}/bias/analysis_config.json"},
            "PostTrainingConstraints": {"S3Uri": f"{BASELINE}/bias/constraints.json"},
        },
    },
}
ALL = Monitor(model_quality=ModelQuality(), bias=Bias(), attribution=Attribution())
ROLES = MonitoringRoles(
    role_arn="arn:aws:iam::111111111111:role/sagemaker-projects/runs",
    starter_role_arn="arn:aws:iam::111111111111:role/sagemaker-projects/starter",
    queue_arn="arn:aws:sqs:eu-west-1:111111111111:not-started",
)
Synthesize = Callable[..., dict[str, Any]]


def batch(monitor: BatchMonitor | None, **keys: Any) -> Batch:
    given = {"schedule": "cron(0 3 * * ? *)", **keys}
    return Batch(kind="batch", instance_type="ml.m5.large", monitor=monitor, **given)


def stage(monitor: Monitor | None = ALL, **keys: Any) -> RealTime:
    given: dict[str, Any] = {"capture": Capture(), "instance_count": 1, **keys}
    return RealTime(kind="real-time", instance_type="ml.m7i.large", monitor=monitor, **given)


@pytest.fixture
def synthesize(project: Project) -> Synthesize:
    """Synthesizes production with monitors."""

    def run(
        settings: RealTime | Batch, *, package: dict[str, Any] = PACKAGE, **members: Any
    ) -> dict[str, Any]:
        placed = replace(project, **{"monitoring": ROLES, **members})
        app = cdk.App(context={"@aws-cdk/core:validateAgainstDefaultRules": True})
        described = MonitoredPackage.of(package)
        models = ApprovedModels(
            newest=7,
            packages={one: ARN.format(one) for one in (6, 7)},
            descriptions=dict.fromkeys((6, 7), described),
        )
        stack = EndpointStack(app, "prod", project=placed, stage=settings, models=models)
        template: dict[str, Any] = app.synth().get_stack_by_name(stack.stack_name).template
        return {**template, "unmonitored": stack.unmonitored}

    return run


def of_type(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [
        one["Properties"] for one in template["Resources"].values() if one["Type"].endswith(kind)
    ]


def requests_in(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the requests of the schedules, by the names of the schedules."""
    found = {}
    for one in of_type(template, "::Schedule"):
        given = one["Target"]["Input"]
        parts = [given] if isinstance(given, str) else given["Fn::Join"][1]
        text = "".join(one if isinstance(one, str) else "amazonaws.com" for one in parts)
        found[one["Name"]] = json.loads(text)
    return found


def alarms_in(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["AlarmName"]: one for one in of_type(template, "CloudWatch::Alarm")}


def test_several_instances_read_the_requests_with_spark(synthesize: Synthesize) -> None:
    given = Monitor(data_quality=DataQuality(instances=3), model_quality=ModelQuality())
    requests = requests_in(synthesize(stage(given)))

    found = {
        name: (
            one["ProcessingResources"]["ClusterConfig"]["InstanceCount"],
            one["Environment"].get("engine"),
        )
        for name, one in requests.items()
    }
    assert found == {"churn-prod-data": (3, "spark"), "churn-prod-quality": (1, None)}


def test_each_monitor_reads_the_baseline_of_the_model_that_serves(synthesize: Synthesize) -> None:
    requests = requests_in(synthesize(stage()))

    assert set(requests) == {
        "churn-prod-data",
        "churn-prod-quality",
        "churn-prod-bias",
        "churn-prod-attribution",
    }
    read = {
        name: {one["InputName"]: one["S3Input"]["S3Uri"] for one in request["ProcessingInputs"]}
        for name, request in requests.items()
    }
    assert read["churn-prod-data"] == {
        "baseline_constraints": f"{BASELINE}/data-quality/constraints.json",
        "baseline_statistics": f"{BASELINE}/data-quality/statistics.json",
    }
    assert read["churn-prod-bias"] == {
        "analysis_config": f"{BASELINE}/bias/analysis_config.json",
        "baseline_constraints": f"{BASELINE}/bias/constraints.json",
    }
    assert read["churn-prod-attribution"] == {
        "model_source": "s3://churn-artifacts/models/e1/output/model.tar.gz",
        "baseline_constraints": f"{BASELINE}/explainability/constraints.json",
    }
    quality = requests["churn-prod-quality"]["Environment"]
    assert quality["ground_truth_source"] == "s3://churn-artifacts/ground-truth"
    assert quality["problem_type"] == "BinaryClassification"
    assert quality["dataset_source"] == "s3://churn-artifacts/capture/churn-prod"


def test_runs_have_the_image_of_the_model_and_the_roles_of_the_project(
    synthesize: Synthesize,
) -> None:
    template = synthesize(stage())

    for one in of_type(template, "::Schedule"):
        assert one["Target"]["RoleArn"] == ROLES.starter_role_arn
        assert one["Target"]["DeadLetterConfig"] == {"Arn": ROLES.queue_arn}
    for request in requests_in(template).values():
        image = request["AppSpecification"]["ImageUri"]
        assert image == "111111111111.dkr.ecr.eu-west-1.amazonaws.com/sp-images:abc123"
        assert request["RoleArn"] == ROLES.role_arn
        assert {"Key": "sagemaker:project-name", "Value": "churn"} in request["Tags"]
    kinds = {one["Type"] for one in template["Resources"].values()}
    assert not [one for one in kinds if one.startswith(("AWS::IAM", "AWS::SQS", "AWS::Events"))]


def test_runs_are_in_the_network_of_the_project(synthesize: Synthesize) -> None:
    network = ProjectNetwork(
        vpc_id="vpc-0a1b2c3d",
        subnet_ids=("subnet-0a1b2c3d", "subnet-0a1b2c3e"),
        security_group_ids=("sg-0a1b2c3d",),
    )

    for request in requests_in(synthesize(stage(), network=network)).values():
        assert request["NetworkConfig"]["VpcConfig"] == {
            "Subnets": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
            "SecurityGroupIds": ["sg-0a1b2c3d"],
        }


def test_only_the_traffic_of_the_deployed_version_is_compared_with_its_baseline(
    synthesize: Synthesize,
) -> None:
    for beside in (
        {"shadow": Shadow(version=6, percentage=50)},
        {"second_variant": SecondVariant(version=6, percentage=10)},
    ):
        for request in requests_in(synthesize(stage(**beside))).values():
            assert request["Environment"]["variant_name"] == "AllTraffic"


@pytest.mark.parametrize(
    ("monitor", "frequency", "expression"),
    [
        (Monitor(), "daily", "cron(15 3 ? * * *)"),
        (Monitor(at_hour=5), "daily", "cron(15 5 ? * * *)"),
        (Monitor(), "hourly", "cron(15 * ? * * *)"),
        (Monitor(frequency="daily"), "hourly", "cron(15 3 ? * * *)"),
    ],
)
def test_the_project_has_the_default_of_the_schedule(
    synthesize: Synthesize, monitor: Monitor, frequency: str, expression: str
) -> None:
    template = synthesize(stage(monitor), monitoring=replace(ROLES, frequency=frequency))

    assert {one["ScheduleExpression"] for one in of_type(template, "::Schedule")} == {expression}


def harmful(template: dict[str, Any]) -> set[str]:
    """Returns the findings that start a retraining."""
    (combined,) = of_type(template, "CompositeAlarm") or [{"AlarmRule": ""}]
    rule = json.dumps(combined["AlarmRule"])
    ids = {
        name
        for name, one in template["Resources"].items()
        if one["Type"].endswith("::Alarm") and f'"{name}"' in rule
    }
    names = [template["Resources"][one]["Properties"]["AlarmName"] for one in ids]
    assert all(name.endswith("-harm") for name in names)
    return {name.removeprefix("churn-prod-drift-").removesuffix("-harm") for name in names}


FEATURES = DataQuality(features={"age": 0.2, "plan type": 0.3})


@pytest.mark.parametrize(
    ("monitor", "expected"),
    [
        (ALL, {"model-quality"}),
        (Monitor(), {"prediction-drift"}),
        (
            Monitor(data_quality=FEATURES),
            {"prediction-drift", "feature-age", "feature-plan-type-0283ee88"},
        ),
        (Monitor(retrain=Retrain(on=["data-quality"])), {"data-quality"}),
        (Monitor(retrain=None), set()),
    ],
)
def test_drift_without_harm_starts_no_retraining(
    synthesize: Synthesize, monitor: Monitor, expected: set[str]
) -> None:
    assert harmful(synthesize(stage(monitor))) == expected


def test_an_alarm_goes_off_for_each_finding(synthesize: Synthesize) -> None:
    monitor = ALL.model_copy(update={"data_quality": FEATURES})

    alarms = alarms_in(synthesize(stage(monitor)))

    assert set(alarms) == {
        "churn-prod-drift-attribution-warning",
        "churn-prod-drift-bias-warning",
        "churn-prod-drift-data-quality-warning",
        "churn-prod-drift-feature-age-warning",
        "churn-prod-drift-feature-plan-type-0283ee88-warning",
        "churn-prod-drift-model-quality-harm",
        "churn-prod-drift-prediction-drift-warning",
        "churn-prod-silent-attribution",
        "churn-prod-silent-bias",
        "churn-prod-silent-data",
        "churn-prod-silent-quality",
    }
    drift = alarms["churn-prod-drift-prediction-drift-warning"]
    assert (drift["MetricName"], drift["Threshold"], drift["Period"]) == (
        "greatest_prediction_baseline_drift",
        0.1,
        86_400,
    )
    harm = alarms["churn-prod-drift-model-quality-harm"]
    assert (harm["MetricName"], harm["Threshold"]) == ("constraint_violations", 0)
    assert {"Name": "MonitoringSchedule", "Value": "churn-prod-quality"} in harm["Dimensions"]


@pytest.mark.parametrize(
    ("retrain", "name"),
    [
        (Retrain(), "churn-prod-drift-retrain"),
        (Retrain(cooldown_days=14), "churn-prod-drift-retrain-14d-9999"),
        (Retrain(max_runs_per_month=1), "churn-prod-drift-retrain-0d-1"),
        (Retrain(cooldown_days=14, max_runs_per_month=2), "churn-prod-drift-retrain-14d-2"),
    ],
)
def test_the_name_of_the_alarm_carries_tighter_limits(
    synthesize: Synthesize, retrain: Retrain, name: str
) -> None:
    (combined,) = of_type(synthesize(stage(Monitor(retrain=retrain))), "CompositeAlarm")

    assert combined["AlarmName"] == name


def test_the_dashboard_shows_the_monitors(synthesize: Synthesize) -> None:
    (dashboard,) = of_type(synthesize(stage()), "Dashboard")
    assert dashboard["DashboardName"] == "churn-prod-drift"
    body = json.dumps(dashboard["DashboardBody"])
    assert "greatest_prediction_baseline_drift" in body
    assert "churn-prod-attribution" in body
    assert not of_type(synthesize(stage(Monitor(dashboard=False))), "Dashboard")


def test_model_monitor_is_one_key(synthesize: Synthesize) -> None:
    template = synthesize(stage(Monitor(engine="model-monitor")))

    assert not of_type(template, "Scheduler::Schedule")
    (definition,) = of_type(template, "DataQualityJobDefinition")
    assert definition["RoleArn"] == ROLES.role_arn
    assert definition["JobDefinitionName"].startswith("churn-prod-data-")
    assert definition["DataQualityJobInput"]["EndpointInput"]["EndpointName"] == "churn-prod"
    alarm = alarms_in(template)["churn-prod-drift-data-quality-warning"]
    assert alarm["Namespace"] == "aws/sagemaker/Endpoints/data-metrics"


def test_model_monitor_watches_what_the_drift_monitor_watches(synthesize: Synthesize) -> None:
    template = synthesize(stage(ALL.model_copy(update={"engine": "model-monitor"})))

    kinds = {"ModelQuality": "quality", "ModelBias": "bias", "ModelExplainability": "attribution"}
    for kind, name in kinds.items():
        (definition,) = of_type(template, f"{kind}JobDefinition")
        assert definition["JobDefinitionName"].startswith(f"churn-prod-{name}-")
        assert definition["RoleArn"] == ROLES.role_arn
        source = definition[f"{kind}JobInput"]
        assert source["EndpointInput"]["EndpointName"] == "churn-prod"
        labels = source.get("GroundTruthS3Input", {}).get("S3Uri")
        assert labels == (None if name == "attribution" else "s3://churn-artifacts/ground-truth")
    (bias,) = of_type(template, "ModelBiasJobDefinition")
    assert bias["ModelBiasAppSpecification"]["ConfigUri"] == f"{BASELINE}/bias/analysis_config.json"
    (attribution,) = of_type(template, "ModelExplainabilityJobDefinition")
    program = attribution["ModelExplainabilityAppSpecification"]
    assert program["ConfigUri"] == f"{BASELINE}/explainability/analysis_config.json"
    assert len(of_type(template, "MonitoringSchedule")) == 4
    assert not of_type(template, "Scheduler::Schedule")


def test_alarms_of_model_monitor_read_the_namespaces_of_aws(synthesize: Synthesize) -> None:
    template = synthesize(stage(ALL.model_copy(update={"engine": "model-monitor"})))

    alarms, schedules = alarms_in(template), of_type(template, "MonitoringSchedule")
    names = {one["MonitoringScheduleName"] for one in schedules}
    for name, namespace in (
        ("data-quality-warning", "data-metrics"),
        ("prediction-drift-warning", "data-metrics"),
        ("model-quality-harm", "model-metrics"),
        ("bias-warning", "bias-metrics"),
        ("attribution-warning", "explainability-metrics"),
    ):
        alarm = alarms[f"churn-prod-drift-{name}"]
        assert alarm["Namespace"] == f"aws/sagemaker/Endpoints/{namespace}"
        watched = {one["Name"]: one["Value"] for one in alarm["Dimensions"]}
        assert watched["Endpoint"] == "churn-prod"
        assert watched["MonitoringSchedule"] in names
    assert harmful(template) == {"model-quality"}


def test_attribution_by_model_monitor_needs_the_configuration_of_the_package(
    synthesize: Synthesize,
) -> None:
    checks = PACKAGE["DriftCheckBaselines"]
    explained = {"Constraints": checks["Explainability"]["Constraints"]}
    older = {**PACKAGE, "DriftCheckBaselines": {**checks, "Explainability": explained}}
    monitor = Monitor(attribution=Attribution())

    assert synthesize(stage(monitor), package=older)["unmonitored"] == []
    by_aws = synthesize(
        stage(monitor.model_copy(update={"engine": "model-monitor"})), package=older
    )
    assert not of_type(by_aws, "ModelExplainabilityJobDefinition")
    assert by_aws["unmonitored"] == [
        "attribution: the model package has no analysis configuration for it; the next training "
        "brings one"
    ]


@pytest.mark.parametrize(
    "beside",
    [
        {"shadow": Shadow(version=6, percentage=50)},
        {"second_variant": SecondVariant(version=6, percentage=10)},
    ],
)
def test_model_monitor_is_rejected_beside_a_variant_that_it_does_not_separate(
    synthesize: Synthesize, beside: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="engine: got model-monitor beside second_variant or"):
        synthesize(stage(Monitor(engine="model-monitor"), **beside))


def test_a_long_name_is_shortened_for_runs_and_rejected_for_model_monitor(
    synthesize: Synthesize, project: Project
) -> None:
    name = "customer-churn-in-north-america"
    found = requests_in(synthesize(stage(Monitor()), name=name))

    (request,) = found.values()
    run = request["ProcessingJobName"].removesuffix("-<aws.scheduler.execution-id>")
    assert set(found) == {f"{name}-prod-data"}
    assert len(run) <= 26
    assert run.startswith("customer-churn-in")
    with pytest.raises(ValueError, match="engine: got model-monitor, and the name .* allowed are"):
        synthesize(stage(Monitor(engine="model-monitor")), name=name)


def test_a_model_without_baselines_is_deployed_without_monitors(synthesize: Synthesize) -> None:
    older = {**PACKAGE, "DriftCheckBaselines": {}}

    template = synthesize(stage(), package=older)

    assert not of_type(template, "::Schedule")
    assert not of_type(template, "::Alarm")
    assert len(template["unmonitored"]) == 4
    assert template["unmonitored"][0] == (
        "data-quality: the model package has no baseline for it; the next training brings one"
    )


def test_a_baseline_that_is_incomplete_is_none(synthesize: Synthesize) -> None:
    part = {"Constraints": {"S3Uri": f"{BASELINE}/data-quality/constraints.json"}}
    package = {**PACKAGE, "DriftCheckBaselines": {"ModelDataQuality": part}}

    assert synthesize(stage(Monitor()), package=package)["unmonitored"]


def test_a_project_without_roles_for_monitors_is_rejected(synthesize: Synthesize) -> None:
    with pytest.raises(ValueError, match=r"config/prod.yaml: monitor: got monitors, but the"):
        synthesize(stage(), monitoring=None)


def test_a_stage_without_the_section_has_no_monitors(synthesize: Synthesize) -> None:
    assert not of_type(synthesize(stage(None)), "::Schedule")


@pytest.mark.parametrize(
    ("monitor", "keys", "message"),
    [
        (Monitor(), {"capture": None}, "monitor: got no capture, whose data it reads"),
        (Monitor(data_quality=None), {}, "prediction_drift: got it without data_quality"),
        (
            Monitor(data_quality=None, prediction_drift=None),
            {},
            "monitor: got no monitor; add one, such as data_quality",
        ),
        (
            Monitor(retrain=Retrain(on=["bias"])),
            {},
            "monitor.retrain.on: got bias, which is not monitored",
        ),
    ],
)
def test_contradictions_are_rejected(monitor: Monitor, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        stage(monitor, **keys)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("engine: evidently", "'drift-monitor' or 'model-monitor'"),
        ("model_quality: {ground_truth: ../other}", "ground_truth"),
        ("model_quality: {delay_hours: 1000}", "delay_hours: got 1000"),
        ("retrain: {cooldown_days: -1}", "cooldown_days: got -1"),
        ("retrain: {max_runs_per_month: 0}", "max_runs_per_month: got 0"),
        ("data_quality: {features: {age: 2}}", "age: got 2"),
        ("quality: {}", "got an unknown key; allowed: engine, frequency"),
    ],
)
def test_a_wrong_value_is_reported_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "prod.yaml"
    file.write_text(f"kind: real-time\ninstance_type: ml.m7i.large\ncapture:\nmonitor:\n  {text}\n")

    with pytest.raises(ValueError) as error:
        load_settings(file)

    assert message in str(error.value)
    assert f"{file}:5" in str(error.value).replace("line ", "")


def test_roles_come_from_the_variables_of_the_stage_alone() -> None:
    variables = {
        f"MONITORING_{name}_ARN": f"arn:{name.lower()}"
        for name in ("ROLE", "STARTER_ROLE", "QUEUE")
    }
    found = MonitoringRoles.from_environment({**variables, "MONITORING_FREQUENCY": "hourly"})
    assert found == MonitoringRoles(
        role_arn="arn:role",
        starter_role_arn="arn:starter_role",
        queue_arn="arn:queue",
        frequency="hourly",
    )
    assert MonitoringRoles.from_environment(variables, "PROD_") is None
    del variables["MONITORING_QUEUE_ARN"]
    with pytest.raises(ValueError, match="got no MONITORING_QUEUE_ARN; set MONITORING_ROLE_ARN"):
        MonitoringRoles.from_environment(variables)


def test_the_files_of_batch_jobs_are_compared_with_the_baseline_of_the_model(
    synthesize: Synthesize,
) -> None:
    template = synthesize(batch(BatchMonitor(), join_input=True))

    requests = requests_in(template)
    capture = "s3://churn-artifacts/batch/capture/prod"
    assert requests["churn-prod-batch"]["DataCaptureConfig"] == {
        "DestinationS3Uri": capture,
        "GenerateInferenceId": False,
        "KmsKeyId": requests["churn-prod-batch"]["TransformOutput"]["KmsKeyId"],
    }
    run = requests["churn-prod-data"]
    assert run["Environment"]["dataset_source"] == capture
    assert json.loads(run["Environment"]["dataset_format"]) == {"csv": {"header": False}}
    assert run["Environment"]["batch_predictions"] == "Enabled"
    assert run["RoleArn"] == ROLES.role_arn
    read = {one["InputName"]: one["S3Input"]["S3Uri"] for one in run["ProcessingInputs"]}
    assert read["baseline_constraints"] == f"{BASELINE}/data-quality/constraints.json"
    assert template["unmonitored"] == []


@pytest.mark.parametrize(
    ("schedule", "monitor", "expression"),
    [
        ("cron(0 3 * * ? *)", {}, "cron(15 7 ? * * *)"),
        ("cron(30 3 * * ? *)", {"at_hour": 9}, "cron(15 9 ? * * *)"),
        ("cron(0 0/6 * * ? *)", {}, "cron(15 4,10,16,22 ? * * *)"),
        ("cron(0 1,13 * * ? *)", {}, "cron(15 5,17 ? * * *)"),
        ("cron(0 */2 * * ? *)", {}, "cron(15 0,2,4,6,8,10,12,14,16,18,20,22 ? * * *)"),
        ("cron(0 * * * ? *)", {}, "cron(15 * ? * * *)"),
        ("rate(1 hour)", {}, "cron(15 * ? * * *)"),
        ("rate(6 hours)", {}, "cron(15 1,7,13,19 ? * * *)"),
        ("rate(1 day)", {}, "cron(15 7 ? * * *)"),
        ("cron(0 9-17 * * ? *)", {}, "cron(15 21 ? * * *)"),
        ("cron(0 0/5 * * ? *)", {}, "cron(15 0 ? * * *)"),
        ("cron(0 1-23/8 * * ? *)", {}, "cron(15 5,13,21 ? * * *)"),
        ("cron(0 L * * ? *)", {}, "cron(15 7 ? * * *)"),
        ("cron(0 0/6 * * ? *)", {"every_hours": 24}, "cron(15 22 ? * * *)"),
        ("cron(0 3 ? * MON *)", {"every_hours": 12, "at_hour": 5}, "cron(15 5,17 ? * * *)"),
    ],
)
def test_the_monitor_of_batch_jobs_follows_their_schedule(
    synthesize: Synthesize, schedule: str, monitor: dict[str, Any], expression: str
) -> None:
    hourly = replace(ROLES, frequency="hourly")  # the default of the project is for endpoints

    template = synthesize(batch(BatchMonitor(**monitor), schedule=schedule), monitoring=hourly)

    schedules = {one["Name"]: one for one in of_type(template, "::Schedule")}
    assert schedules["churn-prod-data"]["ScheduleExpression"] == expression
    period = int(requests_in(template)["churn-prod-data"]["Environment"]["period_hours"])
    runs = expression.split()[1]
    assert 24 // period == (24 if runs == "*" else len(runs.split(",")))


def test_the_monitor_of_batch_jobs_has_the_hour_of_their_time_zone(synthesize: Synthesize) -> None:
    """At three in Berlin it is one or two in UTC: a run reads the jobs of summer and of winter."""
    template = synthesize(batch(BatchMonitor(), time_zone="Europe/Berlin"))

    schedules = {one["Name"]: one for one in of_type(template, "::Schedule")}
    assert schedules["churn-prod-data"]["ScheduleExpression"] == "cron(15 6 ? * * *)"


def test_labels_of_batch_jobs_refer_to_the_ids_of_predictions(synthesize: Synthesize) -> None:
    labeled = BatchMonitor(model_quality=ModelQuality(delay_hours=24), bias=Bias())

    template = synthesize(batch(labeled))

    requests = requests_in(template)
    assert requests["churn-prod-batch"]["DataCaptureConfig"]["GenerateInferenceId"] is True
    run = requests["churn-prod-quality"]["Environment"]
    assert run["ground_truth_source"] == "s3://churn-artifacts/ground-truth"
    assert run["ground_truth_delay_hours"] == "24"
    assert run["dataset_source"] == "s3://churn-artifacts/batch/capture/prod"
    assert run["problem_type"] == "BinaryClassification"
    assert set(requests) >= {"churn-prod-data", "churn-prod-quality", "churn-prod-bias"}
    assert {"churn-prod-drift-model-quality-harm", "churn-prod-drift-bias-warning"} <= set(
        alarms_in(template)
    )


def test_without_labels_jobs_add_no_ids_to_predictions(synthesize: Synthesize) -> None:
    request = requests_in(synthesize(batch(BatchMonitor())))["churn-prod-batch"]

    assert request["DataCaptureConfig"]["GenerateInferenceId"] is False


def test_drift_of_batch_jobs_has_alarms_and_starts_a_retraining(synthesize: Synthesize) -> None:
    quality = DataQuality(features={"age": 0.2})

    template = synthesize(batch(BatchMonitor(data_quality=quality)))

    alarms = alarms_in(template)
    assert set(alarms) == {
        "churn-prod-drift-data-quality-warning",
        "churn-prod-drift-prediction-drift-harm",
        "churn-prod-drift-feature-age-harm",
        "churn-prod-silent-data",
    }
    (dimension,) = alarms["churn-prod-drift-feature-age-harm"]["Dimensions"]
    assert dimension == {"Name": "MonitoringSchedule", "Value": "churn-prod-data"}
    (combined,) = of_type(template, "CompositeAlarm")
    assert combined["AlarmName"] == "churn-prod-drift-retrain"


def test_json_lines_of_batch_jobs_are_read_as_such(synthesize: Synthesize) -> None:
    lines = batch(BatchMonitor(), content_type="application/jsonlines")

    run = requests_in(synthesize(lines))["churn-prod-data"]

    assert json.loads(run["Environment"]["dataset_format"]) == {"json": {"line": True}}


def test_without_their_alarm_predictions_of_batch_jobs_are_not_read(synthesize: Synthesize) -> None:
    template = synthesize(batch(BatchMonitor(prediction_drift=None)))

    run = requests_in(template)["churn-prod-data"]
    assert "batch_predictions" not in run["Environment"]
    assert "churn-prod-drift-prediction-drift-harm" not in alarms_in(template)


def test_model_monitor_of_batch_jobs_is_one_key(synthesize: Synthesize) -> None:
    monitor = BatchMonitor(engine="model-monitor", prediction_drift=None)

    template = synthesize(batch(monitor))

    (definition,) = of_type(template, "DataQualityJobDefinition")
    source = definition["DataQualityJobInput"]["BatchTransformInput"]
    captured = source["DataCapturedDestinationS3Uri"]
    assert captured == "s3://churn-artifacts/batch/capture/prod"


def test_batch_jobs_without_the_section_capture_nothing(synthesize: Synthesize) -> None:
    requests = requests_in(synthesize(batch(None)))

    assert set(requests) == {"churn-prod-batch"}
    assert "DataCaptureConfig" not in requests["churn-prod-batch"]


@pytest.mark.parametrize(
    ("monitor", "message"),
    [
        ({"engine": "model-monitor"}, "prediction_drift: not supported for batch jobs by the"),
        (
            {"engine": "model-monitor", "prediction_drift": None, "model_quality": ModelQuality()},
            "model_quality: not supported for batch jobs by the engine model-monitor",
        ),
        (
            {"engine": "model-monitor", "prediction_drift": None, "bias": Bias()},
            "bias: not supported for batch jobs by the engine model-monitor",
        ),
        ({"every_hours": 5}, "1, 2, 3, 4, 6, 8, 12 or 24"),
        ({"at_hour": 24}, "less than or equal to 23"),
        ({"data_quality": None}, "got it without data_quality, whose runs measure it"),
        ({"data_quality": None, "prediction_drift": None}, "monitor: got no monitor"),
        ({"retrain": Retrain(on=["features"])}, "got features, which is not monitored"),
        ({"retrain": Retrain(on=["model-quality"])}, "got model-quality, which is not monitored"),
    ],
)
def test_contradictions_of_batch_monitors_are_rejected(
    monitor: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        batch(BatchMonitor(**monitor))


@pytest.mark.parametrize("key", ["frequency: hourly", "attribution:", "dashboard: true"])
def test_keys_that_batch_monitors_do_not_have_are_rejected(tmp_path: Path, key: str) -> None:
    path = tmp_path / "prod.yaml"
    path.write_text(
        f"kind: batch\ninstance_type: ml.m5.large\nschedule: rate(1 day)\nmonitor:\n  {key}\n"
    )

    with pytest.raises(ValueError, match="got an unknown key; allowed: engine, every_hours"):
        load_settings(path)

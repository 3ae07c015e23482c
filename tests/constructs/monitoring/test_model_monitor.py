"""SageMaker Model Monitor: job definitions, schedules, images of regions."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.hosting import Endpoint
from mlops_constructs.monitoring import (
    ModelMonitor,
    MonitoringFrequency,
    MonitoringImage,
    MonitoringJob,
    MonitoringNetwork,
    MonitoringType,
)
from tests.constructs.monitoring.conftest import (
    KEY_ARN,
    Define,
    monitoring_types_of,
    name_in_new_app,
    settings_of,
    stack_in,
)

KINDS = {
    "DATA_QUALITY": "DataQuality",
    "MODEL_QUALITY": "ModelQuality",
    "MODEL_BIAS": "ModelBias",
    "MODEL_EXPLAINABILITY": "ModelExplainability",
}


@pytest.mark.parametrize(("analysis", "member"), KINDS.items())
def test_definition_and_schedule_belong_together(
    analysis: str,
    member: str,
    define: Define,
    monitoring_types: dict[str, MonitoringType],
    stack: cdk.Stack,
) -> None:
    define(
        ModelMonitor,
        monitoring_type=monitoring_types[analysis],
        frequency=MonitoringFrequency.daily(),
    )

    template = Template.from_stack(stack)
    ((definition_id, definition),) = template.find_resources(
        f"AWS::SageMaker::{member}JobDefinition"
    ).items()
    ((_, schedule),) = template.find_resources("AWS::SageMaker::MonitoringSchedule").items()
    name = definition["Properties"]["JobDefinitionName"]
    schedule_name = schedule["Properties"]["MonitoringScheduleName"]
    assert schedule_name.rpartition("-")[0] == name.rpartition("-")[0]
    assert schedule["Properties"] == {
        "MonitoringScheduleName": schedule_name,
        "MonitoringScheduleConfig": {
            "MonitoringJobDefinitionName": name,
            "MonitoringType": member,
            "ScheduleConfig": {"ScheduleExpression": "cron(0 0 ? * * *)"},
        },
    }
    assert schedule["DependsOn"] == [definition_id]
    assert len(name) <= 63


def test_a_run_is_encrypted_isolated_and_ends(define: Define, resources: Any) -> None:
    define(ModelMonitor, image=None)

    (definition,) = resources("AWS::SageMaker::DataQualityJobDefinition")
    assert definition["NetworkConfig"] == {
        "EnableInterContainerTrafficEncryption": True,
        "EnableNetworkIsolation": True,
    }
    assert definition["JobResources"]["ClusterConfig"]["VolumeKmsKeyId"] == KEY_ARN
    assert definition["DataQualityJobOutputConfig"] == {
        "KmsKeyId": KEY_ARN,
        "MonitoringOutputs": [
            {
                "S3Output": {
                    "LocalPath": "/opt/ml/processing/output",
                    "S3UploadMode": "EndOfJob",
                    "S3Uri": "s3://churn-artifacts/reports",
                }
            }
        ],
    }
    assert definition["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert definition["DataQualityBaselineConfig"] == {
        "ConstraintsResource": {"S3Uri": "s3://churn-artifacts/baseline/constraints.json"},
        "StatisticsResource": {"S3Uri": "s3://churn-artifacts/baseline/statistics.json"},
    }
    assert definition["DataQualityAppSpecification"]["Environment"] == {
        "publish_cloudwatch_metrics": "Enabled"
    }


def test_labels_that_come_late_are_waited_for(
    define: Define, monitoring_types: dict[str, MonitoringType], resources: Any
) -> None:
    define(
        ModelMonitor,
        monitoring_type=monitoring_types["MODEL_QUALITY"],
        frequency=MonitoringFrequency.every(hours=6, first_hour=1),
    )

    (definition,) = resources("AWS::SageMaker::ModelQualityJobDefinition")
    assert definition["ModelQualityJobInput"] == {
        "EndpointInput": {
            "EndpointName": "churn-prod",
            "LocalPath": "/opt/ml/processing/input/endpoint",
            "S3DataDistributionType": "FullyReplicated",
            "S3InputMode": "File",
            "InferenceAttribute": "0",
            "ProbabilityAttribute": "1",
            "StartTimeOffset": "-PT30H",
            "EndTimeOffset": "-PT24H",
        },
        "GroundTruthS3Input": {"S3Uri": "s3://churn-artifacts/labels"},
    }
    specification = definition["ModelQualityAppSpecification"]
    assert specification["ProblemType"] == "BinaryClassification"
    assert specification["ContainerArguments"] == ["monitor"]
    assert specification["Environment"]["analysis_type"] == "MODEL_QUALITY"
    (schedule,) = resources("AWS::SageMaker::MonitoringSchedule")
    config = schedule["MonitoringScheduleConfig"]
    assert config["ScheduleConfig"]["ScheduleExpression"] == "cron(0 1/6 ? * * *)"


def test_explanations_with_a_custom_image_have_a_network_because_they_read_the_model(
    define: Define,
    stack: cdk.Stack,
    settings: dict[str, Any],
    monitoring_types: dict[str, MonitoringType],
    resources: Any,
) -> None:
    monitoring_type = monitoring_types["MODEL_EXPLAINABILITY"]
    isolated = MonitoringJob(network=MonitoringNetwork(isolation=True))

    monitor = ModelMonitor(stack, "Open", **{**settings, "monitoring_type": monitoring_type})

    (definition,) = resources("AWS::SageMaker::ModelExplainabilityJobDefinition")
    assert definition["NetworkConfig"]["EnableNetworkIsolation"] is False
    (schedule,) = resources("AWS::SageMaker::MonitoringSchedule")
    assert schedule["MonitoringScheduleName"] == monitor.monitor_name
    specification = definition["ModelExplainabilityAppSpecification"]
    assert specification["ConfigUri"] == "s3://churn-artifacts/shap/analysis_config.json"
    with pytest.raises(ValueError, match="network isolation: not supported with model_data_bucket"):
        define(ModelMonitor, monitoring_type=monitoring_type, job=isolated)


def test_explanations_with_the_prebuilt_image_have_a_network_because_they_invoke_the_model(
    define: Define, monitoring_types: dict[str, MonitoringType], resources: Any
) -> None:
    monitoring_type = monitoring_types["MODEL_EXPLAINABILITY"]
    prebuilt = {"monitoring_type": monitoring_type, "image": MonitoringImage.prebuilt()}

    define(ModelMonitor, **prebuilt)

    (definition,) = resources("AWS::SageMaker::ModelExplainabilityJobDefinition")
    assert definition["NetworkConfig"]["EnableNetworkIsolation"] is False
    assert "sagemaker:CreateEndpoint" in json.dumps(resources("AWS::IAM::ManagedPolicy"))


def test_isolated_explanations_with_the_prebuilt_image_are_rejected(
    define: Define, monitoring_types: dict[str, MonitoringType]
) -> None:
    with pytest.raises(ValueError, match="not supported for model explainability with AWS's"):
        define(
            ModelMonitor,
            monitoring_type=monitoring_types["MODEL_EXPLAINABILITY"],
            image=MonitoringImage.prebuilt(),
            job=MonitoringJob(network=MonitoringNetwork(isolation=True)),
        )


@pytest.mark.parametrize("isolation", [None, True])
def test_explanations_by_an_image_that_contains_the_model_are_isolated(
    define: Define, stack: cdk.Stack, isolation: bool | None, resources: Any
) -> None:
    define(
        ModelMonitor,
        monitoring_type=MonitoringType.model_explainability(
            analysis_config_bucket=s3.Bucket.from_bucket_name(stack, "Config", "churn-config"),
            analysis_config_key="shap/analysis_config.json",
        ),
        job=MonitoringJob(network=MonitoringNetwork(isolation=isolation)),
    )

    (definition,) = resources("AWS::SageMaker::ModelExplainabilityJobDefinition")
    assert definition["NetworkConfig"]["EnableNetworkIsolation"] is True
    assert "sagemaker:CreateEndpoint" not in json.dumps(resources("AWS::IAM::ManagedPolicy"))


CHANGES: dict[str, Any] = {
    "instance type": {"job": MonitoringJob(instance_type="ml.m5.xlarge")},
    "instance count": {"job": MonitoringJob(instance_count=2)},
    "volume": {"job": MonitoringJob(volume_size_in_gb=50)},
    "time": {"job": MonitoringJob(max_runtime=cdk.Duration.minutes(7))},
    "traffic encryption": {
        "job": MonitoringJob(network=MonitoringNetwork(traffic_encryption=False))
    },
    "isolation": {"job": MonitoringJob(network=MonitoringNetwork(isolation=False))},
    "frequency": {"frequency": MonitoringFrequency.daily()},
    "image": {"image": MonitoringImage.prebuilt()},
    "baseline": {"baseline": None},
}


@pytest.fixture(scope="module")
def unchanged() -> str:
    return name_in_new_app(ModelMonitor)


@pytest.mark.parametrize("change", CHANGES)
def test_each_change_makes_a_name_of_its_own_so_that_nothing_clashes(
    change: str, unchanged: str
) -> None:
    assert name_in_new_app(ModelMonitor, **CHANGES[change]) != unchanged


def test_the_same_inputs_have_the_same_name(unchanged: str) -> None:
    assert name_in_new_app(ModelMonitor) == unchanged


def names_with_tags(
    stack: cdk.Stack, settings: dict[str, Any], tags: dict[str, str]
) -> tuple[Any, Any]:
    """The names of the definition and of the schedule; every tag is one of the whole app."""
    ModelMonitor(stack, "Monitor", **settings)
    for key, value in tags.items():
        cdk.Tags.of(stack.node.root).add(key, value)
    resources = Template.from_stack(stack).to_json()["Resources"].values()
    named = {one["Type"]: one["Properties"] for one in resources if "Monitor" in str(one)}
    schedule = named["AWS::SageMaker::MonitoringSchedule"]
    (definition,) = (named[name] for name in named if name.endswith("JobDefinition"))
    used = schedule["MonitoringScheduleConfig"]["MonitoringJobDefinitionName"]
    assert used == definition["JobDefinitionName"]
    assert len(used) <= 63
    return used, schedule["MonitoringScheduleName"]


def test_a_role_that_is_replaced_makes_a_definition_of_its_own() -> None:
    """Its logical id stays, so the definition's text does: AWS would still have to replace it."""
    names = []
    for path in ("/", "/other/"):
        own = stack_in("eu-west-1")
        role = iam.Role(own, "R", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        role.node.default_child.path = path  # type: ignore[union-attr]
        given = settings_of(
            s3.Bucket.from_bucket_name(own, "Bucket", "churn-artifacts"),
            ecr.Repository.from_repository_name(own, "Repository", "churn"),
            Endpoint.from_endpoint_name(own, "Endpoint", "churn-prod"),
        )
        ModelMonitor(own, "Monitor", **given, job=MonitoringJob(role=role))
        (definition,) = (
            Template.from_stack(own)
            .find_resources("AWS::SageMaker::DataQualityJobDefinition")
            .values()
        )
        names.append(definition["Properties"]["JobDefinitionName"])
    assert len(set(names)) == 2


@pytest.mark.parametrize("analysis", KINDS)
def test_complaint_15_a_tag_of_the_app_makes_a_name_of_its_own(analysis: str) -> None:
    """Tags of a job definition are createOnly in CloudFormation's schema."""
    definitions, schedules = [], []
    for tags in ({}, {"team": "growth"}, {"team": "sales"}, {"team": "sales", "cost": "7"}):
        stack = stack_in("eu-west-1")
        bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "churn-artifacts")
        settings = settings_of(
            bucket,
            ecr.Repository.from_repository_name(stack, "Repository", "churn"),
            Endpoint.from_endpoint_name(stack, "Endpoint", "churn-prod"),
        )
        settings |= {"monitoring_type": monitoring_types_of(bucket)[analysis]}
        definition, schedule = names_with_tags(stack, settings, tags)
        definitions.append(definition)
        schedules.append(schedule)
    assert len(set(definitions)) == 4
    # Else the dimension of the metrics would change, and each alarm with it.
    assert len(set(schedules)) == 1


def test_explainability_needs_an_analysis_configuration(define: Define) -> None:
    with pytest.raises(ValueError, match="explainability: got no analysis configuration"):
        define(ModelMonitor, monitoring_type=MonitoringType.model_explainability())


def test_runs_can_be_attached_to_a_network(
    define: Define, stack: cdk.Stack, resources: Any
) -> None:
    vpc = ec2.Vpc(stack, "Vpc", nat_gateways=0, max_azs=2)
    group = ec2.SecurityGroup(stack, "Group", vpc=vpc)
    private = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)

    define(
        ModelMonitor,
        job=MonitoringJob(
            network=MonitoringNetwork(vpc=vpc, subnets=private, security_groups=[group])
        ),
    )

    (definition,) = resources("AWS::SageMaker::DataQualityJobDefinition")
    attached = definition["NetworkConfig"]["VpcConfig"]
    assert len(attached["Subnets"]) == 2
    assert len(attached["SecurityGroupIds"]) == 1
    policies = json.dumps(resources("AWS::IAM::ManagedPolicy"))
    assert "ec2:CreateNetworkInterfacePermission" in policies


def test_labels_are_merged_by_an_image_of_aws_and_read_from_below_the_reports(
    define: Define, monitoring_types: dict[str, MonitoringType], resources: Any
) -> None:
    """A run fails before it begins where its role may not do what the merging job does."""
    define(
        ModelMonitor,
        monitoring_type=monitoring_types["MODEL_BIAS"],
        frequency=MonitoringFrequency.daily(),
    )

    statements = [
        statement
        for policy in resources("AWS::IAM::ManagedPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    pulled = [one["Resource"] for one in statements if "ecr:BatchGetImage" in one["Action"]]
    merger = ":ecr:eu-west-1:468650794304:repository/sagemaker-model-monitor-groundtruth-merger"
    assert merger in json.dumps(pulled)
    read = json.dumps([one for one in statements if "s3:GetObject" in one["Action"]])
    assert ":s3:::churn-artifacts/reports/merge/*" in read
    listed = json.dumps([one for one in statements if one["Action"] == "s3:ListBucket"])
    assert '"reports/merge", "reports/merge/*"' in listed


def test_events_of_runs_are_found_however_sagemaker_writes_their_arn(
    define: Define, resources: Any
) -> None:
    define(ModelMonitor).on_violation("Violation")

    (rule,) = resources("AWS::Events::Rule")
    (pattern,) = rule["EventPattern"]["detail"]["MonitoringScheduleArn"]
    assert list(pattern) == ["equals-ignore-case"]

"""SageMaker Model Monitor: job definitions, schedules, images of regions."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.hosting import Endpoint
from mlops_constructs.monitoring import (
    Baseline,
    DatasetFormat,
    ModelMonitor,
    MonitoredData,
    MonitoringFrequency,
    MonitoringImage,
    MonitoringJob,
    MonitoringNetwork,
    MonitoringQuestion,
    Reports,
)
from tests.constructs.monitoring.conftest import KEY_ARN, Define, name_in_new_app, stack_in

KINDS = {
    "DATA_QUALITY": "DataQuality",
    "MODEL_QUALITY": "ModelQuality",
    "MODEL_BIAS": "ModelBias",
    "MODEL_EXPLAINABILITY": "ModelExplainability",
}
FACTS = Path("constructs/mlops_constructs/monitoring/image_accounts.json")


@pytest.mark.parametrize(("analysis", "member"), KINDS.items())
def test_definition_and_schedule_belong_together(
    analysis: str,
    member: str,
    define: Define,
    questions: dict[str, MonitoringQuestion],
    stack: cdk.Stack,
) -> None:
    define(ModelMonitor, question=questions[analysis], frequency=MonitoringFrequency.daily())

    template = Template.from_stack(stack)
    ((definition_id, definition),) = template.find_resources(
        f"AWS::SageMaker::{member}JobDefinition"
    ).items()
    ((_, schedule),) = template.find_resources("AWS::SageMaker::MonitoringSchedule").items()
    name = definition["Properties"]["JobDefinitionName"]
    assert schedule["Properties"] == {
        "MonitoringScheduleName": name,
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
    define: Define, questions: dict[str, MonitoringQuestion], resources: Any
) -> None:
    define(
        ModelMonitor,
        question=questions["MODEL_QUALITY"],
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


def test_explanations_have_a_network_because_they_ask_the_model(
    define: Define,
    stack: cdk.Stack,
    settings: dict[str, Any],
    questions: dict[str, MonitoringQuestion],
    resources: Any,
) -> None:
    question = questions["MODEL_EXPLAINABILITY"]
    isolated = MonitoringJob(network=MonitoringNetwork(isolation=True))

    monitor = ModelMonitor(stack, "Open", **{**settings, "question": question})

    (definition,) = resources("AWS::SageMaker::ModelExplainabilityJobDefinition")
    assert definition["NetworkConfig"]["EnableNetworkIsolation"] is False
    assert definition["JobDefinitionName"] == monitor.monitor_name
    specification = definition["ModelExplainabilityAppSpecification"]
    assert specification["ConfigUri"] == "s3://churn-artifacts/shap/analysis_config.json"
    with pytest.raises(ValueError, match="network isolation: got it for explainability"):
        define(ModelMonitor, question=question, job=isolated)


@pytest.mark.parametrize(
    ("dataset_format", "rendered"),
    [
        (None, {"Csv": {"Header": True}}),
        (DatasetFormat.csv(header=False), {"Csv": {"Header": False}}),
        (DatasetFormat.json_lines(), {"Json": {"Line": True}}),
        (DatasetFormat.parquet(), {"Parquet": True}),
    ],
)
def test_batch_transform_can_be_monitored(
    dataset_format: DatasetFormat | None,
    rendered: dict[str, Any],
    define: Define,
    bucket: s3.IBucket,
    resources: Any,
) -> None:
    data = MonitoredData.of_batch_transform(bucket, prefix="batch", dataset_format=dataset_format)

    monitor = define(ModelMonitor, data=data)

    (definition,) = resources("AWS::SageMaker::DataQualityJobDefinition")
    given = definition["DataQualityJobInput"]["BatchTransformInput"]
    assert given["DatasetFormat"] == rendered
    assert given["DataCapturedDestinationS3Uri"] == "s3://churn-artifacts/batch"
    assert monitor.namespace == "aws/sagemaker/ModelMonitoring/data-metrics"
    assert monitor.dimensions == {"MonitoringSchedule": monitor.monitor_name}


CHANGES: dict[str, Any] = {
    "instance type": {"job": MonitoringJob(instance_type="ml.m5.xlarge")},
    "instance count": {"job": MonitoringJob(instance_count=2)},
    "volume": {"job": MonitoringJob(volume_size_in_gb=50)},
    "time": {"job": MonitoringJob(maximum_runtime=cdk.Duration.minutes(7))},
    "traffic encryption": {
        "job": MonitoringJob(network=MonitoringNetwork(traffic_encryption=False))
    },
    "isolation": {"job": MonitoringJob(network=MonitoringNetwork(isolation=False))},
    "frequency": {"frequency": MonitoringFrequency.daily()},
    "image": {"image": MonitoringImage.of_region()},
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


def test_every_region_of_the_table_has_its_own_account() -> None:
    table = json.loads(FACTS.read_text())

    assert len(table["analyzer"]) == 30
    assert len(table["clarify"]) == 28
    for accounts in table.values():
        assert all(len(account) == 12 and account.isdigit() for account in accounts.values())
    assert table["analyzer"]["us-east-1"] == "156813124566"
    # A leading zero is a part of the account.
    assert table["analyzer"]["eu-central-1"] == "048819808253"


def unlocated(stack: cdk.Stack) -> dict[str, Any]:
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "churn")
    return {
        "question": MonitoringQuestion.data_quality(),
        "data": MonitoredData.of_endpoint(
            Endpoint.from_endpoint_name(stack, "E", "churn"), capture_bucket=bucket
        ),
        "reports": Reports.to_bucket(bucket),
    }


def test_the_image_of_an_unknown_region_is_found_by_cloudformation() -> None:
    stack = stack_in(None)

    ModelMonitor(stack, "Monitor", **unlocated(stack))

    template = Template.from_stack(stack).to_json()
    ((name, accounts),) = template["Mappings"].items()
    assert accounts["eu-central-1"] == {"Account": "048819808253"}
    (definition,) = (
        one["Properties"]
        for one in template["Resources"].values()
        if one["Type"] == "AWS::SageMaker::DataQualityJobDefinition"
    )
    uri = json.dumps(definition["DataQualityAppSpecification"]["ImageUri"])
    assert f'{{"Fn::FindInMap": ["{name}", {{"Ref": "AWS::Region"}}, "Account"]}}' in uri
    assert "/sagemaker-model-monitor-analyzer" in uri


def test_complaint_14_the_image_is_of_the_region_and_nothing_fails_opaquely(
    define: Define, resources: Any, questions: dict[str, MonitoringQuestion]
) -> None:
    """Peers hard-code one region's image and learn from a failed schedule what was wrong."""
    define(ModelMonitor, image=None)

    (definition,) = resources("AWS::SageMaker::DataQualityJobDefinition")
    uri = definition["DataQualityAppSpecification"]["ImageUri"]
    assert json.dumps(uri).count("468650794304.dkr.ecr.eu-west-1.") == 1

    elsewhere = stack_in("ap-southeast-4")
    with pytest.raises(ValueError) as refusal:
        ModelMonitor(elsewhere, "Monitor", **unlocated(elsewhere))
    told = str(refusal.value)
    assert "got ap-southeast-4, where CloudFormation has no AWS::SageMaker::DataQualityJob" in told
    assert "image: got the region ap-southeast-4, where AWS has no sagemaker-model-monitor" in told
    assert "MonitoringImage.from_ecr_repository(…)" in told

    no_clarify = stack_in("il-central-1")
    with pytest.raises(ValueError, match=r"AWS has no sagemaker-clarify-processing:1\.0"):
        ModelMonitor(
            no_clarify,
            "Monitor",
            **{**unlocated(no_clarify), "question": questions["MODEL_EXPLAINABILITY"]},
        )


def test_aws_images_make_baselines_of_data_quality_alone(
    define: Define, bucket: s3.IBucket, questions: dict[str, MonitoringQuestion]
) -> None:
    baseline = Baseline.from_job(bucket, dataset_key="data/train.csv")

    with pytest.raises(ValueError, match=r"got Baseline\.from_job for MODEL_EXPLAINABILITY"):
        define(
            ModelMonitor,
            image=None,
            question=questions["MODEL_EXPLAINABILITY"],
            baseline=baseline,
        )


def test_explainability_needs_an_analysis_configuration(define: Define) -> None:
    with pytest.raises(ValueError, match="explainability: got no analysis configuration"):
        define(ModelMonitor, question=MonitoringQuestion.explainability())


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


def test_an_image_of_ones_own_may_be_pulled(
    define: Define, repository: ecr.IRepository, stack: cdk.Stack, resources: Any
) -> None:
    define(ModelMonitor)

    policies = json.dumps(resources("AWS::IAM::ManagedPolicy"))
    assert json.dumps(stack.resolve(repository.repository_arn)) in policies

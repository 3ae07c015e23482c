"""The images of monitors: AWS's of the region, or one of a repository."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template

from mlops_constructs.hosting import Endpoint
from mlops_constructs.monitoring import (
    Baseline,
    ModelMonitor,
    MonitoringInput,
    MonitoringOutput,
    MonitoringType,
)
from tests.constructs.monitoring.conftest import Define, stack_in

FACTS = Path("constructs/mlops_constructs/monitoring/monitors/image_accounts.json")


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
        "monitoring_type": MonitoringType.data_quality(),
        "monitoring_input": MonitoringInput.from_endpoint(
            Endpoint.from_endpoint_name(stack, "E", "churn"), capture_bucket=bucket
        ),
        "monitoring_output": MonitoringOutput.to_bucket(bucket),
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
    define: Define, resources: Any, monitoring_types: dict[str, MonitoringType]
) -> None:
    """Peers hard-code one region's image and learn from a failed schedule what was wrong."""
    define(ModelMonitor, image=None)

    (definition,) = resources("AWS::SageMaker::DataQualityJobDefinition")
    uri = definition["DataQualityAppSpecification"]["ImageUri"]
    assert json.dumps(uri).count("468650794304.dkr.ecr.eu-west-1.") == 1

    elsewhere = stack_in("ap-southeast-4")
    with pytest.raises(ValueError) as error:
        ModelMonitor(elsewhere, "Monitor", **unlocated(elsewhere))
    told = str(error.value)
    assert "got ap-southeast-4, where CloudFormation has no AWS::SageMaker::DataQualityJob" in told
    assert "image: got the region ap-southeast-4, where AWS has no sagemaker-model-monitor" in told
    assert "MonitoringImage.from_ecr_repository(…)" in told

    no_clarify = stack_in("il-central-1")
    with pytest.raises(ValueError, match=r"AWS has no sagemaker-clarify-processing:1\.0"):
        ModelMonitor(
            no_clarify,
            "Monitor",
            **{
                **unlocated(no_clarify),
                "monitoring_type": monitoring_types["MODEL_EXPLAINABILITY"],
            },
        )


def test_aws_images_make_baselines_of_data_quality_alone(
    define: Define, bucket: s3.IBucket, monitoring_types: dict[str, MonitoringType]
) -> None:
    baseline = Baseline.from_job(bucket, dataset_key="data/train.csv")

    with pytest.raises(ValueError, match=r"got Baseline\.from_job for MODEL_EXPLAINABILITY"):
        define(
            ModelMonitor,
            image=None,
            monitoring_type=monitoring_types["MODEL_EXPLAINABILITY"],
            baseline=baseline,
        )


def test_a_custom_image_may_be_pulled(
    define: Define, repository: ecr.IRepository, stack: cdk.Stack, resources: Any
) -> None:
    define(ModelMonitor)

    policies = json.dumps(resources("AWS::IAM::ManagedPolicy"))
    assert json.dumps(stack.resolve(repository.repository_arn)) in policies

"""The condition keys that SageMaker's requests carry."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.condition_keys import (
    condition_keys,
    model_keys,
    tagging_action,
)

VPC = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
MODEL = "arn:aws:sagemaker:us-east-1:111111111111:model/"
KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


@pytest.mark.parametrize(
    ("operation", "request_", "expected"),
    [
        (
            "CreateTrainingJob",
            {
                "VpcConfig": VPC,
                "ResourceConfig": {"VolumeKmsKeyId": KEY, "InstanceType": "ml.m5.large"},
                "EnableInterContainerTrafficEncryption": True,
            },
            {
                "sagemaker:VpcSubnets": ["subnet-1"],
                "sagemaker:VpcSecurityGroupIds": ["sg-1"],
                "sagemaker:VolumeKmsKey": KEY,
                "sagemaker:InstanceTypes": ["ml.m5.large"],
                "sagemaker:InterContainerTrafficEncryption": "true",
            },
        ),
        (
            "CreateHyperParameterTuningJob",
            {"TrainingJobDefinition": {"EnableNetworkIsolation": False}},
            {"sagemaker:NetworkIsolation": "false"},
        ),
        (
            "CreateProcessingJob",
            {"NetworkConfig": {"VpcConfig": VPC}},
            {"sagemaker:VpcSubnets": ["subnet-1"], "sagemaker:VpcSecurityGroupIds": ["sg-1"]},
        ),
        (
            "CreateEndpointConfig",
            {"KmsKeyId": KEY, "ProductionVariants": [{"InstanceType": "ml.c7i.large"}, {}]},
            {"sagemaker:VolumeKmsKey": KEY, "sagemaker:InstanceTypes": ["ml.c7i.large"]},
        ),
        (
            "CreateEndpointConfig",
            {
                "ProductionVariants": [{"ServerlessConfig": {"MemorySizeInMB": 1024}}],
                "ShadowProductionVariants": [{"InstanceType": "ml.g5.xlarge"}],
            },
            {
                "sagemaker:InstanceTypes": ["ml.g5.xlarge"],
                "sagemaker:ServerlessMemorySize": ["1024"],
            },
        ),
        (
            "CreateDataQualityJobDefinition",
            {
                "DataQualityJobOutputConfig": {"KmsKeyId": KEY},
                "JobResources": {"ClusterConfig": {"VolumeKmsKeyId": KEY}},
                "NetworkConfig": {"EnableInterContainerTrafficEncryption": True, "VpcConfig": VPC},
            },
            {
                "sagemaker:OutputKmsKey": KEY,
                "sagemaker:VolumeKmsKey": KEY,
                "sagemaker:InterContainerTrafficEncryption": "true",
                "sagemaker:VpcSubnets": ["subnet-1"],
                "sagemaker:VpcSecurityGroupIds": ["sg-1"],
            },
        ),
        (
            "UpdateModelPackage",
            {"ModelApprovalStatus": "Approved"},
            {"sagemaker:ModelApprovalStatus": "Approved"},
        ),
        (
            "CreateModelPackage",
            {"ModelApprovalStatus": "Approved", "CustomerMetadataProperties": {"run": "7"}},
            {
                "sagemaker:ModelApprovalStatus": "Approved",
                "sagemaker:CustomerMetadataProperties/run": "7",
            },
        ),
        (
            "UpdateModelPackage",
            {
                "CustomerMetadataProperties": {"owner": "ana"},
                "CustomerMetadataPropertiesToRemove": ["run"],
                "ModelLifeCycle": {"Stage": "Production", "StageStatus": "PendingApproval"},
            },
            {
                "sagemaker:CustomerMetadataProperties/owner": "ana",
                "sagemaker:CustomerMetadataPropertiesToRemove": ["run"],
                "sagemaker:ModelLifeCycle:stage": "Production",
                "sagemaker:ModelLifeCycle:stageStatus": "PendingApproval",
            },
        ),
        ("DescribeModel", {"ModelName": "m"}, {}),
    ],
)
def test_a_key_is_there_when_the_request_has_its_member(
    operation: str, request_: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert condition_keys(operation, request_) == expected


def test_tags_of_a_new_resource_have_the_action_that_creates_it() -> None:
    arn = "arn:aws:sagemaker:us-east-1:111111111111:training-job/churn-1"
    assert tagging_action(arn) == {"sagemaker:TaggingAction": "CreateTrainingJob"}


@pytest.mark.parametrize(
    ("resource", "operation"),
    [
        ("feature-group/customers", "CreateFeatureGroup"),
        ("image/jupyter", "CreateImage"),
        ("inference-component/churn", "CreateInferenceComponent"),
        ("model-package-group/churn", "CreateModelPackageGroup"),
        ("user-profile/d-1/ada", "CreateUserProfile"),
        ("model-package/churn/1", "CreateModelPackage"),
    ],
)
def test_the_tagging_action_is_the_operation_that_creates_the_resource(
    resource: str, operation: str
) -> None:
    arn = f"arn:aws:sagemaker:us-east-1:111111111111:{resource}"
    assert tagging_action(arn) == {"sagemaker:TaggingAction": operation}


@pytest.mark.parametrize(
    ("operation", "request_", "expected"),
    [
        ("CreateTransformJob", {"ModelName": "churn-prod-1"}, f"{MODEL}churn-prod-1"),
        (
            "CreateEndpointConfig",
            {
                "ProductionVariants": [{"ModelName": "a"}, {"ManagedInstanceScaling": {}}],
                "ShadowProductionVariants": [{"ModelName": "b"}],
            },
            [f"{MODEL}a", f"{MODEL}b"],
        ),
        ("CreateEndpointConfig", {"ProductionVariants": [{}]}, None),
        ("CreateModel", {"ModelName": "a"}, None),
    ],
)
def test_the_models_that_a_request_names_are_a_key(
    operation: str, request_: dict[str, Any], expected: Any
) -> None:
    scope = Scope(account="111111111111", region="us-east-1")

    keys = model_keys(operation, request_, scope)

    assert keys == ({} if expected is None else {"sagemaker:ModelArn": expected})

"""Model package groups and model packages; `Ref` gives their ARN."""

from __future__ import annotations

from typing import Any

from rehearsal.aws.resource_types import ResourceFailure, ResourceType


def _group_request(properties: dict[str, Any]) -> dict[str, Any]:
    if "ModelPackageGroupPolicy" in properties:
        raise ResourceFailure(
            "The rehearsal does not implement ModelPackageGroupPolicy of "
            "AWS::SageMaker::ModelPackageGroup: put it with PutModelPackageGroupPolicy."
        )
    return properties


RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::SageMaker::ModelPackageGroup",
        service="sagemaker",
        create="CreateModelPackageGroup",
        describe="DescribeModelPackageGroup",
        delete="DeleteModelPackageGroup",
        identifier=("ModelPackageGroupName",),
        ref="ModelPackageGroupArn",
        attributes={
            "ModelPackageGroupArn": "ModelPackageGroupArn",
            "ModelPackageGroupStatus": "ModelPackageGroupStatus",
            "CreationTime": "CreationTime",
        },
        to_request=_group_request,
    ),
    ResourceType(
        type_name="AWS::SageMaker::ModelPackage",
        service="sagemaker",
        create="CreateModelPackage",
        describe="DescribeModelPackage",
        update="UpdateModelPackage",
        delete="DeleteModelPackage",
        identifier=("ModelPackageArn",),
        ref="ModelPackageArn",
        attributes={
            "ModelPackageArn": "ModelPackageArn",
            "ModelPackageStatus": "ModelPackageStatus",
            "ModelPackageVersion": "ModelPackageVersion",
        },
        to_describe_request=lambda identifier: {"ModelPackageName": identifier["ModelPackageArn"]},
        to_delete_request=lambda identifier: {"ModelPackageName": identifier["ModelPackageArn"]},
    ),
]

"""CloudFormation types of the model registry, and of model cards."""

import json
from typing import Any

from rehearsal.cloudformation.resource_types import Identifier, Properties, ResourceType
from rehearsal.services.sagemaker.registry.model_card_schema import to_json_content

_POLICY = "ModelPackageGroupPolicy"


def _group_request(properties: dict[str, Any]) -> dict[str, Any]:
    """Removes the policy, which needs a separate call."""
    return {name: value for name, value in properties.items() if name != _POLICY}


def _bring_policy(
    client: Any, identifier: Identifier, before: Properties, after: Properties
) -> None:
    policy = after.get(_POLICY)
    if policy == before.get(_POLICY):
        return
    if not policy:
        client.delete_model_package_group_policy(**identifier)
        return
    text = policy if isinstance(policy, str) else json.dumps(policy)
    client.put_model_package_group_policy(**identifier, ResourcePolicy=text)


def _card_request(properties: dict[str, Any]) -> dict[str, Any]:
    """Serialises the content, which is an object in CloudFormation and text in the API."""
    members = ("ModelCardName", "ModelCardStatus", "SecurityConfig", "Tags")
    request = {name: properties[name] for name in members if name in properties}
    return {**request, "Content": to_json_content(properties["Content"])}


def _bring_card(client: Any, identifier: Identifier, before: Properties, after: Properties) -> None:
    """Updates content and status one after the other: UpdateModelCard accepts only one."""
    if not before:
        return
    old, new = (to_json_content(given["Content"]) for given in (before, after))
    if old != new:
        client.update_model_card(**identifier, Content=new)
    if before["ModelCardStatus"] != after["ModelCardStatus"]:
        client.update_model_card(**identifier, ModelCardStatus=after["ModelCardStatus"])


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
        bring=_bring_policy,
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
    ResourceType(
        type_name="AWS::SageMaker::ModelCard",
        service="sagemaker",
        create="CreateModelCard",
        describe="DescribeModelCard",
        delete="DeleteModelCard",
        identifier=("ModelCardName",),
        ref="ModelCardName",
        attributes={
            "ModelCardArn": "ModelCardArn",
            "ModelCardVersion": "ModelCardVersion",
            "CreationTime": "CreationTime",
            "LastModifiedTime": "LastModifiedTime",
        },
        name_property="ModelCardName",
        to_request=_card_request,
        bring=_bring_card,
        arn="ModelCardArn",
    ),
]

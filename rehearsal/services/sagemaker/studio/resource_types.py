"""CloudFormation types of Studio, its custom images, and MLflow Apps."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from rehearsal.cloudformation.resource_types import ResourceFailure, ResourceType
from rehearsal.services.sagemaker.waiting import POLL_SECONDS, wait_until_gone

_RENAMED = {
    "ImageRoleArn": "RoleArn",
    "ImageDescription": "Description",
    "ImageDisplayName": "DisplayName",
}


def _wait_for(
    operation: str, status: str, busy: tuple[str, ...], good: str
) -> Callable[[Any, Mapping[str, Any]], None]:
    """Waits while a status is one of `busy`; raises with AWS's reason unless it ends as `good`."""

    def wait(client: Any, request: Mapping[str, Any]) -> None:
        while (response := getattr(client, operation)(**request))[status] in busy:
            time.sleep(POLL_SECONDS)
        if response[status] != good:
            reason = response.get("FailureReason", f"status {response[status]}")
            raise ResourceFailure(reason)

    return wait


def _wait_for_mlflow_app(client: Any, request: Mapping[str, Any]) -> None:
    """Waits until the server of an App runs; raises unless it does."""
    while (app := client.describe_mlflow_app(**request))["Status"] in ("Creating", "Updating"):
        time.sleep(POLL_SECONDS)
    if app["Status"] not in ("Created", "Updated"):
        raise ResourceFailure(
            f"MLflow App {app['Arn']} has the status {app['Status']}; the log of the rehearsal has "
            "the reason."
        )


def _domain_update(properties: dict[str, Any]) -> dict[str, Any]:
    """Renames DomainSettings, which UpdateDomain calls DomainSettingsForUpdate."""
    fixed = ("AuthMode", "DomainName", "KmsKeyId", "Tags")
    request = {name: value for name, value in properties.items() if name not in fixed}
    if "DomainSettings" in request:
        request["DomainSettingsForUpdate"] = request.pop("DomainSettings")
    return request


def _failed_deletion(domain: Mapping[str, Any]) -> str:
    failed = domain["Status"] == "Delete_Failed"
    return str(domain.get("FailureReason", "the domain cannot be deleted")) if failed else ""


def _image_request(properties: dict[str, Any]) -> dict[str, Any]:
    """Removes the prefix that CloudFormation puts before the members of an image."""
    return {_RENAMED.get(name, name): value for name, value in properties.items()}


def _image_update(properties: dict[str, Any]) -> dict[str, Any]:
    request = {n: value for n, value in _image_request(properties).items() if n != "Tags"}
    removed = [name for name in ("Description", "DisplayName") if name not in request]
    return {**request, "DeleteProperties": removed} if removed else request


def _version_request(properties: dict[str, Any]) -> dict[str, Any]:
    request = dict(properties)
    aliases = [*request.pop("Aliases", ()), *filter(None, [request.pop("Alias", None)])]
    return {**request, "Aliases": aliases} if aliases else request


def _version_update(properties: dict[str, Any]) -> dict[str, Any]:
    if "Alias" in properties or "Aliases" in properties:
        raise ResourceFailure(
            "The rehearsal does not implement an update in place of an "
            "AWS::SageMaker::ImageVersion that has aliases: change its BaseImage as well."
        )
    return {name: value for name, value in properties.items() if name != "BaseImage"}


def _version(identifier: Mapping[str, Any]) -> dict[str, Any]:
    _, name, number = identifier["ImageVersionArn"].rsplit("/", 2)
    return {"ImageName": name, "Version": int(number)}


_wait_for_version = _wait_for(
    "describe_image_version", "ImageVersionStatus", ("CREATING",), "CREATED"
)

RESOURCE_TYPES = [
    ResourceType(
        type_name="AWS::SageMaker::Domain",
        service="sagemaker",
        create="CreateDomain",
        describe="DescribeDomain",
        update="UpdateDomain",
        delete="DeleteDomain",
        identifier=("DomainId",),
        ref="DomainId",
        attributes={
            "DomainArn": "DomainArn",
            "DomainId": "DomainId",
            "HomeEfsFileSystemId": "HomeEfsFileSystemId",
            "Url": "Url",
        },
        to_update_request=_domain_update,
        wait=_wait_for("describe_domain", "Status", ("Pending", "Updating"), "InService"),
        wait_deleted=wait_until_gone("describe_domain", _failed_deletion),
    ),
    ResourceType(
        type_name="AWS::SageMaker::UserProfile",
        service="sagemaker",
        create="CreateUserProfile",
        describe="DescribeUserProfile",
        update="UpdateUserProfile",
        delete="DeleteUserProfile",
        identifier=("DomainId", "UserProfileName"),
        # The primary identifier consists of both, the profile's name first.
        ref=lambda identifier: f"{identifier['UserProfileName']}|{identifier['DomainId']}",
        attributes={"UserProfileArn": "UserProfileArn"},
    ),
    ResourceType(
        type_name="AWS::SageMaker::Space",
        service="sagemaker",
        create="CreateSpace",
        describe="DescribeSpace",
        update="UpdateSpace",
        delete="DeleteSpace",
        identifier=("DomainId", "SpaceName"),
        ref=lambda identifier: f"{identifier['DomainId']}|{identifier['SpaceName']}",
        attributes={"SpaceArn": "SpaceArn", "Url": "Url"},
    ),
    ResourceType(
        type_name="AWS::SageMaker::App",
        service="sagemaker",
        create="CreateApp",
        describe="DescribeApp",
        delete="DeleteApp",
        identifier=("DomainId", "UserProfileName", "AppType", "AppName"),
        ref="AppArn",
        attributes={"AppArn": "AppArn"},
    ),
    ResourceType(
        type_name="AWS::SageMaker::StudioLifecycleConfig",
        service="sagemaker",
        create="CreateStudioLifecycleConfig",
        describe="DescribeStudioLifecycleConfig",
        delete="DeleteStudioLifecycleConfig",
        identifier=("StudioLifecycleConfigName",),
        ref="StudioLifecycleConfigName",
        attributes={"StudioLifecycleConfigArn": "StudioLifecycleConfigArn"},
    ),
    ResourceType(
        type_name="AWS::SageMaker::Image",
        service="sagemaker",
        create="CreateImage",
        describe="DescribeImage",
        update="UpdateImage",
        delete="DeleteImage",
        identifier=("ImageName",),
        ref="ImageArn",
        attributes={"ImageArn": "ImageArn"},
        to_request=_image_request,
        to_update_request=_image_update,
    ),
    ResourceType(
        type_name="AWS::SageMaker::ImageVersion",
        service="sagemaker",
        create="CreateImageVersion",
        describe="DescribeImageVersion",
        update="UpdateImageVersion",
        delete="DeleteImageVersion",
        identifier=("ImageVersionArn",),
        ref="ImageVersionArn",
        attributes={
            "ContainerImage": "ContainerImage",
            "ImageArn": "ImageArn",
            "ImageVersionArn": "ImageVersionArn",
            "Version": "Version",
        },
        to_request=_version_request,
        to_update_request=_version_update,
        to_describe_request=_version,
        to_delete_request=_version,
        wait=lambda client, identifier: _wait_for_version(client, _version(identifier)),
    ),
    ResourceType(
        type_name="AWS::SageMaker::AppImageConfig",
        service="sagemaker",
        create="CreateAppImageConfig",
        describe="DescribeAppImageConfig",
        update="UpdateAppImageConfig",
        delete="DeleteAppImageConfig",
        identifier=("AppImageConfigName",),
        ref="AppImageConfigName",
        attributes={"AppImageConfigArn": "AppImageConfigArn"},
    ),
    ResourceType(
        type_name="AWS::SageMaker::MlflowApp",
        service="sagemaker",
        create="CreateMlflowApp",
        describe="DescribeMlflowApp",
        update="UpdateMlflowApp",
        delete="DeleteMlflowApp",
        identifier=("Arn",),
        ref="Arn",
        wait=_wait_for_mlflow_app,
        attributes={
            "Arn": "Arn",
            "CreationTime": "CreationTime",
            "LastModifiedTime": "LastModifiedTime",
            "MlflowAppId": lambda identifier: identifier["Arn"].rpartition("/")[2],
            "MlflowVersion": "MlflowVersion",
            "Status": "Status",
        },
    ),
]

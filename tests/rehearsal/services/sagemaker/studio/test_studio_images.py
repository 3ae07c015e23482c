"""Scripts and own images."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import ROLE, FakePlatform
from tests.rehearsal.services.sagemaker.studio.studio_fakes import FakeEcr

Eventually = Callable[[Callable[[], Any]], Any]
REGISTRY = "111111111111.dkr.ecr.us-east-1.amazonaws.com"
SCRIPT = base64.b64encode(b"#!/bin/bash\n").decode()


def lifecycle_config(name: str = "git", **changes: Any) -> dict[str, Any]:
    return {
        "StudioLifecycleConfigName": name,
        "StudioLifecycleConfigContent": SCRIPT,
        "StudioLifecycleConfigAppType": "JupyterLab",
        **changes,
    }


@pytest.fixture
def image(sagemaker: Any, platform: FakePlatform) -> Any:
    platform.clients["ecr"] = FakeEcr({("churn", "1"): "sha256:one", ("churn", "2"): "sha256:two"})
    sagemaker.create_image(ImageName="vision", RoleArn=ROLE, DisplayName="Vision")
    return sagemaker


def version(sagemaker: Any, eventually: Eventually, base_image: str, **more: Any) -> Any:
    request = {"ImageName": "vision", "ClientToken": "t", "BaseImage": base_image, **more}
    arn = sagemaker.create_image_version(**request)["ImageVersionArn"]
    name = {"ImageName": "vision", "Version": int(arn.rpartition("/")[2])}
    eventually(lambda: sagemaker.describe_image_version(**name)["ImageVersionStatus"] != "CREATING")
    return sagemaker.describe_image_version(**name)


def test_a_script_is_kept_as_it_is(sagemaker: Any) -> None:
    sagemaker.create_studio_lifecycle_config(**lifecycle_config())
    sagemaker.create_studio_lifecycle_config(
        **lifecycle_config("code", StudioLifecycleConfigAppType="CodeEditor")
    )

    found = sagemaker.describe_studio_lifecycle_config(StudioLifecycleConfigName="git")
    assert found["StudioLifecycleConfigContent"] == SCRIPT
    listed = sagemaker.list_studio_lifecycle_configs(AppTypeEquals="CodeEditor")
    assert [c["StudioLifecycleConfigName"] for c in listed["StudioLifecycleConfigs"]] == ["code"]
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_studio_lifecycle_config(**lifecycle_config())
    with pytest.raises(ClientError, match="is not base64"):
        sagemaker.create_studio_lifecycle_config(
            **lifecycle_config("raw", StudioLifecycleConfigContent="echo hello")
        )


def test_a_script_that_a_domain_offers_is_not_deleted(
    sagemaker: Any, eventually: Eventually
) -> None:
    arn = sagemaker.create_studio_lifecycle_config(**lifecycle_config())["StudioLifecycleConfigArn"]
    domain_id = sagemaker.create_domain(
        DomainName="churn",
        AuthMode="IAM",
        HomeEfsFileSystemCreation="Disabled",
        DefaultUserSettings={
            "ExecutionRole": ROLE,
            "JupyterLabAppSettings": {"LifecycleConfigArns": [arn]},
        },
    )["DomainId"]
    eventually(lambda: sagemaker.describe_domain(DomainId=domain_id)["Status"] == "InService")

    with pytest.raises(ClientError, match="is used by the settings of d-") as raised:
        sagemaker.delete_studio_lifecycle_config(StudioLifecycleConfigName="git")
    assert raised.value.response["Error"]["Code"] == "ResourceInUse"
    settings: dict[str, Any] = {"LifecycleConfigArns": []}
    sagemaker.update_domain(
        DomainId=domain_id, DefaultUserSettings={"JupyterLabAppSettings": settings}
    )
    sagemaker.delete_studio_lifecycle_config(StudioLifecycleConfigName="git")


def test_a_version_is_what_its_tag_meant_when_it_was_made(
    image: Any, eventually: Eventually, platform: FakePlatform
) -> None:
    first = version(image, eventually, f"{REGISTRY}/churn:1", Aliases=["stable"])
    platform.clients["ecr"].images["churn", "1"] = "sha256:other"
    second = version(image, eventually, f"{REGISTRY}/churn:2", Aliases=["stable", "new"])

    assert first["ContainerImage"] == f"{REGISTRY}/churn@sha256:one"
    assert second["ImageVersionArn"].endswith(":image-version/vision/2")
    assert image.describe_image_version(ImageName="vision", Alias="stable")["Version"] == 2
    assert image.list_aliases(ImageName="vision", Version=1)["SageMakerImageVersionAliases"] == []
    listed = image.list_image_versions(ImageName="vision", SortBy="VERSION", SortOrder="ASCENDING")
    assert [one["Version"] for one in listed["ImageVersions"]] == [1, 2]
    assert ("sagemaker.amazonaws.com", first["ImageArn"]) in platform.assumed


@pytest.mark.parametrize(
    ("base_image", "reason"),
    [
        (f"{REGISTRY}/churn:missing", "does not exist"),
        ("docker.io/library/python:3.13", "is not an image in Amazon ECR"),
    ],
)
def test_a_version_of_what_is_not_there_has_failed(
    image: Any, eventually: Eventually, base_image: str, reason: str
) -> None:
    found = version(image, eventually, base_image)

    assert found["ImageVersionStatus"] == "CREATE_FAILED"
    assert reason in found["FailureReason"]


def test_an_image_goes_with_all_its_versions(image: Any, eventually: Eventually) -> None:
    version(image, eventually, f"{REGISTRY}/churn:1")

    image.update_image(ImageName="vision", Description="Eyes", DeleteProperties=["DisplayName"])
    found = image.describe_image(ImageName="vision")
    assert (found["Description"], "DisplayName" in found) == ("Eyes", False)
    image.delete_image(ImageName="vision")
    for describe in (image.describe_image, image.describe_image_version):
        with pytest.raises(ClientError, match=r"Image \[vision\] does not exist"):
            describe(ImageName="vision")
    assert image.list_images()["Images"] == []


def test_how_an_image_starts_can_change(sagemaker: Any) -> None:
    name = {"AppImageConfigName": "vision"}
    started = {"ContainerConfig": {"ContainerEntrypoint": ["lab"]}}
    sagemaker.create_app_image_config(**name, JupyterLabAppImageConfig={})

    sagemaker.update_app_image_config(**name, JupyterLabAppImageConfig=started)

    assert sagemaker.describe_app_image_config(**name)["JupyterLabAppImageConfig"] == started
    listed = sagemaker.list_app_image_configs(NameContains="vis")["AppImageConfigs"]
    assert [one["AppImageConfigName"] for one in listed] == ["vision"]
    sagemaker.delete_app_image_config(**name)
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_app_image_config(**name)

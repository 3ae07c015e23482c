"""Settings of users: templates and validation."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_kms as kms

from mlops_constructs.studio import (
    AppSettings,
    ContainerConfig,
    CustomImage,
    DomainBase,
    IdleShutdown,
    LifecycleConfig,
    NotebookSharing,
    Script,
    SpaceStorage,
    StudioApp,
    StudioWebPortal,
    UserProfile,
    UserSettings,
)

from .conftest import Resources, only

minutes = cdk.Duration.minutes
LAB = StudioApp.JUPYTER_LAB


@pytest.mark.parametrize(
    ("idle", "message"),
    [
        (IdleShutdown.after(minutes(59)), "timeout: got 59 minutes; allowed are 60 to 525600"),
        (IdleShutdown.after(cdk.Duration.days(366)), "timeout: got 527040 minutes"),
        (
            IdleShutdown.after(minutes(120), max_timeout=minutes(60)),
            "got min_timeout 120, timeout 120 and max_timeout 60 minutes",
        ),
        (
            IdleShutdown.after(minutes(120), min_timeout=minutes(180)),
            "allowed is min_timeout <= timeout <= max_timeout",
        ),
        (IdleShutdown.after(cdk.Duration.seconds(3630)), "got 60.5 minutes; give whole minutes"),
    ],
)
def test_complaint_9_an_idle_time_that_aws_would_reject_is_rejected(
    idle: IdleShutdown, message: str
) -> None:
    assert any(message in problem for problem in idle.problems())


@pytest.mark.parametrize(
    "idle",
    [
        IdleShutdown.after(minutes(60)),
        IdleShutdown.after(cdk.Duration.days(365)),
        IdleShutdown.after(minutes(cdk.Token.as_number({"Ref": "Minutes"}))),
        IdleShutdown.never(),
    ],
)
def test_an_idle_time_within_the_limits_is_taken(idle: IdleShutdown) -> None:
    assert idle.problems() == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            UserSettings(storage=SpaceStorage(default_gib=50, maximum_gib=20)),
            "got default_gib 50 and maximum_gib 20",
        ),
        (UserSettings(storage=SpaceStorage(maximum_gib=16385)), "maximum_gib: got 16385"),
        (
            UserSettings(portal=StudioWebPortal(hidden_ml_tools=["Ponies"])),
            "hidden_ml_tools: got 'Ponies'",
        ),
        (
            UserSettings(portal=StudioWebPortal(hidden_app_types=["Lab"])),
            "hidden_app_types: got 'Lab'",
        ),
        (
            UserSettings(jupyter_lab=AppSettings(code_repositories=["git@github.com:a/b"])),
            "JupyterLab: code_repositories: got 'git@github.com:a/b'; allowed are https://",
        ),
        (
            UserSettings(
                code_editor=AppSettings(code_repositories=["https://github.com/example/churn"])
            ),
            "CodeEditor: code_repositories: only supported for JupyterLab",
        ),
        (
            UserSettings(
                jupyter_lab=AppSettings(code_repositories=["https://github.com/example/a"] * 11)
            ),
            "code_repositories: got 11; allowed are 10",
        ),
    ],
)
def test_settings_that_aws_would_reject_are_rejected(settings: UserSettings, message: str) -> None:
    assert any(message in problem for problem in settings.problems())


def test_a_script_or_image_of_another_application_is_rejected(
    stack: cdk.Stack, repository: ecr.IRepository
) -> None:
    script = Script.from_text("#!/bin/bash")
    config = LifecycleConfig(stack, "Config", app=StudioApp.CODE_EDITOR, script=script)
    image = CustomImage(stack, "Image", app=StudioApp.CODE_EDITOR, repository=repository, tag="1")
    settings = AppSettings(
        lifecycle_configs=[config], custom_images=[image], default_lifecycle_config=config
    )
    unlisted = AppSettings(default_lifecycle_config=config)

    assert settings.problems(LAB) == [
        "JupyterLab: got S/Config, which is for CodeEditor; remove it",
        "JupyterLab: got S/Image, which is for CodeEditor; remove it",
    ]
    assert settings.problems(StudioApp.CODE_EDITOR) == []
    (problem,) = unlisted.problems(StudioApp.CODE_EDITOR)
    assert "default_lifecycle_config: got S/Config, which is not in lifecycle_configs" in problem


def test_notebook_outputs_need_a_place_in_the_bucket(stack: cdk.Stack, bucket: Any) -> None:
    key = kms.Key(stack, "Key")
    sharing = NotebookSharing.to_bucket(bucket, encryption_key=key, prefix="/shared/")

    assert "prefix: got '/shared/'" in sharing.problems()[0]
    assert NotebookSharing.disabled().problems() == []


@pytest.mark.parametrize(
    ("container", "message"),
    [
        (ContainerConfig(arguments=["a"] * 51), "arguments: got 51; allowed are 50"),
        (ContainerConfig(arguments=["a" * 65]), "allowed are 1 to 64 characters"),
        (ContainerConfig(environment={str(n): "a" for n in range(26)}), "got 26 variables"),
        (ContainerConfig(environment={"EMPTY": " "}), "not only white space"),
    ],
)
def test_a_container_that_aws_would_reject_is_rejected(
    container: ContainerConfig, message: str
) -> None:
    assert any(message in problem for problem in container.problems())


def test_a_profile_has_only_the_differences_from_the_domain(
    stack: cdk.Stack, imported: DomainBase, role: Any, resources: Resources
) -> None:
    UserProfile(
        stack,
        "Ada",
        domain=imported,
        user_profile_name="ada",
        execution_role=role,
        settings=UserSettings(code_editor=AppSettings(instance_type="ml.m7i.large")),
    )

    profile = only(resources("UserProfile"))
    assert profile["DeletionPolicy"] == "RetainExceptOnCreate"
    assert profile["Properties"]["DomainId"] == "d-0abc1def2ghi"
    assert profile["Properties"]["UserSettings"] == {
        "ExecutionRole": "arn:aws:iam::111111111111:role/person",
        "CodeEditorAppSettings": {"DefaultResourceSpec": {"InstanceType": "ml.m7i.large"}},
    }


def test_an_idle_time_of_one_person_is_rejected_as_cloudformation_has_none(
    stack: cdk.Stack, imported: DomainBase
) -> None:
    settings = UserSettings(jupyter_lab=AppSettings(idle_shutdown=IdleShutdown.never()))

    with pytest.raises(ValueError, match="not supported for a user profile, only for a domain"):
        UserProfile(stack, "Ada", domain=imported, user_profile_name="ada", settings=settings)

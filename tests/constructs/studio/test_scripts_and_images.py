"""Lifecycle configurations, whose names follow from their content, and own images."""

import base64
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from mlops_constructs.studio import (
    AppSettings,
    ContainerConfig,
    CustomImage,
    Domain,
    DomainNetwork,
    LifecycleConfig,
    Script,
    StudioApp,
    UserSettings,
)

from .conftest import ROLE_ARN, Resources, new_stack, only, resources_of, statements

LAB = StudioApp.JUPYTER_LAB
EXAMPLE = Path(__file__).parents[3] / "docs/examples/studio/install_tools.sh"
NAME = "StudioLifecycleConfigName"


def name_of(text: str, app: StudioApp = LAB, **tags: str) -> str:
    stack = new_stack()
    LifecycleConfig(stack, "Git", app=app, script=Script.from_text(text), name_prefix="git")
    for key, value in tags.items():
        cdk.Tags.of(stack).add(key, value)
    name: str = only(resources_of(stack, "StudioLifecycleConfig"))["Properties"][NAME]
    return name


def test_a_script_comes_from_its_file(stack: cdk.Stack, resources: Resources) -> None:
    LifecycleConfig(stack, "Git", app=LAB, script=Script.from_file(EXAMPLE))

    made = only(resources("StudioLifecycleConfig"))["Properties"]
    assert base64.b64decode(made["StudioLifecycleConfigContent"]) == EXAMPLE.read_bytes()
    assert made["StudioLifecycleConfigAppType"] == "JupyterLab"
    assert made[NAME].startswith("S-Git-")


def test_whatever_replaces_a_configuration_changes_its_name() -> None:
    """Tags do, too: AWS can change nothing of one."""
    names = [
        name_of("true"),
        name_of("true"),
        name_of("false"),
        name_of("true", StudioApp.CODE_EDITOR),
        name_of("true", team="churn"),
    ]

    assert names[0] == names[1]
    assert len(set(names)) == 4
    assert all(name.startswith("git-") for name in names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"script": Script.from_text(" \n")}, "script: got an empty text"),
        ({"script": Script.from_text("echo\r\n")}, "script: got Windows line endings"),
        ({"script": Script.from_text("x" * 12_289)}, "script: got 16388 characters in base64"),
        ({"name_prefix": "p" * 53}, "name_prefix: got"),
        ({"name_prefix": "git_defaults"}, "allowed are up to 52 letters"),
    ],
)
def test_a_script_that_aws_would_reject_is_rejected(
    stack: cdk.Stack, arguments: dict[str, Any], message: str
) -> None:
    given = {"app": LAB, "script": Script.from_text("true"), **arguments}

    with pytest.raises(ValueError, match="LifecycleConfig S/Git cannot be defined") as raised:
        LifecycleConfig(stack, "Git", **given)
    assert message in str(raised.value)


def test_an_imported_configuration_has_an_arn(stack: cdk.Stack) -> None:
    imported = LifecycleConfig.from_lifecycle_config_name(stack, "Git", "git-defaults", app=LAB)

    assert imported.lifecycle_config_arn.endswith(":studio-lifecycle-config/git-defaults")
    assert imported.app is LAB


def test_an_image_has_a_version_and_a_way_to_start(
    stack: cdk.Stack, repository: ecr.IRepository, resources: Resources
) -> None:
    CustomImage(
        stack,
        "Vision",
        app=StudioApp.CODE_EDITOR,
        repository=repository,
        tag="2026-11",
        image_name="vision",
        display_name="Vision",
        container=ContainerConfig(
            entry_point="serve", arguments=["--quiet"], environment={"TEAM": "churn"}
        ),
    )

    image = only(resources("Image"))["Properties"]
    version = only(resources("ImageVersion"))
    config = only(resources("AppImageConfig"))["Properties"]
    assert (image["ImageName"], image["ImageDisplayName"]) == ("vision", "Vision")
    assert "churn:2026-11" in str(version["Properties"]["BaseImage"])
    assert version["DependsOn"] == list(resources("Image"))
    assert config == {
        "AppImageConfigName": "vision",
        "CodeEditorAppImageConfig": {
            "ContainerConfig": {
                "ContainerEntrypoint": ["serve"],
                "ContainerArguments": ["--quiet"],
                "ContainerEnvironmentVariables": [{"Key": "TEAM", "Value": "churn"}],
            }
        },
        "Tags": [{"Key": "Name", "Value": "vision"}],
    }
    read = statements(resources("AWS::IAM::ManagedPolicy"))
    assert {str(statement["Resource"])[-18:] for statement in read} >= {"*"}
    assert [s["Action"] for s in read if s["Resource"] == "*"] == ["ecr:GetAuthorizationToken"]


def test_an_image_takes_a_role(
    stack: cdk.Stack, repository: ecr.IRepository, role: iam.IRole, resources: Resources
) -> None:
    CustomImage(stack, "Vision", app=LAB, repository=repository, tag="1", role=role)

    assert only(resources("Image"))["Properties"]["ImageRoleArn"] == ROLE_ARN
    assert not resources("AWS::IAM::Role")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_name": "vision_1"}, "image_name: got 'vision_1'"),
        ({"tag": ""}, "tag: got an empty text"),
        ({"container": ContainerConfig(arguments=[""])}, "container arguments: got ''"),
    ],
)
def test_an_image_that_aws_would_reject_is_rejected(
    stack: cdk.Stack, repository: ecr.IRepository, arguments: dict[str, Any], message: str
) -> None:
    given = {"app": LAB, "repository": repository, "tag": "1", **arguments}

    with pytest.raises(ValueError, match="CustomImage S/Vision cannot be defined") as raised:
        CustomImage(stack, "Vision", **given)
    assert message in str(raised.value)


def test_what_a_domain_that_stays_refers_to_stays_with_it(
    stack: cdk.Stack, network: DomainNetwork, repository: ecr.IRepository, resources: Resources
) -> None:
    """AWS does not delete what a domain's settings name, and the stack's deletion would fail."""
    config = LifecycleConfig(stack, "Git", app=LAB, script=Script.from_text("true"))
    image = CustomImage(stack, "Vision", app=LAB, repository=repository, tag="1")
    settings = AppSettings(
        lifecycle_configs=[config], default_lifecycle_config=config, custom_images=[image]
    )

    Domain(stack, "Studio", network=network, settings=UserSettings(jupyter_lab=settings))

    for kind in ("StudioLifecycleConfig", "Image", "ImageVersion", "AppImageConfig"):
        kept = only(resources(kind))
        assert kept["DeletionPolicy"] == "RetainExceptOnCreate", kind
        assert kept.get("UpdateReplacePolicy") != "Retain", kind  # a former one is not needed
    lab = only(resources("Domain"))["Properties"]["DefaultUserSettings"]["JupyterLabAppSettings"]
    arn = {"Fn::GetAtt": [next(iter(resources("StudioLifecycleConfig"))), f"{NAME[:-4]}Arn"]}
    version = next(iter(resources("ImageVersion")))
    assert lab["DefaultResourceSpec"] == {"LifecycleConfigArn": arn}
    assert lab["LifecycleConfigArns"] == [arn]
    assert lab["CustomImages"][0]["ImageVersionNumber"] == {"Fn::GetAtt": [version, "Version"]}

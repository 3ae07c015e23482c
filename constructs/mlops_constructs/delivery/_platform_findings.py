"""What security packs say of what CDK Pipelines makes, and what it would not pin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct

from mlops_constructs._findings import acknowledge, seldom_called_function

from ._platform_builds import CHECK_PROJECT
from .build_project import acknowledge_source_and_role

_INSTALL = "npm install -g aws-cdk"
_SECONDS = "it runs for seconds, when a change widens no permissions, and calls CodePipeline alone"
_ASKED = "when it fails, the approval stays open and a person decides, who sees the change"
_FINDINGS = seldom_called_function(
    concurrency=_SECONDS, dead_letters=_ASKED, tracing=_SECONDS, outside=_SECONDS
)


def review(scope: IConstruct, cli_version: str) -> None:
    """Tidies what CDK Pipelines made: roles that nothing uses, findings, an unpinned program."""
    assets = scope.node.try_find_child("Assets")
    for unused in ("FileRole", "DockerRole"):
        # They may start and stop every build of the account; each build has a role of its own.
        if assets is not None:
            assets.node.try_remove_child(unused)
    for child in scope.node.find_all():
        if isinstance(child, codebuild.Project):
            acknowledge_source_and_role(child)
            if child.node.id.startswith("DockerAsset"):
                _acknowledge_docker(child)
            if child.node.id == CHECK_PROJECT:
                _pin(child, cli_version)
        elif isinstance(child, lambda_.Function):
            _acknowledge_function(child)


def _acknowledge_function(function: lambda_.Function) -> None:
    acknowledge(function, _FINDINGS)
    # The CDK makes it wait for its role, which the role's ARN in it does already.
    cast(lambda_.CfnFunction, function.node.default_child).add_deletion_override("DependsOn")


def _acknowledge_docker(project: codebuild.Project) -> None:
    reason = "it builds images, which Docker does in CodeBuild only with these privileges"
    acknowledge(project, {"AwsSolutions-CB3": reason, "CKV_AWS_316": reason})


def _pin(project: codebuild.Project, cli_version: str) -> None:
    """CDK's check would install whatever npm calls the latest CDK CLI."""
    resource = cast(codebuild.CfnProject, project.node.default_child)
    source: dict[str, Any] = cdk.Stack.of(project).resolve(resource.source)
    parts = source["buildSpec"]["Fn::Join"][1]
    changes = {
        f'"{_INSTALL}"': f'"{_INSTALL}@{cli_version}"',
        # Node.js reads it in the commands that follow.
        '"ARN=$CODEBUILD_BUILD_ARN"': '"export ARN=$CODEBUILD_BUILD_ARN"',
    }
    pinned = [_changed(part, changes) if isinstance(part, str) else part for part in parts]
    if f"{_INSTALL}@" not in str(pinned):
        raise ValueError(
            f"{project.node.path}: this release of the CDK installs its CLI for the check of "
            "permissions in another way; take the release that this library is pinned to"
        )
    resource.add_property_override("Source.BuildSpec", {"Fn::Join": ["", pinned]})


def _changed(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        text = text.replace(old, new)
    return text

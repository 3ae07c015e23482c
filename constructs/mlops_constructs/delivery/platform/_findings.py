"""Clean-up of the resources of CDK Pipelines: unused roles, reviewed findings, a pinned CDK CLI."""

from collections.abc import Mapping
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct

from mlops_constructs._findings import acknowledge, seldom_called_function
from mlops_constructs.delivery.build_project import acknowledge_source_and_role

from ._builds import CHECK_PROJECT

_INSTALL = "npm install -g aws-cdk"
_SECONDS = "it runs for seconds, when a change broadens no permissions, and only calls CodePipeline"
_FALLBACK = "when it fails, the approval stays open and a person reviews the change"
_FINDINGS = seldom_called_function(
    concurrency=_SECONDS, dead_letters=_FALLBACK, tracing=_SECONDS, outside=_SECONDS
)


def review(scope: IConstruct, cli_version: str) -> None:
    """Removes unused roles, acknowledges reviewed findings and pins the CDK CLI below `scope`."""
    assets = scope.node.try_find_child("Assets")
    for unused in ("FileRole", "DockerRole"):
        # They may start and stop every build of the account; each build has a dedicated role.
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
    # The reference to the role's ARN already implies the dependency that the CDK adds.
    cast(lambda_.CfnFunction, function.node.default_child).add_deletion_override("DependsOn")


def _acknowledge_docker(project: codebuild.Project) -> None:
    reason = "Docker needs privileged mode to build images in CodeBuild"
    acknowledge(project, {"AwsSolutions-CB3": reason, "CKV_AWS_316": reason})


def _pin(project: codebuild.Project, cli_version: str) -> None:
    """Pins the CDK CLI of the permissions check, which would install the latest one."""
    resource = cast(codebuild.CfnProject, project.node.default_child)
    source: dict[str, Any] = cdk.Stack.of(project).resolve(resource.source)
    parts = source["buildSpec"]["Fn::Join"][1]
    changes = {
        f'"{_INSTALL}"': f'"{_INSTALL}@{cli_version}"',
        # The Node.js commands that follow read it from the environment.
        '"ARN=$CODEBUILD_BUILD_ARN"': '"export ARN=$CODEBUILD_BUILD_ARN"',
    }
    pinned = [_changed(part, changes) if isinstance(part, str) else part for part in parts]
    if f"{_INSTALL}@" not in str(pinned):
        raise ValueError(
            f"PlatformPipeline {project.node.path}: this release of aws-cdk-lib installs the CDK "
            "CLI for the permissions check in another way; use the release that this library pins"
        )
    resource.add_property_override("Source.BuildSpec", {"Fn::Join": ["", pinned]})


def _changed(text: str, changes: Mapping[str, str]) -> str:
    for old, new in changes.items():
        text = text.replace(old, new)
    return text

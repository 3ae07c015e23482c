"""Bootstrap roles that deploy the stages of an app."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import pipelines


@dataclass(frozen=True, kw_only=True)
class BootstrapRoles:
    """Defines the ARNs of the roles that `cdk bootstrap` created in the accounts of the stages.

    Args:
        deploy: roles that call CloudFormation.
        lookup: roles that read stacks.
        publish: roles that upload assets to the bootstrap bucket and repository, and roles with
            which the CDK CLI reads the bootstrap version first.
        execution: roles that CloudFormation assumes, as the synthesizers write them.
        with_assets: patterns of the stacks of stages that have files or images.
        images: whether there are images.
    """

    deploy: list[str]
    lookup: list[str]
    publish: list[str]
    execution: list[str]
    with_assets: list[str]
    images: bool


def bootstrap_roles(stages: Iterable[cdk.Stage]) -> BootstrapRoles:
    """Returns the bootstrap roles that the synthesizers of the stages' stacks name."""
    found = {stage: stage.synth() for stage in stages}
    stacks = [one for assembly in found.values() for one in _stacks(Path(assembly.directory))]
    deployments = {
        stage: [pipelines.StackDeployment.from_artifact(stack) for stack in assembly.stacks]
        for stage, assembly in found.items()
    }
    with_assets = {
        stage: of_stage
        for stage, of_stage in deployments.items()
        if any(deployment.assets for deployment in of_stage)
    }
    # The CLI publishes the templates with the other files.
    assets = [
        asset
        for of_stage in with_assets.values()
        for deployment in of_stage
        for asset in (*deployment.assets, deployment.template_asset)
        if asset
    ]
    return BootstrapRoles(
        deploy=_resolved(stack.get("assumeRoleArn") for stack in stacks),
        lookup=_resolved(stack.get("lookupRole", {}).get("arn") for stack in stacks),
        publish=_resolved(
            [
                *(asset.asset_publishing_role_arn for asset in assets),
                *(stack.assume_role_arn for stage in with_assets for stack in found[stage].stacks),
            ]
        ),
        with_assets=[f"{stage.node.path}/*" for stage in with_assets],
        images=any(one.asset_type is pipelines.AssetType.DOCKER_IMAGE for one in assets),
        execution=_once(stack.get("cloudFormationExecutionRoleArn") for stack in stacks),
    )


def resolved(arn: str) -> str:
    """Returns an ARN of a synthesizer, with placeholders that CloudFormation resolves."""
    # Fn::Sub, because cfn-lint rejects Fn::Join as the role of a pipeline action (E3703).
    return cdk.Fn.sub(arn) if "${" in arn else arn


def _stacks(assembly: Path) -> list[dict[str, Any]]:
    """Returns the stack properties in the manifest, including those that jsii has no type for."""
    manifest = json.loads((assembly / "manifest.json").read_text())
    return [
        artifact["properties"]
        for artifact in manifest["artifacts"].values()
        if artifact["type"] == "aws:cloudformation:stack"
    ]


def _resolved(arns: Iterable[str | None]) -> list[str]:
    return [resolved(arn) for arn in _once(arns)]


def _once(arns: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(arn for arn in arns if arn))

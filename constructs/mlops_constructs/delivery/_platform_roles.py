"""Which of bootstrap's roles the stages of an app are deployed with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import aws_cdk as cdk
from aws_cdk import pipelines


@dataclass(frozen=True, kw_only=True)
class BootstrapRoles:
    """Defines ARNs of the roles that `cdk bootstrap` made in the accounts of the stages.

    Parameters:
        deploy: those that CloudFormation is called with.
        lookup: those that look at stacks, without changing them.
        publish: those that put assets into bootstrap's bucket and repository.
        execution: those that CloudFormation works with, as the synthesizers write them.
    """

    deploy: list[str]
    lookup: list[str]
    publish: list[str]
    execution: list[str]


def bootstrap_roles(stages: Iterable[cdk.Stage]) -> BootstrapRoles:
    """The roles, as the synthesizers of the stages' stacks name them."""
    stacks = [stack for stage in stages for stack in stage.synth().stacks]
    deployments = [pipelines.StackDeployment.from_artifact(stack) for stack in stacks]
    assets = [asset for deployment in deployments for asset in deployment.assets]
    return BootstrapRoles(
        deploy=_resolved(stack.assume_role_arn for stack in stacks),
        lookup=_resolved(stack.lookup_role.arn for stack in stacks if stack.lookup_role),
        publish=_resolved(asset.asset_publishing_role_arn for asset in assets),
        execution=[
            arn
            for arn in dict.fromkeys(stack.cloud_formation_execution_role_arn for stack in stacks)
            if arn
        ],
    )


def resolved(arn: str) -> str:
    """An ARN of a synthesizer, whose placeholders CloudFormation fills in."""
    # Not joined from parts: cfn-lint refuses a join as the role of a pipeline's action (E3703).
    return cdk.Fn.sub(arn) if "${" in arn else arn


def _resolved(arns: Iterable[str | None]) -> list[str]:
    return [resolved(arn) for arn in dict.fromkeys(filter(None, arns))]

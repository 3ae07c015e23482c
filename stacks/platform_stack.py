"""Base of the stacks of the platform."""

import aws_cdk as cdk
from constructs import Construct

from stacks.settings.defaults import DefaultSettings


class PlatformStack(cdk.Stack):
    """Defines a stack with the tags, the protection and the boundary of the default settings.

    Args:
        defaults: settings of every stack.
        env: account and region.
        description: description of the stack in the console.
        cross_region_references: True if the stack refers to stacks of other regions, or they to it.
            Defaults to None: no cross-region references.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        defaults: DefaultSettings,
        env: cdk.Environment,
        description: str,
        cross_region_references: bool | None = None,
    ) -> None:
        boundary = defaults.permissions_boundary
        super().__init__(
            scope,
            construct_id,
            # Without the name of a CDK stage: a pipeline updates a stack that `cdk deploy` created.
            stack_name=f"{defaults.prefix}{construct_id}",
            env=env,
            analytics_reporting=False,
            description=description,
            cross_region_references=cross_region_references,
            tags=dict(defaults.tags) or None,
            termination_protection=defaults.termination_protection,
            permissions_boundary=cdk.PermissionsBoundary.from_name(boundary) if boundary else None,
            synthesizer=cdk.DefaultStackSynthesizer(qualifier=defaults.qualifier),
        )

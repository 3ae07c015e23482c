"""What every stack of an environment has in common."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from stacks.default_settings import DefaultSettings


class PlatformStack(cdk.Stack):
    """A stack with the tags, the protection and the boundary that the settings give to all."""

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
        """Creates the stack.

        Args:
            defaults: what holds for every stack of the environment.
            env: account and region.
            description: what the stack is for, as the console shows it.
            cross_region_references: whether it refers to stacks of other regions, or they to it.
                Default: no.
        """
        boundary = defaults.permissions_boundary
        super().__init__(
            scope,
            construct_id,
            # The same stack, whether a person deploys it or a stage of the pipeline.
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

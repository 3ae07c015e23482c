"""What a CodePipeline action brings with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aws_cdk import aws_codepipeline as codepipeline

from mlops_constructs.access.service_role import Permission

SOURCE_OUTPUT = "SourceOutput"
"""Name of the artifact that holds the repository's files."""

SYNTH_OUTPUT = "SynthOutput"
"""Name of the artifact that holds the synthesised templates."""


@dataclass(frozen=True, kw_only=True)
class PipelineAction:
    """Defines an action together with what the pipeline's role must be allowed, to run it."""

    action: codepipeline.IAction
    permissions: Sequence[Permission] = ()


@dataclass(frozen=True, kw_only=True)
class PipelineStage:
    """Defines a stage: its name, and its actions; run orders are those of the actions."""

    name: str
    actions: Sequence[PipelineAction]

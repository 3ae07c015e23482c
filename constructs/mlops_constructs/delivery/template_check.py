"""The action before each deployment that lets approved models through, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from constructs import Construct

from mlops_constructs.access.service_role import Permission

from .build_project import BuildProject
from .pipeline_action import CHECKED_OUTPUT, SYNTH_OUTPUT, PipelineAction
from .project_resources import ProjectResources, sagemaker_arn

CHECK_NAMESPACE = "Check"
"""Namespace of the variables that the check gives to the approval."""

CHECK_URL = f"#{{{CHECK_NAMESPACE}.CHECK_URL}}"
"""Variable of the pipeline: the page of the console with the check's log."""

_SCRIPT = Path(__file__).parent / "runtime" / "check_templates.py"
_EXPORTED = ("MODEL_PACKAGE", "TRAINED_BY", "METRICS", "CHANGES", "CHECK_URL")
_FOLDER = "checked-templates"


def question_about_model(question: str, revision: str) -> str:
    """A question, followed by what the check has found out.

    Args:
        question: what is asked.
        revision: variable of the pipeline that holds the revision of the source.
    """
    package, trained, metrics, changes = (f"#{{{CHECK_NAMESPACE}.{one}}}" for one in _EXPORTED[:4])
    return (
        f"{question} Model: {package} (trained by commit {trained}). Metrics: {metrics}. "
        f"Deployed by commit {revision}. In production it: {changes}."
    )


def check_action(
    scope: Construct,
    *,
    project: ProjectResources,
    stages: Sequence[str],
    source: codepipeline.Artifact,
    output: codepipeline.Artifact,
    revision: str,
    run_order: int,
) -> PipelineAction:
    """Reads the templates of all stages, refuses what deploys no approved model, hands on the rest.

    What it runs is part of the pipeline's template, so a push to the repository changes nothing of
    it, and no build that runs the team's code may write its artifact.

    Args:
        scope: parent construct of the build project.
        project: names and stores of the project.
        stages: the stages in their order; the template of each is `STAGE.template.json`.
        source: artifact with the templates that the team's code has synthesised.
        output: artifact for those that may be deployed.
        revision: variable of the pipeline that holds the revision of the source.
        run_order: place among the stage's actions.
    """
    versions = project.model_packages(scope)[1]
    last = project.stage_name(stages[-1])
    build = BuildProject(
        scope,
        "Check",
        project=project,
        build_spec=_build_spec(),
        description="lets templates through that deploy approved models",
        inputs=[SYNTH_OUTPUT],
        outputs=[CHECKED_OUTPUT],
        environment={
            "MODEL_PACKAGE_PREFIX": sagemaker_arn(
                scope, "model-package", f"{project.model_package_group_name}/"
            ),
            "STAGES": " ".join(stages),
        },
        permissions=[
            Permission(
                actions=["sagemaker:DescribeModelPackage"],
                resources=[versions],
                because="versions of the project's model packages do not exist yet",
            ),
            Permission(
                actions=["cloudformation:GetTemplate"],
                resources=[
                    cdk.Stack.of(scope).format_arn(
                        service="cloudformation", resource="stack", resource_name=f"{last}/*"
                    )
                ],
                because="CloudFormation ends the ARN of a stack with a random id",
            ),
            *project.artifacts.read("runs/"),
        ],
        timeout=cdk.Duration.minutes(10),
    )
    return build.in_pipeline(
        "Check",
        source=source,
        outputs=[output],
        variables={"COMMIT_ID": revision},
        run_order=run_order,
        namespace=CHECK_NAMESPACE,
    )


@cache
def _script() -> str:
    return _SCRIPT.read_text(encoding="utf-8")


def _build_spec() -> codebuild.BuildSpec:
    """The whole build, in the template: there is no file of the repository that it runs."""
    specification: dict[str, Any] = {
        "version": "0.2",
        "env": {"exported-variables": list(_EXPORTED)},
        "phases": {
            "install": {"runtime-versions": {"python": "3.11"}},
            "build": {
                "commands": [
                    # A quoted word: the shell changes nothing of what follows.
                    f"cat > /tmp/check_templates.py <<'END_OF_CHECK'\n{_script()}END_OF_CHECK\n",
                    # -I: neither the folder with the team's files nor a variable adds modules.
                    f"python3 -I /tmp/check_templates.py . {_FOLDER} /tmp/verdict.sh",
                    ". /tmp/verdict.sh",
                ]
            },
        },
        "artifacts": {"base-directory": _FOLDER, "files": ["*.json"]},
    }
    return codebuild.BuildSpec.from_object(specification)

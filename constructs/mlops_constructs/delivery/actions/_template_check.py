"""Action that lets only templates with approved models through to a deployment."""

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from mlops_constructs._attributes import repository_arn
from mlops_constructs._environment import environment_of
from mlops_constructs._sagemaker_arn import sagemaker_arn
from mlops_constructs.access import Permission
from mlops_constructs.delivery.build_project import BuildProject
from mlops_constructs.delivery.deployment._stage_names import check_build_role
from mlops_constructs.delivery.deployment.project_stage import ProjectStage
from mlops_constructs.delivery.deployment.stage_target import StageTarget
from mlops_constructs.delivery.pipeline_action import CHECKED_OUTPUT, SYNTH_OUTPUT, PipelineAction
from mlops_constructs.delivery.project_resources import ProjectResources

from ._inline_scripts import written_scripts

CHECK_NAMESPACE = "Check"
"""Namespace of the variables that the check sets for the approval."""

CHECK_URL = f"#{{{CHECK_NAMESPACE}.CHECK_URL}}"
"""Pipeline variable with the console page of the check's log."""

_EXPORTED = ("MODEL_PACKAGE", "TRAINED_BY", "METRICS", "CHANGES", "CHECK_URL")
_FOLDER = "checked-templates"
_TIMEOUT = cdk.Duration.minutes(10)


def question_about_model(question: str, revision: str) -> str:
    """Returns a question for the approval, followed by the results of the check.

    Args:
        question: the question.
        revision: pipeline variable with the revision of the source.
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
    stages: Sequence[ProjectStage],
    target: StageTarget | None,
    source: codepipeline.Artifact,
    output: codepipeline.Artifact,
    revision: str,
    run_order: int,
    monitoring: Mapping[str, str],
    parameters: Mapping[str, str],
    images: ecr.IRepository | None = None,
    copied: Sequence[StageTarget] = (),
) -> PipelineAction:
    """Creates the action that validates the templates of all stages and passes on the valid ones.

    It rejects templates that do not deploy approved models. The script is part of the pipeline's
    template, so a push to the repository cannot change it. No build that runs the team's code can
    write its artifact.

    Args:
        scope: parent construct of the build project.
        project: names and stores of the project.
        stages: the stages in their order; the template of each is `STAGE.template.json`.
        target: account of the last stage. Defaults to None: the account of the project.
        source: artifact with the templates that the team's code has synthesised.
        output: artifact for the templates that may be deployed.
        revision: pipeline variable with the revision of the source.
        run_order: position among the stage's actions.
        monitoring: environment variables of the stages' monitors; empty without monitors.
        parameters: environment variables with the parameters that templates of stages can read.
        images: repository of the project's images; required with `copied`. Defaults to None.
        copied: stages in other regions, whose templates name copies of images and models. Defaults
            to (): none.
    """
    versions = project.model_packages(scope)[1]
    last = project.stage_name(stages[-1].name)
    environment = {
        "MODEL_PACKAGE_PREFIX": sagemaker_arn(
            scope, "model-package", f"{project.model_package_group_name}/"
        ),
        "STAGES": " ".join(stage.name for stage in stages),
        **{name: kinds for one in stages for name, kinds in one.kind_variables().items()},
        **monitoring,
        **parameters,
    }
    if target is None:
        reading = deployed_template_permission(scope, last)
    else:
        role_arn = target.role_arn(target.check_role_name)
        environment["LAST_STAGE_ROLE_ARN"] = role_arn
        environment["LAST_STAGE_REGION"] = target.region
        reading = Permission(actions=["sts:AssumeRole"], resources=[role_arn])
    naming = []
    if copied and images is not None:
        environment["COPIED_STAGES"] = " ".join(one.stage.name for one in copied)
        environment["IMAGE_REPOSITORY"] = images.repository_uri
        environment |= {
            name: value for one in copied for name, value in one.copy_variables().items()
        }
        naming.append(
            Permission(actions=["ecr:DescribeImages"], resources=[repository_arn(images)])
        )
    build = BuildProject(
        scope,
        "Check",
        project=project,
        build_spec=_build_spec(name_copies=bool(copied)),
        description="lets only templates with approved models through",
        inputs=[SYNTH_OUTPUT],
        outputs=[CHECKED_OUTPUT],
        environment=environment,
        role_name=check_build_role(project.project_name) if target else None,
        permissions=[
            Permission(
                actions=["sagemaker:DescribeModelPackage"],
                resources=[versions],
                because="versions of the project's model packages do not exist yet",
            ),
            reading,
            *naming,
            *project.artifacts.read("runs/"),
        ],
        timeout=_TIMEOUT,
    )
    return build.in_pipeline(
        "Check",
        source=source,
        outputs=[output],
        variables={"COMMIT_ID": revision},
        run_order=run_order,
        namespace=CHECK_NAMESPACE,
    )


def deployed_template_permission(scope: Construct, stack_name: str) -> Permission:
    """Returns the permission to read the deployed template of a stage.

    Args:
        scope: a construct in the account and region of the stack.
        stack_name: name of the stack.
    """
    return Permission(
        actions=["cloudformation:GetTemplate"],
        resources=[
            environment_of(scope).arn(
                service="cloudformation", resource="stack", name=f"{stack_name}/*"
            )
        ],
        because="CloudFormation appends a random id to the ARN of a stack",
    )


def _build_spec(*, name_copies: bool) -> codebuild.BuildSpec:
    """Returns the complete buildspec, inline: the build runs no file of the repository."""
    scripts = ["check_templates.py", "check_monitors.py", *(["name_copies.py"] * name_copies)]
    specification: dict[str, Any] = {
        "version": "0.2",
        "env": {"exported-variables": list(_EXPORTED)},
        "phases": {
            "install": {"runtime-versions": {"python": "3.11"}},
            "build": {
                "commands": [
                    written_scripts(*scripts),
                    # -I: neither the working directory nor environment variables add modules.
                    f"python3 -I /tmp/check_templates.py . {_FOLDER} /tmp/results.sh",
                    f"python3 -I /tmp/check_monitors.py {_FOLDER}",
                    *([f"python3 -I /tmp/name_copies.py {_FOLDER}"] if name_copies else ()),
                    ". /tmp/results.sh",
                ]
            },
        },
        "artifacts": {"base-directory": _FOLDER, "files": ["*.json"]},
    }
    return codebuild.BuildSpec.from_object(specification)

"""Action that copies the image and the files of approved models to the region of a stage."""

import dataclasses

import aws_cdk as cdk
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from mlops_constructs.access import Permission, image_pull_permissions
from mlops_constructs.delivery.build_project import BuildProject
from mlops_constructs.delivery.deployment._stage_names import copy_build_role
from mlops_constructs.delivery.deployment.stage_target import StageTarget
from mlops_constructs.delivery.pipeline_action import CHECKED_OUTPUT, PipelineAction
from mlops_constructs.delivery.project_resources import ProjectResources

from ._inline_scripts import written_scripts

COPIED_PREFIXES = ("models/", "runs/")
"""Prefixes of model archives, and of reports and baselines, in the bucket of a project."""

_TIMEOUT = cdk.Duration.hours(1)  # that of a session of a role that another role assumed


def copy_action(
    scope: Construct,
    *,
    project: ProjectResources,
    images: ecr.IRepository,
    target: StageTarget,
    source: codepipeline.Artifact,
    run_order: int,
) -> PipelineAction:
    """Creates the action that copies what the checked template of a stage names.

    The build runs no code of the team. It runs outside of the network of the project, whose
    endpoints reach services of its region only.

    Args:
        scope: parent construct of the build project.
        project: names and stores of the project.
        images: repository of the project's images.
        target: account and region of the stage.
        source: artifact with the checked templates and the lists of copies.
        run_order: position among the stage's actions.
    """
    role_arn = target.role_arn(target.copy_role_name)
    command = f"python3 -I /tmp/copy_model.py {target.stage.name}.copies.json"
    build = BuildProject(
        scope,
        "Copy",
        project=dataclasses.replace(project, network=None, packages=None),
        build_spec=codebuild.BuildSpec.from_object(
            {
                "version": "0.2",
                "phases": {
                    "install": {"runtime-versions": {"python": "3.11"}},
                    "build": {"commands": [written_scripts("copy_model.py"), command]},
                },
            }
        ),
        description=f"copies models to {target.region}",
        inputs=[CHECKED_OUTPUT],
        environment={
            "COPY_ROLE_ARN": role_arn,
            "COPY_REGION": target.region,
            "COPY_REPOSITORY_NAME": target.image_repository_name,
            "IMAGE_REPOSITORY": images.repository_uri,
        },
        role_name=copy_build_role(project.project_name, target.stage.name),
        permissions=[
            Permission(actions=["sts:AssumeRole"], resources=[role_arn]),
            *project.artifacts.read(*COPIED_PREFIXES),
            image_pull_permissions(images)[0],
        ],
        timeout=_TIMEOUT,
    )
    return build.in_pipeline("Copy", source=source, run_order=run_order)

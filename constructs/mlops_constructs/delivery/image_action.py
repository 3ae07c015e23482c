"""The action that builds the project's container image."""

from __future__ import annotations

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_ecr as ecr

from mlops_constructs.access.service_role import Permission

from .code_scan import managed_compute_log
from .pipeline_action import PipelineAction


def image_action(
    *,
    repository: ecr.IRepository,
    tag: str,
    pipeline_name: str,
    source: codepipeline.Artifact,
    run_order: int = 1,
) -> PipelineAction:
    """Builds the Dockerfile at the root of the source, and pushes the image.

    CodePipeline's managed action ECRBuildAndPublish does both: there is no build project with
    privileged mode to keep. It writes its log to /aws/codepipeline/PIPELINE.

    Args:
        repository: where the image is pushed.
        tag: its tag; a variable of the pipeline such as the commit id.
        pipeline_name: name of the pipeline, which is part of the log group's name.
        source: artifact with the Dockerfile.
        run_order: place among the stage's actions.

    Source: AWS CodePipeline User Guide, "ECRBuildAndPublish build action reference", section
    "Service role policy permissions".
    """
    action = actions.EcrBuildAndPublishAction(
        action_name="Image",
        repository_name=repository.repository_name,
        registry_type=actions.RegistryType.PRIVATE,
        image_tags=[tag],
        input=source,
        run_order=run_order,
    )
    push = [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:DescribeRepositories",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    ]
    return PipelineAction(
        action=action,
        permissions=[
            Permission(actions=push, resources=[repository.repository_arn]),
            Permission(
                actions=["ecr:GetAuthorizationToken"],
                resources=["*"],
                because="the token is the registry's; the action has no resource level",
            ),
            managed_compute_log(repository, pipeline_name),
        ],
    )

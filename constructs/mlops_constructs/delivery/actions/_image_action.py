"""Action that builds the project's container image."""

from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_codepipeline_actions as actions
from aws_cdk import aws_ecr as ecr

from mlops_constructs.access import Permission
from mlops_constructs.delivery.pipeline_action import PipelineAction

from .code_scan import managed_compute_log


def image_action(
    *,
    repository: ecr.IRepository,
    tag: str,
    pipeline_name: str,
    source: codepipeline.Artifact,
    run_order: int = 1,
) -> PipelineAction:
    """Creates the action that builds the Dockerfile at the root of the source and pushes the image.

    It is CodePipeline's managed action ECRBuildAndPublish, so no build project with privileged mode
    is needed. It writes its log to /aws/codepipeline/PIPELINE.

    Args:
        repository: ECR repository to push to.
        tag: tag of the image, such as a pipeline variable with the commit id.
        pipeline_name: name of the pipeline, which is part of the log group's name.
        source: artifact with the Dockerfile.
        run_order: position among the stage's actions, 1 to 999. Defaults to 1.

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
                because="the action does not support resource-level permissions",
            ),
            managed_compute_log(repository, pipeline_name),
        ],
        outputs=(),
        namespaces=(),
    )

"""Pipeline from a push to a registered model."""

import aws_cdk as cdk
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_logs as logs
from constructs import Construct

from mlops_constructs._environment import inherit

from .actions._build_actions import test_action, train_action
from .actions._image_action import image_action
from .actions.code_scan import ScanThresholds, source_scan_action
from .delivery_pipeline import DeliveryPipeline
from .pipeline_action import SOURCE_OUTPUT, PipelineStage
from .project_resources import ProjectResources
from .sources.source import Source
from .training_role import TrainingRole


class ModelBuildPipeline(Construct):
    """Defines the pipeline that tests the pushed code, builds its image and trains a model.

        Source -> Build (Test, Image) -> Train

    Test and Image, and a scan if there is one, run in parallel; training starts after all of them
    succeed. The image tag is the commit id, so that every model can be traced to its commit.
    Executions are queued: each push is trained and registered in order, and none is superseded.

    The pipeline is named `PROJECT-model-build`.

    Args:
        project: names and stores of the project.
        source: repository with the Dockerfile, `buildspecs/test.yml` and `buildspecs/train.yml`.
        image_repository: ECR repository of the image.
        scan: numbers of known vulnerabilities of the dependencies at which the stage Build fails;
            Amazon Inspector must be activated. Defaults to None: no scan.

    Example:
        ```python
        ModelBuildPipeline(
            stack,
            "ModelBuildPipeline",
            project=project,
            source=Source.code_commit(code_repository),
            image_repository=repository,
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project: ProjectResources,
        source: Source,
        image_repository: ecr.IRepository,
        scan: ScanThresholds | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        inherit(self, scope)
        name = f"{project.project_name}-model-build"
        output = codepipeline.Artifact(SOURCE_OUTPUT)
        self.training_role = TrainingRole(
            self, "TrainingRole", project=project, image_repository=image_repository
        )
        test = test_action(self, project=project, source=output)
        image = image_action(
            repository=image_repository, tag=source.revision, pipeline_name=name, source=output
        )
        train = train_action(
            self,
            project=project,
            source=output,
            training_role=self.training_role,
            image_uri=f"{image_repository.repository_uri}:{source.revision}",
        )
        build = [test, image]
        if scan is not None:
            build.append(
                source_scan_action(self, pipeline_name=name, source=output, thresholds=scan)
            )
        delivery = DeliveryPipeline(
            self,
            "Pipeline",
            pipeline_name=name,
            artifacts=project.artifacts,
            source=source,
            source_output=output,
            stages=[
                PipelineStage(name="Build", actions=build),
                PipelineStage(name="Train", actions=[train]),
            ],
            execution_mode=codepipeline.ExecutionMode.QUEUED,
        )
        # CodePipeline would create the group for its image action, without a key and retention.
        delivery.role.node.add_dependency(self._define_log(project, name))
        self.pipeline = delivery.pipeline
        self.start = delivery.start

    def _define_log(self, project: ProjectResources, pipeline_name: str) -> logs.LogGroup:
        return logs.LogGroup(
            self,
            "Log",
            log_group_name=f"/aws/codepipeline/{pipeline_name}",
            retention=logs.RetentionDays.THREE_MONTHS,
            encryption_key=project.artifacts.encrypt_logs(self),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )

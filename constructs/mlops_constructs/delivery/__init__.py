"""Pipelines that a push or an approval starts: sources, actions, build and deployment."""

from .artifact_store import ArtifactStore
from .build_project import BuildProject
from .delivery_pipeline import DeliveryPipeline
from .deployment_role import DeploymentRole
from .model_build_pipeline import ModelBuildPipeline
from .model_deploy_pipeline import ModelDeployPipeline
from .pipeline_action import PipelineAction, PipelineStage
from .project_resources import ProjectResources
from .source import Source
from .training_role import TrainingRole

__all__ = [
    "ArtifactStore",
    "BuildProject",
    "DeliveryPipeline",
    "DeploymentRole",
    "ModelBuildPipeline",
    "ModelDeployPipeline",
    "PipelineAction",
    "PipelineStage",
    "ProjectResources",
    "Source",
    "TrainingRole",
]

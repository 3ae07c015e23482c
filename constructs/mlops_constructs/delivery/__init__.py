"""Pipelines that a push or an approval starts: sources, actions, build and deployment."""

from .approval_action import approval_action
from .artifact_store import ArtifactStore
from .build_project import BuildProject
from .chat_channel import ChatChannel
from .code_scan import ScanThresholds, image_scan_action, source_scan_action
from .connection import Connection, ConnectionBase, GitProvider
from .delivery_pipeline import DeliveryPipeline
from .deploy_action import deploy_to_account_action
from .deployment_role import DeploymentRole
from .deployment_target import DeploymentTarget
from .model_build_pipeline import ModelBuildPipeline
from .model_deploy_pipeline import ModelDeployPipeline
from .notifications import Notifications, PipelineEvent
from .package_repository import PackageRepository, PackageSource
from .pipeline_action import PipelineAction, PipelineStage
from .platform_pipeline import PlatformPipeline
from .platform_stage import PlatformStage
from .project_resources import ProjectResources
from .pull_request_build import PullRequestBuild
from .source import Source
from .stage_condition import FailureResponse, StageChecks, StageCondition
from .stage_rule import StageRule
from .synthesis import Synthesis
from .target_account import TargetAccount
from .training_role import TrainingRole
from .trigger_filter import PullRequestEvent, TriggerFilter

__all__ = [
    "ArtifactStore",
    "BuildProject",
    "ChatChannel",
    "Connection",
    "ConnectionBase",
    "DeliveryPipeline",
    "DeploymentRole",
    "DeploymentTarget",
    "FailureResponse",
    "GitProvider",
    "ModelBuildPipeline",
    "ModelDeployPipeline",
    "Notifications",
    "PackageRepository",
    "PackageSource",
    "PipelineAction",
    "PipelineEvent",
    "PipelineStage",
    "PlatformPipeline",
    "PlatformStage",
    "ProjectResources",
    "PullRequestBuild",
    "PullRequestEvent",
    "ScanThresholds",
    "Source",
    "StageChecks",
    "StageCondition",
    "StageRule",
    "Synthesis",
    "TargetAccount",
    "TrainingRole",
    "TriggerFilter",
    "approval_action",
    "deploy_to_account_action",
    "image_scan_action",
    "source_scan_action",
]

"""CodePipeline pipelines that build, test and deploy models: sources, stages, actions, roles."""

from .actions.approval_action import approval_action
from .actions.code_scan import ScanThresholds, image_scan_action, source_scan_action
from .artifact_store import ArtifactStore
from .build_project import BuildProject
from .delivery_pipeline import DeliveryPipeline
from .deployment.deploy_action import deploy_to_account_action
from .deployment.deployment_role import DeploymentRole
from .deployment.deployment_target import DeploymentTarget
from .deployment.project_stage import DEFAULT_STAGES, ProjectStage
from .deployment.stage_kind import StageKind
from .deployment.stage_network import StageNetwork
from .deployment.stage_target import StageTarget
from .deployment.target_account import TargetAccount
from .model_build_pipeline import ModelBuildPipeline
from .model_deploy_pipeline import ModelDeployPipeline
from .notifications.chat_channel import ChatChannel
from .notifications.notifications import Notifications, PipelineEvent
from .package_repository import PackageRepository, PackageSource
from .pipeline_action import PipelineAction, PipelineStage
from .platform.platform_pipeline import PlatformPipeline
from .platform.platform_stage import PlatformStage
from .platform.synthesis import Synthesis
from .project_resources import ProjectResources
from .pull_request_build import PullRequestBuild
from .sources.connection import Connection, ConnectionBase, GitProvider
from .sources.source import Source
from .sources.trigger_filter import PullRequestEvent, TriggerFilter
from .stages.stage_condition import FailureResponse, StageChecks, StageCondition
from .stages.stage_rule import StageRule
from .training_role import TrainingRole

__all__ = [
    "DEFAULT_STAGES",
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
    "ProjectStage",
    "PullRequestBuild",
    "PullRequestEvent",
    "ScanThresholds",
    "Source",
    "StageChecks",
    "StageCondition",
    "StageKind",
    "StageNetwork",
    "StageRule",
    "StageTarget",
    "Synthesis",
    "TargetAccount",
    "TrainingRole",
    "TriggerFilter",
    "approval_action",
    "deploy_to_account_action",
    "image_scan_action",
    "source_scan_action",
]

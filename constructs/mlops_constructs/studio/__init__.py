"""SageMaker Studio: domains, user profiles, spaces, custom images, lifecycle scripts and MLflow."""

from .authentication import Authentication
from .custom_image import ContainerConfig, CustomImage
from .docker_access import DockerAccess
from .domain import Domain
from .domain_base import DomainBase
from .domain_network import DomainNetwork
from .idle_shutdown import IdleShutdown
from .lifecycle_config import LifecycleConfig, LifecycleConfigBase, Script
from .mlflow_app import MlflowApp, MlflowAppBase, ModelRegistrationMode
from .notebook_sharing import NotebookSharing
from .sdk_defaults import SdkDefaults
from .space import Space, SpaceSharing
from .studio_app import StudioApp
from .studio_user import StudioUser
from .studio_web_portal import StudioWebPortal
from .user_profile import UserProfile, UserProfileBase
from .user_profiles import UserProfiles
from .user_settings import AppSettings, SpaceStorage, UserSettings

__all__ = [
    "AppSettings",
    "Authentication",
    "ContainerConfig",
    "CustomImage",
    "DockerAccess",
    "Domain",
    "DomainBase",
    "DomainNetwork",
    "IdleShutdown",
    "LifecycleConfig",
    "LifecycleConfigBase",
    "MlflowApp",
    "MlflowAppBase",
    "ModelRegistrationMode",
    "NotebookSharing",
    "Script",
    "SdkDefaults",
    "Space",
    "SpaceSharing",
    "SpaceStorage",
    "StudioApp",
    "StudioUser",
    "StudioWebPortal",
    "UserProfile",
    "UserProfileBase",
    "UserProfiles",
    "UserSettings",
]

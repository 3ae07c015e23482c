"""Studio: domains, people, spaces, own images, scripts, and MLflow."""

from .authentication import Authentication
from .custom_image import ContainerConfig, CustomImage
from .docker_access import DockerAccess
from .domain import Domain
from .domain_base import DomainBase
from .domain_network import DomainNetwork
from .idle_shutdown import IdleShutdown
from .lifecycle_config import LifecycleConfig, LifecycleConfigBase, Script
from .mlflow_app import MlflowApp, MlflowAppBase, ModelRegistration
from .notebook_sharing import NotebookSharing
from .person import Person
from .sdk_defaults import SdkDefaults
from .space import Space, SpaceSharing
from .studio_app import StudioApp
from .studio_portal import StudioPortal
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
    "ModelRegistration",
    "NotebookSharing",
    "Person",
    "Script",
    "SdkDefaults",
    "Space",
    "SpaceSharing",
    "SpaceStorage",
    "StudioApp",
    "StudioPortal",
    "UserProfile",
    "UserProfileBase",
    "UserProfiles",
    "UserSettings",
]

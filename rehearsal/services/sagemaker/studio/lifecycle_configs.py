"""Lifecycle configurations of Studio: scripts that run when an app starts.

The rehearsal runs no app, so it runs no script.
"""

from rehearsal.framework.platform import Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.stored_resource import Kind, StoredResource
from rehearsal.services.sagemaker.studio.records import LIFECYCLE_CONFIG
from rehearsal.services.sagemaker.studio.user_settings import UserSettings

KIND = Kind(
    noun="StudioLifecycleConfig",
    path=LIFECYCLE_CONFIG,
    listing=Listing(
        operation="ListStudioLifecycleConfigs",
        member="StudioLifecycleConfigs",
        name="StudioLifecycleConfigName",
        equal={"AppTypeEquals": "StudioLifecycleConfigAppType"},
    ),
    missing="StudioLifecycleConfig [{name}] does not exist.",
    existing="StudioLifecycleConfig already exists: {arn}",
    existing_code="ResourceInUse",
)


class LifecycleConfigs(StoredResource):
    """Create-, Describe-, List-, DeleteStudioLifecycleConfig.

    Args:
        backend: the backend of SageMaker.
        settings: the settings that name lifecycle configurations.
    """

    def __init__(self, backend: Backend, settings: UserSettings) -> None:
        super().__init__(backend, KIND)
        self._settings = settings

    def check_delete(self, record: Record, scope: Scope) -> None:
        name = record["StudioLifecycleConfigName"]
        self._settings.reject_in_use(scope, LIFECYCLE_CONFIG, name)

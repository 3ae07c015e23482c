"""Git repositories that are registered in SageMaker, for notebook instances and Studio."""

from typing import Any

from rehearsal.framework.platform import Scope
from rehearsal.framework.service import Request
from rehearsal.services.sagemaker.backend import Backend, not_found
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.stored_resource import Kind, StoredResource

CODE_REPOSITORY = "code-repository"
KIND = Kind(
    noun="CodeRepository",
    path=CODE_REPOSITORY,
    listing=Listing(
        operation="ListCodeRepositories",
        member="CodeRepositorySummaryList",
        name="CodeRepositoryName",
        newest_first=False,
        sort_by="Name",
    ),
    updatable=("GitConfig",),
    missing='Cannot find CodeRepository: "{arn}"',
    existing='Cannot create a duplicate CodeRepository: "{arn}"',
)


class CodeRepositories(StoredResource):
    """Create-, Describe-, List-, Update-, DeleteCodeRepository.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        super().__init__(backend, KIND)

    def changes(self, record: Record, given: Request) -> dict[str, Any]:
        """Changes the secret alone, as UpdateCodeRepository does."""
        return {"GitConfig": {**record["GitConfig"], **given.get("GitConfig", {})}}

    def check_exists(self, scope: Scope, name_or_url: str, operation: str) -> None:
        """Checks that a repository of a notebook instance is a URL or is registered.

        Raises:
            AwsError: ValidationException, for a name that is not registered.
        """
        if name_or_url.startswith("https://"):
            return
        with self.backend.lock:
            if name_or_url in self.backend.records.of(scope, CODE_REPOSITORY):
                return
        raise not_found(operation, KIND.message(KIND.missing, scope, name_or_url))

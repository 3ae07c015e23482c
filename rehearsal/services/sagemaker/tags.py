"""Operations on the tags of SageMaker resources."""

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.listing import page

MAX_TAGS = 50


class ResourceTags:
    """AddTags, ListTags, DeleteTags.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._tags = backend.tags

    def add_tags(self, request: Request, context: Context) -> Response:
        with self._backend.lock:
            tags = self._tags_of(request["ResourceArn"])
            tags |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}
            if len(tags) > MAX_TAGS:
                message = f"A resource has at most {MAX_TAGS} tags; this would make {len(tags)}."
                raise AwsError("ResourceLimitExceeded", message)
            self._tags.put(request["ResourceArn"], tags)
        return {"Tags": self._tags.shape.write(tags)}

    def list_tags(self, request: Request, context: Context) -> Response:
        with self._backend.lock:
            tags = self._tags_of(request["ResourceArn"])
            entries = self._tags.shape.write(tags)
        # Unlike other lists, a page of ListTags has up to 50 entries by default.
        return page(entries, request, "Tags", MAX_TAGS)

    def delete_tags(self, request: Request, context: Context) -> Response:
        with self._backend.lock:
            self._tags_of(request["ResourceArn"])
            self._tags.remove(request["ResourceArn"], request["TagKeys"])
        return {}

    def _tags_of(self, arn: str) -> dict[str, str]:
        if not self._tags.knows(arn):
            message = f'Could not find resource "{arn}".'
            raise AwsError("ValidationException", message)
        return self._tags.of(arn)

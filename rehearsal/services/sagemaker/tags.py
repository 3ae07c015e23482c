"""Tags of SageMaker resources."""

from __future__ import annotations

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import ControlPlane
from rehearsal.services.sagemaker.listing import page

MAXIMUM_TAGS = 50


class Tags(ControlPlane):
    """AddTags, ListTags, DeleteTags."""

    def add_tags(self, request: Request, context: Context) -> Response:
        with self.lock:
            tags = self._tags_of(request["ResourceArn"])
            tags |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}
            if len(tags) > MAXIMUM_TAGS:
                message = (
                    f"A resource has at most {MAXIMUM_TAGS} tags; this would make {len(tags)}."
                )
                raise AwsError("ResourceLimitExceeded", message)
            self.backend.tags.put(request["ResourceArn"], tags)
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def list_tags(self, request: Request, context: Context) -> Response:
        with self.lock:
            tags = self._tags_of(request["ResourceArn"])
            entries = [{"Key": key, "Value": value} for key, value in tags.items()]
        # Unlike other lists, a page of ListTags has up to 50 entries by default.
        return page(entries, request, "Tags", MAXIMUM_TAGS)

    def delete_tags(self, request: Request, context: Context) -> Response:
        with self.lock:
            self._tags_of(request["ResourceArn"])
            self.backend.tags.remove(request["ResourceArn"], request["TagKeys"])
        return {}

    def _tags_of(self, arn: str) -> dict[str, str]:
        if not self.backend.tags.knows(arn):
            message = f'Could not find resource "{arn}".'
            raise AwsError("ValidationException", message)
        return self.backend.tags.of(arn)

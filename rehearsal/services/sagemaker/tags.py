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
            tags = dict(self._tags_of(request["ResourceArn"]))
            tags |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}
            if len(tags) > MAXIMUM_TAGS:
                message = (
                    f"A resource has at most {MAXIMUM_TAGS} tags; this would make {len(tags)}."
                )
                raise AwsError("ResourceLimitExceeded", message)
            self._tags[request["ResourceArn"]] = tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def list_tags(self, request: Request, context: Context) -> Response:
        with self.lock:
            tags = self._tags_of(request["ResourceArn"])
            entries = [{"Key": key, "Value": value} for key, value in tags.items()]
        # ListTags alone answers up to 50 tags when MaxResults is left out.
        return page(entries, {"MaxResults": MAXIMUM_TAGS, **request}, "Tags")

    def delete_tags(self, request: Request, context: Context) -> Response:
        with self.lock:
            tags = self._tags_of(request["ResourceArn"])
            self._tags[request["ResourceArn"]] = {
                key: value for key, value in tags.items() if key not in request["TagKeys"]
            }
        return {}

    def _tags_of(self, arn: str) -> dict[str, str]:
        if arn not in self._tags:
            message = f'Could not find resource "{arn}".'
            raise AwsError("ValidationException", message)
        return self._tags[arn]

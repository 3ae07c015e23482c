"""The templates of versions, which Service Catalog copies into its own bucket.

A launch role may read them by their tag `servicecatalog:provisioning`. In AWS, the bucket belongs
to the service. Here, it belongs to the customer's account, as stacks read templates of their
account.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from rehearsal.cloudformation.stack_changes import template_arn
from rehearsal.framework.platform import Scope
from rehearsal.services.servicecatalog.records import invalid

_TAG = "servicecatalog:provisioning"


class Templates:
    """Copies of templates in one account and region."""

    def __init__(self, s3: Any, cloudformation: Any, scope: Scope) -> None:
        self._s3, self._cloudformation, self._scope = s3, cloudformation, scope
        self._bucket = f"servicecatalog-templates-{scope.account}-{scope.region}"

    def url(self, key: str) -> str:
        return f"https://s3.{self._scope.region}.amazonaws.com/{self._bucket}/{key}"

    def copy(self, url: str, key: str, *, validate: bool) -> None:
        """Copies a template, after CloudFormation has validated it.

        Raises:
            AwsError: the template cannot be read or is not valid.
        """
        bucket, _, name = template_arn(url).removeprefix("arn:aws:s3:::").partition("/")
        try:
            content = self._s3.get_object(Bucket=bucket, Key=name)["Body"].read()
            if validate:
                self._cloudformation.validate_template(TemplateURL=url)
        except ClientError as error:
            reason = error.response["Error"].get("Message", "")
            raise invalid(f"Invalid template {url}: {reason}") from error
        try:
            self._s3.head_bucket(Bucket=self._bucket)
        except ClientError:
            self._s3.create_bucket(Bucket=self._bucket, **_place(self._scope.region))
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=content, Tagging=f"{_TAG}=true")

    def remove(self, key: str) -> None:
        """Removes a copy, and with the last one the bucket."""
        self._s3.delete_object(Bucket=self._bucket, Key=key)
        if not self._s3.list_objects_v2(Bucket=self._bucket).get("Contents"):
            self._s3.delete_bucket(Bucket=self._bucket)


def _place(region: str) -> dict[str, dict[str, str]]:
    """Returns the location of a bucket; us-east-1 has no location constraint."""
    if region == "us-east-1":
        return {}
    return {"CreateBucketConfiguration": {"LocationConstraint": region}}


def source_arn(url: str) -> str:
    """Returns the ARN of a template that the creator of a version must be allowed to read."""
    if not url.startswith("https://"):
        raise invalid(f"LoadTemplateFromURL {url} is not an https address.")
    return template_arn(url)

"""A template that is too long for a request of CodePipeline's CloudFormation action.

CodePipeline reads the artifact with the action's role and passes CloudFormation a presigned URL of
the template. So only the action's role needs access to the artifact store, and only to read; the
CDK grants no more. Here, the URL is of a temporary bucket of the service.

Source: https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config

from rehearsal.framework.identity import service_session
from rehearsal.framework.platform import Scope
from rehearsal.services.codepipeline.actions.action import ActionRun

MAX_BODY_BYTES = 51_200
"""The maximum length of TemplateBody, in bytes (CloudFormation's quotas)."""

_KEY = "template"


@contextmanager
def template_members(action: ActionRun, template: str) -> Iterator[dict[str, str]]:
    """Yields TemplateBody, or TemplateURL with a URL that is valid within the context."""
    content = template.encode()
    if len(content) <= MAX_BODY_BYTES:
        yield {"TemplateBody": template}
        return
    account, region = action.principal_arn.split(":")[4], action.record.region
    session: Any = service_session(action.platform, Scope(account, region))
    s3 = session.client("s3", config=Config(signature_version="s3v4"))
    bucket = f"codepipeline-{account}-{secrets.token_hex(8)}"
    place: dict[str, Any] = {"Bucket": bucket}
    if region != "us-east-1":
        place["CreateBucketConfiguration"] = {"LocationConstraint": region}
    s3.create_bucket(**place)
    try:
        s3.put_object(Bucket=bucket, Key=_KEY, Body=content)
        template_object = {"Bucket": bucket, "Key": _KEY}
        yield {"TemplateURL": s3.generate_presigned_url("get_object", Params=template_object)}
    finally:
        s3.delete_object(Bucket=bucket, Key=_KEY)
        s3.delete_bucket(Bucket=bucket)

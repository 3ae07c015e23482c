"""A template that is too long for a request, as CodePipeline's CloudFormation action hands it over.

CodePipeline reads the artifact with the action's role and gives CloudFormation a signed URL of the
template. So no role but the action's needs the artifact store, and none has to write there: not
the pipeline's, and not the role with which CloudFormation works. That a template arrives with the
action's read access alone is what AWS's documentation of the action says, and what the CDK grants
(https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CloudFormation.html,
`RoleArn`). Here the URL leads to a bucket of the service's own, which lives as long as the request.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.config import Config

from rehearsal.framework.platform import Credentials
from rehearsal.services.codepipeline.actions.action import ActionRun

BODY_BYTES = 51_200
"""The longest TemplateBody (CloudFormation's quotas)."""

_KEY = "template"


@contextmanager
def handed_over(action: ActionRun, template: str) -> Iterator[dict[str, str]]:
    """The members TemplateBody or TemplateURL of a request; the URL is good within the context."""
    content = template.encode()
    if len(content) <= BODY_BYTES:
        yield {"TemplateBody": template}
        return
    account, region = action.principal_arn.split(":")[4], action.record.region
    root = Credentials(account, account, "", f"arn:aws:iam::{account}:root")
    session = action.platform.session(root, region)
    s3: Any = session.client("s3", config=Config(signature_version="s3v4"))
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

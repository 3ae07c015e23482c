"""Where a build specification comes from: the project itself, the source, or S3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.framework.clients import aws_client
from rehearsal.services.codebuild.engine.buildspec import Buildspec, BuildspecError, parse

DEFAULT_FILE = "buildspec.yml"
_S3_ARN = "arn:aws:s3:::"


def is_inline(given: str | None) -> bool:
    """Whether a project's `buildspec` is the specification itself and not a place."""
    text = (given or "").lstrip()
    return "\n" in text or text.startswith(("{", "version:"))


def read(given: str | None, source: Path, shown: str, session: boto3.Session) -> Buildspec:
    """The specification that `buildspec` of a project gives or names.

    `source` is the folder of the primary source, `shown` its path inside of the build. Raises
    BuildspecError.
    """
    if given and is_inline(given):
        return parse(given)
    name = given or DEFAULT_FILE
    if name.startswith(_S3_ARN):
        return parse(_from_s3(name, session))
    try:
        return parse((source / name).read_text())
    except OSError as error:
        reason = (error.strerror or "").lower()
        raise BuildspecError(f"stat {shown}/{name}: {reason}") from error


def _from_s3(arn: str, session: boto3.Session) -> str:
    bucket, _, key = arn.removeprefix(_S3_ARN).partition("/")
    client: Any = aws_client(session, "s3")
    try:
        content: bytes = client.get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise BuildspecError(f"{arn}: {error}") from error
    return content.decode()

"""A key, and a bucket that encrypts with it."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.rehearsal.ministack.object_encryption.key_use import encrypt


@pytest.fixture
def key(aws: Any) -> str:
    """The ARN of a new key with AWS's default policy."""
    made: str = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    return made


@pytest.fixture
def bucket(aws: Any, key: str) -> Iterator[str]:
    """A bucket that encrypts with `key` by default, and holds `object`."""
    s3, name = aws.client("s3"), f"encrypted-{uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    encrypt(s3, name, key)
    s3.put_object(Bucket=name, Key="object", Body=b"content")
    yield name

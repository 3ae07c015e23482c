"""Keys of objects that are too long for S3: a key has up to 1,024 bytes of UTF-8.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services import s3

from rehearsal.ministack.registry import patch

MAX_BYTES = 1024


@patch(
    "ministack.services.s3:_dispatch",
    why="Keys of any length are accepted, up to the one that no file system stores.",
    until="ministack rejects keys of more than 1,024 bytes.",
    after="encryption.object_encryption",
)
def dispatch(
    previous: Callable[..., Any],
    method: str,
    bucket: str,
    key: str,
    headers: Mapping[str, Any],
    body: bytes,
    query_params: Mapping[str, Any],
) -> Any:
    size = len(key.encode(errors="surrogateescape"))
    if size <= MAX_BYTES:
        return previous(method, bucket, key, headers, body, query_params)
    sizes = {"Size": str(size), "MaxSizeAllowed": str(MAX_BYTES)}
    return s3._error("KeyTooLongError", "Your key is too long", 400, f"/{bucket}", sizes)

"""The encryption that a write to S3 requests, or gets by the configuration of its bucket."""

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import s3

from rehearsal.framework.platform import AwsError
from rehearsal.ministack.registry import CLOUDFORMATION, patch_value

ENCRYPTION = "x-amz-server-side-encryption"
KEY = f"{ENCRYPTION}-aws-kms-key-id"
BUCKET_KEY = f"{ENCRYPTION}-bucket-key-enabled"
KMS_ALGORITHMS = ("aws:kms", "aws:kms:dsse")
MANAGED_KEY = "alias/aws/s3"

_CONTEXT = f"{ENCRYPTION}-context"


@patch_value(
    f"{CLOUDFORMATION}.provisioners:_S3_BUCKET_CONFIGURATIONS",
    why="BucketEncryption of AWS::S3::Bucket is dropped.",
    until="ministack applies BucketEncryption with PutBucketEncryption.",
)
def bucket_encryption_property(properties: tuple[Any, ...]) -> tuple[Any, ...]:
    return (
        *properties,
        (
            "BucketEncryption",
            _configuration,
            s3._put_bucket_encryption,
            s3._delete_bucket_encryption,
        ),
    )


def wanted_encryption(headers: Mapping[str, str], bucket: str) -> dict[str, str] | None:
    """Returns the headers of SSE-KMS that a write requests or gets by default.

    The key has the form of the request: an id, an alias or one of their ARNs.

    Returns:
        The headers, or None for another kind of encryption.

    Raises:
        AwsError: the request has headers that exclude each other, or an encryption context.
    """
    if headers.get(_CONTEXT):
        raise AwsError(
            "NotImplemented",
            f"The rehearsal does not implement {_CONTEXT}: remove the header.",
            501,
        )
    if any(name.startswith(f"{ENCRYPTION}-customer-") for name in headers):
        return None
    default = s3._bucket_encryption.get(bucket) or ""
    algorithm, reference = headers.get(ENCRYPTION, ""), headers.get(KEY, "")
    if reference and algorithm not in KMS_ALGORITHMS:
        raise AwsError(
            "InvalidArgument",
            "Server Side Encryption with AWS KMS managed key requires HTTP header "
            f"{ENCRYPTION} : aws:kms",
        )
    if not algorithm:
        algorithm = _element(default, "SSEAlgorithm")
        reference = _element(default, "KMSMasterKeyID")
    if algorithm not in KMS_ALGORITHMS:
        return None
    wanted = {ENCRYPTION: algorithm, KEY: reference or MANAGED_KEY}
    bucket_key = headers.get(BUCKET_KEY) or _element(default, "BucketKeyEnabled")
    if bucket_key.lower() == "true" and algorithm == "aws:kms":
        wanted[BUCKET_KEY] = "true"
    return wanted


def _element(configuration: str, name: str) -> str:
    found = re.search(rf"<(?:\w+:)?{name}>\s*([^<\s]*)", configuration)
    return found[1] if found else ""


def _configuration(properties: Mapping[str, Any]) -> bytes:
    """Returns the body of PutBucketEncryption for BucketEncryption of AWS::S3::Bucket."""
    rules = []
    for rule in properties.get("ServerSideEncryptionConfiguration", []):
        default = rule.get("ServerSideEncryptionByDefault") or {}
        key = default.get("KMSMasterKeyID")
        rules.append(
            "<Rule><ApplyServerSideEncryptionByDefault>"
            f"<SSEAlgorithm>{default.get('SSEAlgorithm', 'AES256')}</SSEAlgorithm>"
            + (f"<KMSMasterKeyID>{escape(str(key))}</KMSMasterKeyID>" if key else "")
            + "</ApplyServerSideEncryptionByDefault><BucketKeyEnabled>"
            f"{str(rule.get('BucketKeyEnabled', False)).lower()}</BucketKeyEnabled></Rule>"
        )
    content = "".join(rules)
    return (
        f'<ServerSideEncryptionConfiguration xmlns="{s3.S3_NS}">{content}'
        "</ServerSideEncryptionConfiguration>"
    ).encode()

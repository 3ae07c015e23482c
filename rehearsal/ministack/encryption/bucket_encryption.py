"""The encryption that a write to S3 asks for, or gets from its bucket's configuration.

ministack drops the BucketEncryption of a stack's bucket; here it is PutBucketEncryption.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from xml.sax.saxutils import escape

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from rehearsal.framework.platform import AwsError

ENCRYPTION = "x-amz-server-side-encryption"
KEY = f"{ENCRYPTION}-aws-kms-key-id"
BUCKET_KEY = f"{ENCRYPTION}-bucket-key-enabled"
KMS_ALGORITHMS = ("aws:kms", "aws:kms:dsse")
MANAGED_KEY = "alias/aws/s3"

_CONTEXT = f"{ENCRYPTION}-context"


def install() -> None:
    """Gives ministack's row of AWS::S3::Bucket the property BucketEncryption."""
    row = (
        "BucketEncryption",
        _configuration,
        s3._put_bucket_encryption,
        s3._delete_bucket_encryption,
    )
    provisioners._S3_BUCKET_CONFIGURATIONS = (*provisioners._S3_BUCKET_CONFIGURATIONS, row)


def wanted_encryption(headers: Mapping[str, str], bucket: str) -> dict[str, str] | None:
    """The headers of SSE-KMS that a write asks for or gets by default; None for other kinds.

    The key is as it was given: an id, an alias or one of their ARNs. Raises AwsError.
    """
    if headers.get(_CONTEXT):
        raise AwsError(
            "NotImplemented", f"The rehearsal keeps no {_CONTEXT}: leave the header out.", 501
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
    """The XML of PutBucketEncryption for BucketEncryption of AWS::S3::Bucket."""
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

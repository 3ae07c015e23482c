"""Signed URLs of S3 objects: who signed one may read, whoever hands it on.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from ministack.core import iam_evaluator

from rehearsal.framework.platform import AwsError
from rehearsal.ministack.iam import identity

_SIGNATURE = "X-Amz-Signature"
_TIME = "%Y%m%dT%H%M%SZ"


def signer(url: str) -> str | None:
    """The ARN of who signed a URL; None for a URL without a signature.

    Raises AwsError for a signature that is wrong or no longer valid. The secret of an account's
    root is not checked, as nowhere here.
    """
    query = dict(parse_qsl(urlsplit(url).query))
    if "AWSAccessKeyId" in query:
        raise AwsError("InvalidRequest", "The rehearsal knows Signature Version 4 of URLs alone.")
    if _SIGNATURE not in query:
        return None
    key_id, _, region, *_ = [*query.get("X-Amz-Credential", "").split("/"), "", ""]
    key = identity.access_key(key_id)
    if key is None:
        raise AwsError("InvalidAccessKeyId", "The AWS Access Key Id does not exist in our records.")
    begun = datetime.strptime(query["X-Amz-Date"], _TIME).replace(tzinfo=UTC)
    if datetime.now(UTC) > begun + timedelta(seconds=int(query["X-Amz-Expires"])):
        raise AwsError("AccessDenied", "Request has expired")
    if not iam_evaluator.is_root_access_key(key_id):
        given = query.pop(_SIGNATURE)
        if not hmac.compare_digest(given, _signature(url, query, key_id, key.secret, region)):
            raise AwsError("SignatureDoesNotMatch", "The request signature does not match.")
    return key.principal_arn


def _signature(url: str, query: dict[str, str], key_id: str, secret: str, region: str) -> str:
    bare = urlsplit(url)._replace(query=urlencode(query)).geturl()
    request = AWSRequest(method="GET", url=bare)
    request.context["timestamp"] = query["X-Amz-Date"]
    auth = S3SigV4QueryAuth(Credentials(key_id, secret), "s3", region)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    return str(auth.signature(text, request))

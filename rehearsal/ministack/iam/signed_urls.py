"""Presigned URLs of S3 objects, which anyone can use with the permissions of the signer.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
"""

import hmac
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from rehearsal.framework.platform import AwsError
from rehearsal.ministack.iam import identity

_SIGNATURE = "X-Amz-Signature"
_TIME = "%Y%m%dT%H%M%SZ"


def signer(url: str) -> str | None:
    """Returns the ARN of the principal that signed a URL, or None for a URL without a signature.

    Raises:
        AwsError: the signature is wrong or has expired.
    """
    query = dict(parse_qsl(urlsplit(url).query))
    if "AWSAccessKeyId" in query:
        raise AwsError("InvalidRequest", "The rehearsal supports Signature Version 4 of URLs only.")
    if _SIGNATURE not in query:
        return None
    key_id, _, region, *_ = [*query.get("X-Amz-Credential", "").split("/"), "", ""]
    key = identity.access_key(key_id)
    if key is None:
        raise AwsError("InvalidAccessKeyId", "The AWS Access Key Id does not exist in our records.")
    signed_at = datetime.strptime(query["X-Amz-Date"], _TIME).replace(tzinfo=UTC)
    if datetime.now(UTC) > signed_at + timedelta(seconds=int(query["X-Amz-Expires"])):
        raise AwsError("AccessDenied", "Request has expired")
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

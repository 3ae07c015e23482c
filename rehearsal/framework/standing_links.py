"""Links to pages of the local AWS that stay valid as long as its state exists.

A presigned URL of AWS ends after minutes, and a report is read for longer. A link is signed with
the secret access key of the root of an account: only the user that runs the local AWS can make one,
and a page with the link contains no key.
"""

import hashlib
import hmac
from urllib.parse import urlencode

PATH = "open"
ARN, SIGNATURE = "arn", "signature"
_PURPOSE = "rehearsal standing link"


def query(arn: str, secret_access_key: str) -> str:
    """Returns the query string of the link to the page of a resource.

    Args:
        arn: ARN of the resource.
        secret_access_key: secret access key of the root of its account.
    """
    return urlencode({ARN: arn, SIGNATURE: _signature(arn, secret_access_key)})


def is_valid(arn: str, signature: str, secret_access_key: str) -> bool:
    """Returns True if a signature is that of the link to a resource.

    Args:
        arn: ARN of the resource.
        signature: signature in the query string.
        secret_access_key: secret access key of the root of its account.
    """
    return hmac.compare_digest(_signature(arn, secret_access_key).encode(), signature.encode())


def _signature(arn: str, secret_access_key: str) -> str:
    text = f"{_PURPOSE}\n{arn}".encode()
    return hmac.new(secret_access_key.encode(), text, hashlib.sha256).hexdigest()

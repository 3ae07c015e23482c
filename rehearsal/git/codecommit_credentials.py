"""Credentials of git for CodeCommit over HTTPS.

`aws codecommit credential-helper` derives them from AWS credentials: the user name is the access
key (followed by `%` and the session token), the password a time stamp and a Signature Version 4.

Source: https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-https-unixes.html
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

_STAMP = "%Y%m%dT%H%M%S"
_STAMP_LENGTH = len("20260101T000000")
# Signature Version 4 is valid for 15 minutes, with clocks that differ by as much.
_VALIDITY = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """The credentials in the `Authorization` header of git."""

    access_key_id: str
    session_token: str | None
    password: str


def parse_authorization(header: str | None) -> SignIn | None:
    """Returns the credentials of a Basic authorization header; None for other headers."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    access_key_id, _, token = user.partition("%")
    return SignIn(access_key_id=access_key_id, session_token=token or None, password=password)


def sign(
    access_key_id: str, secret: str, *, region: str, host: str, path: str, at: datetime
) -> str:
    """Returns the password for a repository; `path` is that of its URL, `/v1/repos/<name>`."""
    signer = SigV4Auth(Credentials(access_key_id, secret), "codecommit", region)
    request = AWSRequest(method="GIT", url=f"https://{host}{path}")
    stamp = at.astimezone(UTC).strftime(_STAMP)
    request.context["timestamp"] = stamp
    # The signature excludes the port, and the host is the only signed header.
    canonical = f"GIT\n{path}\n\nhost:{host.split(':')[0]}\n\nhost\n"
    signature: str = signer.signature(signer.string_to_sign(request, canonical), request)
    return f"{stamp}Z{signature}"


def verify(sign_in: SignIn, secret: str, *, region: str, host: str, path: str) -> bool:
    """Returns True if the password is a signature of the URL in the region and still valid."""
    try:
        stamp = datetime.strptime(sign_in.password[:_STAMP_LENGTH], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return False
    if abs(datetime.now(UTC) - stamp) > _VALIDITY:
        return False
    expected = sign(sign_in.access_key_id, secret, region=region, host=host, path=path, at=stamp)
    return hmac.compare_digest(expected, sign_in.password)

"""The user name and password with which git signs in to CodeCommit over HTTPS.

`aws codecommit credential-helper` makes them from AWS credentials: the user name is the access key
(and `%` with the session token), the password a time stamp and a Signature Version 4 of it.
https://docs.aws.amazon.com/codecommit/latest/userguide/setting-up-https-unixes.html
"""

from __future__ import annotations

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
# Signature Version 4 is good for 15 minutes; clocks may differ by as much, either way.
_VALIDITY = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """What git sent in its `Authorization` header."""

    access_key_id: str
    session_token: str | None
    password: str


def parse_authorization(header: str | None) -> SignIn | None:
    """The user name and password of a Basic authorization header, or None for any other."""
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
    """The password for a repository's URL; `path` is the URL's path, `/v1/repos/<name>`."""
    signer = SigV4Auth(Credentials(access_key_id, secret), "codecommit", region)
    request = AWSRequest(method="GIT", url=f"https://{host}{path}")
    stamp = at.astimezone(UTC).strftime(_STAMP)
    request.context["timestamp"] = stamp
    # The port is no part of the signature, and the one signed header is the host.
    canonical = f"GIT\n{path}\n\nhost:{host.split(':')[0]}\n\nhost\n"
    signature: str = signer.signature(signer.string_to_sign(request, canonical), request)
    return f"{stamp}Z{signature}"


def verify(sign_in: SignIn, secret: str, *, region: str, host: str, path: str) -> bool:
    """Whether the password is this URL's signature in `region`, made within 15 minutes of now."""
    try:
        stamp = datetime.strptime(sign_in.password[:_STAMP_LENGTH], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return False
    if abs(datetime.now(UTC) - stamp) > _VALIDITY:
        return False
    expected = sign(sign_in.access_key_id, secret, region=region, host=host, path=path, at=stamp)
    return hmac.compare_digest(expected, sign_in.password)

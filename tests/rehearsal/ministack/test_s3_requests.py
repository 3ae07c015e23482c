"""Keys that S3 rejects and presigned URLs in time, on a running server."""

from __future__ import annotations

import datetime
import ssl
import urllib.error
import urllib.request
from typing import Any

import botocore.auth
import pytest
from botocore.exceptions import ClientError

BUCKET = "requests-of-s3"
V4 = {"signature_version": "s3v4"}

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def s3(aws: Any) -> Any:
    client = aws.client("s3", **V4)
    client.create_bucket(Bucket=BUCKET)
    client.put_object(Bucket=BUCKET, Key="a", Body=b"x")
    return client


def signed(s3: Any, monkeypatch: pytest.MonkeyPatch, *, age: int, lifetime: int) -> str:
    """Returns a URL that was signed some seconds ago."""
    moment = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    with monkeypatch.context() as patched:
        then = moment - datetime.timedelta(seconds=age)
        patched.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: then)
        url: str = s3.generate_presigned_url(
            "get_object", Params={"Bucket": BUCKET, "Key": "a"}, ExpiresIn=lifetime
        )
    return url


def read(aws: Any, url: str) -> tuple[int, str]:
    tls = ssl.create_default_context(cafile=aws.endpoint["ca_bundle"])
    try:
        with urllib.request.urlopen(url, context=tls) as response:  # noqa: S310  # of this test
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize("age", [0, 1200])
def test_a_presigned_url_lasts_as_long_as_it_says(
    aws: Any, s3: Any, monkeypatch: pytest.MonkeyPatch, age: int
) -> None:
    assert read(aws, signed(s3, monkeypatch, age=age, lifetime=3600)) == (200, "x")


@pytest.mark.parametrize(("age", "lifetime"), [(60, 30), (7200, 3600)])
def test_an_expired_presigned_url_is_denied(
    aws: Any, s3: Any, monkeypatch: pytest.MonkeyPatch, age: int, lifetime: int
) -> None:
    status, text = read(aws, signed(s3, monkeypatch, age=age, lifetime=lifetime))

    assert status == 403
    assert "<Code>AccessDenied</Code>" in text
    assert "<Message>Request has expired</Message>" in text


def test_keys_have_up_to_1024_bytes_of_utf_8(s3: Any) -> None:
    for key in ("k" * 1024, "ü" * 512):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
        s3.delete_object(Bucket=BUCKET, Key=key)
    for key in ("k" * 1025, "ü" * 513):
        with pytest.raises(ClientError) as raised:
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
        assert raised.value.response["Error"]["Code"] == "KeyTooLongError"
        assert raised.value.response["Error"]["Message"] == "Your key is too long"

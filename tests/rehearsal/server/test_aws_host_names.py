"""Clients with AWS's host names built in reach the local AWS, with its certificate for the name."""

import json
import os
import socket
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.framework.proxy_settings import UserProxy
from tests.rehearsal.conftest import REGION, Aws

STS = f"https://sts.{REGION}.amazonaws.com"


@pytest.fixture(autouse=True)
def shell(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of proxy and certificate of `rehearse env`."""
    for name, value in UserProxy().replaced_by(aws.endpoint["proxy"]).items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, aws.endpoint["ca_bundle"])


def client(session: boto3.Session, service: str, host: str, **config: Any) -> Any:
    """A client with a host name of AWS."""
    return session.client(service, endpoint_url=f"https://{host}", config=Config(**config))  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def bucket(aws: Aws) -> str:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="host-names")
    s3.put_object(Bucket="host-names", Key="folder/a b.txt", Body=b"content")
    return "host-names"


@pytest.mark.parametrize("host", ["sts.us-east-1.amazonaws.com", "sts.amazonaws.com"])
def test_sts_at_its_regional_and_global_name(aws: Aws, host: str) -> None:
    identity = client(aws.session(), "sts", host).get_caller_identity()
    assert identity["Account"] == "111111111111"


def test_a_client_without_an_endpoint_url(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    found = aws.session().client("sts", region_name="eu-west-3").get_caller_identity()
    assert found["Account"] == "111111111111"


@pytest.mark.parametrize("style", ["virtual", "path"])
@pytest.mark.parametrize("host", ["s3.us-east-1.amazonaws.com", "s3.amazonaws.com"])
def test_objects_in_both_addressing_styles(aws: Aws, bucket: str, style: str, host: str) -> None:
    s3 = client(aws.session(), "s3", host, s3={"addressing_style": style})
    assert s3.get_object(Bucket=bucket, Key="folder/a b.txt")["Body"].read() == b"content"
    key = f"{style}/{host}"
    s3.put_object(Bucket=bucket, Key=key, Body=b"new", Metadata={"a": "b"})
    assert s3.head_object(Bucket=bucket, Key=key)["Metadata"] == {"a": "b"}
    assert s3.list_objects_v2(Bucket=bucket, Prefix=style)["Contents"][0]["Key"].startswith(style)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_signed_urls_of_virtual_hosts(aws: Aws, bucket: str, version: str) -> None:
    person = aws.person(f"signs-{version}", {"Effect": "Allow", "Action": "s3:*"})
    s3 = client(
        person,
        "s3",
        "s3.us-east-1.amazonaws.com",
        s3={"addressing_style": "virtual"},
        signature_version=version,
    )
    where = {"Bucket": bucket, "Key": "folder/a b.txt"}
    url = s3.generate_presigned_url("get_object", Params=where)
    assert url.startswith(f"https://{bucket}.s3.us-east-1.amazonaws.com/")
    assert requests.get(url, timeout=60).content == b"content"
    # A new opener: the one that `urlopen` shares keeps the proxies of its first use.
    with urllib.request.build_opener().open(url, timeout=60) as response:
        assert response.read() == b"content"
    curl = subprocess.run(["curl", "-sS", url], capture_output=True, check=False)
    assert (curl.stdout, curl.stderr) == (b"content", b"")
    upload = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": version})
    assert requests.put(upload, data=b"uploaded", timeout=60).status_code == 200
    changed = url.replace("folder/a%20b.txt", version)
    assert requests.get(changed, timeout=60).status_code == 403


def test_policies_apply_to_virtual_hosts(aws: Aws, bucket: str) -> None:
    person = aws.person("virtual-hosts", {"Effect": "Allow", "Action": "s3:ListBucket"})
    s3 = client(person, "s3", "s3.us-east-1.amazonaws.com", s3={"addressing_style": "virtual"})
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=bucket, Key="folder/a b.txt")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key="mine", Body=b"")


def test_services_of_the_rehearsal_at_their_names(aws: Aws) -> None:
    found = client(aws.session(), "scheduler", "scheduler.us-east-1.amazonaws.com")
    assert found.list_schedule_groups()["ScheduleGroups"][0]["Name"] == "default"


def test_the_aws_cli(aws: Aws) -> None:
    root = aws.session().get_credentials()
    assert root is not None
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": root.access_key,
        "AWS_SECRET_ACCESS_KEY": root.secret_key,
        "AWS_DEFAULT_REGION": REGION,
    }
    program = str(Path(sys.executable).with_name("aws"))
    result = subprocess.run(
        [program, "sts", "get-caller-identity", "--endpoint-url", STS, "--output", "json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["Account"] == "111111111111"


def certificate_of(aws: Aws, name: str) -> dict[str, Any]:
    """The certificate that the gateway presents for a name, verified for it."""
    context = ssl.create_default_context(cafile=aws.endpoint["ca_bundle"])
    address = ("127.0.0.1", aws.endpoint["port"])
    with (
        socket.create_connection(address, 60) as raw,
        context.wrap_socket(raw, server_hostname=name) as secure,
    ):
        return dict(secure.getpeercert() or {})


def test_each_name_of_aws_has_a_certificate(aws: Aws) -> None:
    for name in (
        "sts.eu-west-1.amazonaws.com",
        "b.with.dots.s3.amazonaws.com",
        "s3.cn-north-1.amazonaws.com.cn",
    ):
        assert certificate_of(aws, name)["subjectAltName"] == (("DNS", name),)


@pytest.mark.parametrize("name", ["example.org", "amazonaws.com.example.net", "github.com"])
def test_no_other_name_has_a_certificate(aws: Aws, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        certificate_of(aws, name)


def test_the_key_of_the_authority_is_in_no_file(aws: Aws) -> None:
    files = sorted(path.name for path in (aws.state / "tls").iterdir())
    assert files == ["ca-bundle.pem", "certificate.pem", "key.pem"]
    assert "PRIVATE" not in (aws.state / "tls/ca-bundle.pem").read_text()

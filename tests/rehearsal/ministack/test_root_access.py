"""The root of an account is known by a secret of the server, and never by the form of a key."""

import stat
import subprocess
import sys
from typing import Any

import boto3
import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from rehearsal.framework.root_keys import FILE_NAME, RootKeys
from tests.rehearsal.conftest import ACCOUNT, REGION
from tests.rehearsal.ministack import patched

AWS_ITSELF = "999999999999"
GUESSES = ("any", "rehearsal", "test", ACCOUNT)
UNKNOWN = ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId")
CALLS = {
    "sts": "get_caller_identity",
    "iam": "list_roles",
    "s3": "list_buckets",
    "sagemaker": "list_models",
    "logs": "describe_log_groups",
    "cloudformation": "list_stacks",
    "lambda": "list_functions",
}


def rejected(aws: Any, service: str, key: str, secret: str, token: str | None = None) -> str:
    """Returns the code with which a call with an access key is rejected."""
    client = aws.client(service, aws.session(key, secret, token))
    with pytest.raises(ClientError) as error:
        getattr(client, CALLS[service])()
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize("service", CALLS)
def test_a_twelve_digit_key_with_a_guessed_secret_is_rejected(aws: Any, service: str) -> None:
    expected = {"InvalidSignatureException", "SignatureDoesNotMatch"}
    for account in (ACCOUNT, "222222222222", AWS_ITSELF):
        assert rejected(aws, service, account, GUESSES[0]) in expected


@pytest.mark.parametrize("secret", GUESSES)
def test_no_habitual_secret_is_the_roots(aws: Any, secret: str) -> None:
    assert rejected(aws, "sts", ACCOUNT, secret) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("key", ["test", "AKIAIOSFODNN7EXAMPLE", "ASIA0000000000000000", "0"])
@pytest.mark.parametrize("service", ["sts", "s3", "sagemaker"])
def test_an_unknown_key_is_rejected_by_name(aws: Any, key: str, service: str) -> None:
    assert rejected(aws, service, key, "test") in UNKNOWN


def test_a_root_key_takes_no_session_token(aws: Any) -> None:
    assert rejected(aws, "sts", ACCOUNT, aws.root_secret(), "token") in (*UNKNOWN, "InvalidToken")


def test_the_secret_of_one_account_does_not_open_another(aws: Any) -> None:
    secret = aws.root_secret(ACCOUNT)
    assert rejected(aws, "sts", "222222222222", secret) == "SignatureDoesNotMatch"
    other = aws.client("sts", aws.session("222222222222"))
    assert other.get_caller_identity()["Arn"] == "arn:aws:iam::222222222222:root"


def test_the_secret_is_random_and_only_the_user_can_read_it(aws: Any, tmp_path: Any) -> None:
    mode = (aws.state / FILE_NAME).stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(aws.state.stat().st_mode) == 0o700
    assert RootKeys.create(tmp_path).secret != RootKeys.read(aws.state).secret
    assert RootKeys.create(tmp_path) == RootKeys.read(tmp_path)


def test_a_presigned_url_of_a_guessed_root_is_rejected(aws: Any) -> None:
    s3 = aws.client("s3", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket="root-access")
    s3.put_object(Bucket="root-access", Key="secret.txt", Body=b"secret")
    place = {"Bucket": "root-access", "Key": "secret.txt"}

    def fetched(secret: str | None, version: str = "s3v4") -> requests.Response:
        config = {"addressing_style": "path"}
        signer = aws.client("s3", aws.session(secret=secret), s3=config, signature_version=version)
        url = signer.generate_presigned_url("get_object", Params=place)
        return requests.get(url, verify=aws.endpoint["ca_bundle"], timeout=60)

    assert fetched(None).content == b"secret"
    for version in ("s3v4", "s3"):
        guessed = fetched("any", version)
        assert (guessed.status_code, b"SignatureDoesNotMatch" in guessed.content) == (403, True)


@pytest.mark.parametrize("service", ["sts", "iam", "sagemaker"])
def test_a_query_signature_of_a_guessed_root_is_rejected(aws: Any, service: str) -> None:
    client = boto3.client(
        service,  # type: ignore[call-overload]
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="any",
        endpoint_url=aws.endpoint["url"],
        config=Config(signature_version="v4-query"),
    )
    url = client.generate_presigned_url(CALLS[service])
    response = requests.get(url, verify=aws.endpoint["ca_bundle"], timeout=60)
    assert response.status_code in (400, 403), response.text


def test_an_unsigned_request_is_nobodys(aws: Any) -> None:
    s3 = aws.client("s3", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket="unsigned")
    s3.put_object(Bucket="unsigned", Key="a", Body=b"1")
    url, trust = aws.endpoint["url"], aws.endpoint["ca_bundle"]
    for method, path in (
        ("GET", "/"),
        ("GET", "/unsigned"),
        ("GET", "/unsigned/a"),
        ("PUT", "/unsigned/b"),
        ("DELETE", "/unsigned/a"),
        ("PUT", "/another-unsigned"),
        ("POST", "/?Action=ListRoles&Version=2010-05-08"),
    ):
        response = requests.request(method, url + path, verify=trust, timeout=60)
        assert response.status_code == 403, (method, path, response.text)
    assert s3.get_object(Bucket="unsigned", Key="a")["Body"].read() == b"1"


def test_a_bucket_policy_opens_an_object_to_unsigned_requests(aws: Any) -> None:
    s3 = aws.client("s3", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket="public-by-policy")
    s3.put_object(Bucket="public-by-policy", Key="a", Body=b"1")
    statement = (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",'
        '"Action":"s3:GetObject","Resource":"arn:aws:s3:::public-by-policy/*"}]}'
    )
    s3.delete_public_access_block(Bucket="public-by-policy")
    s3.put_bucket_policy(Bucket="public-by-policy", Policy=statement)
    url = f"{aws.endpoint['url']}/public-by-policy"
    trust = aws.endpoint["ca_bundle"]
    assert requests.get(f"{url}/a", verify=trust, timeout=60).content == b"1"
    assert requests.get(url, verify=trust, timeout=60).status_code == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_ministack/reset"),
        ("POST", "/_ministack/config"),
        ("GET", "/_ministack/sqs/messages"),
        ("GET", "/_ministack/ses/messages"),
        ("GET", "/_ministack/sns/sms-messages"),
        ("GET", "/_localstack/init"),
        ("GET", f"/_ministack/lambda-code/{ACCOUNT}/{REGION}/function"),
        ("GET", f"/_ministack/lambda-layers/{ACCOUNT}/{REGION}/layer/1/content"),
    ],
)
def test_no_path_without_credentials_controls_the_server(aws: Any, method: str, path: str) -> None:
    aws.client("ssm").put_parameter(Name="/root/kept", Value="1", Type="String", Overwrite=True)
    response = requests.request(
        method, aws.endpoint["url"] + path, verify=aws.endpoint["ca_bundle"], timeout=60, json={}
    )
    assert response.status_code == 404
    assert "serves no such path" in response.text
    assert aws.client("ssm").get_parameter(Name="/root/kept")["Parameter"]["Value"] == "1"


def test_a_header_signed_for_another_request_is_rejected(aws: Any) -> None:
    """The signature of a root covers the body, as that of any other key."""
    url = aws.endpoint["url"] + "/"
    signed = AWSRequest("POST", url, {"Content-Type": "application/x-www-form-urlencoded"})
    signed.data = b"Action=GetCallerIdentity&Version=2011-06-15"
    SigV4Auth(Credentials(ACCOUNT, aws.root_secret()), "iam", REGION).add_auth(signed)
    response = requests.post(
        url,
        data=b"Action=ListRoles&Version=2010-05-08",
        headers=dict(signed.headers),
        verify=aws.endpoint["ca_bundle"],
        timeout=60,
    )
    assert response.status_code == 403
    assert "SignatureDoesNotMatch" in response.text


def test_another_process_gets_nothing_with_a_guess(aws: Any) -> None:
    """As the code of a pushed build, which knows the address, the account and the documentation."""
    keys, url, trust = (
        (ACCOUNT, AWS_ITSELF, "test"),
        aws.endpoint["url"],
        str(aws.endpoint["ca_bundle"]),
    )
    code = (
        "import boto3, botocore.exceptions, itertools\n"
        f"for key, secret in itertools.product({keys}, {GUESSES}):\n"
        f"    client = boto3.client('s3', endpoint_url={url!r}, region_name='us-east-1',\n"
        f"        aws_access_key_id=key, aws_secret_access_key=secret, verify={trust!r})\n"
        "    try:\n"
        "        print('OPEN', key, client.list_buckets())\n"
        "    except botocore.exceptions.ClientError as error:\n"
        "        print(error.response['Error']['Code'])\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert set(output.split()) <= {"SignatureDoesNotMatch", "InvalidAccessKeyId"}, output


def test_the_keys_of_a_function_are_random(monkeypatch: pytest.MonkeyPatch) -> None:
    patched.install(monkeypatch, "iam.root_access")
    of_function = patched.named("ministack.core.lambda_runtime", "execution_credentials")
    config = {
        "FunctionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:train",
        "FunctionName": "train",
        "Role": f"arn:aws:iam::{ACCOUNT}:role/train",
    }
    first, second = of_function(config), of_function(config)
    assert not set(first.values()) & set(second.values())

"""A real account: read with the shell's credentials, and never changed."""

from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber

from rehearsal.client import real_account
from rehearsal.client.errors import RehearsalError
from rehearsal.client.real_account import RealAccount
from rehearsal.framework.root_keys import RootKeys


@pytest.fixture
def account() -> RealAccount:
    return RealAccount(
        url="",
        port=0,
        pid=0,
        ca_bundle=Path(),
        accounts=("111111111111",),
        region="eu-west-1",
        root_keys=RootKeys(b""),
        proxy="",
        session=boto3.Session("key", "secret", region_name="eu-west-1"),
    )


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A shell without credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


def test_a_call_that_reads_is_made(account: RealAccount) -> None:
    sagemaker = account.client("sagemaker")
    with Stubber(sagemaker) as stub:
        stub.add_response("list_endpoints", {"Endpoints": []})
        assert sagemaker.list_endpoints()["Endpoints"] == []


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("s3", "put_object", {"Bucket": "b", "Key": "k"}),
        ("sagemaker", "delete_endpoint", {"EndpointName": "churn-prod"}),
        ("codepipeline", "start_pipeline_execution", {"name": "churn"}),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "e", "Body": b""}),
    ],
)
def test_any_other_call_is_rejected_before_it_is_sent(
    account: RealAccount, service: str, operation: str, request_: dict[str, object]
) -> None:
    with pytest.raises(RehearsalError, match="which may change the account"):
        getattr(account.client(service), operation)(**request_)


def test_a_stage_in_another_account_needs_its_credentials(account: RealAccount) -> None:
    assert account.at("111111111111", "us-east-1").region == "us-east-1"
    with pytest.raises(RehearsalError, match="in account 222222222222"):
        account.at("222222222222")


@pytest.mark.usefixtures("outside")
def test_without_a_region_the_message_names_the_option() -> None:
    with pytest.raises(RehearsalError) as error:
        real_account.connect()
    assert "Pass --region" in error.value.remedy


@pytest.mark.usefixtures("outside")
def test_without_credentials_the_message_names_the_remedy() -> None:
    with pytest.raises(RehearsalError) as error:
        real_account.connect(region="eu-west-1")
    assert "--profile" in error.value.remedy


@pytest.mark.usefixtures("outside")
def test_an_unknown_profile_is_reported() -> None:
    with pytest.raises(RehearsalError) as error:
        real_account.connect(profile="nobody", region="eu-west-1")
    assert "nobody" in error.value.why

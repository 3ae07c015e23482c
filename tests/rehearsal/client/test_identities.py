"""Credentials of another account, region or role."""

from datetime import UTC, datetime

import pytest

from rehearsal.client.errors import RehearsalError
from rehearsal.client.identities import Identity
from tests.rehearsal.stubbed_aws import StubbedAws, aws_error

ROLE = "arn:aws:iam::111111111111:role/sagemaker-personas/Team-DataScientistRole-ABC"
ROLES = [ROLE, "arn:aws:iam::111111111111:role/cdk-lookup-role", "arn:aws:iam::1:role/cdk-deploy"]
EXPIRES = datetime(2026, 11, 22, tzinfo=UTC)
KEYS = {
    "AccessKeyId": "ASIA" + "0" * 16,
    "SecretAccessKey": "secret",
    "SessionToken": "token",
    "Expiration": EXPIRES,
}


@pytest.fixture
def aws() -> StubbedAws:
    return StubbedAws(
        ListRoles={
            "Roles": [
                {
                    "RoleName": arn.rpartition("/")[2],
                    "Arn": arn,
                    "Path": "/",
                    "RoleId": "AROA000000000000",
                    "CreateDate": EXPIRES,
                }
                for arn in ROLES
            ]
        },
        DescribeStacks={
            "Stacks": [
                {
                    "StackName": "Team",
                    "CreationTime": EXPIRES,
                    "StackStatus": "CREATE_COMPLETE",
                    "Outputs": [{"OutputKey": "DataScientistRole", "OutputValue": ROLE}],
                }
            ]
        },
        AssumeRole={"Credentials": KEYS},
    )


@pytest.mark.parametrize(
    "wanted",
    [ROLE, "Team-DataScientistRole-ABC", "DataScientist", "data-scientist", "data_scientist"],
)
def test_a_role_is_assumed_by_its_arn_its_name_or_its_persona(aws: StubbedAws, wanted: str) -> None:
    variables = Identity(role=wanted).variables(aws)
    (asked,) = aws.asked("AssumeRole")
    assert asked["RoleArn"] == ROLE
    assert asked["SourceIdentity"] == asked["RoleSessionName"] == "rehearse"
    assert variables["AWS_ACCESS_KEY_ID"] == KEYS["AccessKeyId"]
    assert variables["AWS_SECRET_ACCESS_KEY"] == "secret"
    assert variables["AWS_SESSION_TOKEN"] == "token"


def test_an_account_and_a_region_have_their_root(aws: StubbedAws) -> None:
    variables = Identity(account="222222222222", region="eu-west-1").variables(aws)
    assert variables["AWS_ACCESS_KEY_ID"] == "222222222222"
    secret = aws.root_keys.secret_access_key("222222222222")
    assert variables["AWS_SECRET_ACCESS_KEY"] == secret
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert "AWS_SESSION_TOKEN" not in variables


def test_a_role_of_another_account_is_assumed_by_its_arn(aws: StubbedAws) -> None:
    variables = Identity(role="arn:aws:iam::333333333333:role/deployer").variables(aws)
    assert variables["AWS_ACCESS_KEY_ID"] == KEYS["AccessKeyId"]
    assert aws.at("333333333333").account == "333333333333"


def test_a_role_that_allows_no_source_identity_is_assumed_without(aws: StubbedAws) -> None:
    aws.given["AssumeRole"] = [aws_error("AccessDenied"), {"Credentials": KEYS}]
    assert Identity(role=ROLE).variables(aws)["AWS_SESSION_TOKEN"] == "token"
    assert [("SourceIdentity" in one) for one in aws.asked("AssumeRole")] == [True, False]


def test_a_role_that_the_root_may_not_assume_is_named(aws: StubbedAws) -> None:
    aws.given["AssumeRole"] = aws_error("AccessDenied", "not authorized")
    with pytest.raises(RehearsalError, match="may not assume") as caught:
        Identity(role=ROLE).variables(aws)
    assert caught.value.why == "not authorized"


@pytest.mark.parametrize(("wanted", "message"), [("cdk", "2 roles match"), ("none", "no role")])
def test_a_role_that_is_not_one_is_rejected_with_those_that_are(
    aws: StubbedAws, wanted: str, message: str
) -> None:
    with pytest.raises(RehearsalError, match=message) as caught:
        Identity(role=wanted).variables(aws)
    assert "cdk-lookup-role" in caught.value.why or "cdk-lookup-role" in str(caught.value)
    assert not aws.asked("AssumeRole")


@pytest.mark.parametrize("account", ["12", "22222222222a", "2222222222222"])
def test_an_account_that_is_none_is_rejected(aws: StubbedAws, account: str) -> None:
    with pytest.raises(RehearsalError, match="Allowed: 12 digits"):
        Identity(account=account).variables(aws)

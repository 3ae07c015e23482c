"""AWS of the rehearsal with IAM enforced, for attacks by principals with few permissions.

One server serves all modules of this folder. `account` has the resources of `cdk bootstrap` and of
an administrator, `person` creates a principal with the given statements, and `refusal` returns the
reason of a denial. Each module deploys the resources that it attacks.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from rehearsal.client import server_process
from tests.docs.conftest import ASSETS, Account

Statement = dict[str, Any]
ADMINISTRATOR = {"Effect": "Allow", "Action": "*", "Resource": "*"}
EXECUTION_ROLE = "cdk-hnb659fds-cfn-exec-role-111111111111-us-east-1"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Somebody:
    """A role session of the account; `client` returns clients with its credentials."""

    account: Account
    keys: dict[str, str]

    def client(self, service: str) -> Any:
        aws = self.account.aws
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=aws.url,
            verify=str(aws.ca_bundle),
            region_name=aws.region,
            aws_access_key_id=self.keys["AccessKeyId"],
            aws_secret_access_key=self.keys["SecretAccessKey"],
            aws_session_token=self.keys["SessionToken"],
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )


def assume(account: Account, role_arn: str, by: Somebody | None = None) -> Somebody:
    """Returns a session of a role, assumed by the account's root or by another principal."""
    sts = by.client("sts") if by else account.client("sts")
    return Somebody(
        account, sts.assume_role(RoleArn=role_arn, RoleSessionName="mallory")["Credentials"]
    )


def role(account: Account, name: str, trusts: dict[str, Any], *statements: Statement) -> str:
    """Creates a role as an administrator would; `name` may begin with a path. Returns its ARN."""
    path, _, plain = name.rpartition("/")
    trust = {"Effect": "Allow", "Principal": trusts, "Action": "sts:AssumeRole"}
    iam = account.client("iam")
    made = iam.create_role(
        RoleName=plain,
        Path=f"{path}/" if path else "/",
        AssumeRolePolicyDocument=document(trust),
    )
    if statements:
        iam.put_role_policy(
            RoleName=plain, PolicyName="Given", PolicyDocument=document(*statements)
        )
    arn: str = made["Role"]["Arn"]
    return arn


def document(*statements: Statement) -> str:
    """Returns a policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refusal(call: Callable[[], Any]) -> str:
    """Returns the message of a denied call; fails if it succeeds or has another error."""
    try:
        answer = call()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        assert code.startswith("AccessDenied"), error
        return str(error)
    pytest.fail(f"nothing refused it: {answer}")


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """An account after `cdk bootstrap`: the bucket of the assets, and an execution role."""
    directory = tmp_path_factory.mktemp("attacked") / "aws"
    aws, _ = server_process.start(directory)
    try:
        prepared = Account(aws, directory)
        prepared.client("s3").create_bucket(Bucket=ASSETS)
        prepared.bootstrap()
        role(prepared, EXECUTION_ROLE, {"Service": "cloudformation.amazonaws.com"}, ADMINISTRATOR)
        yield prepared
    finally:
        server_process.stop(directory)


@pytest.fixture
def person(account: Account) -> Callable[..., Somebody]:
    """Creates a principal with the given statements only: `person(statement, ...)`."""

    def make(*statements: Statement) -> Somebody:
        trusts = {"AWS": f"arn:aws:iam::{account.aws.account}:root"}
        return assume(account, role(account, f"person-{next(_numbers)}", trusts, *statements))

    return make

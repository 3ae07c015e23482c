"""Access across accounts: the resource is in one account, and a role of another account calls."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import ACCOUNT as CALLER

OWNER = "222222222222"
REGION = "us-east-1"
CODE = "AccessDenied|AuthorizationError"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Places:
    """The two accounts; `role` is the caller's and has what `allow` gives it."""

    def __init__(self, aws: Any) -> None:
        self.aws, self.name = aws, f"shared-{uuid4().hex[:12]}"
        self.role = f"arn:aws:iam::{CALLER}:role/{self.name}"
        self._session = aws.person(self.name)

    def owner(self, service: str) -> Any:
        return self.aws.client(service, self.aws.session(OWNER))

    def caller(self, service: str) -> Any:
        return self.aws.client(service, self._session)

    def allow(self, *actions: str, resource: str = "*", **more: Any) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource, **more}
        self.aws.client("iam").put_role_policy(
            RoleName=self.name, PolicyName="access", PolicyDocument=policy(statement)
        )

    def statement(self, *actions: str, resource: str = "*", **more: Any) -> dict[str, Any]:
        """A statement for the role."""
        return {
            "Effect": "Allow",
            "Principal": {"AWS": self.role},
            "Action": list(actions),
            "Resource": resource,
            **more,
        }


@dataclass
class Row:
    """A request: `create` makes the resource, `share` gives it a policy, `call` uses it."""

    actions: tuple[str, ...]
    create: Callable[[Places], str]
    share: Callable[[Places, str, tuple[str, ...]], Any]
    call: Callable[[Places, str], Any]


def bucket(places: Places) -> str:
    s3 = places.owner("s3")
    s3.create_bucket(Bucket=places.name)
    s3.put_object(Bucket=places.name, Key="object", Body=b"content")
    return places.name


def share_bucket(places: Places, name: str, actions: tuple[str, ...]) -> None:
    arn = f"arn:aws:s3:::{name}"
    statements = [places.statement(*actions, resource=one) for one in (arn, f"{arn}/*")]
    places.owner("s3").put_bucket_policy(Bucket=name, Policy=policy(*statements))


def key(places: Places) -> str:
    made: str = places.owner("kms").create_key()["KeyMetadata"]["Arn"]
    return made


def share_key(places: Places, arn: str, actions: tuple[str, ...]) -> None:
    owner = places.statement("kms:*", Principal={"AWS": f"arn:aws:iam::{OWNER}:root"})
    statements = (owner, places.statement(*actions))
    places.owner("kms").put_key_policy(KeyId=arn, PolicyName="default", Policy=policy(*statements))


def grant(
    places: Places, arn: str, actions: tuple[str, ...], grantee: str = "", **constraints: Any
) -> str:
    made: str = places.owner("kms").create_grant(
        KeyId=arn,
        GranteePrincipal=grantee or places.role,
        Operations=[one.removeprefix("kms:") for one in actions],
        **({"Constraints": constraints} if constraints else {}),
    )["GrantId"]
    return made


def repository(places: Places) -> str:
    places.owner("ecr").create_repository(repositoryName=places.name)
    return places.name


def share_repository(places: Places, name: str, actions: tuple[str, ...]) -> None:
    statement = places.statement(*actions)
    del statement["Resource"]
    places.owner("ecr").set_repository_policy(repositoryName=name, policyText=policy(statement))


def topic(places: Places) -> str:
    made: str = places.owner("sns").create_topic(Name=places.name)["TopicArn"]
    return made


def share_topic(places: Places, arn: str, actions: tuple[str, ...]) -> None:
    document = policy(places.statement(*actions, resource=arn))
    places.owner("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=document
    )


def queue(places: Places) -> str:
    made: str = places.owner("sqs").create_queue(QueueName=places.name)["QueueUrl"]
    return made


def share_queue(places: Places, url: str, actions: tuple[str, ...]) -> None:
    arn = f"arn:aws:sqs:{REGION}:{OWNER}:{places.name}"
    document = policy(places.statement(*actions, resource=arn))
    places.owner("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})


def secret(places: Places) -> str:
    arn = key(places)
    share_key(places, arn, ("kms:Decrypt",))
    made: str = places.owner("secretsmanager").create_secret(
        Name=places.name, SecretString="content", KmsKeyId=arn
    )["ARN"]
    return made


def share_secret(places: Places, arn: str, actions: tuple[str, ...]) -> None:
    places.owner("secretsmanager").put_resource_policy(
        SecretId=arn, ResourcePolicy=policy(places.statement(actions[0]))
    )


def bus(places: Places) -> str:
    made: str = places.owner("events").create_event_bus(Name=places.name)["EventBusArn"]
    return made


def share_bus(places: Places, arn: str, actions: tuple[str, ...]) -> None:
    document = policy(places.statement(*actions, resource=arn))
    places.owner("events").put_permission(EventBusName=places.name, Policy=document)


def put_events(places: Places, arn: str) -> None:
    entry = {"Source": "test", "DetailType": "test", "Detail": "{}", "EventBusName": arn}
    given = places.caller("events").put_events(Entries=[entry])
    for one in given["Entries"]:
        if "ErrorCode" in one:
            raise ClientError({"Error": {"Code": one["ErrorCode"]}}, "PutEvents")


def function(places: Places) -> str:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "def handler(event, context):\n    return 'content'\n")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = places.owner("iam").create_role(
        RoleName=f"{places.name}-function", AssumeRolePolicyDocument=policy(trust)
    )["Role"]["Arn"]
    client = places.owner("lambda")
    made: str = client.create_function(
        FunctionName=places.name,
        Runtime="python3.12",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]
    client.get_waiter("function_active_v2").wait(FunctionName=places.name)
    return made


def share_function(places: Places, arn: str, actions: tuple[str, ...]) -> None:
    places.owner("lambda").add_permission(
        FunctionName=arn, StatementId="other", Action=actions[0], Principal=CALLER
    )


def target_role(places: Places) -> str:
    trusted = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OWNER}:root"},
        "Action": "sts:AssumeRole",
    }
    made: str = places.owner("iam").create_role(
        RoleName=f"{places.name}-target",
        AssumeRolePolicyDocument=policy(trusted),
    )["Role"]["Arn"]
    return made


def share_role(places: Places, arn: str, actions: tuple[str, ...]) -> None:
    statement = places.statement(*actions, Condition={"StringEquals": {"sts:ExternalId": "id"}})
    del statement["Resource"]
    places.owner("iam").update_assume_role_policy(
        RoleName=arn.rpartition("/")[2], PolicyDocument=policy(statement)
    )


ROWS = {
    "s3 get": Row(
        ("s3:GetObject",),
        bucket,
        share_bucket,
        lambda at, name: at.caller("s3").get_object(Bucket=name, Key="object"),
    ),
    "s3 put": Row(
        ("s3:PutObject",),
        bucket,
        share_bucket,
        lambda at, name: at.caller("s3").put_object(Bucket=name, Key="new", Body=b""),
    ),
    "s3 list": Row(
        ("s3:ListBucket",),
        bucket,
        share_bucket,
        lambda at, name: at.caller("s3").list_objects_v2(Bucket=name),
    ),
    "kms data key": Row(
        ("kms:GenerateDataKey",),
        key,
        share_key,
        lambda at, arn: at.caller("kms").generate_data_key(KeyId=arn, KeySpec="AES_256"),
    ),
    "kms decrypt": Row(
        ("kms:Decrypt",),
        key,
        share_key,
        lambda at, arn: at.caller("kms").decrypt(
            KeyId=arn,
            CiphertextBlob=at.owner("kms").encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"],
        ),
    ),
    "kms describe": Row(
        ("kms:DescribeKey",),
        key,
        share_key,
        lambda at, arn: at.caller("kms").describe_key(KeyId=arn),
    ),
    "kms grant to an account": Row(
        ("kms:DescribeKey",),
        key,
        lambda at, arn, actions: grant(at, arn, actions, f"arn:aws:iam::{CALLER}:root"),
        lambda at, arn: at.caller("kms").describe_key(KeyId=arn),
    ),
    "ecr pull": Row(
        ("ecr:BatchGetImage",),
        repository,
        share_repository,
        lambda at, name: at.caller("ecr").batch_get_image(
            registryId=OWNER, repositoryName=name, imageIds=[{"imageTag": "none"}]
        ),
    ),
    "ecr push": Row(
        ("ecr:InitiateLayerUpload",),
        repository,
        share_repository,
        lambda at, name: at.caller("ecr").initiate_layer_upload(
            registryId=OWNER, repositoryName=name
        ),
    ),
    "sns publish": Row(
        ("sns:Publish",),
        topic,
        share_topic,
        lambda at, arn: at.caller("sns").publish(TopicArn=arn, Message="x"),
    ),
    "sqs send": Row(
        ("sqs:SendMessage",),
        queue,
        share_queue,
        lambda at, url: at.caller("sqs").send_message(QueueUrl=url, MessageBody="x"),
    ),
    "secret": Row(
        ("secretsmanager:GetSecretValue", "kms:Decrypt"),
        secret,
        share_secret,
        lambda at, arn: at.caller("secretsmanager").get_secret_value(SecretId=arn),
    ),
    "lambda": Row(
        ("lambda:InvokeFunction",),
        function,
        share_function,
        lambda at, arn: at.caller("lambda").invoke(FunctionName=arn)["Payload"].read(),
    ),
    "events": Row(("events:PutEvents",), bus, share_bus, put_events),
    "role": Row(
        ("sts:AssumeRole",),
        target_role,
        share_role,
        lambda at, arn: at.caller("sts").assume_role(
            RoleArn=arn, RoleSessionName="other", ExternalId="id"
        ),
    ),
}


@pytest.fixture
def places(aws: Any) -> Places:
    return Places(aws)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_both_accounts_must_allow_a_request(places: Places, row: Row) -> None:
    made = row.create(places)

    places.allow(*row.actions)
    with pytest.raises(ClientError, match=CODE):
        row.call(places, made)

    row.share(places, made, row.actions)
    row.call(places, made)

    places.aws.client("iam").delete_role_policy(RoleName=places.name, PolicyName="access")
    with pytest.raises(ClientError, match=CODE):
        row.call(places, made)


@pytest.mark.parametrize("name", ["kms describe", "ecr pull", "secret", "s3 get", "lambda"])
def test_the_root_of_another_account_needs_the_policy_of_the_resource(
    places: Places, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = ROWS[name]
    made = row.create(places)
    monkeypatch.setattr(places, "caller", places.aws.client)

    with pytest.raises(ClientError, match=CODE):
        row.call(places, made)


def test_a_grant_is_enough_until_it_ends(places: Places) -> None:
    arn = key(places)
    kms = places.caller("kms")
    with pytest.raises(ClientError, match=CODE):
        kms.describe_key(KeyId=arn)

    made = grant(places, arn, ("kms:DescribeKey",))
    kms.describe_key(KeyId=arn)
    with pytest.raises(ClientError, match=CODE):
        kms.generate_data_key(KeyId=arn, KeySpec="AES_256")

    places.owner("kms").revoke_grant(KeyId=arn, GrantId=made)
    with pytest.raises(ClientError, match=CODE):
        kms.describe_key(KeyId=arn)


@pytest.mark.parametrize("by_token", [True, False])
def test_a_grant_is_retired_by_the_principal_that_it_names(places: Places, by_token: bool) -> None:
    arn, owner, kms = key(places), places.owner("kms"), places.caller("kms")
    other = {"GranteePrincipal": f"arn:aws:iam::{OWNER}:root", "Operations": ["DescribeKey"]}
    kept = owner.create_grant(KeyId=arn, **other)
    made = owner.create_grant(KeyId=arn, RetiringPrincipal=places.role, **other)

    def retire(one: dict[str, Any]) -> None:
        named = {"KeyId": arn, "GrantId": one["GrantId"]}
        kms.retire_grant(**({"GrantToken": one["GrantToken"]} if by_token else named))

    with pytest.raises(ClientError, match=CODE):
        retire(kept)
    retire(made)

    left = [one["GrantId"] for one in owner.list_grants(KeyId=arn)["Grants"]]
    assert left == [kept["GrantId"]]


def test_a_grantee_retires_no_grant_but_that_which_allows_it(places: Places) -> None:
    arn, kms = key(places), places.caller("kms")
    kept = grant(places, arn, ("kms:DescribeKey",))
    made = grant(places, arn, ("kms:RetireGrant",))

    with pytest.raises(ClientError, match=CODE):
        kms.retire_grant(KeyId=arn, GrantId=kept)
    kms.retire_grant(KeyId=arn, GrantId=made)


@pytest.mark.parametrize(
    ("constraint", "context", "allowed"),
    [
        ("EncryptionContextSubset", {"Team": "a", "more": "b"}, True),
        ("EncryptionContextSubset", {"team": "a"}, False),
        ("EncryptionContextSubset", {}, False),
        ("EncryptionContextEquals", {"Team": "a"}, True),
        ("EncryptionContextEquals", {"Team": "a", "more": "b"}, False),
    ],
)
def test_a_grant_has_the_constraints_of_its_encryption_context(
    places: Places, constraint: str, context: dict[str, str], allowed: bool
) -> None:
    arn = key(places)
    grant(places, arn, ("kms:GenerateDataKey",), "", **{constraint: {"Team": "a"}})

    def use() -> None:
        places.caller("kms").generate_data_key(
            KeyId=arn, KeySpec="AES_256", EncryptionContext=context
        )

    if allowed:
        use()
    else:
        with pytest.raises(ClientError, match=CODE):
            use()


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({"kms:CallerAccount": CALLER}, True),
        ({"kms:CallerAccount": OWNER}, False),
        ({"kms:ViaService": "s3.us-east-1.amazonaws.com"}, False),
        ({"aws:ResourceAccount": OWNER}, True),
        ({"aws:ResourceAccount": CALLER}, False),
        ({"aws:PrincipalAccount": CALLER}, True),
    ],
)
def test_a_key_policy_sees_the_accounts_of_a_request(
    places: Places, condition: dict[str, str], allowed: bool
) -> None:
    arn = key(places)
    places.allow("kms:DescribeKey")
    statement = places.statement("kms:DescribeKey", Condition={"StringEquals": condition})
    owner = places.statement("kms:*", Principal={"AWS": f"arn:aws:iam::{OWNER}:root"})
    places.owner("kms").put_key_policy(
        KeyId=arn, PolicyName="default", Policy=policy(owner, statement)
    )

    if allowed:
        places.caller("kms").describe_key(KeyId=arn)
    else:
        with pytest.raises(ClientError, match=CODE):
            places.caller("kms").describe_key(KeyId=arn)


@pytest.mark.parametrize("key_name", ["aws:ResourceAccount", "s3:ResourceAccount"])
@pytest.mark.parametrize(("account", "allowed"), [(OWNER, True), (CALLER, False)])
def test_the_owner_of_a_bucket_is_its_account(
    places: Places, key_name: str, account: str, allowed: bool
) -> None:
    name = bucket(places)
    share_bucket(places, name, ("s3:GetObject",))
    places.allow("s3:GetObject", Condition={"StringEquals": {key_name: account}})

    if allowed:
        places.caller("s3").get_object(Bucket=name, Key="object")
    else:
        with pytest.raises(ClientError, match=CODE):
            places.caller("s3").get_object(Bucket=name, Key="object")


def test_an_encrypted_object_needs_the_permissions_of_its_key_too(places: Places) -> None:
    name, arn = bucket(places), key(places)
    places.owner("s3").put_object(
        Bucket=name, Key="object", Body=b"", ServerSideEncryption="aws:kms", SSEKMSKeyId=arn
    )
    share_bucket(places, name, ("s3:GetObject",))
    places.allow("s3:GetObject", "kms:Decrypt")
    with pytest.raises(ClientError, match="kms:Decrypt"):
        places.caller("s3").get_object(Bucket=name, Key="object")

    share_key(places, arn, ("kms:Decrypt",))
    places.caller("s3").get_object(Bucket=name, Key="object")

    places.allow("s3:GetObject")
    with pytest.raises(ClientError, match="kms:Decrypt"):
        places.caller("s3").get_object(Bucket=name, Key="object")


def test_a_ciphertext_names_the_key_of_another_account(places: Places) -> None:
    arn = key(places)
    places.allow("kms:Decrypt")
    content = places.owner("kms").encrypt(KeyId=arn, Plaintext=b"x")["CiphertextBlob"]
    with pytest.raises(ClientError, match=CODE):
        places.caller("kms").decrypt(CiphertextBlob=content)

    share_key(places, arn, ("kms:Decrypt",))

    assert places.caller("kms").decrypt(CiphertextBlob=content)["Plaintext"] == b"x"


def test_a_secret_with_the_key_of_aws_stays_in_its_account(places: Places) -> None:
    arn = places.owner("secretsmanager").create_secret(Name=places.name, SecretString="x")["ARN"]
    share_secret(places, arn, ("secretsmanager:GetSecretValue",))
    places.allow("secretsmanager:GetSecretValue")

    with pytest.raises(ClientError, match="default KMS service key"):
        places.caller("secretsmanager").get_secret_value(SecretId=arn)


def test_administration_of_a_key_stays_in_its_account(places: Places) -> None:
    arn = key(places)
    places.allow("kms:*")
    share_key(places, arn, ("kms:*",))

    with pytest.raises(ClientError, match="NotFound"):
        places.caller("kms").schedule_key_deletion(KeyId=arn)


def test_an_event_names_the_account_that_put_it(places: Places, aws: Any) -> None:
    arn = bus(places)
    share_bus(places, arn, ("events:PutEvents",))
    places.allow("events:PutEvents")
    events, sqs, url = places.owner("events"), places.owner("sqs"), queue(places)
    queue_arn = f"arn:aws:sqs:{REGION}:{OWNER}:{places.name}"
    statement = {
        **places.statement("sqs:SendMessage", resource=queue_arn),
        "Principal": {"Service": "events.amazonaws.com"},
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy(statement)})
    events.put_rule(
        Name="all", EventBusName=places.name, EventPattern=json.dumps({"account": [CALLER]})
    )
    events.put_targets(
        Rule="all", EventBusName=places.name, Targets=[{"Id": "queue", "Arn": queue_arn}]
    )

    put_events(places, arn)

    received = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(received[0]["Body"])["account"] == CALLER


@pytest.mark.parametrize(
    ("permission", "given"),
    [
        ("sts:SetSourceIdentity", {"SourceIdentity": "somebody"}),
        ("sts:TagSession", {"Tags": [{"Key": "team", "Value": "a"}]}),
    ],
)
def test_what_a_session_is_given_needs_the_permission_of_both_accounts(
    places: Places, permission: str, given: dict[str, Any]
) -> None:
    arn = target_role(places)

    def trust(*actions: str) -> None:
        statement = places.statement(*actions)
        del statement["Resource"]
        places.owner("iam").update_assume_role_policy(
            RoleName=arn.rpartition("/")[2], PolicyDocument=policy(statement)
        )

    def assume() -> None:
        places.caller("sts").assume_role(RoleArn=arn, RoleSessionName="other", **given)

    trust("sts:AssumeRole", permission)
    places.allow("sts:AssumeRole")
    with pytest.raises(ClientError, match=CODE):
        assume()

    places.allow("sts:AssumeRole", permission)
    assume()

    trust("sts:AssumeRole")
    with pytest.raises(ClientError, match=CODE):
        assume()


@pytest.mark.parametrize("given", [{}, {"ExternalId": "other"}])
def test_a_role_with_another_external_id_is_not_assumed(
    places: Places, given: dict[str, str]
) -> None:
    arn = target_role(places)
    share_role(places, arn, ("sts:AssumeRole",))
    places.allow("sts:AssumeRole")

    with pytest.raises(ClientError, match=CODE):
        places.caller("sts").assume_role(RoleArn=arn, RoleSessionName="other", **given)


def test_a_bucket_is_created_in_the_region_of_the_endpoint(places: Places) -> None:
    s3 = places.aws.session(OWNER).client(
        "s3",
        region_name="eu-west-1",
        endpoint_url=places.aws.endpoint["url"],
        verify=places.aws.endpoint["ca_bundle"],
    )
    with pytest.raises(ClientError, match="IllegalLocationConstraintException"):
        s3.create_bucket(Bucket=places.name)
    for region in ("us-west-2", "us-east-1"):
        with pytest.raises(ClientError, match="LocationConstraint"):
            place: Any = {"LocationConstraint": region}
            s3.create_bucket(Bucket=places.name, CreateBucketConfiguration=place)

    s3.create_bucket(
        Bucket=places.name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )

    share_bucket(places, places.name, ("s3:ListBucket",))
    places.allow("s3:ListBucket")
    assert s3.get_bucket_location(Bucket=places.name)["LocationConstraint"] == "eu-west-1"
    assert places.caller("s3").head_bucket(Bucket=places.name)["BucketRegion"] == "eu-west-1"


_OF_ORGANIZATIONS = (
    *("aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:ResourceOrgID", "aws:ResourceOrgPaths"),
)


@pytest.mark.parametrize("named", _OF_ORGANIZATIONS)
def test_a_bucket_policy_on_an_organization_is_denied_by_the_name_of_its_key(
    places: Places, named: str
) -> None:
    name = bucket(places)
    arn = f"arn:aws:s3:::{name}/*"
    condition = {"StringEquals": {named: "o-a1b2c3d4e5"}}
    shared = places.statement("s3:GetObject", resource=arn, Condition=condition)
    places.owner("s3").put_bucket_policy(Bucket=name, Policy=policy(shared))
    places.allow("s3:GetObject")

    with pytest.raises(ClientError, match=f"does not compute the condition key {named}") as raised:
        places.caller("s3").get_object(Bucket=name, Key="object")
    assert raised.value.response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize("named", _OF_ORGANIZATIONS)
def test_a_key_policy_on_an_organization_is_denied_by_the_name_of_its_key(
    places: Places, named: str
) -> None:
    arn = key(places)
    owner = places.statement("kms:*", Principal={"AWS": f"arn:aws:iam::{OWNER}:root"})
    condition = {"StringEquals": {named: "o-a1b2c3d4e5"}}
    shared = places.statement("kms:Encrypt", Principal={"AWS": "*"}, Condition=condition)
    text = policy(owner, shared)
    places.owner("kms").put_key_policy(KeyId=arn, PolicyName="default", Policy=text)
    places.allow("kms:Encrypt")

    with pytest.raises(ClientError, match=f"does not compute the condition key {named}"):
        places.caller("kms").encrypt(KeyId=arn, Plaintext=b"a")


def test_a_deny_for_services_alone_lets_roles_pass(places: Places) -> None:
    name = bucket(places)
    arn = f"arn:aws:s3:::{name}/*"
    condition = {"Bool": {"aws:PrincipalIsAWSService": "true"}}
    statement = places.statement("s3:GetObject", resource=arn)
    denied = {**statement, "Effect": "Deny", "Principal": "*", "Condition": condition}
    places.owner("s3").put_bucket_policy(Bucket=name, Policy=policy(statement, denied))
    places.allow("s3:GetObject")
    assert places.caller("s3").get_object(Bucket=name, Key="object")["Body"].read() == b"content"

"""Policies of resources, evaluated for services that act outside of a request."""

import json
from typing import Any

import pytest
from ministack.services import kms, sns

from rehearsal.framework.platform import AwsError, Scope
from rehearsal.ministack.iam import resource_policies
from rehearsal.ministack.request_scope import in_scope

SCOPE = Scope("444444444444", "eu-west-1")
TOPIC = f"arn:aws:sns:{SCOPE.region}:{SCOPE.account}:tls-only"
ALARM = f"arn:aws:cloudwatch:{SCOPE.region}:{SCOPE.account}:alarm:errors"
SERVICE = "cloudwatch.amazonaws.com"
TLS_ALONE = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "sns:Publish",
    "Resource": TOPIC,
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def _topic(*statements: dict[str, Any]) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    with in_scope(SCOPE):
        sns._topics[TOPIC] = {"arn": TOPIC, "attributes": {"Policy": policy}}


def _publish(principal: str = SERVICE) -> None:
    resource_policies.authorize_service(principal, "sns:Publish", TOPIC, SCOPE, ALARM)


def test_a_service_publishes_to_a_topic_that_requires_tls() -> None:
    _topic(
        TLS_ALONE,
        {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sns:Publish",
            "Resource": TOPIC,
            "Condition": {"StringEquals": {"aws:SourceAccount": SCOPE.account}},
        },
    )

    _publish()


def test_a_service_that_no_statement_names_is_denied() -> None:
    _topic(TLS_ALONE)

    with pytest.raises(AwsError, match="no statement of the resource's policy allows it"):
        _publish()


@pytest.mark.parametrize(
    ("principal", "allowed"), [(SERVICE, True), ("events.amazonaws.com", False)]
)
def test_a_key_hears_from_all_but_eventbridge_for_whom_it_is_used(
    principal: str, allowed: bool
) -> None:
    with in_scope(SCOPE):
        key = kms._create_key({})[2]
    arn = json.loads(key)["KeyMetadata"]["Arn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": principal},
        "Action": "kms:Decrypt",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": SCOPE.account}},
    }
    with in_scope(SCOPE):
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        kms._put_key_policy({"KeyId": arn, "PolicyName": "default", "Policy": policy})

    def use() -> None:
        resource_policies.authorize_service(principal, "kms:Decrypt", arn, SCOPE, ALARM)

    if allowed:
        use()
    else:
        with pytest.raises(AwsError, match="kms:Decrypt"):
            use()

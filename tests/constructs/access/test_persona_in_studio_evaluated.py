"""Allowed and denied actions of users in a Studio domain, evaluated by IAM."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from .requests import allowed

WORKING = ("Scientist", "Engineer")
EVERYBODY = (*WORKING, "Reviewer", "Auditor")
APP = {"AppType": "JupyterLab", "AppName": "default"}


def space(domain_id: str, owner: str, name: str, sharing: str = "Private") -> dict[str, Any]:
    return {
        "DomainId": domain_id,
        "SpaceName": name,
        "OwnershipSettings": {"OwnerUserProfileName": owner},
        "SpaceSharingSettings": {"SharingType": sharing},
        "SpaceSettings": {"AppType": "JupyterLab"},
    }


@pytest.fixture(scope="session")
def domain_id(users: Any) -> str:
    """The domain, with a private and a shared space of each person."""
    found: str = users.outputs["DomainValue"]
    for owner in ("ana", "ben"):
        for sharing in ("Private", "Shared"):
            name = f"{sharing.lower()}-of-{owner}"
            users.root("sagemaker").create_space(**space(found, owner, name, sharing))
    return found


@pytest.mark.parametrize("persona", EVERYBODY)
def test_nobody_touches_another_domain(users: Any, domain_id: str, persona: str) -> None:
    sagemaker = users.client(persona, "sagemaker")
    for operation, more in (
        ("describe_domain", {}),
        ("describe_user_profile", {"UserProfileName": "ben"}),
        ("describe_space", {"SpaceName": "private-of-ben"}),
    ):
        assert allowed(sagemaker, operation, DomainId=domain_id, **more)
        assert not allowed(sagemaker, operation, DomainId="d-other", **more)
    assert not allowed(sagemaker, "create_space", **space("d-other", "ana", "mine"))
    assert not allowed(sagemaker, "delete_domain", DomainId=domain_id)


@pytest.mark.parametrize("persona", EVERYBODY)
def test_only_those_who_work_make_spaces_and_each_their_own(
    users: Any, domain_id: str, persona: str
) -> None:
    sagemaker = users.client(persona, "sagemaker")
    for sharing in ("Private", "Shared"):
        name = f"{persona.lower()}-{sharing.lower()}"
        mine = space(domain_id, "ana", name, sharing)
        assert allowed(sagemaker, "create_space", **mine) == (persona in WORKING)
        for_ben = space(domain_id, "ben", f"{name}-for-ben", sharing)
        assert not allowed(sagemaker, "create_space", **for_ben)
        change = {"DomainId": domain_id, "SpaceName": name, "SpaceDisplayName": "Mine"}
        assert allowed(sagemaker, "update_space", **change) == (persona in WORKING)
        assert not allowed(sagemaker, "update_space", **change | {"SpaceName": "shared-of-ben"})
    # A space without an owner would be everybody's.
    assert not allowed(sagemaker, "create_space", DomainId=domain_id, SpaceName="nobodys")


@pytest.mark.parametrize("persona", EVERYBODY)
def test_nobody_starts_ends_or_deletes_in_a_private_space_of_somebody_else(
    users: Any, domain_id: str, persona: str
) -> None:
    sagemaker = users.client(persona, "sagemaker")
    for operation in ("create_app", "delete_app"):
        for name, works in (
            ("private-of-ana", persona in WORKING),
            ("shared-of-ana", persona in WORKING),
            ("shared-of-ben", persona in WORKING),
            ("private-of-ben", False),
            ("unknown", False),
        ):
            where = {"DomainId": domain_id, "SpaceName": name}
            assert allowed(sagemaker, operation, **where, **APP) == works, (operation, name)
    for name in ("private-of-ben", "shared-of-ben"):
        assert not allowed(sagemaker, "delete_space", DomainId=domain_id, SpaceName=name)
    for operation in ("delete_user_profile", "update_user_profile"):
        for name in ("ana", "ben"):
            person = {"DomainId": domain_id, "UserProfileName": name}
            assert not allowed(sagemaker, operation, **person), "administrators do that"


def test_whose_space_it_is_follows_from_the_person_and_not_from_the_role(
    users: Any, domain_id: str
) -> None:
    ben = users.client("Scientist", "sagemaker", who="ben")
    where = {"DomainId": domain_id}
    assert allowed(ben, "create_app", **where, SpaceName="private-of-ben", **APP)
    assert not allowed(ben, "create_app", **where, SpaceName="private-of-ana", **APP)
    assert not allowed(ben, "delete_space", **where, SpaceName="private-of-ana")


def opens(client: Any, domain_id: str, name: str) -> bool:
    request = {"DomainId": domain_id, "UserProfileName": name}
    return allowed(client, "create_presigned_domain_url", **request)


@pytest.mark.parametrize("persona", EVERYBODY)
def test_people_open_studio_as_themselves_alone(users: Any, domain_id: str, persona: str) -> None:
    for who, other in (("ana", "ben"), ("ben", "ana")):
        sagemaker = users.client(persona, "sagemaker", who=who)
        assert opens(sagemaker, domain_id, who)
        assert not opens(sagemaker, domain_id, other)
        assert not opens(sagemaker, "d-other", who)


def test_a_session_tag_says_who_somebody_is_where_the_role_asks_for_it(
    users: Any, domain_id: str
) -> None:
    session = users.session("Tagged", Tags=[{"Key": "UserProfileName", "Value": "ben"}])
    ben = users.client_of(session, "sagemaker")

    assert opens(ben, domain_id, "ben")
    assert not opens(ben, domain_id, "ana")
    assert allowed(ben, "create_app", DomainId=domain_id, SpaceName="private-of-ben", **APP)
    assert not allowed(ben, "create_app", DomainId=domain_id, SpaceName="private-of-ana", **APP)


@pytest.mark.parametrize(
    ("persona", "said"),
    [
        ("Scientist", {}),
        ("Scientist", {"Tags": [{"Key": "UserProfileName", "Value": "ben"}]}),
        ("Tagged", {}),
        ("Tagged", {"SourceIdentity": "ben"}),
        ("Tagged", {"Tags": [{"Key": "Team", "Value": "ben"}]}),
    ],
)
def test_who_does_not_say_who_they_are_gets_no_session(
    users: Any, persona: str, said: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="not authorized to perform"):
        users.session(persona, **said)


def test_a_user_of_iam_is_nobody_but_themselves(users: Any) -> None:
    iam = users.root("iam")
    for name in ("ana", "ben"):
        iam.create_user(UserName=name)
    may = {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}
    iam.put_user_policy(
        UserName="ana",
        PolicyName="assume",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [may]}),
    )
    key = iam.create_access_key(UserName="ana")["AccessKey"]
    session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")
    sts = users.client_of(session, "sts")
    request = {"RoleArn": users.outputs["User"], "RoleSessionName": "ana"}

    assert not allowed(sts, "assume_role", **request, SourceIdentity="ben")
    assert not allowed(sts, "assume_role", **request)
    assert allowed(sts, "assume_role", **request, SourceIdentity="ana")
    assert not allowed(users.root("sts"), "assume_role", **request, SourceIdentity="ana")

"""The function that ends what runs in Studio, against the rehearsal's SageMaker in memory."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from mlops_constructs.studio.runtime import studio_cleanup
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import CALLER, ROLE, FakePlatform, ServiceClient
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane
from tests.rehearsal.services.sagemaker.studio.studio_fakes import FakeEc2, FakeEfs

TAGS = [{"Key": studio_cleanup.REMOVAL_TAG, "Value": "true"}]
Responses = list[dict[str, Any]]


class Ec2(FakeEc2):
    """Also what only the function asks for: groups by tag, and groups that name each other."""

    def describe_security_groups(self, *, Filters: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        (wanted,) = Filters
        return {
            "SecurityGroups": [
                {"GroupId": name, "IpPermissions": group["Rules"], "IpPermissionsEgress": []}
                for name, group in self.groups.items()
                if group["TagSpecifications"][0]["Tags"][0]["Value"] in wanted["Values"]
            ]
        }

    def revoke_security_group_ingress(self, *, GroupId: str, **_: Any) -> None:  # noqa: N803
        self.groups[GroupId]["Rules"] = []

    revoke_security_group_egress = revoke_security_group_ingress

    def delete_security_group(self, *, GroupId: str) -> None:  # noqa: N803
        named = [
            pair["GroupId"]
            for group in self.groups.values()
            for rule in group["Rules"]
            for pair in rule["UserIdGroupPairs"]
        ]
        if GroupId in named:
            raise failure("DependencyViolation")
        del self.groups[GroupId]


class Efs(FakeEfs):
    def describe_file_systems(self, *, FileSystemId: str) -> dict[str, Any]:  # noqa: N803
        if FileSystemId not in self.file_systems:
            raise failure("FileSystemNotFound")
        return {"FileSystems": [{"LifeCycleState": "available"}]}


def failure(code: str) -> ClientError:
    return ClientError(cast(Any, {"Error": {"Code": code, "Message": code}}), "Operation")


class Studio:
    """A domain with the profile `ada`, the space `churn` of hers, and a running application."""

    def __init__(self, tags: list[dict[str, str]]) -> None:
        self.efs, self.ec2 = Efs(), Ec2()
        platform = FakePlatform()
        platform.clients |= {"efs": self.efs, "ec2": self.ec2}
        self.service = SageMaker(platform, FakeDataPlane())
        self.client: Any = ServiceClient(self.service, CALLER)
        self.domain_id: str = self.client.create_domain(
            DomainName="churn",
            AuthMode="IAM",
            VpcId="vpc-1",
            SubnetIds=["subnet-a"],
            DefaultUserSettings={"ExecutionRole": ROLE},
            Tags=tags,
        )["DomainId"]
        self.wait(lambda: self.domain()["Status"] == "InService")
        member = {"DomainId": self.domain_id, "Tags": tags}
        self.client.create_user_profile(**member, UserProfileName="ada")
        self.client.create_user_profile(DomainId=self.domain_id, UserProfileName="grace")
        for owner, space in (("ada", "churn"), ("grace", "other")):
            self.client.create_space(
                **member,
                SpaceName=space,
                OwnershipSettings={"OwnerUserProfileName": owner},
                SpaceSharingSettings={"SharingType": "Private"},
                SpaceSettings={"AppType": "JupyterLab"},
            )
            app = {"AppType": "JupyterLab", "AppName": "default"}
            self.client.create_app(DomainId=self.domain_id, SpaceName=space, **app)
        self.wait(lambda: self.running() == ["churn", "other"])

    def domain(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.describe_domain(DomainId=self.domain_id)
        return found

    def running(self) -> list[str]:
        """The spaces whose application is in service."""
        apps = self.client.list_apps()["Apps"]
        return sorted(app["SpaceName"] for app in apps if app["Status"] == "InService")

    def spaces(self) -> list[str]:
        return [space["SpaceName"] for space in self.client.list_spaces()["Spaces"]]

    def event(self, kind: str = "", **names: str) -> dict[str, Any]:
        """CloudFormation's request to delete the domain, or a profile or space of it."""
        domain = self.domain()
        path = f"{self.domain_id}/{next(iter(names.values()), '')}"
        arn = f"arn:aws:sagemaker:us-east-1:111111111111:{kind}/{path}"
        whole = {} if kind else {"FileSystemId": domain["HomeEfsFileSystemId"]}
        return {
            "RequestType": "Delete",
            "ResponseURL": "https://cloudformation.invalid/answer",
            "StackId": "stack",
            "RequestId": "request",
            "LogicalResourceId": "Cleanup",
            "PhysicalResourceId": "before",
            "ResourceProperties": {
                "DomainId": self.domain_id,
                "DomainArn": domain["DomainArn"],
                "ResourceArn": arn if kind else domain["DomainArn"],
                **whole,
                **names,
            },
        }

    @staticmethod
    def wait(probe: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not probe():
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def responses(monkeypatch: pytest.MonkeyPatch) -> Responses:
    """Returns the responses that CloudFormation receives."""
    responses: Responses = []

    def put(request: urllib.request.Request, timeout: float) -> AbstractContextManager[None]:
        responses.append(json.loads(cast(bytes, request.data)))
        assert request.get_header("Content-type") == ""
        return nullcontext()

    monkeypatch.setattr(urllib.request, "urlopen", put)
    monkeypatch.setattr(studio_cleanup, "MIN_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(studio_cleanup, "MAX_PAUSE_SECONDS", 0.05)
    return responses


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Studio]]:
    """Begins a Studio whose clients the function gets."""
    begun: list[Studio] = []

    def make(tags: list[dict[str, str]] | None = None) -> Studio:
        studio = Studio(TAGS if tags is None else tags)
        clients = {"sagemaker": studio.client, "efs": studio.efs, "ec2": studio.ec2}
        monkeypatch.setattr(boto3, "client", lambda name, config=None: clients[name])
        begun.append(studio)
        return studio

    yield make
    for studio in begun:
        studio.service.close()


def run(event: dict[str, Any], seconds: float = 60) -> None:
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: seconds * 1000)
    studio_cleanup.handler(event, context)


def test_complaint_8_nothing_is_left_of_a_domain(
    begin: Callable[..., Studio], responses: Responses
) -> None:
    studio = begin()

    run(studio.event())

    assert responses[0]["Status"] == "SUCCESS", responses[0]
    assert responses[0]["PhysicalResourceId"] == "before"
    assert studio.running() == []
    assert studio.spaces() == []
    assert studio.client.list_user_profiles()["UserProfiles"] == []
    assert studio.client.list_domains()["Domains"] == []
    assert (studio.efs.file_systems, studio.efs.targets, studio.ec2.groups) == ({}, {}, {})


def test_complaint_8_a_person_goes_with_their_spaces_and_nobody_else_s(
    begin: Callable[..., Studio], responses: Responses
) -> None:
    studio = begin()

    run(studio.event("user-profile", UserProfileName="ada"))

    assert responses[0]["Status"] == "SUCCESS", responses[0]
    assert studio.running() == ["other"]
    assert studio.spaces() == ["other"]
    studio.client.delete_user_profile(DomainId=studio.domain_id, UserProfileName="ada")


def test_complaint_8_a_space_is_only_emptied(
    begin: Callable[..., Studio], responses: Responses
) -> None:
    studio = begin()

    run(studio.event("space", SpaceName="other"))

    assert studio.running() == ["churn"]
    assert studio.spaces() == ["churn", "other"]
    studio.client.delete_space(DomainId=studio.domain_id, SpaceName="other")


def test_what_no_longer_says_that_it_may_go_is_kept(
    begin: Callable[..., Studio], responses: Responses
) -> None:
    """A change from DESTROY to RETAIN removes the tag before the deletion."""
    studio = begin(tags=[])

    run(studio.event())
    run(studio.event("space", SpaceName="churn"))

    assert [answer["Status"] for answer in responses] == ["SUCCESS", "SUCCESS"]
    assert studio.running() == ["churn", "other"]
    assert len(studio.ec2.groups) == 2


def test_a_file_system_that_somebody_kept_stays_with_its_groups(
    begin: Callable[..., Studio], responses: Responses
) -> None:
    studio = begin()
    event = studio.event()
    run(studio.event("user-profile", UserProfileName="ada"))
    run(studio.event("space", SpaceName="other"))
    studio.client.delete_space(DomainId=studio.domain_id, SpaceName="other")
    for name in ("ada", "grace"):
        studio.client.delete_user_profile(DomainId=studio.domain_id, UserProfileName=name)
    studio.client.delete_domain(DomainId=studio.domain_id)
    studio.wait(lambda: studio.client.list_domains()["Domains"] == [])

    run(event)

    assert responses[-1]["Status"] == "SUCCESS"
    assert len(studio.efs.file_systems) == 1
    assert len(studio.ec2.groups) == 2


def test_a_second_attempt_finishes_what_the_first_one_began(
    begin: Callable[..., Studio], responses: Responses
) -> None:
    studio = begin()
    event = studio.event()

    with pytest.raises(TimeoutError, match="not deleted yet"):
        run(event, seconds=studio_cleanup.RESERVE_SECONDS)
    assert responses == []  # Lambda runs it again; CloudFormation waits
    run(event)
    run(event)  # and so does a person who deletes the stack again

    assert [answer["Status"] for answer in responses] == ["SUCCESS", "SUCCESS"]
    assert studio.ec2.groups == {}


def test_a_failure_is_reported_with_its_reason(
    begin: Callable[..., Studio], responses: Responses, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = begin()

    def denied(**_: Any) -> None:
        raise failure("AccessDeniedException")

    monkeypatch.setattr(studio.client, "delete_app", denied, raising=False)
    run(studio.event())

    assert responses[0]["Status"] == "FAILED"
    assert "AccessDeniedException" in responses[0]["Reason"]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_nothing_is_done_before_a_deletion(
    begin: Callable[..., Studio], responses: Responses, kind: str
) -> None:
    """Another domain is another resource: CloudFormation then asks to delete the former one."""
    studio = begin()
    event = {**studio.event(), "RequestType": kind}

    run(event)

    assert responses[0]["Status"] == "SUCCESS"
    assert responses[0]["PhysicalResourceId"] == studio.domain()["DomainArn"]
    assert studio.running() == ["churn", "other"]

"""Private hubs, what they contain, and what the public hub publishes to them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.platform import Context, Scope
from rehearsal.services.sagemaker.registry.hubs import AWS_ACCOUNT
from rehearsal.services.sagemaker.service import SageMaker
from tests.rehearsal.fakes import CALLER, FakePlatform, ServiceClient
from tests.rehearsal.services.sagemaker import requests

ARN = "arn:aws:sagemaker:us-east-1:111111111111"
PUBLISHED = "arn:aws:sagemaker:us-east-1:aws:hub-content/SageMakerPublicHub/Model/churn-net"
DATA = "s3://jumpstart-cache-prod-us-east-1/churn-net/"


@pytest.fixture
def hub(sagemaker: Any) -> str:
    sagemaker.create_hub(
        HubName="team", HubDescription="Of the team", Tags=[{"Key": "team", "Value": "churn"}]
    )
    return "team"


def content(version: str = "1.0.0", name: str = "own", **document: Any) -> dict[str, Any]:
    return {
        "HubName": "team",
        "HubContentType": "Model",
        "HubContentName": name,
        "HubContentVersion": version,
        "DocumentSchemaVersion": "2.3.0",
        "HubContentDocument": json.dumps({"HostingEcrUri": requests.IMAGE, **document}),
    }


@pytest.fixture
def published(service: SageMaker) -> Any:
    """The model that AWS publishes: versions 1.0.0 and 2.0.0, the later with a license."""
    aws = ServiceClient(service, Context(Scope(AWS_ACCOUNT, "us-east-1"), f"{AWS_ACCOUNT}:root"))
    aws.create_hub(HubName="SageMakerPublicHub", HubDescription="JumpStart")
    licence = {"HostingEulaUri": "s3://jumpstart-cache-prod-us-east-1/eula.txt"}
    for version, extra in (("1.0.0", {}), ("2.0.0", licence)):
        made = content(version, "churn-net", HostingArtifactUri=f"{DATA}{version}/", **extra)
        aws.import_hub_content(**{**made, "HubName": "SageMakerPublicHub"})
    return aws


@pytest.fixture
def reference(sagemaker: Any, hub: str, published: Any) -> str:
    """A reference to the published model, under a different name."""
    made = sagemaker.create_hub_content_reference(
        HubName=hub, SageMakerPublicHubContentArn=PUBLISHED, HubContentName="net"
    )
    arn: str = made["HubContentArn"]
    return arn


def test_a_hub_is_described_listed_changed_and_deleted(sagemaker: Any, hub: str) -> None:
    described = sagemaker.describe_hub(HubName=f"{ARN}:hub/{hub}")
    assert (described["HubArn"], described["HubStatus"]) == (f"{ARN}:hub/team", "InService")
    tags = sagemaker.list_tags(ResourceArn=described["HubArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "churn"}]

    sagemaker.update_hub(HubName=hub, HubDisplayName="Team")
    listed = sagemaker.list_hubs(NameContains="tea", SortBy="HubName")["HubSummaries"]
    assert [(item["HubName"], item["HubDisplayName"]) for item in listed] == [("team", "Team")]

    with pytest.raises(ClientError, match="already existing hub") as taken:
        sagemaker.create_hub(HubName=hub, HubDescription="again")
    assert taken.value.response["Error"]["Code"] == "ResourceInUse"
    with pytest.raises(ClientError, match="the hub of AWS"):
        sagemaker.create_hub(HubName="SageMakerPublicHub", HubDescription="mine")
    sagemaker.delete_hub(HubName=hub)
    with pytest.raises(ClientError, match="Could not find hub") as gone:
        sagemaker.describe_hub(HubName=hub)
    assert gone.value.response["Error"]["Code"] == "ResourceNotFound"


def test_a_hub_of_another_account_is_rejected_by_name(sagemaker: Any) -> None:
    other = "arn:aws:sagemaker:us-east-1:222222222222:hub/theirs"

    with pytest.raises(ClientError, match="no AWS Resource Access Manager"):
        sagemaker.describe_hub(HubName=other)


def test_imported_content_has_versions(sagemaker: Any, hub: str) -> None:
    for version in ("1.0.0", "1.10.0", "1.9.0"):
        made = sagemaker.import_hub_content(**content(version))
    named = {"HubName": hub, "HubContentType": "Model", "HubContentName": "own"}

    assert made["HubContentArn"] == f"{ARN}:hub-content/team/Model/own/1.9.0"
    newest = sagemaker.describe_hub_content(**named)
    assert (newest["HubContentVersion"], newest["HubContentStatus"]) == ("1.10.0", "Available")
    assert json.loads(newest["HubContentDocument"])["HostingEcrUri"] == requests.IMAGE
    listed = sagemaker.list_hub_contents(HubName=hub, HubContentType="Model")
    assert [item["HubContentVersion"] for item in listed["HubContentSummaries"]] == ["1.10.0"]
    later = sagemaker.list_hub_content_versions(**named, MinVersion="1.9.0")
    assert len(later["HubContentSummaries"]) == 2
    old_schema = sagemaker.list_hub_content_versions(**named, MaxSchemaVersion="1.0.0")
    assert old_schema["HubContentSummaries"] == []

    sagemaker.update_hub_content(
        **named, HubContentVersion="1.0.0", SupportStatus="Deprecated", HubContentDescription="old"
    )
    oldest = sagemaker.describe_hub_content(**named, HubContentVersion="1.0.0")
    assert (oldest["SupportStatus"], oldest["HubContentDescription"]) == ("Deprecated", "old")
    with pytest.raises(ClientError, match=r"still contains Model/own/1\.0\.0") as full:
        sagemaker.delete_hub(HubName=hub)
    assert full.value.response["Error"]["Code"] == "ResourceInUse"
    for version in ("1.0.0", "1.10.0", "1.9.0"):
        sagemaker.delete_hub_content(**named, HubContentVersion=version)
    with pytest.raises(ClientError, match='Could not find hub content "team/Model/own"'):
        sagemaker.describe_hub_content(**named)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"HubContentType": "ModelReference"}, "use CreateHubContentReference"),
        ({"HubContentVersion": None}, "without HubContentVersion"),
        ({"HubContentDocument": "{"}, "not a JSON document"),
        ({"HubContentDocument": "[]"}, "must be a JSON object"),
        ({"HubName": "none"}, "Could not find hub"),
        ({"HubContentVersion": "0.9.0"}, "exists already"),
    ],
)
def test_content_that_cannot_be_imported_is_rejected(
    sagemaker: Any, hub: str, change: dict[str, Any], message: str
) -> None:
    sagemaker.import_hub_content(**content("0.9.0"))
    given = {key: value for key, value in {**content(), **change}.items() if value is not None}

    with pytest.raises(ClientError, match=message):
        sagemaker.import_hub_content(**given)


def test_a_reference_shows_the_public_model(sagemaker: Any, hub: str, reference: str) -> None:
    named = {"HubName": hub, "HubContentType": "ModelReference", "HubContentName": "net"}

    assert reference == f"{ARN}:hub-content/team/ModelReference/net"
    described = sagemaker.describe_hub_content(**named)
    assert described["HubContentArn"] == f"{reference}/2.0.0"
    assert described["SageMakerPublicHubContentArn"] == PUBLISHED
    assert json.loads(described["HubContentDocument"])["HostingArtifactUri"] == f"{DATA}2.0.0/"
    both = sagemaker.list_hub_content_versions(**named)["HubContentSummaries"]
    assert [item["HubContentVersion"] for item in both] == ["2.0.0", "1.0.0"]

    sagemaker.update_hub_content_reference(**named, MinVersion="2.0.0")
    assert sagemaker.describe_hub_content(**named)["ReferenceMinVersion"] == "2.0.0"
    with pytest.raises(ClientError, match="Could not find hub content"):
        sagemaker.describe_hub_content(**named, HubContentVersion="1.0.0")
    with pytest.raises(ClientError, match="use DeleteHubContentReference"):
        sagemaker.delete_hub_content(**named, HubContentVersion="2.0.0")
    sagemaker.delete_hub_content_reference(**named)
    sagemaker.delete_hub(HubName=hub)


def test_what_the_public_hub_lacks_is_rejected_by_name(
    sagemaker: Any, hub: str, published: Any
) -> None:
    unknown = PUBLISHED.replace("churn", "other")
    for arn, least in ((unknown, "1.0.0"), (PUBLISHED, "3.0.0")):
        with pytest.raises(ClientError, match="public hub of the rehearsal holds") as raised:
            sagemaker.create_hub_content_reference(
                HubName=hub, SageMakerPublicHubContentArn=arn, MinVersion=least
            )
        assert raised.value.response["Error"]["Code"] == "ResourceNotFound"


def test_the_public_hub_can_be_read_and_not_changed(sagemaker: Any, published: Any) -> None:
    public = {"HubName": "SageMakerPublicHub"}

    described = sagemaker.describe_hub(**public)
    assert described["HubArn"] == "arn:aws:sagemaker:us-east-1:aws:hub/SageMakerPublicHub"
    models = sagemaker.list_hub_contents(HubName=described["HubArn"], HubContentType="Model")
    assert [m["HubContentArn"] for m in models["HubContentSummaries"]] == [f"{PUBLISHED}/2.0.0"]
    with pytest.raises(ClientError, match="not authorized to perform: sagemaker:ImportHubContent"):
        sagemaker.import_hub_content(**{**content(), **public})


def hosted(arn: str, version: str = "1.0.0", **source: Any) -> dict[str, Any]:
    """A model whose data a hub gives access to."""
    data = {
        "S3Uri": f"{DATA}{version}/",
        "S3DataType": "S3Prefix",
        "CompressionType": "None",
        "HubAccessConfig": {"HubContentArn": arn},
        **source,
    }
    made = requests.model()
    made["PrimaryContainer"] = {"Image": requests.IMAGE, "ModelDataSource": {"S3DataSource": data}}
    return made


def test_a_referenced_model_is_hosted_by_who_may_deploy_it(
    sagemaker: Any, reference: str, platform: FakePlatform
) -> None:
    sagemaker.create_model(**hosted(f"{reference}/1.0.0"))

    described = sagemaker.describe_model(ModelName="churn")["PrimaryContainer"]
    access = described["ModelDataSource"]["S3DataSource"]["HubAccessConfig"]
    assert access == {"HubContentArn": f"{reference}/1.0.0"}
    asked = [arn for _, action, arn in platform.asked if action == "sagemaker:DeployHubModel"]
    assert asked == [f"{ARN}:hub/team", f"{ARN}:hub-content/team/ModelReference/net"]
    sagemaker.delete_model(ModelName="churn")
    platform.denied.add(("sagemaker:DeployHubModel", reference))
    with pytest.raises(ClientError, match="sagemaker:DeployHubModel"):
        sagemaker.create_model(**hosted(reference))


def test_a_licence_has_to_be_accepted(sagemaker: Any, reference: str) -> None:
    for acceptance in ({}, {"ModelAccessConfig": {"AcceptEula": False}}):
        with pytest.raises(ClientError, match="end-user license agreement"):
            sagemaker.create_model(**hosted(reference, "2.0.0", **acceptance))

    accepted = {"ModelAccessConfig": {"AcceptEula": True}}
    sagemaker.create_model(**hosted(reference, "2.0.0", **accepted))


def test_a_hub_gives_access_to_its_model_only(sagemaker: Any, reference: str, hub: str) -> None:
    imported = sagemaker.import_hub_content(**content(HostingArtifactUri=f"{DATA}1.0.0/"))

    with pytest.raises(ClientError, match=f"gives access to {DATA}1.0.0/ only"):
        sagemaker.create_model(**hosted(f"{reference}/1.0.0", S3Uri="s3://other/data/"))
    with pytest.raises(ClientError, match="must be that of a ModelReference"):
        sagemaker.create_model(**hosted(imported["HubContentArn"]))
    with pytest.raises(ClientError, match="Could not find hub content"):
        sagemaker.create_model(**hosted(f"{reference}/7.0.0"))


def test_what_iam_checks_names_the_hub_and_its_content(service: SageMaker) -> None:
    request = {"HubName": f"{ARN}:hub/team", "HubContentType": "Model", "HubContentName": "own"}

    assert service.resource_arns("DescribeHubContent", request, CALLER.scope) == [
        f"{ARN}:hub-content/team/Model/own",
        f"{ARN}:hub/team",
    ]
    assert service.resource_arns("ListHubs", {}, CALLER.scope) == ["*"]

"""Lineage: entities of users, those that SageMaker creates, and queries."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.fakes import CALLER, SCOPE, ServiceClient
from tests.rehearsal.services.sagemaker import requests
from tests.rehearsal.services.sagemaker.data_plane import FakeDataPlane

DATA = "s3://bucket/data/train.csv"
MODEL = "s3://bucket/model.tar.gz"
CHANNEL = {
    "ChannelName": "train",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": DATA}},
}


def failure(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def artifact(sagemaker: Any, uri: str, kind: str = "DataSet", **more: Any) -> str:
    created = sagemaker.create_artifact(Source={"SourceUri": uri}, ArtifactType=kind, **more)
    return str(created["ArtifactArn"])


@pytest.fixture
def chain(sagemaker: Any) -> list[str]:
    """ARNs of the artifacts a -> b -> c -> d."""
    arns = [artifact(sagemaker, f"s3://b/{name}", Properties={"of": name}) for name in "abcd"]
    for source, destination in itertools.pairwise(arns):
        sagemaker.add_association(
            SourceArn=source, DestinationArn=destination, AssociationType="DerivedFrom"
        )
    return arns


def reached(sagemaker: Any, start: str, **request: Any) -> list[str]:
    response = sagemaker.query_lineage(StartArns=[start], **request)
    return [vertex["Arn"] for vertex in response["Vertices"]]


@pytest.mark.parametrize("noun", ["Action", "Context"])
def test_actions_and_contexts_are_stored(sagemaker: Any, noun: str) -> None:
    def call(verb: str, **request: Any) -> Any:
        return getattr(sagemaker, f"{verb}_{noun.lower()}")(**request)

    name = {f"{noun}Name": "Release-7"}
    source = {"SourceUri": "arn:aws:sns:us-east-1:111111111111:release"}
    arn = call(
        "create", **name, Source=source, **{f"{noun}Type": "Release"}, Properties={"a": "1"}
    )[f"{noun}Arn"]
    call("update", **name, Properties={"b": "2", "c": "3"}, PropertiesToRemove=["c"])

    described = call("describe", **name)
    listed = getattr(sagemaker, f"list_{noun.lower()}s")(
        SourceUri=source["SourceUri"], **{f"{noun}Type": "Release"}
    )[f"{noun}Summaries"]

    assert arn.endswith(f":{noun.lower()}/release-7")
    assert described["Properties"] == {"b": "2"}, "a new list of properties replaces the old one"
    assert described["LineageGroupArn"].endswith("lineage-group/sagemaker-default-lineage-group")
    assert [one[f"{noun}Arn"] for one in listed] == [arn]
    assert call("delete", **name) == {f"{noun}Arn": arn}
    assert failure(getattr(sagemaker, f"describe_{noun.lower()}"), **name)[0] == "ResourceNotFound"


def test_there_is_one_artifact_of_a_uri(sagemaker: Any) -> None:
    arn = artifact(sagemaker, DATA, ArtifactName="rows", Tags=[{"Key": "team", "Value": "a"}])

    request = {"Source": {"SourceUri": DATA}, "ArtifactType": "DataSet"}
    code, message = failure(sagemaker.create_artifact, **request)

    assert code == "ValidationException"
    assert message.endswith(f"already exists: {arn}")
    (found,) = sagemaker.list_artifacts(SourceUri=DATA)["ArtifactSummaries"]
    assert found["ArtifactArn"] == arn
    assert sagemaker.list_artifacts(ArtifactType="Model")["ArtifactSummaries"] == []
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
    assert sagemaker.delete_artifact(Source={"SourceUri": DATA}) == {"ArtifactArn": arn}
    assert failure(sagemaker.describe_artifact, ArtifactArn=arn)[0] == "ResourceNotFound"


def test_tags_that_the_caller_may_not_give_make_no_artifact(
    sagemaker: Any, service: Any, platform: Any
) -> None:
    arn = service.resource_arns("DeleteArtifact", {"Source": {"SourceUri": DATA}}, SCOPE)[0]
    platform.denied.add(("sagemaker:AddTags", arn))

    with pytest.raises(ClientError):
        artifact(sagemaker, DATA, Tags=[{"Key": "team", "Value": "a"}])

    assert sagemaker.list_artifacts()["ArtifactSummaries"] == []


def test_associations_are_listed_by_their_ends(sagemaker: Any, chain: list[str]) -> None:
    code, _ = failure(sagemaker.add_association, SourceArn=chain[0], DestinationArn=chain[1])
    assert code == "ValidationException", "there is one already"

    listed = sagemaker.list_associations(SourceArn=chain[1])["AssociationSummaries"]
    by_type = sagemaker.list_associations(DestinationType="DataSet", SortBy="SourceArn")
    by_kind = sagemaker.list_associations(DestinationType="Artifact")
    none = sagemaker.list_associations(SourceType="Model")

    assert [one["DestinationArn"] for one in listed] == [chain[2]]
    assert listed[0]["SourceType"] == "DataSet"
    assert len(by_type["AssociationSummaries"]) == len(by_kind["AssociationSummaries"]) == 3
    assert none["AssociationSummaries"] == []


def test_an_associated_entity_cannot_be_deleted(sagemaker: Any, chain: list[str]) -> None:
    code, message = failure(sagemaker.delete_artifact, ArtifactArn=chain[0])
    assert (code, "delete them first" in message) == ("ValidationException", True)

    ends = {"SourceArn": chain[0], "DestinationArn": chain[1]}
    assert sagemaker.delete_association(**ends) == ends
    sagemaker.delete_artifact(ArtifactArn=chain[0])

    assert failure(sagemaker.delete_association, **ends)[0] == "ResourceNotFound"
    assert failure(sagemaker.add_association, **ends)[0] == "ResourceNotFound"


def test_a_query_goes_in_a_direction_to_a_depth(sagemaker: Any, chain: list[str]) -> None:
    a, b, c, d = chain
    assert reached(sagemaker, b, Direction="Descendants") == [c, d]
    assert reached(sagemaker, b, Direction="Ascendants") == [a]
    assert set(reached(sagemaker, b, Direction="Both")) == {a, c, d}
    assert reached(sagemaker, a, Direction="Descendants", MaxDepth=2) == [b, c]
    code, _ = failure(sagemaker.query_lineage, StartArns=[f"{a}0"])
    assert code == "ResourceNotFound"


def test_filters_limit_results_and_not_the_way_to_them(sagemaker: Any, chain: list[str]) -> None:
    a, b, c, _ = chain
    only_c = {"Properties": {"of": "c"}}

    assert reached(sagemaker, a, Direction="Descendants", Filters=only_c) == [c]
    whole = sagemaker.query_lineage(
        StartArns=[a], Direction="Descendants", Filters=only_c, IncludeEdges=True
    )

    assert [vertex["Arn"] for vertex in whole["Vertices"]] == [a, b, c], "the path is included"
    assert {(edge["SourceArn"], edge["DestinationArn"]) for edge in whole["Edges"]} == {
        (a, b),
        (b, c),
    }
    by_filter = sagemaker.query_lineage(Filters=only_c)
    assert [vertex["Arn"] for vertex in by_filter["Vertices"]] == [c]
    assert failure(sagemaker.query_lineage)[0] == "ValidationException"


def test_results_of_a_query_have_pages(sagemaker: Any, chain: list[str]) -> None:
    request = {"StartArns": [chain[0]], "Direction": "Descendants", "MaxResults": 2}
    first = sagemaker.query_lineage(**request)
    second = sagemaker.query_lineage(**request, NextToken=first["NextToken"])

    vertices = [*first["Vertices"], *second["Vertices"]]
    assert [vertex["Arn"] for vertex in vertices] == chain[1:]
    assert "NextToken" not in second


@pytest.fixture
def deployed(
    sagemaker: Any,
    trained: Callable[..., Any],
    settle: Callable[[str], Any],
    eventually: Callable[..., Any],
    data_plane: FakeDataPlane,
) -> dict[str, Any]:
    """A model that was trained, registered, approved and deployed to the endpoint `live`."""
    data_plane.behaviour["train"] = lambda _: {"ModelArtifacts": {"S3ModelArtifacts": MODEL}}
    job = trained(InputDataConfig=[CHANNEL])
    sagemaker.create_model_package_group(ModelPackageGroupName="Churn")
    package = sagemaker.create_model_package(**requests.model_package("Churn"))["ModelPackageArn"]
    sagemaker.update_model_package(ModelPackageArn=package, ModelApprovalStatus="Approved")
    model = {**requests.model(), "PrimaryContainer": {"ModelPackageName": package}}
    sagemaker.create_model(**model)
    sagemaker.create_endpoint_config(**requests.endpoint_config())
    sagemaker.create_endpoint(EndpointName="live", EndpointConfigName="config")
    endpoint = settle("live")["EndpointArn"]
    eventually(lambda: sagemaker.list_contexts(SourceUri=endpoint)["ContextSummaries"])
    return {"job": job["TrainingJobArn"], "package": package, "endpoint": endpoint}


def of_type(sagemaker: Any, start: str, direction: str, *types: str) -> list[str]:
    return reached(sagemaker, start, Direction=direction, Filters={"Types": list(types)})


def source_of(sagemaker: Any, arn: str) -> str:
    return str(sagemaker.describe_artifact(ArtifactArn=arn)["Source"]["SourceUri"])


def test_an_endpoint_leads_back_to_job_and_data(sagemaker: Any, deployed: dict[str, Any]) -> None:
    (context,) = sagemaker.list_contexts(SourceUri=deployed["endpoint"])["ContextSummaries"]
    start = context["ContextArn"]

    data = of_type(sagemaker, start, "Ascendants", "DataSet")
    models = of_type(sagemaker, start, "Ascendants", "Model")
    (component,) = of_type(sagemaker, start, "Ascendants", "TrainingJob")

    assert context["ContextType"] == "Endpoint"
    assert [source_of(sagemaker, arn) for arn in data] == [DATA]
    assert {source_of(sagemaker, arn) for arn in models} == {deployed["package"], MODEL}
    name = component.rpartition("/")[2]
    described = sagemaker.describe_trial_component(TrialComponentName=name)
    assert described["Source"]["SourceArn"] == deployed["job"]


def test_data_lead_to_the_endpoints_that_use_them(sagemaker: Any, deployed: dict[str, Any]) -> None:
    (data,) = sagemaker.list_artifacts(SourceUri=DATA)["ArtifactSummaries"]

    (context,) = of_type(sagemaker, data["ArtifactArn"], "Descendants", "Endpoint")

    name = context.rpartition("/")[2]
    source = sagemaker.describe_context(ContextName=name)["Source"]
    assert source["SourceUri"] == deployed["endpoint"]


def test_a_version_has_its_approvals_its_group_and_its_deployment(
    sagemaker: Any, deployed: dict[str, Any]
) -> None:
    (package,) = sagemaker.list_artifacts(SourceUri=deployed["package"])["ArtifactSummaries"]
    arn = package["ArtifactArn"]
    into = sagemaker.list_associations(DestinationArn=arn)["AssociationSummaries"]
    out = sagemaker.list_associations(SourceArn=arn)["AssociationSummaries"]

    assert package["ArtifactType"] == "Model"
    kinds = sorted((one["SourceType"], one["AssociationType"]) for one in into)
    assert kinds == [
        ("Approval", "ContributedTo"),
        ("Approval", "ContributedTo"),
        ("Image", "ContributedTo"),
        ("Model", "ContributedTo"),
    ]
    assert sorted((one["DestinationType"], one["AssociationType"]) for one in out) == [
        ("ModelDeployment", "ContributedTo"),
        ("ModelGroup", "AssociatedWith"),
    ]


def test_lineage_outlives_what_it_describes(sagemaker: Any, deployed: dict[str, Any]) -> None:
    sagemaker.delete_endpoint(EndpointName="live")
    sagemaker.delete_model_package(ModelPackageName=deployed["package"])
    sagemaker.delete_model_package_group(ModelPackageGroupName="Churn")

    assert sagemaker.list_contexts(SourceUri=deployed["endpoint"])["ContextSummaries"]
    assert sagemaker.list_artifacts(SourceUri=deployed["package"])["ArtifactSummaries"]


def test_each_account_has_its_lineage_and_its_group(
    service: Any, sagemaker: Any, chain: list[str]
) -> None:
    other = type(CALLER)(type(SCOPE)("222222222222", SCOPE.region), CALLER.caller_arn)
    stranger = ServiceClient(service, other)

    assert stranger.list_artifacts()["ArtifactSummaries"] == []
    assert failure(stranger.query_lineage, StartArns=[chain[0]])[0] == "ResourceNotFound"
    assert failure(stranger.describe_artifact, ArtifactArn=chain[0])[0] == "ResourceNotFound"
    (group,) = stranger.list_lineage_groups()["LineageGroupSummaries"]
    assert ":222222222222:lineage-group/" in group["LineageGroupArn"]
    name = group["LineageGroupName"]
    described = sagemaker.describe_lineage_group(LineageGroupName=name)
    assert described["LineageGroupArn"] != group["LineageGroupArn"]
    code, _ = failure(sagemaker.get_lineage_group_policy, LineageGroupName=name)
    assert code == "ResourceNotFound"


def test_queries_have_no_resource_level_in_iam(service: Any) -> None:
    assert service.resource_arns("QueryLineage", {"StartArns": ["arn:aws:x"]}, SCOPE) == ["*"]

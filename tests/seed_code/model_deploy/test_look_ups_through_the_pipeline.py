"""A real-time endpoint whose model looks features up, from the settings file to a prediction.

The pipeline, the endpoint and the Feature Store work with the roles of the project, and IAM is
enforced. The project has a network, which a real-time endpoint needs to reach the store.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_constructs.delivery import ProjectStage
from tests.constructs.projects.feature_groups import feature_group, is_created
from tests.seed_code.model_deploy.staged_project import StagedProject, staged_project

NAME, GROUP = "lookups", "lookups_customers"
ENDPOINT = f"{NAME}-staging"
ISOLATED = """
kind: real-time
instance_type: ml.m7i.large
instance_count: 2
"""
OPEN = f"{ISOLATED}network_isolation: false\n"
YOUNG, OLD = "21", "59"  # far from the age at which the answer changes
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def create_group(project: StagedProject) -> None:
    sagemaker = project.client("sagemaker")
    request = feature_group(
        GROUP, project.outputs, project.role("TrainingRole"), ("customer", "at", "age")
    )
    sagemaker.create_feature_group(**request)
    project.wait("the feature group", partial(is_created, sagemaker, GROUP))


def look_ups(project: StagedProject) -> Mapping[str, str]:
    """Creates the feature group; returns the variables of a model that reads it."""
    create_group(project)
    looked_up = {
        "group": GROUP,
        "entity": "customer",
        "features": ["age"],
        "missing": "reject",
        "timeout_ms": 10_000,
    }
    return {"ONLINE_FEATURES": json.dumps(looked_up)}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StagedProject]:
    """A project in a network, whose settings ask for containers that reach it."""
    with staged_project(
        tmp_path_factory.mktemp(NAME),
        NAME,
        {"staging": OPEN},
        environment=look_ups,
        identifier="customer",
        in_network=True,
        stages=[ProjectStage(name="staging")],
        feature_store=True,
    ) as found:
        yield found


def put(project: StagedProject, customer: str, age: str, *, days: int = 0, **options: Any) -> None:
    """Writes a record with an event time some days after the first one."""
    at = (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    record = {"customer": customer, "at": at, "age": age}
    project.client("sagemaker-featurestore-runtime").put_record(
        FeatureGroupName=GROUP,
        Record=[{"FeatureName": name, "ValueAsString": value} for name, value in record.items()],
        **options,
    )


def predict(project: StagedProject, customer: str, **columns: str) -> Any:
    """Returns the prediction of the endpoint for a row; raises ClientError as boto3 does."""
    row = {"customer": customer, "balance": "100", **columns}
    response = project.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=ENDPOINT,
        ContentType="application/json",
        Body=json.dumps({"instances": [row]}),
    )
    (found,) = json.loads(response["Body"].read())["predictions"]
    return found


def rejected(project: StagedProject, customer: str) -> tuple[int, str]:
    """Returns the status and the message of a container that does not predict."""
    with pytest.raises(ClientError) as error:
        predict(project, customer)
    response: dict[str, Any] = {**error.value.response}
    assert response["Error"]["Code"] == "ModelError"
    return response["OriginalStatusCode"], str(error.value)


def test_the_endpoint_predicts_a_customer_by_the_identifier(project: StagedProject) -> None:
    put(project, "customer-a", OLD)
    put(project, "customer-b", YOUNG)

    old, young = predict(project, "customer-a"), predict(project, "customer-b")

    assert old != young
    assert old == predict(project, "customer-a", age=OLD)
    assert young == predict(project, "customer-b", age=YOUNG)


def test_the_containers_are_in_the_network_of_the_project(project: StagedProject) -> None:
    sagemaker = project.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=ENDPOINT)["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])

    assert not model["EnableNetworkIsolation"]
    assert model["VpcConfig"] == {
        "Subnets": project.network["subnet_ids"],
        "SecurityGroupIds": project.network["security_group_ids"],
    }


def test_an_unknown_customer_is_rejected_with_the_columns_to_send(project: StagedProject) -> None:
    status, message = rejected(project, "customer-unknown")

    assert status == 400
    assert f"got 'customer-unknown', which has no record in {GROUP}" in message
    assert "send the columns age" in message


def test_a_record_that_arrives_late_does_not_replace_a_newer_one(project: StagedProject) -> None:
    put(project, "customer-c", OLD, days=2)
    put(project, "customer-c", YOUNG, days=1)

    assert predict(project, "customer-c") == predict(project, "customer-c", age=OLD)


def test_an_expired_record_is_rejected_as_a_missing_one(project: StagedProject) -> None:
    put(project, "customer-f", OLD, TtlDuration={"Unit": "Seconds", "Value": 1})

    status, message = rejected(project, "customer-f")

    assert status == 400
    assert f"got 'customer-f', which has no record in {GROUP}" in message


def test_without_its_feature_group_the_endpoint_goes_on_with_complete_rows(
    project: StagedProject,
) -> None:
    put(project, "customer-d", OLD)
    expected = predict(project, "customer-d")
    project.client("sagemaker").delete_feature_group(FeatureGroupName=GROUP)
    project.wait("the deletion", partial(_is_deleted, project))

    status, message = rejected(project, "customer-d")

    assert status == 503
    assert GROUP in message
    assert predict(project, "customer-d", age=OLD) == expected
    create_group(project)
    put(project, "customer-d", OLD)
    assert predict(project, "customer-d") == expected


def _is_deleted(project: StagedProject) -> bool:
    listed = project.client("sagemaker").list_feature_groups(NameContains=GROUP)
    return not listed["FeatureGroupSummaries"]


def test_containers_that_cannot_reach_the_store_are_not_deployed(project: StagedProject) -> None:
    put(project, "customer-e", OLD, days=3)
    before = project.deployment()["pipelineExecutionId"]
    project.configure({"staging": ISOLATED})
    project.wait("the push", lambda: project.deployment()["pipelineExecutionId"] != before)
    project.wait("the pipeline", project.has_ended)

    assert project.deployment()["status"] == "Failed"
    (log,) = project.errors().values()
    assert "config/staging.yaml: version: version 1 looks up features in the online store" in log
    assert "set network_isolation: false" in log
    assert predict(project, "customer-e") == predict(project, "customer-e", age=OLD)

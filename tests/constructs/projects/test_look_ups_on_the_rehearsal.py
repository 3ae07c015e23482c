"""Endpoints that look up features with the roles of a project, with IAM enforced."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from mlops_constructs.delivery import ProjectStage
from seed_code.model_build.tests.conftest import Fitted, fit
from seed_code.model_build.tests.training_jobs import pack
from stacks.settings.names import Seed
from tests.constructs.projects.company import PROD, SEEDS, TOOLING, Company, company_in
from tests.constructs.projects.deployed_project import BUILD, REGION
from tests.constructs.projects.feature_groups import feature_group, is_created
from tests.seed_code.repository import write_model_build

__all__ = ["fit"]

GROUP = "churn_customers"
FEATURES = ("age", "city")
READER = f"arn:aws:iam::{TOOLING}:role/sagemaker-projects/churn-{REGION}-features"
LOOKED_UP = {
    "group": GROUP,
    "entity": "number",
    "features": list(FEATURES),
    "missing": "reject",
    "timeout_ms": 10_000,
    "role": READER,
    "region": REGION,
}
STAGES = (ProjectStage(name="staging"), ProjectStage(name="prod", account=PROD))
ACCOUNTS = {"staging": TOOLING, "prod": PROD}
NOW = datetime(2026, 11, 1, tzinfo=UTC)
DENIED = ("AccessDenied", "AccessDeniedException", "AccessForbidden")


@dataclass(frozen=True)
class Served:
    """A project whose endpoints serve a fitted model of the seed."""

    company: Company
    rows: list[dict[str, str]]

    def put(self, row: dict[str, str], *, days: int = 0, group: str = GROUP) -> None:
        """Writes a record with the role of the project's jobs."""
        record = {**{name: row[name] for name in FEATURES}, "number": row["number"]}
        record["at"] = (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.client("TrainingRole", "sagemaker-featurestore-runtime").put_record(
            FeatureGroupName=group,
            Record=[
                {"FeatureName": name, "ValueAsString": value}
                for name, value in record.items()
                if value
            ],
        )

    def client(self, role: str, service: str, account: str = TOOLING) -> Any:
        """Returns a client of a role of the project."""
        (arn,) = [one for one in self.company.roles(account) if role in one]
        return self.company.acting_as(arn)(service)

    def predict(self, stage: str, *rows: dict[str, str]) -> list[Any]:
        """Returns the predictions of an endpoint; raises ClientError as boto3 does."""
        runtime = self.company.client("sagemaker-runtime", ACCOUNTS[stage])
        response = runtime.invoke_endpoint(
            EndpointName=f"churn-{stage}",
            ContentType="application/json",
            Body=json.dumps({"instances": rows}),
        )
        found: list[Any] = json.loads(response["Body"].read())["predictions"]
        return found


def incomplete(row: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in row.items() if name not in FEATURES}


def create_group(company: Company, name: str) -> None:
    """Creates a feature group as the train build of a project does."""
    (role,) = [one for one in company.roles(TOOLING) if "TrainingRole" in one]
    sagemaker = company.client("sagemaker")
    request = feature_group(name, company.outputs(), role, ("number", "at", *FEATURES))
    sagemaker.create_feature_group(**request)
    company.wait(f"the group {name}", partial(is_created, sagemaker, name))


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, fit: Callable[[str], Fitted]
) -> Iterator[Served]:
    """A project whose model omits features, in service in each account."""
    folder = tmp_path_factory.mktemp("look-ups")
    fitted = fit("binary")
    write_model_build(Seed.TABULAR, folder / "image")
    archive = pack(fitted.model, folder / "archive") / "model.tar.gz"
    deploy = {**SEEDS["deploy"], "buildspecs/smoke_test.yml": BUILD}
    with company_in(folder, seeds={**SEEDS, "deploy": deploy}) as company:
        company.deploy(stages=STAGES, feature_store=True)
        create_group(company, GROUP)
        package = company.register(
            image_folder=folder / "image",
            data=archive.read_bytes(),
            environment={"ONLINE_FEATURES": json.dumps(LOOKED_UP)},
        )
        company.approve(package)
        for stage, account in ACCOUNTS.items():
            company.wait(f"the endpoint of {stage}", partial(_in_service, company, stage, account))
        rows = [{**row} for row in fitted.holdout() if row["age"] not in ("", "NA", "?")]
        for row in rows:
            del row["answer"]
        yield Served(company, rows)


def _in_service(company: Company, stage: str, account: str) -> bool:
    executions = company.executions()
    failed = [one for one in executions if one["status"] == "Failed"]
    assert not failed, company.stages()
    try:
        found = company.client("sagemaker", account).describe_endpoint(
            EndpointName=f"churn-{stage}"
        )
    except ClientError:
        return False
    return bool(found["EndpointStatus"] == "InService")


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_an_endpoint_predicts_an_entity_with_the_features_of_its_record(
    served: Served, stage: str
) -> None:
    row = served.rows[0]
    served.put(row)

    assert served.predict(stage, incomplete(row)) == served.predict(stage, row)


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_an_entity_without_a_record_is_rejected_with_the_columns_to_send(
    served: Served, stage: str
) -> None:
    row = {**served.rows[0], "number": "customer-unknown"}

    with pytest.raises(ClientError) as error:
        served.predict(stage, incomplete(row))

    response: dict[str, Any] = {**error.value.response}
    assert response["Error"]["Code"] == "ModelError"
    assert response["OriginalStatusCode"] == 400
    message = str(error.value)
    assert "got 'customer-unknown', which has no record in churn_customers" in message
    assert "send the columns age, city" in message
    assert served.predict(stage, row), "a complete row needs no record"


@pytest.mark.parametrize("stage", ACCOUNTS)
def test_the_record_with_the_newest_event_time_wins(served: Served, stage: str) -> None:
    # Each stage has a row, because the records of the other one are newer.
    row = served.rows[1 + list(ACCOUNTS).index(stage)]
    older = {**row, "age": "19", "city": "Zürich, CH"}
    newer = {**row, "age": "79", "city": "Łódź"}
    assert served.predict(stage, older) != served.predict(stage, newer)

    served.put(older)
    assert served.predict(stage, incomplete(row)) == served.predict(stage, older)
    served.put(newer, days=2)
    served.put(older, days=1)

    assert served.predict(stage, incomplete(row)) == served.predict(stage, newer)


def test_models_read_records_of_their_project_and_do_nothing_else(served: Served) -> None:
    row = served.rows[5]
    served.put(row)
    create_group(served.company, "churn-eu_customers")
    models = served.client("ModelExecutionRole", "sagemaker-featurestore-runtime")
    named = {"FeatureGroupName": GROUP}
    one = {"RecordIdentifierValueAsString": row["number"]}

    def read(group: str) -> Any:
        identifiers = {"FeatureGroupName": group, "RecordIdentifiersValueAsString": [row["number"]]}
        return models.batch_get_record(Identifiers=[identifiers])

    (found,) = read(GROUP)["Records"]
    values = {each["FeatureName"]: each["ValueAsString"] for each in found["Record"]}
    assert values["city"] == row["city"]
    record = [{"FeatureName": name, "ValueAsString": "x"} for name in ("number", "at")]
    denied(lambda: read("churn-eu_customers"))
    denied(lambda: models.put_record(**named, Record=record))
    denied(lambda: models.delete_record(**named, **one, EventTime="2027-01-01T00:00:00Z"))
    denied(lambda: models.list_records(**named))
    sagemaker = served.client("ModelExecutionRole", "sagemaker")
    denied(lambda: sagemaker.describe_feature_group(**named))
    denied(lambda: sagemaker.delete_feature_group(**named))


def test_models_of_another_account_read_the_same_with_the_role_of_the_project_alone(
    served: Served,
) -> None:
    row = served.rows[6]
    served.put(row)
    models = served.client("-model", "sts", PROD)
    identifiers = [
        {"FeatureGroupName": GROUP, "RecordIdentifiersValueAsString": [row["number"]]},
    ]

    keys = models.assume_role(RoleArn=READER, RoleSessionName="test")["Credentials"]

    reader = served.company.clients_of(keys)("sagemaker-featurestore-runtime")
    (found,) = reader.batch_get_record(Identifiers=identifiers)["Records"]
    assert found["RecordIdentifierValueAsString"] == row["number"]
    other = [{**identifiers[0], "FeatureGroupName": "churn-eu_customers"}]
    denied(lambda: reader.batch_get_record(Identifiers=other))
    record = [{"FeatureName": name, "ValueAsString": "x"} for name in ("number", "at")]
    denied(lambda: reader.put_record(FeatureGroupName=GROUP, Record=record))
    # Only the role of the models is trusted, and it has no direct access.
    everything = served.company.role("administrator", PROD, "*")
    for other_role in (everything, *served.company.roles(PROD)):
        if not other_role.endswith("-model"):
            sts = served.company.acting_as(other_role)("sts")
            denied(partial(sts.assume_role, RoleArn=READER, RoleSessionName="test"))
    arn = f"arn:aws:sagemaker:{REGION}:{TOOLING}:feature-group/{GROUP}"
    direct = served.client("-model", "sagemaker-featurestore-runtime", PROD)
    denied(
        lambda: direct.batch_get_record(Identifiers=[{**identifiers[0], "FeatureGroupName": arn}])
    )


def denied(call: Callable[[], Any]) -> None:
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] in DENIED, error.value

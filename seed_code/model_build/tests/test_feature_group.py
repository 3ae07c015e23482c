"""Creation and extension of the feature group."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from mlops_jobs.failure import InputError

from pipeline.configuration import Configuration
from pipeline.features.feature_group import FeatureGroup
from pipeline.features.schema_file import FeatureSchema, read_schema
from pipeline.program import put_features
from tests.fakes import PROJECT, client_error, some_hyperparameters

VALID = """\
record_identifier: customer_id
event_time: at
online: true
features:
  customer_id: string
  at: string
  orders: integral
"""
SCHEMA = FeatureSchema(
    record_identifier="customer_id",
    event_time="at",
    online=True,
    features={"customer_id": "string", "at": "string", "orders": "integral"},
)


def schema_of(folder: Path, text: str) -> FeatureSchema:
    (folder / "features").mkdir()
    (folder / "features/customers.yaml").write_text(text, encoding="utf-8")
    return read_schema(folder, "customers")


def test_a_schema_is_read_with_the_types_of_sagemaker(tmp_path: Path) -> None:
    schema = schema_of(tmp_path, VALID)
    assert schema == SCHEMA
    assert schema.types() == {"customer_id": "String", "at": "String", "orders": "Integral"}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("event_time: at", "", r"customers.yaml:1: event_time: got nothing; set it"),
        ("orders: integral", "orders: int", r":7: features.orders: got 'int'; allowed: 'string', "),
        ("online: true", "online: yes please", r":3: online: got 'yes please'; allowed: true"),
        ("online: true", "onlin: true", r":3: onlin: got an unknown key; allowed here: record_id"),
        ("event_time: at", "event_time: day", r"event_time: got day, which is no feature; allowed"),
        ("event_time: at", "event_time: customer_id", r"event_time: got customer_id, the record"),
        ("  at: string", "  at: integral", r"event_time: got at of type integral; allowed: string"),
        ("orders:", "is_deleted:", r":4: features: got the name is_deleted, a column that the off"),
        ("orders:", "_orders:", r":4: features: got the name '_orders'; allowed: 1 to 64 letters"),
        ("orders:", f"{'o' * 65}:", r"allowed: 1 to 64 letters"),
        (VALID.partition("features:")[2], " {at: string}\n", r"at least 2 item"),
        ("orders: integral", "at: integral", r"customers.yaml:7: "),
        ("online: true", "online_days: 30", r"online_days: got 30 for a group without an online"),
        ("online: true", "online: true\nonline_days: 0", r":4: online_days: got 0; allowed: "),
        ("online: true", "online: true\nonline_days: 1.5", r":4: online_days: got 1.5; allowed: "),
    ],
)
def test_a_schema_that_is_not_valid_is_reported_by_file_line_and_key(
    tmp_path: Path, old: str, new: str, problem: str
) -> None:
    assert old in VALID
    with pytest.raises(InputError, match=problem):
        schema_of(tmp_path, VALID.replace(old, new))


def test_a_schema_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"features.group: got customers, whose schema features/"):
        read_schema(tmp_path, "customers")


@dataclass
class SageMaker:
    """SageMaker with at most one feature group, whose changes take one description."""

    group: dict[str, Any] | None = None
    requests: list[dict[str, Any]] = field(default_factory=list)
    error: str = ""
    failure: str = ""
    waits: int = 0

    def describe_feature_group(self, **request: str) -> dict[str, Any]:
        assert request["FeatureGroupName"] == "churn_customers"
        if self.error:
            raise client_error(self.error)
        if self.group is None:
            raise client_error("ResourceNotFound")
        definitions = self.group["FeatureDefinitions"]
        if "NextToken" in request:
            return {**self.group, "FeatureDefinitions": definitions[1:], "NextToken": ""}
        return {**self.group, "FeatureDefinitions": definitions[:1], "NextToken": "more"}

    def create_feature_group(self, **request: Any) -> None:
        self.requests.append(request)
        self.group = {**request, "FeatureGroupStatus": "Creating"}

    def update_feature_group(self, **request: Any) -> None:
        assert self.group is not None
        assert self.group.get("LastUpdateStatus", {}).get("Status") != "InProgress"
        self.requests.append(request)
        # AWS makes one kind of change with a request.
        ((kind, change),) = [one for one in request.items() if one[0] != "FeatureGroupName"]
        if kind == "FeatureAdditions":
            assert len(change) <= 100
            self.group["FeatureDefinitions"] += change
        else:
            online = {**self.group["OnlineStoreConfig"], **change}
            self.group[kind] = {name: value for name, value in online.items() if value}
        self.group["LastUpdateStatus"] = {"Status": "InProgress"}

    def sleep(self, _: float) -> None:
        """Ends the change that is in progress."""
        assert self.group is not None
        self.waits += 1
        status = "Failed" if self.failure else "Successful"
        self.group["FailureReason"] = self.failure
        if "LastUpdateStatus" in self.group:
            self.group["LastUpdateStatus"] = {"Status": status}
        else:
            self.group["FeatureGroupStatus"] = "CreateFailed" if self.failure else "Created"

    def put(self, schema: FeatureSchema = SCHEMA) -> str:
        return FeatureGroup(self, PROJECT, "customers", schema, sleep=self.sleep).put()


def test_the_first_build_creates_the_group_with_the_key_and_the_bucket_of_the_project() -> None:
    sagemaker = SageMaker()

    assert sagemaker.put() == "created the feature group churn_customers"

    (request,) = sagemaker.requests
    assert request["OfflineStoreConfig"] == {
        "S3StorageConfig": {
            "S3Uri": "s3://churn-artifacts/features/customers/store",
            "KmsKeyId": PROJECT.artifact_key_arn,
        },
        "DisableGlueTableCreation": True,
        "TableFormat": "Glue",
    }
    assert request["OnlineStoreConfig"] == {
        "EnableOnlineStore": True,
        "SecurityConfig": {"KmsKeyId": PROJECT.artifact_key_arn},
    }
    assert request["RoleArn"] == PROJECT.role_arn
    assert request["Tags"] == PROJECT.tags
    assert sagemaker.waits == 1


def test_a_group_without_an_online_store_has_none() -> None:
    sagemaker = SageMaker()
    sagemaker.put(SCHEMA.model_copy(update={"online": False}))
    assert "OnlineStoreConfig" not in sagemaker.requests[0]


def test_a_later_build_changes_nothing() -> None:
    sagemaker = SageMaker()
    sagemaker.put()
    assert sagemaker.put() == "the feature group churn_customers is up to date"
    assert len(sagemaker.requests) == 1


def test_new_features_are_added_in_requests_of_at_most_100() -> None:
    sagemaker = SageMaker()
    sagemaker.put()
    more = {f"f{number}": "fractional" for number in range(101)}
    schema = SCHEMA.model_copy(update={"features": {**SCHEMA.features, **more}})

    assert sagemaker.put(schema).startswith("added f0, f1, ")

    assert [len(one["FeatureAdditions"]) for one in sagemaker.requests[1:]] == [100, 1]
    assert sagemaker.put(schema).endswith("is up to date")


def test_the_online_store_keeps_records_for_the_days_of_the_schema() -> None:
    sagemaker = SageMaker()
    days = {"Unit": "Days", "Value": 30}
    schema = SCHEMA.model_copy(update={"online_days": 30})

    sagemaker.put(schema)

    assert sagemaker.requests[0]["OnlineStoreConfig"]["TtlDuration"] == days
    assert sagemaker.put(schema).endswith("is up to date")
    changed = schema.model_copy(update={"online_days": 60})
    assert sagemaker.put(changed) == "changed the time to live of the feature group churn_customers"
    assert sagemaker.put(SCHEMA).startswith("changed the time to live")
    assert [one["OnlineStoreConfig"] for one in sagemaker.requests[1:]] == [
        {"TtlDuration": {"Unit": "Days", "Value": 60}},
        {"TtlDuration": {}},
    ]
    assert sagemaker.put(SCHEMA).endswith("is up to date")


def test_features_and_a_time_to_live_are_added_one_after_the_other() -> None:
    sagemaker = SageMaker()
    sagemaker.put()
    more = {"features": {**SCHEMA.features, "city": "string"}, "online_days": 7}

    done = sagemaker.put(SCHEMA.model_copy(update=more))

    assert done == (
        "added city to and changed the time to live of the feature group churn_customers"
    )
    assert len(sagemaker.requests) == 3


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"features": {"customer_id": "string", "at": "string"}},
            "features: got no orders; add it, with the type integral",
        ),
        (
            {"features": {**SCHEMA.features, "orders": "string"}},
            "features.orders: got string; allowed: integral",
        ),
        ({"online": False}, "online: got false; allowed: true"),
        ({"record_identifier": "orders"}, "record_identifier: got orders; allowed: customer_id"),
        (
            {"event_time": "then", "features": {**SCHEMA.features, "then": "string"}},
            "event_time: got then; allowed: at",
        ),
    ],
)
def test_a_change_that_aws_cannot_make_is_rejected(change: dict[str, Any], problem: str) -> None:
    sagemaker = SageMaker()
    sagemaker.put()

    with pytest.raises(InputError) as error:
        sagemaker.put(SCHEMA.model_copy(update=change))

    assert str(error.value) == (
        "features/customers.yaml: the feature group churn_customers exists, and AWS can only add "
        f"features to a group:\n  - {problem}\nUndo these changes, or give the schema another "
        "file name, which creates another group."
    )
    assert len(sagemaker.requests) == 1


@pytest.mark.parametrize("created", [False, True])
def test_a_change_that_fails_is_reported_with_its_reason(*, created: bool) -> None:
    sagemaker = SageMaker()
    if created:
        sagemaker.put()
    sagemaker.failure = "the role cannot write"
    more = SCHEMA.model_copy(update={"features": {**SCHEMA.features, "city": "string"}})
    with pytest.raises(InputError, match=r"churn_customers is .*: the role cannot write\. Delete"):
        sagemaker.put(more)


def test_a_change_that_does_not_end_is_reported() -> None:
    sagemaker = SageMaker()
    group = FeatureGroup(sagemaker, PROJECT, "customers", SCHEMA, sleep=lambda _: None)
    with pytest.raises(InputError, match="still Creating after 900 seconds; start the build again"):
        group.put()


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_a_project_without_the_permission_is_named_the_setting_that_grants_it(code: str) -> None:
    with pytest.raises(InputError, match="ask the platform's engineers for `feature_store: true`"):
        SageMaker(error=code).put()


def test_names_of_other_projects_have_another_prefix() -> None:
    longer = replace(PROJECT, project_name="churn-eu")
    names = [FeatureGroup(None, one, "customers", SCHEMA).name for one in (PROJECT, longer)]
    assert names == ["churn_customers", "churn-eu_customers"]
    assert not names[1].startswith("churn_")


def test_a_look_up_needs_an_online_store(tmp_path: Path) -> None:
    features = {
        "group": "customers",
        "source": "s3://b/data/",
        "entity": "customer",
        "time": "at",
        "columns": ["orders"],
        "online": {},
    }
    document = {
        "data": {"target": "answer"},
        "features": features,
        "tuning": {"ranges": {"eta": [0.1, 0.2]}},
    }
    with some_hyperparameters():
        configuration = Configuration.model_validate(document)
    schema_of(tmp_path, VALID.replace("online: true\n", ""))
    with pytest.raises(InputError, match=r"features\.online: got a look-up in customers, "):
        put_features(configuration, tmp_path, PROJECT, None)
    (tmp_path / "features/customers.yaml").write_text(VALID)
    sagemaker = SageMaker()
    sagemaker.put()

    put_features(configuration, tmp_path, PROJECT, sagemaker)

    without = configuration.model_copy(update={"features": None})
    put_features(without, tmp_path, PROJECT, None)

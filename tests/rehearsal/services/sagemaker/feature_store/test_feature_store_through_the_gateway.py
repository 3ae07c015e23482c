"""Feature groups behind the real server: CloudFormation, IAM, S3, Glue, Iceberg, boto3."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.feature_store import offline_iceberg
from rehearsal.services.sagemaker.feature_store.offline_files import Location
from tests.rehearsal.conftest import ACCOUNT, REGION, Aws, running_server

SERVICES = (
    "rehearsal.services.sagemaker.service:SageMaker",
    "rehearsal.services.sagemaker.feature_store.runtime:FeatureStoreRuntime",
)
BUCKET = "churn-features"
OBJECTS = f"arn:aws:s3:::{BUCKET}"
TRUST = {"Service": "sagemaker.amazonaws.com"}
DEFINITIONS = [
    {"FeatureName": "customer_id", "FeatureType": "String"},
    {"FeatureName": "event_time", "FeatureType": "String"},
    {"FeatureName": "orders", "FeatureType": "Integral"},
]
WRITING = (
    {"Action": ["s3:PutObject", "s3:PutObjectAcl"], "Resource": f"{OBJECTS}/features/*"},
    {"Action": "s3:GetObject", "Resource": f"{OBJECTS}/features/*/metadata/*"},
    {"Action": "s3:GetBucketAcl", "Resource": OBJECTS},
    {
        "Action": ["glue:GetTable", "glue:UpdateTable"],
        "Resource": [
            f"arn:aws:glue:{REGION}:{ACCOUNT}:{resource}"
            for resource in ("catalog", "database/features", "table/features/*")
        ],
    },
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_server(tmp_path_factory.mktemp("features"), SERVICES) as aws:
        s3 = aws.client("s3")
        s3.create_bucket(Bucket=BUCKET)
        # As `enforce_ssl` of the CDK writes it.
        insecure = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [OBJECTS, f"{OBJECTS}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        policy = {"Version": "2012-10-17", "Statement": [insecure]}
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))
        yield aws


@pytest.fixture(scope="module")
def role(cloud: Aws) -> str:
    return cloud.role("features-writer", TRUST, *WRITING)


def feature_group(name: str, role: str, **extra: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::SageMaker::FeatureGroup",
        "Properties": {
            "FeatureGroupName": name,
            "RecordIdentifierFeatureName": "customer_id",
            "EventTimeFeatureName": "event_time",
            "FeatureDefinitions": DEFINITIONS,
            "OnlineStoreConfig": {"EnableOnlineStore": True},
            "OfflineStoreConfig": {
                "S3StorageConfig": {"S3Uri": f"s3://{BUCKET}/features"},
                "TableFormat": "Glue",
                "DataCatalogConfig": {
                    "Catalog": "AwsDataCatalog",
                    "Database": "features",
                    "TableName": name,
                },
            },
            "RoleArn": role,
            **extra,
        },
    }


def record(customer: str, moment: str, **values: str) -> list[dict[str, str]]:
    given = {"customer_id": customer, "event_time": moment, **values}
    return [{"FeatureName": name, "ValueAsString": value} for name, value in given.items()]


def eventually(probe: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if value := probe():
            return value
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def test_a_stack_adds_features_in_place_and_removes_none(cloud: Aws, role: str) -> None:
    sagemaker = cloud.client("sagemaker")
    group = feature_group("orders", role)
    outputs = {
        "Name": {"Value": {"Ref": "Group"}},
        "Status": {"Value": {"Fn::GetAtt": ["Group", "FeatureGroupStatus"]}},
    }
    stack = cloud.deploy("features", {"Group": group}, outputs=outputs)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    assert {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]} == {
        "Name": "orders",
        "Status": "Created",
    }
    created = sagemaker.describe_feature_group(FeatureGroupName="orders")["CreationTime"]

    more = feature_group(
        "orders",
        role,
        FeatureDefinitions=[*DEFINITIONS, {"FeatureName": "city", "FeatureType": "String"}],
        OnlineStoreConfig={
            "EnableOnlineStore": True,
            "TtlDuration": {"Unit": "Days", "Value": 30},
        },
        ThroughputConfig={
            "ThroughputMode": "Provisioned",
            "ProvisionedReadCapacityUnits": 5,
            "ProvisionedWriteCapacityUnits": 5,
        },
    )
    stack = cloud.deploy("features", {"Group": more}, update=True)
    assert stack["StackStatus"] == "UPDATE_COMPLETE", stack["Reasons"]
    found = sagemaker.describe_feature_group(FeatureGroupName="orders")
    assert found["CreationTime"] == created
    assert found["FeatureDefinitions"][-1]["FeatureName"] == "city"
    assert found["OnlineStoreConfig"]["TtlDuration"] == {"Unit": "Days", "Value": 30}
    assert found["ThroughputConfig"]["ProvisionedReadCapacityUnits"] == 5
    table = cloud.client("glue").get_table(DatabaseName="features", Name="orders")["Table"]
    assert "city" in [column["Name"] for column in table["StorageDescriptor"]["Columns"]]

    stack = cloud.deploy("features", {"Group": group}, update=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Features cannot be removed or changed: city" in str(stack["Reasons"])

    stack = cloud.deploy("features", {"Group": feature_group("orders2", role)}, update=True)
    assert stack["StackStatus"] == "UPDATE_COMPLETE", stack["Reasons"]
    names = [
        g["FeatureGroupName"] for g in sagemaker.list_feature_groups()["FeatureGroupSummaries"]
    ]
    assert names == ["orders2"]

    cloud.client("cloudformation").delete_stack(StackName="features")
    eventually(lambda: not sagemaker.list_feature_groups()["FeatureGroupSummaries"])
    # The table is the account's, as the files are.
    assert cloud.client("glue").get_table(DatabaseName="features", Name="orders")


def test_records_are_queried_as_an_iceberg_table(cloud: Aws, role: str) -> None:
    config = feature_group("visits", role)["Properties"]
    config["OfflineStoreConfig"]["TableFormat"] = "Iceberg"
    sagemaker = cloud.client("sagemaker")
    records = cloud.client("sagemaker-featurestore-runtime")
    sagemaker.create_feature_group(**config)

    def settled() -> Any:
        found = sagemaker.describe_feature_group(FeatureGroupName="visits")
        return found if found["FeatureGroupStatus"] != "Creating" else None

    found = eventually(settled)
    assert found["FeatureGroupStatus"] == "Created", found.get("FailureReason")
    for day in ("01", "02"):
        moment = f"2026-11-{day}T12:00:00Z"
        records.put_record(FeatureGroupName="visits", Record=record("c1", moment, orders=day))

    def rows() -> list[dict[str, Any]]:
        catalog = offline_iceberg._Catalog(Reaching(cloud), Reaching(cloud), Location(BUCKET, ""))  # type: ignore[arg-type]
        scan = catalog.load_table(("features", "visits")).scan()
        found: list[dict[str, Any]] = scan.to_arrow().to_pylist()
        return found

    both = eventually(lambda: len(found := rows()) == 2 and found)
    assert sorted((row["event_time"], row["orders"]) for row in both) == [
        ("2026-11-01T12:00:00Z", 1),
        ("2026-11-02T12:00:00Z", 2),
    ]
    keys = [o["Key"] for o in cloud.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert any("/data/" in key and "event_time_trunc=2026-11-01" in key for key in keys)

    addition = {"FeatureName": "city", "FeatureType": "String"}
    sagemaker.update_feature_group(FeatureGroupName="visits", FeatureAdditions=[addition])
    later = record("c2", "2026-11-03T12:00:00Z", city="Bonn")
    records.put_record(FeatureGroupName="visits", Record=later)
    three = eventually(lambda: len(found := rows()) == 3 and found)
    assert {row["customer_id"]: row["city"] for row in three} == {"c1": None, "c2": "Bonn"}


class Reaching:
    """A session of the account's root whose clients reach the server."""

    def __init__(self, cloud: Aws) -> None:
        self._cloud = cloud

    def client(self, service: str) -> Any:
        return self._cloud.client(service)


def test_a_role_that_cannot_write_fails_the_stack(cloud: Aws) -> None:
    weak = cloud.role("weak", TRUST, {"Action": "s3:GetBucketAcl", "Resource": OBJECTS})

    stack = cloud.deploy("weak", {"Group": feature_group("weak", weak)})

    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Feature group weak: " in str(stack["Reasons"])
    assert "s3:PutObject" in str(stack["Reasons"])


def test_iam_evaluates_each_group_of_a_request(cloud: Aws, role: str) -> None:
    sagemaker = cloud.client("sagemaker")
    for name in ("Mine", "Theirs"):
        sagemaker.create_feature_group(
            FeatureGroupName=name,
            RecordIdentifierFeatureName="customer_id",
            EventTimeFeatureName="event_time",
            FeatureDefinitions=DEFINITIONS,
            OnlineStoreConfig={"EnableOnlineStore": True},
        )
    eventually(
        lambda: all(
            sagemaker.describe_feature_group(FeatureGroupName=name)["FeatureGroupStatus"]
            == "Created"
            for name in ("Mine", "Theirs")
        )
    )
    # SageMaker writes names in its ARNs in lower case.
    mine = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:feature-group/mine"
    person = cloud.person(
        "reader",
        {"Action": ["sagemaker:PutRecord", "sagemaker:BatchGetRecord"], "Resource": mine},
    )
    records = cloud.client("sagemaker-featurestore-runtime", person)

    records.put_record(FeatureGroupName="Mine", Record=record("c1", "2026-11-01T12:00:00Z"))
    identifiers = {"RecordIdentifiersValueAsString": ["c1"]}
    response = records.batch_get_record(Identifiers=[{"FeatureGroupName": "Mine", **identifiers}])
    assert len(response["Records"]) == 1
    with pytest.raises(ClientError, match="feature-group/theirs") as raised:
        records.batch_get_record(
            Identifiers=[
                {"FeatureGroupName": "Mine", **identifiers},
                {"FeatureGroupName": "Theirs", **identifiers},
            ]
        )
    assert raised.value.response["Error"]["Code"] == "AccessDeniedException"
    with pytest.raises(ClientError, match="GetRecord"):
        records.get_record(FeatureGroupName="Mine", RecordIdentifierValueAsString="c1")

"""Validation of feature groups: messages contain the remedy."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from mlops_constructs.feature_store import (
    CatalogTable,
    Feature,
    FeatureGroup,
    FeatureSchema,
    OfflineStore,
    OnlineStore,
    Throughput,
)

from .conftest import schema_of


def schema_with(**changes: Any) -> FeatureSchema:
    given = {"features": schema_of().features, "record_identifier": "id", "event_time": "at"}
    return FeatureSchema(**{**given, **changes})


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        (schema_of(Feature.string("a b")), "feature 'a b': got a name of 3 characters"),
        (schema_of(Feature.string("x" * 65)), "got a name of 65 characters"),
        (schema_of(Feature.string("x_")), "with a letter or digit first and last"),
        (schema_of(Feature.string("write_time")), "a reserved name of the offline store"),
        (schema_of(Feature("x", "Vector")), "got type 'Vector'; allowed are String, Integral"),
        (schema_of(Feature.string("id")), "feature 'id': got 2 features of this name"),
        (
            schema_of(*(Feature.integral(f"f{number}") for number in range(2499))),
            "features: got 2501; allowed are at most 2500",
        ),
        (
            schema_with(record_identifier="key"),
            "record_identifier: got 'key', which is not a feature",
        ),
        (schema_with(event_time="when"), "event_time: got 'when', which is not a feature"),
        (schema_with(features=[]), "allowed are none, as there are no features"),
        (
            schema_with(features=[Feature.string("id"), Feature.integral("at")]),
            "event_time: got 'at' of type Integral",
        ),
    ],
)
def test_a_schema_that_aws_rejects(schema: FeatureSchema, problem: str) -> None:
    assert [found for found in schema.problems() if problem in found]


def test_a_schema_that_aws_accepts() -> None:
    names = ["a", "A-1", "snake_case", "x" * 64]

    assert not schema_of(*map(Feature.integral, names)).problems()


@pytest.mark.parametrize(
    ("store", "problem"),
    [
        (
            lambda bucket: OfflineStore.iceberg(bucket, table=CatalogTable.none()),
            "offline store table: got none with Iceberg",
        ),
        (
            lambda bucket: OfflineStore.iceberg(
                bucket, table=CatalogTable.existing(database="d", table="t")
            ),
            "offline store table: got existing d.t with Iceberg",
        ),
        (
            lambda bucket: OfflineStore.glue(
                bucket, table=CatalogTable.named(database="Features", table="a-b")
            ),
            "catalog table database: got 'Features'",
        ),
        (
            lambda bucket: OfflineStore.glue(
                bucket, table=CatalogTable.named(database="1st", table="t")
            ),
            "catalog table database: got '1st'; allowed are 1 to 255",
        ),
        (
            lambda bucket: OfflineStore.glue(
                bucket, table=CatalogTable.existing(database="d", table="t" * 253)
            ),
            "allowed are 1 to 252 lower-case letters",
        ),
        (lambda bucket: OfflineStore.glue(bucket, prefix="/a"), "offline store prefix: got '/a'"),
        (lambda bucket: OfflineStore.glue(bucket, prefix=""), "offline store prefix: got ''"),
        (
            lambda bucket: OfflineStore.glue(bucket, prefix="x" * 960),
            "offline store prefix: got 960 characters",
        ),
    ],
)
def test_an_offline_store_that_aws_rejects(
    bucket: s3.IBucket, store: Callable[[s3.IBucket], OfflineStore], problem: str
) -> None:
    assert [found for found in store(bucket).problems() if problem in found]


@pytest.mark.parametrize("milliseconds", [0, 999, 1500])
def test_a_time_to_live_that_aws_rejects(milliseconds: int) -> None:
    store = OnlineStore.standard(time_to_live=cdk.Duration.millis(milliseconds))

    assert "allowed are whole seconds from 1" in store.problems()[0]


@pytest.mark.parametrize("units", [(-1, 1), (1, 10_000_001)])
def test_capacity_that_aws_rejects(units: tuple[int, int]) -> None:
    read, write = units
    throughput = Throughput.provisioned(read_capacity_units=read, write_capacity_units=write)

    (problem,) = throughput.problems()
    assert "allowed are 0 to 10,000,000" in problem


def test_all_problems_come_at_once(stack: cdk.Stack) -> None:
    role = iam.Role.from_role_arn(stack, "Own", "arn:aws:iam::111111111111:role/own")

    with pytest.raises(ValueError, match="FeatureGroup S/G cannot be defined") as error:
        FeatureGroup(
            stack,
            "G",
            schema=schema_with(event_time="when"),
            online=OnlineStore.in_memory(),
            throughput=Throughput.provisioned(read_capacity_units=1, write_capacity_units=1),
            feature_group_name="not a name",
            role=role,
            description="x" * 129,
        )

    text = str(error.value)
    assert "feature_group_name: got 'not a name' (10 characters)" in text
    assert "description: got 129 characters; allowed are at most 128" in text
    assert "event_time: got 'when'" in text
    assert "throughput: got provisioned with the in-memory online store" in text
    assert "role: got a role without an offline store" in text


def test_iceberg_takes_times_as_text_alone(stack: cdk.Stack, bucket: s3.IBucket) -> None:
    """Source: "Quotas, naming rules and data types" of Feature Store."""
    schema = FeatureSchema(
        features=[Feature.string("id"), Feature.fractional("at")],
        record_identifier="id",
        event_time="at",
    )

    with pytest.raises(ValueError, match="got Iceberg with an event time 'at' of type Fractional"):
        FeatureGroup(stack, "G", schema=schema, offline=OfflineStore.iceberg(bucket))
    FeatureGroup(stack, "Files", schema=schema, offline=OfflineStore.glue(bucket))


def test_a_group_needs_a_store(stack: cdk.Stack, schema: FeatureSchema) -> None:
    with pytest.raises(ValueError, match="stores: got neither online nor offline"):
        FeatureGroup(stack, "G", schema=schema)


def test_a_region_without_feature_groups_is_rejected(schema: FeatureSchema) -> None:
    stack = cdk.Stack(cdk.App(), "S", env=cdk.Environment(region="us-gov-west-1"))

    with pytest.raises(ValueError, match=r"us-gov-west-1, where CloudFormation has no AWS::Sage"):
        FeatureGroup(stack, "G", schema=schema, online=OnlineStore.standard())


def test_tokens_are_not_validated(
    stack: cdk.Stack, schema: FeatureSchema, bucket: s3.IBucket
) -> None:
    text = cdk.CfnParameter(stack, "Text").value_as_string
    number = int(cdk.CfnParameter(stack, "Number", type="Number").value_as_number)

    group = FeatureGroup(
        stack,
        "G",
        schema=schema,
        online=OnlineStore.standard(time_to_live=cdk.Duration.seconds(number)),
        offline=OfflineStore.glue(bucket, prefix=text),
        throughput=Throughput.provisioned(read_capacity_units=number, write_capacity_units=number),
        feature_group_name=text,
        description=text,
    )

    assert group.feature_group_name == text

"""Permissions, metrics and events of feature groups, owned and imported."""

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from mlops_constructs.feature_store import (
    CatalogTable,
    FeatureGroup,
    FeatureSchema,
    OfflineStore,
    OnlineStore,
)

from .conftest import GROUP, properties, statements

POLICY = "AWS::IAM::ManagedPolicy"


def test_reading_and_ingesting_include_the_key_of_the_online_store(
    stack: cdk.Stack, schema: FeatureSchema, key: kms.IKey
) -> None:
    online = OnlineStore.standard(encryption_key=key)
    group = FeatureGroup(stack, "G", schema=schema, online=online, feature_group_name="Customers")
    reader, writer = (iam.ManagedPolicy(stack, name) for name in ("Reader", "Writer"))

    group.grant_read(reader)
    group.grant_ingest(writer)

    policies = assertions.Template.from_stack(stack).find_resources(POLICY)
    read, written = (
        next(p["Properties"]["PolicyDocument"]["Statement"] for n, p in policies.items() if w in n)
        for w in ("Reader", "Writer")
    )
    assert read[0]["Action"] == [
        "sagemaker:BatchGetRecord",
        "sagemaker:GetRecord",
        "sagemaker:ListRecords",
    ]
    assert "feature-group/customers" in str(read[0]["Resource"])
    assert read[1]["Action"] == "kms:Decrypt"
    assert written[0]["Action"] == [
        "sagemaker:BatchWriteRecord",
        "sagemaker:DeleteRecord",
        "sagemaker:DescribeFeatureGroup",
        "sagemaker:PutRecord",
    ]
    assert written[1]["Resource"] == key.key_arn


def test_querying_offline_covers_objects_key_and_table(
    stack: cdk.Stack, schema: FeatureSchema, bucket: s3.IBucket
) -> None:
    table = CatalogTable.named(database="d", table="t")
    role = iam.Role.from_role_arn(stack, "Own", "arn:aws:iam::111111111111:role/own")
    group = FeatureGroup(
        stack, "G", schema=schema, offline=OfflineStore.glue(bucket, table=table), role=role
    )
    analyst = iam.ManagedPolicy(stack, "Analyst")

    group.grant_query_offline(analyst)

    allowed = statements(stack, POLICY)
    assert {"s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation", "kms:Decrypt"} < set(allowed)
    assert [":".join(str(arn).split(":")[-2:]) for arn in allowed["glue:GetDatabase"]] == [
        "111111111111:catalog']]}",
        "111111111111:database/d']]}",
        "111111111111:table/d/t']]}",
    ]


def test_a_group_without_an_offline_store_has_nothing_to_query(
    stack: cdk.Stack, schema: FeatureSchema
) -> None:
    group = FeatureGroup(stack, "G", schema=schema, online=OnlineStore.standard())

    with pytest.raises(ValueError, match="FeatureGroup S/G: offline: got none"):
        group.grant_query_offline(iam.ManagedPolicy(stack, "Analyst"))


def test_an_imported_group_grants_like_an_own_one(stack: cdk.Stack, key: kms.IKey) -> None:
    group = FeatureGroup.from_feature_group_name(stack, "G", "Orders", online_encryption_key=key)
    group.grant_read(iam.ManagedPolicy(stack, "Reader"))

    assert set(statements(stack, POLICY)) == {"sagemaker:BatchGetRecord", "kms:Decrypt"}
    assert not assertions.Template.from_stack(stack).find_resources(GROUP)


def test_metrics_and_events_of_a_group(stack: cdk.Stack) -> None:
    group = FeatureGroup.from_feature_group_name(stack, "G", "orders")

    throttled = group.metric_throttled_requests("PutRecord").to_metric_config().metric_stat
    slow = group.metric_latency("GetRecord", statistic="p99", label="slow")
    group.on_state_change("Notify", target=targets.SnsTopic(sns.Topic(stack, "Topic")))

    assert throttled is not None
    assert (throttled.namespace, throttled.statistic) == ("AWS/SageMaker/FeatureStore", "Sum")
    assert [(d.name, d.value) for d in throttled.dimensions or []] == [
        ("FeatureGroupName", "orders"),
        ("OperationName", "PutRecord"),
    ]
    assert (slow.statistic, slow.label) == ("p99", "slow")
    assert group.metric_invocations("PutRecord").metric_name == "Invocations"
    assert group.metric_server_errors("PutRecord").metric_name == "Operation5XXErrors"
    assert properties(stack, "AWS::Events::Rule")["EventPattern"] == {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Feature Group State Change"],
        "detail": {"FeatureGroupName": ["orders"]},
    }

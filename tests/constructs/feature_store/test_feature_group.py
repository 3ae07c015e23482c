"""Feature groups: what they become in the template."""

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.feature_store import (
    CatalogTable,
    FeatureGroup,
    FeatureSchema,
    OfflineStore,
    OnlineStore,
    Throughput,
)

from .conftest import GROUP, properties, statements

POLICY = "AWS::IAM::ManagedPolicy"


def test_a_group_with_both_stores(
    stack: cdk.Stack, schema: FeatureSchema, key: kms.IKey, bucket: s3.IBucket
) -> None:
    FeatureGroup(
        stack,
        "G",
        schema=schema,
        feature_group_name="customers",
        online=OnlineStore.standard(encryption_key=key, time_to_live=cdk.Duration.hours(36)),
        offline=OfflineStore.iceberg(bucket, prefix="features"),
        throughput=Throughput.provisioned(read_capacity_units=50, write_capacity_units=0),
        description="Customers",
    )

    found = properties(stack)
    assert found["FeatureGroupName"] == "customers"
    assert found["RecordIdentifierFeatureName"] == "id"
    assert found["EventTimeFeatureName"] == "at"
    assert found["FeatureDefinitions"] == [
        {"FeatureName": "id", "FeatureType": "String"},
        {"FeatureName": "at", "FeatureType": "String"},
    ]
    assert found["OnlineStoreConfig"] == {
        "EnableOnlineStore": True,
        "StorageType": "Standard",
        "SecurityConfig": {"KmsKeyId": key.key_arn},
        "TtlDuration": {"Unit": "Hours", "Value": 36},
    }
    assert found["OfflineStoreConfig"] == {
        "S3StorageConfig": {"S3Uri": "s3://features/features", "KmsKeyId": key.key_arn},
        "TableFormat": "Iceberg",
        "DisableGlueTableCreation": False,
    }
    assert found["ThroughputConfig"] == {
        "ThroughputMode": "Provisioned",
        "ProvisionedReadCapacityUnits": 50,
        "ProvisionedWriteCapacityUnits": 0,
    }
    assert found["Description"] == "Customers"


def test_a_group_in_memory_needs_no_role(stack: cdk.Stack, schema: FeatureSchema) -> None:
    group = FeatureGroup(stack, "G", schema=schema, online=OnlineStore.in_memory())

    found = properties(stack)
    assert found["FeatureGroupName"] == group.feature_group_name
    assert found["FeatureGroupName"].startswith("S-G")
    assert found["OnlineStoreConfig"] == {"EnableOnlineStore": True, "StorageType": "InMemory"}
    assert not {"RoleArn", "OfflineStoreConfig", "ThroughputConfig"} & found.keys()
    assert group.role is None


@pytest.mark.parametrize(
    ("table", "config"),
    [
        (None, {"DisableGlueTableCreation": False}),
        (CatalogTable.none(), {"DisableGlueTableCreation": True}),
        (
            CatalogTable.named(database="d", table="t"),
            {
                "DisableGlueTableCreation": False,
                "DataCatalogConfig": {
                    "Catalog": "AwsDataCatalog",
                    "Database": "d",
                    "TableName": "t",
                },
            },
        ),
        (
            CatalogTable.existing(database="d", table="t"),
            {
                "DisableGlueTableCreation": True,
                "DataCatalogConfig": {
                    "Catalog": "AwsDataCatalog",
                    "Database": "d",
                    "TableName": "t",
                },
            },
        ),
    ],
)
def test_the_table_of_an_offline_store(
    bucket: s3.IBucket, table: CatalogTable | None, config: dict[str, object]
) -> None:
    rendered = OfflineStore.glue(bucket, table=table).render("customers")

    assert {name: rendered[name] for name in rendered if name != "S3StorageConfig"} == {
        "TableFormat": "Glue",
        **config,
    }
    # Without a prefix each group has a separate part of the bucket.
    assert rendered["S3StorageConfig"]["S3Uri"] == "s3://features/feature-store/customers"


def test_a_group_outlives_its_stack_unless_it_is_thrown_away(
    stack: cdk.Stack, schema: FeatureSchema
) -> None:
    FeatureGroup(stack, "Kept", schema=schema, online=OnlineStore.standard())
    FeatureGroup(
        stack,
        "Thrown",
        schema=schema,
        online=OnlineStore.standard(),
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )

    groups = assertions.Template.from_stack(stack).find_resources(GROUP)
    policies = {
        name: (group["DeletionPolicy"], group["UpdateReplacePolicy"])
        for name, group in groups.items()
    }
    assert sorted(policies.values()) == [("Delete", "Delete"), ("RetainExceptOnCreate", "Retain")]


def test_the_default_role_can_do_what_its_offline_store_needs_and_no_more(
    stack: cdk.Stack, schema: FeatureSchema, bucket: s3.IBucket, key: kms.IKey
) -> None:
    FeatureGroup(
        stack,
        "G",
        schema=schema,
        feature_group_name="My-Customers",
        offline=OfflineStore.iceberg(bucket),
    )

    allowed = statements(stack, POLICY)
    assert str(allowed["s3:PutObject"]).endswith(":s3:::features/feature-store/My-Customers/*']]}")
    assert str(allowed["s3:GetObject"]).endswith("/My-Customers/*/metadata/*']]}")
    assert allowed["kms:Decrypt"] == key.key_arn
    assert "table/sagemaker_featurestore/my_customers_*" in str(allowed["glue:GetTable"][2])
    assert set(allowed) == {
        "glue:GetTable",
        "kms:Decrypt",
        "s3:GetBucketAcl",
        "s3:GetObject",
        "s3:PutObject",
    }


def test_the_default_role_leaves_the_catalog_alone_where_it_makes_no_table(
    stack: cdk.Stack, schema: FeatureSchema, bucket: s3.IBucket
) -> None:
    offline = OfflineStore.glue(bucket, table=CatalogTable.existing(database="d", table="t"))
    FeatureGroup(stack, "G", schema=schema, offline=offline)

    assert set(statements(stack, POLICY)) == {"s3:GetBucketAcl", "s3:PutObject", "kms:Decrypt"}


def test_complaint_12_a_group_waits_for_the_policies_of_its_role(
    stack: cdk.Stack, schema: FeatureSchema, bucket: s3.IBucket
) -> None:
    """SageMaker tries the role out at creation; a policy that comes later makes that fail."""
    role = iam.Role(stack, "Own", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    FeatureGroup(stack, "G", schema=schema, offline=OfflineStore.glue(bucket), role=role)
    bucket.grant_put(role)

    template = assertions.Template.from_stack(stack)
    (group,) = template.find_resources(GROUP).values()
    (policy,) = template.find_resources("AWS::IAM::Policy")
    assert policy in group["DependsOn"]


def test_complaint_7_tags_of_the_app_do_not_replace_a_group(
    stack: cdk.Stack, schema: FeatureSchema
) -> None:
    """Tags of a feature group are createOnly in CloudFormation's schema."""
    FeatureGroup(stack, "G", schema=schema, online=OnlineStore.standard())
    cdk.Tags.of(stack).add("cost-centre", "7")

    assert "Tags" not in properties(stack)


def test_tags_that_are_given_are_all_that_a_group_carries(
    stack: cdk.Stack, schema: FeatureSchema
) -> None:
    FeatureGroup(
        stack, "G", schema=schema, online=OnlineStore.standard(), tags={"b": "2", "a": "1"}
    )
    cdk.Tags.of(stack).add("cost-centre", "7")

    expected = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    assert properties(stack)["Tags"] == expected


def test_a_group_is_shared_with_other_accounts_key_included(
    stack: cdk.Stack, schema: FeatureSchema
) -> None:
    key = kms.Key(stack, "OwnKey")
    group = FeatureGroup(stack, "G", schema=schema, online=OnlineStore.standard(encryption_key=key))

    group.share("Readers", accounts=["222222222222"])
    group.share("Writers", accounts=["333333333333"], write=True)

    template = assertions.Template.from_stack(stack)
    shares = {
        one["Properties"]["Name"]: one["Properties"]
        for one in template.find_resources("AWS::RAM::ResourceShare").values()
    }
    read = shares["Readers"]
    assert read["Principals"] == ["222222222222"]
    assert read["AllowExternalPrincipals"] is False
    assert "feature-group" in str(read["ResourceArns"])
    permissions = [str(shares[name]["PermissionArns"]) for name in ("Readers", "Writers")]
    assert "AWSRAMPermissionSageMakerFeatureGroupReadOnly" in permissions[0]
    assert "AWSRAMPermissionSageMakerFeatureGroupReadWrite" in permissions[1]
    policy = next(iter(template.find_resources("AWS::KMS::Key").values()))["Properties"][
        "KeyPolicy"
    ]
    of_accounts = {
        account: str(statement["Action"])
        for statement in policy["Statement"]
        for account in ("222222222222", "333333333333")
        if account in str(statement["Principal"])
    }
    assert of_accounts["222222222222"] == "kms:Decrypt"
    assert "kms:GenerateDataKey" in of_accounts["333333333333"]


def test_a_group_that_no_account_could_use_is_not_shared(
    stack: cdk.Stack, schema: FeatureSchema, bucket: s3.IBucket
) -> None:
    offline = FeatureGroup(stack, "Off", schema=schema, offline=OfflineStore.iceberg(bucket))
    keyless = FeatureGroup(stack, "On", schema=schema, online=OnlineStore.standard())

    with pytest.raises(ValueError) as without_store:
        offline.share("Readers", accounts=["22"])
    with pytest.raises(ValueError) as without_key:
        keyless.share("Readers", accounts=[])

    assert "FeatureGroup S/Off/Readers cannot be defined" in str(without_store.value)
    assert "accounts: got '22'; allowed is an account id of 12 digits" in str(without_store.value)
    assert "online: got a group without an online store" in str(without_store.value)
    assert "accounts: got none" in str(without_key.value)
    assert "online: got a store with an AWS owned key" in str(without_key.value)

"""Properties of buckets in templates are those that S3 returns; others are rejected by name."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.cloudformation.resource_types import ResourceFailure
from rehearsal.services.s3.bucket_requests import lifecycle_body


def _bucket(name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, **properties}}


def _owner(ownership: str) -> dict[str, Any]:
    return {"Rules": [{"ObjectOwnership": ownership}]}


def test_the_settings_of_a_bucket_are_made_changed_and_removed(aws: Any) -> None:
    s3 = aws.client("s3")
    rule = {"Id": "old", "Status": "Enabled", "Prefix": "runs/", "ExpirationInDays": "30"}
    given = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "OwnershipControls": _owner("BucketOwnerPreferred"),
        "LifecycleConfiguration": {"Rules": [rule]},
        "LoggingConfiguration": {"LogFilePrefix": "access/"},
    }
    stack = aws.deploy("settings", {"Bucket": _bucket("settings-b", **given)})
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    assert s3.get_bucket_versioning(Bucket="settings-b")["Status"] == "Enabled"
    assert s3.get_bucket_ownership_controls(Bucket="settings-b")["OwnershipControls"] == _owner(
        "BucketOwnerPreferred"
    )
    assert s3.get_bucket_lifecycle_configuration(Bucket="settings-b")["Rules"] == [
        {
            "ID": "old",
            "Status": "Enabled",
            "Filter": {"Prefix": "runs/"},
            "Expiration": {"Days": 30},
        }
    ]
    logged = s3.get_bucket_logging(Bucket="settings-b")["LoggingEnabled"]
    assert logged == {"TargetBucket": "settings-b", "TargetPrefix": "access/"}

    changed = {**given, "OwnershipControls": _owner("BucketOwnerEnforced")}
    aws.deploy("settings", {"Bucket": _bucket("settings-b", **changed)}, update=True)
    assert s3.get_bucket_ownership_controls(Bucket="settings-b")["OwnershipControls"] == _owner(
        "BucketOwnerEnforced"
    )

    aws.deploy("settings", {"Bucket": _bucket("settings-b")}, update=True)
    assert s3.get_bucket_versioning(Bucket="settings-b")["Status"] == "Suspended"
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="settings-b")
    for ask in (s3.get_bucket_lifecycle_configuration, s3.get_bucket_ownership_controls):
        with pytest.raises(ClientError):
            ask(Bucket="settings-b")


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        (
            {"AccelerateConfiguration": {"AccelerationStatus": "Enabled"}},
            "The rehearsal's S3 has no AccelerateConfiguration of AWS::S3::Bucket",
        ),
        ({"AccessControl": "LogDeliveryWrite"}, "The bucket does not allow ACLs"),
        (
            {"LoggingConfiguration": {"DestinationBucketName": "nowhere-to-log"}},
            "The target bucket for logging does not exist: nowhere-to-log",
        ),
        (
            {
                "LifecycleConfiguration": {
                    "Rules": [{"Status": "Enabled", "ExpirationInDays": 0}],
                }
            },
            "must be a positive integer",
        ),
    ],
)
def test_a_bucket_that_s3_would_not_keep_so_is_not_made(
    aws: Any, properties: dict[str, Any], reason: str
) -> None:
    name = "rejected-" + next(iter(properties)).lower()
    stack = aws.deploy(name, {"Bucket": _bucket(name, **properties)})
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reason in stack["Reasons"][0]
    with pytest.raises(ClientError):
        aws.client("s3").head_bucket(Bucket=name)


def test_an_update_that_would_be_dropped_leaves_the_bucket_as_it_was(aws: Any) -> None:
    versioning = {"VersioningConfiguration": {"Status": "Enabled"}}
    aws.deploy("dropped", {"Bucket": _bucket("dropped-b", **versioning)})
    metrics = {"MetricsConfigurations": [{"Id": "all"}]}
    stack = aws.deploy("dropped", {"Bucket": _bucket("dropped-b", **metrics)}, update=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "no MetricsConfigurations of AWS::S3::Bucket" in stack["Reasons"][0]
    assert aws.client("s3").get_bucket_versioning(Bucket="dropped-b")["Status"] == "Enabled"


def test_a_bucket_for_logs_has_its_acl(aws: Any) -> None:
    given = {"AccessControl": "LogDeliveryWrite", "OwnershipControls": _owner("ObjectWriter")}
    stack = aws.deploy("log-target", {"Bucket": _bucket("log-target-b", **given)})
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    grants = aws.client("s3").get_bucket_acl(Bucket="log-target-b")["Grants"]
    assert any(grant["Grantee"].get("URI", "").endswith("/LogDelivery") for grant in grants)
    private = {**given, "AccessControl": "Private"}
    aws.deploy("log-target", {"Bucket": _bucket("log-target-b", **private)}, update=True)
    assert len(aws.client("s3").get_bucket_acl(Bucket="log-target-b")["Grants"]) == 1


def test_a_lifecycle_rule_takes_the_names_of_s3() -> None:
    rule = {
        "Status": "Enabled",
        "Prefix": "a/",
        "TagFilters": [{"Key": "k", "Value": "v"}],
        "NoncurrentVersionExpirationInDays": 7,
        "Transition": {"StorageClass": "GLACIER", "TransitionInDays": 1},
        "NoncurrentVersionTransitions": [{"StorageClass": "GLACIER", "TransitionInDays": 2}],
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 3},
    }
    body = lifecycle_body({"Rules": [rule]}).decode()
    for part in (
        "<And><Prefix>a/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And>",
        "<NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays>",
        "<Transition><StorageClass>GLACIER</StorageClass><Days>1</Days></Transition>",
        "<StorageClass>GLACIER</StorageClass><NoncurrentDays>2</NoncurrentDays>",
        "<DaysAfterInitiation>3</DaysAfterInitiation>",
    ):
        assert part in body


def test_an_unsupported_property_of_a_bucket_is_rejected() -> None:
    with pytest.raises(ResourceFailure, match="TransitionDefaultMinimumObjectSize"):
        lifecycle_body({"TransitionDefaultMinimumObjectSize": "varies_by_storage_class"})
    with pytest.raises(ResourceFailure, match="Colour is not a member"):
        lifecycle_body({"Rules": [{"Status": "Enabled", "Colour": "red"}]})

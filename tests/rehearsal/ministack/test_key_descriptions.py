"""Descriptions of KMS keys."""

from __future__ import annotations

from tests.rehearsal.conftest import ACCOUNT, Aws


def test_a_key_names_its_account_and_its_manager(aws: Aws) -> None:
    kms = aws.client("kms")
    created = kms.create_key()["KeyMetadata"]
    described = kms.describe_key(KeyId=created["KeyId"])["KeyMetadata"]
    for found in (created, described):
        assert (found["AWSAccountId"], found["KeyManager"]) == (ACCOUNT, "CUSTOMER")


def test_the_key_of_s3_is_managed_by_aws(aws: Aws) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="managed-by-aws")
    s3.put_object(Bucket="managed-by-aws", Key="a", Body=b"a", ServerSideEncryption="aws:kms")
    described = aws.client("kms").describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert described["KeyManager"] == "AWS"


def test_the_status_of_rotation_names_the_key_and_the_period_of_rotated_keys(aws: Aws) -> None:
    kms = aws.client("kms")
    key = kms.create_key()["KeyMetadata"]
    before = kms.get_key_rotation_status(KeyId=key["KeyId"])
    kms.enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=200)
    after = kms.get_key_rotation_status(KeyId=key["KeyId"])
    assert (before["KeyId"], before["KeyRotationEnabled"]) == (key["Arn"], False)
    assert "RotationPeriodInDays" not in before
    assert (after["KeyRotationEnabled"], after["RotationPeriodInDays"]) == (True, 200)

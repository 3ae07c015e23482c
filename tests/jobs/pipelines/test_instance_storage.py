"""Encryption of the volumes of instance types with and without local disks."""

import pytest

from mlops_jobs.pipelines.instance_storage import volume_key


@pytest.mark.parametrize("instance_type", ["ml.m5.large", "ml.c6i.xlarge", "ml.t3.medium"])
def test_volumes_are_encrypted_with_the_key(instance_type: str) -> None:
    assert volume_key("arn", instance_type) == "arn"


@pytest.mark.parametrize("instance_type", ["ml.m5d.large", "ml.c6id.xlarge", "ml.g5.xlarge"])
def test_local_disks_take_no_key(instance_type: str) -> None:
    assert volume_key("arn", instance_type) is None

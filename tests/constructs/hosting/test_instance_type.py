"""What families of instance types cannot do."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import aws_kms as kms

from mlops_constructs._instance_type import has_local_storage, is_burstable
from mlops_constructs.hosting import (
    Model,
    RealTimeVariant,
)

Refusal = Callable[..., str]


def real_time(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


@pytest.mark.parametrize(
    "family", ["c6gd", "dl1", "g4dn", "g5", "g6e", "m5d", "p4d", "p5", "p6-b200", "r7gd", "trn1"]
)
def test_a_key_is_refused_where_it_would_not_encrypt_local_disks(
    refusal: Refusal, model: Model, key: kms.IKey, family: str
) -> None:
    instance_type = f"ml.{family}.24xlarge"
    told = refusal(real_time(model, instance_type=instance_type), encryption_key=key)

    assert f"on {instance_type}, which keeps data on local NVMe disks" in told


@pytest.mark.parametrize("family", ["c6gn", "c6in", "inf2", "m5", "m7i", "m8g", "p3", "r8g", "t2"])
def test_types_without_local_disks_are_known(family: str) -> None:
    assert not has_local_storage(f"ml.{family}.large")


def test_burstable_types_are_known() -> None:
    assert [is_burstable(f"ml.{family}.medium") for family in ("t2", "t3", "trn1", "m5")] == [
        True,
        True,
        False,
        False,
    ]

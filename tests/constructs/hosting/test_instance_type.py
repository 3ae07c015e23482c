"""Properties of instance type families."""

from fnmatch import fnmatchcase
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_kms as kms
from botocore.loaders import Loader
from botocore.model import ServiceModel, StringShape

from mlops_constructs._instance_type import (
    LOCAL_STORAGE_PATTERNS,
    has_local_storage,
    is_burstable,
)
from mlops_constructs.hosting import (
    Endpoint,
    Model,
    RealTimeVariant,
)


def real_time(model: Model, **settings: Any) -> RealTimeVariant:
    return RealTimeVariant(model=model, **{"instance_type": "ml.m7i.large", **settings})


@pytest.mark.parametrize(
    "family", ["c6gd", "dl1", "g4dn", "g5", "g6e", "m5d", "p4d", "p5", "p6-b200", "r7gd", "trn1"]
)
def test_an_endpoint_has_a_key_beside_local_disks_and_says_what_the_key_leaves_out(
    stack: cdk.Stack, model: Model, key: kms.IKey, family: str
) -> None:
    instance_type = f"ml.{family}.24xlarge"

    Endpoint(
        stack,
        "E",
        variants=[real_time(model, instance_type=instance_type)],
        encryption_key=key,
    )

    template = assertions.Template.from_stack(stack)
    template.has_resource_properties("AWS::SageMaker::EndpointConfig", {"KmsKeyId": key.key_arn})
    message = assertions.Annotations.from_stack(stack)
    message.has_info(
        "/S/E",
        assertions.Match.string_like_regexp(
            f"variant AllTraffic on {instance_type} keeps data on local NVMe disks"
        ),
    )


def test_each_family_that_sagemaker_hosts_on_is_known() -> None:
    """Read from "Instance store volumes" of the EC2 guide; a new family has to be looked up."""
    local = "c5d c6gd dl1 g4dn g5 g6 g6e g7 g7e m5d m6gd p4d p4de p5 p5e p5en p6-b200 p6-b300 "
    local += "p6e-gb200 r5d r6gd r7gd trn1 trn1n trn2"
    remote = "c4 c5 c6g c6gn c6i c6in c7g c7i c8g inf1 inf2 m4 m5 m6g m6i m7i m8g p2 p3 r5 r6g "
    remote += "r6i r7i r8g t2"
    model = ServiceModel(Loader().load_service_model("sagemaker", "service-2"))
    types = cast(StringShape, model.shape_for("ProductionVariantInstanceType")).enum
    families = {name.split(".")[1] for name in types}

    assert families == {*local.split(), *remote.split()}
    found = {name.split(".")[1] for name in types if has_local_storage(name)}
    assert found == set(local.split())


@pytest.mark.parametrize(
    "shape",
    [
        "ProcessingInstanceType",
        "ProductionVariantInstanceType",
        "TrainingInstanceType",
        "TransformInstanceType",
    ],
)
def test_policies_know_the_same_types_by_wildcards(shape: str) -> None:
    model = ServiceModel(Loader().load_service_model("sagemaker", "service-2"))
    for name in cast(StringShape, model.shape_for(shape)).enum:
        matched = any(fnmatchcase(name, pattern) for pattern in LOCAL_STORAGE_PATTERNS)
        assert matched == has_local_storage(name), name


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

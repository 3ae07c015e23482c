"""Limits of containers by instance type."""

import pytest

from rehearsal.containers.limits import DEFAULT_LIMITS, GIBIBYTE, MEBIBYTE, Exceeded, Limits
from rehearsal.services.sagemaker.hosting.instance_limits import (
    component_limits,
    instance_limits,
    limit_reason,
    resource_limits,
    variant_limits,
)


@pytest.mark.parametrize(
    ("instance_type", "cpus", "gibibytes"),
    [
        ("ml.t3.medium", 2, 4),
        ("ml.t2.2xlarge", 8, 32),
        ("ml.m5.large", 2, 8),
        ("ml.m5.12xlarge", 48, 192),
        ("ml.c5.xlarge", 4, 8),
        ("ml.c4.xlarge", 4, 7.5),
        ("ml.r5.2xlarge", 8, 64),
        ("ml.m7i.large", 2, 8),
        ("ml.g4dn.xlarge", 4, 16),
        ("ml.g5.48xlarge", 192, 768),
        ("ml.p3.2xlarge", 8, 61),
        ("ml.inf2.xlarge", 4, 16),
    ],
)
def test_types_have_the_published_capacity(
    instance_type: str, cpus: float, gibibytes: float
) -> None:
    assert instance_limits(instance_type, 5) == Limits(
        memory=int(gibibytes * GIBIBYTE), cpus=cpus, disk=5 * GIBIBYTE
    )


@pytest.mark.parametrize("instance_type", [None, "", "ml.new9.large", "local"])
def test_other_types_have_the_limits_of_this_machine(instance_type: str | None) -> None:
    assert instance_limits(instance_type) == DEFAULT_LIMITS


def test_groups_of_instances_have_the_limits_of_the_first() -> None:
    groups = {"InstanceGroups": [{"InstanceType": "ml.c5.xlarge"}], "VolumeSizeInGB": 7}
    assert resource_limits(groups) == instance_limits("ml.c5.xlarge", 7)


def test_a_serverless_variant_has_its_memory() -> None:
    limits = variant_limits({"ServerlessConfig": {"MemorySizeInMB": 3072, "MaxConcurrency": 5}})
    assert (limits.memory, limits.cpus, limits.disk) == (3 * GIBIBYTE, 1, 5 * GIBIBYTE)
    assert variant_limits({"InstanceType": "ml.m5.large"}) == instance_limits("ml.m5.large")


def test_a_copy_of_a_component_has_its_largest_memory() -> None:
    limits = component_limits({"MaxMemoryRequiredInMb": 512}, "ml.m5.large")
    assert (limits.memory, limits.cpus) == (512 * MEBIBYTE, 2)
    assert component_limits({}, "ml.m5.large") == instance_limits("ml.m5.large")


@pytest.mark.parametrize(
    ("exceeded", "reason"),
    [
        (Exceeded.PROCESSES, "AlgorithmError: Killed, too many processes: 2048 were running"),
        (Exceeded.DISK, "ClientError: Killed, No space left on device: more than 1.0 GiB"),
    ],
)
def test_the_reason_names_the_limit(exceeded: Exceeded, reason: str) -> None:
    found = limit_reason(Limits(memory=GIBIBYTE, disk=GIBIBYTE), exceeded, 137)
    assert found.startswith(reason)
    assert found.endswith(", exit code: 137")

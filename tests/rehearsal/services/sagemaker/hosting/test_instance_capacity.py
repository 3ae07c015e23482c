"""What instances hold, and how many of them copies need."""

from __future__ import annotations

import pytest

from rehearsal.services.sagemaker.hosting.instance_capacity import (
    Size,
    instance_size,
    instances_needed,
)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("ml.m5.large", Size(2, 8192)),
        ("ml.c7g.4xlarge", Size(16, 32768)),
        ("ml.r6gd.xlarge", Size(4, 32768)),
        ("ml.m8g.medium", Size(1, 4096)),
        ("ml.g5.xlarge", None),
    ],
)
def test_sizes_follow_from_the_names_of_instance_types(name: str, size: Size | None) -> None:
    assert instance_size(name) == size


def test_copies_share_instances() -> None:
    instance = Size(4, 16384)

    assert instances_needed(instance, []) == 0
    assert instances_needed(instance, [Size(1, 1024)] * 4) == 1
    assert instances_needed(instance, [Size(3, 1024), Size(2, 1024), Size(1, 1024)]) == 2
    assert instances_needed(instance, [Size(0.25, 20000)]) is None

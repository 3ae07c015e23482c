"""Regions without a resource type are reported by name."""

import aws_cdk as cdk
import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from mlops_constructs._regions import region_problems, region_table


def stack_in(region: str | None) -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Example", env=cdk.Environment(region=region))


@pytest.mark.parametrize("region", region_table()["regions"])
def test_the_table_is_that_of_the_schemas_of_cloudformation(region: str) -> None:
    known = set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))
    missing = region_table()["missing"]

    assert {kind for kind in missing if kind not in known} == {
        kind for kind, regions in missing.items() if region in regions
    }


def test_a_region_without_the_type_is_rejected_with_the_ones_that_have_it() -> None:
    problems = region_problems(stack_in("ca-west-1"), "AWS::SageMaker::Domain")

    assert len(problems) == 1
    assert "got ca-west-1, where CloudFormation has no AWS::SageMaker::Domain" in problems[0]
    assert "eu-central-1" in problems[0]
    assert "mx-central-1" not in problems[0]


@pytest.mark.parametrize("region", ["eu-central-1", "xx-future-1", None])
def test_other_regions_are_not(region: str | None) -> None:
    assert not region_problems(stack_in(region), "AWS::SageMaker::Domain")

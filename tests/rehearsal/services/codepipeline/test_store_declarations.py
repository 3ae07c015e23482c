"""A pipeline has an artifact store in each region that its actions work in."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from rehearsal.services.codepipeline.declaration_rules import check_declaration
from tests.rehearsal.services.codepipeline.declarations import (
    ACTION,
    PIPELINE,
    REGION,
    STRUCTURE,
    Change,
    build_of,
    is_rejected,
    source_of,
)

OTHER = "eu-west-1"


def replicated(pipeline: dict[str, Any], *regions: str) -> dict[str, Any]:
    """Gives the pipeline a store in each of the regions, and its build in another one."""
    store = pipeline.pop("artifactStore")
    pipeline["artifactStores"] = dict.fromkeys(regions, store)
    build_of(pipeline)["region"] = OTHER
    return pipeline


def test_an_action_in_another_region_is_accepted_with_a_store_there() -> None:
    pipeline = deepcopy(PIPELINE)
    replicated(pipeline, REGION, OTHER)
    check_declaration(pipeline, REGION)


def test_the_region_of_the_pipeline_needs_no_second_store() -> None:
    pipeline = deepcopy(PIPELINE)
    build_of(pipeline)["region"] = REGION
    check_declaration(pipeline, REGION)


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda p: p.pop("artifactStore"), STRUCTURE, "either artifactStore or artifactStores"),
        (
            lambda p: build_of(p).update(region=OTHER),
            ACTION,
            "in the region eu-west-1, its pipeline in us-east-1: specify artifactStores",
        ),
        (
            lambda p: replicated(p, REGION, "eu-west-3"),
            ACTION,
            "artifactStores has none for the region eu-west-1",
        ),
        (
            lambda p: replicated(p, OTHER),
            STRUCTURE,
            "artifactStores has none for the region us-east-1 of the pipeline",
        ),
        (
            lambda p: source_of(replicated(p, REGION, OTHER)).update(region=OTHER),
            ACTION,
            "a source action cannot be in another region (eu-west-1)",
        ),
    ],
)
def test_what_lacks_a_store_is_rejected_with_its_region(
    change: Change, code: str, words: str
) -> None:
    is_rejected(change, code, words)

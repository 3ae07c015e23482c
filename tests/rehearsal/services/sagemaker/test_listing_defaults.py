"""The order of lists without SortBy and SortOrder, as the API reference documents it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import rehearsal.services.sagemaker as package
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.service_model import input_shape
from rehearsal.services.sagemaker.stored_resource import Kind

_DEFAULT = re.compile(r"default(?: value)? is <code>(\w+)</code>", re.IGNORECASE)


def values(module: Any) -> Iterator[Any]:
    for value in vars(module).values():
        yield from value if isinstance(value, list | tuple) else (value,)


def listings() -> list[Listing]:
    """The list operations that a declaration implements."""
    found = {}
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for value in values(importlib.import_module(module.name)):
            listing = value.listing if isinstance(value, Kind) else value
            if isinstance(listing, Listing):
                found[listing.operation] = listing
    return [found[name] for name in sorted(found)]


def documented(operation: str, member: str) -> str | None:
    shape = input_shape(operation).members.get(member)
    match = _DEFAULT.search(shape.documentation) if shape else None
    # Some operations write their values in capitals: CREATION_TIME.
    return match.group(1).replace("_", "").lower() if match else None


LISTINGS = listings()
# The member SortOrder says Ascending, but the description of ListTrainingJobs says "from the most
# current to the oldest", and AWS's project templates deploy the first package of ListModelPackages
# as the latest one.
NEWEST_FIRST = ("ListModelPackages", "ListTrainingJobs")


@pytest.mark.parametrize("listing", LISTINGS, ids=lambda listing: listing.operation)
def test_a_list_has_the_documented_order(listing: Listing) -> None:
    order = "descending" if listing.newest_first else "ascending"
    by = listing.sort_by.lower()

    if listing.operation in NEWEST_FIRST:
        assert order == "descending"
    else:
        assert documented(listing.operation, "SortOrder") in (None, order)
    # Pipelines call the time of creation CreatedTime.
    assert documented(listing.operation, "SortBy") in (None, by, by.replace("creation", "created"))


def test_the_documented_orders_are_read() -> None:
    documented_orders = [one for one in LISTINGS if documented(one.operation, "SortOrder")]

    assert len(documented_orders) > len(LISTINGS) / 2


def test_the_newest_version_of_a_group_is_listed_first(sagemaker: Any) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName="churn")
    for _ in range(2):
        sagemaker.create_model_package(
            ModelPackageGroupName="churn",
            InferenceSpecification={
                "Containers": [{"Image": "image:1"}],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
        )

    listed = sagemaker.list_model_packages(ModelPackageGroupName="churn")

    versions = [one["ModelPackageVersion"] for one in listed["ModelPackageSummaryList"]]
    assert versions == [2, 1]

"""The tagging API lists the resources of the rehearsal's services."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.rehearsal.conftest import Aws, running_server

SERVICES = (
    "rehearsal.services.sagemaker.service:SageMaker",
    "rehearsal.services.servicecatalog:ServiceCatalog",
)

pytestmark = pytest.mark.process


@pytest.fixture(scope="module", name="aws")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    with running_server(tmp_path_factory.mktemp("tagged"), SERVICES) as aws:
        yield aws


def test_the_tags_of_every_service_are_found(aws: Any) -> None:
    tags = [{"Key": "team", "Value": "tagged-resources"}]
    catalog, sagemaker = aws.client("servicecatalog"), aws.client("sagemaker")
    created = catalog.create_portfolio(
        DisplayName="tagged", ProviderName="us", Tags=tags, IdempotencyToken="tagged"
    )["PortfolioDetail"]
    group = sagemaker.create_model_package_group(ModelPackageGroupName="tagged", Tags=tags)
    sagemaker.create_model_package_group(ModelPackageGroupName="without-tags")
    tagging = aws.client("resourcegroupstaggingapi")
    wanted = [{"Key": "team", "Values": ["tagged-resources"]}]

    def found(**filters: Any) -> list[str]:
        response = tagging.get_resources(TagFilters=wanted, **filters)
        return sorted(one["ResourceARN"] for one in response["ResourceTagMappingList"])

    assert found() == sorted([created["ARN"], group["ModelPackageGroupArn"]])
    assert found(ResourceTypeFilters=["sagemaker:model-package-group"]) == [
        group["ModelPackageGroupArn"]
    ]
    assert found(ResourceTypeFilters=["catalog:portfolio"]) == [created["ARN"]]
    assert found(ResourceTypeFilters=["sagemaker:model"]) == []
    assert "tagged-resources" in tagging.get_tag_values(Key="team")["TagValues"]
    sagemaker.delete_model_package_group(ModelPackageGroupName="tagged")
    assert found() == [created["ARN"]]


def test_an_account_and_region_find_their_own_resources(aws: Any) -> None:
    tags = [{"Key": "place", "Value": "here"}]
    aws.client("sagemaker").create_model_package_group(ModelPackageGroupName="here", Tags=tags)
    wanted = [{"Key": "place"}]

    elsewhere = aws.session("222222222222")
    listed = aws.client("resourcegroupstaggingapi", elsewhere).get_resources(TagFilters=wanted)

    assert listed["ResourceTagMappingList"] == []

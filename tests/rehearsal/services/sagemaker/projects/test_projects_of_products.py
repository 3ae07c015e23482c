"""Projects from Service Catalog products: the calls of SageMaker on behalf of the caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.framework.platform import AwsError, Context
from rehearsal.framework.service import Operation, Request, Response
from rehearsal.services.sagemaker.service import SageMaker
from rehearsal.services.servicecatalog import ServiceCatalog
from tests.rehearsal.fakes import CALLER, FakePlatform

Eventually = Callable[[Callable[[], Any]], Any]
PRODUCT = {"ProductId": "prod-1", "PathId": "lpv3-1"}


class Catalog(ServiceCatalog):
    """A Service Catalog whose launches end at once, with `outcome`."""

    outcome = "SUCCEEDED"

    def __init__(self, platform: FakePlatform) -> None:
        super().__init__(platform)
        self.asked: list[tuple[str, Mapping[str, Any], str]] = []

    def operation(self, method: str) -> Operation | None:
        return {
            "provision_product": self._provision,
            "update_provisioned_product": self._start("update"),
            "terminate_provisioned_product": self._start("terminate"),
            "describe_record": self._describe_record,
        }[method]

    def _provision(self, request: Request, context: Context) -> Response:
        if request["ProductId"] != "prod-1":
            raise AwsError("ResourceNotFoundException", "Product not found.")
        return self._start("provision")(request, context)

    def _start(self, verb: str) -> Callable[[Request, Context], Response]:
        def start(request: Request, context: Context) -> Response:
            self.asked.append((verb, request, context.caller_arn))
            return {"RecordDetail": {"RecordId": "rec-1"}}

        return start

    def _describe_record(self, request: Request, context: Context) -> Response:
        errors = [] if self.outcome == "SUCCEEDED" else [{"Code": "CFN", "Description": "no key"}]
        detail = {"ProvisionedProductId": "pp-1", "Status": self.outcome, "RecordErrors": errors}
        return {"RecordDetail": detail}


@pytest.fixture
def catalog(service: SageMaker, platform: FakePlatform) -> Catalog:
    catalog = Catalog(platform)
    service.peers = {"servicecatalog": catalog}
    return catalog


@pytest.fixture
def settled(sagemaker: Any, eventually: Eventually) -> Callable[[], dict[str, Any]]:
    def wait() -> dict[str, Any]:
        def probe() -> Any:
            response = sagemaker.describe_project(ProjectName="churn")
            return None if response["ProjectStatus"].endswith("InProgress") else response

        response: dict[str, Any] = eventually(probe)
        return response

    return wait


def create(sagemaker: Any, **details: Any) -> Any:
    return sagemaker.create_project(
        ProjectName="churn",
        Tags=[{"Key": "team", "Value": "growth"}],
        ServiceCatalogProvisioningDetails={**PRODUCT, **details},
    )


def values(request: Mapping[str, Any]) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in request["ProvisioningParameters"]}


def test_a_project_lives_with_its_product(
    sagemaker: Any,
    catalog: Catalog,
    settled: Callable[[], dict[str, Any]],
    eventually: Eventually,
) -> None:
    project_id = create(sagemaker, ProvisioningParameters=[{"Key": "A", "Value": "1"}])["ProjectId"]
    project = settled()
    own = {"SageMakerProjectName": "churn", "SageMakerProjectId": project_id}
    assert project["ProjectStatus"] == "CreateCompleted"
    assert project["ServiceCatalogProvisionedProductDetails"] == {
        "ProvisionedProductId": "pp-1",
        "ProvisionedProductStatusMessage": "AVAILABLE",
    }

    newer = {
        "ProvisioningArtifactId": "pa-2",
        "ProvisioningParameters": [{"Key": "A", "Value": "2"}],
    }
    sagemaker.update_project(ProjectName="churn", ServiceCatalogProvisioningUpdateDetails=newer)
    project = settled()
    assert project["ProjectStatus"] == "UpdateCompleted"
    assert project["ServiceCatalogProvisioningDetails"]["ProvisioningArtifactId"] == "pa-2"
    sagemaker.delete_project(ProjectName="churn")
    eventually(lambda: not sagemaker.list_projects()["ProjectSummaryList"])

    (_, provision, caller), (_, update, _), (_, terminate, _) = catalog.asked
    assert caller == CALLER.caller_arn
    assert provision["PathId"] == "lpv3-1"
    assert values(provision) == {"A": "1", **own}
    assert {"Key": "sagemaker:project-id", "Value": project_id} in provision["Tags"]
    assert {"Key": "team", "Value": "growth"} in provision["Tags"]
    assert (update["ProvisionedProductId"], update["ProvisioningArtifactId"]) == ("pp-1", "pa-2")
    assert values(update) == {"A": "2", **own}
    assert terminate["ProvisionedProductId"] == "pp-1"


def test_a_failed_launch_fails_the_project(
    sagemaker: Any, catalog: Catalog, settled: Callable[[], dict[str, Any]]
) -> None:
    catalog.outcome = "FAILED"
    create(sagemaker)

    project = settled()

    assert project["ProjectStatus"] == "CreateFailed"
    details = project["ServiceCatalogProvisionedProductDetails"]
    assert details["ProvisionedProductStatusMessage"] == "no key"


def test_a_rejected_launch_leaves_no_project(
    sagemaker: Any, catalog: Catalog, platform: FakePlatform
) -> None:
    with pytest.raises(ClientError, match="Product not found"):
        create(sagemaker, ProductId="prod-2")
    platform.denied.add(
        ("servicecatalog:ProvisionProduct", "arn:aws:catalog:us-east-1:111111111111:product/prod-1")
    )
    with pytest.raises(ClientError, match="servicecatalog:ProvisionProduct"):
        create(sagemaker)

    assert sagemaker.list_projects()["ProjectSummaryList"] == []


def test_a_project_stays_with_its_way(
    sagemaker: Any, catalog: Catalog, settled: Callable[[], dict[str, Any]]
) -> None:
    create(sagemaker)
    settled()
    template = {"TemplateName": "churn", "TemplateURL": "https://s3.amazonaws.com/a/b.yaml"}

    with pytest.raises(ClientError, match="has ServiceCatalogProvisioningDetails: only that"):
        sagemaker.update_project(
            ProjectName="churn", TemplateProvidersToUpdate=[{"CfnTemplateProvider": template}]
        )
    with pytest.raises(ClientError, match="SageMakerProjectId is set by SageMaker"):
        own = [{"Key": "SageMakerProjectId", "Value": "x"}]
        sagemaker.update_project(
            ProjectName="churn",
            ServiceCatalogProvisioningUpdateDetails={"ProvisioningParameters": own},
        )

"""Endpoint configurations: the models of an endpoint, its instances, and what it captures."""

from rehearsal.framework.platform import Context, Scope
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.hosting.models import Models
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.stored_resource import Kind, StoredResource

KIND = Kind(
    noun="EndpointConfig",
    path="endpoint-config",
    words="endpoint configuration",
    listing=Listing(
        operation="ListEndpointConfigs",
        member="EndpointConfigs",
        name="EndpointConfigName",
        modified=None,
    ),
)
# "Unless otherwise specified, all variants have equal weight" (API_ProductionVariant).
DEFAULT_WEIGHT = 1.0


class EndpointConfigs(StoredResource):
    """Create-, Describe-, List- and DeleteEndpointConfig.

    Args:
        backend: the backend of SageMaker.
        models: the models of SageMaker.
    """

    def __init__(self, backend: Backend, models: Models) -> None:
        super().__init__(backend, KIND)
        self._models = models

    def prepare(self, record: Record, context: Context) -> None:
        variants = record["ProductionVariants"] + record.get("ShadowProductionVariants", [])
        for variant in variants:
            if variant.get("ModelName"):  # it must exist
                self._models.served(context.scope, variant["ModelName"], "CreateEndpointConfig")
        self.backend.identity.check_role(context, record.get("ExecutionRoleArn"))
        for variant in variants:
            variant.setdefault("InitialVariantWeight", DEFAULT_WEIGHT)

    def changed(self, record: Record, scope: Scope) -> None:
        members = ("EndpointConfigName", "EndpointConfigArn", "ProductionVariants", "CreationTime")
        detail = {name: record[name] for name in members}
        arn = record["EndpointConfigArn"]
        self.backend.emit(scope, "SageMaker Endpoint Config State Change", detail, arn)

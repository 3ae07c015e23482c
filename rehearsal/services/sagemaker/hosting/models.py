"""Models, which endpoints and transform jobs serve."""

from typing import Any

from rehearsal.framework.platform import Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.framework.store import Store
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.data_plane import ServedModel
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record
from rehearsal.services.sagemaker.registry.hub_references import HubReferences
from rehearsal.services.sagemaker.registry.model_packages import ModelPackages
from rehearsal.services.sagemaker.stored_resource import Kind, StoredResource

KIND = Kind(
    noun="Model",
    path="model",
    listing=Listing(operation="ListModels", member="Models", name="ModelName", modified=None),
)


class Models(StoredResource):
    """Create-, Describe-, List- and DeleteModel.

    Args:
        backend: the backend of SageMaker.
        packages: the model packages that models name.
        hubs: the models of hubs that models refer to.
    """

    def __init__(self, backend: Backend, packages: ModelPackages, hubs: HubReferences) -> None:
        super().__init__(backend, KIND)
        self._packages = packages
        self._hubs = hubs
        self._served: Store[ServedModel] = Store()

    def create(self, request: Request, context: Context) -> Response:
        record = self.backend.accept("CreateModel", request)
        self.backend.identity.check_role(context, record.get("ExecutionRoleArn"))
        record.setdefault("EnableNetworkIsolation", False)
        # A model package is resolved now: later changes of its approval do not affect endpoints.
        given = record.get("Containers") or [record["PrimaryContainer"]]
        served = ServedModel(
            containers=[self._resolved(context, container, request) for container in given],
            role_arn=record["ExecutionRoleArn"],
            vpc=record.get("VpcConfig"),
            isolated=record["EnableNetworkIsolation"],
            direct=record.get("InferenceExecutionConfig", {}).get("Mode") == "Direct",
        )
        with self.backend.lock:
            response = self.add(record, request, context)
            self._served.of(context.scope)[record["ModelName"]] = served
        self.changed(record, context.scope)
        return response

    def changed(self, record: Record, scope: Scope) -> None:
        members = ("ModelName", "ModelArn", "ExecutionRoleArn", "CreationTime", "PrimaryContainer")
        detail = {name: record[name] for name in members if name in record}
        self.backend.emit(scope, "SageMaker Model State Change", detail, record["ModelArn"])

    def served(self, scope: Scope, name: str, operation: str) -> ServedModel:
        """Returns a model as what serves it needs it.

        Args:
            scope: account and region.
            name: the name of the model.
            operation: the API name of the operation that needs it.

        Raises:
            AwsError: ValidationException, if there is no such model.
        """
        with self.backend.lock:
            self.find(scope, name, operation)
            return self._served.of(scope)[name]

    def _resolved(
        self, context: Context, container: dict[str, Any], request: Request
    ) -> dict[str, Any]:
        package = container.get("ModelPackageName")
        source = container.get("ModelDataSource", {}).get("S3DataSource", {})
        if source.get("HubAccessConfig"):
            self._hubs.deploy_hub_model(context, source)
        if not package:
            return container
        packaged = self._packages.package_containers(context, package, request)[0]
        environment = packaged.get("Environment", {}) | container.get("Environment", {})
        return {**packaged, "Environment": environment}

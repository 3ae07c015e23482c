"""Inference components: models with a number of copies on the instances of an endpoint."""

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.hosting import endpoint_progress
from rehearsal.services.sagemaker.hosting.components.adapters import ComponentAdapters, is_adapter
from rehearsal.services.sagemaker.hosting.components.deployment import ComponentDeployments
from rehearsal.services.sagemaker.hosting.components.placement import (
    KIND,
    ComponentPlacement,
    Specification,
)
from rehearsal.services.sagemaker.hosting.endpoint_registry import EndpointRegistry
from rehearsal.services.sagemaker.hosting.models import Models
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now

LISTING = Listing(
    operation="ListInferenceComponents",
    member="InferenceComponents",
    name="InferenceComponentName",
    status="InferenceComponentStatus",
    equal={"EndpointNameEquals": "EndpointName", "VariantNameEquals": "VariantName"},
)
_BUSY = ("Creating", "Updating", "Deleting")


class InferenceComponents:
    """Create-, Describe-, List-, Update-, DeleteInferenceComponent, and its RuntimeConfig.

    Args:
        backend: the backend of SageMaker.
        models: the models of SageMaker.
        placement: the components of endpoints.
        deployments: deploys components.
        registry: the endpoints that serve.
    """

    def __init__(
        self,
        backend: Backend,
        models: Models,
        placement: ComponentPlacement,
        deployments: ComponentDeployments,
        registry: EndpointRegistry,
    ) -> None:
        self._backend = backend
        self._models = models
        self._placement = placement
        self._deployments = deployments
        self._registry = registry
        self._adapters = ComponentAdapters(backend, models, placement)

    def create_inference_component(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("CreateInferenceComponent", request)
        if is_adapter(given.get("Specification", {})):
            return self._create_adapter(given, request, context)
        if not given.get("Specification") or not given.get("RuntimeConfig"):
            raise _invalid("CreateInferenceComponent needs Specification and RuntimeConfig.")
        endpoint = self._hosting_endpoint(context.scope, given["EndpointName"])
        variant = self._variant(endpoint, given.get("VariantName"))
        self._check_specification(context.scope, given["Specification"])
        name = given["InferenceComponentName"]
        record = {
            **_created(context.scope, name, endpoint, variant),
            "RuntimeConfig": {
                "DesiredCopyCount": given["RuntimeConfig"]["CopyCount"],
                "CurrentCopyCount": 0,
            },
        }
        self._add(record, request, context)
        self._backend.workers.start(
            f"create inference component {name}",
            lambda: self._deployments.deploy_component(context.scope, record),
        )
        return {"InferenceComponentArn": record["InferenceComponentArn"]}

    def _create_adapter(
        self, given: Mapping[str, Any], request: Request, context: Context
    ) -> Response:
        specification, name = given["Specification"], given["InferenceComponentName"]
        endpoint = self._hosting_endpoint(context.scope, given["EndpointName"])
        base = self._adapters.check(context.scope, given, endpoint)
        record = _created(context.scope, name, endpoint, base["VariantName"])
        self._add(record, request, context)
        self._backend.workers.start(
            f"load adapter {name}",
            lambda: self._adapters.load(context.scope, record, base, specification),
        )
        return {"InferenceComponentArn": record["InferenceComponentArn"]}

    def restart(self, scope: Scope, record: Record) -> None:
        """Starts the copies of a component again, or loads an adapter again."""
        specification = self._placement.specification(scope, record["InferenceComponentName"])
        if not is_adapter(specification):
            self._deployments.deploy_component(scope, record)
            return
        name = specification["BaseInferenceComponentName"]
        base = self._backend.find(scope, KIND, name, operation="DescribeInferenceComponent")
        self._adapters.load(scope, record, base, specification)

    def describe_inference_component(self, request: Request, context: Context) -> Response:
        record = self._component(context.scope, request, "DescribeInferenceComponent")
        return self._backend.describe("DescribeInferenceComponent", record)

    def list_inference_components(self, request: Request, context: Context) -> Response:
        with self._backend.lock:
            records = self._backend.records.of(context.scope, KIND).values()
            return LISTING.respond(records, request)

    def update_inference_component(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateInferenceComponent", request)
        record = self._settled(context.scope, given, "UpdateInferenceComponent")
        before = self._specification(context.scope, record)
        specification = given.get("Specification") or before
        if is_adapter(before) or is_adapter(specification):
            return self._update_adapter(context.scope, {**given, "Specification": specification})
        self._check_specification(context.scope, specification)
        copies = given.get("RuntimeConfig", {}).get("CopyCount")
        deployment = given.get("DeploymentConfig")
        self._begin_update(record, copies)
        if deployment:
            with self._backend.lock:
                record["LastDeploymentConfig"] = deployment
        self._backend.workers.start(
            f"update inference component {record['InferenceComponentName']}",
            lambda: self._deployments.replace_component(
                context.scope, record, specification, deployment
            ),
        )
        return {"InferenceComponentArn": record["InferenceComponentArn"]}

    def _update_adapter(self, scope: Scope, given: Mapping[str, Any]) -> Response:
        """Gives an adapter another archive; it remains on its base."""
        record = self._component(scope, given, "UpdateInferenceComponent")
        old, new = self._specification(scope, record), given["Specification"]
        member = "BaseInferenceComponentName"
        if old.get(member) != new.get(member):
            raise _invalid(
                f"The rehearsal does not implement a change of {member} from "
                f"{old.get(member)} to {new.get(member)}: create another component."
            )
        endpoint = self._hosting_endpoint(scope, record["EndpointName"])
        base = self._adapters.check(scope, given, endpoint)
        self._begin_update(record, None)
        self._backend.workers.start(
            f"load adapter {record['InferenceComponentName']}",
            lambda: self._adapters.load(scope, record, base, new),
        )
        return {"InferenceComponentArn": record["InferenceComponentArn"]}

    def update_inference_component_runtime_config(
        self, request: Request, context: Context
    ) -> Response:
        operation = "UpdateInferenceComponentRuntimeConfig"
        record = self._settled(context.scope, request, operation)
        if is_adapter(self._specification(context.scope, record)):
            raise _invalid(
                f'Inference component "{record["InferenceComponentArn"]}" is an adapter: it has no '
                "copies but those of its base."
            )
        self._begin_update(record, request["DesiredRuntimeConfig"]["CopyCount"])
        self._backend.workers.start(
            f"scale inference component {record['InferenceComponentName']}",
            lambda: self._deployments.scale_component(context.scope, record),
        )
        return {"InferenceComponentArn": record["InferenceComponentArn"]}

    def delete_inference_component(self, request: Request, context: Context) -> Response:
        record = self._component(context.scope, request, "DeleteInferenceComponent")
        if record["InferenceComponentStatus"] in _BUSY:
            raise _in_progress(record)
        adapters = self._adapters.of(context.scope, record)
        if adapters:
            raise _invalid(
                f'Cannot delete inference component "{record["InferenceComponentArn"]}": it is the '
                f"base of the adapters {', '.join(adapters)}. Delete them first."
            )
        self._placement.set_status(record, "Deleting")
        self._backend.workers.start(
            f"delete inference component {record['InferenceComponentName']}",
            lambda: self._deployments.remove_component(context.scope, record),
        )
        return {}

    def _add(self, record: Record, request: Request, context: Context) -> None:
        name = record["InferenceComponentName"]
        with self._backend.lock:
            self._backend.reject_existing(context, KIND, name, "inference component")
            self._placement.specify(context.scope, name, request["Specification"])
            self._backend.register(context, KIND, name, record, request)

    def _specification(self, scope: Scope, record: Record) -> Specification:
        return self._placement.specification(scope, record["InferenceComponentName"])

    def _begin_update(self, record: Record, copies: int | None) -> None:
        with self._backend.lock:
            record.pop("FailureReason", None)
            if copies is not None:
                record["RuntimeConfig"] = {**record["RuntimeConfig"], "DesiredCopyCount": copies}
        self._placement.set_status(record, "Updating")

    def _component(self, scope: Scope, request: Mapping[str, Any], operation: str) -> Record:
        return self._backend.find(
            scope, KIND, request["InferenceComponentName"], operation=operation
        )

    def _settled(self, scope: Scope, request: Mapping[str, Any], operation: str) -> Record:
        """Returns the component; raises AwsError unless it is InService."""
        record = self._component(scope, request, operation)
        if record["InferenceComponentStatus"] != "InService":
            raise _in_progress(record)
        return record

    def _hosting_endpoint(self, scope: Scope, name: str) -> Record:
        """Returns the endpoint; raises AwsError unless its variants host inference components."""
        record = self._backend.find(
            scope, endpoint_progress.KIND, name, operation="CreateInferenceComponent"
        )
        status = record["EndpointStatus"]
        if status != "InService":
            raise _invalid(f'Endpoint "{record["EndpointArn"]}" is {status}, not InService.')
        live = self._registry.get(scope, name)
        if live is None or not live.fleet.hosts_components:
            raise _invalid(
                f'Endpoint "{record["EndpointArn"]}" serves the models of its configuration: '
                "inference components need an endpoint whose variants have no ModelName."
            )
        return record

    def _variant(self, endpoint: Record, name: str | None) -> str:
        names = [variant["VariantName"] for variant in endpoint["ProductionVariants"]]
        if name is None and len(names) == 1:
            return str(names[0])
        if name not in names:
            raise _invalid(
                f'Could not find variant "{name or ""}" of endpoint "{endpoint["EndpointArn"]}"; '
                f"it has {', '.join(names)}."
            )
        return str(name)

    def _check_specification(self, scope: Scope, specification: Mapping[str, Any]) -> None:
        if bool(specification.get("ModelName")) == bool(specification.get("Container")):
            raise _invalid("Specification needs either ModelName or Container, not both.")
        if specification.get("ModelName"):
            self._models.find(scope, specification["ModelName"], "CreateInferenceComponent")
        elif not specification["Container"].get("Image"):
            raise _invalid("Container of Specification needs an Image.")
        requirements = specification.get("ComputeResourceRequirements")
        if not requirements:
            raise _invalid("Specification needs ComputeResourceRequirements.")
        minimum = requirements["MinMemoryRequiredInMb"]
        maximum = requirements.get("MaxMemoryRequiredInMb", minimum)
        if maximum < minimum:
            raise _invalid(
                f"MaxMemoryRequiredInMb must be at least MinMemoryRequiredInMb ({minimum}); got "
                f"{maximum}."
            )


def _created(scope: Scope, name: str, endpoint: Record, variant: str) -> Record:
    """Returns the record of a new component."""
    moment = now()
    return {
        "InferenceComponentName": name,
        "InferenceComponentArn": scope.arn("sagemaker", f"{KIND}/{name}"),
        "EndpointName": endpoint["EndpointName"],
        "EndpointArn": endpoint["EndpointArn"],
        "VariantName": variant,
        "InferenceComponentStatus": "Creating",
        "CreationTime": moment,
        "LastModifiedTime": moment,
    }


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def _in_progress(record: Record) -> AwsError:
    return _invalid(
        f'Cannot update inference component "{record["InferenceComponentArn"]}" with status '
        f'"{record["InferenceComponentStatus"]}".'
    )

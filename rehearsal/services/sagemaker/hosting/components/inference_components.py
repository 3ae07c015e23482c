"""Inference components: models with a number of copies on the instances of an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.hosting import endpoints, models
from rehearsal.services.sagemaker.hosting.components.adapters import (
    InferenceComponentAdapters,
    is_adapter,
)
from rehearsal.services.sagemaker.hosting.components.placement import KIND
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now

LISTING = Listing(
    operation="ListInferenceComponents",
    member="InferenceComponents",
    name="InferenceComponentName",
    status="InferenceComponentStatus",
)
_BUSY = ("Creating", "Updating", "Deleting")


class InferenceComponents(InferenceComponentAdapters):
    """Create-, Describe-, List-, Update-, DeleteInferenceComponent, and its RuntimeConfig."""

    def create_inference_component(self, request: Request, context: Context) -> Response:
        given = self.accept("CreateInferenceComponent", request)
        if is_adapter(given.get("Specification", {})):
            return self._create_adapter(given, request, context)
        if not given.get("Specification") or not given.get("RuntimeConfig"):
            raise _refused("CreateInferenceComponent needs Specification and RuntimeConfig.")
        endpoint = self._hosting_endpoint(context.scope, given["EndpointName"])
        variant = self._variant(endpoint, given.get("VariantName"))
        self._check_specification(context.scope, given["Specification"])
        name = given["InferenceComponentName"]
        record = {
            **_created(context.scope, name, endpoint, variant, given["Specification"]),
            "RuntimeConfig": {
                "DesiredCopyCount": given["RuntimeConfig"]["CopyCount"],
                "CurrentCopyCount": 0,
            },
        }
        with self.lock:
            self.refuse_existing(context, KIND, name, "inference component")
            self.register(context, KIND, name, record, request)
        self.workers.start(
            f"create inference component {name}",
            lambda: self.deploy_component(context.scope, record),
        )
        return {"InferenceComponentArn": record["InferenceComponentArn"]}

    def _create_adapter(
        self, given: Mapping[str, Any], request: Request, context: Context
    ) -> Response:
        specification, name = given["Specification"], given["InferenceComponentName"]
        endpoint = self._hosting_endpoint(context.scope, given["EndpointName"])
        base = self.check_adapter(context.scope, given, endpoint)
        record = _created(context.scope, name, endpoint, base["VariantName"], specification)
        with self.lock:
            self.refuse_existing(context, KIND, name, "inference component")
            self.register(context, KIND, name, record, request)
        self.workers.start(
            f"load adapter {name}",
            lambda: self.load_adapter(context.scope, record, base, specification),
        )
        return {"InferenceComponentArn": record["InferenceComponentArn"]}

    def describe_inference_component(self, request: Request, context: Context) -> Response:
        record = self._component(context.scope, request, "DescribeInferenceComponent")
        return self.describe("DescribeInferenceComponent", record)

    def list_inference_components(self, request: Request, context: Context) -> Response:
        wanted = {
            "EndpointName": request.get("EndpointNameEquals"),
            "VariantName": request.get("VariantNameEquals"),
        }
        with self.lock:
            found = [
                record
                for record in self.records.of(context.scope, KIND).values()
                if all(value in (None, record[name]) for name, value in wanted.items())
            ]
            return LISTING.respond(found, request)

    def update_inference_component(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateInferenceComponent", request)
        record = self._settled(context.scope, given, "UpdateInferenceComponent")
        specification = given.get("Specification") or record["_specification"]
        if is_adapter(record["_specification"]) or is_adapter(specification):
            return self._update_adapter(context.scope, {**given, "Specification": specification})
        self._check_specification(context.scope, specification)
        copies = given.get("RuntimeConfig", {}).get("CopyCount")
        deployment = given.get("DeploymentConfig")
        self._begin_update(record, copies)
        if deployment:
            with self.lock:
                record["LastDeploymentConfig"] = deployment
        self.workers.start(
            f"update inference component {record['InferenceComponentName']}",
            lambda: self.replace_component(context.scope, record, specification, deployment),
        )
        return {"InferenceComponentArn": record["InferenceComponentArn"]}

    def _update_adapter(self, scope: Scope, given: Mapping[str, Any]) -> Response:
        """Another archive for an adapter; it stays on its base."""
        record = self._component(scope, given, "UpdateInferenceComponent")
        old, new = record["_specification"], given["Specification"]
        member = "BaseInferenceComponentName"
        if old.get(member) != new.get(member):
            raise _refused(
                f"The rehearsal does not implement a change of {member} from "
                f"{old.get(member)} to {new.get(member)}: create another component."
            )
        endpoint = self._hosting_endpoint(scope, record["EndpointName"])
        base = self.check_adapter(scope, given, endpoint)
        self._begin_update(record, None)
        self.workers.start(
            f"load adapter {record['InferenceComponentName']}",
            lambda: self.load_adapter(scope, record, base, new),
        )
        return {"InferenceComponentArn": record["InferenceComponentArn"]}

    def update_inference_component_runtime_config(
        self, request: Request, context: Context
    ) -> Response:
        operation = "UpdateInferenceComponentRuntimeConfig"
        record = self._settled(context.scope, request, operation)
        if is_adapter(record["_specification"]):
            raise _refused(
                f'Inference component "{record["InferenceComponentArn"]}" is an adapter: it has no '
                "copies but those of its base."
            )
        self._begin_update(record, request["DesiredRuntimeConfig"]["CopyCount"])
        self.workers.start(
            f"scale inference component {record['InferenceComponentName']}",
            lambda: self.scale_component(context.scope, record),
        )
        return {"InferenceComponentArn": record["InferenceComponentArn"]}

    def delete_inference_component(self, request: Request, context: Context) -> Response:
        record = self._component(context.scope, request, "DeleteInferenceComponent")
        if record["InferenceComponentStatus"] in _BUSY:
            raise _in_progress(record)
        adapters = self.adapters_of(context.scope, record)
        if adapters:
            raise _refused(
                f'Cannot delete inference component "{record["InferenceComponentArn"]}": it is the '
                f"base of the adapters {', '.join(adapters)}. Delete them first."
            )
        self.set_component(record, "Deleting")
        self.workers.start(
            f"delete inference component {record['InferenceComponentName']}",
            lambda: self.remove_component(context.scope, record),
        )
        return {}

    def delete_endpoint(self, request: Request, context: Context) -> Response:
        """Refuses while the endpoint hosts components, as AWS does."""
        name = request["EndpointName"]
        hosted = [record["InferenceComponentName"] for record in self.hosted(context.scope, name)]
        if hosted:
            arn = context.scope.arn("sagemaker", f"{endpoints.KIND}/{name}")
            raise _refused(
                f'Cannot delete endpoint "{arn}": it hosts the inference components '
                f"{', '.join(sorted(hosted))}. Delete them first."
            )
        return super().delete_endpoint(request, context)

    def update_endpoint(self, request: Request, context: Context) -> Response:
        """Refuses a configuration without the variants that host components."""
        hosted = self.hosted(context.scope, request["EndpointName"])
        if hosted:
            config = self._config_of(context.scope, request, "UpdateEndpoint")
            names = {variant["VariantName"] for variant in config["ProductionVariants"]}
            lost = sorted({record["VariantName"] for record in hosted} - names)
            if lost:
                raise _refused(
                    f"Variants {', '.join(lost)} host inference components: an update cannot "
                    "remove them."
                )
        return super().update_endpoint(request, context)

    def _begin_update(self, record: Record, copies: int | None) -> None:
        with self.lock:
            record.pop("FailureReason", None)
            if copies is not None:
                record["RuntimeConfig"] = {**record["RuntimeConfig"], "DesiredCopyCount": copies}
        self.set_component(record, "Updating")

    def _component(self, scope: Scope, request: Mapping[str, Any], operation: str) -> Record:
        return self.find(scope, KIND, request["InferenceComponentName"], operation=operation)

    def _settled(self, scope: Scope, request: Mapping[str, Any], operation: str) -> Record:
        """The component, if it is not on its way to another status."""
        record = self._component(scope, request, operation)
        if record["InferenceComponentStatus"] != "InService":
            raise _in_progress(record)
        return record

    def _hosting_endpoint(self, scope: Scope, name: str) -> Record:
        """The endpoint, if its variants host inference components."""
        record = self.find(scope, endpoints.KIND, name, operation="CreateInferenceComponent")
        status = record["EndpointStatus"]
        if status != "InService":
            raise _refused(f'Endpoint "{record["EndpointArn"]}" is {status}, not InService.')
        live = self.registry.get(scope, name)
        if live is None or not live.fleet.hosts_components:
            raise _refused(
                f'Endpoint "{record["EndpointArn"]}" serves the models of its configuration: '
                "inference components need an endpoint whose variants have no ModelName."
            )
        return record

    def _variant(self, endpoint: Record, name: str | None) -> str:
        names = [variant["VariantName"] for variant in endpoint["ProductionVariants"]]
        if name is None and len(names) == 1:
            return str(names[0])
        if name not in names:
            raise _refused(
                f'Could not find variant "{name or ""}" of endpoint "{endpoint["EndpointArn"]}"; '
                f"it has {', '.join(names)}."
            )
        return str(name)

    def _check_specification(self, scope: Scope, specification: Mapping[str, Any]) -> None:
        if bool(specification.get("ModelName")) == bool(specification.get("Container")):
            raise _refused("Specification needs either ModelName or Container, not both.")
        if specification.get("ModelName"):
            operation = "CreateInferenceComponent"
            self.find(scope, models.KIND, specification["ModelName"], operation=operation)
        elif not specification["Container"].get("Image"):
            raise _refused("Container of Specification needs an Image.")
        requirements = specification.get("ComputeResourceRequirements")
        if not requirements:
            raise _refused("Specification needs ComputeResourceRequirements.")
        smallest = requirements["MinMemoryRequiredInMb"]
        largest = requirements.get("MaxMemoryRequiredInMb", smallest)
        if largest < smallest:
            raise _refused(
                f"MaxMemoryRequiredInMb must be at least MinMemoryRequiredInMb ({smallest}); got "
                f"{largest}."
            )


def _created(
    scope: Scope, name: str, endpoint: Record, variant: str, specification: Mapping[str, Any]
) -> Record:
    """The record of a new component."""
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
        "_specification": specification,
    }


def _refused(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def _in_progress(record: Record) -> AwsError:
    return _refused(
        f'Cannot update inference component "{record["InferenceComponentArn"]}" with status '
        f'"{record["InferenceComponentStatus"]}".'
    )

"""Endpoints: their operations and status. `endpoint_deployment` does the work behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.hosting import endpoint_configs
from rehearsal.services.sagemaker.hosting.endpoint_deployment import EndpointDeployments
from rehearsal.services.sagemaker.hosting.endpoint_rollout import check_rolling, rollout
from rehearsal.services.sagemaker.hosting.endpoint_variants import (
    desired,
    refuse_conversion,
    replaced_variants,
    retained,
)
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now

KIND = "endpoint"
LISTING = Listing(
    operation="ListEndpoints", member="Endpoints", name="EndpointName", status="EndpointStatus"
)
SETTLED = ("InService", "Failed", "OutOfService", "UpdateRollbackFailed")


class Endpoints(EndpointDeployments):
    """Create-, Describe-, List-, Update-, DeleteEndpoint, UpdateEndpointWeightsAndCapacities."""

    def create_endpoint(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateEndpoint", request)
        name = record["EndpointName"]
        config = self._config_of(context.scope, record, "CreateEndpoint")
        check_rolling(record.get("DeploymentConfig"), config["ProductionVariants"])
        rollout(record.get("DeploymentConfig"), 1)
        arn = context.scope.arn("sagemaker", f"{KIND}/{name}")
        moment = now()
        record |= {
            "EndpointArn": arn,
            "EndpointStatus": "Creating",
            "CreationTime": moment,
            "LastModifiedTime": moment,
        }
        with self.lock:
            self.refuse_existing(context, KIND, name, "endpoint")
            self.register(context, KIND, name, record, request)
        self.emit_endpoint(context.scope, record)
        self.workers.start(
            f"create endpoint {name}", lambda: self.deploy_new(context.scope, record, config)
        )
        return {"EndpointArn": arn}

    def describe_endpoint(self, request: Request, context: Context) -> Response:
        record = self.find(
            context.scope, KIND, request["EndpointName"], operation="DescribeEndpoint"
        )
        return self.describe("DescribeEndpoint", record)

    def list_endpoints(self, request: Request, context: Context) -> Response:
        with self.lock:
            return LISTING.respond(self.records.of(context.scope, KIND).values(), request)

    def update_endpoint(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateEndpoint", request)
        record = self._settled_endpoint(context.scope, given["EndpointName"], "UpdateEndpoint")
        config = self._config_of(context.scope, given, "UpdateEndpoint")
        old = self._current_config(context.scope, record)
        if old is not None:
            refuse_conversion(old, config)
            self._refuse_scaled(context.scope, record, replaced_variants(old, config))
        if given.get("RetainAllVariantProperties"):
            kept = given.get("ExcludeRetainedVariantProperties", ())
            excluded = {entry["VariantPropertyType"] for entry in kept}
            config = retained(config, record, old, excluded)
        deployment = given.get("DeploymentConfig")
        if given.get("RetainDeploymentConfig"):
            deployment = deployment or record.get("LastDeploymentConfig")
        instances = max(
            (variant.get("InitialInstanceCount", 1) for variant in config["ProductionVariants"]),
            default=1,
        )
        check_rolling(deployment, config["ProductionVariants"])
        plan = rollout(deployment, instances)
        with self.lock:
            record.update(EndpointStatus="Updating", LastModifiedTime=now())
            record.pop("FailureReason", None)
            if deployment:
                record["LastDeploymentConfig"] = deployment
        self.emit_endpoint(context.scope, record)
        self.workers.start(
            f"update endpoint {record['EndpointName']}",
            lambda: self.deploy_update(context.scope, record, config, plan),
        )
        return {"EndpointArn": record["EndpointArn"]}

    def update_endpoint_weights_and_capacities(
        self, request: Request, context: Context
    ) -> Response:
        record = self._settled_endpoint(
            context.scope, request["EndpointName"], "UpdateEndpointWeightsAndCapacities"
        )
        variants = desired(record, request["DesiredWeightsAndCapacities"])
        with self.lock:
            record.update(
                EndpointStatus="Updating", ProductionVariants=variants, LastModifiedTime=now()
            )
            record.pop("FailureReason", None)
        self.emit_endpoint(context.scope, record)
        self.workers.start(
            f"reweigh endpoint {record['EndpointName']}",
            lambda: self.apply_desired(context.scope, record),
        )
        return {"EndpointArn": record["EndpointArn"]}

    def delete_endpoint(self, request: Request, context: Context) -> Response:
        name = request["EndpointName"]
        record = self._settled_endpoint(context.scope, name, "DeleteEndpoint")
        with self.lock:
            record.update(EndpointStatus="Deleting", LastModifiedTime=now())
        self.emit_endpoint(context.scope, record)
        self.workers.start(f"delete endpoint {name}", lambda: self._delete(context.scope, record))
        return {}

    def _delete(self, scope: Scope, record: Record) -> None:
        name = record["EndpointName"]
        live = self.registry.remove(scope, name)
        if live is not None:
            live.stop()
        with self.lock:
            self.records.of(scope, KIND).pop(name, None)
        self.drop_tags(record["EndpointArn"])

    def _settled_endpoint(self, scope: Scope, name: str, operation: str) -> Record:
        """The endpoint, if it is not on its way to another status."""
        record = self.find(scope, KIND, name, operation=operation)
        status = record["EndpointStatus"]
        if status not in SETTLED:
            message = f'Cannot update in-progress endpoint "{record["EndpointArn"]}".'
            raise AwsError("ValidationException", message)
        if status != "InService" and operation != "DeleteEndpoint":
            message = (
                f'Cannot update endpoint "{record["EndpointArn"]}" with status "{status}": '
                "DeleteEndpoint is the only operation on it."
            )
            raise AwsError("ValidationException", message)
        return record

    def _refuse_scaled(self, scope: Scope, record: Record, variants: Sequence[str]) -> None:
        """Variants that scale keep their name and instance type until they are deregistered."""
        if not variants:
            return
        resources = [f"endpoint/{record['EndpointName']}/variant/{name}" for name in variants]
        scaling = self.service_session(scope).client("application-autoscaling")
        found = scaling.describe_scalable_targets(
            ServiceNamespace="sagemaker", ResourceIds=resources
        )["ScalableTargets"]
        if found:
            names = ", ".join(sorted({target["ResourceId"].rpartition("/")[2] for target in found}))
            message = (
                f'The variant(s) "[{names}]" must be deregistered as scalable targets with AWS '
                "Auto Scaling before they can be removed or have their instance type updated."
            )
            raise AwsError("ValidationException", message)

    def _config_of(
        self, scope: Scope, request: Mapping[str, Any], operation: str
    ) -> dict[str, Any]:
        name = request["EndpointConfigName"]
        return dict(self.find(scope, endpoint_configs.KIND, name, operation=operation))

    def _current_config(self, scope: Scope, record: Record) -> dict[str, Any] | None:
        """The configuration in use; None if it has been deleted since."""
        with self.lock:
            return self.records.of(scope, endpoint_configs.KIND).get(record["EndpointConfigName"])

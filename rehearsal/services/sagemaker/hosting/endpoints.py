"""Endpoints: their operations. `endpoint_deployment` deploys them."""

from collections.abc import Mapping, Sequence
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import INTERRUPTED, Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.encryption_keys import check_key_of
from rehearsal.services.sagemaker.hosting import endpoint_configs
from rehearsal.services.sagemaker.hosting.components.placement import ComponentPlacement
from rehearsal.services.sagemaker.hosting.endpoint_deployment import EndpointDeployments
from rehearsal.services.sagemaker.hosting.endpoint_progress import KIND, EndpointProgress
from rehearsal.services.sagemaker.hosting.endpoint_registry import EndpointRegistry
from rehearsal.services.sagemaker.hosting.endpoint_rollout import check_rolling, rollout
from rehearsal.services.sagemaker.hosting.endpoint_variants import (
    desired,
    reject_conversion,
    replaced_variants,
    retained,
)
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.records import Record, now

LISTING = Listing(
    operation="ListEndpoints", member="Endpoints", name="EndpointName", status="EndpointStatus"
)


class Endpoints:
    """Create-, Describe-, List-, Update-, DeleteEndpoint, UpdateEndpointWeightsAndCapacities.

    Args:
        backend: the backend of SageMaker.
        deployments: deploys configurations.
        progress: reports the status of endpoints.
        registry: the endpoints that serve.
        components: the inference components of endpoints.
    """

    def __init__(
        self,
        backend: Backend,
        deployments: EndpointDeployments,
        progress: EndpointProgress,
        registry: EndpointRegistry,
        components: ComponentPlacement,
    ) -> None:
        self._backend = backend
        self._deployments = deployments
        self._progress = progress
        self._registry = registry
        self._components = components

    def create_endpoint(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateEndpoint", request)
        name = record["EndpointName"]
        config = self._config_of(context.scope, record, "CreateEndpoint")
        check_key_of(self._backend.identity, context, "CreateEndpoint", config.get("KmsKeyId"))
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
        with self._backend.lock:
            self._backend.reject_existing(context, KIND, name, "endpoint")
            self._backend.register(context, KIND, name, record, request)
        self._progress.show_launch(context.scope, record, config, first=True)
        self._progress.emit(context.scope, record)
        self._backend.workers.start(
            f"create endpoint {name}",
            lambda: self._deployments.deploy_new(context.scope, record, config),
        )
        return {"EndpointArn": arn}

    def describe_endpoint(self, request: Request, context: Context) -> Response:
        record = self._backend.find(
            context.scope, KIND, request["EndpointName"], operation="DescribeEndpoint"
        )
        return self._backend.describe("DescribeEndpoint", record)

    def list_endpoints(self, request: Request, context: Context) -> Response:
        with self._backend.lock:
            return LISTING.respond(self._backend.records.of(context.scope, KIND).values(), request)

    def update_endpoint(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateEndpoint", request)
        self._check_hosting_variants(context.scope, given)
        record = self._find(context.scope, given["EndpointName"], "UpdateEndpoint")
        config = self._config_of(context.scope, given, "UpdateEndpoint")
        check_key_of(self._backend.identity, context, "UpdateEndpoint", config.get("KmsKeyId"))
        old = self._current_config(context.scope, record)
        if old is not None:
            reject_conversion(old, config)
            self._check_scaled(context.scope, record, replaced_variants(old, config))
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
        with self._backend.lock:
            record.update(EndpointStatus="Updating", LastModifiedTime=now())
            record.pop("FailureReason", None)
            if deployment:
                record["LastDeploymentConfig"] = deployment
        self._progress.emit(context.scope, record)
        self._backend.workers.start(
            f"update endpoint {record['EndpointName']}",
            lambda: self._deployments.deploy_update(context.scope, record, config, plan),
        )
        return {"EndpointArn": record["EndpointArn"]}

    def update_endpoint_weights_and_capacities(
        self, request: Request, context: Context
    ) -> Response:
        record = self._find(
            context.scope, request["EndpointName"], "UpdateEndpointWeightsAndCapacities"
        )
        variants = desired(record, request["DesiredWeightsAndCapacities"])
        with self._backend.lock:
            record.update(
                EndpointStatus="Updating", ProductionVariants=variants, LastModifiedTime=now()
            )
            record.pop("FailureReason", None)
        self._progress.emit(context.scope, record)
        self._backend.workers.start(
            f"reweigh endpoint {record['EndpointName']}",
            lambda: self._deployments.apply_desired(context.scope, record),
        )
        return {"EndpointArn": record["EndpointArn"]}

    def delete_endpoint(self, request: Request, context: Context) -> Response:
        name = request["EndpointName"]
        self._check_hosts_nothing(context.scope, name)
        record = self._find(context.scope, name, "DeleteEndpoint")
        with self._backend.lock:
            record.update(EndpointStatus="Deleting", LastModifiedTime=now())
        self._progress.emit(context.scope, record)
        self._backend.workers.start(
            f"delete endpoint {name}", lambda: self._delete(context.scope, record)
        )
        return {}

    def resume(self) -> list[tuple[Scope, Record]]:
        """Returns the endpoints whose servers are to start again, which are SystemUpdating.

        One whose creation was interrupted has failed, one whose deletion was is gone.
        """
        found = []
        for scope, record in self._backend.records.everywhere(KIND):
            status = record["EndpointStatus"]
            if status == "Creating":
                self._progress.set_status(scope, record, "Failed", FailureReason=INTERRUPTED)
            elif status == "Deleting":
                self._backend.remove(scope, KIND, record["EndpointName"], record["EndpointArn"])
            elif status not in ("Failed", "OutOfService"):
                changes = {} if status == "InService" else {"FailureReason": INTERRUPTED}
                self._progress.set_status(
                    scope, record, "SystemUpdating", PendingDeploymentSummary=None, **changes
                )
                found.append((scope, record))
        return found

    def restart(self, scope: Scope, record: Record) -> bool:
        """Starts the servers of an endpoint again; returns True if it serves."""
        return self._deployments.restart(scope, record)

    def _delete(self, scope: Scope, record: Record) -> None:
        name = record["EndpointName"]
        live = self._registry.remove(scope, name)
        if live is not None:
            live.stop()
        self._backend.remove(scope, KIND, name, record["EndpointArn"])

    def _check_hosts_nothing(self, scope: Scope, name: str) -> None:
        """Checks that an endpoint hosts no inference components."""
        hosted = [one["InferenceComponentName"] for one in self._components.on(scope, name)]
        if hosted:
            arn = scope.arn("sagemaker", f"{KIND}/{name}")
            message = (
                f'Cannot delete endpoint "{arn}": it hosts the inference components '
                f"{', '.join(sorted(hosted))}. Delete them first."
            )
            raise AwsError("ValidationException", message)

    def _check_hosting_variants(self, scope: Scope, request: Mapping[str, Any]) -> None:
        """Checks that a new configuration keeps the variants that host inference components."""
        hosted = self._components.on(scope, request["EndpointName"])
        if not hosted:
            return
        config = self._config_of(scope, request, "UpdateEndpoint")
        names = {variant["VariantName"] for variant in config["ProductionVariants"]}
        lost = sorted({record["VariantName"] for record in hosted} - names)
        if lost:
            message = (
                f"Variants {', '.join(lost)} host inference components: an update cannot "
                "remove them."
            )
            raise AwsError("ValidationException", message)

    def _find(self, scope: Scope, name: str, operation: str) -> Record:
        return self._backend.find(scope, KIND, name, operation=operation)

    def _check_scaled(self, scope: Scope, record: Record, variants: Sequence[str]) -> None:
        """Checks that none of some variants is a scalable target.

        Scalable targets keep their name and instance type until they are deregistered.
        """
        if not variants:
            return
        resources = [f"endpoint/{record['EndpointName']}/variant/{name}" for name in variants]
        scaling = self._backend.identity.service_session(scope).client("application-autoscaling")
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
        return dict(
            self._backend.find(scope, endpoint_configs.KIND.path, name, operation=operation)
        )

    def _current_config(self, scope: Scope, record: Record) -> dict[str, Any] | None:
        """Returns the configuration in use; None if it has been deleted."""
        with self._backend.lock:
            return self._backend.records.of(scope, endpoint_configs.KIND.path).get(
                record["EndpointConfigName"]
            )

"""References of private hubs to models of the public hub, and hosting of those models.

A reference has the versions of the public model from MinVersion on.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

import boto3

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend, not_found
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.registry.hub_contents import (
    REFERENCE,
    imported_contents,
    version_of,
)
from rehearsal.services.sagemaker.registry.hubs import (
    AWS_ACCOUNT,
    PUBLIC_HUB,
    Hubs,
    hub_arn,
    public_scope,
)

KIND = "hub-content-reference"
_CONTENT_ARN = re.compile(
    r"arn:[^:]+:sagemaker:(?P<region>[^:]+):(?P<account>[^:]+):hub-content/"
    r"(?P<hub>[^/]+)/(?P<type>[^/]+)/(?P<name>[^/]+)(/(?P<version>[^/]+))?"
)


class HubReferences:
    """Create-, Update-, DeleteHubContentReference, and access to the referenced models.

    Args:
        backend: the backend of SageMaker.
        hubs: the hubs.
    """

    def __init__(self, backend: Backend, hubs: Hubs) -> None:
        self._backend = backend
        self._identity = backend.identity
        self._hubs = hubs

    def create_hub_content_reference(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateHubContentReference", request)
        hub = self._hubs.find_own(context, record["HubName"], operation="CreateHubContentReference")
        published = record["SageMakerPublicHubContentArn"].rpartition("/")[2]
        name = record.setdefault("HubContentName", published)
        key = f"{hub['HubName']}/{REFERENCE}/{name}"
        arn = hub_arn(context.scope, f"hub-content/{key}")
        record |= {"HubName": hub["HubName"], "HubArn": hub["HubArn"], "CreationTime": now()}
        with self._backend.lock:
            if not self._versions(context.scope, record):
                raise _not_published(record)
            if key in self._backend.records.of(context.scope, KIND):
                raise AwsError("ResourceInUse", f'Hub content "{arn}" exists already.')
            self._backend.tag_new(context, arn, request.get("Tags", ()))
            self._backend.records.of(context.scope, KIND)[key] = record
        return {"HubArn": hub["HubArn"], "HubContentArn": arn}

    def update_hub_content_reference(self, request: Request, context: Context) -> Response:
        key, record = self._find(context, request, "UpdateHubContentReference")
        with self._backend.lock:
            if "MinVersion" in request:
                record["MinVersion"] = request["MinVersion"]
            record["LastModifiedTime"] = now()
        arn = hub_arn(context.scope, f"hub-content/{key}")
        return {"HubArn": record["HubArn"], "HubContentArn": arn}

    def delete_hub_content_reference(self, request: Request, context: Context) -> Response:
        key, _ = self._find(context, request, "DeleteHubContentReference")
        arn = hub_arn(context.scope, f"hub-content/{key}")
        self._backend.remove(context.scope, KIND, key, arn)
        return {}

    def contents(self, scope: Scope, hub: str) -> dict[str, list[Record]]:
        """Returns the references of a hub by name, each in its versions, oldest first."""
        found = {
            record["HubContentName"]: self._versions(scope, record)
            for record in self._backend.all(scope, KIND)
            if record["HubName"] == hub
        }
        return {name: versions for name, versions in found.items() if versions}

    def deploy_hub_model(self, context: Context, source: Mapping[str, Any]) -> None:
        """Checks that the caller may create a model from an S3DataSource with HubAccessConfig.

        The hub, not the execution role, gives access to the data of the referenced model.

        Args:
            context: the caller.
            source: the S3DataSource.

        Raises:
            AwsError: AccessDeniedException, if the caller lacks sagemaker:DeployHubModel;
                ValidationException, if its license is not accepted or the data is not the model's.
        """
        arn = source["HubAccessConfig"]["HubContentArn"]
        document = json.loads(self._referenced(context, arn)["HubContentDocument"])
        accepted = source.get("ModelAccessConfig", {}).get("AcceptEula")
        if (document.get("HostingEulaUri") or document.get("GatedBucket")) and not accepted:
            message = (
                f"The model {arn} has an end-user license agreement: set AcceptEula of "
                f"ModelAccessConfig to true to accept it ({document.get('HostingEulaUri')})."
            )
            raise AwsError("ValidationException", message)
        offered = document.get("HostingArtifactUri")
        if source["S3Uri"] != offered:
            message = (
                f"Could not access model data at {source['S3Uri']}: {arn} gives access to "
                f"{offered} only."
            )
            raise AwsError("ValidationException", message)

    def hub_session(self, scope: Scope) -> boto3.Session:
        """Returns the session of AWS that reads the data of referenced models."""
        return self._identity.service_session(public_scope(scope.region))

    def _referenced(self, context: Context, arn: str) -> Record:
        """Returns the version that a HubContentArn names, by default the newest."""
        match = _CONTENT_ARN.fullmatch(arn)
        if match is None or match["type"] != REFERENCE:
            message = (
                f"HubContentArn must be that of a {REFERENCE} of a private hub, "
                f"arn:aws:sagemaker:<region>:<account>:hub-content/<hub>/{REFERENCE}/<name>/"
                f"<version>; got {arn}. Remove HubAccessConfig for "
                "the data of a model that you imported."
            )
            raise AwsError("ValidationException", message)
        owner = f"arn:aws:sagemaker:{match['region']}:{match['account']}:hub/{match['hub']}"
        scope, hub = self._hubs.find(context, owner, operation="CreateModel")
        content = f"hub-content/{match['hub']}/{REFERENCE}/{match['name']}"
        for resource in (hub["HubArn"], hub_arn(scope, content)):
            self._identity.authorize_caller(context, "sagemaker:DeployHubModel", resource)
        versions = self.contents(scope, match["hub"]).get(match["name"], [])
        found = [v for v in versions if match["version"] in (None, v["HubContentVersion"])]
        if not found:
            raise AwsError("ValidationException", f'Could not find hub content "{arn}".')
        return found[-1]

    def _find(self, context: Context, request: Request, operation: str) -> tuple[str, Record]:
        hub = self._hubs.find_own(context, request["HubName"], operation=operation)
        key = f"{hub['HubName']}/{request['HubContentType']}/{request['HubContentName']}"
        with self._backend.lock:
            record = self._backend.records.of(context.scope, KIND).get(key)
        if record is None:
            raise not_found(operation, f'Could not find hub content "{key}".')
        return key, record

    def _versions(self, scope: Scope, reference: Record) -> list[Record]:
        """Returns the versions of the public model that a reference includes."""
        minimum = reference.get("MinVersion")
        members = {
            "HubName": reference["HubName"],
            "HubArn": reference["HubArn"],
            "HubContentName": reference["HubContentName"],
            "HubContentType": REFERENCE,
            "SageMakerPublicHubContentArn": reference["SageMakerPublicHubContentArn"],
            "ReferenceMinVersion": minimum,
            "CreationTime": reference["CreationTime"],
            "LastModifiedTime": reference.get("LastModifiedTime"),
        }
        key = f"{reference['HubName']}/{REFERENCE}/{reference['HubContentName']}"
        return [
            {
                **published,
                **members,
                "OriginalCreationTime": published["CreationTime"],
                "HubContentArn": hub_arn(
                    scope, f"hub-content/{key}/{published['HubContentVersion']}"
                ),
            }
            for published in self._published(reference["SageMakerPublicHubContentArn"])
            if minimum is None or version_of(published["HubContentVersion"]) >= version_of(minimum)
        ]

    def _published(self, arn: str) -> list[Record]:
        """Returns the versions of a model of the public hub; empty if it has no such model."""
        region, name = arn.split(":")[3], arn.rpartition("/")[2]
        scope = public_scope(region)
        return imported_contents(self._backend, scope, PUBLIC_HUB, "Model").get(name, [])


def _not_published(reference: Record) -> AwsError:
    """Returns the error for a reference that includes no version."""
    arn, minimum = reference["SageMakerPublicHubContentArn"], reference.get("MinVersion")
    wanted = f" in version {minimum} or later" if minimum else ""
    message = (
        f'Could not find hub content "{arn}"{wanted}. The public hub of the rehearsal holds what '
        f"account {AWS_ACCOUNT}, which represents AWS, imported into its hub {PUBLIC_HUB}."
    )
    return AwsError("ResourceNotFound", message)

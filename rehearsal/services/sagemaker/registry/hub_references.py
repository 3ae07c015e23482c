"""References of private hubs to models of the public hub, and models that are hosted by them.

A reference is a view: its versions are those of the public model, from MinVersion on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import boto3

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import not_found
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.registry.hub_contents import REFERENCE, HubContents, version_of
from rehearsal.services.sagemaker.registry.hubs import (
    AWS_ACCOUNT,
    PUBLIC_HUB,
    hub_arn,
    public_scope,
)

KIND = "hub-content-reference"
_CONTENT_ARN = re.compile(
    r"arn:[^:]+:sagemaker:(?P<region>[^:]+):(?P<account>[^:]+):hub-content/"
    r"(?P<hub>[^/]+)/(?P<type>[^/]+)/(?P<name>[^/]+)(/(?P<version>[^/]+))?"
)


class HubReferences(HubContents):
    """Create-, Update-, DeleteHubContentReference, and access to what a reference refers to."""

    def create_hub_content_reference(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateHubContentReference", request)
        hub = self.own_hub(context, record["HubName"], operation="CreateHubContentReference")
        published = record["SageMakerPublicHubContentArn"].rpartition("/")[2]
        name = record.setdefault("HubContentName", published)
        key = f"{hub['HubName']}/{REFERENCE}/{name}"
        arn = hub_arn(context.scope, f"hub-content/{key}")
        record |= {"HubName": hub["HubName"], "HubArn": hub["HubArn"], "CreationTime": now()}
        with self.lock:
            if not self._versions(context.scope, record):
                raise _not_published(record)
            if key in self.records.of(context.scope, KIND):
                raise AwsError("ResourceInUse", f'Hub content "{arn}" exists already.')
            self.tag_new(context, arn, request.get("Tags", ()))
            self.records.of(context.scope, KIND)[key] = record
        return {"HubArn": hub["HubArn"], "HubContentArn": arn}

    def update_hub_content_reference(self, request: Request, context: Context) -> Response:
        key, record = self._reference(context, request, "UpdateHubContentReference")
        with self.lock:
            if "MinVersion" in request:
                record["MinVersion"] = request["MinVersion"]
            record["LastModifiedTime"] = now()
        arn = hub_arn(context.scope, f"hub-content/{key}")
        return {"HubArn": record["HubArn"], "HubContentArn": arn}

    def delete_hub_content_reference(self, request: Request, context: Context) -> Response:
        key, _ = self._reference(context, request, "DeleteHubContentReference")
        with self.lock:
            self.records.of(context.scope, KIND).pop(key, None)
        self.drop_tags(hub_arn(context.scope, f"hub-content/{key}"))
        return {}

    def contents(self, scope: Scope, hub: str, kind: str) -> dict[str, list[Record]]:
        if kind != REFERENCE:
            return super().contents(scope, hub, kind)
        found = {
            record["HubContentName"]: self._versions(scope, record)
            for record in self.records.of(scope, KIND).values()
            if record["HubName"] == hub
        }
        return {name: versions for name, versions in found.items() if versions}

    def deploy_hub_model(self, context: Context, source: Mapping[str, Any]) -> None:
        """Checks what CreateModel checks where an S3DataSource has HubAccessConfig.

        The hub, not the role, gives access to the data: to that of the referenced model alone, to
        callers with sagemaker:DeployHubModel, and with a licence only to who accepts it.
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
                f"{offered} alone."
            )
            raise AwsError("ValidationException", message)

    def hub_session(self, scope: Scope) -> boto3.Session:
        """What reads the data of referenced models: AWS itself, to whom they belong."""
        return self.service_session(public_scope(scope.region))

    def _referenced(self, context: Context, arn: str) -> Record:
        """The version that a HubContentArn names, or the newest; the caller may deploy it."""
        match = _CONTENT_ARN.fullmatch(arn)
        if match is None or match["type"] != REFERENCE:
            message = (
                f"HubContentArn must be that of a {REFERENCE} of a private hub, "
                f"arn:aws:sagemaker:<region>:<account>:hub-content/<hub>/{REFERENCE}/<name>/"
                f"<version>; got {arn}. Data of a model that you imported is your own: leave "
                "HubAccessConfig out."
            )
            raise AwsError("ValidationException", message)
        owner = f"arn:aws:sagemaker:{match['region']}:{match['account']}:hub/{match['hub']}"
        scope, hub = self.hub(context, owner, operation="CreateModel")
        content = f"hub-content/{match['hub']}/{REFERENCE}/{match['name']}"
        self.authorize_caller(context, "sagemaker:DeployHubModel", hub["HubArn"])
        self.authorize_caller(context, "sagemaker:DeployHubModel", hub_arn(scope, content))
        with self.lock:
            versions = self.contents(scope, match["hub"], REFERENCE).get(match["name"], [])
        found = [v for v in versions if match["version"] in (None, v["HubContentVersion"])]
        if not found:
            raise AwsError("ValidationException", f'Could not find hub content "{arn}".')
        return found[-1]

    def _reference(self, context: Context, request: Request, operation: str) -> tuple[str, Record]:
        hub = self.own_hub(context, request["HubName"], operation=operation)
        key = f"{hub['HubName']}/{request['HubContentType']}/{request['HubContentName']}"
        with self.lock:
            record = self.records.of(context.scope, KIND).get(key)
        if record is None:
            raise not_found(operation, f'Could not find hub content "{key}".')
        return key, record

    def _versions(self, scope: Scope, reference: Record) -> list[Record]:
        """The versions of the public model that a reference lets through."""
        least = reference.get("MinVersion")
        own = {
            "HubName": reference["HubName"],
            "HubArn": reference["HubArn"],
            "HubContentName": reference["HubContentName"],
            "HubContentType": REFERENCE,
            "SageMakerPublicHubContentArn": reference["SageMakerPublicHubContentArn"],
            "ReferenceMinVersion": least,
            "CreationTime": reference["CreationTime"],
            "LastModifiedTime": reference.get("LastModifiedTime"),
        }
        key = f"{reference['HubName']}/{REFERENCE}/{reference['HubContentName']}"
        return [
            {
                **published,
                **own,
                "OriginalCreationTime": published["CreationTime"],
                "HubContentArn": hub_arn(
                    scope, f"hub-content/{key}/{published['HubContentVersion']}"
                ),
            }
            for published in self._published(reference["SageMakerPublicHubContentArn"])
            if least is None or version_of(published["HubContentVersion"]) >= version_of(least)
        ]

    def _published(self, arn: str) -> list[Record]:
        """The versions of a model of the public hub; none of one that it does not have."""
        region, name = arn.split(":")[3], arn.rpartition("/")[2]
        return super().contents(public_scope(region), PUBLIC_HUB, "Model").get(name, [])


def _not_published(reference: Record) -> AwsError:
    """The refusal of a reference through which nothing would be seen."""
    arn, least = reference["SageMakerPublicHubContentArn"], reference.get("MinVersion")
    wanted = f" in version {least} or later" if least else ""
    message = (
        f'Could not find hub content "{arn}"{wanted}. The public hub of the rehearsal holds what '
        f"account {AWS_ACCOUNT}, which stands for AWS, imported into its hub {PUBLIC_HUB}."
    )
    return AwsError("ResourceNotFound", message)

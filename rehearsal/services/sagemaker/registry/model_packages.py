"""Model packages: registered versions, their approval, and the events that deployments wait for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import identity
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.names import known_name
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.registry.model_package_groups import KIND as GROUP
from rehearsal.services.sagemaker.registry.model_package_groups import PACKAGE, ModelPackageGroups

LISTING = Listing(
    operation="ListModelPackages",
    member="ModelPackageSummaryList",
    name="ModelPackageArn",
    modified=None,
)
_EVENT = "SageMaker Model Package State Change"
_EVENT_MEMBERS = (
    "ModelPackageName",
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelPackageStatusDetails",
    "CertifyForMarketplace",
    "ModelApprovalStatus",
    "ApprovalDescription",
    "MetadataProperties",
    "ModelMetrics",
    "CustomerMetadataProperties",
    "ModelLifeCycle",
    "UpdatedModelPackageFields",
    "LastModifiedTime",
)
_UPDATABLE = (
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
    "ApprovalDescription",
    "InferenceSpecification",
    "SourceUri",
    "ModelCard",
    "ModelLifeCycle",
)


class ModelPackages(ModelPackageGroups):
    """Create-, Describe-, List-, Update-, DeleteModelPackage."""

    def resource_tags(self, arn: str, scope: Scope) -> Mapping[str, str]:
        return super().resource_tags(tagged_arn(arn), scope)

    def create_model_package(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateModelPackage", request)
        record.pop("ClientToken", None)
        _check_new(record)
        group = record.get("ModelPackageGroupName", "")
        keys = self.condition_keys("CreateModelPackage", request, context.scope)
        scope = self.registry_scope(context, group, "sagemaker:CreateModelPackage", keys)
        moment = now()
        record |= {
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "CreatedBy": identity(context),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        }
        record.setdefault("CertifyForMarketplace", False)
        with self.lock:
            if "ModelPackageGroupName" in record:
                key = self._number_version(scope, record)
            else:
                key = record["ModelPackageName"]
                self.refuse_existing(context, PACKAGE, key, "model package")
            # SageMaker writes names in its ARNs in lower case.
            arn = scope.arn("sagemaker", f"{PACKAGE}/{key.lower()}")
            record["ModelPackageArn"] = arn
            self.tag_new(context, arn, record.pop("Tags", ()))
            self.records.of(scope, PACKAGE)[key] = record
        self._emit_package(scope, record)
        return {"ModelPackageArn": record["ModelPackageArn"]}

    def describe_model_package(self, request: Request, context: Context) -> Response:
        name = request["ModelPackageName"]
        scope = self.registry_scope(context, name, "sagemaker:DescribeModelPackage")
        package = self.model_package(scope, name)
        answer = self.describe("DescribeModelPackage", package)
        # The API requires the member; versions of a group answer the group's name.
        answer.setdefault("ModelPackageName", package.get("ModelPackageGroupName", ""))
        return answer

    def list_model_packages(self, request: Request, context: Context) -> Response:
        given = request.get("ModelPackageGroupName", "")
        scope = self.registry_scope(context, given, "sagemaker:ListModelPackages")
        group = ""
        if given:
            group = self.model_package_group(scope, given)["ModelPackageGroupName"]
        with self.lock:
            packages = self.records.of(scope, PACKAGE).values()
            return LISTING.respond(_listed(packages, request, group), request)

    def update_model_package(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateModelPackage", request)
        arn = given["ModelPackageArn"]
        keys = self.condition_keys("UpdateModelPackage", request, context.scope)
        scope = self.registry_scope(context, arn, "sagemaker:UpdateModelPackage", keys)
        package = self.model_package(scope, arn)
        with self.lock:
            changes = {name: given[name] for name in _UPDATABLE if name in given}
            changes |= _metadata_changes(package, given)
            changes |= _added_specifications(package, given)
            updated = [name for name in changes if changes[name] != package.get(name)]
            package.update(changes, LastModifiedTime=now(), LastModifiedBy=identity(context))
        if updated:
            self._emit_package(scope, {**package, "UpdatedModelPackageFields": updated})
        return {"ModelPackageArn": package["ModelPackageArn"]}

    def delete_model_package(self, request: Request, context: Context) -> Response:
        name = request["ModelPackageName"]
        scope = self.registry_scope(context, name, "sagemaker:DeleteModelPackage")
        package = self.model_package(scope, name)
        with self.lock:
            packages = self.records.of(scope, PACKAGE)
            packages.pop(known_name(package["ModelPackageArn"], PACKAGE, packages), None)
        self.drop_tags(package["ModelPackageArn"])
        self._emit_package(scope, {**package, "ModelPackageStatus": "Deleting"})
        return {}

    def model_package(self, scope: Scope, name_or_arn: str) -> Record:
        """The package by name or (versioned) ARN, or SageMaker's refusal."""
        with self.lock:
            key = known_name(name_or_arn, PACKAGE, self.records.of(scope, PACKAGE))
        arn = scope.arn("sagemaker", f"{PACKAGE}/{key.lower()}")
        return self.find(
            scope,
            PACKAGE,
            key,
            operation="DescribeModelPackage",
            message=f"ModelPackage {arn} does not exist.",
        )

    def package_containers(self, context: Context, name: str) -> list[dict[str, Any]]:
        """What a version consists of, for a model that the caller makes of it."""
        scope = self.registry_scope(context, name, "sagemaker:CreateModel")
        if scope != context.scope:
            # In its own account the version needs no permission of its own.
            self.authorize_caller(context, "sagemaker:CreateModel", name)
        package = self.model_package(scope, name)
        if package.get("ModelApprovalStatus", "Approved") != "Approved":
            message = (
                f"Model package {package['ModelPackageArn']} is "
                f"{package['ModelApprovalStatus']}: only an approved package can be deployed."
            )
            raise AwsError("ValidationException", message)
        containers: list[dict[str, Any]] = package["InferenceSpecification"]["Containers"]
        return containers

    def _number_version(self, scope: Scope, record: Record) -> str:
        """Gives a package the next version of its group; versions are never given twice."""
        group = self.model_package_group(scope, record["ModelPackageGroupName"])
        version = group.get("_last_version", 0) + 1
        group["_last_version"] = version
        record["ModelPackageGroupName"] = group["ModelPackageGroupName"]
        record["ModelPackageVersion"] = version
        record.setdefault("ModelApprovalStatus", "PendingManualApproval")
        return f"{group['ModelPackageGroupName']}/{version}"

    def _emit_package(self, scope: Scope, package: Mapping[str, Any]) -> None:
        detail = {name: package[name] for name in _EVENT_MEMBERS if name in package}
        self.emit(scope, _EVENT, detail, package["ModelPackageArn"], iso=True)


def tagged_arn(arn: str) -> str:
    """Returns the ARN of the resource whose tags a resource has.

    A version in a model package group has the tags of the group.

    Source: CreateModelPackage in the API reference.
    """
    before, kind, name = arn.partition(f":{PACKAGE}/")
    versioned = kind and "/" in name
    return f"{before}:{GROUP}/{name.partition('/')[0]}" if versioned else arn


def _check_new(record: Mapping[str, Any]) -> None:
    versioned, named = record.get("ModelPackageGroupName"), record.get("ModelPackageName")
    if bool(versioned) == bool(named):
        message = "Give exactly one of ModelPackageGroupName (versioned) and ModelPackageName."
        raise AwsError("ValidationException", message)
    if versioned and record.get("Tags"):
        message = "Tags cannot be given with ModelPackageGroupName: a version has its group's."
        raise AwsError("ValidationException", message)
    if not record.get("InferenceSpecification"):
        message = "InferenceSpecification is required: the rehearsal registers deployable models."
        raise AwsError("ValidationException", message)


def _listed(packages: Iterable[Record], request: Mapping[str, Any], group: str) -> list[Record]:
    """The packages that the filters of ListModelPackages beyond the common ones leave."""
    kind = request.get("ModelPackageType", "Versioned" if group else "Unversioned")
    approval = request.get("ModelApprovalStatus")
    return [
        package
        for package in packages
        if (not group or package.get("ModelPackageGroupName") == group)
        and (approval is None or package.get("ModelApprovalStatus") == approval)
        and kind in ("Both", "Versioned" if "ModelPackageVersion" in package else "Unversioned")
    ]


def _metadata_changes(package: Record, given: Mapping[str, Any]) -> dict[str, Any]:
    added = given.get("CustomerMetadataProperties", {})
    removed = given.get("CustomerMetadataPropertiesToRemove", ())
    if not added and not removed:
        return {}
    kept = {
        name: value
        for name, value in package.get("CustomerMetadataProperties", {}).items()
        if name not in removed
    }
    return {"CustomerMetadataProperties": kept | added}


def _added_specifications(package: Record, given: Mapping[str, Any]) -> dict[str, Any]:
    added = given.get("AdditionalInferenceSpecificationsToAdd")
    if not added:
        return {}
    present = package.get("AdditionalInferenceSpecifications", [])
    return {"AdditionalInferenceSpecifications": [*present, *added]}

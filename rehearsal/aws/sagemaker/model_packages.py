"""Model packages: registered versions, their approval, and the events that deployments wait for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.aws.platform import AwsError, Context, Scope
from rehearsal.aws.sagemaker.control_plane import identity
from rehearsal.aws.sagemaker.listing import Listing
from rehearsal.aws.sagemaker.model_package_groups import PACKAGE, ModelPackageGroups
from rehearsal.aws.sagemaker.records import Record, now
from rehearsal.aws.service import Request, Response

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

    def create_model_package(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateModelPackage", request)
        record.pop("ClientToken", None)
        _check_new(record)
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
                key = self._number_version(context.scope, record)
            else:
                key = record["ModelPackageName"]
                self.refuse_existing(context, PACKAGE, key, "model package")
            record["ModelPackageArn"] = context.scope.arn("sagemaker", f"{PACKAGE}/{key}")
            self.register(context, PACKAGE, key, record, request)
            record.pop("Tags", None)
        self._emit_package(context.scope, record)
        return {"ModelPackageArn": record["ModelPackageArn"]}

    def describe_model_package(self, request: Request, context: Context) -> Response:
        package = self.model_package(context.scope, request["ModelPackageName"])
        answer = self.describe("DescribeModelPackage", package)
        # The API requires the member; versions of a group answer the group's name.
        answer.setdefault("ModelPackageName", package.get("ModelPackageGroupName", ""))
        return answer

    def list_model_packages(self, request: Request, context: Context) -> Response:
        if "ModelPackageGroupName" in request:
            self.model_package_group(context.scope, request["ModelPackageGroupName"])
        with self.lock:
            packages = self.records.of(context.scope, PACKAGE).values()
            return LISTING.answer(_listed(packages, request), request)

    def update_model_package(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateModelPackage", request)
        package = self.model_package(context.scope, given["ModelPackageArn"])
        with self.lock:
            changes = {name: given[name] for name in _UPDATABLE if name in given}
            changes |= _metadata_changes(package, given)
            changes |= _added_specifications(package, given)
            updated = [name for name in changes if changes[name] != package.get(name)]
            package.update(changes, LastModifiedTime=now(), LastModifiedBy=identity(context))
        if updated:
            self._emit_package(context.scope, {**package, "UpdatedModelPackageFields": updated})
        return {"ModelPackageArn": package["ModelPackageArn"]}

    def delete_model_package(self, request: Request, context: Context) -> Response:
        package = self.model_package(context.scope, request["ModelPackageName"])
        with self.lock:
            self.records.of(context.scope, PACKAGE).pop(_key(package["ModelPackageArn"]), None)
        self.drop_tags(package["ModelPackageArn"])
        self._emit_package(context.scope, {**package, "ModelPackageStatus": "Deleting"})
        return {}

    def model_package(self, scope: Scope, name_or_arn: str) -> Record:
        """The package by name or (versioned) ARN, or SageMaker's refusal."""
        key = _key(name_or_arn)
        if name_or_arn.startswith("arn:") and name_or_arn.split(":")[4] != scope.account:
            message = (
                f"The rehearsal does not share model packages between accounts: {name_or_arn}."
            )
            raise AwsError("ValidationException", message)
        arn = scope.arn("sagemaker", f"{PACKAGE}/{key}")
        return self.find(
            scope,
            PACKAGE,
            key,
            operation="DescribeModelPackage",
            message=f"ModelPackage {arn} does not exist.",
        )

    def package_containers(self, scope: Scope, name: str) -> list[dict[str, Any]]:
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


def _key(name_or_arn: str) -> str:
    """`group/version` or the name."""
    return name_or_arn.partition(f":{PACKAGE}/")[2] or name_or_arn


def _listed(packages: Iterable[Record], request: Mapping[str, Any]) -> list[Record]:
    """The packages that the filters of ListModelPackages beyond the common ones leave."""
    group = str(request.get("ModelPackageGroupName", "")).rpartition("/")[2]
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

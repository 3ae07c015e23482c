"""Model packages: registered model versions, their approval and their events."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from botocore.model import MapShape, StructureShape

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend, caller_identity
from rehearsal.services.sagemaker.condition_keys import condition_keys
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.names import known_name
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.registry.model_card_schema import check_card
from rehearsal.services.sagemaker.registry.model_package_groups import KIND as GROUP
from rehearsal.services.sagemaker.registry.model_package_groups import PACKAGE, ModelPackageGroups
from rehearsal.services.sagemaker.service_model import output_shape, select

LISTING = Listing(
    operation="ListModelPackages",
    member="ModelPackageSummaryList",
    name="ModelPackageArn",
    modified=None,
)
_BATCH = "BatchDescribeModelPackage"
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


class ModelPackages:
    """Create-, Describe-, BatchDescribe-, List-, Update-, DeleteModelPackage.

    Args:
        backend: the backend of SageMaker.
        groups: the model package groups.
    """

    def __init__(self, backend: Backend, groups: ModelPackageGroups) -> None:
        self._backend = backend
        self._groups = groups

    def create_model_package(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateModelPackage", request)
        record.pop("ClientToken", None)
        check_card(record)
        group = record.get("ModelPackageGroupName", "")
        keys = condition_keys("CreateModelPackage", request)
        scope = self._groups.scope_of(context, group, "sagemaker:CreateModelPackage", keys)
        moment = now()
        record |= {
            "CreationTime": moment,
            "LastModifiedTime": moment,
            "CreatedBy": caller_identity(context),
            "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        }
        record.setdefault("CertifyForMarketplace", False)
        with self._backend.lock:
            if "ModelPackageGroupName" in record:
                key = self._number_version(scope, record)
            else:
                key = record["ModelPackageName"]
                self._backend.reject_existing(context, PACKAGE, key, "model package")
            # SageMaker writes names in its ARNs in lower case.
            arn = scope.arn("sagemaker", f"{PACKAGE}/{key.lower()}")
            record["ModelPackageArn"] = arn
            self._backend.tag_new(context, arn, record.pop("Tags", ()))
            self._backend.records.of(scope, PACKAGE)[key] = record
        self._emit(scope, record)
        return {"ModelPackageArn": record["ModelPackageArn"]}

    def describe_model_package(self, request: Request, context: Context) -> Response:
        name = request["ModelPackageName"]
        scope = self._groups.scope_of(context, name, "sagemaker:DescribeModelPackage")
        package = self._find(scope, name)
        response = self._backend.describe("DescribeModelPackage", package)
        # The API requires the member; versions of a group have the group's name.
        response.setdefault("ModelPackageName", package.get("ModelPackageGroupName", ""))
        return response

    def batch_describe_model_package(self, request: Request, context: Context) -> Response:
        shape = cast(MapShape, output_shape(_BATCH).members["ModelPackageSummaries"])
        summaries, errors = {}, {}
        for arn in request["ModelPackageArnList"]:
            scope = self._groups.scope_of(context, arn, f"sagemaker:{_BATCH}")
            try:
                package = self._find(scope, arn)
            except AwsError as error:
                errors[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
                continue
            # The API requires the member.
            shown = {"InferenceSpecification": {"Containers": []}, **package}
            summaries[arn] = select(shown, cast(StructureShape, shape.value))
        return {
            "ModelPackageSummaries": summaries,
            **({"BatchDescribeModelPackageErrorMap": errors} if errors else {}),
        }

    def list_model_packages(self, request: Request, context: Context) -> Response:
        given = request.get("ModelPackageGroupName", "")
        scope = self._groups.scope_of(context, given, "sagemaker:ListModelPackages")
        group = ""
        if given:
            group = self._groups.find(scope, given)["ModelPackageGroupName"]
        packages = self._backend.all(scope, PACKAGE)
        return LISTING.respond(_listed(packages, request, group), request)

    def update_model_package(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateModelPackage", request)
        check_card(given)
        arn = given["ModelPackageArn"]
        keys = condition_keys("UpdateModelPackage", request)
        scope = self._groups.scope_of(context, arn, "sagemaker:UpdateModelPackage", keys)
        package = self._find(scope, arn)
        with self._backend.lock:
            changes = {name: given[name] for name in _UPDATABLE if name in given}
            changes |= _metadata_changes(package, given)
            changes |= _added_specifications(package, given)
            updated = [name for name in changes if changes[name] != package.get(name)]
            package.update(changes, LastModifiedTime=now(), LastModifiedBy=caller_identity(context))
        if updated:
            self._emit(scope, {**package, "UpdatedModelPackageFields": updated})
        return {"ModelPackageArn": package["ModelPackageArn"]}

    def delete_model_package(self, request: Request, context: Context) -> Response:
        name = request["ModelPackageName"]
        scope = self._groups.scope_of(context, name, "sagemaker:DeleteModelPackage")
        package = self._find(scope, name)
        with self._backend.lock:
            packages = self._backend.records.of(scope, PACKAGE)
            key = known_name(package["ModelPackageArn"], PACKAGE, packages)
        self._backend.remove(scope, PACKAGE, key, package["ModelPackageArn"])
        self._emit(scope, {**package, "ModelPackageStatus": "Deleting"})
        return {}

    def _find(self, scope: Scope, name_or_arn: str) -> Record:
        """Returns a package by its name or ARN."""
        with self._backend.lock:
            key = known_name(name_or_arn, PACKAGE, self._backend.records.of(scope, PACKAGE))
        arn = scope.arn("sagemaker", f"{PACKAGE}/{key.lower()}")
        return self._backend.find(
            scope,
            PACKAGE,
            key,
            operation="DescribeModelPackage",
            message=f"ModelPackage {arn} does not exist.",
        )

    def package_containers(
        self, context: Context, name: str, request: Request
    ) -> list[dict[str, Any]]:
        """Returns the containers of a package for a model that the caller creates from it.

        Args:
            context: the caller.
            name: the name or ARN of the package.
            request: the request of CreateModel, whose condition keys apply to the package as well.

        Raises:
            AwsError: ValidationException, if it does not exist or is not approved;
                AccessDeniedException, if it belongs to another account that does not share it.
        """
        scope = self._groups.scope_of(context, name, "sagemaker:CreateModel")
        if scope != context.scope:
            # Within an account, CreateModel requires no permission for the package.
            keys = condition_keys("CreateModel", request)
            self._backend.identity.authorize_caller(context, "sagemaker:CreateModel", name, keys)
        package = self._find(scope, name)
        if package.get("ModelApprovalStatus", "Approved") != "Approved":
            message = (
                f"Model package {package['ModelPackageArn']} is "
                f"{package['ModelApprovalStatus']}: only an approved package can be deployed."
            )
            raise AwsError("ValidationException", message)
        specification = package.get("InferenceSpecification")
        if not specification:
            message = (
                f"Model package {package['ModelPackageArn']} has no InferenceSpecification: add "
                "one with UpdateModelPackage to deploy it."
            )
            raise AwsError("ValidationException", message)
        containers: list[dict[str, Any]] = specification["Containers"]
        return containers

    def _number_version(self, scope: Scope, record: Record) -> str:
        """Assigns the next version of the group, which is never reused; returns the key."""
        group = self._groups.find(scope, record["ModelPackageGroupName"])
        version = group.get("LastVersion", 0) + 1
        group["LastVersion"] = version
        record["ModelPackageGroupName"] = group["ModelPackageGroupName"]
        record["ModelPackageVersion"] = version
        record.setdefault("ModelApprovalStatus", "PendingManualApproval")
        return f"{group['ModelPackageGroupName']}/{version}"

    def _emit(self, scope: Scope, package: Mapping[str, Any]) -> None:
        detail = {name: package[name] for name in _EVENT_MEMBERS if name in package}
        self._backend.emit(scope, _EVENT, detail, package["ModelPackageArn"], iso=True)


def tagged_arn(arn: str) -> str:
    """Returns the ARN of the resource whose tags a resource has.

    A version in a model package group has the tags of the group.

    Source: CreateModelPackage in the API reference.
    """
    before, kind, name = arn.partition(f":{PACKAGE}/")
    versioned = kind and "/" in name
    return f"{before}:{GROUP}/{name.partition('/')[0]}" if versioned else arn


def _listed(packages: Iterable[Record], request: Mapping[str, Any], group: str) -> list[Record]:
    """Returns the packages that pass the filters specific to ListModelPackages."""
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

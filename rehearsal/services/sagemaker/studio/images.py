"""Custom images of Studio, their versions in Amazon ECR, and their app image configurations."""

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend
from rehearsal.services.sagemaker.listing import Listing, page
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.stored_resource import Kind, StoredResource
from rehearsal.services.sagemaker.studio.records import (
    APP_IMAGE_CONFIG,
    IMAGE,
    IMAGE_VERSION,
    StudioRecords,
    missing,
)

IMAGES = Kind(
    noun="Image",
    path=IMAGE,
    listing=Listing(
        operation="ListImages", member="Images", name="ImageName", status="ImageStatus"
    ),
    missing="Image [{name}] does not exist.",
    existing="Image already exists: {arn}",
    existing_code="ResourceInUse",
)
APP_IMAGE_CONFIGS = Kind(
    noun="AppImageConfig",
    path=APP_IMAGE_CONFIG,
    listing=Listing(
        operation="ListAppImageConfigs", member="AppImageConfigs", name="AppImageConfigName"
    ),
    updatable=("KernelGatewayImageConfig", "JupyterLabAppImageConfig", "CodeEditorAppImageConfig"),
    missing="AppImageConfig [{name}] does not exist.",
    existing="AppImageConfig already exists: {arn}",
    existing_code="ResourceInUse",
)
VERSIONS = Listing(
    operation="ListImageVersions",
    member="ImageVersions",
    name="ImageName",
    status="ImageVersionStatus",
)
_ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/"
    r"(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:.+))?"
)
_UPDATABLE = (
    "VendorGuidance",
    "JobType",
    "MLFramework",
    "ProgrammingLang",
    "Processor",
    "Horovod",
    "ReleaseNotes",
)


class Images(StoredResource):
    """Create-, Describe-, List-, Update-, DeleteImage.

    Args:
        backend: the backend of SageMaker.
        records: the records of Studio.
    """

    def __init__(self, backend: Backend, records: StudioRecords) -> None:
        super().__init__(backend, IMAGES)
        self._records = records

    def prepare(self, record: Record, context: Context) -> None:
        self.backend.identity.check_role(context, record["RoleArn"])
        record["ImageStatus"] = "CREATED"

    def list_all(self, request: Request, context: Context) -> Response:
        return super().list_all(_sorting(request), context)

    def update_image(self, request: Request, context: Context) -> Response:
        given = self.backend.accept("UpdateImage", request)
        record = self.find(context.scope, given.pop("ImageName"), "UpdateImage")
        self.backend.identity.check_role(context, given.get("RoleArn"))
        removed = dict.fromkeys(given.pop("DeleteProperties", ()))
        self._records.change(record, **{**removed, **given})
        return {"ImageArn": record["ImageArn"]}

    def delete(self, request: Request, context: Context) -> Response:
        """Deletes an image and all its versions, as DeleteImage in the API reference says."""
        response = super().delete(request, context)
        with self.backend.lock:
            versions = self.backend.records.of(context.scope, IMAGE_VERSION)
            for path in [path for path in versions if path.startswith(f"{request['ImageName']}/")]:
                del versions[path]
        return response


class ImageVersions:
    """Create-, Describe-, List-, Update-, DeleteImageVersion; ListAliases.

    Args:
        backend: the backend of SageMaker.
        records: the records of Studio.
        images: the images.
    """

    def __init__(self, backend: Backend, records: StudioRecords, images: Images) -> None:
        self._backend = backend
        self._records = records
        self._images = images

    def create_image_version(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateImageVersion", request)
        scope, name = context.scope, record["ImageName"]
        image = self._images.find(scope, name, "CreateImageVersion")
        with self._backend.lock:
            number = image.get("LastVersion", 0) + 1
            image["LastVersion"] = number
            path = f"{name}/{number}"
            record |= {
                "ImageArn": image["ImageArn"],
                "ImageVersionArn": scope.arn("sagemaker", f"{IMAGE_VERSION}/{path}"),
                "ImageVersionStatus": "CREATING",
                "Version": number,
                "CreationTime": now(),
                "LastModifiedTime": now(),
            }
            self._move_aliases(scope, record, record.get("Aliases", ()))
            self._backend.records.of(scope, IMAGE_VERSION)[path] = record
        self._backend.workers.start(f"pull {path}", lambda: self._resolve(scope, image, record))
        return {"ImageVersionArn": record["ImageVersionArn"]}

    def describe_image_version(self, request: Request, context: Context) -> Response:
        record = self._find(context.scope, request, "DescribeImageVersion")
        return self._backend.describe("DescribeImageVersion", record)

    def list_image_versions(self, request: Request, context: Context) -> Response:
        found = self._of_image(context.scope, request["ImageName"], "ListImageVersions")
        return VERSIONS.respond(found, _sorting(request))

    def list_aliases(self, request: Request, context: Context) -> Response:
        if "Version" in request or "Alias" in request:
            found = [self._find(context.scope, request, "ListAliases")]
        else:
            found = self._of_image(context.scope, request["ImageName"], "ListAliases")
        aliases = [alias for record in found for alias in record.get("Aliases", ())]
        return page(sorted(aliases), request, "SageMakerImageVersionAliases")

    def update_image_version(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateImageVersion", request)
        record = self._find(context.scope, request, "UpdateImageVersion")
        kept = set(record.get("Aliases", ())) - set(given.get("AliasesToDelete", ()))
        with self._backend.lock:
            self._move_aliases(context.scope, record, kept | set(given.get("AliasesToAdd", ())))
        changes = {name: given[name] for name in _UPDATABLE if name in given}
        self._records.change(record, **changes)
        return {"ImageVersionArn": record["ImageVersionArn"]}

    def delete_image_version(self, request: Request, context: Context) -> Response:
        record = self._find(context.scope, request, "DeleteImageVersion")
        path = f"{record['ImageName']}/{record['Version']}"
        with self._backend.lock:
            self._backend.records.of(context.scope, IMAGE_VERSION).pop(path, None)
        return {}

    def _of_image(self, scope: Scope, name: str, operation: str) -> list[Record]:
        self._images.find(scope, name, operation)
        versions = self._backend.all(scope, IMAGE_VERSION)
        return [record for record in versions if record["ImageName"] == name]

    def _find(self, scope: Scope, request: Request, operation: str) -> Record:
        """Returns a version by number or alias; the latest one if the request has neither."""
        found = self._of_image(scope, request["ImageName"], operation)
        if "Alias" in request:
            found = [record for record in found if request["Alias"] in record.get("Aliases", ())]
        elif "Version" in request:
            found = [record for record in found if record["Version"] == request["Version"]]
        if not found:
            wanted = request.get("Alias", request.get("Version", "latest"))
            raise missing(operation, IMAGE_VERSION, f"{request['ImageName']}/{wanted}")
        return found[-1]

    def _move_aliases(self, scope: Scope, record: Record, aliases: Any) -> None:
        """Moves aliases from other versions to this one; the caller holds the lock."""
        moved = set(aliases)
        for other in self._backend.records.of(scope, IMAGE_VERSION).values():
            if other["ImageName"] == record["ImageName"] and other.get("Aliases"):
                other["Aliases"] = sorted(set(other["Aliases"]) - moved)
        record["Aliases"] = sorted(moved)

    def _resolve(self, scope: Scope, image: Record, record: Record) -> None:
        """Finds the digest in ECR with the image's role, as SageMaker does."""
        identity = self._backend.identity
        try:
            session = identity.role_session(scope, image["RoleArn"], image["ImageArn"])
            container = _digest(session.client("ecr", region_name=scope.region), record)
            changes = {"ImageVersionStatus": "CREATED", "ContainerImage": container}
        except (AwsError, BotoCoreError, ClientError, ValueError) as error:
            reason = str(error)[:1024]
            changes = {"ImageVersionStatus": "CREATE_FAILED", "FailureReason": reason}
        self._records.change(record, **changes)


def _digest(ecr: Any, record: Record) -> str:
    found = _ECR_IMAGE.fullmatch(record["BaseImage"])
    if found is None:
        raise ValueError(f"BaseImage {record['BaseImage']} is not an image in Amazon ECR")
    by_digest = {"imageDigest": found["digest"]} if found["digest"] else {}
    image_id = by_digest or {"imageTag": found["tag"] or "latest"}
    response = ecr.batch_get_image(
        registryId=found["account"], repositoryName=found["repository"], imageIds=[image_id]
    )
    if not response.get("images"):
        raise ValueError(f"BaseImage {record['BaseImage']} does not exist")
    registry = record["BaseImage"].split("/", 1)[0]
    return f"{registry}/{found['repository']}@{response['images'][0]['imageId']['imageDigest']}"


def _sorting(request: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a request with the sort values of the other lists: CREATION_TIME is CreationTime."""
    names = {"IMAGE_NAME": "Name", "VERSION": "Version"}
    changed = dict(request)
    for member in ("SortBy", "SortOrder"):
        if member in changed:
            words = "".join(word.capitalize() for word in changed[member].split("_"))
            changed[member] = names.get(changed[member], words)
    return changed

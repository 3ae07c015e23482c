"""Custom images of Studio and their versions, which are images of ECR."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.listing import Listing, page
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.studio.members import (
    IMAGE,
    IMAGE_VERSION,
    StudioMembers,
    missing,
)

IMAGES = Listing(operation="ListImages", member="Images", name="ImageName", status="ImageStatus")
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
_DESCRIBED = (
    "VendorGuidance",
    "JobType",
    "MLFramework",
    "ProgrammingLang",
    "Processor",
    "Horovod",
    "ReleaseNotes",
)


class StudioImages(StudioMembers):
    """Images, their versions, and the aliases of versions."""

    def create_image(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateImage", request)
        name, scope = record["ImageName"], context.scope
        self.check_role(context, record["RoleArn"])
        record |= {
            "ImageArn": scope.arn("sagemaker", f"{IMAGE}/{name}"),
            "ImageStatus": "CREATED",
            "CreationTime": now(),
            "LastModifiedTime": now(),
        }
        with self.lock:
            self.refuse_taken(scope, IMAGE, name)
            self.register(context, IMAGE, name, record, request)
        return {"ImageArn": record["ImageArn"]}

    def describe_image(self, request: Request, context: Context) -> Response:
        record = self.studio_record(context.scope, IMAGE, request["ImageName"], "DescribeImage")
        return self.describe("DescribeImage", record)

    def list_images(self, request: Request, context: Context) -> Response:
        with self.lock:
            return IMAGES.respond(self.records.of(context.scope, IMAGE).values(), _asked(request))

    def update_image(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateImage", request)
        record = self.studio_record(context.scope, IMAGE, given.pop("ImageName"), "UpdateImage")
        self.check_role(context, given.get("RoleArn"))
        removed = dict.fromkeys(given.pop("DeleteProperties", ()))
        self.change(record, **removed, **given)
        return {"ImageArn": record["ImageArn"]}

    def delete_image(self, request: Request, context: Context) -> Response:
        """Deletes an image and all its versions (API_DeleteImage)."""
        scope, name = context.scope, request["ImageName"]
        record = self.studio_record(scope, IMAGE, name, "DeleteImage")
        with self.lock:
            versions = self.records.of(scope, IMAGE_VERSION)
            for path in [path for path in versions if path.rpartition("/")[0] == name]:
                del versions[path]
            self.records.of(scope, IMAGE).pop(name, None)
        self.drop_tags(record["ImageArn"])
        return {}

    def create_image_version(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateImageVersion", request)
        scope, name = context.scope, record["ImageName"]
        image = self.studio_record(scope, IMAGE, name, "CreateImageVersion")
        with self.lock:
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
            self.records.of(scope, IMAGE_VERSION)[path] = record
        self.workers.start(
            f"pull {path}", lambda: self._resolve_image_version(scope, image, record)
        )
        return {"ImageVersionArn": record["ImageVersionArn"]}

    def describe_image_version(self, request: Request, context: Context) -> Response:
        record = self._image_version(context.scope, request, "DescribeImageVersion")
        return self.describe("DescribeImageVersion", record)

    def list_image_versions(self, request: Request, context: Context) -> Response:
        found = self._image_versions(context.scope, request["ImageName"], "ListImageVersions")
        return VERSIONS.respond(found, _asked(request))

    def list_aliases(self, request: Request, context: Context) -> Response:
        if "Version" in request or "Alias" in request:
            found = [self._image_version(context.scope, request, "ListAliases")]
        else:
            found = self._image_versions(context.scope, request["ImageName"], "ListAliases")
        aliases = [alias for record in found for alias in record.get("Aliases", ())]
        return page(sorted(aliases), request, "SageMakerImageVersionAliases")

    def update_image_version(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateImageVersion", request)
        record = self._image_version(context.scope, request, "UpdateImageVersion")
        kept = set(record.get("Aliases", ())) - set(given.get("AliasesToDelete", ()))
        with self.lock:
            self._move_aliases(context.scope, record, kept | set(given.get("AliasesToAdd", ())))
        self.change(record, **{name: given[name] for name in _DESCRIBED if name in given})
        return {"ImageVersionArn": record["ImageVersionArn"]}

    def delete_image_version(self, request: Request, context: Context) -> Response:
        record = self._image_version(context.scope, request, "DeleteImageVersion")
        path = f"{record['ImageName']}/{record['Version']}"
        with self.lock:
            self.records.of(context.scope, IMAGE_VERSION).pop(path, None)
        return {}

    def _image_versions(self, scope: Scope, name: str, operation: str) -> list[Record]:
        self.studio_record(scope, IMAGE, name, operation)
        with self.lock:
            versions = self.records.of(scope, IMAGE_VERSION).values()
            return [record for record in versions if record["ImageName"] == name]

    def _image_version(self, scope: Scope, request: Request, operation: str) -> Record:
        """The version by number or alias; the latest one where neither is given."""
        found = self._image_versions(scope, request["ImageName"], operation)
        if "Alias" in request:
            found = [record for record in found if request["Alias"] in record.get("Aliases", ())]
        elif "Version" in request:
            found = [record for record in found if record["Version"] == request["Version"]]
        if not found:
            asked = request.get("Alias", request.get("Version", "latest"))
            raise missing(operation, IMAGE_VERSION, f"{request['ImageName']}/{asked}")
        return found[-1]

    def _move_aliases(self, scope: Scope, record: Record, aliases: Any) -> None:
        """An alias is of one version only; the caller holds the lock."""
        wanted = set(aliases)
        for other in self.records.of(scope, IMAGE_VERSION).values():
            if other["ImageName"] == record["ImageName"] and other.get("Aliases"):
                other["Aliases"] = sorted(set(other["Aliases"]) - wanted)
        record["Aliases"] = sorted(wanted)

    def _resolve_image_version(self, scope: Scope, image: Record, record: Record) -> None:
        """Finds the digest in ECR with the image's role, as SageMaker does."""
        try:
            session = self.role_session(scope, image["RoleArn"], image["ImageArn"])
            container = _digest(session.client("ecr", region_name=scope.region), record)
            changes = {"ImageVersionStatus": "CREATED", "ContainerImage": container}
        except (AwsError, BotoCoreError, ClientError, ValueError) as error:
            reason = str(error)[:1024]
            changes = {"ImageVersionStatus": "CREATE_FAILED", "FailureReason": reason}
        self.change(record, **changes)


def _digest(ecr: Any, record: Record) -> str:
    found = _ECR_IMAGE.fullmatch(record["BaseImage"])
    if found is None:
        raise ValueError(f"BaseImage {record['BaseImage']} is no image of Amazon ECR")
    named = {"imageDigest": found["digest"]} if found["digest"] else {}
    wanted = named or {"imageTag": found["tag"] or "latest"}
    answer = ecr.batch_get_image(
        registryId=found["account"], repositoryName=found["repository"], imageIds=[wanted]
    )
    if not answer.get("images"):
        raise ValueError(f"BaseImage {record['BaseImage']} does not exist")
    registry = record["BaseImage"].split("/", 1)[0]
    return f"{registry}/{found['repository']}@{answer['images'][0]['imageId']['imageDigest']}"


def _asked(request: Mapping[str, Any]) -> dict[str, Any]:
    """Order as the other lists write it: CREATION_TIME is CreationTime."""
    names = {"IMAGE_NAME": "Name", "VERSION": "Version"}
    asked = dict(request)
    for member in ("SortBy", "SortOrder"):
        if member in asked:
            words = "".join(word.capitalize() for word in asked[member].split("_"))
            asked[member] = names.get(asked[member], words)
    return asked

"""Images in Amazon ECR: manifests are in ECR, the content is in the ImageStore of this machine.

The calls are those of `docker push` and `docker pull`, so that IAM evaluates all of them.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from rehearsal.containers.image import Image
from rehearsal.framework.aws_client import aws_client

_URI = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<repository>[a-z0-9]+(?:[._/-][a-z0-9]+)*)"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64})|:(?P<tag>[\w][\w.-]{0,127}))?"
)
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
"""The media type of a manifest."""
_MISSING = ("RepositoryNotFoundException", "ImageNotFoundException", "LayersNotFoundException")
_CONFIGURATION = "application/vnd.docker.container.image.v1+json"


class ImageUnavailableError(Exception):
    """An image cannot be pulled; `reason` is worded as by AWS."""

    def __init__(self, image_uri: str, reason: str) -> None:
        super().__init__(reason)
        self.image_uri = image_uri
        self.reason = reason


class ImageMissingError(ImageUnavailableError):
    """An image does not exist in its registry."""


@dataclass(frozen=True)
class ImageUri:
    """`<account>.dkr.ecr.<region>.amazonaws.com/<repository>[:tag|@sha256:digest]`."""

    account: str
    region: str
    repository: str
    tag: str | None
    digest: str | None

    @classmethod
    def parse(cls, uri: str) -> ImageUri:
        """Returns the parts of a URI.

        Raises:
            ImageUnavailableError: it is not the URI of an image in a private ECR registry.
        """
        match = _URI.fullmatch(uri)
        if match is None:
            raise ImageUnavailableError(
                uri,
                f"Invalid image URI {uri}. Please provide a valid Amazon Elastic Container "
                "Registry path of the Docker image to run: "
                "<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>.",
            )
        return cls(**match.groupdict())

    @property
    def image_id(self) -> dict[str, str]:
        """The identifier of the image in calls of ECR."""
        if self.digest:
            return {"imageDigest": self.digest}
        return {"imageTag": self.tag or "latest"}


def publish(session: boto3.Session, repository_uri: str, tags: Sequence[str], image: Image) -> str:
    """Pushes an image with tags and returns the digest of its manifest, `sha256:...`.

    Raises:
        botocore.exceptions.ClientError: the role may not push, the repository does not exist, or
            an immutable tag belongs to another image.
    """
    uri = ImageUri.parse(repository_uri)
    ecr = _client(session, uri)
    where = {"registryId": uri.account, "repositoryName": uri.repository}
    ecr.get_authorization_token()
    _upload_configuration(ecr, where, image)
    manifest = manifest_of(image)
    digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
    for tag in tags:
        try:
            ecr.put_image(
                **where, imageManifest=manifest, imageManifestMediaType=MANIFEST, imageTag=tag
            )
        except ClientError as error:
            if not _is_pushed(ecr, where, tag, digest, error):
                raise
    return digest


def _upload_configuration(ecr: Any, where: dict[str, str], image: Image) -> None:
    response = ecr.batch_check_layer_availability(**where, layerDigests=[image.digest])
    if any(layer.get("layerAvailability") == "AVAILABLE" for layer in response["layers"]):
        return
    blob = image.configuration.encode()
    upload = ecr.initiate_layer_upload(**where)["uploadId"]
    ecr.upload_layer_part(
        **where,
        uploadId=upload,
        partFirstByte=0,
        partLastByte=len(blob) - 1,
        layerPartBlob=blob,
    )
    ecr.complete_layer_upload(**where, uploadId=upload, layerDigests=[image.digest])


def manifest_of(image: Image) -> str:
    """Returns the manifest of an image, JSON that `docker push` would send."""
    configuration = {
        "mediaType": _CONFIGURATION,
        "size": len(image.configuration.encode()),
        "digest": image.digest,
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": configuration,
        "layers": [],
    }
    return json.dumps(manifest, indent=3)


def _is_pushed(ecr: Any, where: dict[str, str], tag: str, digest: str, error: ClientError) -> bool:
    """Returns True if the error means that this image already has the tag."""
    code = error.response["Error"]["Code"]
    if code == "ImageAlreadyExistsException":
        return True
    if code != "ImageTagAlreadyExistsException":
        return False
    images = ecr.batch_get_image(**where, imageIds=[{"imageTag": tag}])["images"]
    return any(found["imageId"]["imageDigest"] == digest for found in images)


def resolve(session: boto3.Session, image_uri: str) -> str:
    """Returns the digest of an image in the ImageStore.

    Raises:
        ImageUnavailableError: the image does not exist or may not be pulled.
    """
    uri = ImageUri.parse(image_uri)
    ecr = _client(session, uri)
    where = {"registryId": uri.account, "repositoryName": uri.repository}
    try:
        ecr.get_authorization_token()
        images = ecr.batch_get_image(**where, imageIds=[uri.image_id])["images"]
        if not images:
            raise _not_found(image_uri, uri)
        digest = str(json.loads(images[0]["imageManifest"])["config"]["digest"])
        ecr.get_download_url_for_layer(**where, layerDigest=digest)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("RepositoryNotFoundException", "ImageNotFoundException"):
            raise _not_found(image_uri, uri) from error
        raise ImageUnavailableError(
            image_uri, f"Cannot pull {image_uri}: {code}: {error.response['Error']['Message']}"
        ) from error
    except (LookupError, ValueError, TypeError) as error:
        raise ImageUnavailableError(
            image_uri,
            f"The manifest of image {image_uri} is not one of the rehearsal. Build the image with "
            "an ECRBuildAndPublish action from a Dockerfile.",
        ) from error
    return digest


def check_pull(session: boto3.Session, image_uri: str) -> None:
    """Makes the calls of a pull, for an image of AWS that this machine does not have.

    Raises:
        ImageUnavailableError: the role may not make one of them.
    """
    uri = ImageUri.parse(image_uri)
    ecr = _client(session, uri)
    where = {"registryId": uri.account, "repositoryName": uri.repository}
    for call, arguments in (
        (ecr.batch_get_image, {"imageIds": [uri.image_id]}),
        (ecr.get_download_url_for_layer, {"layerDigest": f"sha256:{'0' * 64}"}),
    ):
        try:
            ecr.get_authorization_token()
            call(**where, **arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in _MISSING:
                raise ImageUnavailableError(
                    image_uri,
                    f"Cannot pull {image_uri}: {code}: {error.response['Error']['Message']}",
                ) from error


def _not_found(image_uri: str, uri: ImageUri) -> ImageMissingError:
    return ImageMissingError(
        image_uri,
        f"Requested image {image_uri} not found. The rehearsal supports only images that its "
        f"pipelines have built; it cannot pull from registry {uri.account}, for example built-in "
        "algorithms. Build the image from your own Dockerfile and use that repository.",
    )


def _client(session: boto3.Session, uri: ImageUri) -> Any:
    return aws_client(session, "ecr", region=uri.region)

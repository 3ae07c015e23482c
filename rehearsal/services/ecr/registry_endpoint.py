"""Registries of Amazon ECR at /v2/, for `docker login`, `push` and `pull`.

Each request becomes calls of ECR's API with the credentials that got the password, so that IAM and
the policy of the repository apply.

Sources: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html and
https://distribution.github.io/distribution/spec/api/
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.containers.images.registry import MANIFEST
from rehearsal.framework.aws_client import aws_client
from rehearsal.framework.platform import Credentials, Platform
from rehearsal.framework.service import RawHandler
from rehearsal.services.ecr.layer_files import ROUTE as LAYER_ROUTE
from rehearsal.services.ecr.layer_files import LayerFiles

_ROUTE = re.compile(
    r"/v2/(?:(?P<repository>[a-z0-9][a-z0-9._/-]*)/(?P<kind>manifests|blobs)/(?P<rest>.+))?"
)
_HOST = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
)
_UPLOADS = "uploads/"
_STATUS = {
    "RepositoryNotFoundException": (404, "NAME_UNKNOWN"),
    "ImageNotFoundException": (404, "MANIFEST_UNKNOWN"),
    "AccessDeniedException": (403, "DENIED"),
}

Reply = tuple[int, dict[str, str], bytes]


class RegistryEndpoint:
    """The registries of all accounts and regions; the host of a request names one.

    Args:
        platform: the AWS around the registries.
        key_of_password: returns the access key id that got a password by GetAuthorizationToken, or
            None for a password that is unknown or has expired.
    """

    def __init__(self, platform: Platform, key_of_password: Callable[[str], str | None]) -> None:
        self._platform = platform
        self._key_of_password = key_of_password

    def raw_routes(self) -> Sequence[tuple[re.Pattern[str], RawHandler]]:
        """Returns the routes of the registries and of the URLs of layers."""
        return [(_ROUTE, self.handle), (LAYER_ROUTE, self.download)]

    def download(
        self,
        method: str,
        path: str,
        query: Mapping[str, list[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Reply:
        """Serves the URL that GetDownloadUrlForLayer returned."""
        del headers, body
        content = LayerFiles(self._platform).read(path, query.get("signature", [""])[0])
        if method != "GET" or content is None:
            return _error(403, "DENIED", "the URL is not one of GetDownloadUrlForLayer")
        return 200, {"Content-Type": "application/octet-stream"}, content

    def handle(
        self,
        method: str,
        path: str,
        query: Mapping[str, list[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Reply:
        """Serves one request of a client of registries."""
        host = _HOST.fullmatch(headers.get("host", "").partition(":")[0])
        if host is None:
            return _error(404, "NAME_UNKNOWN", "the host is not a registry of Amazon ECR")
        session = self._session(headers.get("authorization", ""), host["region"])
        if session is None:
            challenge = {"WWW-Authenticate": f'Basic realm="https://{host[0]}/",service="ecr"'}
            status, lines, content = _error(
                401, "UNAUTHORIZED", "Your authorization token is invalid or has expired."
            )
            return status, lines | challenge, content
        route = _ROUTE.fullmatch(path)
        if route is None or route["repository"] is None:
            return 200, {"Docker-Distribution-Api-Version": "registry/2.0"}, b""
        where = {"registryId": host["account"], "repositoryName": route["repository"]}
        ecr = aws_client(session, "ecr", region=host["region"])
        try:
            if route["kind"] == "manifests":
                return _manifest(ecr, where, method, route["rest"], body)
            return _blob(ecr, where, method, route["rest"], query, body)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            status, name = _STATUS.get(code, (400, "UNSUPPORTED"))
            return _error(status, name, error.response["Error"].get("Message", code))

    def _session(self, authorization: str, region: str) -> Any:
        scheme, _, value = authorization.partition(" ")
        try:
            user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        if scheme.lower() != "basic" or user != "AWS":
            return None
        key_id = self._key_of_password(password)
        key = self._platform.secret_for(key_id) if key_id else None
        if key is None or key_id is None:
            return None
        credentials = Credentials(key_id, key.secret, key.session_token or "", key.principal_arn)
        return self._platform.session(credentials, region)


def _manifest(ecr: Any, where: dict[str, str], method: str, name: str, body: bytes) -> Reply:
    if method == "PUT":
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        tag = {} if name.startswith("sha256:") else {"imageTag": name}
        _put_image(ecr, where, digest, body, tag)
        return 201, {"Docker-Content-Digest": digest}, b""
    if method not in ("GET", "HEAD"):
        return _error(405, "UNSUPPORTED", f"{method} of a manifest is not supported")
    wanted = {"imageDigest": name} if name.startswith("sha256:") else {"imageTag": name}
    images = ecr.batch_get_image(**where, imageIds=[wanted])["images"]
    if not images:
        return _error(404, "MANIFEST_UNKNOWN", "Requested image not found")
    content = images[0]["imageManifest"].encode()
    found = {
        "Content-Type": MANIFEST,
        "Docker-Content-Digest": images[0]["imageId"]["imageDigest"],
    }
    return 200, found, content if method == "GET" else b""


def _put_image(
    ecr: Any, where: dict[str, str], digest: str, body: bytes, tag: dict[str, str]
) -> None:
    """Puts a manifest; the same image under the same tag is no error, as in ECR."""
    try:
        ecr.put_image(**where, imageManifest=body.decode(), imageManifestMediaType=MANIFEST, **tag)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code == "ImageAlreadyExistsException":
            return
        if code == "ImageTagAlreadyExistsException" and tag:
            images = ecr.batch_get_image(**where, imageIds=[tag])["images"]
            if any(found["imageId"]["imageDigest"] == digest for found in images):
                return
        raise


def _blob(
    ecr: Any,
    where: dict[str, str],
    method: str,
    rest: str,
    query: Mapping[str, list[str]],
    body: bytes,
) -> Reply:
    if rest.startswith(_UPLOADS):
        return _upload(ecr, where, method, rest.removeprefix(_UPLOADS), query, body)
    if method == "HEAD":
        checked = ecr.batch_check_layer_availability(**where, layerDigests=[rest])["layers"]
        there = any(layer.get("layerAvailability") == "AVAILABLE" for layer in checked)
        return (200 if there else 404), {}, b""
    if method != "GET":
        return _error(405, "UNSUPPORTED", f"{method} of a layer is not supported")
    url = ecr.get_download_url_for_layer(**where, layerDigest=rest)["downloadUrl"]
    return 307, {"Location": url}, b""


def _upload(
    ecr: Any,
    where: dict[str, str],
    method: str,
    upload: str,
    query: Mapping[str, list[str]],
    body: bytes,
) -> Reply:
    if method == "POST":
        started = ecr.initiate_layer_upload(**where)["uploadId"]
        place = f"/v2/{where['repositoryName']}/blobs/{_UPLOADS}{started}"
        return 202, {"Location": place, "Docker-Upload-UUID": started}, b""
    digests = query.get("digest", [])
    if method != "PUT" or not digests:
        return _error(405, "UNSUPPORTED", "a layer is uploaded by one PUT with its digest")
    if f"sha256:{hashlib.sha256(body).hexdigest()}" != digests[0]:
        return _error(400, "DIGEST_INVALID", f"the content does not have the digest {digests[0]}")
    ecr.upload_layer_part(
        **where,
        uploadId=upload,
        partFirstByte=0,
        partLastByte=len(body) - 1,
        layerPartBlob=body,
    )
    ecr.complete_layer_upload(**where, uploadId=upload, layerDigests=[digests[0]])
    return 201, {"Docker-Content-Digest": digests[0]}, b""


def _error(status: int, code: str, message: str) -> Reply:
    content = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return status, {"Content-Type": "application/json"}, content

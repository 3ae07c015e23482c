"""A client of Amazon ECR's registries, which speak the Docker Registry HTTP API V2.

Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
"""

import base64
import hashlib
import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from rehearsal.containers.docker.command_line import DockerError
from rehearsal.containers.image import Image
from rehearsal.containers.images.registry import MANIFEST, manifest_of

_TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class RegistryClient:
    """A registry, reached at the address of the local AWS.

    Args:
        host: the host of the registry, `ACCOUNT.dkr.ecr.REGION.amazonaws.com`.
        password: the password of the user AWS, of `aws ecr get-login-password`.
        endpoint_url: the address of the local AWS.
        ca_bundle: the certificate authorities that the client trusts.
    """

    host: str
    password: str
    endpoint_url: str
    ca_bundle: Path

    def check_login(self) -> None:
        """Checks the password.

        Raises:
            DockerError: the registry does not accept it.
        """
        self._request("GET", "/v2/")

    def push(self, repository: str, tag: str, image: Image) -> str:
        """Pushes an image and returns the digest of its manifest.

        Raises:
            DockerError: the registry rejects it.
        """
        # The response to HEAD has no message, so an error shows in the request that follows.
        status, _, _ = self._request("HEAD", f"/v2/{repository}/blobs/{image.digest}")
        if status != 200:
            started = self._request("POST", f"/v2/{repository}/blobs/uploads/")
            query = urlencode({"digest": image.digest})
            place = f"{started[1].get('location', '')}?{query}"
            self._request("PUT", place, image.configuration.encode())
        manifest = manifest_of(image).encode()
        self._request("PUT", f"/v2/{repository}/manifests/{tag}", manifest)
        return manifest_digest(image)

    def pull(self, repository: str, tag_or_digest: str) -> str:
        """Returns the digest of an image in the image store.

        Raises:
            DockerError: the image does not exist, may not be pulled, or was not built here.
        """
        _, _, manifest = self._request("GET", f"/v2/{repository}/manifests/{tag_or_digest}")
        try:
            digest = str(json.loads(manifest)["config"]["digest"])
        except (KeyError, TypeError, ValueError) as error:
            raise DockerError(
                f"{self.host}/{repository}:{tag_or_digest} has a manifest that the rehearsal did "
                "not write; push an image that was built here"
            ) from error
        self._request("GET", f"/v2/{repository}/blobs/{digest}")
        return digest

    def _request(
        self, method: str, path: str, body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        address = urlsplit(self.endpoint_url)
        sign_in = base64.b64encode(f"AWS:{self.password}".encode()).decode()
        headers = {"Host": self.host, "Authorization": f"Basic {sign_in}"}
        if body:
            headers["Content-Type"] = MANIFEST
        connection = http.client.HTTPSConnection(
            address.hostname or "",
            address.port,
            timeout=_TIMEOUT_SECONDS,
            context=ssl.create_default_context(cafile=str(self.ca_bundle)),
        )
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read()
        except OSError as error:
            raise DockerError(f"{self.host}: no connection to the local AWS: {error}") from error
        finally:
            connection.close()
        if response.status >= 400 and method != "HEAD":
            raise DockerError(f"{self.host}: {_message(content, response.reason)}")
        return response.status, {k.lower(): v for k, v in response.getheaders()}, content


def manifest_digest(image: Image) -> str:
    """Returns the digest of the manifest of an image in a registry."""
    return f"sha256:{hashlib.sha256(manifest_of(image).encode()).hexdigest()}"


def _message(content: bytes, reason: str) -> str:
    try:
        first = json.loads(content)["errors"][0]
        return f"{first['code'].lower().replace('_', ' ')}: {first['message']}"
    except (KeyError, IndexError, TypeError, ValueError):
        return reason

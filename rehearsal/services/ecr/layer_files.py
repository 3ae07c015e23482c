"""Layers that clients of registries have uploaded, by repository.

The content of an image is in the ImageStore: the only layer of its manifest is its configuration.
"""

import hashlib
import hmac
import re
import secrets
from pathlib import Path

from rehearsal.framework.platform import Platform, Scope

ROUTE = re.compile(
    r"/ecr-layers/(?P<account>\d{12})/(?P<region>[a-z0-9-]+)/(?P<repository>[a-z0-9._/-]+)/"
    r"(?P<digest>sha256:[0-9a-f]{64})"
)
"""Path of the URL of a layer."""

# URLs are valid until the server ends; those of AWS expire as well.
_SECRET = secrets.token_bytes(32)


class LayerDigestError(Exception):
    """An upload does not have the digest that its client has computed."""


class LayerFiles:
    """Layers below the state directory.

    Args:
        platform: the AWS around the registries.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._directory = platform.state_directory / "ecr-layers"

    def append(self, upload_id: str, part: bytes) -> int:
        """Adds a part to an upload; returns the number of its last byte.

        Args:
            upload_id: the id of the upload.
            part: the content.
        """
        path = self._upload(upload_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(part)
            return file.tell() - 1

    def complete(self, scope: Scope, repository: str, upload_id: str, digest: str) -> None:
        """Adds an upload to a repository.

        Args:
            scope: account and region of the repository.
            repository: its name.
            upload_id: the id of the upload.
            digest: digest of the content.

        Raises:
            LayerDigestError: the content has another digest, or is missing.
        """
        upload = self._upload(upload_id)
        content = upload.read_bytes() if upload.is_file() else b""
        found = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if found != digest:
            raise LayerDigestError(
                f"The layer digest {digest} is not that of the uploaded content, {found}"
            )
        path = self._layer(scope, repository, digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        upload.replace(path)

    def exists(self, scope: Scope, repository: str, digest: str) -> bool:
        """Returns True if a repository has a layer."""
        return self._layer(scope, repository, digest).is_file()

    def url(self, scope: Scope, repository: str, digest: str) -> str:
        """Returns a URL that anyone can read, as the signed URLs of AWS."""
        path = f"/ecr-layers/{scope.account}/{scope.region}/{repository}/{digest}"
        return f"{self._platform.endpoint_url}{path}?signature={_signature(path)}"

    def read(self, path: str, signature: str) -> bytes | None:
        """Returns the layer of a URL; None for a URL that is not of this server.

        Args:
            path: path of the URL.
            signature: its signature.
        """
        match = ROUTE.fullmatch(path)
        if match is None or not hmac.compare_digest(signature, _signature(path)):
            return None
        scope = Scope(match["account"], match["region"])
        file = self._layer(scope, match["repository"], match["digest"])
        return file.read_bytes() if file.is_file() else None

    def _upload(self, upload_id: str) -> Path:
        return self._directory / "uploads" / hashlib.sha256(upload_id.encode()).hexdigest()

    def _layer(self, scope: Scope, repository: str, digest: str) -> Path:
        # A hash, because clients choose the names.
        name = hashlib.sha256(f"{repository} {digest}".encode()).hexdigest()
        return self._directory / scope.account / scope.region / name


def _signature(path: str) -> str:
    return hmac.new(_SECRET, path.encode(), hashlib.sha256).hexdigest()

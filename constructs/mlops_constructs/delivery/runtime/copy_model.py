"""Copies the image and the files of model packages to another region; a CodeBuild build runs this.

    python3 -I copy_model.py COPIES

COPIES is the list that name_copies.py has written. What the stage has already is not copied again:
an image by its digest, an object by the ETag of its source. Source and copy are read and written
with different credentials, so no role can do both.

The script is inlined in the pipeline's template. It only needs the standard library and the AWS
CLI, which CodeBuild images have; it uses no Docker daemon, so the build has no privileged mode.

Environment: COPY_ROLE_ARN (the role that writes), COPY_REGION (the region of the copies),
COPY_REPOSITORY_NAME (the stage's image repository), IMAGE_REPOSITORY (the URI of the project's
images).

Source: "Pushing an image" and the layer operations of the Amazon ECR API Reference; "Image manifest
V2, schema 2" and the OCI image specification.
"""

import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

MANIFESTS = (
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
)
ETAG = "source-etag"

Aws = Callable[..., Any]


class CopyError(Exception):
    """A copy that failed; the message says why."""


def call_aws(*arguments: str, variables: Mapping[str, str] | None = None) -> Any:
    """Returns the output of an AWS CLI command; None for a command without output.

    Raises:
        CopyError: if the command fails.
    """
    done = subprocess.run(
        ["aws", *arguments, "--output", "json"],
        cwd="/",
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CopyError(f"aws {' '.join(arguments[:2])}: {done.stderr.strip()}")
    return json.loads(done.stdout) if done.stdout.strip().startswith("{") else None


def writing(aws: Aws, role_arn: str, region: str) -> Aws:
    """Returns the AWS CLI with the credentials of the role that writes copies, in their region."""
    keys = aws("sts", "assume-role", "--role-arn", role_arn, "--role-session-name", "copy")
    names = {
        "AWS_ACCESS_KEY_ID": "AccessKeyId",
        "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
        "AWS_SESSION_TOKEN": "SessionToken",
    }
    variables = {variable: keys["Credentials"][name] for variable, name in names.items()}
    return partial(aws, variables={**variables, "AWS_REGION": region, "AWS_DEFAULT_REGION": region})


def copy_object(source: str, copy: str, read: Aws, write: Aws, folder: Path) -> bool:
    """Copies an object unless it is there; returns True if it was copied."""
    etag = read("s3api", "head-object", *_object(source))["ETag"].strip('"')
    try:
        known = write("s3api", "head-object", *_object(copy))["Metadata"].get(ETAG)
    except CopyError as error:
        if "404" not in str(error):
            raise
        known = None
    if known == etag:
        return False
    path = folder / "object"
    read("s3", "cp", "--only-show-errors", source, str(path))
    # SageMaker never sees a part of an object: it exists when its upload is complete.
    write("s3", "cp", "--only-show-errors", "--metadata", f"{ETAG}={etag}", str(path), copy)
    path.unlink()
    return True


def _object(uri: str) -> list[str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return ["--bucket", bucket, "--key", key]


class Repositories:
    """The repository of images, and that of their copies.

    Args:
        source: URI of the repository.
        copy: name of the repository of the copies.
        read: the AWS CLI that reads images.
        write: the AWS CLI that writes copies.
        folder: folder for layers.
    """

    def __init__(self, source: str, copy: str, *, read: Aws, write: Aws, folder: Path) -> None:
        registry, _, name = source.partition("/")
        self._source = ["--registry-id", registry.partition(".")[0], "--repository-name", name]
        self._copy = ["--repository-name", copy]
        self._read, self._write, self._folder = read, write, folder

    def copy(self, digest: str) -> bool:
        """Copies an image, and the images of an index; returns True if it was copied."""
        image_id = ("--image-ids", f"imageDigest={digest}")
        if self._write("ecr", "batch-get-image", *self._copy, *image_id)["images"]:
            return False
        found = self._read(
            *("ecr", "batch-get-image", *self._source, *image_id),
            *("--accepted-media-types", *MANIFESTS),
        )["images"]
        if not found:
            raise CopyError(f"the repository has no image {digest}; push to model-build again")
        text = found[0]["imageManifest"]
        manifest = json.loads(text)
        for one in manifest.get("manifests", ()):
            self.copy(one["digest"])
        for layer in _layers(manifest):
            self._copy_layer(layer)
        path = self._folder / "manifest"
        path.write_text(text)
        kind = found[0].get("imageManifestMediaType") or manifest["mediaType"]
        self._write(
            *("ecr", "put-image", *self._copy, "--image-manifest", f"file://{path}"),
            *("--image-manifest-media-type", kind, "--image-digest", digest),
        )
        return True

    def _copy_layer(self, digest: str) -> None:
        named = ["--layer-digests", digest]
        checked = self._write("ecr", "batch-check-layer-availability", *self._copy, *named)
        if any(one.get("layerAvailability") == "AVAILABLE" for one in checked["layers"]):
            return
        url = self._read(
            "ecr", "get-download-url-for-layer", *self._source, "--layer-digest", digest
        )["downloadUrl"]
        path = self._folder / "layer"
        _download(url, path)
        upload = self._write("ecr", "initiate-layer-upload", *self._copy)
        upload_id = ["--upload-id", upload["uploadId"]]
        part, first = self._folder / "part", 0
        with path.open("rb") as layer:
            while content := layer.read(upload["partSize"]):
                part.write_bytes(content)
                self._write(
                    *("ecr", "upload-layer-part", *self._copy, *upload_id),
                    *("--part-first-byte", str(first)),
                    *("--part-last-byte", str(first + len(content) - 1)),
                    *("--layer-part-blob", f"fileb://{part}"),
                )
                first += len(content)
        self._write("ecr", "complete-layer-upload", *self._copy, *upload_id, *named)


def _layers(manifest: Mapping[str, Any]) -> Iterator[str]:
    for one in [manifest.get("config"), *manifest.get("layers", ())]:
        if one is not None:
            yield one["digest"]


def _download(url: str, path: Path) -> None:
    if not url.startswith("https://"):
        raise CopyError(f"got the URL {url.partition(':')[0]} of a layer; allowed is https")
    trusted = ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
    request = urllib.request.Request(url)  # noqa: S310 - the scheme is https
    response = urllib.request.urlopen(request, context=trusted)  # noqa: S310
    with response, path.open("wb") as file:
        shutil.copyfileobj(response, file)


def main(arguments: list[str], environment: Mapping[str, str], aws: Aws = call_aws) -> int:
    """Copies what a list names; returns the exit status."""
    copies = json.loads(Path(arguments[0]).read_bytes())
    role_arn, region = environment["COPY_ROLE_ARN"], environment["COPY_REGION"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            for one in copies["objects"]:
                # A session of a role that another role assumed ends after an hour.
                write = writing(aws, role_arn, region)
                done = copy_object(one["source"], one["copy"], aws, write, folder)
                sys.stdout.write(f"{'copied' if done else 'is there'}: {one['copy']}\n")
            for digest in copies["images"]:
                repositories = Repositories(
                    environment["IMAGE_REPOSITORY"],
                    environment["COPY_REPOSITORY_NAME"],
                    read=aws,
                    write=writing(aws, role_arn, region),
                    folder=folder,
                )
                done = repositories.copy(digest)
                sys.stdout.write(f"{'copied' if done else 'is there'}: {digest}\n")
        except (CopyError, OSError) as error:
            sys.stdout.write(f"FAILED: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

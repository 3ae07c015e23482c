"""Pulling of images: those that pipelines have built, and stand-ins for AWS's."""

import logging
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import boto3

from rehearsal.containers.aws_images import catalogue
from rehearsal.containers.aws_images.catalogue import StandIn
from rehearsal.containers.image import Image
from rehearsal.containers.images.dockerfile import DockerfileError
from rehearsal.containers.images.registry import (
    ImageMissingError,
    ImageUnavailableError,
    ImageUri,
    resolve,
)
from rehearsal.containers.images.run_instruction import ImageBuildError
from rehearsal.containers.images.store import ImageStore

_PROGRAM = Path(__file__).with_name("stand_in")
_DOCKERFILE = """\
FROM python:3.11-slim
RUN python3 -m venv /opt/venv \\
    && pip install --quiet --no-cache-dir --root-user-action ignore --target /tmp/uv uv==0.13.9 \\
    && UV_LINK_MODE=copy /tmp/uv/bin/uv pip install --quiet --python /opt/venv/bin/python \\
        {packages} \\
    && rm -rf /tmp/uv
COPY stand_in /opt/stand_in/stand_in
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONPATH=/opt/stand_in
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true
EXPOSE 8080
ENTRYPOINT ["/opt/venv/bin/python", "-m", "stand_in", "{framework}"]
"""
_log = logging.getLogger("rehearsal.images")
_builds = threading.Lock()


@dataclass(frozen=True)
class PulledImage:
    """An image, and the stand-in that it is; None for an image that a pipeline built."""

    image: Image
    stand_in: StandIn | None = None

    @property
    def notice(self) -> str:
        """A sentence about the stand-in; empty without one."""
        if self.stand_in is None:
            return ""
        return f"AWS's image is replaced by {self.stand_in.description}."


def pull(session: boto3.Session, image_uri: str, store: ImageStore) -> PulledImage:
    """Returns an image; a stand-in is built when it is first used.

    Raises:
        ImageUnavailableError: the image does not exist, has no stand-in, or may not be pulled.
        UnknownImageError: it was not built on this machine.
    """
    try:
        return PulledImage(store.get(resolve(session, image_uri)))
    except ImageMissingError as error:
        uri = ImageUri.parse(image_uri)
        row = catalogue.find(uri)
        if row is None:
            if not catalogue.is_of_aws(uri):
                raise
            raise ImageUnavailableError(
                image_uri,
                f"{error.reason} Of AWS's images the rehearsal has stand-ins for "
                f"{catalogue.supported()}.",
            ) from error
        try:
            return PulledImage(build(row, store), row)
        except (DockerfileError, ImageBuildError) as failure:
            raise ImageUnavailableError(
                image_uri, f"The stand-in for {image_uri} could not be built: {failure}"
            ) from failure


def build(row: StandIn, store: ImageStore) -> Image:
    """Returns the image of a stand-in; unchanged layers are kept by the store."""
    with _builds, tempfile.TemporaryDirectory() as directory:
        context = Path(directory)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(_PROGRAM, context / "stand_in", ignore=ignored)
        packages = " ".join(f"'{one}'" for one in row.packages)
        text = _DOCKERFILE.format(packages=packages, framework=row.framework)
        (context / "Dockerfile").write_text(text)
        return store.build(context, log=_log.info)

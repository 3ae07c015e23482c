"""Pulling of images: those that pipelines have built, and stand-ins for AWS's."""

import importlib.util
import json
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
    check_pull,
    resolve,
)
from rehearsal.containers.images.run_instruction import ImageBuildError
from rehearsal.containers.images.store import ImageStore

_PROGRAM = Path(__file__).with_name("stand_in")
_DOCKERFILE = """\
FROM python:3.11-slim
RUN python3 -m venv --without-pip /opt/venv \\
    && pip install --quiet --no-cache-dir --root-user-action ignore --target /tmp/uv uv==0.13.9 \\
    && export UV_LINK_MODE=hardlink UV_CACHE_DIR=/opt/uv-cache && {install} \\
    && rm -rf /tmp/uv /opt/uv-cache{commands}
COPY programs /opt/stand_in
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONPATH=/opt/stand_in
LABEL com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true
EXPOSE 8080
ENTRYPOINT {entrypoint}
"""
_INSTALL = "/tmp/uv/bin/uv pip install --quiet --python /opt/venv/bin/python"  # noqa: S108
_TOOLS = ("pip==23.2.1", "setuptools==65.5.0")
"""For requirements.txt of users: what `python3.11 -m venv` has."""
_log = logging.getLogger("rehearsal.images")
_builds = threading.Lock()


class EngineMissingError(Exception):
    """The package whose programs a stand-in runs is not installed."""


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
        check_pull(session, image_uri)
        try:
            return PulledImage(build(row, store), row)
        except (DockerfileError, ImageBuildError, EngineMissingError) as failure:
            raise ImageUnavailableError(
                image_uri, f"The stand-in for {image_uri} could not be built: {failure}"
            ) from failure


def build(row: StandIn, store: ImageStore) -> Image:
    """Returns the image of a stand-in; unchanged layers are kept by the store.

    Raises:
        EngineMissingError: the package that the image needs is not installed.
    """
    with _builds, tempfile.TemporaryDirectory() as directory:
        context = Path(directory)
        for source in [_PROGRAM, *([_engine(row.engine)] if row.engine else [])]:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, context / "programs" / source.name, ignore=ignored)
        (context / "Dockerfile").write_text(_dockerfile(row))
        return store.build(context, log=_log.info)


def _dockerfile(row: StandIn) -> str:
    # Those of `venv` need no download, but seconds to be installed.
    named = {one.partition("==")[0] for one in row.packages}
    tools = [one for one in _TOOLS if one.partition("==")[0] not in named]
    packages = " ".join(f"'{one}'" for one in [*row.packages, *tools])
    install = f"{_INSTALL} {packages}"
    if row.options:
        # Behind a firewall there may be the usual registry alone.
        install = f"({_INSTALL} {row.options} {packages} || {install})"
    commands = "".join(
        f" \\\n    && printf '#!/bin/sh\\nexec /opt/venv/bin/python -m {module} \"$@\"\\n' "
        f"> /opt/venv/bin/{name} && chmod 755 /opt/venv/bin/{name}"
        for name, module in row.commands.items()
    )
    if row.imports:
        # Layers are read-only, so each container would compile the modules of the framework again.
        commands += f" \\\n    && /opt/venv/bin/python -c 'import {', '.join(row.imports)}'"
    entrypoint = json.dumps(["/opt/venv/bin/python", "-m", *row.program])
    return _DOCKERFILE.format(install=install, commands=commands, entrypoint=entrypoint)


def _engine(package: str) -> Path:
    """Returns the folder of a package of this installation, which is not imported."""
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        distribution = package.replace("_", "-")
        raise EngineMissingError(
            f"It needs the package {distribution}, which is not installed beside the rehearsal: "
            f"pip install {distribution}, then start the rehearsal again."
        )
    return Path(found.origin).parent

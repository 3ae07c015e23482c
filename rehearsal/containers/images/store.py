"""The images of this machine, built from Dockerfiles and stored by digest."""

import hashlib
import json
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from rehearsal.containers.image import Image
from rehearsal.containers.images import dockerfile as dockerfile_language
from rehearsal.containers.images.build import ImageBuild
from rehearsal.containers.images.build_context import BuildContext
from rehearsal.containers.images.layers import LayerStore
from rehearsal.containers.sandbox_files import remove

__all__ = ["Image", "ImageStore", "UnknownImageError"]


class UnknownImageError(LookupError):
    """No image with the digest was built on this machine."""


class ImageStore:
    """Images below `directory`.

    Layers are cached: an unchanged Dockerfile builds in milliseconds. `work_directory` has the
    files of running jobs.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self._images = self.directory / "images"
        self._images.mkdir(parents=True, exist_ok=True)
        self.work_directory = self.directory / "work"
        self.work_directory.mkdir(exist_ok=True)
        self._layers = LayerStore(self.directory / "layers")

    def build(
        self,
        context: Path,
        dockerfile: str = "Dockerfile",
        log: Callable[[str], None] = lambda line: None,
        stop: threading.Event | None = None,
        build_arguments: Mapping[str, str] | None = None,
        dockerfile_text: str | None = None,
        no_cache: bool = False,
    ) -> Image:
        """Builds an image; its digest depends on the instructions and the copied files only.

        Args:
            context: folder of the build context.
            dockerfile: path of the Dockerfile in the context. Defaults to `Dockerfile`.
            log: receives lines of the build log. Defaults to a function without effect.
            stop: stops the build when it is set. Defaults to None: it cannot be stopped.
            build_arguments: values of ARG instructions. Defaults to none: their defaults.
            dockerfile_text: the instructions. Defaults to None: those of `dockerfile`.
            no_cache: executes each instruction again. Defaults to False: layers of earlier builds
                are used. The digest is a new one.

        Raises:
            DockerfileError: the Dockerfile is missing, invalid or not supported.
            ImageBuildError: a command failed or the build was stopped.
        """
        if dockerfile_text is None:
            dockerfile_text = _dockerfile_text(context, dockerfile)
        instructions = dockerfile_language.parse(dockerfile_text)
        # A cache of this build alone: layers are shared by all repositories, so what they contain
        # must not depend on what an earlier build has left.
        cache = Path(tempfile.mkdtemp(prefix="cache-", dir=self.work_directory))
        try:
            build = ImageBuild(
                context=BuildContext(context),
                layers=self._layers,
                cache=cache,
                log=log,
                stop=stop or threading.Event(),
                build_arguments=dict(build_arguments or {}),
                no_cache=no_cache,
            )
            image = build.run(instructions)
        finally:
            remove(cache)
        config = _configuration(image, build.chain)
        image = replace(image, digest=_digest(config), configuration=config)
        self._write(image)
        log(f"Successfully built {image.digest}")
        return image

    def get(self, digest: str) -> Image:
        """Returns the image with a digest.

        Raises:
            UnknownImageError: it was not built on this machine.
        """
        path = self._images / f"{digest.removeprefix('sha256:')}.json"
        try:
            return Image.from_json(path.read_text())
        except FileNotFoundError as error:
            raise UnknownImageError(
                f"Image {digest} was not built on this machine. Push to the repository again, so "
                "that its pipeline builds the image."
            ) from error

    def _write(self, image: Image) -> None:
        target = self._images / f"{image.digest.removeprefix('sha256:')}.json"
        descriptor, name = tempfile.mkstemp(dir=self._images)
        with os.fdopen(descriptor, "w") as file:
            file.write(image.to_json())
        Path(name).rename(target)


def _dockerfile_text(context: Path, dockerfile: str) -> str:
    path = context / dockerfile
    if not path.resolve().is_relative_to(context.resolve()) or not path.is_file():
        raise dockerfile_language.DockerfileError(
            0, f"there is no {dockerfile} in {context}. Specify its path in the context."
        )
    return path.read_text()


def _configuration(image: Image, chain: str) -> str:
    """Returns the configuration of an image in a registry; its hash is the digest."""
    settings = {
        "Entrypoint": image.entrypoint,
        "Cmd": image.command,
        "Env": [f"{name}={value}" for name, value in sorted(image.environment.items())],
        "WorkingDir": image.working_directory,
        "Labels": image.labels,
        "ExposedPorts": {port: {} for port in image.exposed_ports},
    }
    description = {"os": "linux", "config": settings, "rootfs": {"type": "layers", "chain": chain}}
    return json.dumps(description, sort_keys=True, separators=(",", ":"))


def _digest(config: str) -> str:
    return f"sha256:{hashlib.sha256(config.encode()).hexdigest()}"

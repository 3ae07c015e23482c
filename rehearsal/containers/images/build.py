"""Image builds without a container engine.

The base image is an interpreter of this machine. Of the file system only /opt is kept, where
programs are by SageMaker's convention.
"""

import hashlib
import os
import platform
import re
import shutil
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from rehearsal.containers.image import Image
from rehearsal.containers.images import dockerfile
from rehearsal.containers.images.build_context import BuildContext, CopyError, fingerprint, place
from rehearsal.containers.images.dockerfile import Instruction
from rehearsal.containers.images.layers import LayerStore, Opt
from rehearsal.containers.images.overlay import Overlay, large_entries, overlays_work
from rehearsal.containers.images.run_instruction import MountPointBusyError, run_command
from rehearsal.containers.interpreter import Interpreter, find_interpreter, running_interpreter
from rehearsal.containers.sandbox_files import OutsideError, beneath
from rehearsal.containers.specification import DOCKER_PATH

Log = Callable[[str], None]

_OPT = PurePosixPath("/opt")
_PYTHON_ENVIRONMENT = {"PATH": DOCKER_PATH, "LANG": "C.UTF-8"}
"""Variables of python base images."""
_PYTHON_IMAGE = re.compile(
    r"(?:^|.*/)python:(?P<version>3\.\d+)(?:\.\d+)?(?:-slim)?(?:-(?:bookworm|trixie|bullseye))?"
    r"(?:@sha256:[0-9a-f]{64})?"
)


def _empty_image() -> Image:
    return Image(digest="", interpreter=running_interpreter())


@dataclass(kw_only=True)
class ImageBuild:
    """A build of a Dockerfile; `image` is its state after each instruction.

    `cache` is an empty folder for the packages that its commands download; `no_cache` does not use
    the layers of earlier builds.
    """

    context: BuildContext
    layers: LayerStore
    cache: Path
    log: Log
    stop: threading.Event
    image: Image = field(default_factory=_empty_image)
    arguments: dict[str, str] = field(default_factory=dict)
    global_arguments: dict[str, str] = field(default_factory=dict)
    build_arguments: dict[str, str] = field(default_factory=dict)
    chain: str = ""
    no_cache: bool = False

    def run(self, instructions: Iterable[Instruction]) -> Image:
        """Executes all instructions and returns the image, which has no digest yet.

        Raises:
            DockerfileError: an instruction is invalid or not supported.
            ImageBuildError: a command failed.
        """
        steps = list(instructions)
        self._check_build_arguments(steps)
        for number, step in enumerate(steps, 1):
            self.log(f"Step {number}/{len(steps)} : {step}")
            try:
                _INSTRUCTIONS[step.name](self, step)
            except (CopyError, OutsideError) as error:
                raise step.error(str(error)) from error
        return self.image

    def _check_build_arguments(self, steps: Iterable[Instruction]) -> None:
        words = [word for step in steps if step.name == "ARG" for word in step.text.split()]
        unused = sorted(set(self.build_arguments) - {word.partition("=")[0] for word in words})
        if unused:
            self.log(f"[Warning] One or more build-args {unused} were not consumed")

    @property
    def _variables(self) -> dict[str, str]:
        return self.arguments | self.image.environment

    def _substituted(self, text: str) -> str:
        return dockerfile.substitute(text, self._variables)

    def _key(self, *parts: str) -> str:
        """Returns the cache key of the next layer, a hash of all instructions up to it."""
        text = "\0".join([self.chain, *parts])
        return hashlib.sha256(text.encode()).hexdigest()

    def _layer(self, key: str, touched: set[str], make: Callable[[Path], None]) -> None:
        found = self.layers.find(key, self.image.opt)
        if found is not None:
            self.log(" ---> Using cache")
        else:
            found = self.layers.build(key, self.image.opt, touched, make)
        self.chain = key
        self.image = replace(self.image, opt=found)

    def arg(self, step: Instruction) -> None:
        for word in dockerfile.split_words(step, step.text):
            name, equals, value = word.partition("=")
            default = self._substituted(value) if equals else self.global_arguments.get(name, "")
            default = self.build_arguments.get(name, default)
            target = self.arguments if self.chain else self.global_arguments
            target[name] = default
            self.chain = self.chain and self._key("ARG", name, default)

    def from_(self, step: Instruction) -> None:
        name = dockerfile.substitute(step.text, self.global_arguments)
        name = re.sub(r"\s+as\s+\S+$", "", name, flags=re.IGNORECASE)
        interpreter = _base_interpreter(name, step, self.log)
        # Without the cache, layers have keys that no earlier build has.
        fresh = (uuid.uuid4().hex,) if self.no_cache else ()
        self.chain = self._key("FROM", interpreter.version, platform.machine(), *fresh)
        self.image = replace(
            self.image, interpreter=interpreter, environment=dict(_PYTHON_ENVIRONMENT)
        )

    def env(self, step: Instruction) -> None:
        given = {name: self._substituted(value) for name, value in dockerfile.pairs(step).items()}
        self.chain = self._key("ENV", repr(sorted(given.items())))
        self.image = replace(self.image, environment=self.image.environment | given)

    def label(self, step: Instruction) -> None:
        given = {name: self._substituted(value) for name, value in dockerfile.pairs(step).items()}
        self.image = replace(self.image, labels=self.image.labels | given)

    def expose(self, step: Instruction) -> None:
        ports = tuple(self._substituted(step.text).split())
        self.image = replace(self.image, exposed_ports=self.image.exposed_ports + ports)

    def user(self, step: Instruction) -> None:
        if self._substituted(step.text) not in ("root", "0", "root:root", "0:0"):
            raise step.error(
                f"got USER {step.text}, expected root: SageMaker runs containers as root."
            )

    def entrypoint(self, step: Instruction) -> None:
        # In Docker, ENTRYPOINT also resets the CMD of the base image, which has none here.
        self.image = replace(self.image, entrypoint=_words(step))

    def cmd(self, step: Instruction) -> None:
        self.image = replace(self.image, command=_words(step))

    def workdir(self, step: Instruction) -> None:
        path = self._path(self._substituted(step.text))
        self.chain = self._key("WORKDIR", str(path))
        self.image = replace(self.image, working_directory=str(path))
        if path in (PurePosixPath("/"), PurePosixPath("/tmp"), _OPT):  # noqa: S108
            return
        name = self._entry(step, path)
        if not self._on_host(path).is_dir():
            inside = path.relative_to(_OPT)
            self._layer(self._key("directory"), {name}, lambda opt: _make_directory(opt, inside))

    def copy(self, step: Instruction) -> None:
        words = list(step.words or dockerfile.split_words(step, step.text))
        if len(words) < 2:
            raise step.error("COPY needs at least one source and a destination.")
        *sources, destination = [self._substituted(word) for word in words]
        path = self._path(destination)
        into = destination.endswith(("/", "/.")) or destination == "." or self._is_folder(path)
        files = self.context.copied(sources, path, into=into)
        if len(files) > 1 and not into and any(file.target == path for file in files):
            raise step.error("COPY of several sources needs a destination that ends with /.")
        touched = {self._entry(step, file.target) for file in files}
        key = self._key("COPY", fingerprint(files))

        def make(opt: Path) -> None:
            for file in files:
                target = opt / file.target.relative_to(_OPT)
                place(file, beneath(opt, target.parent) / target.name)

        self._layer(key, touched, make)

    def run_(self, step: Instruction) -> None:
        words = list(step.words or ("/bin/sh", "-c", step.text))

        key = self._key("RUN", repr(words))
        large: Opt = {}
        if self.layers.find(key, self.image.opt) is None:
            large = large_entries(self.image.opt)
            if large and not self.layers.has_overlays(self._try_overlays):
                large = {}
        try:
            self._run(key, words, large)
        except MountPointBusyError:
            self._run(key, words, {})

    def _try_overlays(self, directory: Path) -> bool:
        return overlays_work(directory, self.image)

    def _run(self, key: str, words: list[str], large: Opt) -> None:
        """Runs a command on a copy of /opt; `large` entries are overlays instead of copies."""

        def make(opt: Path) -> None:
            changes = opt.parent / "changes"
            overlays = [Overlay(name, path, changes / name) for name, path in large.items()]
            for overlay in overlays:
                overlay.prepare()
            try:
                run_command(
                    self.image,
                    words,
                    self.arguments,
                    opt,
                    self.cache,
                    self.log,
                    self.stop,
                    overlays,
                )
            finally:
                for overlay in overlays:
                    overlay.remove()
                shutil.rmtree(changes, ignore_errors=True)

        self._layer(key, set(self.image.opt) - set(large), make)

    def _path(self, text: str) -> PurePosixPath:
        joined = os.path.normpath(PurePosixPath(self.image.working_directory) / text)
        return PurePosixPath(joined)

    def _entry(self, step: Instruction, path: PurePosixPath) -> str:
        if not path.is_relative_to(_OPT) or path == _OPT:
            raise step.error(
                f"{step.name} would write to {path}: the rehearsal keeps only files below /opt of "
                "an image. Use a folder such as /opt/program."
            )
        return path.relative_to(_OPT).parts[0]

    def _on_host(self, path: PurePosixPath) -> Path:
        name, *rest = path.relative_to(_OPT).parts
        return self.image.opt.get(name, Path("/nonexistent")).joinpath(*rest)

    def _is_folder(self, path: PurePosixPath) -> bool:
        inside = path.is_relative_to(_OPT) and path != _OPT
        return path == _OPT or (inside and self._on_host(path).is_dir())


def _base_interpreter(name: str, step: Instruction, log: Log) -> Interpreter:
    """Returns the interpreter for a base image; raises DockerfileError if it is not Python."""
    match = _PYTHON_IMAGE.fullmatch(name)
    if match is None:
        raise step.error(
            f"got the base image {name}, expected python:3.x or python:3.x-slim of any registry: "
            "the rehearsal builds without a container engine, on the Python of this machine."
        )
    found = find_interpreter(match["version"])
    if found is not None:
        log(f" ---> Python {found.version} of this machine, {found.executable}")
        return found
    replacement = running_interpreter()
    log(
        f" ---> WARNING: this machine has no Python {match['version']}; "
        f"Python {replacement.version} is used. Install Python {match['version']} to build with it."
    )
    return replacement


def _words(step: Instruction) -> tuple[str, ...]:
    return step.words if step.words is not None else ("/bin/sh", "-c", step.text)


def _make_directory(opt: Path, path: PurePosixPath) -> None:
    beneath(opt, opt / path).mkdir(parents=True, exist_ok=True)


_INSTRUCTIONS: dict[str, Callable[[ImageBuild, Instruction], None]] = {
    "FROM": ImageBuild.from_,
    "ARG": ImageBuild.arg,
    "ENV": ImageBuild.env,
    "LABEL": ImageBuild.label,
    "EXPOSE": ImageBuild.expose,
    "USER": ImageBuild.user,
    "ENTRYPOINT": ImageBuild.entrypoint,
    "CMD": ImageBuild.cmd,
    "WORKDIR": ImageBuild.workdir,
    "COPY": ImageBuild.copy,
    "RUN": ImageBuild.run_,
}

"""The commands of `docker`, executed with the images of this machine."""

import dataclasses
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.containers.container import Container, run_to_end
from rehearsal.containers.docker.command_line import (
    Command,
    DockerError,
    parse,
    reference,
    registry_host,
)
from rehearsal.containers.docker.inspection import formatted, inspected
from rehearsal.containers.docker.registry_client import RegistryClient, manifest_digest
from rehearsal.containers.image import Image
from rehearsal.containers.images.dockerfile import DockerfileError
from rehearsal.containers.images.registry import ImageUnavailableError, ImageUri
from rehearsal.containers.images.run_instruction import ImageBuildError
from rehearsal.containers.images.store import ImageStore, UnknownImageError
from rehearsal.containers.isolation import IsolationUnavailableError
from rehearsal.containers.limits import DEFAULT_LIMITS, Limits
from rehearsal.containers.specification import Network

MAX_RUN_SECONDS = 8 * 3600.0
"""The longest time that `docker run` takes: that of a build."""
_GRACE_SECONDS = 10.0
_API_VERSION = "the rehearsal, without a container engine"


@dataclass(frozen=True)
class Invocation:
    """One call of `docker`.

    Args:
        arguments: the words after `docker`.
        context: the folder of a build context; that of the command line is relative to it.
        standard_input: what the command reads, a password for example. Defaults to nothing.
        environment: the variables of the caller, for options without a value, such as
            `docker run -e NAME`. Defaults to none.
        dockerfile: the text of a Dockerfile that is outside of the context. Defaults to None.
    """

    arguments: Sequence[str]
    context: Path
    standard_input: str = ""
    environment: Mapping[str, str] | None = None
    dockerfile: str | None = None


class DockerEngine:
    """Executes commands of `docker`; tags and sign-ins are kept in a file.

    Args:
        store: the images of this machine.
        state: the JSON file of tags and sign-ins; it need not exist.
        endpoint_url: the address of the local AWS, which serves Amazon ECR's registries.
        ca_bundle: the certificate authorities that clients of the local AWS trust.
        output: receives the lines of output.
        stop: ends a running build or container when it is set. Defaults to None: nothing does.
        limits: the limits of containers. Defaults to None: those of this machine.
    """

    def __init__(
        self,
        store: ImageStore,
        state: Path,
        *,
        endpoint_url: str,
        ca_bundle: Path,
        output: Callable[[str], None],
        stop: threading.Event | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._limits = limits
        self._store = store
        self._state = state
        self._endpoint_url = endpoint_url
        self._ca_bundle = ca_bundle
        self._output = output
        self._stop = stop or threading.Event()

    def execute(self, invocation: Invocation) -> int:
        """Executes a command and returns its exit code; errors are lines of output."""
        try:
            command = parse(invocation.arguments)
            return _EXECUTE[command.name](self, command, invocation)
        except DockerError as error:
            self._output(str(error))
            return error.status
        except (DockerfileError, ImageBuildError, IsolationUnavailableError) as error:
            self._output(f"ERROR: failed to build: {error}")
            return 1

    def build(self, command: Command, invocation: Invocation) -> int:
        options = command.options
        own = invocation.environment or {}
        tags = [reference(tag) for tag in options.tags]
        quiet = bool(options.quiet)
        image = self._store.build(
            invocation.context,
            options.file or "Dockerfile",
            log=_discard if quiet else self._output,
            stop=self._stop,
            build_arguments=dict(_pair(text, own) for text in options.build_arguments),
            dockerfile_text=invocation.dockerfile,
            no_cache=bool(options.no_cache),
        )
        with self._changed() as state:
            state["images"].update(dict.fromkeys(tags, image.digest))
        if quiet:
            self._output(image.digest)
        for tag in tags:
            if not quiet:
                self._output(f"Successfully tagged {tag}")
        return 0

    def login(self, command: Command, invocation: Invocation) -> int:
        options = command.options
        host = registry_host(options.registry)
        password = options.password or invocation.standard_input.strip()
        if options.username != "AWS" or not password:
            raise DockerError(
                f"Error: Cannot perform login at {host}: expected the user AWS and the password of "
                "`aws ecr get-login-password`; the rehearsal reaches Amazon ECR only"
            )
        self._registry(host, password).check_login()
        with self._changed() as state:
            state["sign_ins"][host] = password
        self._output("Login Succeeded")
        return 0

    def logout(self, command: Command, invocation: Invocation) -> int:
        host = registry_host(command.options.registry)
        with self._changed() as state:
            state["sign_ins"].pop(host, None)
        self._output(f"Removing login credentials for {host}")
        return 0

    def tag(self, command: Command, invocation: Invocation) -> int:
        image = self._image(command.options.source)
        target = reference(command.options.target)
        with self._changed() as state:
            state["images"][target] = image.digest
        return 0

    def push(self, command: Command, invocation: Invocation) -> int:
        options = command.options
        name = reference(options.image)
        names = [name]
        if options.all_tags:
            repository = _repository(name)
            names = [one for one in self._read()["images"] if _repository(one) == repository]
        if not names:
            raise DockerError(f"An image does not exist locally with the tag: {options.image}")
        for one in names:
            image = self._image(one)
            uri = _ecr(one)
            self._output(f"The push refers to repository [{_repository(one)}]")
            tag = uri.tag or "latest"
            digest = self._signed_in(one).push(uri.repository, tag, image)
            self._remember(image.digest, _repository(one))
            self._output(f"{tag}: digest: {digest} size: {len(image.configuration)}")
        return 0

    def pull(self, command: Command, invocation: Invocation) -> int:
        name = reference(command.options.image)
        uri = _ecr(name)
        digest = self._signed_in(name).pull(uri.repository, uri.digest or uri.tag or "latest")
        try:
            self._store.get(digest)
        except UnknownImageError as error:
            raise DockerError(str(error)) from error
        with self._changed() as state:
            state["images"][name] = digest
        self._remember(digest, _repository(name))
        self._output(f"Status: Downloaded newer image for {name}")
        return 0

    def images(self, command: Command, invocation: Invocation) -> int:
        wanted = command.options.repository
        rows = sorted(self._read()["images"].items())
        if wanted:
            rows = [row for row in rows if wanted in (row[0], _repository(row[0]))]
        if command.options.quiet:
            for digest in dict.fromkeys(digest for _, digest in rows):
                self._output(_short(digest))
            return 0
        self._output(f"{'REPOSITORY':<50} {'TAG':<24} IMAGE ID")
        for name, digest in rows:
            repository = _repository(name)
            tag = name[len(repository) :].lstrip(":@")
            self._output(f"{repository:<50} {tag:<24} {_short(digest)}")
        return 0

    def inspect(self, command: Command, invocation: Invocation) -> int:
        options = command.options
        state = self._read()
        found = []
        for image in [self._image(name) for name in options.images]:
            names = [name for name, digest in state["images"].items() if digest == image.digest]
            digest = manifest_digest(image)
            found.append(
                inspected(
                    image,
                    names,
                    [f"{name}@{digest}" for name in state["registries"].get(image.digest, ())],
                )
            )
        if options.format:
            for one in found:
                self._output(formatted(options.format, one))
            return 0
        for line in json.dumps(found, indent=4).splitlines():
            self._output(line)
        return 0

    def rmi(self, command: Command, invocation: Invocation) -> int:
        with self._changed() as state:
            for text in command.options.images:
                name = reference(text)
                if state["images"].pop(name, None) is None:
                    raise DockerError(f"Error response from daemon: No such image: {name}")
                self._output(f"Untagged: {name}")
        return 0

    def run(self, command: Command, invocation: Invocation) -> int:
        options = command.options
        own = invocation.environment or {}
        image = self._image(options.image)
        if options.workdir:
            image = dataclasses.replace(image, working_directory=options.workdir)
        container = Container(
            image,
            arguments=options.words or None,
            entrypoint=[options.entrypoint] if options.entrypoint else None,
            environment=dict(_pair(text, own) for text in options.environment),
            network=Network.ISOLATED if options.network == "none" else Network.INTERNET,
            limits=self._limited(options.memory, options.cpus),
            host_name=options.hostname,
            on_line=self._output,
        )
        ended = run_to_end(
            container, stop=self._stop, max_seconds=MAX_RUN_SECONDS, grace=_GRACE_SECONDS
        )
        if container.exceeded is not None:
            self._output(f"Killed, {container.limits.message(container.exceeded)}")
        return ended.exit_code

    def _limited(self, memory: int | None, cpus: float | None) -> Limits | None:
        """Returns the limits of a container, at most those of the build."""
        if memory is None and cpus is None:
            return self._limits
        limits = self._limits or DEFAULT_LIMITS
        return dataclasses.replace(
            limits,
            memory=min(memory or limits.memory, limits.memory),
            cpus=min((one for one in (cpus, limits.cpus) if one), default=None),
        )

    def prune(self, command: Command, invocation: Invocation) -> int:
        """Removes the tags of all images with `--all`; without it, no image lacks a tag."""
        if command.options.all:
            with self._changed() as state:
                state["images"].clear()
        self._output("Total reclaimed space: 0B")
        return 0

    def ps(self, command: Command, invocation: Invocation) -> int:
        """Lists no container: `docker run` waits for the end of its container."""
        if not command.options.quiet:
            self._output("CONTAINER ID   IMAGE   COMMAND   CREATED   STATUS   PORTS   NAMES")
        return 0

    def version(self, command: Command, invocation: Invocation) -> int:
        self._output(f"Docker of {_API_VERSION}; Python {sys.version.split()[0]}")
        return 0

    def info(self, command: Command, invocation: Invocation) -> int:
        self._output(f"Server: {_API_VERSION}")
        self._output(f"Images: {len(set(self._read()['images'].values()))}")
        return 0

    def _image(self, text: str) -> Image:
        known = self._read()["images"]
        digest = text if text.startswith("sha256:") else known.get(reference(text))
        digest = digest or next((one for one in known.values() if _matches(one, text)), None)
        if digest is None:
            raise DockerError(f"Error response from daemon: No such image: {text}")
        try:
            return self._store.get(digest)
        except UnknownImageError as error:
            raise DockerError(f"Error response from daemon: No such image: {text}") from error

    def _signed_in(self, name: str) -> RegistryClient:
        host = name.partition("/")[0]
        password = self._read()["sign_ins"].get(host)
        if password is None:
            raise DockerError(
                f"denied: no basic auth credentials for {host}. Sign in: aws ecr "
                f"get-login-password | docker login --username AWS --password-stdin {host}"
            )
        return self._registry(host, password)

    def _registry(self, host: str, password: str) -> RegistryClient:
        _ecr(f"{host}/any:latest")
        return RegistryClient(host, password, self._endpoint_url, self._ca_bundle)

    def _read(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = json.loads(self._state.read_text())
        except FileNotFoundError:
            state = {}
        return {"images": {}, "sign_ins": {}, "registries": {}, **state}

    def _remember(self, digest: str, repository: str) -> None:
        """Records that a repository of a registry has an image."""
        with self._changed() as state:
            known = state["registries"].setdefault(digest, [])
            if repository not in known:
                known.append(repository)

    @contextmanager
    def _changed(self) -> Iterator[dict[str, Any]]:
        """Yields the tags and sign-ins, and writes them when the block ends without an error."""
        state = self._read()
        yield state
        self._state.parent.mkdir(parents=True, exist_ok=True)
        written = self._state.with_name(f"{self._state.name}.{os.getpid()}")
        written.touch(mode=0o600)
        written.write_text(json.dumps(state, indent=1, sort_keys=True))
        written.rename(self._state)


def _discard(line: str) -> None:
    """Drops a line of output, for `--quiet`."""


def _pair(text: str, variables: Mapping[str, str]) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    return name, value if equals else variables.get(name, "")


def _ecr(name: str) -> ImageUri:
    try:
        return ImageUri.parse(name)
    except ImageUnavailableError as error:
        raise DockerError(
            f"got {name}, expected ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY[:TAG]: the "
            "rehearsal reaches registries of Amazon ECR only"
        ) from error


def _repository(name: str) -> str:
    before, slash, last = name.rpartition("/")
    return f"{before}{slash}{last.partition('@')[0].partition(':')[0]}"


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


def _matches(digest: str, text: str) -> bool:
    given = text.removeprefix("sha256:")
    return len(given) >= 12 and digest.removeprefix("sha256:").startswith(given)


_EXECUTE: dict[str, Callable[[DockerEngine, Command, Invocation], int]] = {
    "build": DockerEngine.build,
    "images": DockerEngine.images,
    "info": DockerEngine.info,
    "inspect": DockerEngine.inspect,
    "login": DockerEngine.login,
    "logout": DockerEngine.logout,
    "prune": DockerEngine.prune,
    "ps": DockerEngine.ps,
    "pull": DockerEngine.pull,
    "push": DockerEngine.push,
    "rmi": DockerEngine.rmi,
    "run": DockerEngine.run,
    "tag": DockerEngine.tag,
    "version": DockerEngine.version,
}

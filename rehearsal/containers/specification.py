"""What the first process of a container is told: see `container_init`."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rehearsal.containers.image import Image
from rehearsal.containers.mounts import (
    BUILD_CACHE,
    ONLY_OPT_IS_KEPT,
    Mount,
    Mountable,
    Step,
    hidden,
    operating_system,
)

DOCKER_PATH = "/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CERTIFICATE_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")


class Network(enum.Enum):
    """The network that a container reaches.

    ISOLATED: nothing. AWS: the gateway, at its usual address. HOST: what this machine reaches
    (image builds need package registries).
    """

    ISOLATED = "ISOLATED"
    AWS = "AWS"
    HOST = "HOST"


@dataclass(frozen=True, kw_only=True)
class Specification:
    """A container's root, command, environment and network. `opt` is a folder to be built in."""

    image: Image
    command: Sequence[str]
    environment: Mapping[str, str]
    mounts: Sequence[Mountable]
    network: Network
    host_name: str
    opt: Path | None

    def told(self, scratch: Path) -> dict[str, Any]:
        """As the first process reads it; `scratch` is a folder of the container's own."""
        specification: dict[str, Any] = {
            "root": str(scratch / "root"),
            "mounts": self._steps(scratch),
            "command": list(self.command),
            "environment": dict(self.environment),
            "working_directory": self.image.working_directory,
            "network": self.network.value,
            "hostname": self.host_name,
        }
        if self.network is Network.AWS:
            address = urlsplit(self.environment["AWS_ENDPOINT_URL"])
            specification["gateway"] = [address.hostname, address.port]
        return specification

    def _steps(self, scratch: Path) -> list[Step]:
        hosts = scratch / "hosts"
        hosts.write_text(f"127.0.0.1 localhost {self.host_name}\n::1 localhost\n")
        steps = operating_system(self.image.interpreter)
        steps.append(Mount(hosts, "/etc/hosts").step())
        if self.opt is not None:
            steps.insert(0, Mount(self.opt, "/opt", writable=True).step())
        else:
            steps.insert(0, {"kind": "tmpfs", "target": "/opt", "mode": "755"})
            steps += [mount.step() for mount in self.image.mounts()]
        if self.network is Network.AWS:
            named = {self.environment.get(name) for name in _CERTIFICATE_VARIABLES}
            files = hidden([Path(name) for name in named if name and Path(name).is_file()])
            steps += [Mount(file, str(file)).step() for file in files]
        given = [mount.step() for mount in self.mounts]
        if self.opt is None:
            return steps + given
        return [*steps, BUILD_CACHE, *given, *ONLY_OPT_IS_KEPT]


def command_of(
    image: Image, entrypoint: Sequence[str] | None, arguments: Sequence[str] | None
) -> list[str]:
    """What runs: ENTRYPOINT and CMD, each replaced by what was given, as with `docker run`.

    Raises ValueError when there is nothing.
    """
    if entrypoint is not None:
        words = [*entrypoint, *(arguments or ())]
    else:
        words = [*image.entrypoint, *(image.command if arguments is None else arguments)]
    if not words:
        raise ValueError(
            f"Nothing to run: image {image.digest} has neither ENTRYPOINT nor CMD, and none was "
            "given. Add an ENTRYPOINT to its Dockerfile."
        )
    return words

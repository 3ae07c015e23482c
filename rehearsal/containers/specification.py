"""The specification of a container, which `init_process` reads."""

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
    """The network access of a container.

    ISOLATED: none. AWS: the gateway only, at its usual address. HOST: that of this machine, because
    image builds need package registries.
    """

    ISOLATED = "ISOLATED"
    AWS = "AWS"
    HOST = "HOST"


@dataclass(frozen=True, kw_only=True)
class Specification:
    """Root directory, command, environment and network; `opt` is the writable /opt of a build."""

    image: Image
    command: Sequence[str]
    environment: Mapping[str, str]
    mounts: Sequence[Mountable]
    network: Network
    host_name: str
    opt: Path | None

    def to_json(self, scratch: Path) -> dict[str, Any]:
        """Returns the specification as JSON; `scratch` is a dedicated folder of the container."""
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
    """Returns ENTRYPOINT and CMD of an image, each replaced as with `docker run`.

    Raises:
        ValueError: there is no command.
    """
    if entrypoint is not None:
        words = [*entrypoint, *(arguments or ())]
    else:
        words = [*image.entrypoint, *(image.command if arguments is None else arguments)]
    if not words:
        raise ValueError(
            f"Image {image.digest} has neither ENTRYPOINT nor CMD, and no command was given. Add "
            "an ENTRYPOINT to its Dockerfile."
        )
    return words

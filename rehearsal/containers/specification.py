"""The specification of a container, which `init_process` reads."""

import enum
import signal
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rehearsal.containers import name_server, outside_network
from rehearsal.containers.cluster_network import ClusterMember
from rehearsal.containers.image import Image
from rehearsal.containers.limits import Limits
from rehearsal.containers.mounts import (
    BUILD_CACHE,
    ETC_FILES,
    ETC_IS_READ_ONLY,
    NOTHING_IS_WRITABLE,
    ONLY_OPT_IS_KEPT,
    File,
    Mount,
    Mountable,
    Step,
    hidden,
    operating_system,
)
from rehearsal.containers.registries import Outside
from rehearsal.framework.aws_hosts import DOWNLOADS, aws_domains

DOCKER_PATH = "/usr/local/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_RESOLVER = Path("/etc/resolv.conf")
_CERTIFICATE_VARIABLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")


class Network(enum.Enum):
    """The network access of a container; none of them has an address of this machine.

    ISOLATED: none, but for the other hosts of its cluster. AWS: the gateway, too, at its usual
    address. INTERNET: some ports of all other machines, local package registries, and the gateway
    if AWS_ENDPOINT_URL is given.
    """

    ISOLATED = "ISOLATED"
    AWS = "AWS"
    INTERNET = "INTERNET"


@dataclass(frozen=True)
class User:
    """The user of a container: its ids, its name, and its line in /etc/passwd."""

    uid: int
    gid: int
    name: str

    def accounts(self) -> list[File]:
        """Returns the files of /etc that name the user beside root."""
        users = f"{self.name}:x:{self.uid}:{self.gid}::/home/{self.name}:/sbin/nologin\n"
        groups = f"{self.name}:x:{self.gid}:\n"
        return [
            File("/etc/passwd", ETC_FILES["passwd"] + users),
            File("/etc/group", ETC_FILES["group"] + groups),
        ]


ROOT_USER = User(0, 0, "root")


@dataclass(frozen=True, kw_only=True)
class Specification:
    """Root directory, command, environment and network; `opt` is the writable /opt of a build."""

    image: Image
    command: Sequence[str]
    environment: Mapping[str, str]
    mounts: Sequence[Mountable]
    network: Network
    host_name: str
    stop_signal: signal.Signals
    opt: Path | None
    outside: Outside
    limits: Limits
    user: User = ROOT_USER
    read_only: bool = False
    cluster: ClusterMember | None = None

    def to_json(self, scratch: Path) -> dict[str, Any]:
        """Returns the specification as JSON; `scratch` is a dedicated folder of the container."""
        steps = self._steps()
        specification: dict[str, Any] = {
            "root": str(scratch / "root"),
            "mounts": steps,
            "limits": self.limits.to_json(),
            "writable": [
                step["target"]
                for step in steps
                if step["kind"] == "overlay" or (step["kind"] == "bind" and step["writable"])
            ],
            "scratch": _in_memory(steps),
            "command": list(self.command),
            "environment": dict(self.environment),
            "user": [self.user.uid, self.user.gid],
            "working_directory": self.image.working_directory,
            "network": self.network.value,
            "hostname": self.host_name,
            "stop_signal": int(self.stop_signal),
        }
        endpoint = self.environment.get("AWS_ENDPOINT_URL")
        if endpoint and self.network is not Network.ISOLATED:
            address = urlsplit(endpoint)
            specification["gateway"] = [address.hostname, address.port]
            specification["aws_domains"] = list(aws_domains())
            specification["downloads"] = list(DOWNLOADS)
        if self.cluster is not None:
            specification["cluster"] = self.cluster.to_json()
        if self.network is Network.INTERNET:
            specification["outside"] = {
                "ports": self.outside.ports,
                "allowed": self.outside.allowed,
                "name_servers": _name_servers(),
            }
        return specification

    def _steps(self) -> list[Step]:
        steps = operating_system(self.image.interpreter)
        steps += [file.step() for file in self._names()]
        if self.opt is not None:
            steps.insert(0, Mount(self.opt, "/opt", writable=True).step())
        else:
            steps.insert(0, {"kind": "tmpfs", "target": "/opt", "mode": "755"})
            steps += [mount.step() for mount in self.image.mounts()]
        if self.network is not Network.ISOLATED:
            named = {self.environment.get(name) for name in _CERTIFICATE_VARIABLES}
            files = hidden([Path(name) for name in named if name and Path(name).is_file()])
            steps += [Mount(file, str(file)).step() for file in files]
        given = [mount.step() for mount in self.mounts]
        if self.user is not ROOT_USER:
            steps += [file.step() for file in self.user.accounts()]
        if self.read_only:
            return [*steps, *given, ETC_IS_READ_ONLY, *NOTHING_IS_WRITABLE]
        if self.opt is None:
            return [*steps, *given, ETC_IS_READ_ONLY]
        return [*steps, BUILD_CACHE, *given, ETC_IS_READ_ONLY, *ONLY_OPT_IS_KEPT]

    def _names(self) -> list[File]:
        """Returns the files of /etc about names."""
        hosts = [f"127.0.0.1 localhost {self.host_name}", "::1 localhost"]
        if self.cluster is not None:
            hosts = ["127.0.0.1 localhost", "::1 localhost", *self.cluster.host_lines()]
        resolver = f"nameserver {name_server.ADDRESS}\n" if self.network is Network.AWS else ""
        if self.network is Network.INTERNET:
            hosts += self.outside.hosts
            kept = [line for line in _RESOLVER.read_text().splitlines() if _is_option(line)]
            resolver = "\n".join([f"nameserver {outside_network.NAME_SERVER}", *kept, ""])
        return [
            File("/etc/hosts", "\n".join([*hosts, ""])),
            File("/etc/hostname", f"{self.host_name}\n"),
            File("/etc/resolv.conf", resolver),
        ]


def _in_memory(steps: Iterable[Step]) -> list[str]:
    """Returns the mounts that are file systems in memory, and not covered by a later mount."""
    found = {"/dev/shm": True}  # noqa: S108
    for step in steps:
        if step["kind"] in ("tmpfs", "bind", "overlay"):
            # One with a size is a disk of that size, not memory of the container.
            found[step["target"]] = step["kind"] == "tmpfs" and "bytes" not in step
    return [target for target, in_memory in found.items() if in_memory]


def _name_servers() -> list[str]:
    words = [line.split() for line in _RESOLVER.read_text().splitlines()]
    found = [line[1] for line in words if len(line) > 1 and line[0] == "nameserver"]
    return found or ["127.0.0.1"]  # the default of the C library


def _is_option(line: str) -> bool:
    return line.split()[:1] in (["search"], ["domain"], ["options"])


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

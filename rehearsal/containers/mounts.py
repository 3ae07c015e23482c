"""The file system of a container.

A container has the folders of the operating system read-only and the layers of its image at /opt.
It has no files of the user: no home directory, no checkout, and not the /tmp of the host.
"""

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rehearsal.containers.interpreter import Interpreter

Step = dict[str, Any]

_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "etc", "nix", "gnu", "sys")
_VISIBLE = tuple(Path("/", name) for name in _SYSTEM)
_PYTHON_HOME = Path("/usr/local")
"""The folder of Python in python base images: `python3` is /usr/local/bin/python3."""


class Mountable(Protocol):
    """Something that can be mounted in a container."""

    def step(self) -> Step:
        """Returns the step by which `root_directory` mounts it."""


@dataclass(frozen=True)
class Mount:
    """A file or folder of the host at `target` in the container. Defaults to read-only."""

    source: Path
    target: str
    writable: bool = False

    def step(self) -> Step:
        return {
            "kind": "bind",
            "source": str(self.source),
            "target": self.target,
            "writable": self.writable,
        }


def operating_system(interpreter: Interpreter) -> list[Step]:
    """Returns steps for the host's programs and libraries, empty /tmp, /root, /run; /dev, /proc."""
    steps: list[Step] = []
    for name in _SYSTEM:
        path = Path("/", name)
        if path.is_symlink():
            steps.append({"kind": "symlink", "source": str(path.readlink()), "target": str(path)})
        elif path.is_dir():
            steps.append(Mount(path, str(path)).step())
    steps.append({"kind": "devices", "target": "/dev"})
    steps.append({"kind": "proc", "target": "/proc"})
    for target, mode in (("/tmp", "1777"), ("/var/tmp", "1777"), ("/run", "755"), ("/root", "700")):  # noqa: S108
        steps.append({"kind": "tmpfs", "target": target, "mode": mode})
    return steps + _python(interpreter)


BUILD_CACHE: Step = {"kind": "tmpfs", "target": "/root/.cache", "mode": "755"}
ONLY_OPT_IS_KEPT: list[Step] = [{"kind": "read-only", "target": place} for place in ("/root", "/")]
"""For builds: files outside of /opt are not kept, so writing them fails."""


def _python(interpreter: Interpreter) -> list[Step]:
    """Returns steps for the interpreter, with `python3` and `pip` as in a python base image."""
    steps = [Mount(prefix, str(prefix)).step() for prefix in hidden(interpreter.prefixes)]
    if _PYTHON_HOME in interpreter.prefixes:
        return steps
    steps.append({"kind": "tmpfs", "target": str(_PYTHON_HOME), "mode": "755"})
    program = shlex.quote(str(interpreter.executable))
    names = dict.fromkeys(("python", "python3", f"python{interpreter.minor_version}"), program)
    names |= dict.fromkeys(("pip", "pip3"), f"{program} -m pip")
    for name, command in names.items():
        # A script, not a link: `python3 -m venv` must find the folder of the interpreter.
        content = f'#!/bin/sh\nexec {command} "$@"\n'
        target = str(_PYTHON_HOME / "bin" / name)
        steps.append({"kind": "file", "target": target, "content": content, "mode": "755"})
    return [*steps, {"kind": "read-only", "target": str(_PYTHON_HOME)}]


def hidden(paths: Iterable[Path]) -> list[Path]:
    """Returns the paths that need a separate mount to be visible, outermost first."""
    found: list[Path] = []
    for path in sorted(set(paths), key=lambda item: len(item.parts)):
        seen = [*_VISIBLE, *found]
        if path != Path("/") and not any(path.is_relative_to(parent) for parent in seen):
            found.append(path)
    return found


_NETWORK_VARIABLE = re.compile(
    r"^(PIP_\w+|UV_\w+|SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|NETRC"
    r"|(https?|no|all|ftp)_proxy)$",
    re.IGNORECASE,
)
_ABSOLUTE_PATH = re.compile(r"(?:^|file://|[\s'\"=:,])(/[^\s'\":,]+)")
_CONFIGURATION = (".config/pip", ".pip", ".config/uv", ".netrc")


def package_registries(
    environment: Mapping[str, str], home: Path
) -> tuple[dict[str, str], list[Mount]]:
    """Returns the variables and read-only mounts by which builds reach package registries.

    These are the settings of pip, uv, certificates and proxies, the user's configuration of pip and
    uv below /root, and local folders that one of them names.
    """
    passed = {key: value for key, value in environment.items() if _NETWORK_VARIABLE.match(key)}
    passed.pop("UV_CACHE_DIR", None)  # the cache is at its default path in the container
    mounts, texts = [], list(passed.values())
    for name in _CONFIGURATION:
        if (home / name).exists():
            mounts.append(Mount((home / name).resolve(), f"/root/{name}"))
            texts += _texts(home / name)
    texts += _texts(Path("/etc/pip.conf")) + _texts(Path("/etc/uv"))
    resolver = Path("/etc/resolv.conf").resolve()
    named = {Path(match) for text in texts for match in _ABSOLUTE_PATH.findall(text)}
    # The pages of a local index, .../simple, usually point to files beside it.
    named = {path.parent if path.name == "simple" else path for path in named}
    local = hidden([resolver, *(path for path in named if path.exists())])
    return passed, mounts + [Mount(path, str(path)) for path in local]


def _texts(path: Path) -> list[str]:
    files = [path] if path.is_file() else sorted(path.glob("*")) if path.is_dir() else []
    return [file.read_text(errors="replace") for file in files if file.is_file()]

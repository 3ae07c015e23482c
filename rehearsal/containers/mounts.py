"""What a container sees of the file system.

A container gets the operating system's folders read-only, the image's layers at /opt, and nothing
of the user: no home directory, no checkout, no /tmp of the host.
"""

from __future__ import annotations

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
"""Where python base images have Python: `python3` is /usr/local/bin/python3."""


class Mountable(Protocol):
    """Something that a container shows."""

    def step(self) -> Step:
        """How `root_directory.py` mounts it."""


@dataclass(frozen=True)
class Mount:
    """A file or folder of the host at `target` inside."""

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
    """The host's programs and libraries, empty /tmp, /root and /run, /dev and /proc."""
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
"""For builds: what is not kept cannot be written, so that nothing is lost in silence."""


def _python(interpreter: Interpreter) -> list[Step]:
    """The interpreter's folders, and `python3` and `pip` where a python base image has them."""
    steps = [Mount(prefix, str(prefix)).step() for prefix in hidden(interpreter.prefixes)]
    if _PYTHON_HOME in interpreter.prefixes:
        return steps
    steps.append({"kind": "tmpfs", "target": str(_PYTHON_HOME), "mode": "755"})
    program = shlex.quote(str(interpreter.executable))
    names = dict.fromkeys(("python", "python3", f"python{interpreter.minor_version}"), program)
    names |= dict.fromkeys(("pip", "pip3"), f"{program} -m pip")
    for name, command in names.items():
        # A script, not a link: `python3 -m venv` must find the interpreter's own folder.
        content = f'#!/bin/sh\nexec {command} "$@"\n'
        target = str(_PYTHON_HOME / "bin" / name)
        steps.append({"kind": "file", "target": target, "content": content, "mode": "755"})
    return [*steps, {"kind": "read-only", "target": str(_PYTHON_HOME)}]


def hidden(paths: Iterable[Path]) -> list[Path]:
    """Those that a container would not see without a mount of their own, outermost first."""
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
    """How this machine reaches package registries, for builds: variables and read-only files.

    Passes the settings of pip, uv, certificates and proxies on, the user's configuration of pip and
    uv at the same place below /root, and whatever local folder one of them names.
    """
    passed = {key: value for key, value in environment.items() if _NETWORK_VARIABLE.match(key)}
    passed.pop("UV_CACHE_DIR", None)  # the cache has its usual place inside
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

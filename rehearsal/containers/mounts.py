"""The file system of a container.

A container has the programs and libraries of the operating system read-only, and the layers of its
image at /opt. It has no files of the user: no home directory, no checkout, and not the /tmp of the
host. Of /etc it has a list of files that programs need: no accounts, keys or settings of the host.
"""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rehearsal.containers.interpreter import Interpreter

Step = dict[str, Any]

_SYSTEM = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "nix", "gnu")
_ETC = (
    *("ssl/certs", "ssl/cert.pem", "ssl/openssl.cnf", "ca-certificates", "ca-certificates.conf"),
    *("pki/tls/certs", "pki/tls/cert.pem", "pki/tls/openssl.cnf", "pki/ca-trust/extracted"),
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "crypto-policies"),
    *("localtime", "timezone", "os-release", "debian_version", "redhat-release", "system-release"),
    *("services", "protocols", "mime.types", "magic", "locale.alias", "locale.conf", "terminfo"),
    *("fonts", "OpenCL", "java-*", "python3*", "perl", "gai.conf"),
)
ETC_FILES = {
    "passwd": "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n",
    "host.conf": "multi on\n",
}
_VISIBLE = tuple(Path("/", name) for name in (*_SYSTEM, "etc/ssl/certs", "etc/pki/tls/certs"))
_PYTHON_HOME = Path("/usr/local")
"""The folder of Python in python base images: `python3` is /usr/local/bin/python3."""


class Mountable(Protocol):
    """Something that can be mounted in a container."""

    @property
    def target(self) -> str:
        """The path in the container."""

    def step(self) -> Step:
        """Returns the step by which `root_directory` mounts it."""


@dataclass(frozen=True)
class Mount:
    """A file or folder of the host at `target` in the container. Defaults to read-only.

    `source` must not be a symbolic link that a container has written: the host would follow it.
    """

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


@dataclass(frozen=True)
class Link:
    """A symbolic link at `target` to `source`, a path inside of the container."""

    source: str
    target: str

    def step(self) -> Step:
        return {"kind": "symlink", "source": self.source, "target": self.target}


@dataclass(frozen=True)
class Scratch:
    """An empty file system of some bytes at `target`; a program that fills it gets ENOSPC."""

    target: str
    size: int

    def step(self) -> Step:
        return {"kind": "tmpfs", "target": self.target, "mode": "1777", "bytes": self.size}


@dataclass(frozen=True)
class File:
    """A new file in the container, read-only for its programs.

    Args:
        target: the path in the container.
        content: the text.
        mode: permissions in octal digits. Defaults to 644.
    """

    target: str
    content: str
    mode: str = "644"

    def step(self) -> Step:
        return {"kind": "file", "target": self.target, "content": self.content, "mode": self.mode}


def operating_system(interpreter: Interpreter) -> list[Step]:
    """Returns steps for programs, libraries, /etc, empty /tmp, /root, /run; /dev, /proc, /sys."""
    steps = _etc()
    for name in _SYSTEM:
        path = Path("/", name)
        if path.is_symlink():
            steps.append({"kind": "symlink", "source": str(path.readlink()), "target": str(path)})
        elif path.is_dir():
            steps.append(Mount(path, str(path)).step())
    steps.append({"kind": "devices", "target": "/dev"})
    steps.append({"kind": "proc", "target": "/proc"})
    steps.append({"kind": "sys", "target": "/sys"})
    for target, mode in (("/tmp", "1777"), ("/var/tmp", "1777"), ("/run", "755"), ("/root", "700")):  # noqa: S108
        steps.append({"kind": "tmpfs", "target": target, "mode": mode})
    return steps + _python(interpreter)


def _etc() -> list[Step]:
    steps: list[Step] = [{"kind": "tmpfs", "target": "/etc", "mode": "755"}]
    for pattern in _ETC:
        for path in sorted(Path("/etc").glob(pattern)):
            source = path.resolve()
            if source.exists():
                steps.append(Mount(source, str(path)).step())
    steps += [File(f"/etc/{name}", content).step() for name, content in ETC_FILES.items()]
    steps.append({"kind": "symlink", "source": "/proc/mounts", "target": "/etc/mtab"})
    return steps


BUILD_CACHE: Step = {"kind": "tmpfs", "target": "/root/.cache", "mode": "755"}
ETC_IS_READ_ONLY: Step = {"kind": "read-only", "target": "/etc"}
ONLY_OPT_IS_KEPT: list[Step] = [{"kind": "read-only", "target": place} for place in ("/root", "/")]
"""For builds: files outside of /opt are not kept, so writing them fails."""
NOTHING_IS_WRITABLE: list[Step] = [
    {"kind": "read-only", "target": place}
    for place in ("/var/tmp", "/run", "/root", "/opt", "/")  # noqa: S108
]
"""For functions: only /tmp can be written."""


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

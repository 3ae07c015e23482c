"""The root directory of a container, mounted inside its new mount namespace.

Only the standard library is used, because process 1 of each container runs this module.
"""

import os
from pathlib import Path
from typing import Any

from rehearsal.containers import syscalls

_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_READ_ONLY_OF_PROC = ("bus", "fs", "irq", "sys", "sysrq-trigger", "acpi", "scsi")
_HIDDEN_OF_PROC = (
    *("kcore", "keys", "key-users", "timer_list", "sched_debug", "latency_stats", "kpagecount"),
    *("kpageflags", "kpagecgroup", "vmallocinfo", "kmsg", "asound", "driver"),
)
_HIDDEN_OF_SYS = ("firmware", "fs/cgroup", "kernel/debug", "kernel/tracing", "kernel/security")
_DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}


def mount(root: str, mounts: list[dict[str, Any]]) -> None:
    """Mounts the tree of a container and makes it `/`.

    Args:
        root: an empty directory of the host.
        mounts: steps in their order, each with a `target` and a `kind`: bind (source, writable),
            directory, tmpfs (mode, bytes), overlay (lower, upper, work), symlink (source), file
            (content, mode), devices, proc, sys, read-only (only that mount).
    """
    syscalls.make_private()
    syscalls.mount("tmpfs", root, "tmpfs", syscalls.NO_SETUID | syscalls.NO_DEVICES, "mode=755")
    for step in mounts:
        _KINDS[step["kind"]](root + step["target"], step)
    syscalls.enter_root(root)


def _bind(target: str, step: dict[str, Any]) -> None:
    source = Path(step["source"])
    if source.is_dir():
        Path(target).mkdir(parents=True, exist_ok=True)
    elif not Path(target).exists():
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()
    syscalls.bind(str(source), target, writable=step["writable"])


def _directory(target: str, _: dict[str, Any]) -> None:
    Path(target).mkdir(parents=True, exist_ok=True)


def _tmpfs(target: str, step: dict[str, Any]) -> None:
    Path(target).mkdir(parents=True, exist_ok=True)
    flags = syscalls.NO_SETUID | syscalls.NO_DEVICES
    size = f",size={step['bytes']}" if "bytes" in step else ""
    syscalls.mount("tmpfs", target, "tmpfs", flags, f"mode={step['mode']}{size}")


def _symlink(target: str, step: dict[str, Any]) -> None:
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).symlink_to(step["source"])


def _file(target: str, step: dict[str, Any]) -> None:
    path = Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(step["content"])
    path.chmod(int(step["mode"], 8))


def _devices(target: str, _: dict[str, Any]) -> None:
    _tmpfs(target, {"mode": "755"})
    for name in _DEVICES:
        if Path("/dev", name).exists():
            Path(target, name).touch()
            # Read-only: a device can be written nevertheless, but not its mode and owner.
            syscalls.bind(f"/dev/{name}", f"{target}/{name}", writable=False)
    for name, source in _DEVICE_LINKS.items():
        Path(target, name).symlink_to(source)
    _tmpfs(f"{target}/shm", {"mode": "1777"})


def _proc(target: str, _: dict[str, Any]) -> None:
    Path(target).mkdir(parents=True, exist_ok=True)
    syscalls.mount("proc", target, "proc", syscalls.NO_SETUID | syscalls.NO_DEVICES | 8)


def protect_proc() -> None:
    """Hides and protects the parts of /proc that are of the whole machine, as Docker does.

    Root of a container may be root of the host, which may write the settings of the kernel.
    """
    for name in _READ_ONLY_OF_PROC:
        if os.path.exists(f"/proc/{name}"):  # noqa: PTH110
            syscalls.bind(f"/proc/{name}", f"/proc/{name}", writable=False)
    _hide([f"/proc/{name}" for name in _HIDDEN_OF_PROC])


def _hide(paths: list[str]) -> None:
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112
            syscalls.mount("tmpfs", path, "tmpfs", syscalls.READ_ONLY, "size=0,mode=755")
        elif os.path.exists(path):  # noqa: PTH110
            syscalls.bind("/dev/null", path, writable=False)


def _sys(target: str, _: dict[str, Any]) -> None:
    """Mounts a new sysfs; inside of another container, which may not, that of the host."""
    Path(target).mkdir(parents=True, exist_ok=True)
    flags = syscalls.READ_ONLY | syscalls.NO_SETUID | syscalls.NO_DEVICES | 8
    try:
        syscalls.mount("sysfs", target, "sysfs", flags)
    except OSError:
        syscalls.bind("/sys", target, writable=False)
    _hide([f"{target}/{name}" for name in _HIDDEN_OF_SYS])


def _overlay(target: str, step: dict[str, Any]) -> None:
    Path(target).mkdir(parents=True, exist_ok=True)
    options = f"lowerdir={step['lower']},upperdir={step['upper']},workdir={step['work']},userxattr"
    syscalls.mount("overlay", target, "overlay", syscalls.NO_SETUID | syscalls.NO_DEVICES, options)


def _read_only(target: str, _: dict[str, Any]) -> None:
    syscalls.make_read_only(target.rstrip("/") or "/", recursive=False)


_KINDS = {
    "bind": _bind,
    "directory": _directory,
    "tmpfs": _tmpfs,
    "symlink": _symlink,
    "file": _file,
    "devices": _devices,
    "proc": _proc,
    "sys": _sys,
    "overlay": _overlay,
    "read-only": _read_only,
}

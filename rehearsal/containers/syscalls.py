"""Linux system calls of containers: namespaces, mounts, capabilities, parent-death signal.

Only the standard library is used, because process 1 of each container runs this module.
"""

import ctypes
import os
import platform
import signal
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

NEW_MOUNT = 0x00020000
NEW_HOSTNAME = 0x04000000
NEW_IPC = 0x08000000
NEW_USER = 0x10000000
NEW_PID = 0x20000000
NEW_NETWORK = 0x40000000

READ_ONLY, NO_SETUID, NO_DEVICES = 1, 2, 4
_REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 32, 4096, 16384, 1 << 18
_DETACH = 2

_SET_PARENT_DEATH_SIGNAL, _DROP_BOUNDING, _NO_NEW_PRIVILEGES = 1, 24, 38
_CHILD_SUBREAPER = 36
_LAST_CAPABILITY = 63
# Capabilities of root in a Docker container (moby: profiles, default capabilities).
_DOCKER_CAPABILITIES = frozenset(
    {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31},
)
_KEYCTL = {"x86_64": 250, "aarch64": 219}
_JOIN_SESSION_KEYRING = 1
_MOUNT_SETATTR = 442  # the same on all architectures
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}


def _check(result: int, call: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")


def unshare(flags: int) -> None:
    """Moves the caller to new namespaces."""
    _check(_LIBC.unshare(flags), "unshare")


def enter_namespace(descriptor: int) -> None:
    """Moves the caller to the namespace of a file descriptor."""
    _check(_LIBC.setns(descriptor, 0), "setns")


def map_user(user: int, group: int, inside: tuple[int, int] = (0, 0)) -> None:
    """Gives the caller other ids in its new user namespace, without permissions outside of it.

    Args:
        user: the id of the user outside.
        group: the id of the group outside.
        inside: the ids of user and group inside. Defaults to those of root. Other users have the
            capabilities of the namespace until the next exec.
    """
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside[0]} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{inside[1]} {group} 1")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mounts a file system; `data` are its options."""
    result = _LIBC.mount(
        source.encode(),
        target.encode(),
        kind.encode() or None,
        ctypes.c_ulong(flags),
        data.encode() or None,
    )
    _check(result, f"mount {source} on {target}")


def bind(source: str, target: str, *, writable: bool) -> None:
    """Mounts `source` at `target`, with all mounts below it."""
    mount(source, target, flags=_BIND | _RECURSIVE)
    if not writable:
        make_read_only(target)


class _MountAttributes(ctypes.Structure):
    _fields_ = [
        ("attr_set", ctypes.c_uint64),
        ("attr_clr", ctypes.c_uint64),
        ("propagation", ctypes.c_uint64),
        ("userns_fd", ctypes.c_uint64),
    ]


def make_read_only(target: str, *, recursive: bool = True) -> None:
    """Makes a mount read-only, with the mounts below it; before Linux 5.12 only the mount."""
    attributes = _MountAttributes(attr_set=READ_ONLY)
    result = _LIBC.syscall(
        ctypes.c_long(_MOUNT_SETATTR),
        ctypes.c_int(-100),
        ctypes.c_char_p(target.encode()),
        ctypes.c_uint(0x8000 if recursive else 0),
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    if result != 0:
        kept = os.statvfs(target).f_flag & 0b1111  # flags that the namespace may not remove
        kept |= os.statvfs(target).f_flag & (1024 | 2048)
        mount("none", target, flags=_BIND | _REMOUNT | READ_ONLY | kept)


def make_private() -> None:
    """Keeps later mounts inside this namespace."""
    mount("none", "/", flags=_RECURSIVE | _PRIVATE)


def enter_root(root: str) -> None:
    """Makes `root` (a mount point) the root directory and unmounts the old one."""
    os.chdir(root)
    pivot = getattr(_LIBC, "pivot_root", None)
    if pivot is not None:
        _check(pivot(b".", b"."), "pivot_root")
    else:
        number = _PIVOT_ROOT[platform.machine()]
        _check(_LIBC.syscall(ctypes.c_long(number), b".", b"."), "pivot_root")
    _check(_LIBC.umount2(b".", _DETACH), "umount the old root")
    os.chdir("/")


def die_with_parent(parent: int) -> None:
    """Kills this process when the thread that created it ends.

    Args:
        parent: id of the parent, which may have ended before the call.
    """
    _check(_LIBC.prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0), "prctl")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def drop_capabilities() -> None:
    """Drops the capabilities that root does not have in Docker; effective at the next exec."""
    for capability in range(_LAST_CAPABILITY + 1):
        if capability not in _DOCKER_CAPABILITIES:
            _LIBC.prctl(_DROP_BOUNDING, capability, 0, 0, 0)  # EINVAL beyond the kernel's last
    _check(_LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0), "prctl")


def leave_session_keyring() -> None:
    """Replaces the session keyring of the server's user, with its keys, by an empty one."""
    number = _KEYCTL.get(platform.machine())
    if number is not None:
        # ENOSYS: a kernel without keyrings.
        _LIBC.syscall(ctypes.c_long(number), ctypes.c_int(_JOIN_SESSION_KEYRING), None)

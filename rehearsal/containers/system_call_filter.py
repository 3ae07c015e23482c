"""The system calls that a container may not make, as in Docker's default seccomp profile.

Calls that change namespaces, mounts, keys, modules or tracing need privileges that a container does
not have; the filter also keeps it from the parts of the kernel in which a defect would be an
escape.

Only the standard library is used, because process 1 of each container runs this module.
"""

import ctypes
import errno
import platform
import struct

_LIBC = ctypes.CDLL(None, use_errno=True)
_SET_SECCOMP, _FILTER = 22, 2
_LOAD, _EQUAL, _GREATER_OR_EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_X32 = 0x40000000
_NEW_NAMESPACES = 0x7E020000
_CLONE3 = 435
# io_uring, open_tree, move_mount, fsopen, fsconfig, fsmount, fspick, mount_setattr
_EVERYWHERE = (425, 426, 427, 428, 429, 430, 431, 432, 433, 442)
# keys, mounts, swap, reboot, ports, modules, accounting, quotas, kexec, namespaces, perf, handles,
# bpf, userfaultfd, the clock, the kernel's log and obsolete calls
_FORBIDDEN = {
    "x86_64": (
        *(248, 249, 250, 165, 166, 155, 167, 168, 169, 172, 173, 175, 176, 313, 163, 179, 246, 320),
        *(272, 308, 298, 303, 304, 321, 323, 164, 227, 103, 134, 136, 139, 153, 156, 180, 212),
    ),
    "aarch64": (
        *(217, 218, 219, 40, 39, 41, 224, 225, 142, 105, 106, 273, 89, 60, 104, 294, 97, 268, 241),
        *(264, 265, 280, 282, 170, 112, 116, 18),
    ),
}
_CLONE = {"x86_64": 56, "aarch64": 220}
_SOCKET = {"x86_64": 41, "aarch64": 198}
_VSOCK = 40  # a socket of virtual machines, which no namespace isolates
_AUDIT_NUMBER = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def forbid_system_calls() -> None:
    """Forbids the calls for this process and its descendants; NO_NEW_PRIVILEGES must be set."""
    machine = platform.machine()
    if machine not in _FORBIDDEN:
        return  # capabilities and namespaces protect nevertheless
    code = program(machine)
    text = ctypes.create_string_buffer(code, len(code))

    class _Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

    given = _Program(len(code) // 8, ctypes.addressof(text))
    if _LIBC.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(given), 0, 0) != 0:
        number = ctypes.get_errno()
        if number != errno.EINVAL:  # a kernel without seccomp
            raise OSError(number, "seccomp")


def program(machine: str) -> bytes:
    """Returns the instructions of the filter for an architecture."""

    def error(number: int) -> bytes:
        return _instruction(_RETURN, _ERROR | number)

    code = _instruction(_LOAD, _ARCHITECTURE)
    code += _instruction(_EQUAL, _AUDIT_NUMBER[machine], 1, 0) + error(errno.ENOSYS)
    code += _instruction(_LOAD, _NUMBER)
    code += _instruction(_GREATER_OR_EQUAL, _X32, 0, 1) + error(errno.ENOSYS)
    # The C library then uses clone, whose flags the filter can read.
    code += _instruction(_EQUAL, _CLONE3, 0, 1) + error(errno.ENOSYS)
    for number in (*_FORBIDDEN[machine], *_EVERYWHERE):
        code += _instruction(_EQUAL, number, 0, 1) + error(errno.EPERM)
    for number, test, value in (
        (_CLONE[machine], _ANY_BIT, _NEW_NAMESPACES),
        (_SOCKET[machine], _EQUAL, _VSOCK),
    ):
        code += _instruction(_EQUAL, number, 0, 4) + _instruction(_LOAD, _FIRST_ARGUMENT)
        code += _instruction(test, value, 0, 1) + error(errno.EPERM)
        code += _instruction(_RETURN, _ALLOW)
    return code + _instruction(_RETURN, _ALLOW)


def _instruction(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)

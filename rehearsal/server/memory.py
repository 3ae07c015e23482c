"""The memory of the server."""

import ctypes

_M_ARENA_MAX = -8
_ARENAS = 2


def limit_arenas() -> None:
    """Limits the arenas of glibc's allocator, of which each thread may get its own.

    Operations run on dozens of threads, whose arenas would keep twice the memory that they need.
    Other C libraries have no arenas, and nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)

"""Image layers and caches of builds that the rehearsals of one test run share.

A rehearsal keeps both beside its state, so that a second one in the same folder installs no package
again. Those of a test run are in different folders. The first of them still begins with nothing.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

_NAMES = ("images", "caches")


def link_caches(folder: Path) -> None:
    """Links the folders beside a state directory that does not exist yet to those of the run.

    Args:
        folder: the parent folder of the state directory.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in _NAMES:
        # The temporary folder belongs to the run, which all of its processes inherit.
        shared = Path(tempfile.gettempdir(), "rehearsals", name)
        shared.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(shared, target_is_directory=True)

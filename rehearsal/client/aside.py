"""Moves files of a user out of the way, instead of deleting them."""

import time
from pathlib import Path


def move(path: Path) -> Path:
    """Renames a folder to its name with the present time, and returns the new path."""
    stem = f"{path.name}-{time.strftime('%Y%m%d-%H%M%S')}"
    place, number = path.with_name(stem), 1
    while place.exists():
        number += 1
        place = path.with_name(f"{stem}-{number}")
    path.rename(place)
    return place

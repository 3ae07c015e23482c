"""Record of the seed that a repository started with."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

SEED_RECORD = ".seed.json"
"""Path of the record in a repository."""


@dataclass(frozen=True, kw_only=True)
class SeedVersion:
    """Defines the name and version of a seed, which its repositories record in `.seed.json`.

    The record also has git's id of each file. The platform compares it with the newest seed, and
    merges the changes of the seed since then into the code of the team.

    Args:
        name: name of the seed, such as "tabular/model_build".
        version: version of the seed, such as "1.2.0".

    Raises:
        ValueError: if the name or version is empty.

    Example:
        ```python
        Seed(
            folder=Path("seed_code/model_build"),
            version=SeedVersion(name="tabular/model_build", version="1.2.0"),
        )
        ```
    """

    name: str
    version: str

    def __post_init__(self) -> None:
        for key, value in (("name", self.name), ("version", self.version)):
            if not value.strip():
                raise ValueError(f"SeedVersion: {key}: got an empty text; enter a value")

    def record(self, files: Mapping[str, bytes]) -> bytes:
        """Returns the content of the record.

        Args:
            files: contents of the seed's files by path.
        """
        ids = {path: blob_id(content) for path, content in sorted(files.items())}
        content = {"name": self.name, "version": self.version, "files": ids}
        return (json.dumps(content, indent=2) + "\n").encode()


def blob_id(content: bytes) -> str:
    """Returns the id that git gives to a file with this content."""
    # SHA-1 is git's format, not a protection.
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()

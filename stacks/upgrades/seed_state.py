"""The seed that a repository records, compared with the newest one."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from mlops_constructs.projects import Seed
from mlops_constructs.projects.seeds.seed_version import SEED_RECORD, blob_id
from stacks.upgrades.commands import UpgradeError


@dataclass(frozen=True, kw_only=True)
class SeedRecord:
    """The content of `.seed.json`.

    Args:
        name: name of the seed.
        version: version of the seed.
        files: git's ids of its files by path.
    """

    name: str
    version: str
    files: Mapping[str, str]


def read_record(content: bytes | None) -> SeedRecord:
    """Returns the record of a repository.

    Args:
        content: content of `.seed.json`; None if the repository has none.

    Raises:
        UpgradeError: the file is missing or malformed. Anyone who can push can change it.
    """
    if content is None:
        raise UpgradeError(
            f"has no {SEED_RECORD}: it was not created from a seed with a version, or the file was "
            "deleted; restore it from the first commit"
        )
    try:
        found = json.loads(content)
        files = found["files"]
        record = SeedRecord(name=found["name"], version=found["version"], files=files)
        valid = all(isinstance(one, str) for one in (record.name, record.version)) and all(
            re.fullmatch(r"[0-9a-f]{40}", one) and "\0" not in path for path, one in files.items()
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        valid = False
    if not valid:
        raise UpgradeError(f"has a malformed {SEED_RECORD}; restore it from the last upgrade")
    return record


def changed_files(record: SeedRecord, seed: Seed) -> list[str]:
    """Returns the paths that the newest seed adds, changes or removes, sorted.

    Args:
        record: the seed that the repository records.
        seed: the newest seed.
    """
    newest = {path: blob_id(one) for path, one in seed.contents().items() if path != SEED_RECORD}
    paths = newest.keys() | record.files.keys()
    return sorted(path for path in paths if newest.get(path) != record.files.get(path))

"""Seed code of a repository, as a reproducible zip file."""

import dataclasses
import shutil
import tempfile
import weakref
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from mlops_constructs._problems import Problems

from ._seed_rules import link_problems, path_problems, size_problems
from .seed_version import SEED_RECORD, SeedVersion

EXCLUDED_FOLDERS = frozenset(
    {
        ".git",
        ".hypothesis",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".venv",
        "__pycache__",
        "build",
        "cdk.out",
        "node_modules",
    }
)
"""Folders that tools create and git ignores; `*.egg-info` folders are excluded as well."""

EXCLUDED_SUFFIXES = (".pyc", ".pyo", ".egg-info")
EXCLUDED_FILES = frozenset({".DS_Store", ".coverage", ".git"})
"""Excluded files; `.git` is a file in a worktree and in a submodule."""
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip file can hold
_MODES = {False: 0o100644, True: 0o100755}


@dataclass(frozen=True, kw_only=True)
class Seed:
    """Defines the first commit of a repository: a folder, and additional files.

    Files that tools create (byte code, environments, caches, build results) are excluded. The names
    of the files are read once, when the seed is defined.

    Args:
        folder: root folder of the repository.
        extra_files: additional files by their path in the repository, such as
            `{"wheels/library-1.0-py3-none-any.whl": Path("build/library-1.0-py3-none-any.whl")}`.
            Defaults to {}: none.
        project_files: further files of one project's repository, which are the team's from the
            beginning: the record does not have them, so later versions leave them as they are.
            Defaults to {}: none.
        version: name and version of the seed, recorded in the file `.seed.json` of the repository,
            so that later versions can be merged. Defaults to None: no record.

    Raises:
        ValueError: if the folder or a file does not exist, the folder is empty, an extra file or
            the record would replace one of the folder's, or CodeCommit would reject the commit: an
            empty file, a file over 6 MB, a zip file over 20 MB, a path that git or CodeCommit does
            not support, a path that is both a file and a folder. A symbolic link to a file of the
            folder becomes a copy of it; other links are rejected.

    Source: AWS CodeCommit User Guide, "Quotas"; `AWS::CodeCommit::Repository Code`.
    """

    folder: Path
    extra_files: Mapping[str, Path] = field(default_factory=dict)
    project_files: Mapping[str, Path] = field(default_factory=dict)
    version: SeedVersion | None = None

    def __post_init__(self) -> None:
        problems = Problems(f"Seed {self.folder}")
        own = self._own_files if self.folder.is_dir() else {}
        if not self.folder.is_dir():
            problems.add("folder: got a path that does not exist; use an existing folder")
        elif not own:
            problems.add("folder: got a folder without files; a first commit needs at least one")
        problems.extend(_added_problems("extra_files", self.extra_files, own))
        present = {**own, **self.extra_files}
        problems.extend(_added_problems("project_files", self.project_files, present))
        if self.folder.is_dir():
            problems.extend(link_problems(self.folder, self._own_paths))
        files = {path: file for path, file in self.files().items() if file.is_file()}
        if self.version is not None and SEED_RECORD in files:
            problems.add(
                f"{SEED_RECORD}: got a file of the seed, which the record of its version would "
                "replace; remove it"
            )
        problems.extend(path_problems(files))
        problems.extend(size_problems(files))
        problems.raise_if_any()

    def files(self) -> dict[str, Path]:
        """Returns all files by their path in the repository, sorted by path."""
        return dict(sorted({**self._own_files, **self.extra_files, **self.project_files}.items()))

    def contents(self) -> dict[str, bytes]:
        """Returns the contents of all files of the first commit by path, the record included."""
        found = {path: file.read_bytes() for path, file in self.files().items()}
        if self.version is not None:
            recorded = {path: one for path, one in found.items() if path not in self.project_files}
            found[SEED_RECORD] = self.version.record(recorded)
        return dict(sorted(found.items()))

    def write_zip(self, path: Path) -> None:
        """Writes the zip file; equal files result in equal bytes at any time and place.

        Members are stored without compression, because compressed bytes depend on the version of
        zlib.

        Args:
            path: path of the zip file.
        """
        files = self.files()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for name, content in self.contents().items():
                member = zipfile.ZipInfo(name, date_time=_EPOCH)
                member.create_system = 3  # Unix, so that the mode counts
                executable = name in files and bool(files[name].stat().st_mode & 0o100)
                member.external_attr = _MODES[executable] << 16
                archive.writestr(member, content)

    def asset(self, scope: Construct, construct_id: str) -> s3_assets.Asset:
        """Returns the zip file as an asset, which `cdk deploy` uploads before the stack.

        Args:
            scope: parent construct.
            construct_id: id of the asset.
        """
        return s3_assets.Asset(scope, construct_id, path=str(self._zip_file))

    def with_project_files(self, files: Mapping[str, Path]) -> "Seed":
        """Returns the seed with further files of a project; the same one for the same files.

        Args:
            files: files by their path in the repository, beside those of `project_files`.

        Raises:
            ValueError: a file does not exist or would replace another one.
        """
        if not files:
            return self
        key = tuple(sorted(files.items()))
        if key not in self._derived:
            added = {**self.project_files, **files}
            self._derived[key] = dataclasses.replace(self, project_files=added)
        return self._derived[key]

    @cached_property
    def _derived(self) -> "dict[tuple[tuple[str, Path], ...], Seed]":
        return {}

    @cached_property
    def _zip_file(self) -> Path:
        """The zip file, which exists as long as the seed.

        Projects of an app share it: the CDK reads and copies a file once for an app.
        """
        directory = Path(tempfile.mkdtemp(prefix="seed-"))
        # A cleaner of temporary folders may have removed it.
        weakref.finalize(self, shutil.rmtree, directory, ignore_errors=True)
        self.write_zip(directory / "seed.zip")
        return directory / "seed.zip"

    @cached_property
    def _own_files(self) -> dict[str, Path]:
        return {
            path.relative_to(self.folder).as_posix(): path
            for path in self._own_paths
            if path.is_file()
        }

    @cached_property
    def _own_paths(self) -> list[Path]:
        """Returns files, folders and links of the folder, without those that tools create."""
        return [
            path
            for path in self.folder.rglob("*")
            if not _excluded(path.relative_to(self.folder), is_folder=path.is_dir())
        ]


def _added_problems(
    argument: str, files: Mapping[str, Path], present: Mapping[str, Path]
) -> list[str]:
    problems = []
    for path, file in files.items():
        if not file.is_file():
            problems.append(f"{argument}: got {file} for {path}, which does not exist")
        if path in present:
            problems.append(f"{argument}: {path} would replace a file of the folder; rename one")
        if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
            problems.append(f"{argument}: {path} is outside of the repository; use a path in it")
    return problems


def _excluded(path: Path, *, is_folder: bool) -> bool:
    folders = path.parts if is_folder else path.parts[:-1]
    return (
        any(part in EXCLUDED_FOLDERS or part.endswith(".egg-info") for part in folders)
        or path.name in EXCLUDED_FILES
        or path.suffix in EXCLUDED_SUFFIXES
    )

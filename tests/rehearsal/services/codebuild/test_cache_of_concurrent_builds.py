"""The local cache of a project whose builds end at the same time."""

from pathlib import Path

import pytest

from rehearsal.containers.sandbox_files import remove
from rehearsal.services.codebuild.engine.workspace import BuildWorkspace, ProjectCache

CACHED = "/root/.cache/uv"
REMOVE = "rehearsal.services.codebuild.engine.workspace.remove"


def build_with_package(folder: Path, name: str) -> BuildWorkspace:
    """Returns the folders of a build that has downloaded a package."""
    workspace = BuildWorkspace(folder, name, environment={}, home=folder)
    workspace.create()
    place = workspace.host_path(CACHED)
    place.mkdir(parents=True)
    (place / name).write_text("package")
    return workspace


def packages(folder: Path, cache: ProjectCache) -> list[str]:
    """Returns what the next build finds in the cache."""
    workspace = BuildWorkspace(folder, "next", environment={}, home=folder)
    workspace.create()
    cache.restore(workspace)
    return [path.name for path in workspace.host_path(CACHED).rglob("*")]


def test_the_last_of_two_builds_that_end_together_replaces_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ProjectCache(tmp_path / "kept", [f"{CACHED}/**/*"])
    first, second = (build_with_package(tmp_path, name) for name in ("first", "second"))
    ended: list[Path] = []

    def remove_while_the_second_ends(folder: Path) -> None:
        remove(folder)
        if not ended:
            ended.append(folder)
            cache.save(second)

    monkeypatch.setattr(REMOVE, remove_while_the_second_ends)

    assert cache.save(first) == [CACHED]

    assert packages(tmp_path, cache) == ["first"]


def test_a_cache_that_cannot_be_replaced_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = ProjectCache(tmp_path / "kept", [f"{CACHED}/**/*"])
    cache.save(build_with_package(tmp_path, "first"))
    monkeypatch.setattr(REMOVE, lambda _: None)

    assert cache.save(build_with_package(tmp_path, "second")) == []

    assert packages(tmp_path, cache) == ["first"]

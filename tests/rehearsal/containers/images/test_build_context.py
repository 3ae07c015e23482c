"""COPY and .dockerignore."""

from pathlib import Path, PurePosixPath

import pytest

from rehearsal.containers.images.build_context import BuildContext, CopyError, fingerprint

OPT = PurePosixPath("/opt/program")


def make(directory: Path, *names: str, ignore: str = "") -> BuildContext:
    for name in names:
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    if ignore:
        (directory / ".dockerignore").write_text(ignore)
    return BuildContext(directory)


def targets(context: BuildContext, *sources: str, into: bool = True) -> list[str]:
    files = context.copied(sources, OPT, into=into)
    return sorted(str(file.target.relative_to("/opt")) for file in files)


def test_a_folder_means_its_content_and_a_file_keeps_its_name(tmp_path: Path) -> None:
    context = make(tmp_path, "src/a.py", "src/deep/b.py", "c.txt")
    assert targets(context, "src/", "c.txt") == [
        "program/a.py",
        "program/c.txt",
        "program/deep/b.py",
    ]


def test_a_file_can_be_renamed(tmp_path: Path) -> None:
    assert targets(make(tmp_path, "a.txt"), "a.txt", into=False) == ["program"]


def test_patterns_match_several_files(tmp_path: Path) -> None:
    context = make(tmp_path, "requirements.txt", "requirements-dev.txt", "other.md")
    assert targets(context, "requirements*.txt") == [
        "program/requirements-dev.txt",
        "program/requirements.txt",
    ]


@pytest.mark.parametrize(
    ("ignore", "kept"),
    [
        ("*.md", ["a.py", "b/c.md", "b/d.py"]),
        ("**/*.md", ["a.py", "b/d.py"]),
        ("b", ["a.py", "e.md"]),
        ("b/*\n!b/d.py", ["a.py", "b/d.py", "e.md"]),
        ("# comment\n/a.py", ["b/c.md", "b/d.py", "e.md"]),
        ("*\n!a.py", ["a.py"]),
    ],
)
def test_dockerignore_excludes_files(tmp_path: Path, ignore: str, kept: list[str]) -> None:
    context = make(tmp_path, "a.py", "b/c.md", "b/d.py", "e.md", ignore=f"{ignore}\n.dockerignore")
    assert targets(context, ".") == [f"program/{name}" for name in kept]


@pytest.mark.parametrize("source", ["missing.txt", "*.none", "a.md"])
def test_a_missing_source_is_rejected(tmp_path: Path, source: str) -> None:
    context = make(tmp_path, "a.md", ignore="*.md")
    with pytest.raises(CopyError, match="not found in the build context"):
        targets(context, source)


def test_a_path_outside_of_the_context_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(CopyError, match="outside the build context"):
        targets(make(tmp_path, "a"), "../secret")


def test_contents_names_and_permissions_change_the_hash_but_not_times(tmp_path: Path) -> None:
    context = make(tmp_path, "a.py")
    file = tmp_path / "a.py"

    def now() -> str:
        return fingerprint(context.copied(["."], OPT, into=True))

    first = now()
    file.touch()
    assert now() == first
    file.chmod(0o755)
    executable = now()
    file.write_text("changed")
    changed = now()
    file.rename(tmp_path / "b.py")
    assert len({first, executable, changed, now()}) == 4

import gc
import os
import re
import zipfile
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from mlops_constructs.projects import Seed, SeedRepository

MEGABYTE = 1024 * 1024


def test_files_that_tools_create_are_not_in_the_seed(folder: Path) -> None:
    for path in ("build/report.html", "cdk.out/x.json", "a.egg-info/PKG-INFO", ".ruff_cache/x"):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text("made by a tool")

    assert list(Seed(folder=folder).files()) == ["README.md", "src/train.py"]


def test_a_file_may_have_the_name_of_an_excluded_folder(folder: Path) -> None:
    (folder / "src" / "build").write_text("#!/bin/sh\n")

    assert "src/build" in Seed(folder=folder).files()


def test_extra_files_come_from_elsewhere(folder: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "library.whl"
    wheel.write_bytes(b"wheel")

    files = Seed(folder=folder, extra_files={"wheels/library.whl": wheel}).files()

    assert files["wheels/library.whl"] == wheel


def test_equal_files_make_equal_bytes_whatever_their_time(folder: Path, tmp_path: Path) -> None:
    seed = Seed(folder=folder)
    seed.write_zip(tmp_path / "first.zip")
    os.utime(folder / "README.md", (2_000_000_000, 2_000_000_000))
    seed.write_zip(tmp_path / "second.zip")

    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()


def test_the_zip_file_keeps_contents_and_executable_bits(folder: Path, tmp_path: Path) -> None:
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    Seed(folder=folder).write_zip(tmp_path / "seed.zip")

    with zipfile.ZipFile(tmp_path / "seed.zip") as archive:
        assert archive.read("src/train.py") == b"src/train.py"
        modes = {item.filename: item.external_attr >> 16 for item in archive.infolist()}
    assert modes == {"README.md": 0o100644, "run.sh": 0o100755, "src/train.py": 0o100644}


def test_a_folder_that_does_not_exist_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folder: got a path that does not exist"):
        Seed(folder=tmp_path / "missing")


def test_a_folder_without_files_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="folder: got a folder without files"):
        Seed(folder=tmp_path)


def test_every_problem_with_extra_files_is_reported_together(folder: Path, tmp_path: Path) -> None:
    extra = {"wheel.whl": tmp_path / "missing", "README.md": folder / "src" / "train.py"}
    with pytest.raises(ValueError, match=r"does not exist(.|\n)*would replace a file"):
        Seed(folder=folder, extra_files=extra)


def test_an_extra_file_outside_of_the_repository_is_rejected(folder: Path) -> None:
    with pytest.raises(ValueError, match="is outside of the repository"):
        Seed(folder=folder, extra_files={"../x": folder / "README.md"})


def test_an_empty_file_is_rejected(folder: Path) -> None:
    (folder / "src" / "__init__.py").touch()
    with pytest.raises(ValueError, match=r"src/__init__\.py: got an empty file"):
        Seed(folder=folder)


def test_sizes_above_the_limits_of_codecommit_are_rejected(folder: Path) -> None:
    for number in range(4):
        (folder / f"{number}.bin").write_bytes(b"x" * 6 * MEGABYTE)
    with pytest.raises(ValueError, match=r"zip file: got 24\.0 MB; .* 20 MB") as raised:
        Seed(folder=folder)
    assert "for a file" not in str(raised.value)

    (folder / "0.bin").write_bytes(b"x" * (6 * MEGABYTE + 1))
    with pytest.raises(ValueError, match=r"0\.bin: got 6\.0 MB; CodeCommit allows up to 6 MB"):
        Seed(folder=folder)


def test_three_files_of_the_maximum_size_are_accepted(folder: Path) -> None:
    for number in range(3):
        (folder / f"{number}.bin").write_bytes(b"x" * 6 * MEGABYTE)
    assert len(Seed(folder=folder).files()) == 5


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("a//b", "empty part"),
        ("./b", "empty part"),
        ("a\\", "backslash"),
        ("a/.git/config", r"part \.git"),
        (".GIT", r"part \.git"),
        ("line\nbreak", "control character"),
        ("n" * 256, "more than 255 bytes"),
        ("/".join(["folder"] * 21) + "/file", "got 21 levels of folders"),
        ("/".join(["x" * 250] * 17), "4266 characters"),
    ],
)
def test_paths_that_codecommit_does_not_support_are_rejected(
    folder: Path, path: str, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        Seed(folder=folder, extra_files={path: folder / "README.md"})


def test_a_path_is_not_a_file_and_a_folder(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"README\.md': got a file and a folder of README\.md/x"):
        Seed(folder=folder, extra_files={"README.md/x": folder / "src" / "train.py"})


def test_links_that_a_zip_file_cannot_hold_are_rejected(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of another user")
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "sources").symlink_to("src")
    (folder / "gone").symlink_to("nothing")
    with pytest.raises(ValueError, match="symbolic link") as raised:
        Seed(folder=folder)
    assert str(raised.value).count("symbolic link") == 3
    for problem in (
        "out: got a symbolic link to .*secret, which is outside",
        "sources: got a symbolic link to src, which is a folder",
        "gone: got a symbolic link to nothing, which does not exist",
    ):
        assert re.search(problem, str(raised.value))


def test_a_link_within_the_folder_becomes_a_copy(folder: Path, tmp_path: Path) -> None:
    (folder / "link.py").symlink_to("src/train.py")
    Seed(folder=folder).write_zip(tmp_path / "seed.zip")
    with zipfile.ZipFile(tmp_path / "seed.zip") as archive:
        assert archive.read("link.py") == b"src/train.py"


def test_a_worktree_and_a_linked_environment_are_no_part_of_the_seed(
    folder: Path, tmp_path: Path
) -> None:
    (folder / ".git").write_text("gitdir: elsewhere")
    (folder / "node_modules").symlink_to(tmp_path, target_is_directory=True)
    assert list(Seed(folder=folder).files()) == ["README.md", "src/train.py"]


def test_a_repository_starts_with_the_seed_on_main_and_is_kept(folder: Path) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    SeedRepository(
        stack,
        "Repository",
        repository_name="churn",
        seed=Seed(folder=folder),
        description="code",
    )

    Template.from_stack(stack).has_resource(
        "AWS::CodeCommit::Repository",
        {
            "DeletionPolicy": "RetainExceptOnCreate",
            "Properties": {"RepositoryName": "churn", "Code": {"BranchName": "main"}},
        },
    )


def test_repositories_of_an_app_share_the_zip_file_of_a_seed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Path] = []
    write = Seed.write_zip

    def counting(seed: Seed, path: Path) -> None:
        written.append(path)
        write(seed, path)

    monkeypatch.setattr(Seed, "write_zip", counting)
    seed, stack = Seed(folder=folder), cdk.Stack(cdk.App(), "Stack")

    first, second = (seed.asset(stack, name) for name in ("First", "Second"))

    assert first.asset_hash == second.asset_hash
    assert len(written) == 1


def test_the_zip_file_of_a_seed_is_removed_with_it(folder: Path) -> None:
    seed = Seed(folder=folder)
    file = seed._zip_file
    assert file.is_file()
    del seed
    gc.collect()
    assert not file.parent.exists()


def test_a_changed_seed_makes_another_asset(folder: Path) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    first = Seed(folder=folder).asset(stack, "First")
    (folder / "README.md").write_text("changed")
    assert Seed(folder=folder).asset(stack, "Second").asset_hash != first.asset_hash


def test_files_of_a_project_are_added_to_a_copy_that_projects_share(
    folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "test.yaml"
    file.write_text("kind: real-time\n")
    seed = Seed(folder=folder)

    first, second = (seed.with_project_files({"config/test.yaml": file}) for _ in range(2))

    assert first is second
    assert first.files() == {**seed.files(), "config/test.yaml": file}
    assert "config/test.yaml" not in seed.files()
    assert seed.with_project_files({}) is seed
    with pytest.raises(ValueError, match=r"README\.md would replace a file"):
        seed.with_project_files({"README.md": file})

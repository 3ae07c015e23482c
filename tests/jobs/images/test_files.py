"""Labeled files of folders and archives."""

import zipfile
from pathlib import Path

import pytest

from mlops_jobs.failure import InputError
from mlops_jobs.images import files
from mlops_jobs.images.files import image_files


def test_folders_and_archives_are_read_in_the_order_of_their_paths(tmp_path: Path) -> None:
    (tmp_path / "set/dog").mkdir(parents=True)
    (tmp_path / "set/dog/1.JPG").write_bytes(b"dog")
    (tmp_path / "set/_SUCCESS").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("cat/2.png", b"two")
        archive.writestr("cat/1.png", b"one")
        archive.writestr("cat/.DS_Store", b"")
    found = [(one.name, one.label, one.content) for one in image_files(tmp_path)]
    assert found == [
        ("cat/1.png", "cat", b"one"),
        ("cat/2.png", "cat", b"two"),
        ("set/dog/1.JPG", "dog", b"dog"),
    ]


def test_members_of_an_archive_are_never_written(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    with zipfile.ZipFile(tmp_path / "in/a.zip", "w") as archive:
        archive.writestr("../../evil/1.png", b"one")
    (found,) = image_files(tmp_path / "in")
    assert found.label == "evil"
    assert [path.name for path in tmp_path.rglob("*")] == ["in", "a.zip"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cat/notes.txt", "cat/notes.txt: got a file of another type; allowed: .png, .jpg, .jpeg"),
        ("1.png", "1.png: got a file without a folder; the folder's name is the label"),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_another_file_is_rejected(tmp_path: Path, name: str, message: str, *, packed: bool) -> None:
    if packed:
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(name, b"x")
    else:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError) as error:
        list(image_files(tmp_path))
    assert str(error.value).startswith(message)


def test_a_member_that_grows_too_large_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 1000)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cat/1.png", bytes(1001))
    with pytest.raises(InputError, match=r"cat/1\.png: got 1,001 bytes; allowed: 1,000"):
        list(image_files(tmp_path))


def test_no_image_and_a_broken_archive_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got no image"):
        list(image_files(tmp_path))
    (tmp_path / "a.zip").write_bytes(b"x")
    with pytest.raises(InputError, match=r"a\.zip: cannot be read as a zip archive"):
        list(image_files(tmp_path))

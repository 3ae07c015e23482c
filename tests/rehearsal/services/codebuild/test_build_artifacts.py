"""Artifacts are found by the patterns of a build specification and put where the project says."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rehearsal.framework.platform import Credentials
from rehearsal.services.codebuild.engine.artifacts import ArtifactError, collect, upload
from rehearsal.services.codebuild.engine.buildspec import ArtifactFiles
from tests.rehearsal.fakes import FakePlatform


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "src"
    for name in ("a.txt", "dist/b.txt", "dist/deep/c.txt", "dist/.hidden", "other/b.txt"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return root


def _names(source: Path, **spec: Any) -> list[str]:
    return [name for name, _ in collect(ArtifactFiles(**spec), source)]


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"files": ("a.txt",)}, ["a.txt"]),
        ({"files": ("dist/b.txt",)}, ["dist/b.txt"]),
        ({"files": ("dist/b.txt",), "discard_paths": True}, ["b.txt"]),
        (
            {"files": ("**/*",), "base_directory": "dist"},
            [".hidden", "b.txt", "deep/c.txt"],
        ),
        ({"files": ("dist/**",)}, ["dist/.hidden", "dist/b.txt", "dist/deep/c.txt"]),
        ({"files": ("**/b.txt",), "base_directory": "di*"}, ["b.txt"]),
        (
            {"files": ("**/*",), "base_directory": "dist", "exclude_paths": ("deep/**",)},
            [".hidden", "b.txt"],
        ),
    ],
)
def test_patterns_select_files(source: Path, spec: dict[str, Any], expected: list[str]) -> None:
    assert _names(source, **spec) == expected


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"files": ("missing",)}, "no matching artifact paths found"),
        ({"files": ("*",), "base_directory": "missing"}, "no matching base directory path found"),
        ({"files": ("/etc/passwd",)}, "below the source folder only"),
    ],
)
def test_what_matches_nothing_is_an_error(source: Path, spec: dict[str, Any], words: str) -> None:
    with pytest.raises(ArtifactError, match=words):
        _names(source, **spec)


def _upload(source: Path, tmp_path: Path, artifact: dict[str, Any], **more: Any) -> FakePlatform:
    platform = FakePlatform(tmp_path)
    session = platform.session(Credentials("a", "b", "c", "role"), "us-east-1")
    files = collect(ArtifactFiles(files=("a.txt", "dist/b.txt")), source)
    settings: dict[str, Any] = {"encryption_key": None, "build_uuid": "1234", "name": None} | more
    upload(artifact, files, source=source, session=session, scratch=tmp_path, **settings)
    return platform


def test_an_artifact_of_a_pipeline_is_one_zip_file(source: Path, tmp_path: Path) -> None:
    artifact = {"type": "CODEPIPELINE", "location": "arn:aws:s3:::store/demo/Out/abc"}
    platform = _upload(source, tmp_path, artifact)
    archive = zipfile.ZipFile(io.BytesIO(platform.objects["s3://store/demo/Out/abc"]))
    assert archive.namelist() == ["a.txt", "dist/b.txt"]


def test_an_artifact_in_s3_is_a_folder_unless_it_is_packed(source: Path, tmp_path: Path) -> None:
    artifact = {"type": "S3", "location": "store", "path": "builds", "name": "app"}
    assert set(_upload(source, tmp_path, artifact).objects) == {
        "s3://store/builds/app/a.txt",
        "s3://store/builds/app/dist/b.txt",
    }
    packed = artifact | {"packaging": "ZIP", "namespaceType": "BUILD_ID"}
    assert set(_upload(source, tmp_path, packed).objects) == {"s3://store/builds/1234/app"}


def test_the_build_specification_may_name_the_artifact(source: Path, tmp_path: Path) -> None:
    artifact = {"type": "S3", "location": "store", "name": "app", "packaging": "ZIP"}
    named = _upload(source, tmp_path, artifact | {"overrideArtifactName": True}, name="app-7")
    assert set(named.objects) == {"s3://store/app-7"}
    assert set(_upload(source, tmp_path, artifact, name="app-7").objects) == {"s3://store/app"}

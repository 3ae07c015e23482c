"""Between S3 and a job's directories."""

from __future__ import annotations

import errno
import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.data import transfer
from rehearsal.services.sagemaker.data.archive import extract, pack
from rehearsal.services.sagemaker.data_plane import ExecutionFailedError
from tests.rehearsal.job_fixtures import JobSurroundings


def names(directory: Path) -> list[str]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return sorted(str(path.relative_to(directory)) for path in files)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("data/", ["a.csv", "deep/b.csv"]),
        ("data", ["a.csv", "deep/b.csv"]),
        ("data/a.csv", ["a.csv"]),
        ("data/deep", ["b.csv"]),
    ],
)
def test_a_prefix_becomes_a_directory(
    job_surroundings: JobSurroundings, tmp_path: Path, prefix: str, expected: list[str]
) -> None:
    for key in ("data/", "data/a.csv", "data/deep/b.csv", "other/c.csv"):
        job_surroundings.put(key, key)
    uri = f"s3://{job_surroundings.bucket}/{prefix}"
    transfer.download(job_surroundings.session, uri, tmp_path / "in")
    assert names(tmp_path / "in") == expected


def test_a_manifest_names_objects(job_surroundings: JobSurroundings, tmp_path: Path) -> None:
    for key in ("data/a.csv", "data/deep/b.csv", "data/c.csv"):
        job_surroundings.put(key, key)
    manifest = [{"prefix": f"s3://{job_surroundings.bucket}/data/"}, "a.csv", "deep/b.csv"]
    uri = job_surroundings.put("manifest", json.dumps(manifest))
    transfer.download(job_surroundings.session, uri, tmp_path / "in", "ManifestFile")
    assert names(tmp_path / "in") == ["a.csv", "deep/b.csv"]


def test_a_directory_is_uploaded_with_its_key(
    job_surroundings: JobSurroundings, tmp_path: Path
) -> None:
    (tmp_path / "out/deep").mkdir(parents=True)
    (tmp_path / "out/a").write_text("1")
    (tmp_path / "out/deep/b").write_text("2")
    (tmp_path / "out/link").symlink_to("/etc/hostname")
    uri = f"s3://{job_surroundings.bucket}/runs/1"
    stored = transfer.upload(job_surroundings.session, tmp_path / "out", uri, kms_key="alias/k")
    assert stored == [f"{uri}/a", f"{uri}/deep/b"]  # a link to the host's files is not followed
    head = job_surroundings.session.client("s3").head_object(
        Bucket=job_surroundings.bucket, Key="runs/1/a"
    )
    assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", "alias/k")


def test_nothing_below_a_prefix_is_a_failure(
    job_surroundings: JobSurroundings, tmp_path: Path
) -> None:
    with pytest.raises(
        ExecutionFailedError, match=r"ClientError: No S3 objects found under S3 URL"
    ):
        transfer.download(
            job_surroundings.session, f"s3://{job_surroundings.bucket}/none/", tmp_path
        )


def test_a_missing_bucket_or_object_is_a_failure(
    job_surroundings: JobSurroundings, tmp_path: Path
) -> None:
    session, bucket = job_surroundings.session, job_surroundings.bucket
    with pytest.raises(ExecutionFailedError, match=r"Data download failed:.*NoSuchBucket"):
        transfer.download(session, "s3://no-such-bucket-here/x", tmp_path)
    with pytest.raises(ExecutionFailedError, match=r"Unable to download .*NoSuchKey \(404\)"):
        transfer.download_object(session, f"s3://{bucket}/missing", tmp_path / "x")


def test_denied_access_is_said_as_sagemaker_says_it(
    job_surroundings: JobSurroundings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = {"Error": {"Code": "403", "Message": "Forbidden"}}

    class Denying:
        def download_file(self, *_: object) -> None:
            raise ClientError(response, "HeadObject")  # type: ignore[arg-type]

    monkeypatch.setattr(transfer, "aws_client", lambda *_: Denying())
    with pytest.raises(
        ExecutionFailedError,
        match=r"ClientError: Data download failed:Unable to download object s3://b/k "
        r"\(AccessDenied: Forbidden\)",
    ):
        transfer.download_object(job_surroundings.session, "s3://b/k", tmp_path / "x")


@pytest.mark.parametrize("uri", ["https://example.org/x", "s3://", "bucket/key"])
def test_an_invalid_s3_uri_is_rejected(uri: str) -> None:
    with pytest.raises(ExecutionFailedError, match="Invalid S3 URI"):
        transfer.S3Location.parse(uri)


@pytest.mark.parametrize("name", ["../../escape", "/absolute", "a//b"])
def test_a_key_cannot_leave_the_directory(
    job_surroundings: JobSurroundings, tmp_path: Path, name: str
) -> None:
    manifest = [{"prefix": f"s3://{job_surroundings.bucket}/data/"}, name]
    uri = job_surroundings.put("manifest", json.dumps(manifest))
    with pytest.raises(ExecutionFailedError, match="illegal char sub-sequence"):
        transfer.download(job_surroundings.session, uri, tmp_path / "in", "ManifestFile")


def test_a_broken_manifest_is_a_failure(job_surroundings: JobSurroundings, tmp_path: Path) -> None:
    uri = job_surroundings.put("manifest", "not json")
    with pytest.raises(ExecutionFailedError, match="is not valid: expected a JSON list"):
        transfer.download(job_surroundings.session, uri, tmp_path, "ManifestFile")


def test_a_full_disk_is_one_clear_sentence(tmp_path: Path) -> None:
    failure = transfer.disk_failure(OSError(errno.ENOSPC, "No space"), tmp_path / "file")
    assert failure.reason.startswith("ClientError: No space left on device: ")


class TestArchives:
    def test_what_is_packed_comes_out(self, tmp_path: Path) -> None:
        (tmp_path / "model/code").mkdir(parents=True)
        (tmp_path / "model/model.json").write_text("{}")
        (tmp_path / "model/code/x.py").write_text("1")
        pack(tmp_path / "model", tmp_path / "model.tar.gz")
        extract(tmp_path / "model.tar.gz", tmp_path / "out", origin="s3://b/model.tar.gz")
        assert names(tmp_path / "out") == ["code/x.py", "model.json"]

    @pytest.mark.parametrize(
        ("first", "second", "expected"),
        [
            ({"a": "1", "b/c": "1"}, {"b/d": "2"}, {"a": "1", "b/c": "1", "b/d": "2"}),
            ({"a": "1"}, {"a": "2"}, {"a": "2"}),
            ({"a": "1"}, {"a/b": "2"}, {"a/b": "2"}),
            ({"a/b": "1", "a/c/d": "1"}, {"a": "2"}, {"a": "2"}),
        ],
        ids=["different names", "a file twice", "a folder for a file", "a file for a folder"],
    )
    def test_folders_of_several_hosts_are_one_archive(
        self,
        tmp_path: Path,
        first: dict[str, str],
        second: dict[str, str],
        expected: dict[str, str],
    ) -> None:
        for host, files in (("algo-1", first), ("algo-2", second)):
            for name, text in files.items():
                (tmp_path / host / name).parent.mkdir(parents=True, exist_ok=True)
                (tmp_path / host / name).write_text(text)
        pack(tmp_path / "algo-1", tmp_path / "model.tar.gz", tmp_path / "algo-2")
        extract(tmp_path / "model.tar.gz", tmp_path / "out", origin="s3://b/model.tar.gz")
        found = {name: (tmp_path / "out" / name).read_text() for name in names(tmp_path / "out")}
        assert found == expected

    @pytest.mark.parametrize("name", ["../escape", "/etc/escape"])
    def test_a_member_cannot_leave_the_directory(self, tmp_path: Path, name: str) -> None:
        with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as tar:
            member = tarfile.TarInfo(name)
            member.size = 1
            tar.addfile(member, io.BytesIO(b"x"))
        if name.startswith("/"):  # the leading slash is stripped, as tar does
            extract(tmp_path / "x.tar.gz", tmp_path / "out", origin="s3://b/x")
            assert names(tmp_path / "out") == ["etc/escape"]
        else:
            with pytest.raises(ExecutionFailedError, match="outside the destination"):
                extract(tmp_path / "x.tar.gz", tmp_path / "out", origin="s3://b/x")

    def test_what_is_no_archive_is_a_failure(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("no archive")
        with pytest.raises(
            ExecutionFailedError, match='Failed to extract model data archive from URL "s3://b/x"'
        ):
            extract(tmp_path / "x", tmp_path / "out", origin="s3://b/x")


def test_an_archive_with_a_symbolic_link_is_not_extracted(tmp_path: Path) -> None:
    model = tmp_path / "model"
    (model / "weights").mkdir(parents=True)
    (model / "weights/1.bin").write_text("w")
    (model / "current").symlink_to("weights")
    pack(model, tmp_path / "model.tar.gz")

    with pytest.raises(
        ExecutionFailedError, match="Failed to extract model data archive"
    ) as failure:
        extract(tmp_path / "model.tar.gz", tmp_path / "out", origin="s3://b/model.tar.gz")

    assert "symbolic links (current)" in str(failure.value)
    assert names(tmp_path / "out") == []


def packed(folder: Path) -> bytes:
    """The bytes of an archive with several members."""
    (folder / "model").mkdir()
    for number in range(5):
        (folder / "model" / f"part-{number}").write_bytes(f"{number}".encode() * 2000)
    pack(folder / "model", folder / "model.tar.gz")
    return (folder / "model.tar.gz").read_bytes()


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def with_damaged_header(content: bytes) -> bytes:
    """Damages the header of the second member, before compression."""
    tar = bytearray(gzip.decompress(content))
    tar[tar.index(b"part-1")] ^= 0xFF
    return gzip.compress(bytes(tar))


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: flipped(content, len(content) // 2),
        lambda content: flipped(content, len(content) - 6),  # the checksum
        lambda content: flipped(content, 0),
        lambda content: content[: len(content) // 2],
        lambda content: content[:-4],
        with_damaged_header,
        gzip.decompress,
        lambda content: b"",
    ],
    ids=["middle", "checksum", "magic", "half", "end", "header", "uncompressed", "empty"],
)
def test_a_damaged_archive_is_not_extracted(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    archive = tmp_path / "damaged.tar.gz"
    archive.write_bytes(damage(packed(tmp_path)))

    with pytest.raises(
        ExecutionFailedError,
        match=r'Failed to extract model data archive from URL "s3://b/model.tar.gz"\. Please',
    ):
        extract(archive, tmp_path / "out", origin="s3://b/model.tar.gz")


def test_every_flipped_byte_is_found(tmp_path: Path) -> None:
    content = packed(tmp_path)
    archive = tmp_path / "damaged.tar.gz"
    # Nothing depends on what gzip's header says: a time, a system and the name of the file.
    for place in range(content.index(b"\0", 10) + 1, len(content), 7):
        archive.write_bytes(flipped(content, place))
        with pytest.raises(ExecutionFailedError, match="Failed to extract"):
            extract(archive, tmp_path / f"out-{place}", origin="s3://b/model.tar.gz")

"""Inputs of a run: files that SageMaker copied, or hourly folders of a bucket."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mlops_jobs.aws import client
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.settings import Window

Lines = Iterator[tuple[str, str]]
CHUNK_BYTES = 16 * 2**20
# A request and a response have up to 25 MB each, and are a third longer in base64.
# Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
MAX_LINE_BYTES = 72 * 2**20
_HOURLY = re.compile(r"(?P<variant>[^/]+)/\d{4}/\d{2}/\d{2}/\d{2}/[^/]+$")
OUTPUT_SUFFIX = ".out"  # suffix of the output files of a transform job


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Whole lines of one file.

    Args:
        place: file name or key.
        first: number of the first line, from 1.
        content: the lines.
        variant: variant of the endpoint; "" if the location does not have it.
        too_long: True for a line of more than `MAX_LINE_BYTES`, whose content was dropped.
    """

    place: str
    first: int
    content: bytes
    variant: str = ""
    too_long: bool = False


@dataclass(frozen=True, kw_only=True)
class File:
    """An input or output file of a batch transform job.

    Args:
        name: path below the folder of the job.
        place: path, or `s3://` URI.
    """

    name: str
    place: str


@dataclass(frozen=True, kw_only=True)
class CaptureFile:
    """A file of captured traffic or of labels.

    Args:
        place: path, or `s3://` URI.
        variant: variant of the endpoint; "" if the location does not have it.
        size: size in bytes.
    """

    place: str
    variant: str
    size: int


def capture_files(source: str, window: Window | None, *, by_variant: bool) -> Iterator[CaptureFile]:
    """Yields the files of a source, in the order in which they are read.

    Args:
        source: a file, a folder that is read completely, or an `s3://` prefix of which the hours of
            the window are read.
        window: time window.
        by_variant: True if the source has a folder for each variant, which contains the hours.

    Raises:
        InputError: the file or folder does not exist, or the bucket cannot be read.
    """
    if source.startswith("s3://"):
        return _Bucket(source).files(window, by_variant=by_variant)
    return _local_files(Path(source), by_variant=by_variant)


def groups_of(files: Iterable[CaptureFile]) -> Iterator[list[CaptureFile]]:
    """Yields files of one variant each that are read together, of about 16 MiB or more.

    Args:
        files: result of `capture_files`.
    """
    group: list[CaptureFile] = []
    for file in files:
        full = sum(one.size for one in group) > CHUNK_BYTES
        if group and (full or group[0].variant != file.variant):
            yield group
            group = []
        group.append(file)
    if group:
        yield group


def chunks(source: str, window: Window | None, *, by_variant: bool) -> Iterator[Chunk]:
    """Yields the lines of all files of a source, in pieces of at most about 16 MiB.

    Args:
        source: as for `capture_files`.
        window: as for `capture_files`.
        by_variant: as for `capture_files`.

    Raises:
        InputError: the file or folder does not exist, or the bucket cannot be read.
    """
    for file in capture_files(source, window, by_variant=by_variant):
        yield from chunks_of(file)


def chunks_of(file: CaptureFile) -> Iterator[Chunk]:
    """Yields the lines of a file, in pieces of at most about 16 MiB.

    Args:
        file: the file.

    Raises:
        InputError: the bucket cannot be read.
    """
    if file.place.startswith("s3://"):
        yield from _Bucket(file.place).chunks(file.variant)
        return
    path = Path(file.place)
    with path.open("rb") as stream:
        yield from _pieces(path.name, stream.read, file.variant)


def lines(source: str, window: Window | None, *, by_variant: bool) -> Lines:
    """Yields the lines of all files of a source, each with its location.

    Args:
        source: as for `chunks`.
        window: as for `chunks`.
        by_variant: as for `chunks`.

    Raises:
        InputError: the file or folder does not exist, or the bucket cannot be read.
    """
    for chunk in chunks(source, window, by_variant=by_variant):
        yield from numbered(chunk)


def numbered(chunk: Chunk) -> Lines:
    """Yields the lines of a chunk that are not empty, each with its location.

    Args:
        chunk: the chunk.

    Raises:
        InputError: a line is not UTF-8 text, or is too long.
    """
    if chunk.too_long:
        raise InputError(
            f"{chunk.place}, line {chunk.first}: got more than {MAX_LINE_BYTES >> 20} MiB; "
            "allowed: one call or label in each line"
        )
    for number, line in enumerate(chunk.content.split(b"\n"), start=chunk.first):
        if line.strip():
            place = f"{chunk.place}, line {number}"
            try:
                yield place, line.decode()
            except UnicodeDecodeError as error:
                raise InputError(f"{place}: is not UTF-8 text") from error


def transformed(source: str, window: Window | None, side: str) -> list[File]:
    """Lists the input or output files of batch transform jobs.

    In a bucket, hourly manifests below `input/` and `output/` list the files; on disk, SageMaker
    has already copied them.

    Args:
        source: a folder, or the `s3://` prefix of the jobs' data capture.
        window: time window of the start of the jobs.
        side: `input` or `output`.

    Raises:
        InputError: the folder does not exist, or the bucket cannot be read.
    """
    if source.startswith("s3://"):
        return _Bucket(source).listed(window, side)
    root = Path(source)
    if not root.exists():
        raise InputError(
            f"{root}: no such folder; set dataset_source to the files of batch transform jobs"
        )
    folder = root / side if (root / side).is_dir() else root
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        File(name=str(path.relative_to(folder)), place=str(path))
        for path in paths
        if (path.suffix == OUTPUT_SUFFIX) == (side == "output")
    ]


def read(place: str) -> bytes:
    """Returns the content of a file or of an S3 object.

    Args:
        place: path, or `s3://` URI.

    Raises:
        InputError: the file or object cannot be read.
    """
    if place.startswith("s3://"):
        return _Bucket(place).content(urlsplit(place).path.lstrip("/"))
    try:
        return Path(place).read_bytes()
    except OSError as error:
        raise InputError(f"{place}: cannot be read: {error.strerror}") from error


def _local_files(place: Path, *, by_variant: bool) -> Iterator[CaptureFile]:
    if not place.exists():
        raise InputError(
            f"{place}: no such file or folder; set dataset_source to the captured traffic"
        )
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*.jsonl"))
    for file in files:
        # SageMaker copies to endpoint/variant/yyyy/mm/dd/hh/file.
        parts = _HOURLY.search(file.as_posix()) if by_variant else None
        variant = parts["variant"] if parts else ""
        yield CaptureFile(place=str(file), variant=variant, size=file.stat().st_size)


def _pieces(place: str, read: Callable[[int], bytes], variant: str) -> Iterator[Chunk]:
    first, rest, too_long = 1, b"", False
    while content := read(CHUNK_BYTES):
        if len(rest) + content.find(b"\n") > MAX_LINE_BYTES:
            rest, too_long = b"", True
        if too_long:
            _, newline, content = content.partition(b"\n")
            if not newline:
                continue
            yield Chunk(place=place, first=first, content=b"", variant=variant, too_long=True)
            first, too_long = first + 1, False
        end = content.rfind(b"\n") + 1
        if end:
            whole = rest + content[:end]
            yield Chunk(place=place, first=first, content=whole, variant=variant)
            first += whole.count(b"\n")
            rest = b""
        rest += content[end:]
        if len(rest) > MAX_LINE_BYTES:
            rest, too_long = b"", True
    if rest or too_long:
        yield Chunk(place=place, first=first, content=rest, variant=variant, too_long=too_long)


class _Bucket:
    """A prefix of a bucket."""

    def __init__(self, address: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        parts = urlsplit(address)
        self._name, self._prefix = parts.netloc, parts.path.strip("/")
        self._key = address.removeprefix(f"s3://{self._name}/")
        self._client = client("s3")
        self._errors = (BotoCoreError, ClientError)

    def files(self, window: Window | None, *, by_variant: bool) -> Iterator[CaptureFile]:
        folders = list(self._variants()) if by_variant else [f"{self._prefix}/"]
        for folder in folders:
            variant = folder.rstrip("/").rpartition("/")[2] if by_variant else ""
            for hour in self._hours(window):
                for entry in self._entries(f"{folder}{hour}/"):
                    place = f"s3://{self._name}/{entry['Key']}"
                    yield CaptureFile(place=place, variant=variant, size=entry["Size"])

    def chunks(self, variant: str) -> Iterator[Chunk]:
        """Yields the lines of the object that the address names."""
        key = self._key
        try:
            body = self._client.get_object(Bucket=self._name, Key=key)["Body"]
            yield from _pieces(key, body.read, variant)
        except self._errors as error:
            raise InputError(f"s3://{self._name}/{key}: cannot be read: {error}") from error

    def listed(self, window: Window | None, side: str) -> list[File]:
        """Returns the files in the manifests of some hours, without duplicates."""
        found: dict[File, None] = {}
        for hour in self._hours(window):
            for key in self._keys(f"{self._prefix}/{side}/{hour}/"):
                found.update(dict.fromkeys(self._manifest(key)))
        return list(found)

    def _manifest(self, key: str) -> list[File]:
        try:
            head, *names = json.loads(self.content(key))
            prefix = str(head["prefix"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"s3://{self._name}/{key}: is not a manifest; allowed: a JSON list that begins "
                "with "
                '{"prefix": "s3://…"}, as data capture of a transform job writes it'
            ) from error
        return [File(name=str(name), place=f"{prefix}{name}") for name in names]

    def _hours(self, window: Window | None) -> list[str]:
        if window is None:
            raise InputError(f"end_time: got nothing; set it to read the hours of {self._name}")
        return window.hours()

    def content(self, key: str) -> bytes:
        try:
            response = self._client.get_object(Bucket=self._name, Key=key)
            body: bytes = response["Body"].read()
        except self._errors as error:
            raise InputError(f"s3://{self._name}/{key}: cannot be read: {error}") from error
        return body

    def _variants(self) -> Iterator[str]:
        for page in self._pages(Prefix=f"{self._prefix}/", Delimiter="/"):
            for folder in page.get("CommonPrefixes", []):
                yield folder["Prefix"]

    def _keys(self, prefix: str) -> list[str]:
        return [entry["Key"] for entry in self._entries(prefix)]

    def _entries(self, prefix: str) -> list[dict[str, Any]]:
        pages = self._pages(Prefix=prefix)
        return [entry for page in pages for entry in page.get("Contents", [])]

    def _pages(self, **request: str) -> Iterator[dict[str, Any]]:
        paginator = self._client.get_paginator("list_objects_v2")
        try:
            yield from paginator.paginate(Bucket=self._name, **request)
        except self._errors as error:
            place = f"s3://{self._name}/{request['Prefix']}"
            raise InputError(f"{place}: cannot be listed: {error}") from error

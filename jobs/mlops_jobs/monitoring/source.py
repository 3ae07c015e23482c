"""Inputs of a run: files that SageMaker copied, or hourly folders of a bucket."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mlops_jobs.aws import client
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.settings import Window

Lines = Iterator[tuple[str, str]]
OUTPUT_SUFFIX = ".out"  # suffix of the output files of a transform job


@dataclass(frozen=True, kw_only=True)
class File:
    """An input or output file of a batch transform job.

    Args:
        name: path below the folder of the job.
        place: path, or `s3://` URI.
    """

    name: str
    place: str


def lines(source: str, window: Window | None, *, by_variant: bool) -> Lines:
    """Yields the lines of all files of a source, each with its location.

    Args:
        source: a file, a folder that is read completely, or an `s3://` prefix of which the hours of
            the window are read.
        window: time window.
        by_variant: True if the prefix has a folder for each variant, which contains the hours.

    Raises:
        InputError: the file or folder does not exist, or the bucket cannot be read.
    """
    if source.startswith("s3://"):
        return _Bucket(source).lines(window, by_variant=by_variant)
    return _local_lines(Path(source))


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


def _local_lines(place: Path) -> Lines:
    if not place.exists():
        raise InputError(
            f"{place}: no such file or folder; set dataset_source to the captured traffic"
        )
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*.jsonl"))
    for file in files:
        yield from _numbered(file.name, file.read_text(encoding="utf-8").splitlines())


def _numbered(name: str, texts: Iterable[str]) -> Lines:
    for number, text in enumerate(texts, start=1):
        if text.strip():
            yield f"{name}, line {number}", text


class _Bucket:
    """A prefix of a bucket."""

    def __init__(self, address: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        parts = urlsplit(address)
        self._name, self._prefix = parts.netloc, parts.path.strip("/")
        self._client = client("s3")
        self._errors = (BotoCoreError, ClientError)

    def lines(self, window: Window | None, *, by_variant: bool) -> Lines:
        folders = list(self._variants()) if by_variant else [f"{self._prefix}/"]
        read: dict[str, None] = {}
        for folder in folders:
            for hour in self._hours(window):
                for key in self._keys(f"{folder}{hour}/"):
                    read[folder.rstrip("/").rpartition("/")[2]] = None
                    text = self.content(key).decode("utf-8")
                    yield from _numbered(key, text.splitlines())
        if len(read) > 1:
            print(
                f"the traffic of {', '.join(read)} is analyzed as one model; set "
                "variant_name to select one"
            )

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
        pages = self._pages(Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def _pages(self, **request: str) -> Iterator[dict[str, Any]]:
        paginator = self._client.get_paginator("list_objects_v2")
        try:
            yield from paginator.paginate(Bucket=self._name, **request)
        except self._errors as error:
            place = f"s3://{self._name}/{request['Prefix']}"
            raise InputError(f"{place}: cannot be listed: {error}") from error

"""Where a run reads from: files that SageMaker copied, or the hours of a bucket."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tabular.aws import client
from tabular.failure import InputError
from tabular.monitor.settings import Window

Lines = Iterator[tuple[str, str]]
ANSWERED = ".out"  # what a transform job puts behind the name of a file with answers


@dataclass(frozen=True, kw_only=True)
class File:
    """A file that a batch transform job read or wrote.

    Args:
        name: below the folder that the job was given.
        place: where it is, a path or an `s3://` address.
    """

    name: str
    place: str


def lines(source: str, window: Window | None, *, by_variant: bool) -> Lines:
    """The lines of all files of a source, each with its place.

    Args:
        source: a file, a folder with everything that is to be read, or an `s3://` prefix of which
            only the hours of the window are.
        window: the hours.
        by_variant: whether the prefix has a folder for each variant above those of the hours.

    Raises:
        InputError: if there is no such file or folder, or a bucket cannot be read.
    """
    if source.startswith("s3://"):
        return _Bucket(source).lines(window, by_variant=by_variant)
    return _local_lines(Path(source))


def transformed(source: str, window: Window | None, side: str) -> list[File]:
    """The files that batch transform jobs read, or those that they wrote.

    In a bucket they are where the manifests below `input/` and `output/` say, which have a folder
    for each hour; on a disk SageMaker has copied them already.

    Args:
        source: a folder, or the `s3://` prefix of the jobs' data capture.
        window: the hours in which the jobs started.
        side: `input` or `output`.

    Raises:
        InputError: if there is no such folder, or a bucket cannot be read.
    """
    if source.startswith("s3://"):
        return _Bucket(source).listed(window, side)
    root = Path(source)
    if not root.exists():
        raise InputError(f"{root} does not exist; expected the files of batch transform jobs")
    folder = root / side if (root / side).is_dir() else root
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [
        File(name=str(path.relative_to(folder)), place=str(path))
        for path in paths
        if (path.suffix == ANSWERED) == (side == "output")
    ]


def read(place: str) -> bytes:
    """The content of a file or of an object in S3.

    Raises:
        InputError: if it cannot be read.
    """
    if place.startswith("s3://"):
        return _Bucket(place).content(urlsplit(place).path.lstrip("/"))
    try:
        return Path(place).read_bytes()
    except OSError as error:
        raise InputError(f"{place} cannot be read: {error.strerror}") from error


def _local_lines(place: Path) -> Lines:
    if not place.exists():
        raise InputError(f"{place} does not exist; expected the captured traffic")
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*.jsonl"))
    for file in files:
        yield from _numbered(file.name, file.read_text(encoding="utf-8").splitlines())


def _numbered(name: str, texts: Iterable[str]) -> Lines:
    for number, text in enumerate(texts, start=1):
        if text.strip():
            yield f"{name}, line {number}", text


class _Bucket:
    """A part of a bucket."""

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
            print(f"the traffic of {', '.join(read)} is looked at as one; variant_name chooses")

    def listed(self, window: Window | None, side: str) -> list[File]:
        """The files that the manifests of some hours name, each once."""
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
                f"s3://{self._name}/{key} is no manifest; expected a JSON list that begins with "
                '{"prefix": "s3://…"}, as data capture of a transform job writes it'
            ) from error
        return [File(name=str(name), place=f"{prefix}{name}") for name in names]

    def _hours(self, window: Window | None) -> list[str]:
        if window is None:
            raise InputError(f"{self._name}: got no time to look at; set end_time")
        return window.hours()

    def content(self, key: str) -> bytes:
        try:
            answer = self._client.get_object(Bucket=self._name, Key=key)
            body: bytes = answer["Body"].read()
        except self._errors as error:
            raise InputError(f"s3://{self._name}/{key} cannot be read: {error}") from error
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
            raise InputError(f"{place} cannot be listed: {error}") from error

"""Where a run reads from: files that SageMaker copied, or the hours of a bucket."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tabular.failure import InputError
from tabular.monitor.settings import Window

Lines = Iterator[tuple[str, str]]


def lines(source: str, window: Window | None, *, by_variant: bool) -> Lines:
    """The lines of all files of a source, each with its place.

    Parameters:
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
    """A part of a bucket. boto3 is imported here, so that no other command of the image pays."""

    def __init__(self, address: str) -> None:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError

        parts = urlsplit(address)
        self._name, self._prefix = parts.netloc, parts.path.strip("/")
        self._client: Any = boto3.client("s3")
        self._errors = (BotoCoreError, ClientError)

    def lines(self, window: Window | None, *, by_variant: bool) -> Lines:
        if window is None:
            raise InputError(f"{self._name}: got no time to look at; set end_time")
        folders = list(self._variants()) if by_variant else [f"{self._prefix}/"]
        for folder in folders:
            for hour in window.hours():
                for key in self._keys(f"{folder}{hour}/"):
                    text = self.content(key).decode("utf-8")
                    yield from _numbered(key, text.splitlines())

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

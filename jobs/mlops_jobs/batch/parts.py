"""Splits files of records into parts for a transform job.

SageMaker gives each file to one instance, so a large file keeps the other instances idle. A
manifest lists the parts, for `S3DataType: ManifestFile`.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlops_jobs.batch.line_files import Form, Line, lines_of, read_record
from mlops_jobs.failure import InputError

MANIFEST = "transform.manifest"
DEFAULT_PART_BYTES = 64 * 1024 * 1024
MAX_RECORD_BYTES = 6 * 1024 * 1024
"""Maximum payload of a request of a transform job by default (`MaxPayloadInMB`)."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a file.

    Args:
        name: name of the file of the part.
        records: number of its records.
    """

    name: str
    records: int


@dataclass
class Parts:
    """The parts of some files, and the lines that are not records.

    Args:
        parts: the parts, in the order of the records.
        rejected: messages of lines that were set aside. Defaults to none.
    """

    parts: list[Part]
    rejected: list[str] = field(default_factory=list)

    @property
    def records(self) -> int:
        """Number of records of all parts."""
        return sum(part.records for part in self.parts)


def split(
    files: Sequence[Path],
    output: Path,
    form: Form,
    *,
    heading: bool = False,
    part_bytes: int = DEFAULT_PART_BYTES,
) -> Parts:
    """Writes the records of files as parts of a limited size.

    Lines that cannot be a record are set aside in `rejected/`, because one of them would fail the
    whole transform job.

    Args:
        files: files with a record on each line; their names without suffix are unique.
        output: new folder for the parts.
        form: form of the files.
        heading: True if the first line of a CSV file names the columns; a transform job must not
            get it. Defaults to False.
        part_bytes: maximum size of a part, in bytes; one record may be larger. Defaults to 64 MiB.

    Raises:
        InputError: there is no record, two files have the same name, or a file is not text.
    """
    names = [file.stem for file in files]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"got two files named {repeated[0]}; rename one of them")
    output.mkdir(parents=True, exist_ok=True)
    found = Parts(parts=[])
    for file in sorted(files):
        _split_file(file, output, form, heading, part_bytes, found)
    if not found.records:
        raise InputError(
            f"got no record in {len(files)} file(s), and {len(found.rejected)} line(s) that are "
            f"not records{': ' if found.rejected else ''}{'; '.join(found.rejected[:3])}"
        )
    return found


def _split_file(
    file: Path, output: Path, form: Form, heading: bool, part_bytes: int, found: Parts
) -> None:
    records = _records(file, output, form, heading, found)
    line = next(records, None)
    number = 0
    while line is not None:
        name = f"{file.stem}-{number:05d}{file.suffix}"
        size = count = 0
        with (output / name).open("w", encoding="utf-8", newline="\n") as part:
            while line is not None and (not count or size + _size(line) <= part_bytes):
                part.write(f"{line.text}\n")
                size, count = size + _size(line), count + 1
                line = next(records, None)
        found.parts.append(Part(name=name, records=count))
        number += 1


def _records(file: Path, output: Path, form: Form, heading: bool, found: Parts) -> Iterator[Line]:
    width: int | None = None
    lines = lines_of(file)
    if heading and form is Form.CSV:
        next(lines, None)
    for line in lines:
        try:
            record = read_record(line, form, file.name)
            if _size(line) > MAX_RECORD_BYTES:
                raise InputError(
                    f"{file.name}, line {line.number}: got {_size(line):,} bytes; allowed: "
                    f"{MAX_RECORD_BYTES:,}"
                )
            if form is Form.CSV and width not in (None, len(record)):
                raise InputError(
                    f"{file.name}, line {line.number}: got {len(record)} cells; allowed: {width}, "
                    "as in the lines before"
                )
        except InputError as error:
            found.rejected.append(str(error))
            set_aside(output / "rejected" / file.name, line.text)
            continue
        width = len(record)
        yield line


def _size(line: Line) -> int:
    return len(line.text.encode()) + 1


def set_aside(file: Path, text: str) -> None:
    """Adds a line to a file of lines that were not used.

    Args:
        file: path of the file.
        text: the line.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8", newline="\n") as stream:
        stream.write(f"{text}\n")


def manifest(prefix: str, parts: Sequence[Part]) -> str:
    """Returns a manifest of parts, as SageMaker reads it.

    Args:
        prefix: S3 URI of the folder of the parts.
        parts: the parts.

    Raises:
        InputError: the prefix is not an S3 URI.
    """
    if not prefix.startswith("s3://"):
        raise InputError(f"got the prefix {prefix!r}; allowed: an S3 URI such as s3://bucket/in/")
    return json.dumps([{"prefix": prefix.rstrip("/") + "/"}, *(part.name for part in parts)])

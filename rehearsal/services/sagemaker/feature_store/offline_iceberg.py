"""Offline store as an Apache Iceberg table in the Glue Data Catalog, with PyIceberg."""

import io
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

import boto3
from botocore.exceptions import ClientError
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.table import Table
from pyiceberg.transforms import TruncateTransform

from rehearsal.services.sagemaker.feature_store.offline_files import (
    Location,
    Row,
    arrow_schema,
    parquet,
)

_DATE = len("2026-11-22")


def create_table(
    catalog_session: boto3.Session,
    files_session: boto3.Session,
    *,
    location: Location,
    database: str,
    table: str,
    group: Mapping[str, Any],
) -> None:
    """Creates an empty table.

    Args:
        catalog_session: the session that creates the table in the catalog.
        files_session: the session of the group's role, which writes the files.
        location: the place of the table's data and metadata.
        database: the name of the database.
        table: the name of the table.
        group: the feature group.
    """
    catalog = _Catalog(catalog_session, files_session, location)
    event_time = group["EventTimeFeatureName"]
    created = catalog.create_table(
        (database, table),
        arrow_schema(group["FeatureDefinitions"]),
        location=f"s3://{location.bucket}/{location.key}",
    )
    kinds = {entry["FeatureName"]: entry["FeatureType"] for entry in group["FeatureDefinitions"]}
    if kinds[event_time] == "String":  # a number has no day to truncate to
        with created.update_spec() as update:
            update.add_field(event_time, TruncateTransform(_DATE), f"{event_time}_trunc")


def append_rows(
    session: boto3.Session,
    *,
    location: Location,
    database: str,
    table: str,
    group: Mapping[str, Any],
    rows: Sequence[Row],
) -> None:
    """Commits rows as one snapshot, after adding the columns of new features."""
    catalog = _Catalog(session, session, location)
    present = catalog.load_table((database, table))
    definitions = group["FeatureDefinitions"]
    with present.update_schema() as update:
        update.union_by_name(arrow_schema(definitions))
    added = []
    for folder, together in _partitions(present, group, rows).items():
        hashed = secrets.token_hex(4)
        name = f"{location.key}/data/{hashed}/{folder}{secrets.token_hex(8)}.parquet"
        uri = f"s3://{location.bucket}/{name}"
        catalog.files.write(uri, parquet(definitions, together))
        added.append(uri)
    present.add_files(added, check_duplicate_files=False)


def _partitions(
    table: Table, group: Mapping[str, Any], rows: Sequence[Row]
) -> dict[str, list[Row]]:
    """Returns the rows of each file by its folder: a day of event time if the table has days."""
    if not table.spec().fields:
        return {"": list(rows)}
    event_time = group["EventTimeFeatureName"]
    days: dict[str, list[Row]] = {}
    for row in rows:
        day = str(row.values[event_time])[:_DATE]
        days.setdefault(f"{event_time}_trunc={day}/", []).append(row)
    return days


class _Catalog(GlueCatalog):
    """A Glue catalog that reaches Glue and the files through different sessions."""

    def __init__(
        self, catalog_session: boto3.Session, files_session: boto3.Session, location: Location
    ) -> None:
        super().__init__("glue", client=catalog_session.client("glue"))
        self.files = _Objects(files_session.client("s3"), location)

    def _load_file_io(self, properties: Any = None, location: str | None = None) -> FileIO:
        return self.files

    def _is_s3tables_database(self, database_name: str) -> bool:
        return False  # a call to Glue would require a permission that the role need not have


class _Objects(FileIO):
    """Objects of S3 as files of Iceberg."""

    def __init__(self, s3: Any, location: Location) -> None:
        super().__init__()
        self._s3, self._location = s3, location
        # Written content is not read back: the role may read metadata only.
        self._written: dict[str, bytes] = {}

    def write(self, uri: str, content: bytes) -> None:
        """Writes an object."""
        self._location.put(self._s3, Location.of(uri).key, content)
        self._written[uri] = content

    def read(self, uri: str) -> bytes:
        """Returns the content of an object."""
        if uri not in self._written:
            found = Location.of(uri)
            response = self._s3.get_object(Bucket=found.bucket, Key=found.key)
            self._written[uri] = response["Body"].read()
        return self._written[uri]

    def new_input(self, location: str) -> InputFile:
        return _Input(location, self)

    def new_output(self, location: str) -> OutputFile:
        return _Output(location, self)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        found = Location.of(location if isinstance(location, str) else location.location)
        self._s3.delete_object(Bucket=found.bucket, Key=found.key)


class _Input(InputFile):
    def __init__(self, location: str, objects: _Objects) -> None:
        super().__init__(location)
        self._objects = objects

    def __len__(self) -> int:
        return len(self._objects.read(self.location))

    def exists(self) -> bool:
        try:
            self._objects.read(self.location)
        except ClientError:
            return False
        return True

    def open(self, seekable: bool = True) -> InputStream:
        return io.BytesIO(self._objects.read(self.location))


class _Output(OutputFile):
    def __init__(self, location: str, objects: _Objects) -> None:
        super().__init__(location)
        self._objects = objects

    def __len__(self) -> int:
        return len(self.to_input_file())

    def exists(self) -> bool:
        return self.to_input_file().exists()

    def to_input_file(self) -> InputFile:
        return _Input(self.location, self._objects)

    def create(self, overwrite: bool = False) -> OutputStream:
        # Names are unique; a check for an existing object would require permission to list.
        return _Upload(self.location, self._objects)


class _Upload(io.BytesIO):
    """A file that is written as an object when it is closed."""

    def __init__(self, location: str, objects: _Objects) -> None:
        super().__init__()
        self._location, self._objects = location, objects

    def close(self) -> None:
        if not self.closed:
            self._objects.write(self._location, self.getvalue())
        super().close()

"""The offline store as an Apache Iceberg table in the Glue Data Catalog, by PyIceberg."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.io import FileIO, InputFile, InputStream, OutputFile, OutputStream
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionField, PartitionSpec
from pyiceberg.transforms import TruncateTransform

from rehearsal.aws.sagemaker.offline_files import Location, Row, arrow_schema, arrow_table

if TYPE_CHECKING:
    import boto3

_DATE = len("2026-11-22")
_PARTITION_FIELD = 1000  # where Iceberg begins to number them


def create_table(
    catalog_session: boto3.Session,
    files_session: boto3.Session,
    *,
    location: Location,
    database: str,
    table: str,
    group: Mapping[str, Any],
) -> None:
    """Makes an empty table: the catalog as its creator, the files as the group's role."""
    catalog = _Catalog(catalog_session, files_session, location)
    schema = catalog._convert_schema_if_needed(arrow_schema(group["FeatureDefinitions"]))
    field = schema.find_field(group["EventTimeFeatureName"])
    kinds = {entry["FeatureName"]: entry["FeatureType"] for entry in group["FeatureDefinitions"]}
    specification = UNPARTITIONED_PARTITION_SPEC
    if kinds[field.name] == "String":  # a number has no day to be cut to
        specification = PartitionSpec(
            PartitionField(
                source_id=field.field_id,
                field_id=_PARTITION_FIELD,
                transform=TruncateTransform(_DATE),
                name=f"{field.name}_trunc",
            )
        )
    catalog.create_table(
        (database, table),
        schema,
        location=f"s3://{location.bucket}/{location.key}",
        partition_spec=specification,
    )


def append_rows(
    session: boto3.Session,
    *,
    location: Location,
    database: str,
    table: str,
    group: Mapping[str, Any],
    rows: Sequence[Row],
) -> None:
    """Commits rows as one snapshot, in columns that follow the group's schema."""
    catalog = _Catalog(session, session, location)
    present = catalog.load_table((database, table))
    content = arrow_table(group["FeatureDefinitions"], rows)
    with present.update_schema() as update:
        update.union_by_name(content.schema)
    present.append(content)


class _Catalog(GlueCatalog):
    """Glue through one session, files through another."""

    def __init__(
        self, catalog_session: boto3.Session, files_session: boto3.Session, location: Location
    ) -> None:
        super().__init__("glue", client=catalog_session.client("glue"))
        self._files = _Objects(files_session.client("s3"), location)

    def _load_file_io(self, properties: Any = None, location: str | None = None) -> FileIO:
        return self._files


class _Objects(FileIO):
    """Objects of S3 as Iceberg's files."""

    def __init__(self, s3: Any, location: Location) -> None:
        super().__init__()
        self.s3, self.place = s3, location

    def new_input(self, location: str) -> InputFile:
        return _Input(location, self)

    def new_output(self, location: str) -> OutputFile:
        return _Output(location, self)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        uri = location if isinstance(location, str) else location.location
        found = Location.of(uri)
        self.s3.delete_object(Bucket=found.bucket, Key=found.key)


class _Input(InputFile):
    def __init__(self, location: str, objects: _Objects) -> None:
        super().__init__(location)
        self._objects = objects

    def _content(self) -> bytes:
        found = Location.of(self.location)
        answer = self._objects.s3.get_object(Bucket=found.bucket, Key=found.key)
        content: bytes = answer["Body"].read()
        return content

    def __len__(self) -> int:
        return len(self._content())

    def exists(self) -> bool:
        found = Location.of(self.location)
        listed = self._objects.s3.list_objects_v2(Bucket=found.bucket, Prefix=found.key)
        return any(entry["Key"] == found.key for entry in listed.get("Contents", ()))

    def open(self, seekable: bool = True) -> InputStream:
        return io.BytesIO(self._content())


class _Output(OutputFile):
    def __init__(self, location: str, objects: _Objects) -> None:
        super().__init__(location)
        self._objects = objects
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def exists(self) -> bool:
        return self.to_input_file().exists()

    def to_input_file(self) -> InputFile:
        return _Input(self.location, self._objects)

    def create(self, overwrite: bool = False) -> OutputStream:
        # Names are unique: asking whether one is taken would need a permission to list.
        return _Upload(self)

    def store(self, content: bytes) -> None:
        """Writes the whole object."""
        self._size = len(content)
        found = Location.of(self.location)
        self._objects.place.put(self._objects.s3, found.key, content)


class _Upload(io.BytesIO):
    """A file that becomes an object when it is closed."""

    def __init__(self, output: _Output) -> None:
        super().__init__()
        self._output = output

    def close(self) -> None:
        if not self.closed:
            self._output.store(self.getvalue())
        super().close()

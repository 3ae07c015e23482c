"""Files of the offline store in the Glue format: Parquet in hourly partitions.

The layout follows "Offline store data format" in SageMaker's developer guide. PyArrow is loaded on
demand because most servers write no file.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rehearsal.services.sagemaker.feature_store.feature_values import Value, typed

if TYPE_CHECKING:
    import pyarrow

_ADDED = ("write_time", "api_invocation_time", "is_deleted")


@dataclass(frozen=True)
class Row:
    """A record to be written to the offline store."""

    values: Mapping[str, Value]
    event_time: datetime
    invoked: datetime
    is_deleted: bool = False


@dataclass(frozen=True)
class Location:
    """A bucket and the key prefix of a group's files.

    Args:
        bucket: the name of the bucket.
        key: the key prefix, without a trailing slash.
        key_id: the KMS key of the objects. Defaults to None: the bucket's encryption applies.
    """

    bucket: str
    key: str
    key_id: str | None = None

    @staticmethod
    def of(uri: str, key_id: str | None = None) -> Location:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return Location(bucket, key.strip("/"), key_id)

    def put(self, s3: Any, key: str, body: bytes) -> None:
        """Writes an object, encrypted with the location's KMS key."""
        encryption = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.key_id} if self.key_id else {}
        )
        s3.put_object(Bucket=self.bucket, Key=key, Body=body, **encryption)


def write_rows(
    s3: Any, location: Location, definitions: Sequence[Mapping[str, Any]], rows: Sequence[Row]
) -> None:
    """Writes rows below `location`, one file per hour of event time."""
    hours: dict[datetime, list[Row]] = {}
    for row in rows:
        moment = row.event_time.astimezone(UTC)
        hours.setdefault(moment.replace(minute=0, second=0, microsecond=0), []).append(row)
    for hour, together in hours.items():
        location.put(s3, f"{location.key}/{_file_name(hour)}", parquet(definitions, together))


def arrow_table(definitions: Sequence[Mapping[str, Any]], rows: Sequence[Row]) -> pyarrow.Table:
    """Returns rows with the three columns that the offline store adds."""
    import pyarrow

    now = datetime.now(UTC)
    columns: dict[str, list[Any]] = {
        entry["FeatureName"]: [typed(entry, row.values.get(entry["FeatureName"])) for row in rows]
        for entry in definitions
    }
    columns["write_time"] = [now for _ in rows]
    columns["api_invocation_time"] = [row.invoked for row in rows]
    columns["is_deleted"] = [row.is_deleted for row in rows]
    return pyarrow.table(columns, schema=arrow_schema(definitions))


def arrow_schema(definitions: Sequence[Mapping[str, Any]]) -> pyarrow.Schema:
    """Returns the columns of a group's files."""
    import pyarrow

    kinds = {
        "String": pyarrow.string(),
        "Integral": pyarrow.int64(),
        "Fractional": pyarrow.float64(),
    }
    fields = []
    for entry in definitions:
        kind = kinds[entry["FeatureType"]]
        if entry.get("CollectionType"):
            kind = pyarrow.list_(kind)
        fields.append(pyarrow.field(entry["FeatureName"], kind))
    moment = pyarrow.timestamp("us", tz="UTC")
    added = zip(_ADDED, (moment, moment, pyarrow.bool_()), strict=True)
    return pyarrow.schema([*fields, *(pyarrow.field(name, kind) for name, kind in added)])


def parquet(definitions: Sequence[Mapping[str, Any]], rows: Sequence[Row]) -> bytes:
    """Returns rows as a Parquet file."""
    import pyarrow.parquet

    target = io.BytesIO()
    pyarrow.parquet.write_table(arrow_table(definitions, rows), target)
    return target.getvalue()


def _file_name(hour: datetime) -> str:
    partition = hour.strftime("year=%Y/month=%m/day=%d/hour=%H")
    return f"{partition}/{hour.strftime('%Y%m%dT%H%M%SZ')}_{secrets.token_hex(8)}.parquet"

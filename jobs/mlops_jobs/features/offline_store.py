"""The records of an offline store: Parquet files below hourly partitions.

The files are read without Athena: a job needs no workgroup, no place for results and no permission
on a catalog that other projects share, and a file is readable as soon as it is written.

Source: "Offline store data format" of SageMaker's developer guide.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_jobs.failure import InputError
from mlops_jobs.features.history import polars_types
from mlops_jobs.ingestion.schema import GroupSchema, OfflineLocation

if TYPE_CHECKING:
    import polars

_CONCURRENCY = 16


def read_records(
    client: Any, schema: GroupSchema, folder: Path, *, as_of: datetime | None = None
) -> "polars.DataFrame":
    """Reads all records of a group.

    A file that was written before a feature was added has no values of the feature.

    Args:
        client: boto3 client of S3.
        schema: features of the group.
        folder: folder for copies of the files.
        as_of: time after which written records are ignored, so that a training set can be made
            again. Defaults to None: all records.

    Raises:
        InputError: the group has no offline store that can be read, or a file is damaged.
    """
    import polars as pl
    from polars.exceptions import PolarsError

    location = _checked(schema)
    columns = polars_types(schema.types)
    frames = [pl.DataFrame(schema=columns)]
    for path in _fetched(client, location, folder):
        try:
            found = pl.read_parquet(path, glob=False, hive_partitioning=False)
            missing = [name for name in columns if name not in found.columns]
            frames.append(
                found.with_columns(pl.lit(None).alias(name) for name in missing).select(
                    pl.col(name).cast(kind) for name, kind in columns.items()
                )
            )
        except (PolarsError, OSError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(
                f"s3://{location.bucket}/{location.prefix}/{path.relative_to(folder)}: cannot be "
                f"read as records of {schema.group} ({reason}); remove the object"
            ) from error
    records = pl.concat(frames)
    if as_of is not None:
        records = records.filter(pl.col("write_time") <= as_of.astimezone(UTC))
    return records


def _fetched(client: Any, location: OfflineLocation, folder: Path) -> list[Path]:
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=location.bucket, Prefix=f"{location.prefix}/"
    )
    keys = [
        entry["Key"]
        for page in pages
        for entry in page.get("Contents", [])
        if entry["Key"].endswith(".parquet")
    ]

    def fetch(key: str) -> Path:
        path = folder / key.removeprefix(f"{location.prefix}/")
        path.parent.mkdir(parents=True, exist_ok=True)
        client.download_file(location.bucket, key, str(path))
        return path

    with ThreadPoolExecutor(_CONCURRENCY) as pool:
        return list(pool.map(fetch, sorted(keys)))


def _checked(schema: GroupSchema) -> OfflineLocation:
    if schema.offline is None:
        raise InputError(
            f"{schema.group}: got a group without an offline store; allowed: a group with one"
        )
    if schema.offline.table_format != "Glue":
        raise InputError(
            f"{schema.group}: got a table in the format {schema.offline.table_format}; allowed: "
            "Glue, whose files can be read one by one"
        )
    return schema.offline

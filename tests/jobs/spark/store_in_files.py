"""The Feature Store and S3 of a folder, for several processes."""

import hashlib
import json
import os
import uuid
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from tests.jobs.feature_store_in_memory import FeatureStore

OFFLINE = {
    "S3StorageConfig": {"S3Uri": "s3://offline/store", "ResolvedOutputS3Uri": "s3://offline/store"}
}


class Files(MutableMapping[str, bytes]):
    """Objects of a bucket as files of a folder.

    Args:
        folder: the folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, key: str) -> bytes:
        return (self._folder / key).read_bytes()

    def __setitem__(self, key: str, content: bytes) -> None:
        file = self._folder / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    def __delitem__(self, key: str) -> None:
        (self._folder / key).unlink()

    def __iter__(self) -> Iterator[str]:
        found = (file for file in self._folder.rglob("*") if file.is_file())
        return (str(file.relative_to(self._folder)) for file in found)

    def __len__(self) -> int:
        return len(list(iter(self)))


class StoreInFiles(FeatureStore):
    """AWS of a folder: objects below `objects`, and each record in a file below `records`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(objects=Files(folder / "objects"), offline=OFFLINE)  # type: ignore[arg-type]
        self._records = folder / "records"

    def paginate(self, *, Bucket: str, Prefix: str) -> Any:  # noqa: N803
        for key in sorted(self.objects):
            if key.startswith(Prefix):
                tag = hashlib.sha256(self.objects[key]).hexdigest()
                yield {"Contents": [{"Key": key, "ETag": f'"{tag}"'}]}
        yield {}

    def put_record(self, **request: Any) -> None:
        super().put_record(**request)
        self._records.mkdir(parents=True, exist_ok=True)
        file = self._records / f"{os.getpid()}-{uuid.uuid4()}.json"
        record = {one["FeatureName"]: one["ValueAsString"] for one in request["Record"]}
        file.write_text(json.dumps(record, sort_keys=True), encoding="utf-8")

    def written_records(self) -> list[str]:
        """Returns the records that all processes have written, sorted."""
        return sorted(file.read_text(encoding="utf-8") for file in self._records.glob("*.json"))

    def processes(self) -> set[str]:
        """Returns the ids of the processes that have written records."""
        return {file.name.partition("-")[0] for file in self._records.glob("*.json")}


def client(*_: object, **__: object) -> StoreInFiles:
    """Returns the AWS of the folder `STORE`, for every service."""
    return StoreInFiles(Path(os.environ["STORE"]))

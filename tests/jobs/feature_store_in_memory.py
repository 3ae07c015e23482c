"""S3, SageMaker and the Feature Store runtime in memory."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

PREFIX = "features/customers"


@dataclass
class FeatureStore:
    """S3, SageMaker and the Feature Store runtime in memory; a group has two pages."""

    objects: dict[str, bytes] = field(default_factory=dict)
    records: list[dict[str, str]] = field(default_factory=list)
    status: str = "Created"
    collection: str | None = None
    error: tuple[str, int] | None = None
    offline: dict[str, Any] | None = None
    encryption: list[dict[str, str] | None] = field(default_factory=list)
    stores: list[list[str] | None] = field(default_factory=list)
    online: bool = True

    def describe_feature_group(self, **request: str) -> dict[str, Any]:
        kinds = {"customer_id": "String", "at": "String", "orders": "Integral"}
        more = {"balance": "Fractional", "city": "String"}
        response: dict[str, Any] = {
            "FeatureGroupStatus": self.status,
            "RecordIdentifierFeatureName": "customer_id",
            "EventTimeFeatureName": "at",
            "NextToken": "",
            "OnlineStoreConfig": {"EnableOnlineStore": self.online},
        }
        if self.offline is not None:
            response["OfflineStoreConfig"] = self.offline
        if "NextToken" in request:
            return {**response, "FeatureDefinitions": definitions(more, self.collection)}
        return {**response, "FeatureDefinitions": definitions(kinds), "NextToken": "more"}

    def put_record(
        self,
        *,
        FeatureGroupName: str,  # noqa: N803
        Record: list[dict[str, str]],  # noqa: N803
        TargetStores: list[str] | None = None,  # noqa: N803
    ) -> None:
        assert FeatureGroupName == "customers"
        self.stores.append(TargetStores)
        if self.error is not None:
            code, status = self.error
            raise ClientError(
                {
                    "Error": {"Code": code, "Message": "said AWS"},
                    "ResponseMetadata": {"HTTPStatusCode": status},  # type: ignore[typeddict-item]
                },
                "PutRecord",
            )
        self.records.append({one["FeatureName"]: one["ValueAsString"] for one in Record})

    def get_paginator(self, operation: str) -> "FeatureStore":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> Any:  # noqa: N803
        for key, body in sorted(self.objects.items()):  # one on each page
            if key.startswith(Prefix):
                yield {"Contents": [{"Key": key, "ETag": f'"{hash(body)}"'}]}
        yield {}

    def download_file(self, bucket: str, key: str, path: str) -> None:
        Path(path).write_bytes(self.objects[key])

    def upload_file(
        self,
        path: str,
        bucket: str,
        key: str,
        ExtraArgs: dict[str, str] | None = None,  # noqa: N803
    ) -> None:
        assert bucket == ("offline" if key.startswith("store/") else "bucket")
        self.encryption.append(ExtraArgs)
        self.objects[key] = Path(path).read_bytes()

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        self.objects[Key] = Body

    def fill(self, name: str, text: str) -> None:
        self.objects[f"{PREFIX}/{name}"] = text.encode()


def definitions(kinds: dict[str, str], collection: str | None = None) -> list[dict[str, str]]:
    """Returns the definitions of features by their types."""
    found = [{"FeatureName": name, "FeatureType": kind} for name, kind in kinds.items()]
    if collection is not None:
        found[0]["CollectionType"] = collection
    return found

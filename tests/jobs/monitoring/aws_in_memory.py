"""S3 and CloudWatch in memory."""

import io
from dataclasses import dataclass, field
from typing import Any

REGION = "eu-central-1"


@dataclass
class Aws:
    """S3 and CloudWatch in memory; records the clients that were created."""

    objects: dict[str, bytes] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    metrics: list[dict[str, Any]] = field(default_factory=list)

    def client(self, service: str, *, region_name: str, config: object) -> "Aws":
        assert service in ("s3", "cloudwatch")
        assert region_name == REGION
        return self

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        self.read.append(Key)
        return {"Body": io.BytesIO(self.objects[Key])}

    def get_paginator(self, operation: str) -> "Aws":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str, Delimiter: str = "") -> Any:  # noqa: N803
        keys = [key for key in sorted(self.objects) if key.startswith(Prefix)]
        if Delimiter:
            folders = {Prefix + key[len(Prefix) :].split("/")[0] + "/" for key in keys}
            yield {"CommonPrefixes": [{"Prefix": folder} for folder in sorted(folders)]}
        for key in keys:  # one on each page
            yield {"Contents": [{"Key": key, "Size": len(self.objects[key])}]}
        yield {}

    def put_metric_data(self, **request: Any) -> None:
        self.metrics.append(request)

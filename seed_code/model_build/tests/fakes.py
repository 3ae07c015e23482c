"""Fakes of boto3 clients that the train build uses."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError
from mlops_jobs.training.hyperparameters import Hyperparameter

from pipeline.program import HYPERPARAMETERS
from pipeline.project import Project

PROJECT = Project(
    region="eu-west-1",
    project_name="churn",
    project_id="p-abc123",
    pipeline_name="churn-train",
    role_arn="arn:aws:iam::111122223333:role/churn-pipeline",
    image_uri="111122223333.dkr.ecr.eu-west-1.amazonaws.com/churn:0a1b2c3d4e",
    artifact_bucket="churn-artifacts",
    artifact_key_arn="arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012",
    model_package_group_name="churn",
)


# The tests of the pipeline do not depend on the library of the model.
SOME_HYPERPARAMETERS = {
    "num_round": Hyperparameter(whole=True, low=1, high=100_000, default=300),
    "early_stopping_rounds": Hyperparameter(whole=True, low=1, high=100_000, default=20),
    "max_depth": Hyperparameter(whole=True, low=1, high=30, default=6),
    "eta": Hyperparameter(low=1e-4, high=1, default=0.1, logarithmic=True),
    "min_child_weight": Hyperparameter(low=0, high=1e6, default=1),
}


@contextmanager
def some_hyperparameters() -> Iterator[None]:
    """Gives the model of the project other hyperparameters."""
    before = dict(HYPERPARAMETERS)
    HYPERPARAMETERS.clear()
    HYPERPARAMETERS.update(SOME_HYPERPARAMETERS)
    yield
    HYPERPARAMETERS.clear()
    HYPERPARAMETERS.update(before)


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "said AWS"}}, "Operation")


@dataclass
class Bucket:
    """S3 with one bucket."""

    objects: dict[str, bytes] = field(default_factory=dict)
    puts: list[dict[str, Any]] = field(default_factory=list)
    denied: bool = False

    def head_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        if self.denied:
            raise client_error("403")
        if Key not in self.objects:
            raise client_error("404")
        return {"ContentLength": len(self.objects[Key]), "ETag": str(hash(self.objects[Key]))}

    def put_object(self, **request: Any) -> None:
        self.puts.append(request)
        self.objects[request["Key"]] = request["Body"]

    def get_object(self, *, Key: str, Bucket: str, Range: str = "") -> dict[str, Any]:  # noqa: N803
        if self.denied:
            raise client_error("AccessDenied")
        if Key not in self.objects:
            raise client_error("NoSuchKey")
        last = int(Range.rpartition("-")[2]) if Range else None
        return {"Body": io.BytesIO(self.objects[Key][: last and last + 1])}

    def get_paginator(self, operation: str) -> "Pages":
        assert operation == "list_objects_v2"
        entries = [
            {"Key": key, "Size": len(body), "ETag": str(hash(body))}
            for key, body in self.objects.items()
        ]
        return Pages("Contents", entries, "Prefix")


@dataclass
class Pages:
    """A paginator with one item on each page."""

    member: str
    items: list[dict[str, Any]]
    prefix: str = ""

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        for item in self.items:
            if not self.prefix or item["Key"].startswith(request[self.prefix]):
                yield {self.member: [item]}
        if self.prefix:
            yield {}  # list_objects_v2 omits the member if a page has none

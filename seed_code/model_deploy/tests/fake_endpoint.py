"""A fake of the APIs that the smoke test calls."""

import io
import json
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import ClientError

HOLDOUT = "income,city,churned\n" + "".join(
    f"{income},{city},{'yes' if income > 50 else 'no'}\n"
    for income, city in zip(range(0, 120), ("Bonn", '"Köln, Deutz"', "") * 40, strict=True)
)
PACKAGE = {
    "CustomerMetadataProperties": {
        "problem_type": "binary",
        "target": "churned",
        "holdout": "s3://artifacts/runs/1/holdout.csv",
    }
}


def label(income: float) -> dict[str, Any]:
    share = 0.9 if income > 50 else 0.2
    return {
        "label": "yes" if share > 0.5 else "no",
        "probabilities": {"no": 1 - share, "yes": share},
    }


class Aws:
    """The four APIs that the smoke test calls; attributes change their responses."""

    def __init__(self) -> None:
        self.holdout = HOLDOUT
        self.endpoint: dict[str, Any] = {"EndpointStatus": "InService", "EndpointConfigName": "c-1"}
        self.model: dict[str, Any] = {
            "PrimaryContainer": {"ModelPackageName": "arn:package/churn/7"}
        }
        self.tags: list[dict[str, str]] = []
        self.package: dict[str, Any] = PACKAGE
        self.predict: Callable[[float], dict[str, Any]] = label
        self.csv_line: Callable[[dict[str, Any]], str] = lambda prediction: (
            f"{prediction['label']},{prediction['probabilities']['yes']}"
        )
        self.error: tuple[int, str] | None = (400, "row 1: got column 'no_such_column'")
        self.batches: list[int] = []
        self.config: dict[str, Any] = {"ProductionVariants": [{"ModelName": "m-1"}]}
        self.addressed: list[dict[str, str]] = []
        self.no_capacity = 0
        self.objects: dict[str, bytes] = {}
        self.schedule: dict[str, Any] | None = None
        self.jobs: list[dict[str, Any]] = []
        self.job_status = "Completed"
        self.stores_bare_failures = False

    def client(self, _: str) -> "Aws":
        return self

    def describe_endpoint(self, **_: Any) -> dict[str, Any]:
        if not self.endpoint:
            raise error("ValidationException", 'Could not find endpoint "churn-staging".')
        return self.endpoint

    def describe_endpoint_config(self, **_: Any) -> dict[str, Any]:
        return self.config

    def describe_inference_component(self, **name: str) -> dict[str, Any]:
        assert name == {"InferenceComponentName": "churn-staging"}
        return {"Specification": {"ModelName": "m-1"}}

    def get_schedule(self, **name: str) -> dict[str, Any]:
        assert name == {"Name": "churn-staging-batch"}
        if self.schedule is None:
            raise error("ResourceNotFoundException", "Schedule does not exist.")
        return {"Target": {"Input": json.dumps(self.schedule)}}

    def create_transform_job(self, **request: Any) -> None:
        self.jobs.append(request)
        source = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
        rows = self.objects[f"{source}rows"]
        if self.job_status == "Completed":
            body = self._respond(rows, request["TransformInput"]["ContentType"])
            self.objects[f"{request['TransformOutput']['S3OutputPath']}/rows.out"] = body

    def describe_transform_job(self, **name: str) -> dict[str, Any]:
        assert name["TransformJobName"] == self.jobs[-1]["TransformJobName"]
        return {"TransformJobStatus": self.job_status, "FailureReason": "ClientError: bad rows"}

    def invoke_endpoint_async(self, **request: Any) -> dict[str, str]:
        name = request["InputLocation"].rpartition("/")[2]
        response = f"s3://artifacts/async/responses/staging/{name}.out"
        failure = f"s3://artifacts/async/failures/staging/{name}-error.out"
        try:
            self.objects[response] = self._respond(
                self.objects[request["InputLocation"]], request["ContentType"]
            )
        except ClientError as rejected:
            details: Any = rejected.response
            text = f"Received client error ({details['OriginalStatusCode']}) from primary with "
            wrapped = f"{text}message {details['OriginalMessage']}"
            stored = details["OriginalMessage"] if self.stores_bare_failures else wrapped
            self.objects[failure] = stored.encode()
        return {"OutputLocation": response, "FailureLocation": failure}

    def put_object(self, **given: Any) -> None:
        self.objects[f"s3://{given['Bucket']}/{given['Key']}"] = given["Body"]

    def describe_model(self, **_: Any) -> dict[str, Any]:
        return {"ModelArn": "arn:model", **self.model}

    def list_tags(self, **request: Any) -> dict[str, Any]:
        assert request == {"ResourceArn": "arn:model"}
        return {"Tags": self.tags}

    def describe_model_package(self, **_: Any) -> dict[str, Any]:
        return self.package

    def get_object(self, **where: Any) -> dict[str, Any]:
        if where == {"Bucket": "artifacts", "Key": "runs/1/holdout.csv"}:
            return {"Body": io.BytesIO(self.holdout.encode())}
        uri = f"s3://{where['Bucket']}/{where['Key']}"
        if uri not in self.objects:
            raise error("NoSuchKey", "The specified key does not exist.")
        return {"Body": io.BytesIO(self.objects[uri])}

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        assert request["Accept"] == request["ContentType"]
        names = ("TargetVariant", "InferenceComponentName")
        self.addressed.append({name: request[name] for name in names if name in request})
        if self.no_capacity:
            self.no_capacity -= 1
            raise error("ValidationError", "Inference Component has no capacity to process this")
        return {"Body": io.BytesIO(self._respond(request["Body"], request["ContentType"]))}

    def _respond(self, rows_body: bytes, content_type: str) -> bytes:
        if content_type == "text/csv":
            incomes: Iterable[str] = (
                line.split(",")[0] for line in rows_body.decode().splitlines()
            )
            predictions = [self.predict(float(income)) for income in incomes]
            self.batches.append(len(predictions))
            body = "".join(f"{self.csv_line(prediction)}\n" for prediction in predictions)
        else:
            rows = json.loads(rows_body)["instances"]
            if "no_such_column" in rows[0] and self.error is not None:
                raise self._model_error(*self.error)
            assert all(isinstance(row["income"], int) for row in rows)
            assert all(row["city"] in ("Bonn", "Köln, Deutz", None) for row in rows)
            body = json.dumps({"predictions": [self.predict(row["income"]) for row in rows]})
        return body.encode()

    def _model_error(self, status: int, message: str) -> ClientError:
        response: Any = {
            "Error": {"Code": "ModelError", "Message": "Received client error"},
            "OriginalStatusCode": status,
            "OriginalMessage": message,
        }
        return ClientError(response, "InvokeEndpoint")


def error(code: str, message: str) -> ClientError:
    """An error of AWS."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "AnyOperation")

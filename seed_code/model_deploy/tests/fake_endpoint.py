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
        self.package: dict[str, Any] = PACKAGE
        self.predict: Callable[[float], dict[str, Any]] = label
        self.csv_line: Callable[[dict[str, Any]], str] = lambda prediction: (
            f"{prediction['label']},{prediction['probabilities']['yes']}"
        )
        self.error: tuple[int, str] | None = (400, "row 1: got column 'no_such_column'")
        self.batches: list[int] = []

    def client(self, _: str) -> "Aws":
        return self

    def describe_endpoint(self, **_: Any) -> dict[str, Any]:
        return self.endpoint

    def describe_endpoint_config(self, **_: Any) -> dict[str, Any]:
        return {"ProductionVariants": [{"ModelName": "m-1"}]}

    def describe_model(self, **_: Any) -> dict[str, Any]:
        return self.model

    def describe_model_package(self, **_: Any) -> dict[str, Any]:
        return self.package

    def get_object(self, **where: Any) -> dict[str, Any]:
        assert where == {"Bucket": "artifacts", "Key": "runs/1/holdout.csv"}
        return {"Body": io.BytesIO(self.holdout.encode())}

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        assert request["Accept"] == request["ContentType"]
        if request["ContentType"] == "text/csv":
            incomes: Iterable[str] = (
                line.split(",")[0] for line in request["Body"].decode().splitlines()
            )
            predictions = [self.predict(float(income)) for income in incomes]
            self.batches.append(len(predictions))
            body = "".join(f"{self.csv_line(prediction)}\n" for prediction in predictions)
        else:
            rows = json.loads(request["Body"])["instances"]
            if "no_such_column" in rows[0] and self.error is not None:
                raise self._model_error(*self.error)
            assert all(isinstance(row["income"], int) for row in rows)
            assert all(row["city"] in ("Bonn", "Köln, Deutz", None) for row in rows)
            body = json.dumps({"predictions": [self.predict(row["income"]) for row in rows]})
        return {"Body": io.BytesIO(body.encode())}

    def _model_error(self, status: int, message: str) -> ClientError:
        response: Any = {
            "Error": {"Code": "ModelError", "Message": "Received client error"},
            "OriginalStatusCode": status,
            "OriginalMessage": message,
        }
        return ClientError(response, "InvokeEndpoint")

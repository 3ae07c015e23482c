"""The shadow endpoint that Clarify deploys for a model, and its predictions.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-analysis.html
"""

import contextlib
import csv
import io
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from . import monitored_data
from .monitored_data import InputError

CSV, JSON, JSON_LINES = "text/csv", "application/json", "application/jsonlines"
_POLL_SECONDS = 1.0
_MAX_ROWS_OF_REQUEST = 500
_VARIANT = "AllTraffic"


class Predictor:
    """Predictions of an endpoint, by the member `predictor` of an analysis configuration.

    Args:
        config: the member.
        endpoint: the name of the endpoint.
    """

    def __init__(self, config: Mapping[str, Any], endpoint: str) -> None:
        self._config = config
        self._endpoint = endpoint
        self._client = _client("sagemaker-runtime")
        self._content_type = str(config.get("content_type", CSV))
        self._accept = str(config.get("accept_type", self._content_type))
        for name, value in (("content_type", self._content_type), ("accept_type", self._accept)):
            if value not in (CSV, JSON, JSON_LINES):
                raise InputError(
                    f"predictor.{name}: got {value}, expected {CSV}, {JSON} or {JSON_LINES}"
                )

    def responses(self, rows: Sequence[Sequence[Any]], names: Sequence[str]) -> list[Any]:
        """Returns the response to each row: cells, a number or an object.

        Args:
            rows: the cells of each request.
            names: the columns.

        Raises:
            InputError: the endpoint returns another number of predictions.
        """
        found: list[Any] = []
        for first in range(0, len(rows), _MAX_ROWS_OF_REQUEST):
            part = rows[first : first + _MAX_ROWS_OF_REQUEST]
            response = self._client.invoke_endpoint(
                EndpointName=self._endpoint,
                ContentType=self._content_type,
                Accept=self._accept,
                Body=self._body(part, names),
            )
            text = response["Body"].read().decode()
            read = self._rows(text)
            if len(read) != len(part):
                raise InputError(
                    f"model: got {len(read)} predictions for {len(part)} rows: {text[:80]!r}"
                )
            found += read
        return found

    def _body(self, rows: Sequence[Sequence[Any]], names: Sequence[str]) -> str:
        if self._content_type == CSV:
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(rows)
            return text.getvalue()
        template = str(self._config.get("content_template") or '{"features": $features}')
        record = str(self._config.get("record_template") or "$features")
        records = [_filled(record, row, names) for row in rows]
        if self._content_type == JSON:
            if "$records" not in template:
                raise InputError("predictor.content_template: got no $records, which JSON needs")
            return template.replace("$records", f"[{','.join(records)}]")
        return "\n".join(_filled(template, row, names) for row in rows)

    def _rows(self, text: str) -> list[Any]:
        kind = {CSV: "text/csv", JSON: JSON, JSON_LINES: JSON_LINES}[self._accept]
        encoding = "CSV" if self._accept == CSV else "JSON"
        body = {"data": text, "encoding": encoding, "observedContentType": kind}
        rows = monitored_data.rows_of(body)
        label = self._config.get("label") or self._config.get("probability")
        if self._accept == JSON and len(rows) == 1 and isinstance(rows[0], dict) and label:
            member = rows[0].get(str(label))  # all predictions in one object
            return list(member) if isinstance(member, list) else rows
        return rows


def _filled(template: str, row: Sequence[Any], names: Sequence[str]) -> str:
    values = json.dumps(list(row), default=str)
    pairs = json.dumps(dict(zip(names, row, strict=True)), default=str)
    return template.replace("$features_kvp", pairs).replace("$features", values)


@contextlib.contextmanager
def deployed(config: Mapping[str, Any], model: str) -> Iterator[Predictor]:
    """Deploys a model for the time of the analysis, as Clarify does.

    Args:
        config: the member `predictor` of the analysis configuration.
        model: the name of the model; empty to use `endpoint_name` of the configuration.

    Raises:
        InputError: there is no model, or its endpoint fails.
    """
    if not model:
        if not config.get("endpoint_name"):
            raise InputError("predictor.model_name: got nothing, expected the name of a model")
        yield Predictor(config, str(config["endpoint_name"]))
        return
    client = _client("sagemaker")
    name = f"{config.get('endpoint_name_prefix', 'sm-clarify')}-{model[:30]}-{int(time.time())}"
    variant = {
        "VariantName": _VARIANT,
        "ModelName": model,
        "InitialInstanceCount": int(config.get("initial_instance_count", 1)),
        "InstanceType": str(config.get("instance_type", "ml.m5.large")),
    }
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    try:
        client.create_endpoint(EndpointName=name, EndpointConfigName=name)
        try:
            _wait(client, name)
            yield Predictor(config, name)
        finally:
            client.delete_endpoint(EndpointName=name)
    finally:
        client.delete_endpoint_config(EndpointConfigName=name)


def _wait(client: Any, name: str) -> None:
    while True:
        found = client.describe_endpoint(EndpointName=name)
        if found["EndpointStatus"] == "InService":
            return
        if found["EndpointStatus"] == "Failed":
            raise InputError(f"model: its endpoint failed: {found.get('FailureReason', '')}")
        time.sleep(_POLL_SECONDS)


def _client(service: Literal["sagemaker", "sagemaker-runtime"]) -> Any:
    import boto3

    create: Any = boto3.client  # typed for literal names of services only
    return create(service, region_name=os.environ.get("AWS_REGION"))

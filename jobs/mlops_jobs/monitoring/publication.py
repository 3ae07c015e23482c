"""Publication of metrics: to CloudWatch, or to the file that Model Monitor reads.

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-byoc-cloudwatch.html
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops_jobs.aws import client
from mlops_jobs.failure import InputError
from mlops_jobs.monitoring.findings import Metric
from mlops_jobs.monitoring.settings import Settings

MAX_METRICS_PER_REQUEST = 500  # CloudWatch accepts 1000, and 1 MB, whichever is reached first
MAX_NAME_LENGTH = 255


def publish(metrics: Sequence[Metric], settings: Settings, time: datetime) -> None:
    """Publishes metrics as the settings specify; without a target, none are published.

    Args:
        metrics: the metrics.
        settings: settings of the run.
        time: timestamp of the metrics.

    Raises:
        InputError: CloudWatch rejects the metrics.
    """
    if settings.metrics_namespace:
        _put(metrics, settings, time)
    elif settings.metrics_file:
        file = Path(settings.metrics_file)
        file.parent.mkdir(parents=True, exist_ok=True)
        moment = f"{time:%Y-%m-%dT%H:%M:%SZ}"
        lines = [{**data, "Timestamp": moment} for data in _data(metrics, settings)]
        file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def _put(metrics: Sequence[Metric], settings: Settings, time: datetime) -> None:
    from botocore.exceptions import BotoCoreError, ClientError

    cloudwatch = client("cloudwatch")
    data = [{**one, "Timestamp": time} for one in _data(metrics, settings)]
    try:
        for first in range(0, len(data), MAX_METRICS_PER_REQUEST):
            cloudwatch.put_metric_data(
                Namespace=settings.metrics_namespace,
                MetricData=data[first : first + MAX_METRICS_PER_REQUEST],
            )
    except (BotoCoreError, ClientError) as error:
        raise InputError(f"metrics_namespace: PutMetricData failed: {error}") from error


def _data(metrics: Sequence[Metric], settings: Settings) -> Iterator[dict[str, Any]]:
    for metric in metrics:
        dimensions = {**settings.dimensions, **metric.dimensions}
        value = (
            {"Value": metric.value}
            if metric.value is not None
            else {"StatisticValues": dict(metric.statistics)}
        )
        yield {
            "MetricName": _ascii(metric.name),
            "Dimensions": [
                {"Name": name, "Value": _ascii(text)} for name, text in dimensions.items()
            ],
            **value,
        }


def _ascii(text: str) -> str:
    """Returns a string in ASCII, the only characters of names and dimensions in CloudWatch."""
    return text.encode("ascii", "replace").decode()[:MAX_NAME_LENGTH]

"""Comparison of an endpoint's variants: `python -m model_deploy.variant_comparison ENDPOINT`.

It shows requests, errors and latency of the first production variant and of each other variant,
shadow or not, and how often both predict the same for the same request. Latency and errors are
those of CloudWatch for all requests, agreement that of captured requests. `--page FILE` writes the
same as an HTML page.

Permissions: sagemaker:DescribeEndpoint and DescribeEndpointConfig on the endpoint and its
configuration, cloudwatch:GetMetricData, s3:ListBucket and s3:GetObject on captured data, and
kms:Decrypt on the key of the bucket.
"""

import argparse
import datetime
import html
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from .captured_traffic import captured_responses
from .predictions import is_same_prediction

MAX_REQUESTS = 50_000
"""Maximum number of captured requests of a variant that are compared."""
MAX_HOURS = 14 * 24
_PERIOD = 3600
_METRICS = {
    "requests": ("Invocations", "Sum"),
    "client_errors": ("Invocation4XXErrors", "Sum"),
    "server_errors": ("Invocation5XXErrors", "Sum"),
    "latency": ("ModelLatency", "Sum"),
    "latencies": ("ModelLatency", "SampleCount"),
    "p99": ("ModelLatency", "p99"),
}


@dataclass(frozen=True, kw_only=True)
class VariantFigures:
    """Figures of a variant.

    Args:
        name: name of the variant.
        requests: number of requests.
        client_errors: number of responses with a status of 400 to 499.
        server_errors: number of responses with a status of 500 to 599.
        mean_milliseconds: mean latency of the model in ms; None without requests.
        p99_milliseconds: highest p99 latency of an hour in ms; None without requests.
        compared: number of predictions that were compared with the first variant. Defaults to 0.
        same: number of them that are the same. Defaults to 0.
    """

    name: str
    requests: int
    client_errors: int
    server_errors: int
    mean_milliseconds: float | None
    p99_milliseconds: float | None
    compared: int = 0
    same: int = 0

    def cells(self) -> list[str]:
        """Returns the figures as text, in the order of `HEADINGS`."""
        return [
            self.name,
            f"{self.requests:,}",
            _share(self.client_errors, self.requests),
            _share(self.server_errors, self.requests),
            _milliseconds(self.mean_milliseconds),
            _milliseconds(self.p99_milliseconds),
            f"{_share(self.same, self.compared)} of {self.compared:,}" if self.compared else "-",
        ]


HEADINGS = ["variant", "requests", "4xx", "5xx", "mean ms", "p99 ms", "same predictions"]


def compare(
    session: Any, endpoint_name: str, *, end: datetime.datetime, hours: int
) -> list[VariantFigures]:
    """Returns the figures of all variants, those of the first production variant first.

    Args:
        session: boto3 session in the account of the endpoint.
        endpoint_name: name of the endpoint.
        end: end of the compared time, in UTC.
        hours: length of the compared time in hours.

    Raises:
        ValueError: the endpoint has one variant.
    """
    sagemaker = session.client("sagemaker")
    endpoint = sagemaker.describe_endpoint(EndpointName=endpoint_name)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    variants = [
        variant["VariantName"]
        for kind in ("ProductionVariants", "ShadowProductionVariants")
        for variant in config.get(kind, [])
    ]
    if len(variants) < 2:
        raise ValueError(
            f"{endpoint_name} has one variant, {variants[0]}; add `second_variant` or `shadow` to "
            "the settings of the stage to compare it with another version"
        )
    start = end - datetime.timedelta(hours=hours)
    agreement = _agreement(session, endpoint_name, config, variants, start, end)
    cloudwatch = session.client("cloudwatch")
    return [
        VariantFigures(
            name=variant,
            **_metrics(cloudwatch, endpoint_name, variant, start, end),
            compared=agreement.get(variant, (0, 0))[0],
            same=agreement.get(variant, (0, 0))[1],
        )
        for variant in variants
    ]


def _metrics(
    cloudwatch: Any,
    endpoint_name: str,
    variant: str,
    start: datetime.datetime,
    end: datetime.datetime,
) -> dict[str, Any]:
    dimensions = [
        {"Name": "EndpointName", "Value": endpoint_name},
        {"Name": "VariantName", "Value": variant},
    ]
    queries = [
        {
            "Id": query,
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/SageMaker",
                    "MetricName": metric,
                    "Dimensions": dimensions,
                },
                "Period": _PERIOD,
                "Stat": statistic,
            },
        }
        for query, (metric, statistic) in _METRICS.items()
    ]
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=start, EndTime=end
    )
    values: dict[str, list[float]] = {query: [] for query in _METRICS}
    for page in pages:
        for result in page["MetricDataResults"]:
            values[result["Id"]] += result["Values"]
    count = sum(values["latencies"])
    # CloudWatch has latencies in microseconds.
    return {
        **{
            name: round(sum(values[name]))
            for name in ("requests", "client_errors", "server_errors")
        },
        "mean_milliseconds": sum(values["latency"]) / count / 1000 if count else None,
        "p99_milliseconds": max(values["p99"]) / 1000 if values["p99"] else None,
    }


def _agreement(
    session: Any,
    endpoint_name: str,
    config: Mapping[str, Any],
    variants: Sequence[str],
    start: datetime.datetime,
    end: datetime.datetime,
) -> dict[str, tuple[int, int]]:
    """Returns the numbers of compared and of same predictions, by variant.

    Requests are matched by their body: a shadow variant gets copies of requests, and two production
    variants get equal requests only by chance.
    """
    capture = config.get("DataCaptureConfig")
    if not capture or not capture.get("EnableCapture"):
        return {}
    uri = f"{capture['DestinationS3Uri'].rstrip('/')}/{endpoint_name}"
    first, *others = (
        _responses(session.client("s3"), uri, variant, start, end) for variant in variants
    )
    found = {}
    for variant, responses in zip(variants[1:], others, strict=True):
        pairs = [
            pair
            for body in first.keys() & responses.keys()
            if len(first[body]) == len(responses[body])
            for pair in zip(first[body], responses[body], strict=True)
        ]
        found[variant] = (len(pairs), sum(is_same_prediction(*pair) for pair in pairs))
    return found


def _responses(
    s3: Any, uri: str, variant: str, start: datetime.datetime, end: datetime.datetime
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for body, predictions in captured_responses(s3, uri, variant=variant, start=start, end=end):
        found[body] = predictions
        if len(found) == MAX_REQUESTS:
            break
    return found


def as_text(title: str, figures: Sequence[VariantFigures]) -> str:
    """Returns the figures as a table of text.

    Args:
        title: first line.
        figures: figures of the variants.
    """
    rows = [HEADINGS, *(one.cells() for one in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = (
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join([title, *lines])


def as_page(title: str, figures: Sequence[VariantFigures]) -> str:
    """Returns the figures as an HTML page without scripts.

    Args:
        title: heading.
        figures: figures of the variants.
    """

    def row(tag: str, cells: Sequence[str]) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(one)}</{tag}>" for one in cells) + "</tr>"

    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>"
        "body{font:16px/1.5 system-ui;margin:2rem;color:#1a1a1a}"
        "div{overflow-x:auto}table{border-collapse:collapse}"
        "td,th{padding:.4rem .8rem;border-bottom:1px solid #ccc;text-align:right}"
        "td:first-child,th:first-child{text-align:left}</style></head><body>"
        f"<h1>{html.escape(title)}</h1><div><table>{row('th', HEADINGS)}"
        + "".join(row("td", one.cells()) for one in figures)
        + "</table></div><p>Requests, errors and latency: all requests (Amazon CloudWatch); p99 is "
        "the highest of an hour. Same predictions: captured requests that both variants got, up to "
        f"{MAX_REQUESTS:,}.</p></body></html>\n"
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the comparison from the command line and returns the exit status.

    Args:
        arguments: the arguments. Defaults to None: those of the command line.
    """
    parser = argparse.ArgumentParser(
        prog="python -m model_deploy.variant_comparison",
        description="Compares the variants of an endpoint.",
    )
    parser.add_argument("endpoint", help="name of the endpoint, such as churn-prod")
    parser.add_argument("--hours", type=int, default=24, help="compared time; 24 by default")
    parser.add_argument("--page", type=Path, help="file for an HTML page with the same table")
    given = parser.parse_args(arguments)
    if not 1 <= given.hours <= MAX_HOURS:
        parser.error(f"--hours: got {given.hours}; allowed are 1 to {MAX_HOURS}")
    now = datetime.datetime.now(datetime.UTC)
    try:
        figures = compare(boto3.Session(), given.endpoint, end=now, hours=given.hours)
    except (ClientError, BotoCoreError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    title = f"Variants of {given.endpoint}, {given.hours} hours until {now:%Y-%m-%d %H:%M} UTC"
    print(as_text(title, figures))
    if given.page is not None:
        given.page.write_text(as_page(title, figures), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What tests of SageMaker behind the real server share."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.rehearsal.aws.conftest import ACCOUNT, REGION, Aws

BUCKET = "churn-artifacts"
REPOSITORY = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/churn"
TRUST = {"Service": "sagemaker.amazonaws.com"}
STATEMENTS = (
    {"Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"arn:aws:s3:::{BUCKET}/*"},
    {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"},
    {"Action": ["ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"]},
    {
        "Action": [
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchCheckLayerAvailability",
        ],
        "Resource": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/churn",
    },
    {
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/*",
    },
)


def session_of(cloud: Aws) -> Any:
    """A session of the account's root whose clients reach the server."""

    class Session:
        region_name = REGION

        def client(self, service: str, **_: Any) -> Any:
            return cloud.client(service)

    return Session()


def wait(probe: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = probe()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")

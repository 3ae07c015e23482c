"""What tests of SageMaker behind the real server share."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from rehearsal.containers.interpreter import running_interpreter
from tests.rehearsal.conftest import ACCOUNT, REGION, Aws

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


def publish_program(cloud: Aws, folder: Path, program: str, repository: str) -> str:
    """Builds and publishes an image whose entry point is a Python program; its URI."""
    (folder / "main.py").write_text(program)
    (folder / "Dockerfile").write_text(
        f"FROM python:{running_interpreter().minor_version}-slim\n"
        "COPY main.py /opt/program/\n"
        'ENTRYPOINT ["python3", "-u", "/opt/program/main.py"]\n'
    )
    cloud.client("ecr").create_repository(repositoryName=repository)
    uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{repository}"
    publish(session_of(cloud), uri, ["v1"], ImageStore(cloud.state / "images").build(folder))
    return f"{uri}:v1"


def wait(probe: Callable[[], Any], seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = probe()
        if value:
            return value
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")

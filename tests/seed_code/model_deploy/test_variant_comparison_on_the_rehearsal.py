"""The comparison of variants, of an endpoint with a shadow that serves requests."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import boto3
import pytest

from rehearsal.containers.images.registry import publish
from rehearsal.containers.images.store import ImageStore
from tests.rehearsal.conftest import ACCOUNT, PROJECT, REGION, Aws, running_server
from tests.rehearsal.services.sagemaker.gateway import (
    BUCKET,
    REPOSITORY,
    STATEMENTS,
    TRUST,
    session_of,
    wait,
)
from tests.rehearsal.services.sagemaker.hosting.hosted_stacks import (
    archive,
    ask,
    deploy,
    shadowed,
)

SERVICES = (
    "rehearsal.services.sagemaker.service:SageMaker",
    "rehearsal.services.sagemaker.hosting.runtime:SageMakerRuntime",
    "rehearsal.services.cloudwatch:CloudWatch",
)
REQUESTS = 12
READ = (
    {"Action": ["sagemaker:DescribeEndpoint", "sagemaker:DescribeEndpointConfig"]},
    {"Action": "cloudwatch:GetMetricData"},
    {"Action": ["s3:ListBucket", "s3:GetObject"]},
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A server with the example image, and models of intercept 0.5 and 100."""
    with running_server(tmp_path_factory.mktemp("shadow"), SERVICES) as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        for name, intercept in (("small", 0.5), ("large", 100.0)):
            key = f"models/{name}.tar.gz"
            aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=archive(intercept))
        aws.client("ecr").create_repository(repositoryName="churn")
        image = ImageStore(aws.state / "images").build(PROJECT / "docs/examples/image")
        publish(session_of(aws), REPOSITORY, ["1"], image)
        yield aws


@pytest.fixture(scope="module")
def endpoint(cloud: Aws) -> str:
    """An endpoint whose first variant and shadow have captured all requests."""
    made = shadowed(cloud.role("hosting", TRUST, *STATEMENTS))
    capture = made["Config"]["Properties"]["DataCaptureConfig"]
    capture["CaptureOptions"] = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
    name = deploy(cloud, "shadow", made)
    for number in range(REQUESTS):
        assert ask(cloud, name, f"{number},2".encode()) == f"{number + 2.5:g}"
    for variant in ("AllTraffic", "Shadow"):
        wait(partial(_has_captured, cloud, name, variant), 30)
    return name


def _has_captured(cloud: Aws, endpoint: str, variant: str) -> bool:
    s3 = cloud.client("s3")
    found = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"capture/{endpoint}/{variant}/")
    keys = [one["Key"] for one in found.get("Contents", [])]
    bodies = [s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys]
    return sum(len(body.splitlines()) for body in bodies) == REQUESTS


@pytest.fixture(scope="module")
def viewer(cloud: Aws) -> boto3.Session:
    """A person with the permissions that the module documents, and no others."""
    return cloud.person("viewer", *READ)


def compare(cloud: Aws, viewer: boto3.Session, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the module as its documentation shows it."""
    credentials = viewer.get_credentials()
    assert credentials is not None
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    variables = {
        "AWS_ENDPOINT_URL": cloud.endpoint["url"],
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_SESSION_TOKEN": credentials.token or "",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CA_BUNDLE": cloud.endpoint["ca_bundle"],
    }
    return subprocess.run(
        [sys.executable, "-m", "model_deploy.variant_comparison", *arguments],
        cwd=PROJECT / "seed_code/model_deploy",
        env={**kept, **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def cells(page: str) -> list[list[str]]:
    return [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", page)][1:]


def test_the_page_has_the_figures_of_both_variants(
    cloud: Aws, viewer: boto3.Session, endpoint: str, tmp_path: Path
) -> None:
    file = tmp_path / "variants.html"

    def shown() -> list[list[str]]:
        done = compare(cloud, viewer, endpoint, "--page", str(file))
        assert done.returncode == 0, done.stderr
        found = cells(file.read_text())
        # CloudWatch has the metrics of an endpoint after seconds.
        return found if all(row[1] == str(REQUESTS) for row in found) else []

    first, shadow = wait(shown, 60)
    assert (first[0], shadow[0]) == ("AllTraffic", "Shadow")
    assert first[2:4] == shadow[2:4] == ["0.00 %", "0.00 %"]
    assert float(first[4]) > 0
    assert float(shadow[4]) > 0
    # The models have other intercepts, so that no prediction is the same.
    assert (first[6], shadow[6]) == ("-", f"0.00 % of {REQUESTS}")


def test_an_endpoint_that_does_not_exist_is_an_error_without_a_traceback(
    cloud: Aws, viewer: boto3.Session
) -> None:
    done = compare(cloud, viewer, "none")
    assert done.returncode == 1
    assert "Could not find endpoint" in done.stderr
    assert "Traceback" not in done.stderr
    assert ACCOUNT in done.stderr

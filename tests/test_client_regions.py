"""What runs on AWS says which region it calls.

SageMaker gives its containers AWS_REGION and no AWS_DEFAULT_REGION, but boto3 reads only the
latter. A client without a region works in a build or a function and on a laptop, and fails in a
job, or calls the global endpoint of S3, to which a private network has no way.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKERS = {"client", "resource", "Session"}
# Where the runtime sets AWS_DEFAULT_REGION, too:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
# https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html
WITH_DEFAULT_REGION = {
    "constructs/mlops_constructs/": "a function of Lambda",
    "seed_code/model_deploy/": "a build of CodeBuild",
}
HELPER = ROOT / "jobs/mlops_jobs/aws.py"  # its own tests call every endpoint
PROGRAMS = sorted(
    path
    for pattern in ("jobs/**/*.py", "seed_code/**/*.py", "constructs/**/runtime/**/*.py")
    for path in ROOT.glob(pattern)
    if path != HELPER and "tests" not in path.relative_to(ROOT).parts
)
# Libraries that make clients of their own, and would need the region in their own way.
OTHER_CLIENTS = re.compile(
    r"^\s*(?:import|from) (aiobotocore|awswrangler|botocore\.session|mlflow|s3fs|smart_open)\b",
    re.MULTILINE,
)
# The clients of MLflow read AWS_DEFAULT_REGION only; its program sets it from AWS_REGION.
OF_MLFLOW = "jobs/mlops_jobs/tracking/"


def makers(path: Path) -> Iterator[ast.Call]:
    """The calls of a program that make a client, a resource or a session of boto3."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "boto3"
            and node.func.attr in MAKERS
        ):
            yield node


def test_programs_of_every_kind_are_read() -> None:
    found = {path.relative_to(ROOT).as_posix() for path in PROGRAMS}
    assert "jobs/mlops_jobs/monitoring/publication.py" in found
    assert "seed_code/model_deploy/smoke_test.py" in found
    assert any("/runtime/" in path for path in found)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_client_is_made_with_a_region(path: Path) -> None:
    name = path.relative_to(ROOT).as_posix()
    allowed = any(name.startswith(folder) for folder in WITH_DEFAULT_REGION)
    for call in makers(path):
        named = any(keyword.arg == "region_name" for keyword in call.keywords)
        assert named or allowed, (
            f"{name}:{call.lineno} makes a client without region_name; use mlops_jobs.aws.client"
        )


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_boto3_is_called_by_its_own_name(path: Path) -> None:
    """An alias would hide from the test above."""
    text = path.read_text(encoding="utf-8")
    hidden = r"from boto3|import boto3 as|(?:=|return) boto3\.(?:client|resource|Session)(?!\()"
    assert re.findall(hidden, text) == []


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_library_calls_aws(path: Path) -> None:
    found = {one[1] for one in OTHER_CLIENTS.finditer(path.read_text(encoding="utf-8"))}
    assert found <= ({"mlflow"} if path.is_relative_to(ROOT / OF_MLFLOW) else set())


@pytest.mark.parametrize("folder", ["seed_code", "constructs", "jobs", "stacks", "docs/examples"])
def test_nothing_sets_the_variable_that_sagemaker_does_not(folder: str) -> None:
    """A request that sets AWS_DEFAULT_REGION would mend one job and hide the fault of the next."""
    files = [
        path
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".yml", ".yaml", ".json", ".sh", ""}
        and path.is_file()
        and not {"tests", "__pycache__"} & set(path.parts)
    ]
    setting = [
        path.relative_to(ROOT).as_posix()
        for path in files
        if "AWS_DEFAULT_REGION" in path.read_text(encoding="utf-8", errors="ignore")
    ]
    expected = {
        # The build that writes the pipeline's definition: the SDK makes a session at import.
        "seed_code": ["seed_code/model_build/pipeline/offline_session.py"],
        "jobs": [f"{OF_MLFLOW}job.py"],
        # Builds that call another region: CodeBuild sets both, and versions of the AWS CLI differ
        # in the one that they read.
        "constructs": [
            "constructs/mlops_constructs/delivery/runtime/check_templates.py",
            "constructs/mlops_constructs/delivery/runtime/copy_model.py",
        ],
    }
    assert sorted(setting) == expected.get(folder, [])

"""Look-up of the model to deploy, before synth: `python -m model_deploy.approved_model`.

Synth itself calls no AWS API, so the same commit and the same model give the same templates. The
look-up writes the model to build/model.json, which synth reads, and its version to
build/model_package_version, which the pipeline reads. A missing approved model is not an error;
both files state it.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

MODEL_FILE = Path("build/model.json")
VERSION_FILE = Path("build/model_package_version")
NO_VERSION = "none"
"""The version for which the pipeline skips its stages."""
GROUP_VARIABLE = "MODEL_PACKAGE_GROUP_NAME"


def newest_approved(sagemaker: Any, group: str) -> dict[str, Any] | None:
    """Returns the approved version with the highest number; None if no version is approved.

    Rejecting the newest version therefore selects the previous one.

    Args:
        sagemaker: boto3 client of SageMaker.
        group: name of the model package group.
    """
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved"
    )
    versions = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
    if not versions:
        return None
    newest = max(versions, key=lambda summary: int(summary["ModelPackageVersion"]))
    return {
        "model_package_arn": newest["ModelPackageArn"],
        "model_package_version": newest["ModelPackageVersion"],
    }


def main() -> int:
    """Runs the look-up from the command line and returns the exit status."""
    group = os.environ.get(GROUP_VARIABLE)
    if not group:
        print(
            f"environment: got no {GROUP_VARIABLE}; set it, as the pipeline does", file=sys.stderr
        )
        return 1
    try:
        model = newest_approved(boto3.client("sagemaker"), group)
    except (ClientError, BotoCoreError) as error:
        print(error, file=sys.stderr)
        return 1
    version = str(model["model_package_version"]) if model else NO_VERSION
    MODEL_FILE.parent.mkdir(parents=True, exist_ok=True)
    MODEL_FILE.write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")
    VERSION_FILE.write_text(version + "\n", encoding="utf-8")
    if model:
        print(f"Deploying version {version} of {group}")
    else:
        print(
            f"No version of the model package group {group} is approved yet, so nothing is "
            "deployed. "
            "Approve a version to start this pipeline again."
        )
    return 0


def read_approved_model(path: Path = MODEL_FILE) -> str | None:
    """Returns the ARN of the model package that was found; None if none is approved.

    Args:
        path: file of the look-up. Defaults to build/model.json.

    Raises:
        ValueError: the look-up has not run.
    """
    if not path.exists():
        raise ValueError(
            f"{path}: no such file; run `python -m model_deploy.approved_model` first to write it"
        )
    model = json.loads(path.read_text(encoding="utf-8"))
    return str(model["model_package_arn"]) if model else None


if __name__ == "__main__":
    sys.exit(main())

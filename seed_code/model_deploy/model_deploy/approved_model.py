"""Finds the model to deploy, before synth: `python -m model_deploy.approved_model`.

Synth itself asks AWS nothing, so that the same commit and the same model give the same templates.
This writes what synth needs to know to build/model.json, and the version alone, for the pipeline,
to build/model_package_version. Without an approved model both say so; that is no failure.
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
"""What the pipeline skips its stages for."""
GROUP_VARIABLE = "MODEL_PACKAGE_GROUP_NAME"


def newest_approved(sagemaker: Any, group: str) -> dict[str, Any] | None:
    """The version with the highest number among the approved ones; None when there is none.

    Rejecting the newest version therefore brings back the one before it.
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
    group = os.environ.get(GROUP_VARIABLE)
    if not group:
        print(f"environment: got no {GROUP_VARIABLE}; the pipeline sets it", file=sys.stderr)
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
            f"No version of the model package group {group} is approved yet. Nothing is deployed: "
            "approve one, and this pipeline starts again by itself."
        )
    return 0


def read_approved_model(path: Path = MODEL_FILE) -> str | None:
    """The ARN of the model package that was found; None when none is approved.

    Raises:
        ValueError: when nothing was searched yet.
    """
    if not path.exists():
        raise ValueError(
            f"{path}: no such file; run `python -m model_deploy.approved_model` first, which "
            "writes it"
        )
    model = json.loads(path.read_text(encoding="utf-8"))
    return str(model["model_package_arn"]) if model else None


if __name__ == "__main__":
    sys.exit(main())

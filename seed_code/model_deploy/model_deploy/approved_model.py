"""Finds the model to deploy, before synth: `python -m model_deploy.approved_model`.

Synth itself asks AWS nothing, so that the same commit and the same model give the same templates.
This writes what synth needs to know to build/model.json.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

MODEL_FILE = Path("build/model.json")
GROUP_VARIABLE = "MODEL_PACKAGE_GROUP_NAME"


class NoApprovedModel(Exception):
    """The group has no approved version; the text says what to do."""


def newest_approved(sagemaker: Any, group: str) -> dict[str, Any]:
    """The version with the highest number among the approved ones.

    Rejecting the newest version therefore brings back the one before it.

    Raises:
        NoApprovedModel: when there is none.
    """
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved"
    )
    versions = [summary for page in pages for summary in page["ModelPackageSummaryList"]]
    if not versions:
        raise NoApprovedModel(
            f"No version of the model package group {group} is approved yet: approve one, and "
            "this pipeline starts again by itself."
        )
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
    except (NoApprovedModel, ClientError, BotoCoreError) as error:
        print(error, file=sys.stderr)
        return 1
    MODEL_FILE.parent.mkdir(parents=True, exist_ok=True)
    MODEL_FILE.write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")
    print(f"Deploying version {model['model_package_version']} of {group}")
    return 0


def read_approved_model(path: Path = MODEL_FILE) -> str:
    """The ARN of the model package that was found.

    Raises:
        ValueError: when nothing was searched yet.
    """
    if not path.exists():
        raise ValueError(
            f"{path}: no such file; run `python -m model_deploy.approved_model` first, which "
            "writes it"
        )
    return str(json.loads(path.read_text(encoding="utf-8"))["model_package_arn"])


if __name__ == "__main__":
    sys.exit(main())

"""Resources of stacks in tests."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::111111111111:role/"


def group(name: str | None = None, **properties: Any) -> dict[str, Any]:
    given = {**({"ModelPackageGroupName": name} if name else {}), **properties}
    return {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": given}


def pipeline(role_arn: str, display: str, **properties: Any) -> dict[str, Any]:
    definition = {"PipelineDefinitionBody": json.dumps({"Version": display})}
    return {
        "Type": "AWS::SageMaker::Pipeline",
        "Properties": {
            "PipelineName": "in-a-stack",
            "PipelineDefinition": definition,
            "PipelineDisplayName": display,
            "RoleArn": role_arn,
            **properties,
        },
    }


def message(raised: pytest.ExceptionInfo[ClientError]) -> str:
    return str(raised.value.response["Error"]["Message"])

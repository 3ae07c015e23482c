"""Roles with which the monitors of a project run."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from mlops_constructs.delivery import ProjectStage
from mlops_constructs.projects import ProjectTarget

MERGER = "repository/sagemaker-model-monitor-groundtruth-merger"
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (cdk.Environment(account="1" * 12, region="eu-central-1"), ":eu-central-1:048819808253:"),
        (cdk.Environment(account="1" * 12, region="us-east-1"), ":us-east-1:156813124566:"),
        (None, ":*:"),
        (cdk.Environment(account="1" * 12, region="ap-southeast-5"), None),
    ],
)
def test_runs_pull_the_image_that_merges_labels_where_aws_has_it(
    environment: cdk.Environment | None, expected: str | None
) -> None:
    found = [
        statement
        for statement in statements_of_runs(environment)
        if MERGER in str(statement["Resource"])
    ]

    if expected is None:
        assert not found
        return
    (statement,) = found
    assert statement["Action"] == PULL
    assert statement["Effect"] == "Allow"
    text = "".join(
        one if isinstance(one, str) else "" for one in statement["Resource"]["Fn::Join"][1]
    )
    assert text.endswith(f"{expected}{MERGER}")


def statements_of_runs(environment: cdk.Environment | None) -> list[dict[str, Any]]:
    """Returns the statements of the role of runs in an environment."""
    stack = cdk.Stack(cdk.App(), "Target", env=environment)
    ProjectTarget(
        stack,
        "Target",
        project_name="churn",
        project_id="p-churn",
        project_account="222222222222",
        stage=ProjectStage(name="prod", account="1" * 12),
    )
    found = []
    for name, resource in Template.from_stack(stack).to_json()["Resources"].items():
        properties = resource.get("Properties", {})
        if "RunRole" in name:
            documents = [one["PolicyDocument"] for one in properties.get("Policies", [])]
            documents += [properties["PolicyDocument"]] if "PolicyDocument" in properties else []
            found += [one for document in documents for one in document["Statement"]]
    assert found
    return found

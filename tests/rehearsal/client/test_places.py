"""The accounts and regions of an app, of a project and of its stages."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rehearsal.client import places
from rehearsal.client.project import Project
from tests.rehearsal.stubbed_aws import StubbedAws

OUTPUTS = {
    "ModelBuildPipelineName": "churn-model-build",
    "ModelDeployPipelineName": "churn-model-deploy",
    "ModelPackageGroupName": "churn",
}
ROLE = "arn:aws:iam::333333333333:role/churn-prod-deploy"


def stack(name: str, outputs: dict[str, str]) -> dict[str, Any]:
    return {
        "StackName": name,
        "StackStatus": "CREATE_COMPLETE",
        "CreationTime": datetime(2026, 11, 22, tzinfo=UTC),
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }


def assembly(folder: Path, *names: str) -> Path:
    """An assembly whose stacks are in one account and region."""
    place = "aws://222222222222/eu-central-1"
    artifacts = {
        name: {
            "type": "aws:cloudformation:stack",
            "environment": place,
            "properties": {"stackName": name},
        }
        for name in names
    }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return folder


def deployed(*stacks: dict[str, Any]) -> StubbedAws:
    projects: dict[str, Any] = {"ProjectSummaryList": []}
    return StubbedAws(DescribeStacks={"Stacks": [*stacks]}, ListProjects=projects)


def test_an_app_without_a_deployment_has_no_places(tmp_path: Path) -> None:
    assert places.of_app(deployed(), tmp_path) == {}


def test_only_stacks_of_the_app_are_its_projects(tmp_path: Path) -> None:
    other = {**OUTPUTS, "ModelPackageGroupName": "other"}
    aws = deployed(stack("Project-churn", OUTPUTS), stack("SP-1", other), stack("Network", {}))
    folder = assembly(tmp_path, "Project-churn", "Network")

    assert places.deployed_projects(aws, folder) == ["churn"]
    (place,) = places.of_app(aws, folder).values()
    assert (place.account, place.region) == ("222222222222", "eu-central-1")


@pytest.mark.parametrize("region", ["", "eu-west-1"])
def test_a_stage_is_where_the_role_and_the_action_that_deploy_it_are(region: str) -> None:
    deploy: dict[str, Any] = {
        "name": "Deploy",
        "actionTypeId": {
            "category": "Deploy",
            "owner": "AWS",
            "provider": "CloudFormation",
            "version": "1",
        },
        "roleArn": ROLE,
        "configuration": {"StackName": "churn-prod"},
        **({"region": region} if region else {}),
    }
    stages = [{"name": "Production", "actions": [deploy]}]
    pipeline = {"name": "churn-model-deploy", "roleArn": ROLE, "stages": stages}
    aws = StubbedAws(GetPipeline={"pipeline": pipeline})
    project = Project("churn", "", OUTPUTS)

    production = project.account_of(aws, "prod")
    assert (production.account, production.region) == ("333333333333", region or aws.region)
    assert project.account_of(aws, "staging").account == aws.account

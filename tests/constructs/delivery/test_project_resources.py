import dataclasses

import aws_cdk as cdk
import pytest

from mlops_constructs.delivery import ProjectResources


@pytest.mark.parametrize("name", ["a", "churn", "churn-2", "a" * 32])
def test_names_that_are_the_same_in_arns_are_allowed(project: ProjectResources, name: str) -> None:
    assert dataclasses.replace(project, project_name=name).stage_name("prod") == f"{name}-prod"


@pytest.mark.parametrize(
    "name", ["Churn", "-churn", "churn-", "a" * 33, "a-" * 16 + "a", "", "chu_rn"]
)
def test_malformed_names_are_rejected(project: ProjectResources, name: str) -> None:
    with pytest.raises(ValueError, match="allowed are up to 32 lower case letters"):
        dataclasses.replace(project, project_name=name)


def test_an_id_of_more_than_20_characters_is_rejected(project: ProjectResources) -> None:
    with pytest.raises(ValueError, match="allowed are up to 20 letters"):
        dataclasses.replace(project, project_id="p-" + "x" * 19)


def test_all_problems_come_together(project: ProjectResources) -> None:
    with pytest.raises(ValueError, match=r"project_name(.|\n)*project_id"):
        dataclasses.replace(project, project_name="Churn", project_id="")


def test_tokens_are_not_validated(stack: cdk.Stack, project: ProjectResources) -> None:
    name = cdk.CfnParameter(stack, "Name").value_as_string

    named = dataclasses.replace(project, project_name=name, project_id=name)

    assert stack.resolve(named.sagemaker_pipeline_name) == {
        "Fn::Join": ["", [{"Ref": "Name"}, "-train"]]
    }

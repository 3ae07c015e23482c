"""Every role may do what its service needs, and nothing beyond its project."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

Template = Mapping[str, Any]
Statement = Mapping[str, Any]

WITHOUT_RESOURCE_LEVEL = {
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingActivities",
    "application-autoscaling:DescribeScalingPolicies",
    "application-autoscaling:DescribeScheduledActions",
    "cloudwatch:GetMetricData",
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
}
"""Actions for which AWS's service authorisation reference names no resource type."""


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def statements(template: Template, logical_id: str, effect: str = "Allow") -> Iterator[Statement]:
    """All statements that allow, or deny, of the one role whose logical id begins so."""
    roles = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role" and name.startswith(logical_id)
    }
    ((name, role),) = roles.items()
    assert "Policies" not in role["Properties"], "an inline policy"
    attached = [arn["Ref"] for arn in role["Properties"]["ManagedPolicyArns"]]
    for policy, resource in template["Resources"].items():
        if policy in attached or {"Ref": name} in resource.get("Properties", {}).get("Roles", ()):
            document = resource["Properties"]["PolicyDocument"]
            yield from (one for one in document["Statement"] if one["Effect"] == effect)


def allowed(template: Template, logical_id: str) -> set[str]:
    return {action for one in statements(template, logical_id) for action in listed(one["Action"])}


def resources_of(template: Template, logical_id: str, action: str) -> str:
    """The resources on which a role may do something, as text."""
    return str(
        [
            one["Resource"]
            for one in statements(template, logical_id)
            if action in listed(one["Action"])
        ]
    )


def test_no_statement_is_for_all_resources_unless_the_action_knows_none(
    both_pipelines: Template,
) -> None:
    roles = [
        name
        for name, resource in both_pipelines["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
    ]
    for role in roles:
        for one in statements(both_pipelines, role):
            if "*" in listed(one["Resource"]):
                assert set(listed(one["Action"])) <= WITHOUT_RESOURCE_LEVEL


@pytest.mark.parametrize(
    ("role", "service"),
    [
        ("ModelBuildTrainingRole", "sagemaker.amazonaws.com"),
        ("ModelBuildTestRole", "codebuild.amazonaws.com"),
        ("ModelBuildTrainRole", "codebuild.amazonaws.com"),
        ("ModelBuildPipelineRole", "codepipeline.amazonaws.com"),
        ("ModelBuildPipelineEventRole", "events.amazonaws.com"),
        ("ModelDeploySynthRole", "codebuild.amazonaws.com"),
        ("ModelDeployStagingSmokeTestRole", "codebuild.amazonaws.com"),
        ("ModelDeployProductionSmokeTestRole", "codebuild.amazonaws.com"),
        ("ModelDeployDeploymentRole", "cloudformation.amazonaws.com"),
        ("ModelDeployPipelineRole", "codepipeline.amazonaws.com"),
        ("ModelDeployPipelineEventRole", "events.amazonaws.com"),
    ],
)
def test_each_service_has_a_role_that_only_it_can_assume(
    both_pipelines: Template, role: str, service: str
) -> None:
    ((_, found),) = [
        (name, resource["Properties"])
        for name, resource in both_pipelines["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role" and name.startswith(role)
    ]
    statements = found["AssumeRolePolicyDocument"]["Statement"]
    # SageMaker's also sets the source identity, in a separate statement.
    assert {str(one["Principal"]) for one in statements} == {str({"Service": service})}
    assert "RoleName" not in found


def test_the_tests_of_a_push_can_only_read_the_push_and_write_their_log(
    both_pipelines: Template,
) -> None:
    assert allowed(both_pipelines, "ModelBuildTestRole") == {
        "kms:Decrypt",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:GetObject",
        "s3:GetObjectVersion",
    }


def test_the_train_build_runs_one_pipeline_and_hands_its_role_to_sagemaker_only(
    both_pipelines: Template,
) -> None:
    role = "ModelBuildTrainRole"
    assert "pipeline/churn-train" in resources_of(
        both_pipelines, role, "sagemaker:StartPipelineExecution"
    )
    (passing,) = [
        one for one in statements(both_pipelines, role) if one["Action"] == "iam:PassRole"
    ]
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }
    assert "ModelBuildTrainingRole" in str(passing["Resource"])
    assert not {
        action for action in allowed(both_pipelines, role) if action.startswith("sagemaker:Create")
    } - {"sagemaker:CreatePipeline"}


def test_the_train_build_reads_the_models_of_its_project_and_changes_none(
    both_pipelines: Template,
) -> None:
    role = "ModelBuildTrainRole"
    for action in ("sagemaker:ListModelPackages", "sagemaker:DescribeModelPackage"):
        assert "model-package/churn" in resources_of(both_pipelines, role, action)
    assert {one for one in allowed(both_pipelines, role) if "ModelPackage" in one} == {
        "sagemaker:DescribeModelPackage",
        "sagemaker:ListModelPackages",
    }


def test_the_training_role_registers_in_its_group_and_passes_only_itself(
    both_pipelines: Template,
) -> None:
    role = "ModelBuildTrainingRole"
    group = resources_of(both_pipelines, role, "sagemaker:CreateModelPackage")
    assert "model-package-group/churn" in group
    assert "model-package/churn/*" in group
    assert role in resources_of(both_pipelines, role, "iam:PassRole")
    assert "sagemaker:UpdateModelPackage" not in allowed(both_pipelines, role), "approves nothing"


def test_the_roles_of_training_touch_only_jobs_with_the_projects_tag(
    both_pipelines: Template,
) -> None:
    """Pipelines generate the names of jobs; a tuning job's is too short for the project's name."""
    for role in ("ModelBuildTrainingRole", "ModelBuildTrainRole"):
        found = [
            (action, one["Condition"]["StringEquals"])
            for one in statements(both_pipelines, role)
            for action in listed(one["Action"])
            if "-job/" in str(one["Resource"])
        ]
        assert found
        for action, condition in found:
            made = action.startswith(("sagemaker:Create", "sagemaker:AddTags"))
            key = "aws:RequestTag" if made else "aws:ResourceTag"
            assert condition[f"{key}/sagemaker:project-name"] == "churn", action
            # Who could add the tag later would make others' jobs the project's.
            if action == "sagemaker:AddTags":
                assert condition["sagemaker:TaggingAction"] == [
                    "CreateHyperParameterTuningJob",
                    "CreateProcessingJob",
                    "CreateTrainingJob",
                ]


def test_grants_on_the_key_are_for_aws_services_only(both_pipelines: Template) -> None:
    for role in ("ModelBuildTrainingRole", "ModelDeployDeploymentRole"):
        for one in statements(both_pipelines, role):
            if "kms:CreateGrant" in listed(one["Action"]):
                assert one["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


def test_the_deployment_role_touches_only_what_begins_with_the_projects_name(
    both_pipelines: Template,
) -> None:
    role = "ModelDeployDeploymentRole"
    for action, resource in {
        "sagemaker:CreateModel": "model/churn-*",
        "sagemaker:CreateEndpointConfig": "endpoint-config/churn-*",
        "sagemaker:CreateEndpoint": "endpoint/churn-*",
        "cloudwatch:PutMetricAlarm": "alarm:churn-*",
    }.items():
        assert resource in resources_of(both_pipelines, role, action)


def test_the_deployment_role_makes_no_roles_and_reads_no_data(both_pipelines: Template) -> None:
    may = allowed(both_pipelines, "ModelDeployDeploymentRole")
    assert {action for action in may if action.startswith("iam:")} == {
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
    }
    assert not {action for action in may if action.startswith(("s3:", "lambda:", "ssm:"))}


def test_the_deploy_pipeline_can_only_deploy_its_two_stacks(both_pipelines: Template) -> None:
    role = "ModelDeployPipelineRole"
    stacks = resources_of(both_pipelines, role, "cloudformation:UpdateStack")
    assert "stack/churn-staging/*" in stacks
    assert "stack/churn-prod/*" in stacks
    assert "cloudformation:DeleteStack" not in allowed(both_pipelines, role)


def test_a_smoke_test_invokes_only_the_endpoint_of_its_stage(both_pipelines: Template) -> None:
    staging = resources_of(
        both_pipelines, "ModelDeployStagingSmokeTestRole", "sagemaker:InvokeEndpoint"
    )
    assert "endpoint/churn-staging" in staging
    assert "prod" not in staging


def test_the_synth_build_only_looks_for_models(both_pipelines: Template) -> None:
    sagemaker = {
        action
        for action in allowed(both_pipelines, "ModelDeploySynthRole")
        if action.startswith("sagemaker:")
    }
    assert sagemaker == {"sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"}


def test_no_role_has_a_second_policy_but_the_one_that_passes_itself(
    both_pipelines: Template,
) -> None:
    attached = [
        resource["Properties"]["Roles"]
        for resource in both_pipelines["Resources"].values()
        if resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")
        and resource["Properties"].get("Roles")
    ]
    assert len(attached) == 1, "a construct of the CDK has widened a role"
    assert "TrainingRole" in str(attached)

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template

from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.delivery import ProjectStage, StageKind
from mlops_constructs.delivery.deployment.stage_kind import ALL_KINDS
from mlops_constructs.projects import Project, Seed
from mlops_constructs.studio import MlflowApp
from tests.constructs.projects.definitions import define_project

STATEFUL = {
    "AWS::CodeCommit::Repository",
    "AWS::ECR::Repository",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SageMaker::ModelPackageGroup",
}
KEPT = "RetainExceptOnCreate"
OUTPUTS = {
    "ApprovalTopicArn",
    "ModelBuildRepositoryName",
    "ModelBuildRepositoryCloneUrl",
    "ModelDeployRepositoryName",
    "ModelDeployRepositoryCloneUrl",
    "ModelBuildPipelineName",
    "ModelDeployPipelineName",
    "ModelPackageGroupName",
    "ArtifactBucketName",
    "ArtifactKeyArn",
    "ImageRepositoryUri",
}
NAMES = {
    "AWS::CodeCommit::Repository": ("RepositoryName", {"churn-model-build", "churn-model-deploy"}),
    "AWS::CodePipeline::Pipeline": ("Name", {"churn-model-build", "churn-model-deploy"}),
    # CodePipeline's own name for the log of its image action.
    "AWS::Logs::LogGroup": ("LogGroupName", {None, "/aws/codepipeline/churn-model-build"}),
    "AWS::SageMaker::ModelPackageGroup": ("ModelPackageGroupName", {"churn"}),
}
PHYSICAL_NAMES = {
    "AWS::CodeBuild::Project": "Name",
    "AWS::ECR::Repository": "RepositoryName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::S3::Bucket": "BucketName",
}


def of_type(template: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one for one in template["Resources"].values() if one["Type"] == kind]


def test_a_project_has_two_of_each_and_one_of_the_rest(project_template: Mapping[str, Any]) -> None:
    kinds = Counter(one["Type"] for one in project_template["Resources"].values())

    assert kinds["AWS::CodeCommit::Repository"] == 2
    assert kinds["AWS::CodePipeline::Pipeline"] == 2
    for kind in STATEFUL - {"AWS::CodeCommit::Repository"}:
        assert kinds[kind] == 1


def test_only_names_that_users_search_for_are_set(project_template: Mapping[str, Any]) -> None:
    for kind, (member, names) in NAMES.items():
        given = of_type(project_template, kind)
        assert {one["Properties"].get(member) for one in given} == names
    for kind, member in PHYSICAL_NAMES.items():
        assert not [one for one in of_type(project_template, kind) if member in one["Properties"]]


def test_the_outputs_are_those_that_others_rely_on(project_template: Mapping[str, Any]) -> None:
    assert set(project_template["Outputs"]) == OUTPUTS == set(Project.OUTPUTS)


def test_every_resource_that_can_have_tags_carries_the_projects(
    project_template: Mapping[str, Any],
) -> None:
    untagged = {
        "AWS::IAM::ManagedPolicy",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
    for logical_id, resource in project_template["Resources"].items():
        if resource["Type"] not in untagged:
            tags = resource["Properties"].get("Tags", [])
            given = tags if isinstance(tags, dict) else {one["Key"]: one["Value"] for one in tags}
            assert given == {
                "sagemaker:project-id": "p-churn",
                "sagemaker:project-name": "churn",
            }, logical_id


def test_state_is_retained_by_default(project_template: Mapping[str, Any], seed: Seed) -> None:
    for kind in STATEFUL:
        assert {one["DeletionPolicy"] for one in of_type(project_template, kind)} == {KEPT}

    stack = cdk.Stack(cdk.App(), "Stack")
    define_project(stack, seed, removal_policy=cdk.RemovalPolicy.DESTROY)
    thrown_away = Template.from_stack(stack).to_json()
    for kind in STATEFUL:
        assert {one["DeletionPolicy"] for one in of_type(thrown_away, kind)} == {"Delete"}
    assert of_type(thrown_away, "AWS::ECR::Repository")[0]["Properties"]["EmptyOnDelete"] is True


def test_an_approved_or_rejected_model_starts_the_deploy_pipeline(
    project_template: Mapping[str, Any],
) -> None:
    (rule,) = [
        one["Properties"]
        for one in of_type(project_template, "AWS::Events::Rule")
        if one["Properties"]["EventPattern"]["source"] == ["aws.sagemaker"]
    ]
    assert rule["EventPattern"]["detail"] == {
        "ModelPackageGroupName": ["churn"],
        "ModelApprovalStatus": ["Approved", "Rejected"],
    }
    assert "ModelDeployPipeline" in str(rule["Targets"])


def test_everything_at_rest_is_encrypted_with_one_key_that_rotates(
    project_template: Mapping[str, Any],
) -> None:
    ((logical_id, key),) = [
        (name, one)
        for name, one in project_template["Resources"].items()
        if one["Type"] == "AWS::KMS::Key"
    ]
    assert key["Properties"]["EnableKeyRotation"] is True
    for kind in ("AWS::S3::Bucket", "AWS::ECR::Repository"):
        (resource,) = of_type(project_template, kind)
        assert logical_id in str(resource["Properties"])
    for build in of_type(project_template, "AWS::CodeBuild::Project"):
        assert build["Properties"]["EncryptionKey"] == {"Fn::GetAtt": [logical_id, "Arn"]}


def test_access_to_objects_is_logged_to_the_bucket_that_the_account_has_for_it(seed: Seed) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    define_project(
        stack,
        seed,
        server_access_logs_bucket=s3.Bucket.from_bucket_name(stack, "Logs", "access-logs"),
    )

    (bucket,) = of_type(Template.from_stack(stack).to_json(), "AWS::S3::Bucket")
    assert bucket["Properties"]["LoggingConfiguration"] == {"DestinationBucketName": "access-logs"}


def test_images_are_scanned_and_their_tags_can_be_pushed_again(
    project_template: Mapping[str, Any],
) -> None:
    (images,) = of_type(project_template, "AWS::ECR::Repository")
    assert images["Properties"]["ImageScanningConfiguration"] == {"ScanOnPush": True}
    assert images["Properties"]["ImageTagMutability"] == "MUTABLE"
    assert "untagged" in images["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]


def test_a_permissions_boundary_is_on_every_role(seed: Seed) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "limits")
    define_project(stack, seed, permissions_boundary=boundary)

    Template.from_stack(stack).all_resources_properties(
        "AWS::IAM::Role", {"PermissionsBoundary": Match.any_value()}
    )


def test_roles_and_policies_are_on_the_path_of_projects_those_of_later_grants_as_well(
    seed: Seed,
) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    project = define_project(stack, seed)
    iam.Grant.add_to_principal(
        grantee=project.model_build_pipeline.training_role,
        actions=["s3:GetObject"],
        resource_arns=["arn:aws:s3:::lake/customers.csv"],
    )
    ServiceRole(
        stack,
        "OfThePlatform",
        service="lambda.amazonaws.com",
        description="Beside the project",
        permissions=[Permission(actions=["s3:GetObject"], resources=["arn:aws:s3:::lake/one"])],
    )

    paths = {
        logical_id: resource["Properties"]["Path"]
        for logical_id, resource in Template.from_stack(stack).to_json()["Resources"].items()
        if resource["Type"] in ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy")
    }
    outside = {name: path for name, path in paths.items() if name.startswith("OfThePlatform")}
    assert set(outside.values()) == {"/ml-platform/"}
    assert len(outside) == 2
    assert {path for name, path in paths.items() if name not in outside} == {"/sagemaker-projects/"}


def test_a_name_that_arns_would_change_is_rejected(seed: Seed) -> None:
    with pytest.raises(ValueError, match="project_name: got 'Churn'; allowed are"):
        define_project(cdk.Stack(cdk.App(), "Stack"), seed, project_name="Churn")


def test_trainings_are_logged_in_the_mlflow_app_of_the_project(seed: Seed) -> None:
    arn = "arn:aws:sagemaker:eu-west-1:111111111111:mlflow-app/app-A"
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "workspace")
    mlflow = MlflowApp.from_mlflow_app_arn(stack, "Mlflow", arn, artifact_bucket=bucket)
    project = define_project(stack, seed, mlflow=mlflow)

    template = Template.from_stack(stack)

    variable = {"Name": "MLFLOW_APP_ARN", "Type": "PLAINTEXT", "Value": arn}
    with_app = [
        build["Properties"]["Description"]
        for build in template.find_resources("AWS::CodeBuild::Project").values()
        if variable in build["Properties"]["Environment"]["EnvironmentVariables"]
    ]
    assert [text.split(" the ")[0] for text in with_app] == ["defines and runs"]
    role = stack.get_logical_id(
        project.model_build_pipeline.training_role.node.default_child  # type: ignore[arg-type]
    )
    allowed = [
        (statement["Action"], statement["Resource"])
        for policy in template.find_resources("AWS::IAM::ManagedPolicy").values()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Resource"] == arn
        if {"Ref": role} in policy["Properties"]["Roles"]
    ]
    ((actions, _),) = allowed
    assert {"sagemaker:CallMlflowAppApi", "sagemaker-mlflow:LogBatch"} <= set(actions)
    assert not [one for one in actions if one.endswith("*") or ":Delete" in one]


def statements(template: Template, action: str) -> list[dict[str, Any]]:
    """Returns the statements of all roles that allow an action."""
    found = []
    for policy in template.find_resources("AWS::IAM::ManagedPolicy").values():
        for one in policy["Properties"]["PolicyDocument"]["Statement"]:
            actions = one["Action"] if isinstance(one["Action"], list) else [one["Action"]]
            if action in actions and one["Effect"] == "Allow":
                found.append(one)
    return found


FEATURE_ACTIONS = {
    "sagemaker:BatchGetRecord": 1,
    "sagemaker:CreateFeatureGroup": 2,
    "sagemaker:DescribeFeatureGroup": 2,
    "sagemaker:PutRecord": 1,
    "sagemaker:UpdateFeatureGroup": 1,
}


def test_a_project_without_a_feature_store_has_no_permission_on_feature_groups(
    seed: Seed,
) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    define_project(stack, seed, removal_policy=cdk.RemovalPolicy.DESTROY)
    template = Template.from_stack(stack)
    assert not any(statements(template, action) for action in FEATURE_ACTIONS)
    assert not statements(template, "sagemaker:DeleteFeatureGroup")


def test_a_project_with_a_feature_store_reaches_the_groups_of_its_name(seed: Seed) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    define_project(stack, seed, feature_store=True, removal_policy=cdk.RemovalPolicy.DESTROY)

    template = Template.from_stack(stack)

    for action, count in (FEATURE_ACTIONS | {"sagemaker:DeleteFeatureGroup": 1}).items():
        found = statements(template, action)
        assert len(found) == count, action
        for one in found:
            resource = json.dumps(one["Resource"])
            assert ":feature-group/churn_*" in resource
            assert '"*"' not in resource
    (removal,) = template.find_resources("Custom::ProjectRemoval").values()
    assert removal["Properties"]["FeatureGroupPrefix"] == "churn_"


@pytest.mark.parametrize("kinds", [ALL_KINDS, [StageKind.REAL_TIME]])
def test_monitors_read_the_files_of_jobs_only_where_a_stage_may_have_jobs(
    seed: Seed, kinds: Sequence[StageKind]
) -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    define_project(stack, seed, stages=[ProjectStage(name="prod", kinds=kinds)])
    policies = Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy")
    monitors = [one for name, one in policies.items() if "RunRole" in name]

    assert len(monitors) == 1
    listed = json.dumps(monitors)
    for folder in ("capture", "input", "predictions"):
        assert (f"/batch/{folder}/*" in listed) is (StageKind.BATCH in kinds)

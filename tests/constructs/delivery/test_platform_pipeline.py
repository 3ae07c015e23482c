"""The pipeline that deploys a CDK app from its repository."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_ssm as ssm
from aws_cdk.assertions import Match, Template

from mlops_constructs.delivery import (
    ArtifactStore,
    PlatformPipeline,
    PlatformStage,
    Source,
    Synthesis,
    TriggerFilter,
)

TOOLING, PRODUCTION, REGION = "111111111111", "222222222222", "us-east-1"
CONNECTION = f"arn:aws:codeconnections:us-east-1:{TOOLING}:connection/0c8f"
CLI = "2.1148.1"


def stage_in(app: cdk.App, name: str, account: str = TOOLING, region: str = REGION) -> cdk.Stage:
    stage = cdk.Stage(app, name, env=cdk.Environment(account=account, region=region))
    ssm.StringParameter(cdk.Stack(stage, "Stack"), "Parameter", string_value=name)
    return stage


def pipeline_in(app: cdk.App, **options: Any) -> cdk.Stack:
    stack = cdk.Stack(app, "Platform", env=cdk.Environment(account=TOOLING, region=REGION))
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "Bucket", encryption_key=key)
    given = {
        "pipeline_name": "platform",
        "artifacts": ArtifactStore(bucket=bucket, key=key),
        "source": Source.code_connections(CONNECTION, "team", "mlops"),
        "synthesis": Synthesis(cli_version=CLI),
        **options,
    }
    PlatformPipeline(stack, "Pipeline", **given)
    return stack


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Staging has a file and an image; production is another account with an approval."""
    folder = tmp_path_factory.mktemp("image")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    app = cdk.App()
    staging, production = stage_in(app, "Staging"), stage_in(app, "Production", PRODUCTION)
    assets = cdk.Stack(staging, "Assets")
    s3_assets.Asset(assets, "File", path=str(folder / "Dockerfile"))
    ecr_assets.DockerImageAsset(assets, "Image", directory=str(folder))
    guarded = PlatformStage(
        stage=production, approval="Deploy to production?", confirm_permissions=True
    )
    stack = pipeline_in(app, stages=[PlatformStage(stage=staging), guarded])
    return Template.from_stack(stack)


def stages_of(template: Template) -> Mapping[str, list[str]]:
    pipeline = next(iter(template.find_resources("AWS::CodePipeline::Pipeline").values()))
    return {
        stage["Name"]: [action["Name"] for action in stage["Actions"]]
        for stage in pipeline["Properties"]["Stages"]
    }


def statements_of(template: Template, name: str) -> list[Mapping[str, Any]]:
    """The statements of the policies whose logical id has `name`."""
    policies = template.find_resources("AWS::IAM::ManagedPolicy")
    return [
        statement
        for logical_id, policy in policies.items()
        if name in logical_id
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def test_stages_are_deployed_in_order_after_the_pipeline_has_updated_itself(
    template: Template,
) -> None:
    assert stages_of(template) == {
        "Source": ["Source"],
        "Build": ["Synth"],
        "UpdatePipeline": ["SelfMutate"],
        "Assets": ["DockerAssets", "FileAssets"],
        "Staging": ["Assets.Prepare", "Stack.Prepare", "Assets.Deploy", "Stack.Deploy"],
        "Production": [
            "Approval",
            "Permissions.Check",
            "Permissions.Confirm",
            "Stack.Prepare",
            "Stack.Deploy",
        ],
    }


def test_an_execution_that_changes_the_pipeline_is_followed_by_another(template: Template) -> None:
    template.has_resource_properties(
        "AWS::CodePipeline::Pipeline", {"PipelineType": "V2", "RestartExecutionOnUpdate": True}
    )


def test_each_program_is_installed_in_one_version(template: Template) -> None:
    text = json.dumps(template.to_json())

    assert text.count("aws-cdk@") == text.count("aws-cdk@" + CLI) == 3
    assert "npm install -g aws-cdk\\\\" not in text
    assert "export ARN=$CODEBUILD_BUILD_ARN" in text
    assert "cdk-assets" not in text.replace("hnb659fds-assets", "")


def test_no_role_has_a_wildcard_but_where_names_are_not_known(template: Template) -> None:
    template.resource_count_is("AWS::IAM::Policy", 0)
    broad = [
        statement
        for statement in statements_of(template, "")
        if statement["Resource"] == "*" or "*" in str(statement["Action"])
    ]
    assert not broad


def test_the_repository_s_own_code_may_only_read_it_and_write_the_app(template: Template) -> None:
    actions = {
        action
        for statement in statements_of(template, "SynthRole")
        for action in _listed(statement["Action"])
    }
    assert actions == {
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:PutObject",
    }


def test_the_pipeline_updates_itself_with_bootstrap_s_roles_of_its_account(
    template: Template,
) -> None:
    (assume,) = _assuming(statements_of(template, "SelfMutationRole"))
    assert assume["Condition"] == {
        "StringEquals": {"iam:ResourceTag/aws-cdk:bootstrap-role": ["deploy", "file-publishing"]}
    }
    assert TOOLING in json.dumps(assume["Resource"])


def test_the_pipeline_assumes_the_roles_that_deploy_its_stages_and_waits_for_that(
    template: Template,
) -> None:
    (assume,) = _assuming(statements_of(template, "PipelineRoleGranted"))
    assert [arn["Fn::Sub"].split("role/")[1] for arn in assume["Resource"]] == [
        f"cdk-hnb659fds-deploy-role-{account}-{REGION}" for account in (TOOLING, PRODUCTION)
    ]
    pipeline = next(iter(template.find_resources("AWS::CodePipeline::Pipeline").values()))
    granted = template.find_resources("AWS::IAM::ManagedPolicy", {"Properties": Match.any_value()})
    assert pipeline["DependsOn"] == [name for name in granted if "RoleGranted" in name]


def test_the_roles_of_the_deployment_may_read_the_artifacts(template: Template) -> None:
    policies = template.find_resources("AWS::S3::BucketPolicy")
    text = json.dumps(policies)

    assert f"cdk-hnb659fds-deploy-role-{PRODUCTION}-{REGION}" in text
    keys = json.dumps(template.find_resources("AWS::KMS::Key"))
    assert f"cdk-hnb659fds-deploy-role-{PRODUCTION}-{REGION}" in keys


def test_images_are_built_once_and_files_with_them(template: Template) -> None:
    projects = template.find_resources("AWS::CodeBuild::Project")
    commands = {
        name: str(project["Properties"]["Source"]["BuildSpec"])
        for name, project in projects.items()
        if "StagesAssets" in name
    }
    publishing = [name for name, text in commands.items() if "publish-assets 'Staging/*'" in text]

    assert len(commands) == 2
    assert ["DockerAsset" in name for name in publishing] == [True]
    privileged = [
        name
        for name, project in projects.items()
        if project["Properties"]["Environment"]["PrivilegedMode"]
    ]
    assert privileged == publishing


def test_the_permissions_check_can_approve_its_own_action_only(template: Template) -> None:
    approvals = [
        statement
        for statement in statements_of(template, "CheckFunctionRole")
        if statement["Action"] == "codepipeline:PutApprovalResult"
    ]
    assert "platform/Production/Permissions.Confirm" in json.dumps(approvals)
    assert len(approvals) == 1


def test_a_replica_of_the_artifacts_serves_a_stage_in_another_region() -> None:
    app = cdk.App()
    far = cdk.Stack(app, "Far", env=cdk.Environment(account=TOOLING, region="eu-west-1"))
    key = kms.Key.from_key_arn(far, "Key", f"arn:aws:kms:eu-west-1:{TOOLING}:key/1")
    bucket = s3.Bucket.from_bucket_attributes(
        far, "Bucket", bucket_name="far", encryption_key=key, region="eu-west-1"
    )
    home = cdk.Stack(app, "Home", env=cdk.Environment(account=TOOLING, region=REGION))
    artifacts = ArtifactStore(
        bucket=s3.Bucket.from_bucket_name(home, "Bucket", "home"),
        key=kms.Key.from_key_arn(home, "Key", f"arn:aws:kms:{REGION}:{TOOLING}:key/2"),
        replicas={"eu-west-1": ArtifactStore(bucket=bucket, key=key)},
    )
    stage = stage_in(app, "Staging", region="eu-west-1")
    stack = pipeline_in(app, artifacts=artifacts, stages=[PlatformStage(stage=stage)])

    pipeline = next(
        iter(Template.from_stack(stack).find_resources("AWS::CodePipeline::Pipeline").values())
    )
    regions = [store["Region"] for store in pipeline["Properties"]["ArtifactStores"]]
    assert sorted(regions) == ["eu-west-1", REGION]
    written = [
        statement["Resource"]
        for statement in statements_of(Template.from_stack(stack), "PipelineRole")
        if "s3:PutObject" in statement["Action"]
    ]
    assert "far/*/Synth_Outp*/*" in json.dumps(written)


def test_all_problems_are_reported_together() -> None:
    app = cdk.App()
    empty = cdk.Stage(app, "Empty")
    stages = [
        stage_in(app, "Build"),
        empty,
        stage_in(app, "Far", region="eu-west-1"),
    ]
    requests = Source.code_connections(
        CONNECTION, "team", "mlops", filters=[TriggerFilter.pull_requests("main")]
    )
    with pytest.raises(ValueError) as error:
        pipeline_in(
            app,
            source=requests,
            synthesis=Synthesis(cli_version="latest", commands=(), output_directory=""),
            stages=[PlatformStage(stage=stage) for stage in [*stages, empty]],
        )

    message = str(error.value)
    for problem in (
        "cli_version: got 'latest'; allowed is one exact version",
        "commands: got none",
        "output_directory: got an empty path",
        "stages: got Empty 2 times",
        "stages: got Build, a name that CDK Pipelines uses itself",
        "stages: Empty has no stacks",
        "a deployment to eu-west-1, a region without an artifact store",
        "got a filter of pull requests, with which anyone who opens one could deploy",
    ):
        assert problem in message


def test_without_stages_there_is_nothing_to_deploy() -> None:
    with pytest.raises(ValueError, match="stages: got none"):
        pipeline_in(cdk.App(), stages=[])


def _assuming(statements: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in statements if one["Action"] == "sts:AssumeRole"]


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]

"""What a stage of a project needs in another account, and what the project grants it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from mlops_constructs.delivery import ProjectStage, StageNetwork
from mlops_constructs.projects import AdoptedStores, Project, ProjectTarget, Seed
from mlops_constructs.projects._stage_settings import with_stage_settings

HOME, STAGING, PROD, REGION = "111111111111", "222222222222", "333333333333", "eu-central-1"
NETWORK = StageNetwork(
    vpc_id="vpc-0a1b2c3d4e5f60718",
    subnet_ids=["subnet-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60719"],
    security_group_ids=["sg-0a1b2c3d4e5f60718"],
)
STAGES = (
    ProjectStage(name="staging", account=STAGING),
    ProjectStage(name="prod", account=PROD, approval="Deploy?", network=NETWORK),
)


def project(seed: Seed, **options: Any) -> dict[str, Any]:
    """Returns the resources of a project with these stages."""
    stack = cdk.Stack(cdk.App(), "Project-churn", env=cdk.Environment(account=HOME, region=REGION))
    Project(
        stack,
        "Project",
        project_name="churn",
        project_id="p-churn",
        model_build_seed=seed,
        model_deploy_seed=seed,
        **{"stages": STAGES, **options},
    )
    found: dict[str, Any] = Template.from_stack(stack).to_json()["Resources"]
    return found


def target(stage: ProjectStage = STAGES[1], **options: Any) -> dict[str, Any]:
    """Returns the template of a stage."""
    environment = options.pop("env", cdk.Environment(account=PROD, region=REGION))
    stack = cdk.Stack(cdk.App(), "ProjectTarget-churn-prod", env=environment)
    ProjectTarget(
        stack,
        "Target",
        **{
            "project_name": "churn",
            "project_id": "p-churn",
            "project_account": HOME,
            "stage": stage,
            **options,
        },
    )
    return dict(Template.from_stack(stack).to_json())


def statements(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        if "Effect" in document:
            yield document
        for value in document.values():
            yield from statements(value)
    elif isinstance(document, list):
        for value in document:
            yield from statements(value)


def of_type(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in resources.values() if one["Type"] == kind]


@pytest.fixture(scope="module")
def shared(seed: Seed) -> dict[str, Any]:
    return project(seed)


@pytest.mark.parametrize(
    ("kind", "purposes"),
    [
        ("AWS::S3::BucketPolicy", {"deploy", "model", "monitor"}),
        ("AWS::KMS::Key", {"deploy", "model", "monitor"}),
        ("AWS::ECR::Repository", {"model", "monitor"}),
        ("AWS::Events::EventBusPolicy", {"events"}),
        ("AWS::SageMaker::ModelPackageGroup", {"cfn"}),
    ],
)
def test_a_store_of_the_project_names_only_the_roles_of_its_stages(
    shared: dict[str, Any], kind: str, purposes: set[str]
) -> None:
    named = set()
    for one in statements(of_type(shared, kind)):
        text = json.dumps(one)
        if one["Effect"] == "Allow" and (STAGING in text or PROD in text):
            named.add(one["Condition"]["ArnEquals"]["aws:PrincipalArn"]["Fn::Sub"])
            assert list(one["Principal"]) == ["AWS"]

    assert named == {
        f"arn:${{AWS::Partition}}:iam::{account}:role/sagemaker-projects/"
        f"churn-{stage}-{REGION}-{purpose}"
        for stage, account in {"staging": STAGING, "prod": PROD}.items()
        for purpose in purposes
    }


def test_a_project_without_stages_elsewhere_shares_nothing(seed: Seed) -> None:
    resources = project(seed, stages=[ProjectStage(name="staging"), ProjectStage(name="prod")])

    (group,) = of_type(resources, "AWS::SageMaker::ModelPackageGroup")
    assert "ModelPackageGroupPolicy" not in group
    assert "aws:PrincipalArn" not in json.dumps(resources)
    names = [one.get("RoleName") for one in of_type(resources, "AWS::IAM::Role")]
    assert names == [None] * len(names)


def test_the_synthesis_gets_the_place_of_each_stage(shared: dict[str, Any]) -> None:
    (variables,) = (
        {one["Name"]: one["Value"] for one in build["Environment"]["EnvironmentVariables"]}
        for build in of_type(shared, "AWS::CodeBuild::Project")
        if build["Source"].get("BuildSpec") == "buildspecs/synth.yml"
    )

    assert variables["STAGES"] == "staging prod"
    assert variables["PROD_ARTIFACT_BUCKET"] == f"churn-prod-{PROD}-{REGION}"
    assert variables["PROD_SUBNET_IDS"] == ",".join(NETWORK.subnet_ids)
    assert "STAGING_SUBNET_IDS" not in variables
    assert variables["STAGING_ARTIFACT_KEY_ARN"] == {
        "Fn::Sub": f"arn:${{AWS::Partition}}:kms:{REGION}:{STAGING}:alias/churn-staging"
    }


def test_approvals_come_before_their_stage(seed: Seed) -> None:
    stages = [
        ProjectStage(name="dev", approval="Deploy to dev?"),
        ProjectStage(name="test", approval="Deploy to test?"),
        ProjectStage(name="prod"),
    ]
    (pipeline,) = (
        one
        for one in of_type(project(seed, stages=stages), "AWS::CodePipeline::Pipeline")
        if one["Name"] == "churn-model-deploy"
    )

    assert {
        stage["Name"]: [
            one["Name"] for one in sorted(stage["Actions"], key=lambda one: one["RunOrder"])
        ]
        for stage in pipeline["Stages"][2:]
    } == {
        "Dev": ["EntryApproval", "Deploy", "SmokeTest", "Approval"],
        "Test": ["Deploy", "SmokeTest"],
        "Production": ["Deploy", "SmokeTest"],
    }


def test_adopted_stores_cannot_be_shared(seed: Seed) -> None:
    adopted = AdoptedStores(
        bucket_name="project-churn-artifacts",
        key_arn=f"arn:aws:kms:{REGION}:{HOME}:key/1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901",
        image_repository_name="project-churn-images",
    )
    with pytest.raises(ValueError, match="got staging, prod in another account, which cannot be"):
        project(seed, adopted=adopted)


def test_a_stage_without_a_settings_file_gets_one_in_the_first_commit(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    for name in ("staging", "prod"):
        (tmp_path / f"config/{name}.yaml").write_text(f"of: {name}\n")
    stages = [ProjectStage(name=name) for name in ("dev", "staging", "live")]

    files = with_stage_settings(Seed(folder=tmp_path), stages).files()

    assert files["config/dev.yaml"].read_text() == "of: staging\n"
    assert files["config/live.yaml"].read_text() == "of: prod\n"
    assert files["config/staging.yaml"].read_text() == "of: staging\n"


def test_a_target_neither_exports_nor_imports() -> None:
    text = json.dumps(target())

    assert "Fn::ImportValue" not in text
    assert '"Export"' not in text


def test_the_models_of_a_stage_run_in_its_network_alone() -> None:
    text = json.dumps(target()["Resources"])

    assert all(one in text for one in (*NETWORK.subnet_ids, *NETWORK.security_group_ids))
    assert "sagemaker:VpcSubnets" in text
    assert "sagemaker:VpcSubnets" not in json.dumps(
        target(ProjectStage(name="prod", account=PROD))["Resources"]
    )


PUBLISHED = StageNetwork.from_parameters(
    subnet_ids=["/net/subnet-id-1", "/net/subnet-id-2"],
    security_group_ids=["/net/security-group-id"],
)
IN_PUBLISHED = ProjectStage(name="prod", account=PROD, network=PUBLISHED)


def test_a_network_of_parameters_is_read_in_the_account_of_the_stage(seed: Seed) -> None:
    template = target(IN_PUBLISHED)
    read = {
        name: one["Default"]
        for name, one in template["Parameters"].items()
        if one["Default"].startswith("/net/")
    }
    (synth,) = (
        {one["Name"]: one["Value"] for one in build["Environment"]["EnvironmentVariables"]}
        for build in of_type(
            project(seed, stages=(STAGES[0], IN_PUBLISHED)), "AWS::CodeBuild::Project"
        )
        if build["Source"].get("BuildSpec") == "buildspecs/synth.yml"
    )

    assert {one["Type"] for one in template["Parameters"].values()} == {
        "AWS::SSM::Parameter::Value<String>"
    }
    assert sorted(read.values()) == [
        "/net/security-group-id",
        "/net/subnet-id-1",
        "/net/subnet-id-2",
    ]
    denied = [
        one["Condition"]["ForAnyValue:StringNotEquals"]["sagemaker:VpcSubnets"]
        for one in statements(template["Resources"])
        if one["Effect"] == "Deny"
        and "sagemaker:VpcSubnets" in one["Condition"].get("ForAnyValue:StringNotEquals", {})
    ]
    assert denied
    for subnets in denied:
        assert [read[one["Ref"]] for one in subnets] == list(PUBLISHED.subnet_ids)
    assert synth["PROD_SUBNET_ID_PARAMETERS"] == "/net/subnet-id-1,/net/subnet-id-2"
    assert synth["PROD_SECURITY_GROUP_ID_PARAMETERS"] == "/net/security-group-id"
    assert not {"PROD_VPC_ID", "PROD_SUBNET_IDS", "PROD_SECURITY_GROUP_IDS"} & set(synth)


def test_roles_that_deploy_a_stage_read_the_parameters_of_its_network_alone() -> None:
    resources = target(IN_PUBLISHED)["Resources"]
    reading = [
        json.dumps(one["Resource"])
        for one in statements(resources)
        if "ssm:GetParameters" in one["Action"]
    ]

    assert len(reading) == 2
    for arns in reading:
        assert arns.count(":parameter/net/") == len(PUBLISHED.parameter_names)
        assert "*" not in arns
    for stage in STAGES[1], ProjectStage(name="prod", account=PROD):
        assert "ssm:" not in json.dumps(target(stage)["Resources"])


def test_the_check_accepts_the_parameters_of_each_stage(seed: Seed) -> None:
    builds = of_type(project(seed, stages=(STAGES[0], IN_PUBLISHED)), "AWS::CodeBuild::Project")
    named = [
        {one["Name"]: one["Value"] for one in build["Environment"]["EnvironmentVariables"]}
        for build in builds
    ]

    (check,) = (one for one in named if "MODEL_PACKAGE_PREFIX" in one)
    assert check["PROD_PARAMETERS"].split() == list(PUBLISHED.parameter_names)
    assert "STAGING_PARAMETERS" not in check


def test_every_role_and_policy_is_on_the_path_of_projects() -> None:
    resources = target()["Resources"]
    found = of_type(resources, "AWS::IAM::Role") + of_type(resources, "AWS::IAM::ManagedPolicy")

    assert {one["Path"] for one in found} == {"/sagemaker-projects/"}


def test_what_an_endpoint_needs_is_retained_and_a_failed_creation_leaves_nothing() -> None:
    resources = target()["Resources"]
    kept = {
        name for name, one in resources.items() if one.get("DeletionPolicy", "Delete") != "Delete"
    }

    assert {resources[name]["DeletionPolicy"] for name in kept} == {"RetainExceptOnCreate"}
    assert {resources[name]["Type"] for name in kept} == {
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SQS::QueuePolicy",
    }
    assert len([name for name in kept if resources[name]["Type"] == "AWS::IAM::Role"]) == 4


def test_destroy_removes_the_endpoint_before_its_roles_and_stores() -> None:
    resources = target(removal_policy=cdk.RemovalPolicy.DESTROY)["Resources"]
    (removal,) = (one for one in resources.values() if one["Type"] == "Custom::ProjectRemoval")
    needed = {resources[name]["Type"] for name in removal["DependsOn"]}

    assert removal["Properties"]["StackNames"] == ["churn-prod"]
    assert {"AWS::IAM::Role", "AWS::KMS::Key", "AWS::S3::Bucket"} <= needed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"env": cdk.Environment(account=STAGING, region=REGION)}, f"got a stack in {STAGING}"),
        (
            {"stage": ProjectStage(name="prod", account=PROD, region="eu-west-1")},
            "region: got a stack in eu-central-1; allowed is the region of the stage prod",
        ),
        ({"stage": ProjectStage(name="prod")}, "got prod without an account"),
        ({"project_account": PROD}, "got prod in the account of the project"),
    ],
)
def test_a_target_in_the_wrong_place_is_rejected(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        target(**options)


READER = f"arn:${{AWS::Partition}}:iam::{HOME}:role/sagemaker-projects/churn-{REGION}-features"


def test_models_of_other_accounts_read_features_with_a_role_of_the_project(seed: Seed) -> None:
    resources = project(seed, feature_store=True)

    (reader,) = [
        one
        for one in of_type(resources, "AWS::IAM::Role")
        if one.get("RoleName") == f"churn-{REGION}-features"
    ]
    trusted = [
        one["Condition"]["ArnEquals"]["aws:PrincipalArn"]["Fn::Sub"]
        for one in statements(reader["AssumeRolePolicyDocument"])
    ]
    assert trusted == [
        f"arn:${{AWS::Partition}}:iam::{account}:role/sagemaker-projects/"
        f"churn-{stage}-{REGION}-model"
        for stage, account in {"staging": STAGING, "prod": PROD}.items()
    ]
    (policy,) = [
        resources[one["Ref"]]["Properties"]["PolicyDocument"] for one in reader["ManagedPolicyArns"]
    ]
    allowed = {one["Action"]: json.dumps(one["Resource"]) for one in statements(policy)}
    assert set(allowed) == {"sagemaker:BatchGetRecord", "kms:Decrypt"}
    assert f":{HOME}:feature-group/churn_*" in allowed["sagemaker:BatchGetRecord"]
    assert "*" not in allowed["kms:Decrypt"]
    variable = {
        "Name": "FEATURE_READER_ROLE_ARN",
        "Type": "PLAINTEXT",
        "Value": {"Fn::Sub": READER},
    }
    builds = of_type(resources, "AWS::CodeBuild::Project")
    assert [
        one["Environment"]["EnvironmentVariables"]
        for one in builds
        if variable in one["Environment"]["EnvironmentVariables"]
    ], "the train build writes the role into model packages"


@pytest.mark.parametrize(
    "options",
    [{"feature_store": False}, {"feature_store": True, "stages": [ProjectStage(name="prod")]}],
    ids=["without features", "without stages elsewhere"],
)
def test_other_projects_have_no_role_that_reads_features(
    seed: Seed, options: dict[str, Any]
) -> None:
    text = json.dumps(project(seed, **options))

    assert "FEATURE_READER_ROLE_ARN" not in text
    assert f"churn-{REGION}-features" not in text


def test_models_of_a_stage_assume_the_role_that_reads_features_and_no_other() -> None:
    def assumed(**options: Any) -> list[Any]:
        found = statements(target(**options)["Resources"])
        return [
            one["Resource"]
            for one in found
            if one.get("Action") == "sts:AssumeRole" and "Resource" in one
        ]

    assert assumed(feature_store=True) == [{"Fn::Sub": READER}]
    assert assumed() == []
    abroad = cdk.Environment(account=PROD, region="eu-west-1")
    stage = ProjectStage(name="prod", account=PROD, region="eu-west-1")
    options = {"env": abroad, "stage": stage, "project_region": REGION}
    assert assumed(feature_store=True, **options) == [{"Fn::Sub": READER}]

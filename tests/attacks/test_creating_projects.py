"""Permissions of principals that create projects: a project, and no resource of the platform."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.attacks.conftest import (
    ADMINISTRATOR,
    EXECUTION_ROLE,
    Somebody,
    assume,
    refusal,
    role,
)
from tests.docs.conftest import ASSETS, Account
from tests.docs.synthesis import ROOT, synthesis

Person = Callable[..., Somebody]
Properties = dict[str, Any]
EXAMPLE = ROOT / "docs/examples/projects/project_templates.py"
IAM = "arn:aws:iam::111111111111"
OWN_KEY = "owned"
_names = (f"mine-{number}" for number in itertools.count(1))


@pytest.fixture(scope="module")
def platform(account: Account) -> Mapping[str, str]:
    """The outputs of a platform's project templates, with other resources of the account."""
    outputs = account.create(synthesis(EXAMPLE))
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "1"}}
    for stack in ("Victim", "Project-fraud"):
        account.client("cloudformation").create_stack(
            StackName=stack,
            TemplateBody=json.dumps({"Resources": {"It": parameter}}),
            RoleARN=f"{IAM}:role/{EXECUTION_ROLE}",
        )
        account.settled(stack)
    builds = {"Service": "codebuild.amazonaws.com"}
    role(account, "/ml-platform/PlatformPipeline-SelfMutationRole", builds, ADMINISTRATOR)
    role(account, "/sagemaker-projects/Project-fraud-TrainRole", builds, ADMINISTRATOR)
    return outputs


@pytest.fixture(scope="module")
def key(account: Account) -> str:
    """The id of a key of the platform, whose key policy delegates to IAM."""
    made = account.client("kms").create_key(Description="of the platform")
    return str(made["KeyMetadata"]["KeyId"])


@pytest.fixture(scope="module")
def mallory(account: Account, platform: Mapping[str, str]) -> Somebody:
    """A principal that has the launch role without conditions, and a template that she wrote."""
    statements: list[dict[str, Any]] = [
        {"Action": "sagemaker:*", "Resource": "*"},
        {"Action": "iam:PassRole", "Resource": platform["LaunchRoleArn"]},
        {"Action": "cloudformation:*", "Resource": "arn:aws:cloudformation:*:*:stack/SP-*"},
        {"Action": ["s3:GetObject", "sts:AssumeRole"], "Resource": "*"},
    ]
    allowed = [{"Effect": "Allow", **one} for one in statements]
    return assume(account, role(account, "mallory", {"AWS": f"{IAM}:root"}, *allowed))


@pytest.fixture(scope="module")
def made(account: Account, platform: Mapping[str, str], mallory: Somebody) -> Somebody:
    """A session of the most powerful role that mallory can have the launch role create."""
    return made_role(account, platform, mallory, project_name="churn")


def made_role(
    account: Account, platform: Mapping[str, str], mallory: Somebody, *, project_name: str
) -> Somebody:
    """A session of a role that a project of mallory's template contains.

    Her template tags it as a role of an arbitrary project.
    """
    tags = [{"Key": "sagemaker:project-name", "Value": project_name}]
    resources = {"Policy": policy_resource(), "Role": role_resource(account, Tags=tags)}
    project = create_project(mallory, template(account, resources), platform["LaunchRoleArn"])
    assert project["ProjectStatus"] == "CreateCompleted", reason(project)
    return assume(account, account.outputs_of(stack_of(project)["Name"])["RoleArn"], mallory)


def template(account: Account, resources: Mapping[str, Any]) -> str:
    """Uploads a template to a bucket, and returns its URL."""
    body = {
        "Parameters": {
            name: {"Type": "String"} for name in ("SageMakerProjectName", "SageMakerProjectId")
        },
        "Resources": resources,
    }
    if "Role" in resources:
        body["Outputs"] = {"RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}}
    name = f"{next(_names)}.json"
    account.client("s3").put_object(Bucket=ASSETS, Key=name, Body=json.dumps(body))
    return f"https://s3.us-east-1.amazonaws.com/{ASSETS}/{name}"


def role_resource(account: Account, **properties: Any) -> Properties:
    """Returns a role that every principal of the account can assume, with all permissions.

    Only a boundary keeps it from being an administrator.
    """
    trust = {"Effect": "Allow", "Principal": {"AWS": f"{IAM}:root"}, "Action": "sts:AssumeRole"}
    standard = {
        "Path": "/sagemaker-projects/",
        "PermissionsBoundary": boundary(account),
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
        "ManagedPolicyArns": [{"Ref": "Policy"}],
    }
    return {"Type": "AWS::IAM::Role", "Properties": standard | properties}


def policy_resource(**properties: Any) -> Properties:
    """Returns the policy of an administrator."""
    standard = {
        "Path": "/sagemaker-projects/",
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [ADMINISTRATOR]},
    }
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": standard | properties}


def build_resource(role_arn: str) -> Properties:
    """Returns a build that runs mallory's commands with a role."""
    properties = {
        "ServiceRole": role_arn,
        "Artifacts": {"Type": "NO_ARTIFACTS"},
        "Environment": {
            "ComputeType": "BUILD_GENERAL1_SMALL",
            "Image": "aws/codebuild/standard:7.0",
            "Type": "LINUX_CONTAINER",
        },
        "Source": {
            "Type": "NO_SOURCE",
            "BuildSpec": "version: 0.2\nphases: {build: {commands: [id]}}",
        },
    }
    return {"Type": "AWS::CodeBuild::Project", "Properties": properties}


def boundary(account: Account) -> str:
    """Returns the ARN of the boundary, which the trust of the launch role does not hide."""
    policies = account.client("iam").list_policies(Scope="Local")["Policies"]
    (found,) = [one["Arn"] for one in policies if "-Boundary" in one["PolicyName"]]
    return str(found)


def create_project(by: Somebody, url: str, role_arn: str | None) -> Mapping[str, Any]:
    """Creates a project from a template in S3, and waits for the end of its creation."""
    name, sagemaker = next(_names), by.client("sagemaker")
    provider = {"TemplateName": "mine", "TemplateURL": url}
    if role_arn:
        provider["RoleARN"] = role_arn
    sagemaker.create_project(
        ProjectName=name, TemplateProviders=[{"CfnTemplateProvider": provider}]
    )
    while True:
        project: Mapping[str, Any] = sagemaker.describe_project(ProjectName=name)
        if project["ProjectStatus"] != "CreateInProgress":
            return project
        time.sleep(0.1)


def stack_of(project: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns the stack of a project, as the project describes it."""
    provider = project["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]
    detail: Mapping[str, str] = provider["StackDetail"]
    return detail


def reason(project: Mapping[str, Any]) -> str:
    """Returns the failure reason of a project's creation."""
    return stack_of(project)["StatusMessage"]


# The boundary limits a role of mallory's template, whose policy allows all actions.


@pytest.mark.parametrize("stack", ["Victim", "ProjectTemplates"])
def test_a_made_role_takes_over_no_stack_of_others(made: Somebody, stack: str) -> None:
    said = refusal(
        lambda: made.client("cloudformation").update_stack(
            StackName=stack,
            TemplateBody='{"Resources": {}}',
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
    )
    assert "cloudformation:UpdateStack" in said


@pytest.mark.parametrize("operation", ["create_stack", "update_stack"])
def test_a_tag_that_fits_a_stack_of_others_does_not_open_it(
    account: Account, platform: Mapping[str, str], mallory: Somebody, operation: str
) -> None:
    made = made_role(account, platform, mallory, project_name="Project")
    change = getattr(made.client("cloudformation"), operation)

    said = refusal(lambda: change(StackName="Project-fraud", TemplateBody='{"Resources": {}}'))

    assert "cloudformation:" in said


def test_a_made_role_of_a_project_cannot_hand_its_stacks_to_another_role(
    made: Somebody,
) -> None:
    said = refusal(
        lambda: made.client("cloudformation").create_stack(
            StackName="churn-staging",
            TemplateBody='{"Resources": {}}',
            RoleARN=f"{IAM}:role/{EXECUTION_ROLE}",
        )
    )
    assert "cloudformation:CreateStack" in said


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("iam", "create_user", {"UserName": "mallory"}),
        ("iam", "create_access_key", {"UserName": "mallory"}),
        ("iam", "delete_role_permissions_boundary", {"RoleName": "mallory"}),
        ("iam", "attach_role_policy", {"RoleName": "mallory", "PolicyArn": f"{IAM}:policy/any"}),
        ("s3", "get_object", {"Bucket": ASSETS, "Key": "secret"}),
        ("s3", "put_object", {"Bucket": ASSETS, "Key": "ProjectTemplates.template.json"}),
        ("s3", "list_objects_v2", {"Bucket": ASSETS}),
        ("ssm", "get_parameter", {"Name": "/cdk-bootstrap/hnb659fds/version"}),
        ("secretsmanager", "get_secret_value", {"SecretId": "database"}),
        ("codebuild", "start_build", {"projectName": "platform"}),
        ("codepipeline", "start_pipeline_execution", {"name": "platform"}),
        ("codepipeline", "start_pipeline_execution", {"name": "fraud-model-deploy"}),
        ("codecommit", "get_branch", {"repositoryName": "platform", "branchName": "main"}),
        ("sagemaker", "delete_endpoint", {"EndpointName": "fraud-prod"}),
        ("sagemaker", "describe_model_package", {"ModelPackageName": "fraud/1"}),
        ("sagemaker", "start_pipeline_execution", {"PipelineName": "fraud-train"}),
        ("logs", "create_log_stream", {"logGroupName": "/platform", "logStreamName": "one"}),
        ("lambda", "invoke", {"FunctionName": "publisher"}),
        ("ecr", "batch_get_image", {"repositoryName": "base", "imageIds": [{"imageTag": "1"}]}),
    ],
)
def test_a_made_role_reaches_nothing_of_the_platform_or_of_another_project(
    made: Somebody, service: str, operation: str, arguments: Mapping[str, Any]
) -> None:
    said = refusal(lambda: getattr(made.client(service), operation)(**arguments))

    assert f"{service}:" in said or "Access Denied" in said


def test_a_made_role_assumes_no_role_that_trusts_the_account(
    account: Account, made: Somebody
) -> None:
    deployer = role(account, "cdk-hnb659fds-deploy-role", {"AWS": f"{IAM}:root"}, ADMINISTRATOR)

    assert "sts:AssumeRole" in refusal(
        lambda: made.client("sts").assume_role(RoleArn=deployer, RoleSessionName="mallory")
    )


def test_a_made_role_passes_no_role_but_those_of_projects(account: Account, made: Somebody) -> None:
    trained = role(account, "Studio", {"Service": "sagemaker.amazonaws.com"}, ADMINISTRATOR)
    container = {"Image": "111111111111.dkr.ecr.us-east-1.amazonaws.com/sp-1:1"}
    said = refusal(
        lambda: made.client("sagemaker").create_model(
            ModelName="churn-1", ExecutionRoleArn=trained, PrimaryContainer=container
        )
    )
    assert "iam:PassRole" in said


def test_a_made_role_decrypts_nothing_with_keys_of_others(
    account: Account, key: str, made: Somebody
) -> None:
    secret = account.client("kms").encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]

    said = refusal(lambda: made.client("kms").decrypt(KeyId=key, CiphertextBlob=secret))
    assert "kms:Decrypt" in said
    said = refusal(lambda: made.client("kms").generate_data_key(KeyId=key, KeySpec="AES_256"))
    assert "kms:GenerateDataKey" in said


# The launch role limits the resources of her template.


@pytest.mark.parametrize(
    ("properties", "action"),
    [
        ({"RoleName": "AmazonSageMakerExecutionRole"}, "iam:CreateRole"),
        ({"Path": "/"}, "iam:CreateRole"),
        ({"Path": "/ml-platform/"}, "iam:CreateRole"),
        ({"PermissionsBoundary": {"Ref": "AWS::NoValue"}}, "iam:CreateRole"),
        ({"PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"}, "iam:CreateRole"),
        ({"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}, "iam:AttachRole"),
    ],
    ids=str,
)
def test_the_launch_role_makes_no_role_outside_of_its_names_and_boundary(
    account: Account,
    platform: Mapping[str, str],
    mallory: Somebody,
    properties: Properties,
    action: str,
) -> None:
    resources = {"Policy": policy_resource(), "Role": role_resource(account, **properties)}

    project = create_project(mallory, template(account, resources), platform["LaunchRoleArn"])

    assert action in reason(project)


@pytest.mark.parametrize(
    "properties", [{"ManagedPolicyName": "any"}, {"Path": "/"}], ids=["name", "path"]
)
def test_the_launch_role_makes_no_policy_outside_of_its_names(
    account: Account, platform: Mapping[str, str], mallory: Somebody, properties: Properties
) -> None:
    resources = {"Policy": policy_resource(**properties)}

    project = create_project(mallory, template(account, resources), platform["LaunchRoleArn"])

    assert "iam:CreatePolicy" in reason(project)


@pytest.mark.parametrize(
    "name",
    [
        "ml-platform/PlatformPipeline-SelfMutationRole",
        "sagemaker-projects/Project-fraud-TrainRole",
        EXECUTION_ROLE,
    ],
)
def test_the_launch_role_passes_no_role_that_it_has_not_made(
    account: Account, platform: Mapping[str, str], mallory: Somebody, name: str
) -> None:
    resources = {"Build": build_resource(f"{IAM}:role/{name}")}

    project = create_project(mallory, template(account, resources), platform["LaunchRoleArn"])

    assert "iam:PassRole" in reason(project)


def test_the_launch_role_makes_nothing_that_a_project_does_not_hold(
    account: Account, platform: Mapping[str, str], mallory: Somebody
) -> None:
    resources = {"Secret": {"Type": "AWS::SecretsManager::Secret", "Properties": {}}}

    project = create_project(mallory, template(account, resources), platform["LaunchRoleArn"])

    assert "secretsmanager:CreateSecret" in reason(project)


def test_nobody_takes_the_launch_role_themselves(
    platform: Mapping[str, str], mallory: Somebody
) -> None:
    assert "sts:AssumeRole" in refusal(
        lambda: mallory.client("sts").assume_role(
            RoleArn=platform["LaunchRoleArn"], RoleSessionName="mallory"
        )
    )


# A principal with `grant_create_project` selects neither template nor role.


@pytest.fixture(scope="module")
def creator(account: Account, platform: Mapping[str, str]) -> Somebody:
    """A principal that can create projects from the published template."""
    return assume(account, platform["TemplateUserRoleArn"])


def request(url: str, role_arn: str | None) -> Properties:
    """Returns a CreateProject request for a template in S3."""
    provider = {"TemplateName": "any", "TemplateURL": url}
    if role_arn:
        provider["RoleARN"] = role_arn
    return {
        "ProjectName": next(_names),
        "TemplateProviders": [{"CfnTemplateProvider": provider}],
    }


def test_a_creator_brings_no_template(
    account: Account, platform: Mapping[str, str], creator: Somebody
) -> None:
    mine = template(account, {"Policy": policy_resource(), "Role": role_resource(account)})
    published = platform["TemplateUrl"]
    sagemaker = creator.client("sagemaker")

    for url in (mine, f"{published}?versionId=1", published.replace("tabular", "other")):
        said = refusal(
            lambda: sagemaker.create_project(**request(url, platform["LaunchRoleArn"]))  # noqa: B023
        )
        assert "cloudformation:CreateStack" in said


@pytest.mark.parametrize("name", [EXECUTION_ROLE, None], ids=["administrator", "own"])
def test_a_creator_has_nothing_created_with_another_role(
    platform: Mapping[str, str], creator: Somebody, name: str | None
) -> None:
    role_arn = f"{IAM}:role/{name}" if name else None

    said = refusal(
        lambda: creator.client("sagemaker").create_project(
            **request(platform["TemplateUrl"], role_arn)
        )
    )
    assert "cloudformation:CreateStack" in said


def test_a_creator_cannot_go_round_sagemaker(
    account: Account, platform: Mapping[str, str], creator: Somebody
) -> None:
    mine = template(account, {"Policy": policy_resource(), "Role": role_resource(account)})
    cloudformation = creator.client("cloudformation")
    common = {"RoleARN": platform["LaunchRoleArn"], "Capabilities": ["CAPABILITY_NAMED_IAM"]}
    stack = "SP-111111111111-p-1"

    for operation in ("create_stack", "update_stack", "create_change_set"):
        change = {"ChangeSetName": "any"} if operation == "create_change_set" else {}
        for source in ({"TemplateURL": mine}, {"TemplateBody": '{"Resources": {}}'}):
            asked = {"StackName": stack, **common, **source, **change}
            said = refusal(lambda: getattr(cloudformation, operation)(**asked))  # noqa: B023
            assert "cloudformation:" in said


def test_a_creator_passes_the_launch_role_to_cloud_formation_alone(
    platform: Mapping[str, str], creator: Somebody
) -> None:
    said = refusal(
        lambda: creator.client("sagemaker").create_model(
            ModelName="any",
            ExecutionRoleArn=platform["LaunchRoleArn"],
            PrimaryContainer={"Image": "111111111111.dkr.ecr.us-east-1.amazonaws.com/sp-1:1"},
        )
    )
    assert "sagemaker:CreateModel" in said


@pytest.mark.parametrize("operation", ["update_stack", "delete_stack"])
def test_a_creator_changes_no_stack_of_others(creator: Somebody, operation: str) -> None:
    body = {"TemplateBody": '{"Resources": {}}'} if operation == "update_stack" else {}

    said = refusal(
        lambda: getattr(creator.client("cloudformation"), operation)(StackName="Victim", **body)
    )
    assert "cloudformation:" in said


def test_a_user_of_the_product_never_passes_the_launch_role(
    account: Account, platform: Mapping[str, str]
) -> None:
    user = assume(account, platform["ProductUserRoleArn"])

    said = refusal(
        lambda: user.client("sagemaker").create_project(
            **request(platform["TemplateUrl"], platform["LaunchRoleArn"])
        )
    )
    assert "cloudformation:CreateStack" in said

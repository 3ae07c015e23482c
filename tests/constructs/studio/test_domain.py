"""Domains: their defaults, and what can be chosen."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from mlops_constructs.access import Permission, ServiceRole
from mlops_constructs.studio import (
    AppSettings,
    Authentication,
    DockerAccess,
    Domain,
    DomainBase,
    DomainNetwork,
    IdleShutdown,
    NotebookSharing,
    SpaceStorage,
    StudioWebPortal,
    UserProfile,
    UserSettings,
)

from .conftest import ROLE_ARN, Resources, new_stack, only, resources_of, statements, vpc_of

IDLE = {
    "AppLifecycleManagement": {
        "IdleSettings": {
            "LifecycleManagement": "ENABLED",
            "IdleTimeoutInMinutes": 120,
            "MinIdleTimeoutInMinutes": 60,
            "MaxIdleTimeoutInMinutes": 720,
        }
    }
}


@pytest.fixture(scope="module")
def plain() -> cdk.Stack:
    """A domain that says nothing but its network."""
    stack = new_stack()
    Domain(stack, "Studio", network=DomainNetwork.vpc_only(vpc_of(stack)))
    return stack


def test_a_domain_is_private_and_encrypted_by_default(plain: cdk.Stack) -> None:
    domain = only(resources_of(plain, "Domain"))["Properties"]
    key = next(iter(resources_of(plain, "AWS::KMS::Key")))

    assert domain["AppNetworkAccessType"] == "VpcOnly"
    assert domain["AuthMode"] == "IAM"
    assert domain["KmsKeyId"] == {"Fn::GetAtt": [key, "Arn"]}
    assert domain["SubnetIds"] == ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
    assert domain["TagPropagation"] == "ENABLED"
    assert domain["DomainSettings"] == {
        "DockerSettings": {"EnableDockerAccess": "DISABLED"},
        "ExecutionRoleIdentityConfig": "USER_PROFILE_NAME",
    }
    assert domain["DefaultUserSettings"]["SharingSettings"] == {"NotebookOutputOption": "Disabled"}


def test_applications_reach_https_and_nothing_else(plain: cdk.Stack) -> None:
    (group,) = resources_of(plain, "AWS::EC2::SecurityGroup").items()
    domain = only(resources_of(plain, "Domain"))["Properties"]

    rules = group[1]["Properties"]
    assert [(r["FromPort"], r["ToPort"]) for r in rules["SecurityGroupEgress"]] == [(443, 443)]
    assert "SecurityGroupIngress" not in rules
    # AWS applies the settings of users to private spaces only.
    for settings in ("DefaultUserSettings", "DefaultSpaceSettings"):
        assert domain[settings]["SecurityGroups"] == [{"Fn::GetAtt": [group[0], "GroupId"]}]


def test_shared_spaces_run_with_a_role_that_can_work(plain: cdk.Stack) -> None:
    stack = new_stack()
    team = ServiceRole(
        stack,
        "Team",
        service="sagemaker.amazonaws.com",
        description="The team of the model churn",
        permissions=[
            Permission(actions=["s3:GetObject"], resources=["arn:aws:s3:::churn/data.csv"])
        ],
    )
    Domain(stack, "Studio", network=DomainNetwork.vpc_only(vpc_of(stack)), shared_space_role=team)

    made = only(resources_of(stack, "Domain"))["Properties"]
    shared = made["DefaultSpaceSettings"]["ExecutionRole"]
    assert "Team" in shared["Fn::GetAtt"][0]
    assert made["DefaultUserSettings"]["ExecutionRole"] != shared
    granted = {
        str(action)
        for name, policy in resources_of(stack, "AWS::IAM::ManagedPolicy").items()
        if name.startswith("Team")
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        for action in [*statement["Action"]]
    }
    assert {"kms:Decrypt", "kms:GenerateDataKey", "sagemaker:DescribeSpace"} <= granted
    alone = only(resources_of(plain, "Domain"))["Properties"]
    roles = [alone[f"Default{kind}Settings"]["ExecutionRole"] for kind in ("User", "Space")]
    assert roles[0] == roles[1]


def test_complaint_9_idle_applications_are_ended_by_default(plain: cdk.Stack) -> None:
    domain = only(resources_of(plain, "Domain"))["Properties"]

    users, spaces = domain["DefaultUserSettings"], domain["DefaultSpaceSettings"]
    assert users["JupyterLabAppSettings"] == IDLE
    assert users["CodeEditorAppSettings"] == IDLE
    assert spaces["JupyterLabAppSettings"] == IDLE


def test_complaint_15_jupyterlab_and_code_editor_are_offered_and_no_classic(
    plain: cdk.Stack,
) -> None:
    users = only(resources_of(plain, "Domain"))["Properties"]["DefaultUserSettings"]

    assert {"JupyterLabAppSettings", "CodeEditorAppSettings"} < set(users)
    assert not {"JupyterServerAppSettings", "KernelGatewayAppSettings"} & set(users)
    hidden = users["StudioWebPortalSettings"]["HiddenAppTypes"]
    assert {"Canvas", "JupyterServer"} < set(hidden)
    assert not {"JupyterLab", "CodeEditor"} & set(hidden)


def test_a_domain_and_what_it_needs_are_retained_by_default(plain: cdk.Stack) -> None:
    template = cdk.assertions.Template.from_stack(plain).to_json()["Resources"]

    assert {resource["DeletionPolicy"] for resource in template.values()} == {
        "RetainExceptOnCreate"
    }
    assert not resources_of(plain, "AWS::Lambda::Function")


def test_the_role_without_a_role_is_for_own_and_shared_spaces_of_its_domain(
    plain: cdk.Stack,
) -> None:
    domain = next(iter(resources_of(plain, "Domain")))
    allowed = [
        statement
        for statement in statements(resources_of(plain, "AWS::IAM::ManagedPolicy"))
        if "sagemaker:" in str(statement["Action"])
    ]

    for statement in allowed:
        asked = statement["Resource"]
        for resource in asked if isinstance(asked, list) else [asked]:
            own = json.dumps({"Fn::GetAtt": [domain, "DomainId"]}) in json.dumps(resource)
            whole = resource == {"Fn::GetAtt": [domain, "DomainArn"]}
            lists = resource == "*" and all(":List" in one for one in statement["Action"])
            assert own or whole or lists, resource
        if "sagemaker:CreateApp" in statement["Action"]:
            conditions = statement["Condition"]
            shared = conditions["StringEquals"] == {"sagemaker:SpaceSharingType": "Shared"}
            assert shared or "sagemaker:OwnerUserProfileArn" in conditions["ArnLike"]
    (role,) = [
        one
        for one in resources_of(plain, "AWS::IAM::Role").values()
        if "Studio" in one["Properties"]["Description"]
    ]
    # What USER_PROFILE_NAME asks of the role.
    trust = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    said = [one["Action"] for one in trust]
    actions = [one for each in said for one in (each if isinstance(each, list) else [each])]
    assert actions == ["sts:AssumeRole", "sts:SetSourceIdentity"]


def test_what_is_given_is_taken(
    stack: cdk.Stack, vpc: ec2.IVpc, role: iam.IRole, resources: Resources
) -> None:
    groups = [
        ec2.SecurityGroup.from_security_group_id(stack, name, f"sg-0123456789abcdef{name}")
        for name in "01"
    ]
    key = kms.Key(stack, "Key")
    settings = UserSettings(
        jupyter_lab=AppSettings(
            instance_type="ml.t3.large",
            idle_shutdown=IdleShutdown.never(),
            code_repositories=["https://github.com/example/churn"],
        ),
        storage=SpaceStorage(default_gib=20, maximum_gib=200),
        portal=StudioWebPortal(hidden_app_types=(), hidden_ml_tools=["JumpStart"]),
    )

    domain = Domain(
        stack,
        "Studio",
        domain_name="churn",
        network=DomainNetwork.vpc_only(
            vpc,
            subnets=vpc.isolated_subnets[:1],
            security_groups=groups,
            docker_access=DockerAccess.enabled(trusted_accounts=["222222222222"]),
        ),
        execution_role=role,
        encryption_key=key,
        settings=settings,
        project_templates_location="s3://templates-of-ours/templates/",
    )

    made = only(resources("Domain"))["Properties"]
    users = made["DefaultUserSettings"]
    assert domain.execution_role is role
    assert made["DomainName"] == "churn"
    assert made["SubnetIds"] == ["subnet-0123456789abcdef0"]
    assert users["SecurityGroups"] == ["sg-0123456789abcdef0", "sg-0123456789abcdef1"]
    assert users["ExecutionRole"] == ROLE_ARN
    assert users["JupyterLabAppSettings"] == {
        "AppLifecycleManagement": {"IdleSettings": {"LifecycleManagement": "DISABLED"}},
        "CodeRepositories": [{"RepositoryUrl": "https://github.com/example/churn"}],
        "DefaultResourceSpec": {"InstanceType": "ml.t3.large"},
    }
    assert users["SpaceStorageSettings"]["DefaultEbsStorageSettings"] == {
        "DefaultEbsVolumeSizeInGb": 20,
        "MaximumEbsVolumeSizeInGb": 200,
    }
    assert users["StudioWebPortalSettings"] == {"HiddenMlTools": ["JumpStart"]}
    assert made["DomainSettings"]["DockerSettings"] == {
        "EnableDockerAccess": "ENABLED",
        "VpcOnlyTrustedAccounts": ["222222222222"],
    }
    assert made["Tags"] == [
        {
            "Key": "sagemaker:projectS3TemplatesLocation",
            "Value": "s3://templates-of-ours/templates/",
        }
    ]
    assert not resources("AWS::IAM::Role")
    assert len(resources("AWS::KMS::Key")) == 1


def test_outputs_of_shared_notebooks_go_to_a_bucket_with_a_key(
    stack: cdk.Stack, network: DomainNetwork, bucket: Any, resources: Resources
) -> None:
    key = kms.Key(stack, "Key")
    sharing = NotebookSharing.to_bucket(bucket, encryption_key=key, prefix="shared")

    Domain(stack, "S", network=network, settings=UserSettings(notebook_sharing=sharing))

    users = only(resources("Domain"))["Properties"]["DefaultUserSettings"]
    assert users["SharingSettings"]["NotebookOutputOption"] == "Allowed"
    assert "shared" in str(users["SharingSettings"]["S3OutputPath"])


def test_a_sandbox_has_the_internet_and_no_groups(
    stack: cdk.Stack, vpc: ec2.IVpc, resources: Resources
) -> None:
    Domain(stack, "Studio", network=DomainNetwork.public_internet(vpc))

    made = only(resources("Domain"))["Properties"]
    assert made["AppNetworkAccessType"] == "PublicInternetOnly"
    assert "SecurityGroups" not in made["DefaultUserSettings"]
    assert not resources("AWS::EC2::SecurityGroup")


def test_an_imported_domain_has_the_arns_of_what_is_in_it(imported: DomainBase) -> None:
    arns = [
        str(cdk.Stack.of(imported).resolve(arn)).rpartition("111111111111:")[2].rstrip("']}")
        for arn in (*imported.resource_arns, imported.arn_for_app("churn"))
    ]

    assert arns == [
        "domain/d-0abc1def2ghi",
        "user-profile/d-0abc1def2ghi/*",
        "space/d-0abc1def2ghi/*",
        "app/d-0abc1def2ghi/*",
        "app/d-0abc1def2ghi/churn/*",
    ]


def test_users_of_identity_center_need_a_name_and_others_must_not_have_one(
    stack: cdk.Stack, network: DomainNetwork, resources: Resources
) -> None:
    domain = Domain(
        stack, "Studio", network=network, authentication=Authentication.identity_center()
    )
    UserProfile(
        stack, "Ada", domain=domain, user_profile_name="ada", identity_center_user="ada@example.com"
    )

    with pytest.raises(ValueError, match="identity_center_user: got none"):
        UserProfile(stack, "Grace", domain=domain, user_profile_name="grace")
    stack.node.try_remove_child("Grace")
    assert only(resources("Domain"))["Properties"]["AuthMode"] == "SSO"
    profile = only(resources("UserProfile"))["Properties"]
    assert profile["SingleSignOnUserIdentifier"] == "UserName"
    assert profile["SingleSignOnUserValue"] == "ada@example.com"

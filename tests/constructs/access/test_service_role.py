import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template
from cdk_nag import AwsSolutionsChecks

from mlops_constructs.access.service_role import Permission, ServiceRole


def role_with(stack: cdk.Stack, *permissions: Permission) -> ServiceRole:
    return ServiceRole(
        stack,
        "Role",
        service="codebuild.amazonaws.com",
        description="builds",
        permissions=permissions,
    )


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack")


def test_the_role_holds_exactly_the_permissions_inline(stack: cdk.Stack) -> None:
    role_with(stack, Permission(actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/key"]))

    template = Template.from_stack(stack)
    template.resource_count_is("AWS::IAM::Policy", 0)
    template.has_resource_properties(
        "AWS::IAM::Role",
        {
            "Path": "/sagemaker-projects/",
            "Policies": [
                {
                    "PolicyDocument": {
                        "Statement": [
                            {
                                "Action": "s3:GetObject",
                                "Effect": "Allow",
                                "Resource": "arn:aws:s3:::bucket/key",
                            }
                        ]
                    }
                }
            ],
        },
    )


def test_no_construct_can_widen_the_fixed_role(stack: cdk.Stack) -> None:
    permission = Permission(actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/key"])
    role = role_with(stack, permission)

    s3.Bucket(stack, "Bucket").grant_read_write(role.fixed)

    Template.from_stack(stack).resource_count_is("AWS::IAM::Policy", 0)


def test_a_reasoned_wildcard_leaves_no_finding_open(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Bucket")
    cdk.Validations.of(bucket).acknowledge(
        cdk.Acknowledgment(id="AwsSolutions-S1", reason="not the subject"),
        cdk.Acknowledgment(id="AwsSolutions-S10", reason="not the subject"),
    )
    role_with(
        stack,
        Permission(
            actions=["s3:GetObject"],
            resources=[bucket.arn_for_objects("data/*"), "*"],
            because="keys are not known",
        ),
    )

    assert AwsSolutionsChecks(stack).validate_scope(stack).success


def test_a_wildcard_that_is_added_later_is_still_found(stack: cdk.Stack) -> None:
    role = role_with(
        stack,
        Permission(
            actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/*"], because="keys vary"
        ),
    )
    role.add_to_policy(
        iam.PolicyStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::other/*"])
    )

    assert not AwsSolutionsChecks(stack).validate_scope(stack).success


def test_a_wildcard_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match=r"resource 'arn:aws:s3:::bucket/\*' has a wildcard"):
        Permission(actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/*"])


def test_an_action_with_a_wildcard_is_refused() -> None:
    with pytest.raises(ValueError, match=r"action 's3:Get\*' has a wildcard; name each action"):
        Permission(actions=["s3:Get*"], resources=["*"], because="whatever")


def test_a_permission_without_actions_or_resources_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no actions.*no resources"):
        Permission(actions=[], resources=[])

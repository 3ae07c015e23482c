import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Match, Template
from cdk_nag import AwsSolutionsChecks, HIPAASecurityChecks

from mlops_constructs.access import Permission, RolePolicies, ServiceRole
from mlops_constructs.access._managed_policies import MAX_POLICY_LENGTH, policy_size


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


def managed_policies(stack: cdk.Stack) -> dict[str, Any]:
    """The properties of the managed policies by their logical ids."""
    found = Template.from_stack(stack).find_resources("AWS::IAM::ManagedPolicy")
    return {name: policy["Properties"] for name, policy in found.items()}


def test_the_role_is_made_with_exactly_the_permissions_in_a_managed_policy(
    stack: cdk.Stack,
) -> None:
    role_with(stack, Permission(actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/key"]))

    ((name, policy),) = managed_policies(stack).items()
    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::IAM::Role",
        {
            "Path": "/ml-platform/",
            "ManagedPolicyArns": [{"Ref": name}],
            "Policies": Match.absent(),
        },
    )
    template.resource_count_is("AWS::IAM::Policy", 0)
    assert policy["Path"] == "/ml-platform/"
    assert "Roles" not in policy, "the policy is there before the role"
    assert policy["PolicyDocument"]["Statement"] == [
        {"Action": "s3:GetObject", "Effect": "Allow", "Resource": "arn:aws:s3:::bucket/key"}
    ]


def many(number: int) -> list[Permission]:
    """Permissions of about 2,100 characters each."""
    return [
        Permission(
            actions=["s3:GetObject"],
            resources=[f"arn:aws:s3:::bucket/{chr(97 + one)}{key:0>80}" for key in range(20)],
        )
        for one in range(number)
    ]


def test_permissions_beyond_the_size_of_a_policy_continue_in_the_next(stack: cdk.Stack) -> None:
    role_with(stack, *many(5))

    policies = managed_policies(stack)
    sizes = [
        len(json.dumps(one["PolicyDocument"], separators=(",", ":"))) for one in policies.values()
    ]
    assert len(sizes) == 3
    assert max(sizes) <= MAX_POLICY_LENGTH
    statements = [
        one for policy in policies.values() for one in policy["PolicyDocument"]["Statement"]
    ]
    assert len(statements) == 5
    (role,) = Template.from_stack(stack).find_resources("AWS::IAM::Role").values()
    assert role["Properties"]["ManagedPolicyArns"] == [{"Ref": name} for name in policies]


def test_more_policies_than_a_role_can_have_are_rejected(stack: cdk.Stack) -> None:
    role_with(stack, *many(20))
    with pytest.raises(ValueError, match="require 11 managed policies; allowed are 10"):
        ServiceRole(
            stack,
            "Large",
            service="codebuild.amazonaws.com",
            description="builds",
            permissions=many(21),
        )


def test_a_permission_that_no_policy_can_hold_is_rejected(stack: cdk.Stack) -> None:
    resources = [f"arn:aws:s3:::bucket/{key:0>80}" for key in range(80)]
    with pytest.raises(ValueError, match=r"'s3:GetObject'.*divide its actions or resources"):
        role_with(stack, Permission(actions=["s3:GetObject"], resources=resources))


def test_a_later_grant_is_a_managed_policy_that_may_name_the_role_itself(stack: cdk.Stack) -> None:
    role = role_with(stack, *many(1))
    granted = s3.Bucket(stack, "Bucket").grant_put(role)
    role.add_to_policy(iam.PolicyStatement(actions=["iam:PassRole"], resources=[role.role_arn]))
    waiting = cdk.CfnResource(stack, "Waiting", type="AWS::CloudFormation::WaitConditionHandle")
    granted.apply_before(waiting)

    template = Template.from_stack(stack)
    template.resource_count_is("AWS::IAM::Policy", 0)
    (name,) = [name for name, policy in managed_policies(stack).items() if "Roles" in policy]
    policy = managed_policies(stack)[name]
    (role_id,) = template.find_resources("AWS::IAM::Role")
    assert policy["Roles"] == [{"Ref": role_id}]
    assert len(policy["PolicyDocument"]["Statement"]) == 2
    template.has_resource("AWS::CloudFormation::WaitConditionHandle", {"DependsOn": [name]})


def test_what_waits_for_the_policies_of_a_role_waits_for_later_grants_too(
    stack: cdk.Stack,
) -> None:
    role = role_with(stack, *many(1))
    waiting = cdk.CfnResource(stack, "Waiting", type="AWS::CloudFormation::WaitConditionHandle")
    waiting.node.add_dependency(RolePolicies(stack, "RolePolicies", role=role))
    role.add_to_policy(iam.PolicyStatement(actions=["s3:ListAllMyBuckets"], resources=["*"]))

    template = Template.from_stack(stack)
    template.has_resource(
        "AWS::CloudFormation::WaitConditionHandle", {"DependsOn": sorted(managed_policies(stack))}
    )


def test_security_packs_find_no_inline_policy(stack: cdk.Stack) -> None:
    role = role_with(stack, *many(1))
    s3.Bucket.from_bucket_name(stack, "Bucket", "data").grant_put(role, "key")

    found = HIPAASecurityChecks(stack).validate_scope(stack)
    assert found.success, [one.rule_name for one in found.violations]


def test_a_value_that_only_the_deployment_knows_counts_as_a_long_one() -> None:
    arn = {"Fn::GetAtt": ["Bucket", "Arn"]}
    joined = {"Fn::Join": [":", ["arn", {"Ref": "AWS::Partition"}, arn, {"Ref": "Name"}]]}

    assert policy_size("abc") == len('"abc"')
    assert policy_size(arn) == 130
    assert policy_size(joined) == len('"arn:::"') + 10 + 128 + 64
    assert policy_size({"Resource": ["a", "b"]}) >= len('{"Resource":["a","b"]}')


def test_no_construct_can_widen_the_fixed_role(stack: cdk.Stack) -> None:
    permission = Permission(actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/key"])
    role = role_with(stack, permission)

    s3.Bucket(stack, "Bucket").grant_read_write(role.fixed)

    assert len(managed_policies(stack)) == 1


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


def test_a_wildcard_without_a_reason_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"resource 'arn:aws:s3:::bucket/\*' has a wildcard"):
        Permission(actions=["s3:GetObject"], resources=["arn:aws:s3:::bucket/*"])


def test_an_action_with_a_wildcard_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"action 's3:Get\*' has a wildcard; name each action"):
        Permission(actions=["s3:Get*"], resources=["*"], because="whatever")


def test_a_permission_without_actions_or_resources_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"no actions.*no resources"):
        Permission(actions=[], resources=[])

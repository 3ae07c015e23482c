"""Customer managed policies of stacks: conditions on them, and IAM's quotas."""

import json
from typing import Any

import pytest

POLICIES = "arn:aws:iam::111111111111:policy/"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
CAPABILITIES = ["CAPABILITY_NAMED_IAM"]


def policy(*, size: int = 0, **properties: Any) -> dict[str, Any]:
    resource = "arn:aws:s3:::bucket/" + "k" * size
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"Path": "/mine/", "PolicyDocument": document, **properties},
    }


def role(*arns: Any, **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Path": "/mine/",
            "AssumeRolePolicyDocument": TRUST,
            "ManagedPolicyArns": list(arns),
            **properties,
        },
    }


def attached(aws: Any, role_name: str) -> list[str]:
    found = aws.client("iam").list_attached_role_policies(RoleName=role_name)["AttachedPolicies"]
    return [one["PolicyArn"] for one in found]


def resource_id(aws: Any, stack: str, logical_id: str) -> str:
    detail = aws.client("cloudformation").describe_stack_resource(
        StackName=stack, LogicalResourceId=logical_id
    )
    name: str = detail["StackResourceDetail"]["PhysicalResourceId"]
    return name


def deletion(aws: Any, stack: str, **options: Any) -> dict[str, Any]:
    client = options.pop("client", None) or aws.client("cloudformation")
    stack_id = client.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    client.delete_stack(StackName=stack, **options)
    ended: dict[str, Any] = aws.settled(stack_id)
    return ended


def test_a_role_has_its_policies_from_the_start_and_a_change_is_a_new_version(aws: Any) -> None:
    iam = aws.client("iam")
    resources = {"Policy": policy(), "Role": role({"Ref": "Policy"})}
    stack = aws.deploy("with-policy", resources, Capabilities=CAPABILITIES)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    arn = resource_id(aws, "with-policy", "Policy")
    assert arn.startswith(f"{POLICIES}mine/")
    assert attached(aws, resource_id(aws, "with-policy", "Role")) == [arn]
    for size in range(1, 7):  # one more than the versions that IAM keeps
        resources = {**resources, "Policy": policy(size=size)}
        aws.deploy("with-policy", resources, update=True, Capabilities=CAPABILITIES)
    assert resource_id(aws, "with-policy", "Policy") == arn
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert len(versions) == 5
    (default,) = [one["VersionId"] for one in versions if one["IsDefaultVersion"]]
    current = iam.get_policy_version(PolicyArn=arn, VersionId=default)["PolicyVersion"]
    assert current["Document"]["Statement"][0]["Resource"].endswith("/kkkkkk")
    assert deletion(aws, "with-policy")["StackStatus"] == "DELETE_COMPLETE"


@pytest.mark.parametrize(
    ("resources", "reason"),
    [
        ({"It": policy(size=6_144)}, "Cannot exceed quota for PolicySize: 6144"),
        ({"It": role(f"{POLICIES}nobody")}, "does not exist or is not attachable"),
        (
            {
                **{f"P{n}": policy(size=n) for n in range(11)},
                "It": role(*({"Ref": f"P{n}"} for n in range(11))),
            },
            "Cannot exceed quota for PoliciesPerRole: 10",
        ),
    ],
)
def test_a_policy_that_iam_rejects_fails_the_stack(
    aws: Any, resources: dict[str, Any], reason: str
) -> None:
    stack = aws.deploy("rejected-policy", resources, Capabilities=CAPABILITIES)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert reason in stack["Reasons"][0]
    deletion(aws, "rejected-policy")


def test_a_policy_that_someone_else_uses_is_not_deleted(aws: Any) -> None:
    iam = aws.client("iam")
    aws.deploy("shared-policy", {"Policy": policy()}, Capabilities=CAPABILITIES)
    arn = resource_id(aws, "shared-policy", "Policy")
    iam.create_role(RoleName="borrower", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName="borrower", PolicyArn=arn)
    stack = deletion(aws, "shared-policy")
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert "Cannot delete a policy attached to entities" in " ".join(stack["Reasons"])
    iam.detach_role_policy(RoleName="borrower", PolicyArn=arn)
    assert deletion(aws, "shared-policy")["StackStatus"] == "DELETE_COMPLETE"
    iam.delete_role(RoleName="borrower")


def limited_role(aws: Any, boundary: str) -> str:
    """Returns a role for CloudFormation that may attach policies of one path within a boundary."""
    on_policies = ["iam:CreatePolicy", "iam:ListPolicyVersions", "iam:DeletePolicy"]
    conditions = {
        "StringEquals": {"iam:PermissionsBoundary": boundary},
        "ArnLike": {"iam:PolicyARN": f"{POLICIES}mine/*"},
    }
    arn: str = aws.role(
        "limited-launch",
        {"Service": "cloudformation.amazonaws.com"},
        {
            "Action": [*on_policies, "iam:DeletePolicyVersion"],
            "Resource": f"{POLICIES}mine/*",
        },
        {"Action": ["iam:CreateRole", "iam:DeleteRole", "iam:PutRolePermissionsBoundary"]},
        {"Action": ["iam:AttachRolePolicy", "iam:DetachRolePolicy"], "Condition": conditions},
    )
    return arn


def test_policies_are_attached_only_where_the_conditions_allow_it(aws: Any) -> None:
    document = json.dumps(policy()["Properties"]["PolicyDocument"])
    boundary = aws.client("iam").create_policy(PolicyName="limit", PolicyDocument=document)
    boundary = boundary["Policy"]["Arn"]
    launch = limited_role(aws, boundary)

    def deploy(name: str, of_role: dict[str, Any], of_policy: dict[str, Any]) -> dict[str, Any]:
        given = {"RoleARN": launch, "Capabilities": CAPABILITIES}
        found: dict[str, Any] = aws.deploy(name, {"Policy": of_policy, "Role": of_role}, **given)
        return found

    bounded = {"PermissionsBoundary": boundary}
    allowed = deploy("attached-within", role({"Ref": "Policy"}, **bounded), policy())
    assert allowed["StackStatus"] == "CREATE_COMPLETE", allowed["Reasons"]
    assert deletion(aws, "attached-within")["StackStatus"] == "DELETE_COMPLETE"
    itself = deploy("attached-itself", role(**bounded), policy(Roles=[{"Ref": "Role"}]))
    assert itself["StackStatus"] == "CREATE_COMPLETE", itself["Reasons"]
    without = deploy("attached-free", role({"Ref": "Policy"}), policy())
    assert "iam:AttachRolePolicy" in without["Reasons"][0]
    foreign = deploy("attached-foreign", role(boundary, **bounded), policy())
    assert "iam:AttachRolePolicy" in foreign["Reasons"][0]
    elsewhere = deploy("attached-elsewhere", role(**bounded), policy(Path="/other/"))
    assert "iam:CreatePolicy" in elsewhere["Reasons"][0]

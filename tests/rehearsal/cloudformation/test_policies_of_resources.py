"""DeletionPolicy and UpdateReplacePolicy, and deletions of what holds or serves something."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.stack_resources import message

CACHE = {
    "CacheNodeType": "cache.t3.micro",
    "Engine": "redis",
    "NumCacheNodes": 1,
    "VpcSecurityGroupIds": [],
}
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
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}],
}


def _resource(kind: str, *, policies: dict[str, str] | None = None, **properties: Any) -> Any:
    return {"Type": kind, "Properties": properties, **(policies or {})}


def _exists(aws: Any, name: str) -> bool:
    groups = aws.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return any(one["logGroupName"] == name for one in groups)


@pytest.mark.parametrize(
    ("policy", "stays"), [("Delete", False), ("Retain", True), ("RetainExceptOnCreate", True)]
)
def test_a_deletion_policy_decides_what_a_deleted_stack_leaves(
    aws: Any, policy: str, stays: bool
) -> None:
    name = f"left-by-{policy}"
    policies = {"DeletionPolicy": policy}
    group = _resource("AWS::Logs::LogGroup", policies=policies, LogGroupName=name)
    stack = aws.deploy(name, {"Group": group})
    aws.client("cloudformation").delete_stack(StackName=name)
    assert aws.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert _exists(aws, name) is stays


@pytest.mark.parametrize(("policy", "stays"), [("Delete", False), ("Retain", True)])
def test_an_update_replace_policy_decides_what_a_replacement_leaves(
    aws: Any, policy: str, stays: bool
) -> None:
    def group(name: str) -> Any:
        policies = {"UpdateReplacePolicy": policy, "DeletionPolicy": "Delete"}
        return {"Group": _resource("AWS::Logs::LogGroup", policies=policies, LogGroupName=name)}

    name = f"replaced-by-{policy}"
    aws.deploy(name, group(f"{name}-1"))
    assert aws.deploy(name, group(f"{name}-2"), update=True)["StackStatus"] == "UPDATE_COMPLETE"
    assert (_exists(aws, f"{name}-1"), _exists(aws, f"{name}-2")) == (stays, True)


def test_a_snapshot_that_nothing_makes_is_rejected_by_name(aws: Any) -> None:
    policies = {"DeletionPolicy": "Snapshot"}
    cache = _resource("AWS::ElastiCache::CacheCluster", policies=policies, **CACHE)
    with pytest.raises(ClientError) as raised:
        aws.deploy("snapshots", {"Cache": cache})
    assert "no snapshots of AWS::ElastiCache::CacheCluster" in message(raised)


def _failure_of_deletion(aws: Any, name: str) -> str:
    stack = aws.settled(name)
    aws.client("cloudformation").delete_stack(StackName=name)
    failed = aws.settled(stack["StackId"])
    assert failed["StackStatus"] == "DELETE_FAILED"
    return str(failed["Reasons"][-1])


def test_a_repository_with_images_is_not_deleted(aws: Any) -> None:
    resources = {"It": _resource("AWS::ECR::Repository", RepositoryName="full-repository")}
    aws.deploy("full-repository", resources)
    manifest = json.dumps({"schemaVersion": 2, "layers": []})
    ecr = aws.client("ecr")
    ecr.put_image(repositoryName="full-repository", imageManifest=manifest, imageTag="a")
    assert "is not empty" in _failure_of_deletion(aws, "full-repository")
    assert ecr.describe_repositories(repositoryNames=["full-repository"])["repositories"]


def test_a_role_with_policies_of_others_is_not_deleted(aws: Any) -> None:
    iam = aws.client("iam")
    role = _resource("AWS::IAM::Role", RoleName="used-role", AssumeRolePolicyDocument=TRUST)
    aws.deploy("used-role", {"It": role}, Capabilities=["CAPABILITY_NAMED_IAM"])
    document = json.dumps(POLICY)
    iam.put_role_policy(RoleName="used-role", PolicyName="mine", PolicyDocument=document)
    assert "must delete policies first" in _failure_of_deletion(aws, "used-role")
    iam.delete_role_policy(RoleName="used-role", PolicyName="mine")
    stack = aws.settled("used-role")
    aws.client("cloudformation").delete_stack(StackName="used-role")
    assert aws.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"


def test_a_subnet_and_a_group_in_use_are_not_deleted(aws: Any) -> None:
    ec2 = aws.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.55.0.0/16")["Vpc"]["VpcId"]
    resources = {
        "Subnet": _resource("AWS::EC2::Subnet", VpcId=vpc, CidrBlock="10.55.1.0/24"),
        "Group": _resource("AWS::EC2::SecurityGroup", VpcId=vpc, GroupDescription="any"),
    }
    outputs = {name: {"Value": {"Ref": name}} for name in resources}
    stack = aws.deploy("used-network", resources, outputs=outputs)
    given = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    ec2.create_network_interface(SubnetId=given["Subnet"], Groups=[given["Group"]])
    aws.client("cloudformation").delete_stack(StackName="used-network")
    failed = aws.settled(stack["StackId"])
    assert failed["StackStatus"] == "DELETE_FAILED"
    assert all("DependencyViolation" in reason for reason in failed["Reasons"][-2:])


@pytest.mark.parametrize(("policy", "snapshots"), [("Snapshot", 1), ("Delete", 0)])
def test_a_replaced_database_leaves_a_snapshot_if_its_policy_says_so(
    aws: Any, policy: str, snapshots: int
) -> None:
    def database(user: str) -> dict[str, Any]:
        policies = {"UpdateReplacePolicy": policy, "DeletionPolicy": "Delete"}
        made = _resource(
            "AWS::RDS::DBInstance",
            policies=policies,
            AllocatedStorage="20",
            DBInstanceClass="db.t3.micro",
            Engine="mysql",
            MasterUsername=user,
            MasterUserPassword="something-long",
        )
        return {"Database": made}

    name = f"database-{policy.lower()}"
    outputs = {"Id": {"Value": {"Ref": "Database"}}}
    stack = aws.deploy(name, database("first"), outputs=outputs)
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["Reasons"]
    before = stack["Outputs"][0]["OutputValue"]
    updated = aws.deploy(name, database("second"), outputs=outputs, update=True)
    assert updated["StackStatus"] == "UPDATE_COMPLETE", updated["Reasons"]
    assert updated["Outputs"][0]["OutputValue"] != before
    rds = aws.client("rds")
    found = rds.describe_db_snapshots(DBInstanceIdentifier=before)["DBSnapshots"]
    assert len(found) == snapshots

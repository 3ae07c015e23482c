"""Resources of stacks: creation, update, replacement, rollback, deletion."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.stack_resources import group, pipeline


def test_a_resource_is_made_with_a_generated_name_and_the_stack_tags(aws: Any) -> None:
    model = {"Type": "AWS::SageMaker::Model", "Properties": {"EnableNetworkIsolation": "true"}}
    outputs = {
        "Arn": {"Value": {"Ref": "Model"}},
        "Name": {"Value": {"Fn::GetAtt": ["Model", "ModelName"]}},
    }
    tags = [{"Key": "a", "Value": "b"}]
    stack = aws.deploy("generated", {"Model": model}, outputs=outputs, Tags=tags)
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    given = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert given["Name"].startswith("generated-Model-")
    assert given["Arn"].endswith(f":model/{given['Name'].lower()}")
    assert aws.client("sagemaker").list_tags(ResourceArn=given["Arn"])["Tags"] == tags


def test_a_tag_changes_in_place_and_a_name_replaces(aws: Any) -> None:
    sagemaker = aws.client("sagemaker")
    tags = [{"Key": "kept", "Value": "1"}, {"Key": "gone", "Value": "1"}]
    aws.deploy("replacing", {"Group": group("replacing-1", Tags=tags)})
    arn = sagemaker.describe_model_package_group(ModelPackageGroupName="replacing-1")[
        "ModelPackageGroupArn"
    ]
    changed = {"Group": group("replacing-1", Tags=[{"Key": "kept", "Value": "2"}])}
    assert aws.deploy("replacing", changed, update=True)["StackStatus"] == "UPDATE_COMPLETE"
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "kept", "Value": "2"}]
    renamed = {"Group": group("replacing-2")}
    assert aws.deploy("replacing", renamed, update=True)["StackStatus"] == "UPDATE_COMPLETE"
    assert sagemaker.describe_model_package_group(ModelPackageGroupName="replacing-2")
    with pytest.raises(ClientError):
        sagemaker.describe_model_package_group(ModelPackageGroupName="replacing-1")


def test_a_custom_named_resource_is_not_replaced_under_its_name(aws: Any) -> None:
    aws.deploy("named", {"Group": group("named", ModelPackageGroupDescription="one")})
    changed = {"Group": group("named", ModelPackageGroupDescription="two")}
    stack = aws.deploy("named", changed, update=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "custom-named resource requires replacing" in stack["Reasons"][0]


def test_an_update_that_fails_later_restores_our_resource(aws: Any) -> None:
    role = aws.role("pipeline-role", {"Service": "sagemaker.amazonaws.com"})
    sagemaker = aws.client("sagemaker")
    aws.deploy("restored", {"Pipeline": pipeline(role, "first")})
    failing = {
        "Pipeline": pipeline(role, "second"),
        "Late": {**group("broken"), "DependsOn": "Pipeline"},
    }
    stack = aws.deploy("restored", failing, update=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "an error of the toy" in stack["Reasons"][0]
    described = sagemaker.describe_pipeline(PipelineName="in-a-stack")
    assert described["PipelineDisplayName"] == "first"
    aws.client("cloudformation").delete_stack(StackName="restored")


def test_a_resource_that_is_gone_is_deleted_without_complaint(aws: Any) -> None:
    aws.deploy("already-gone", {"Group": group("already-gone")})
    aws.client("sagemaker").delete_model_package_group(ModelPackageGroupName="already-gone")
    client = aws.client("cloudformation")
    stack_id = client.describe_stacks(StackName="already-gone")["Stacks"][0]["StackId"]
    client.delete_stack(StackName="already-gone")
    assert aws.settled(stack_id)["StackStatus"] == "DELETE_COMPLETE"


def _exists(aws: Any, name: str) -> bool:
    try:
        aws.client("sagemaker").describe_model_package_group(ModelPackageGroupName=name)
    except ClientError:
        return False
    return True


@pytest.mark.parametrize(
    ("policy", "stays"), [("RetainExceptOnCreate", False), ("Retain", True), ("Delete", False)]
)
def test_a_creation_that_is_rolled_back_keeps_only_what_says_retain(
    aws: Any, policy: str, stays: bool
) -> None:
    name = f"undone-{policy}"
    failing = {
        "Kept": {**group(name), "DeletionPolicy": policy},
        "Late": {**group("broken"), "DependsOn": "Kept"},
    }
    assert aws.deploy(name, failing)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert _exists(aws, name) is stays


def test_an_update_that_is_rolled_back_deletes_what_it_had_made_and_keeps_the_rest(
    aws: Any,
) -> None:
    def kept(name: str) -> dict[str, Any]:
        return {**group(name), "DeletionPolicy": "RetainExceptOnCreate"}

    aws.deploy("grown", {"First": kept("grown-1")})
    failing = {
        "First": kept("grown-1"),
        "Second": kept("grown-2"),
        "Late": {**group("broken"), "DependsOn": "Second"},
    }
    stack = aws.deploy("grown", failing, update=True)
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert (_exists(aws, "grown-1"), _exists(aws, "grown-2")) == (True, False)


@pytest.mark.parametrize(
    ("policy", "stays"), [("RetainExceptOnCreate", True), ("Retain", True), ("Delete", False)]
)
def test_a_deleted_stack_leaves_what_is_to_be_retained(aws: Any, policy: str, stays: bool) -> None:
    name = f"left-{policy}"
    stack = aws.deploy(name, {"Kept": {**group(name), "DeletionPolicy": policy}})
    aws.client("cloudformation").delete_stack(StackName=name)
    assert aws.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert _exists(aws, name) is stays


def test_a_bucket_keeps_its_tags_and_its_objects(aws: Any) -> None:
    s3, client = aws.client("s3"), aws.client("cloudformation")
    tags = [{"Key": "team", "Value": "ml"}]
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "kept", "Tags": tags}}
    aws.deploy("bucket", {"Bucket": bucket})
    assert {"Key": "team", "Value": "ml"} in s3.get_bucket_tagging(Bucket="kept")["TagSet"]
    s3.put_object(Bucket="kept", Key="k", Body=b"x")
    client.delete_stack(StackName="bucket")
    stack = aws.settled("bucket")
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert "not empty" in " ".join(stack["Reasons"])
    s3.delete_object(Bucket="kept", Key="k")
    client.delete_stack(StackName="bucket")


def test_what_a_resource_needs_stays_while_it_cannot_be_deleted(aws: Any) -> None:
    """The key of a bucket with objects stays, as the objects need it."""
    s3, client, kms = aws.client("s3"), aws.client("cloudformation"), aws.client("kms")
    key = {"Fn::GetAtt": ["Key", "Arn"]}
    rule = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    encryption = {"ServerSideEncryptionConfiguration": [rule]}
    root = {"AWS": "arn:aws:iam::111111111111:root"}
    statement = {"Effect": "Allow", "Principal": root, "Action": "kms:*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    resources = {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": policy}},
        "Alone": group("nobody-needs-it"),
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"BucketName": "with-a-key", "BucketEncryption": encryption},
        },
    }
    outputs = {"Key": {"Value": {"Ref": "Key"}}}
    (output,) = aws.deploy("needed", resources, outputs=outputs)["Outputs"]

    def state() -> str:
        found = kms.describe_key(KeyId=output["OutputValue"])["KeyMetadata"]
        return str(found["KeyState"])

    s3.put_object(Bucket="with-a-key", Key="k", Body=b"x")
    client.delete_stack(StackName="needed")
    stack = aws.settled("needed")
    assert stack["StackStatus"] == "DELETE_FAILED"
    assert stack["StackStatusReason"].endswith("failed to delete: [Bucket].")
    assert state() == "Enabled"
    assert not _exists(aws, "nobody-needs-it")
    left = client.describe_stack_resources(StackName="needed")["StackResources"]
    assert {one["LogicalResourceId"] for one in left} == {"Bucket", "Key"}

    s3.delete_object(Bucket="with-a-key", Key="k")
    client.delete_stack(StackName=stack["StackId"])
    assert aws.settled(stack["StackId"])["StackStatus"] == "DELETE_COMPLETE"
    assert state() == "PendingDeletion"


def test_a_policy_of_a_missing_bucket_fails(aws: Any) -> None:
    document = {"Version": "2012-10-17", "Statement": []}
    properties = {"Bucket": "nowhere-at-all", "PolicyDocument": document}
    policy = {"Type": "AWS::S3::BucketPolicy", "Properties": properties}
    assert "does not exist" in aws.deploy("no-bucket", {"Policy": policy})["Reasons"][0]


def test_a_custom_resource_whose_function_dies_fails_at_once(aws: Any) -> None:
    role = aws.role("dying", {"Service": "lambda.amazonaws.com"})
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Role": role,
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Code": {"ZipFile": "def handler(event, context): raise ValueError('I died')"},
        },
    }
    token = {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}}
    started = time.monotonic()
    stack = aws.deploy(
        "dying",
        {"Function": function, "Custom": {"Type": "Custom::Dying", "Properties": token}},
        DisableRollback=True,
    )
    assert stack["StackStatus"] == "CREATE_FAILED"
    assert "I died" in " ".join(stack["Reasons"])
    assert time.monotonic() - started < 60


def test_a_resource_of_ours_shows_in_a_change_set_with_its_replacement(aws: Any) -> None:
    client = aws.client("cloudformation")
    aws.deploy("planned", {"Group": group("planned-1")})
    client.create_change_set(
        StackName="planned",
        ChangeSetName="rename",
        TemplateBody=json.dumps({"Resources": {"Group": group("planned-2")}}),
    )
    plan = client.describe_change_set(StackName="planned", ChangeSetName="rename")
    assert plan["Changes"][0]["ResourceChange"]["Replacement"] == "True"


def test_a_package_repository_is_rejected_by_name(aws: Any) -> None:
    """CodeArtifact's packages come from the internet, which the rehearsal does not have."""
    domain = {"Type": "AWS::CodeArtifact::Domain", "Properties": {"DomainName": "ml"}}

    with pytest.raises(ClientError, match=r"resource types: \[AWS::CodeArtifact::Domain\]"):
        aws.deploy("packages", {"Domain": domain})

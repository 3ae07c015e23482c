"""The roles of a bootstrapped account, for the account that it trusts and for others."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rehearsal.conftest import ACCOUNT as TRUSTED
from tests.rehearsal.conftest import PROJECT, REGION

TARGET, STRANGER = "333333333333", "444444444444"
TEMPLATE = PROJECT / "node_modules/aws-cdk/lib/api/bootstrap/bootstrap-template.yaml"
BUCKET = f"cdk-hnb659fds-assets-{TARGET}-{REGION}"
REPOSITORY = f"cdk-hnb659fds-container-assets-{TARGET}-{REGION}"
ROLES = ("deploy-role", "file-publishing-role", "image-publishing-role", "lookup-role")
PARAMETERS = {
    "TrustedAccounts": TRUSTED,
    "TrustedAccountsForLookup": TRUSTED,
    "CloudFormationExecutionPolicies": "arn:aws:iam::aws:policy/AdministratorAccess",
    "FileAssetsBucketKmsKeyId": "",  # a key of the bucket that the template makes
}


@pytest.fixture(scope="module")
def target(aws: Any) -> Any:
    client = aws.client("cloudformation", aws.session(TARGET))
    client.create_stack(
        StackName="CDKToolkit",
        TemplateBody=TEMPLATE.read_text(),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": value} for name, value in PARAMETERS.items()
        ],
    )
    made = aws.settled("CDKToolkit", client)
    assert made["StackStatus"] == "CREATE_COMPLETE", made["Reasons"]
    return aws


@pytest.fixture(scope="module")
def pipeline(aws: Any) -> Any:
    """A session of a role of the trusted account, as that of a pipeline."""
    return aws.person("bootstrap-pipeline", {"Action": "sts:AssumeRole"})


def assumed(aws: Any, pipeline: Any, name: str) -> Any:
    arn = f"arn:aws:iam::{TARGET}:role/cdk-hnb659fds-{name}-{TARGET}-{REGION}"
    sts = aws.client("sts", pipeline)
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="deployment")["Credentials"]
    return aws.session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


@pytest.mark.parametrize("name", ROLES)
def test_a_role_is_assumed_by_the_trusted_account_alone(
    target: Any, pipeline: Any, name: str
) -> None:
    assumed(target, pipeline, name)

    with pytest.raises(ClientError, match="AccessDenied"):
        assumed(target, target.session(STRANGER), name)


def test_files_are_published_with_the_key_of_the_bucket(target: Any, pipeline: Any) -> None:
    s3 = target.client("s3", assumed(target, pipeline, "file-publishing-role"))
    s3.get_bucket_location(Bucket=BUCKET)

    s3.put_object(Bucket=BUCKET, Key="asset", Body=b"content")

    assert s3.get_object(Bucket=BUCKET, Key="asset")["Body"].read() == b"content"
    owner = target.client("s3", target.session(TARGET))
    assert owner.head_object(Bucket=BUCKET, Key="asset")["ServerSideEncryption"] == "aws:kms"


def test_files_are_not_published_to_buckets_of_another_account(target: Any, pipeline: Any) -> None:
    target.client("s3").create_bucket(Bucket="of-another-account")
    s3 = target.client("s3", assumed(target, pipeline, "file-publishing-role"))

    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket="of-another-account", Key="asset", Body=b"")


def test_images_are_published_to_the_repository(target: Any, pipeline: Any) -> None:
    ecr = target.client("ecr", assumed(target, pipeline, "image-publishing-role"))

    ecr.get_authorization_token()
    ecr.describe_repositories(repositoryNames=[REPOSITORY])
    assert ecr.initiate_layer_upload(repositoryName=REPOSITORY)["uploadId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        ecr.delete_repository(repositoryName=REPOSITORY)


def test_the_lookup_role_reads_without_decryption(target: Any, pipeline: Any) -> None:
    session = assumed(target, pipeline, "lookup-role")

    target.client("ec2", session).describe_vpcs()
    target.client("s3", target.session(TARGET)).put_object(Bucket=BUCKET, Key="other", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        target.client("s3", session).get_object(Bucket=BUCKET, Key="other")


def test_the_deployment_role_deploys_with_the_execution_role(target: Any, pipeline: Any) -> None:
    client = target.client("cloudformation", assumed(target, pipeline, "deploy-role"))
    role = f"arn:aws:iam::{TARGET}:role/cdk-hnb659fds-cfn-exec-role-{TARGET}-{REGION}"

    found = target.deploy(
        "deployed-from-afar", {"Topic": {"Type": "AWS::SNS::Topic"}}, client=client, RoleARN=role
    )

    assert found["StackStatus"] == "CREATE_COMPLETE", found["Reasons"]

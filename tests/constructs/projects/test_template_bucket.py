from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Match, Template

from mlops_constructs.network import Network, NetworkUseCase
from mlops_constructs.projects import TemplateBucket


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "Stack")


def test_studio_may_use_the_bucket_from_the_browser(stack: cdk.Stack) -> None:
    TemplateBucket(stack, "Templates")

    Template.from_stack(stack).has_resource_properties(
        "AWS::S3::Bucket",
        {
            "CorsConfiguration": {
                "CorsRules": [
                    Match.object_like(
                        {
                            "AllowedOrigins": ["https://*.sagemaker.aws"],
                            "AllowedMethods": ["DELETE", "GET", "HEAD", "POST", "PUT"],
                            "ExposedHeaders": [
                                "ETag",
                                "x-amz-delete-marker",
                                "x-amz-id-2",
                                "x-amz-request-id",
                                "x-amz-server-side-encryption",
                                "x-amz-version-id",
                            ],
                        }
                    )
                ]
            },
            "VersioningConfiguration": {"Status": "Enabled"},
        },
    )


def test_requests_without_tls_are_denied(stack: cdk.Stack) -> None:
    TemplateBucket(stack, "Templates")

    Template.from_stack(stack).has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "PolicyDocument": {
                "Statement": [
                    Match.object_like(
                        {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
                    )
                ]
            }
        },
    )


def test_templates_are_read_from_the_given_networks_only(stack: cdk.Stack) -> None:
    TemplateBucket(stack, "Templates", allowed_cidrs=["203.0.113.0/24"])

    Template.from_stack(stack).has_resource_properties(
        "AWS::S3::BucketPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like(
                            {
                                "Effect": "Deny",
                                "Condition": Match.object_like(
                                    {
                                        "NotIpAddress": {"aws:SourceIp": ["203.0.113.0/24"]},
                                        "Bool": {"aws:ViaAWSService": "false"},
                                    }
                                ),
                            }
                        )
                    ]
                )
            }
        },
    )


def elsewhere(stack: cdk.Stack) -> Any:
    """Returns the condition under which the bucket denies reads."""
    (policy,) = Template.from_stack(stack).find_resources("AWS::S3::BucketPolicy").values()
    (denial,) = (
        statement
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == ["s3:GetObject", "s3:ListBucket"]
    )
    return denial["Condition"]


def test_users_inside_of_a_vpc_have_no_public_address(stack: cdk.Stack) -> None:
    network = Network.from_ids(
        stack,
        "Studio",
        vpc_id="vpc-0a1b2c3d",
        subnet_ids=["subnet-0a1b2c3d"],
        security_group_ids=["sg-0a1b2c3d"],
    )
    TemplateBucket(stack, "Templates", allowed_cidrs=["203.0.113.0/24"], allowed_vpcs=[network.vpc])

    condition = elsewhere(stack)
    assert condition["NotIpAddress"] == {"aws:SourceIp": ["203.0.113.0/24"]}
    assert condition["StringNotEquals"] == {"aws:SourceVpc": ["vpc-0a1b2c3d"]}


def test_a_vpc_may_be_the_only_place(stack: cdk.Stack) -> None:
    TemplateBucket(stack, "Templates", allowed_vpcs=[Network(stack, "Studio").vpc])

    condition = elsewhere(stack)
    assert "NotIpAddress" not in condition
    assert condition["StringNotEquals"]["aws:SourceVpc"]


def test_a_principal_that_creates_projects_reads_templates_with_their_tags(
    stack: cdk.Stack,
) -> None:
    bucket = TemplateBucket(stack, "Templates")
    user = iam.Role(stack, "User", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))

    bucket.grant_read(user)

    Template.from_stack(stack).has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        Match.object_like({"Action": "s3:ListBucket"}),
                        Match.object_like({"Action": ["s3:GetObject", "s3:GetObjectTagging"]}),
                        Match.object_like({"Action": "kms:Decrypt"}),
                    ]
                )
            }
        },
    )


def test_every_wrong_cidr_is_reported(stack: cdk.Stack) -> None:
    with pytest.raises(ValueError, match=r"'10.0.0.1/8'(.|\n)*'office'"):
        TemplateBucket(stack, "Templates", allowed_cidrs=["10.0.0.1/8", "office"])


def test_complaint_12_templates_are_published_from_inside_a_network(stack: cdk.Stack) -> None:
    """awslabs/aiops-modules#422: functions outside of a VPC cannot be deployed."""
    network = Network(stack, "Network", uses=[NetworkUseCase.FUNCTIONS])
    TemplateBucket(stack, "Templates", function_network=network)

    template = Template.from_stack(stack)
    functions = template.find_resources("AWS::Lambda::Function")
    (publisher,) = (one for name, one in functions.items() if "Publisher" in name)
    assert len(publisher["Properties"]["VpcConfig"]["SubnetIds"]) == 2
    assert set(publisher["DependsOn"]) >= set(template.find_resources("AWS::EC2::VPCEndpoint"))
    policies = str(template.find_resources("AWS::IAM::ManagedPolicy"))
    assert policies.count("ec2:CreateNetworkInterface") == 2


def test_the_publisher_is_not_in_a_network_by_default(stack: cdk.Stack) -> None:
    TemplateBucket(stack, "Templates")

    (function,) = Template.from_stack(stack).find_resources("AWS::Lambda::Function").values()
    assert "VpcConfig" not in function["Properties"]
    assert "DependsOn" not in function

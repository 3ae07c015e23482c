"""A registry in one account, deployments in others: policy, stores and events."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from mlops_constructs.model_registry import (
    ApprovalDeadLetterQueue,
    ApprovalEventBus,
    ModelPackageGroup,
    RegistrySharing,
)

OWN, STAGING, PRODUCTION, AUDIT = ("1" * 12, "2" * 12, "3" * 12, "4" * 12)
BUS = f"arn:aws:events:eu-west-1:{STAGING}:event-bus/approvals"


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(cdk.App(), "S", env=cdk.Environment(account=OWN, region="eu-west-1"))


def only(stack: cdk.Stack, resource_type: str) -> dict[str, Any]:
    found = assertions.Template.from_stack(stack).find_resources(resource_type)
    assert len(found) == 1
    properties: dict[str, Any] = next(iter(found.values()))["Properties"]
    return properties


def accounts_of(statement: dict[str, Any]) -> set[str]:
    """The accounts that a statement names."""
    principals = statement["Principal"]["AWS"]
    listed = principals if isinstance(principals, list) else [principals]
    return {
        account
        for account in (OWN, STAGING, PRODUCTION, AUDIT)
        if any(f"::{account}:root" in str(principal) for principal in listed)
    }


def test_training_accounts_may_add_versions_and_read_them(stack: cdk.Stack) -> None:
    ModelPackageGroup(
        stack,
        "G",
        model_package_group_name="churn",
        sharing=RegistrySharing(register=[STAGING], deploy=[PRODUCTION]),
    )

    policy = only(stack, "AWS::SageMaker::ModelPackageGroup")["ModelPackageGroupPolicy"]
    read, deploy, register = policy["Statement"]
    assert accounts_of(read) == {STAGING, PRODUCTION}
    assert accounts_of(deploy) == {PRODUCTION}
    assert (accounts_of(register), register["Action"]) == (
        {STAGING},
        "sagemaker:CreateModelPackage",
    )
    assert str(register["Resource"]["Fn::Join"][1][-1]).endswith(":model-package/churn/*")


def test_complaint_11_a_shared_group_names_accounts_actions_and_itself_alone(
    stack: cdk.Stack,
) -> None:
    ModelPackageGroup(
        stack,
        "G",
        model_package_group_name="Churn",
        sharing=RegistrySharing(read=[AUDIT], deploy=[STAGING, PRODUCTION], approve=[STAGING]),
    )

    policy = only(stack, "AWS::SageMaker::ModelPackageGroup")["ModelPackageGroupPolicy"]
    read, deploy, approve = policy["Statement"]
    assert accounts_of(read) == {AUDIT, STAGING, PRODUCTION}
    assert read["Action"] == [
        "sagemaker:DescribeModelPackage",
        "sagemaker:DescribeModelPackageGroup",
        "sagemaker:ListModelPackages",
    ]
    assert (accounts_of(deploy), deploy["Action"]) == (
        {STAGING, PRODUCTION},
        "sagemaker:CreateModel",
    )
    assert (accounts_of(approve), approve["Action"]) == ({STAGING}, "sagemaker:UpdateModelPackage")
    resources = [*read["Resource"], deploy["Resource"], approve["Resource"]]
    endings = [str(resource["Fn::Join"][1][-1]) for resource in resources]
    group, versions = f"{OWN}:model-package-group/churn", f"{OWN}:model-package/churn/*"
    expected = [group, versions, versions, versions]
    assert endings == [f":sagemaker:eu-west-1:{ending}" for ending in expected]


def test_a_principal_that_deploys_creates_models_from_versions_and_nothing_else(
    stack: cdk.Stack,
) -> None:
    role = f"arn:aws:iam::{PRODUCTION}:role/deploys"
    principal = iam.AccountPrincipal(PRODUCTION).with_conditions(
        {"ArnEquals": {"aws:PrincipalArn": role}}
    )
    ModelPackageGroup(
        stack,
        "G",
        model_package_group_name="Churn",
        sharing=RegistrySharing(deploy_principals=[principal]),
    )

    policy = only(stack, "AWS::SageMaker::ModelPackageGroup")["ModelPackageGroupPolicy"]
    (statement,) = policy["Statement"]
    assert accounts_of(statement) == {PRODUCTION}
    assert statement["Condition"] == {"ArnEquals": {"aws:PrincipalArn": role}}
    assert statement["Action"] == ["sagemaker:CreateModel", "sagemaker:DescribeModelPackage"]
    assert str(statement["Resource"]["Fn::Join"][1][-1]).endswith(":model-package/churn/*")


def test_levels_that_nobody_has_make_no_statement(stack: cdk.Stack) -> None:
    ModelPackageGroup(stack, "G", sharing=RegistrySharing(read=[AUDIT]))

    policy = only(stack, "AWS::SageMaker::ModelPackageGroup")["ModelPackageGroupPolicy"]
    assert [statement["Sid"] for statement in policy["Statement"]] == ["Read"]


@pytest.mark.parametrize(
    ("sharing", "problem"),
    [
        (RegistrySharing(), "sharing: got no account; give an account id or remove sharing"),
        (
            RegistrySharing(read=["22"]),
            "sharing read: got '22'; allowed is an account id of 12 digits",
        ),
        (RegistrySharing(deploy=[STAGING] * 2), f"sharing deploy: got {STAGING} more than once"),
        (RegistrySharing(approve=[OWN]), f"sharing approve: got {OWN}, the account of the group"),
        (
            RegistrySharing(read=[f"{number:012}" for number in range(101)]),
            "sharing: got 101 accounts; the policy has room for 100",
        ),
        (
            RegistrySharing(deploy_principals=[iam.AccountPrincipal(STAGING)] * 41),
            "sharing deploy_principals: got 41; the policy has room for 40",
        ),
    ],
)
def test_sharing_that_makes_no_sense_is_rejected(
    stack: cdk.Stack, sharing: RegistrySharing, problem: str
) -> None:
    with pytest.raises(ValueError, match="ModelPackageGroup S/G cannot be defined") as error:
        ModelPackageGroup(stack, "G", sharing=sharing)

    assert problem in str(error.value)


def test_a_policy_for_as_many_accounts_as_allowed_has_room(stack: cdk.Stack) -> None:
    """PutModelPackageGroupPolicy takes 20,480 characters."""
    accounts = [f"9{number:011}" for number in range(100)]
    name = "x" * 63
    ModelPackageGroup(
        stack,
        "G",
        model_package_group_name=name,
        sharing=RegistrySharing(
            read=accounts, deploy=accounts, approve=accounts, register=accounts
        ),
    )

    policy = only(stack, "AWS::SageMaker::ModelPackageGroup")["ModelPackageGroupPolicy"]
    filled = str(stack.resolve(policy)).replace("{'Ref': 'AWS::Partition'}", "aws-us-gov")
    assert len(filled) < 4 * 20_480  # with the joins of the template, which AWS never sees
    principals = 4 * 100 * len(f'"arn:aws-us-gov:iam::{accounts[0]}:root",')
    assert principals + 5 * 150 + 600 < 20_480


def test_complaint_11_the_stores_of_a_version_are_shared_with_who_deploys(
    stack: cdk.Stack,
) -> None:
    key = kms.Key(stack, "Key")
    bucket = s3.Bucket(stack, "Bucket", encryption_key=key)
    repository = ecr.Repository(stack, "Repository")
    group = ModelPackageGroup(
        stack, "G", sharing=RegistrySharing(read=[AUDIT], deploy=[PRODUCTION])
    )

    group.share_stores(model_data_bucket=bucket, image_repository=repository)

    of_bucket = only(stack, "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    of_image = only(stack, "AWS::ECR::Repository")["RepositoryPolicyText"]["Statement"]
    of_key = only(stack, "AWS::KMS::Key")["KeyPolicy"]["Statement"][1:]
    assert [statement["Action"] for statement in (*of_bucket, *of_image, *of_key)] == [
        "s3:GetObject",
        "s3:ListBucket",
        [
            "ecr:BatchCheckLayerAvailability",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
        ],
        ["kms:Decrypt", "kms:DescribeKey"],
    ]
    assert of_bucket[1]["Condition"] == {"StringLike": {"s3:prefix": "models/*"}}
    for statement in (*of_bucket, *of_image, *of_key):
        assert accounts_of(statement) == {PRODUCTION}


def test_complaint_11_a_store_whose_policy_is_not_ours_is_rejected_instead_of_skipped(
    stack: cdk.Stack,
) -> None:
    """The CDK drops a statement for an imported bucket without a word."""
    group = ModelPackageGroup(stack, "G", sharing=RegistrySharing(deploy=[PRODUCTION]))

    with pytest.raises(ValueError, match="share_stores: got an imported") as error:
        group.share_stores(
            model_data_bucket=s3.Bucket.from_bucket_name(stack, "Bucket", "models"),
            image_repository=ecr.Repository.from_repository_name(stack, "Repository", "churn"),
            encryption_keys=[
                kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111111111111:key/k")
            ],
        )
    assert [
        line.split("an imported ")[1].split(",")[0]
        for line in str(error.value).splitlines()
        if "imported" in line
    ] == ["bucket", "repository", "key"]


@pytest.mark.parametrize("sharing", [None, RegistrySharing(read=[AUDIT])])
def test_stores_are_shared_with_accounts_that_deploy(
    stack: cdk.Stack, sharing: RegistrySharing | None
) -> None:
    group = ModelPackageGroup(stack, "G", sharing=sharing)

    with pytest.raises(ValueError, match="S/G: share_stores: got no account that deploys"):
        group.share_stores()


def test_approvals_are_forwarded_with_a_role_that_can_do_nothing_else(stack: cdk.Stack) -> None:
    group = ModelPackageGroup(stack, "G", model_package_group_name="churn")
    bus = events.EventBus.from_event_bus_arn(stack, "Bus", BUS)
    key = kms.Key.from_key_arn(stack, "Key", f"arn:aws:kms:eu-west-1:{OWN}:key/k")
    lost = ApprovalDeadLetterQueue(stack, "Lost", encryption_key=key)

    group.forward_approvals("Forward", event_bus=bus, dead_letter_queue=lost)

    rule = only(stack, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail"] == {
        "ModelPackageGroupName": ["churn"],
        "ModelApprovalStatus": ["Approved", "Rejected"],
    }
    (target,) = rule["Targets"]
    assert target["Arn"] == BUS
    assert set(target) == {"Arn", "DeadLetterConfig", "Id", "RoleArn"}
    queue = only(stack, "AWS::SQS::Queue")
    assert queue == {"KmsMasterKeyId": key.key_arn, "MessageRetentionPeriod": 14 * 86_400}
    assert only(stack, "AWS::IAM::ManagedPolicy")["PolicyDocument"]["Statement"] == [
        {"Action": "events:PutEvents", "Effect": "Allow", "Resource": BUS}
    ]


def test_a_bus_takes_approvals_of_the_registry_alone(stack: cdk.Stack) -> None:
    bus = ApprovalEventBus(stack, "Bus", registry_accounts=[STAGING], event_bus_name="approvals")
    bus.on_approval(
        "Notify",
        model_package_group_name="churn",
        target=targets.SnsTopic(sns.Topic(stack, "Topic")),
    )

    statement = only(stack, "AWS::Events::EventBusPolicy")["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {
            "events:source": "aws.sagemaker",
            "events:detail-type": "SageMaker Model Package State Change",
        }
    }
    assert accounts_of(statement) == {STAGING}
    assert statement["Action"] == "events:PutEvents"
    rule = only(stack, "AWS::Events::Rule")
    assert rule["EventPattern"]["account"] == [STAGING]
    assert rule["EventBusName"] == {"Ref": stack.get_logical_id(bus.node.default_child)}  # type: ignore[arg-type]


def test_a_bus_also_matches_rejections_on_request(stack: cdk.Stack) -> None:
    bus = ApprovalEventBus(stack, "Bus", registry_accounts=[STAGING])

    bus.on_approval_status_change("Notify", model_package_group_name="churn")

    rule = only(stack, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail"]["ModelApprovalStatus"] == ["Approved", "Rejected"]
    assert rule["EventPattern"]["account"] == [STAGING]


def test_an_imported_group_listens_on_the_bus_that_it_is_forwarded_to(stack: cdk.Stack) -> None:
    arn = f"arn:aws:sagemaker:eu-west-1:{STAGING}:model-package-group/churn"
    group = ModelPackageGroup.from_model_package_group_arn(stack, "G", arn)
    bus = events.EventBus.from_event_bus_arn(stack, "Bus", BUS.replace(STAGING, OWN))

    group.on_approval("Notify", event_bus=bus)

    rule = only(stack, "AWS::Events::Rule")
    assert rule["EventBusName"] == "approvals"
    assert rule["EventPattern"]["account"] == [STAGING]


@pytest.mark.parametrize(
    ("accounts", "problem"),
    [([], "registry_accounts: got none"), (["22"], "registry_accounts: got '22'; allowed is")],
)
def test_a_bus_for_nobody_is_rejected(stack: cdk.Stack, accounts: list[str], problem: str) -> None:
    with pytest.raises(ValueError, match="ApprovalEventBus S/Bus cannot be defined") as error:
        ApprovalEventBus(stack, "Bus", registry_accounts=accounts)

    assert problem in str(error.value)

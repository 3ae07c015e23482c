"""Wildcards are acknowledged by the names that cdk-nag gives them, before and during synthesis."""

from collections.abc import Iterable

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks

from mlops_constructs.access import acknowledge_wildcards
from tests.judges import open_findings

ENVIRONMENT = cdk.Environment(account="111111111111", region="eu-west-1")


@pytest.fixture
def app() -> cdk.App:
    return cdk.App()


@pytest.fixture
def bucket(app: cdk.App) -> s3.IBucket:
    return s3.Bucket(cdk.Stack(app, "Stores", env=ENVIRONMENT), "Bucket")


def policy_for(app: cdk.App, resources: Iterable[str], acknowledged: Iterable[str]) -> cdk.Stack:
    stack = cdk.Stack(app, "Stack", env=ENVIRONMENT)
    policy = iam.ManagedPolicy(stack, "Policy")
    policy.add_statements(iam.PolicyStatement(actions=["s3:GetObject"], resources=list(resources)))
    acknowledge_wildcards(policy, resources=acknowledged, reason="the keys are dated")
    return stack


def test_a_wildcard_below_a_bucket_of_another_stack_is_known_before_and_after_synthesis(
    app: cdk.App, bucket: s3.IBucket
) -> None:
    dated = bucket.arn_for_objects("data/*")
    stack = policy_for(app, [dated], acknowledged=[dated])

    assert not open_findings(AwsSolutionsChecks, stack)
    app.synth()
    assert not open_findings(AwsSolutionsChecks, stack)


def test_a_wildcard_that_nobody_acknowledged_stays_open(app: cdk.App, bucket: s3.IBucket) -> None:
    dated, other = bucket.arn_for_objects("data/*"), bucket.arn_for_objects("models/*")
    stack = policy_for(app, [dated, other], acknowledged=[dated])

    app.synth()
    (finding,) = open_findings(AwsSolutionsChecks, stack)
    assert finding.endswith("/models/*] Stack/Policy/Resource")


def test_a_pack_that_is_a_plugin_of_the_app_finds_nothing_in_synthesis(
    app: cdk.App, bucket: s3.IBucket
) -> None:
    dated = bucket.arn_for_objects("data/*")
    stack = policy_for(app, [dated], acknowledged=[dated])
    for rule in ("S1", "S10"):
        cdk.Validations.of(app).acknowledge(
            cdk.Acknowledgment(id=f"AwsSolutions-{rule}", reason="not what this is about")
        )
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))

    assert app.synth().get_stack_by_name(stack.stack_name)


def test_a_wildcard_that_nobody_reviewed_is_still_reported(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Stack")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "artifacts")
    for prefix in ("reviewed", "new"):
        role.add_to_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"], resources=[bucket.arn_for_objects(f"{prefix}/*")]
            )
        )

    acknowledge_wildcards(
        role, resources=[bucket.arn_for_objects("reviewed/*")], reason="keys are dated"
    )

    findings = AwsSolutionsChecks(stack).validate_scope(stack)
    assert [violation.rule_name for violation in findings.violations] == [
        "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::artifacts/new/*]"
    ]


@pytest.mark.parametrize(
    "resource",
    [
        pytest.param(cdk.Fn.sub("arn:${AWS::Partition}:s3:::data/*"), id="a text with variables"),
        pytest.param(
            cdk.Fn.join("", [cdk.Fn.select(1, cdk.Fn.split("=", cdk.Aws.STACK_ID)), "/*"]),
            id="a part of a text",
        ),
        pytest.param(f"arn:aws:s3:::{cdk.Aws.ACCOUNT_ID}/*", id="a reference in a text"),
    ],
)
def test_a_resource_is_named_however_it_is_put_together(app: cdk.App, resource: str) -> None:
    assert not open_findings(AwsSolutionsChecks, policy_for(app, [resource], [resource]))

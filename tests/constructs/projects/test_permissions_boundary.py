"""The boundary of project roles, which allows the actions of one project and no more."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template
from ministack.core import iam_evaluator

from mlops_constructs.access._managed_policies import MAX_POLICY_LENGTH, policy_size
from mlops_constructs.projects import ProjectBoundary
from mlops_constructs.projects.boundary._boundary_permissions import confined
from mlops_constructs.projects.boundary.project_boundary import (
    EARLIER_ACTIONS,
    earlier_actions,
    role_actions,
)
from tests.constructs.projects.template_roles import ACCOUNT, PROJECT, REGION, Project
from tests.rehearsal.ministack.patched import install

TAG = "sagemaker:project-name"
NO_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/of-others"


def _policy(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """Returns the only managed policy of a template."""
    (found,) = (
        resource
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
    )
    return found  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def boundary(parametrised_template: Mapping[str, Any]) -> Mapping[str, Any]:
    """The policy document of the boundary, with literal values."""
    environment = cdk.Environment(account=ACCOUNT, region=REGION)
    stack = cdk.Stack(cdk.App(), "Stack", env=environment)
    ProjectBoundary(
        stack,
        "Boundary",
        templates=[parametrised_template],
        parameter_name="/mlops/test/boundary-arn",
    )
    template = Template.from_stack(stack).to_json()
    policy = _policy(template)
    document: Mapping[str, Any] = Project(template).resolved(policy["Properties"]["PolicyDocument"])
    return document


@pytest.fixture(autouse=True)
def _variables(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, "corrections.policy_variables")


def allows(
    boundary: Mapping[str, Any],
    action: str,
    resource: str,
    *,
    project: str | None = PROJECT,
    **keys: Any,
) -> bool:
    """Returns True if the boundary allows a project role an action; `keys` are condition keys."""
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/SP-1/session",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        service_context={name.lower(): value for name, value in keys.items()},
        principal_keys={} if project is None else {f"aws:principaltag/{TAG}": project},
    )
    policy = iam_evaluator.parse_policy_document(dict(boundary))
    return bool(iam_evaluator.evaluate(context, [policy]).decision == "Allow")


def test_whatever_a_role_of_a_project_may_do_is_within_the_boundary(
    boundary: Mapping[str, Any], templates: Sequence[Mapping[str, Any]]
) -> None:
    """A resource with a wildcard is within the boundary when the boundary's pattern covers it."""
    outside = [one for template in templates for one in outside_of(boundary, Project(template))]

    assert not outside


def outside_of(boundary: Mapping[str, Any], project: Project) -> list[str]:
    """Returns permissions of project roles that the boundary does not allow."""
    (deployment,) = [
        statement["Resource"]
        for _, statement in project.statements()
        if _given(statement).get("iam:PassedToService") == "cloudformation.amazonaws.com"
    ]
    return [
        f"{policy}: {action} on {resource}"
        for policy, statement in project.statements()
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
        if not allows(
            boundary,
            action,
            resource,
            **_given(statement),
            **{f"aws:ResourceTag/{key}": value for key, value in project.tags_of(resource).items()},
            **({"cloudformation:RoleArn": deployment} if action in _WITH_ROLE else {}),
        )
    ]


_WITH_ROLE = ("cloudformation:CreateStack", "cloudformation:UpdateStack")


def _given(statement: Mapping[str, Any]) -> dict[str, Any]:
    """The condition keys of a request that a statement lets through."""
    return {
        key: value[0] if isinstance(value, list) else value
        for conditions in statement.get("Condition", {}).values()
        for key, value in conditions.items()
    }


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_a_new_key_is_used_through_s3_before_kms_knows_its_tags(
    boundary: Mapping[str, Any],
) -> None:
    through_s3 = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
    context = "kms:EncryptionContext:aws:s3:arn"
    bucket = "arn:aws:s3:::sp-111111111111-p-abcdefghij"

    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert allows(boundary, action, NO_KEY, **through_s3, **{context: bucket})
        assert not allows(boundary, action, NO_KEY, **through_s3, **{context: "arn:aws:s3:::data"})
        assert not allows(boundary, action, NO_KEY, **{context: bucket})


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("cloudformation:DescribeStacks", "cloudformation:{here}:stack/churn-staging/1"),
        ("codecommit:GetBranch", "codecommit:{here}:churn-model-build"),
        ("codepipeline:StartPipelineExecution", "codepipeline:{here}:churn-model-deploy"),
        ("sagemaker:CreateModelPackage", "sagemaker:{here}:model-package-group/churn"),
        ("sagemaker:DescribeModelPackage", "sagemaker:{here}:model-package/churn/1"),
        ("sagemaker:DeleteEndpoint", "sagemaker:{here}:endpoint/churn-prod"),
        ("cloudwatch:PutMetricAlarm", "cloudwatch:{here}:alarm:churn-prod-errors"),
    ],
)
def test_a_role_reaches_its_own_project_and_no_other(
    boundary: Mapping[str, Any], action: str, resource: str
) -> None:
    own = f"arn:aws:{resource.format(here=f'{REGION}:{ACCOUNT}')}"

    assert allows(boundary, action, own)
    assert not allows(boundary, action, own.replace("churn", "fraud"))
    assert not allows(boundary, action, own, project=None)
    assert not allows(boundary, action, own, project="*")


def test_a_tagged_resource_is_that_of_the_project_of_its_tag(boundary: Mapping[str, Any]) -> None:
    build = f"arn:aws:codebuild:{REGION}:{ACCOUNT}:project/any"

    for action, resource in (("codebuild:StartBuild", build), ("kms:Decrypt", NO_KEY)):
        assert allows(boundary, action, resource, **{f"aws:ResourceTag/{TAG}": PROJECT})
        assert not allows(boundary, action, resource, **{f"aws:ResourceTag/{TAG}": "fraud"})
        assert not allows(boundary, action, resource)


def test_a_bucket_of_another_account_is_out_of_reach_whatever_its_name(
    boundary: Mapping[str, Any],
) -> None:
    of_buckets = [
        statement for statement in boundary["Statement"] if ":s3:::" in str(statement["Resource"])
    ]
    assert of_buckets
    for statement in of_buckets:
        assert statement["Condition"] == {"StringEquals": {"aws:ResourceAccount": ACCOUNT}}


def test_a_stack_changes_only_with_a_role_of_a_project(boundary: Mapping[str, Any]) -> None:
    stack = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/churn-staging/1"
    path = f"arn:aws:iam::{ACCOUNT}:role"
    key = "cloudformation:RoleArn"

    for action in _WITH_ROLE:
        assert allows(boundary, action, stack, **{key: f"{path}/sagemaker-projects/SP-1-Deploy"})
        assert not allows(boundary, action, stack)
        for other in ("cdk-cfn-exec-role", "sagemaker-projects/Project-fraud", "ml-platform/SP-1"):
            assert not allows(boundary, action, stack, **{key: f"{path}/{other}"})


def test_the_boundary_fits_into_a_policy_with_room_for_more(boundary: Mapping[str, Any]) -> None:
    """In the region with the longest name, with room for more actions of a template."""
    document = json.dumps(boundary).replace(REGION, "ap-southeast-1").replace(" ", "")

    assert len(document) <= MAX_POLICY_LENGTH - 500
    assert policy_size(boundary) <= MAX_POLICY_LENGTH


@pytest.mark.parametrize(
    ("group", "expected"), [(f"{PROJECT}_customers", True), (f"{PROJECT}2_customers", False)]
)
def test_feature_groups_are_those_of_the_project(
    boundary: Mapping[str, Any], group: str, *, expected: bool
) -> None:
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:feature-group/{group}"
    for action in ("BatchGetRecord", "CreateFeatureGroup", "DeleteFeatureGroup", "PutRecord"):
        assert allows(boundary, f"sagemaker:{action}", arn) is expected


def test_everything_of_iam_is_named(boundary: Mapping[str, Any]) -> None:
    actions = {one for each in boundary["Statement"] for one in _listed(each["Action"])}

    assert {one for one in actions if one.startswith("iam:")} == {
        "iam:CreateServiceLinkedRole",
        "iam:PassRole",
    }
    # Its token is good for what the role itself may do in CodeArtifact.
    assert {one for one in actions if one.startswith("sts:")} == {"sts:GetServiceBearerToken"}
    assert not [one for one in actions if one.startswith(("organizations:", "*"))]
    wide = {one for one in actions if "*" in one and one.startswith(("kms:", "iam:"))}
    assert wide == {"kms:*Grant*", "kms:ReEncrypt*"}


def test_grants_on_keys_are_for_aws_services_and_keys_are_those_of_the_project(
    boundary: Mapping[str, Any],
) -> None:
    for_aws = {"kms:GrantIsForAWSResource": "true"}
    for action in ("CreateGrant", "ListGrants", "RevokeGrant"):
        assert allows(boundary, f"kms:{action}", NO_KEY, **for_aws)
        assert not allows(boundary, f"kms:{action}", NO_KEY)
    for action in ("Encrypt", "ReEncryptFrom", "ReEncryptTo", "RetireGrant"):
        assert allows(boundary, f"kms:{action}", NO_KEY, **{f"aws:ResourceTag/{TAG}": PROJECT})
        assert not allows(boundary, f"kms:{action}", NO_KEY)


def test_every_role_of_a_project_has_the_tag_that_the_boundary_asks_for(
    parametrised_template: Mapping[str, Any],
) -> None:
    roles = [
        resource["Properties"]
        for resource in parametrised_template["Resources"].values()
        if resource["Type"] == "AWS::IAM::Role"
    ]
    assert roles
    for role in roles:
        tags = {tag["Key"]: tag["Value"] for tag in role["Tags"]}
        assert tags[TAG] == {"Ref": "SageMakerProjectName"}


def record_actions(path: Path, used: list[str]) -> None:
    """Adds actions to the file of those that templates have used; removes none."""
    path.write_text("".join(f"{one}\n" for one in sorted({*path.read_text().split(), *used})))


def test_no_action_that_a_template_has_used_is_ever_lost(
    templates: Sequence[Mapping[str, Any]], request: pytest.FixtureRequest
) -> None:
    """`pytest --record` with this file adds the actions of the template; nothing removes a line.

    A project keeps the roles of the template from which it was made, and loses what the boundary
    does not allow any more.
    """
    used = [action for template in templates for action in role_actions(template)]
    if request.config.getoption("--record"):
        record_actions(EARLIER_ACTIONS, used)

    assert set(used) <= set(earlier_actions())
    assert earlier_actions() == sorted(set(earlier_actions()))


def test_recording_only_adds(tmp_path: Path) -> None:
    file = tmp_path / "actions.txt"
    file.write_text("s3:GetObject\nsagemaker:CreateModel\n")

    record_actions(file, ["s3:GetObject", "s3:DeleteObject"])

    assert file.read_text().split() == ["s3:DeleteObject", "s3:GetObject", "sagemaker:CreateModel"]


def test_the_boundary_allows_what_only_an_earlier_template_used(
    boundary: Mapping[str, Any], parametrised_template: Mapping[str, Any], seed: Any
) -> None:
    stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(account=ACCOUNT, region=REGION))
    nothing: dict[str, Any] = {"Resources": {}}
    ProjectBoundary(
        stack, "Boundary", templates=[nothing], parameter_name="/mlops/test/boundary-arn"
    )
    policy = _policy(Template.from_stack(stack).to_json())

    assert Project(nothing).resolved(policy["Properties"]["PolicyDocument"]) == boundary


def test_an_action_whose_resources_are_unknown_is_rejected() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")

    with pytest.raises(ValueError, match=r"got roles that use \['rds:StartDBCluster'\]"):
        confined(stack, ["s3:GetObject", "rds:StartDBCluster"])


def test_a_project_whose_roles_could_create_roles_is_rejected() -> None:
    statement = {"Effect": "Allow", "Action": "iam:CreateRole", "Resource": "*"}
    policy = {"PolicyDocument": {"Statement": [statement]}}
    role = {"Type": "AWS::IAM::Role", "Properties": {"Policies": [policy]}}

    with pytest.raises(ValueError, match=r"got roles that use \['iam:CreateRole'\]"):
        ProjectBoundary(
            cdk.Stack(cdk.App(), "Stack"),
            "Boundary",
            templates=[{"Resources": {}}, {"Resources": {"Role": role}}],
            parameter_name="/mlops/test/boundary-arn",
        )


def test_a_boundary_without_templates_is_rejected() -> None:
    with pytest.raises(ValueError, match="templates: got none"):
        ProjectBoundary(
            cdk.Stack(cdk.App(), "Stack"),
            "Boundary",
            templates=[],
            parameter_name="/mlops/test/boundary-arn",
        )


def test_a_role_uses_a_connection_for_repositories_of_its_project_only(
    boundary: Mapping[str, Any],
) -> None:
    for service in ("codeconnections", "codestar-connections"):
        arn = f"arn:aws:{service}:{REGION}:{ACCOUNT}:connection/0c8f"
        key, action = f"{service}:FullRepositoryId", f"{service}:UseConnection"

        assert allows(boundary, action, arn, **{key: "acme/ml/churn-model-build"})
        assert not allows(boundary, action, arn, **{key: "acme/platform"})
        assert not allows(boundary, action, arn, **{key: "acme/fraud-model-build"})

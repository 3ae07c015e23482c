"""Project templates as products of Service Catalog."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk.assertions import Template
from constructs import Construct

from mlops_constructs.access._managed_policies import MAX_POLICY_LENGTH, policy_size
from mlops_constructs.projects import (
    LaunchRole,
    ProjectPortfolio,
    ProjectProduct,
    Seed,
)
from tests.constructs.projects.definitions import ENVIRONMENT, define_template

EARLIER = "a" * 64


def publish(scope: Construct, seed: Seed, **product: Any) -> ProjectProduct:
    template = define_template(scope, seed, description="Trains a model on tabular data")
    boundary = iam.ManagedPolicy.from_managed_policy_arn(
        scope, "Boundary", "arn:aws:iam::111111111111:policy/boundary"
    )
    return ProjectProduct(
        scope,
        "Product",
        template=template,
        portfolio=ProjectPortfolio(
            scope, "Portfolio", provider_name="ML platform", principals=["role/users/*"]
        ),
        launch_role=LaunchRole(
            scope, "LaunchRole", boundary=boundary, asset_bucket=template.asset_bucket
        ),
        **product,
    )


@pytest.fixture(scope="module")
def published(
    tmp_path_factory: pytest.TempPathFactory, seed: Seed
) -> tuple[ProjectProduct, Mapping[str, Any]]:
    app = cdk.App(outdir=str(tmp_path_factory.mktemp("assembly")))
    stack = cdk.Stack(app, "Stack", env=ENVIRONMENT)
    product = publish(stack, seed, earlier_versions=[EARLIER])
    person = iam.Role(stack, "Person", assumed_by=iam.AccountRootPrincipal())
    product.grant_create_project(person)
    return product, Template.from_stack(stack).to_json()


@pytest.fixture
def template(published: tuple[ProjectProduct, Mapping[str, Any]]) -> Mapping[str, Any]:
    return published[1]


def of_type(template: Mapping[str, Any], kind: str) -> dict[str, Any]:
    found = [
        one["Properties"]
        for one in template["Resources"].values()
        if one["Type"] == f"AWS::ServiceCatalog::{kind}"
    ]
    (properties,) = found
    return dict(properties)


def statements(template: Mapping[str, Any], prefix: str) -> Iterator[Mapping[str, Any]]:
    for logical_id, one in template["Resources"].items():
        if logical_id.startswith(prefix) and one["Type"] in (
            "AWS::IAM::ManagedPolicy",
            "AWS::IAM::Policy",
        ):
            yield from one["Properties"]["PolicyDocument"]["Statement"]


def allowing(template: Mapping[str, Any], prefix: str, action: str) -> list[Mapping[str, Any]]:
    return [
        one
        for one in statements(template, prefix)
        if action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    ]


def test_studio_lists_the_product(template: Mapping[str, Any]) -> None:
    product = of_type(template, "CloudFormationProduct")

    assert product["Name"] == "tabular-model"
    assert product["Owner"] == "ML platform"
    assert product["Description"] == "Trains a model on tabular data"
    assert product["Tags"] == [{"Key": "sagemaker:studio-visibility", "Value": "true"}]


def test_the_present_version_is_the_file_of_the_other_publication(
    published: tuple[ProjectProduct, Mapping[str, Any]],
) -> None:
    product, template = published
    (in_s3,) = (
        one["Properties"]
        for one in template["Resources"].values()
        if one["Type"] == "Custom::ProjectTemplate"
    )
    versions = of_type(template, "CloudFormationProduct")["ProvisioningArtifactParameters"]

    place = f"{in_s3['SourceBucket']}/{in_s3['SourceKey']}"
    assert place in str(versions[-1]["Info"]["LoadTemplateFromURL"])
    assert versions[-1]["Name"] == product.version_name == f"v-{product.version[:12]}"
    assert versions[-1]["DisableTemplateValidation"] is False


def test_an_earlier_version_keeps_its_name_and_address(
    published: tuple[ProjectProduct, Mapping[str, Any]],
) -> None:
    product, template = published
    earlier, present = of_type(template, "CloudFormationProduct")["ProvisioningArtifactParameters"]

    assert earlier["Name"] == "v-aaaaaaaaaaaa"
    was = str(present["Info"]).replace(product.version, EARLIER)
    assert was == str(earlier["Info"]) != str(present["Info"])


def test_versions_keep_their_ids_when_the_product_changes(template: Mapping[str, Any]) -> None:
    product = of_type(template, "CloudFormationProduct")

    assert not product.get("ReplaceProvisioningArtifacts")


def test_service_catalog_launches_it_with_the_launch_role(template: Mapping[str, Any]) -> None:
    constraint = of_type(template, "LaunchRoleConstraint")
    role = constraint["RoleArn"]["Fn::GetAtt"][0]
    trust = template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    trusted = {one["Principal"]["Service"] for one in trust}
    assert trusted == {"cloudformation.amazonaws.com", "servicecatalog.amazonaws.com"}


def test_the_launch_role_creates_stacks_of_products_and_no_others(
    template: Mapping[str, Any],
) -> None:
    (creating,) = allowing(template, "LaunchRole", "cloudformation:CreateStack")
    (reading,) = [
        one for one in allowing(template, "LaunchRole", "s3:GetObject") if one.get("Condition")
    ]

    assert "stack/SC-*" in str(creating["Resource"])
    assert reading["Condition"] == {
        "StringEquals": {"s3:ExistingObjectTag/servicecatalog:provisioning": "true"}
    }


@pytest.mark.parametrize(
    ("action", "name"),
    [
        ("ecr:CreateRepository", "repository/sc-*"),
        ("events:PutRule", "rule/SC-*"),
        ("logs:CreateLogGroup", "log-group:SC-*"),
        ("s3:CreateBucket", ":s3:::sc-*"),
    ],
)
def test_the_launch_role_may_make_what_is_named_after_the_stack_of_a_product(
    template: Mapping[str, Any], action: str, name: str
) -> None:
    resources = [str(one["Resource"]) for one in allowing(template, "LaunchRole", action)]

    assert any(name in resource for resource in resources)
    assert any(name.replace("sc-", "sp-").replace("SC-", "SP-") in one for one in resources)


def test_the_policies_of_the_launch_role_fit_the_quotas_of_iam(
    template: Mapping[str, Any],
) -> None:
    documents = [
        one["Properties"]["PolicyDocument"]
        for name, one in template["Resources"].items()
        if name.startswith("LaunchRole") and one["Type"] == "AWS::IAM::ManagedPolicy"
    ]

    assert len(documents) <= 10
    for document in documents:
        assert policy_size(document) <= MAX_POLICY_LENGTH


def test_principals_are_named_without_an_account(template: Mapping[str, Any]) -> None:
    access = of_type(template, "PortfolioPrincipalAssociation")

    assert access["PrincipalType"] == "IAM_PATTERN"
    assert "iam:::role/users/*" in str(access["PrincipalARN"])


def test_users_who_create_projects_can_change_only_these(template: Mapping[str, Any]) -> None:
    (creating,) = allowing(template, "Person", "sagemaker:CreateProject")
    (launching,) = allowing(template, "Person", "servicecatalog:ProvisionProduct")
    (ending,) = allowing(template, "Person", "servicecatalog:TerminateProvisionedProduct")

    assert ":project/*" in str(creating["Resource"])
    assert ":product/" in str(launching["Resource"])
    assert ending["Condition"] == {"StringEquals": {"servicecatalog:userLevel": "self"}}


def test_a_role_gets_access_by_itself() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    role = iam.Role.from_role_arn(stack, "Studio", "arn:aws:iam::111111111111:role/studio")
    ProjectPortfolio(stack, "Portfolio", provider_name="ML platform").give_access(role)

    access = of_type(Template.from_stack(stack).to_json(), "PortfolioPrincipalAssociation")
    assert access["PrincipalARN"] == "arn:aws:iam::111111111111:role/studio"
    assert access["PrincipalType"] == "IAM"


def test_all_problems_of_a_portfolio_are_reported_together() -> None:
    stack = cdk.Stack(cdk.App(), "Stack", env=cdk.Environment(region="mx-central-1"))
    names = [f"role/{number}" for number in range(9)]

    with pytest.raises(ValueError, match="ProjectPortfolio") as rejected:
        ProjectPortfolio(
            stack,
            "Portfolio",
            provider_name="x" * 51,
            display_name="",
            principals=[*names, "role/0", "arn:aws:iam::1:role/a", "*/a"],
        )

    for problem in (
        "provider_name: got 51 characters; allowed are 1 to 50",
        "display_name: got 0 characters; allowed are 1 to 100",
        "principals: got 'arn:aws:iam::1:role/a'",
        "principals: got '*/a'",
        "principals: got 12; allowed are up to 10",
        "principals: got duplicates",
        "got mx-central-1, where CloudFormation has no AWS::ServiceCatalog::Portfolio",
    ):
        assert problem in str(rejected.value)


@pytest.mark.parametrize(
    ("versions", "problem"),
    [
        (["v-1"], "earlier_versions: got 'v-1'; allowed is a former `version`"),
        ([EARLIER, EARLIER], "earlier_versions: got duplicates"),
    ],
)
def test_a_malformed_or_duplicate_version_is_rejected(
    versions: list[str], problem: str, seed: Seed, tmp_path: Path
) -> None:
    stack = cdk.Stack(cdk.App(outdir=str(tmp_path)), "Stack", env=ENVIRONMENT)

    with pytest.raises(ValueError, match=problem):
        publish(stack, seed, earlier_versions=versions)


def test_without_a_product_only_cloudformation_can_assume_the_launch_role() -> None:
    stack = cdk.Stack(cdk.App(), "Stack")
    assets = s3.Bucket.from_bucket_name(stack, "Assets", "assets")
    boundary = iam.ManagedPolicy.from_managed_policy_arn(
        stack, "Boundary", "arn:aws:iam::111111111111:policy/boundary"
    )
    LaunchRole(stack, "LaunchRole", boundary=boundary, asset_bucket=assets)

    text = str(Template.from_stack(stack).to_json())
    assert "servicecatalog" not in text
    assert "SC-*" not in text

"""Stacks of single sections, with other settings than those of every section."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Match, Template

import app
from stacks.settings import load_settings
from tests.stacks.sections import CONTEXT, FOLDER

ACCOUNT = 'accounts: {dev: {id: "111111111111", region: us-east-1}}\n'
EXISTING = """
network:
  existing:
    vpc_id: vpc-0a1b2c3d4e5f60718
    subnet_ids: [subnet-0a1b2c3d4e5f60718]
    security_group_ids: [sg-0a1b2c3d4e5f60718]
"""


def synthesise(folder: Path, settings: str, **files: str) -> dict[str, Template]:
    """Returns the templates of the stacks of settings for one account."""
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content)
    path = folder / "settings.yaml"
    path.write_text(ACCOUNT + settings)
    found = cdk.App(analytics_reporting=False, context=CONTEXT)
    app.add_all(found, load_settings(path), path.name)
    return {
        one.stack_name: Template.from_stack(one)
        for one in found.node.children
        if isinstance(one, cdk.Stack)
    }


def names(template: Template, kind: str, name: str) -> list[Any]:
    return [one["Properties"].get(name) for one in template.find_resources(kind).values()]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_the_foundation_is_part_of_each_account_that_needs_it(tmp_path: Path) -> None:
    found = synthesise(
        tmp_path, "budgets: [{name: all, monthly: 10, services: [Amazon SageMaker]}]"
    )

    assert sorted(found) == ["Budgets", "Foundation"]


def test_existing_access_logs_are_used(tmp_path: Path) -> None:
    found = synthesise(tmp_path, "logs: {access_bucket: company-access-logs}")["Foundation"]

    found.resource_count_is("AWS::S3::Bucket", 0)
    found.has_resource_properties("AWS::SSM::Parameter", {"Value": "company-access-logs"})


def test_alarms_reach_each_address_and_services_of_the_account_alone(tmp_path: Path) -> None:
    found = synthesise(tmp_path, "logs: {alarms: [a@example.com, b@example.com]}")["Foundation"]

    assert sorted(names(found, "AWS::SNS::Subscription", "Endpoint")) == [
        "a@example.com",
        "b@example.com",
    ]
    publishers = {
        service: one.get("Condition")
        for policy in names(found, "AWS::SNS::TopicPolicy", "PolicyDocument")
        for one in policy["Statement"]
        if one["Effect"] == "Allow"
        for service in listed(one["Principal"]["Service"])
    }
    own = {"StringEquals": {"aws:SourceAccount": "111111111111"}}
    assert publishers["budgets.amazonaws.com"] == own
    assert publishers["cloudwatch.amazonaws.com"] == own


def test_an_existing_network_has_no_stack(tmp_path: Path) -> None:
    found = synthesise(tmp_path, f"{EXISTING}studio: {{}}")

    assert "Network" not in found
    found["Studio"].has_resource_properties(
        "AWS::SageMaker::Domain",
        {
            "AppNetworkAccessType": "VpcOnly",
            "VpcId": "vpc-0a1b2c3d4e5f60718",
            "SubnetIds": ["subnet-0a1b2c3d4e5f60718"],
        },
    )


@pytest.mark.parametrize(
    ("network", "access"),
    [
        ("network: {uses: [studio]}", "VpcOnly"),
        ("network: {internet: {because: packages from PyPI}}", "VpcOnly"),
        ("network: {}", "PublicInternetOnly"),
    ],
)
def test_studio_is_confined_to_a_network_that_it_can_use(
    tmp_path: Path, network: str, access: str
) -> None:
    found = synthesise(tmp_path, f"{network}\nstudio: {{}}")["Studio"]

    found.has_resource_properties("AWS::SageMaker::Domain", {"AppNetworkAccessType": access})


def test_packages_come_from_code_artifact_in_a_network_for_them(tmp_path: Path) -> None:
    found = synthesise(tmp_path, "network: {uses: [studio, packages]}\nstudio: {}")

    found["Network"].has_resource_properties(
        "AWS::CodeArtifact::Domain", {"DomainName": "ml-platform"}
    )
    (script,) = names(
        found["Studio"], "AWS::SageMaker::StudioLifecycleConfig", "StudioLifecycleConfigContent"
    )
    assert "aws codeartifact login" in str(script)
    found["Studio"].has_resource_properties(
        "AWS::IAM::ManagedPolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [Match.object_like({"Action": "codeartifact:GetAuthorizationToken"})]
                )
            }
        },
    )


def test_the_sdk_has_the_role_bucket_network_key_and_tag_of_the_workspace(tmp_path: Path) -> None:
    found = synthesise(tmp_path, "network: {uses: [studio]}\nstudio: {}")["Studio"]

    (script,) = names(
        found, "AWS::SageMaker::StudioLifecycleConfig", "StudioLifecycleConfigContent"
    )
    text = str(script)
    for part in ("RoleArn", "DefaultS3Bucket", "VolumeKmsKeyId", "Subnets", "workspace"):
        assert part in text


def test_connections_name_the_page_where_they_are_authorised(tmp_path: Path) -> None:
    found = synthesise(tmp_path, "connections: [{name: team-git, provider: GitHub}]")["Connections"]

    found.has_output(
        "TeamGitAuthorise",
        {
            "Value": "https://us-east-1.console.aws.amazon.com/codesuite/settings/111111111111/"
            "us-east-1/connections",
            "Description": Match.string_like_regexp("team-git"),
        },
    )


def test_an_existing_connection_has_no_stack(tmp_path: Path) -> None:
    arn = "arn:aws:codeconnections:us-east-1:111111111111:connection/1-2"
    found = synthesise(
        tmp_path,
        f"connections: [{{name: git, provider: GitHub, existing_arn: '{arn}'}}]\nlogs: {{}}",
    )

    assert sorted(found) == ["Foundation"]


def test_users_have_the_role_of_their_persona(tmp_path: Path) -> None:
    settings = "network: {uses: [studio]}\nstudio: {people: people.yaml}"
    people = "ada: {role: data_scientist}\ngrace: {role: data_scientist}\nalan: {role: read_only}"
    found = synthesise(tmp_path, settings, people=people)["People"]

    roles = {
        one["Properties"]["UserProfileName"]: str(one["Properties"]["UserSettings"])
        for one in found.find_resources("AWS::SageMaker::UserProfile").values()
    }
    assert roles["ada"] == roles["grace"]
    assert "datascientist" in roles["ada"].lower()
    assert "readonly" in roles["alan"].lower()


def test_a_user_with_the_role_of_no_project_is_rejected_with_its_line(tmp_path: Path) -> None:
    settings = "network: {uses: [studio]}\nstudio: {people: people.yaml}"

    with pytest.raises(Exception, match=r"role: got .?churn/reviewer"):
        synthesise(tmp_path, settings, people="ada: {role: churn/reviewer}\n")


def test_a_feature_group_has_the_name_of_its_file_and_the_stores_of_the_settings(
    tmp_path: Path,
) -> None:
    schema = (FOLDER / "features" / "customers.yaml").read_text()
    found = synthesise(
        tmp_path,
        "feature_store: {groups: 'orders.yaml', online: {tier: in_memory}, offline: null}",
        orders=schema,
    )["FeatureStore"]

    found.has_resource_properties(
        "AWS::SageMaker::FeatureGroup",
        {
            "FeatureGroupName": "orders",
            "OnlineStoreConfig": Match.object_like({"StorageType": "InMemory"}),
            "OfflineStoreConfig": Match.absent(),
        },
    )


def test_a_budget_counts_its_tag_and_notifies_at_its_thresholds(tmp_path: Path) -> None:
    found = synthesise(
        tmp_path,
        "budgets: [{name: team, monthly: 500, tag: {key: owner, value: ml},"
        " thresholds: {actual: [50], forecasted: []}}]",
    )["Budgets"]

    (budget,) = found.find_resources("AWS::Budgets::Budget").values()
    properties = budget["Properties"]
    assert properties["Budget"]["CostFilters"] == {"TagKeyValue": ["user:owner$ml"]}
    assert [
        one["Notification"]["Threshold"] for one in properties["NotificationsWithSubscribers"]
    ] == [50]


def test_registry_groups_are_shared_with_the_accounts_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(
        'accounts: {dev: {id: "111111111111", region: us-east-1},'
        ' prod: {id: "333333333333", region: us-east-1}}\n'
        "registry: {in: dev, groups: [score], share_with: [prod]}\n"
    )
    found = cdk.App(analytics_reporting=False, context=CONTEXT)
    app.add_all(found, load_settings(path), path.name)
    (stack,) = (one for one in found.node.find_all() if isinstance(one, cdk.Stack))

    (group,) = (
        Template.from_stack(stack).find_resources("AWS::SageMaker::ModelPackageGroup").values()
    )
    policy = str(group["Properties"]["ModelPackageGroupPolicy"])
    assert "333333333333" in policy
    assert "sagemaker:CreateModel" in policy


def test_a_project_notifies_its_events_and_has_a_budget(tmp_path: Path) -> None:
    found = synthesise(
        tmp_path,
        "projects: [{name: churn, budget: {monthly: 80},"
        ' notifications: {emails: [a@example.com], "on": [rejected]}}]',
    )["Project-churn"]

    events = names(found, "AWS::CodeStarNotifications::NotificationRule", "EventTypeIds")
    assert events == [["codepipeline-pipeline-manual-approval-failed"]] * 2
    (budget,) = found.find_resources("AWS::Budgets::Budget").values()
    assert budget["Properties"]["Budget"]["CostFilters"] == {
        "TagKeyValue": ["user:sagemaker:project-name$churn"]
    }

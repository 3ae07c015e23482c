"""Steps of a deployment that need a user."""

from pathlib import Path
from typing import Any

import pytest

from stacks.plan.steps import Step, section_of_stack, steps
from stacks.plan.synthesis import SynthesisedStack
from stacks.settings import Settings, load_settings

CONFIG = Path("config/company.yaml")
SETTINGS = """
accounts:
  tooling: {id: "111111111111", region: eu-central-1, replicas: [eu-west-1]}
  dev: {id: "222222222222", region: eu-central-1}
  prod: {id: "333333333333", region: eu-central-1}
defaults: {permissions_boundary: OrgBoundary, qualifier: mlteam}
network: {in: dev}
studio:
  - {in: dev, federation: {profile_from: source_identity, principal: PROVIDER}}
projects:
  - name: churn
    in: dev
    personas: [reviewer]
    budget: {monthly: 800}
    notifications: {slack: [{name: ml, workspace_id: T0123, channel_id: C0123}]}
budgets: [{name: team, in: prod, monthly: 10, tag: {key: owner, value: ml}}]
platform_pipeline: {in: tooling, waves: [{accounts: [dev]}, {accounts: [prod]}]}
""".replace("PROVIDER", "arn:aws:iam::222222222222:saml-provider/company")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read(tmp_path, SETTINGS)


def read(folder: Path, text: str) -> Settings:
    path = folder / "settings.yaml"
    path.write_text(text)
    return load_settings(path)


def stack(name: str, account: str, *resources: dict[str, Any]) -> SynthesisedStack:
    return SynthesisedStack(
        path=name,
        stack_name=name,
        account=account,
        region="eu-central-1",
        resources={str(number): one for number, one in enumerate(resources)},
    )


def matching(found: list[Step], text: str) -> list[tuple[str, bool]]:
    return [(step.account, step.before) for step in found if text in step.text]


def test_each_account_and_region_is_bootstrapped_once(settings: Settings) -> None:
    found = steps(CONFIG, settings, [])

    assert [step.text for step in found if step.text.startswith("Bootstrap ")] == [
        "Bootstrap 111111111111 in eu-central-1 with credentials of this account.",
        "Bootstrap 111111111111 in eu-west-1 with credentials of this account.",
        "Bootstrap 222222222222 in eu-central-1 with credentials of this account.",
        "Bootstrap 333333333333 in eu-central-1 with credentials of this account.",
    ]
    assert found[0].commands == (
        "npx cdk synth --quiet --context config=config/company.yaml",
        "python -m stacks bootstrap cdk.out",
    )


def test_what_must_exist_comes_before_the_deployment(settings: Settings) -> None:
    found = steps(CONFIG, settings, [])

    assert matching(found, "OrgBoundary") == [("tooling", True), ("dev", True), ("prod", True)]
    assert matching(found, "saml-provider/company") == [("dev", True)]
    assert matching(found, "Slack workspace T0123") == [("dev", True)]
    assert matching(found, "Request SageMaker quotas") == [("dev", True)]
    assert [step.before for step in found] == sorted((s.before for s in found), reverse=True)


def test_tags_of_budgets_are_activated_after_the_deployment(settings: Settings) -> None:
    found = steps(CONFIG, settings, [])

    assert matching(found, "Activate sagemaker:project-name") == [("dev", False)]
    assert matching(found, "Activate owner") == [("prod", False)]


def test_connections_are_authorised_and_subscriptions_confirmed(settings: Settings) -> None:
    connection = {
        "Type": "AWS::CodeConnections::Connection",
        "Properties": {"ConnectionName": "github"},
    }
    mail = {
        "Type": "AWS::SNS::Subscription",
        "Properties": {"Protocol": "email", "Endpoint": "team@example.com"},
    }
    call = {
        "Type": "AWS::SNS::Subscription",
        "Properties": {"Protocol": "lambda", "Endpoint": "arn"},
    }
    found = steps(
        CONFIG,
        settings,
        [
            stack("Connections", "222222222222", connection),
            stack("Foundation", "333333333333", mail, call),
        ],
    )

    assert matching(found, "Authorise the connection github") == [("dev", False)]
    assert matching(found, "mails to team@example.com.") == [("prod", False)]


def test_users_of_identity_center_are_created_there(tmp_path: Path) -> None:
    text = SETTINGS[: SETTINGS.index("studio:")] + (
        "studio: {in: dev, authentication: identity_center}\n"
    )

    assert matching(steps(CONFIG, read(tmp_path, text), []), "Enable IAM Identity Center") == [
        ("dev", True)
    ]


def test_many_projects_need_a_higher_quota_of_roles(tmp_path: Path) -> None:
    accounts = SETTINGS[: SETTINGS.index("network:")]
    projects = "".join(f"  - {{name: p{number}, in: dev}}\n" for number in range(80))

    found = steps(CONFIG, read(tmp_path, f"{accounts}projects:\n{projects}"), [])

    assert matching(found, "more than 1,040 IAM roles") == [("dev", True)]


def test_a_stack_has_the_section_that_it_comes_from(settings: Settings) -> None:
    found = [
        section_of_stack(settings, stack(name, account))
        for name, account in (
            ("Project-churn", "222222222222"),
            ("Budgets", "333333333333"),
            ("PlatformPipelineArtifacts-eu-west-1", "111111111111"),
        )
    ]

    assert found == ["projects", "budgets", "platform_pipeline"]

"""References between sections: accounts, networks, connections, names and waves."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stacks.settings import Settings, SettingsError, load_settings

Read = Callable[[str], Settings]

ACCOUNTS = """
accounts:
  tooling: {id: "111111111111", region: eu-central-1}
  dev: {id: "222222222222", region: eu-central-1}
  prod: {id: "333333333333", region: eu-central-1}
  ireland: {id: "333333333333", region: eu-west-1}
"""
EXISTING = (
    "existing: {vpc_id: vpc-0a1b2c3d, subnet_ids: [subnet-0a1b2c3d], "
    "security_group_ids: [sg-0a1b2c3d]}"
)
CONNECTION = "arn:aws:codeconnections:eu-central-1:222222222222:connection/c-1"
STORES = (
    "{bucket: b-1, images: i, "
    "key: 'arn:aws:kms:us-east-1:111111111111:key/1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901'}"
)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reading(text: str) -> Settings:
        path = tmp_path / "settings.yaml"
        path.write_text(text)
        return load_settings(path)

    return reading


def message(read: Read, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("sections", "problem"),
    [
        (
            "projects: [{name: churn}]",
            "line 7: projects[0].in: missing; there are several accounts: tooling, dev, prod",
        ),
        (
            "projects: [{name: churn, in: qa}]",
            "line 7: projects[0].in: got 'qa' (text); allowed is the alias of an account: tooling",
        ),
        (
            "network: {in: [dev, qa]}",
            "network.in[1]: got 'qa' (text); allowed is the alias of an account",
        ),
        (
            "network:\n  - {in: dev}\n  - {in: qa}",
            "line 9: network[1].in: got 'qa' (text); allowed is the alias of an account",
        ),
        (
            "network: {in: dev, trusted: [qa]}",
            "network.trusted[0]: got 'qa' (text); allowed is the alias of an account",
        ),
        (
            "network: {in: dev, trusted: [dev]}",
            "network.trusted[0]: got 'dev' (text); allowed is another account than that of the",
        ),
        (
            f"network: {{in: [dev, prod], {EXISTING}}}",
            "network.in: an existing network is in one account; add an entry for each account",
        ),
        (
            f"network: {{in: dev, cidr: 10.1.0.0/16, {EXISTING}}}",
            "allowed is either existing, or the keys of a new network: cidr",
        ),
        (
            "network:\n  - {in: dev}\n  - {in: [dev, prod]}",
            "line 9: network[1]: the stack Network of dev is also that of network[0]; keep one of",
        ),
        (
            "registry: {in: dev, share_with: [prod, qa]}",
            "registry.share_with[1]: got 'qa' (text); allowed is the alias of an account",
        ),
        (
            "registry: {in: prod, share_with: [ireland]}",
            "registry.share_with[0]: got 'ireland' (text); allowed is another account than that of",
        ),
        (
            "projects: [{name: churn, in: dev, network: true}]",
            "projects[0].network: the account dev has no network; add it to `in` of `network`",
        ),
        (
            "project_templates: {in: dev, network: true}",
            "project_templates.network: the account dev has no network",
        ),
        (
            "network: {in: dev}\nprojects:\n  - name: churn\n    in: dev\n    network: true\n"
            "    stages: [{name: staging}, {name: prod, in: prod}]",
            "line 12: projects[0].stages[1].in: the account prod has no network, and the project",
        ),
        ("studio: {in: dev}", "studio: the account dev has no network"),
        (
            "projects: [{name: churn, in: dev, git: {connection: github, owner: acme}}]",
            "projects[0].git.connection: got 'github' (text); allowed is a connection of the "
            "section connections: none",
        ),
        (
            "connections: [{name: github, in: [tooling], provider: GitHub}]\n"
            "projects: [{name: churn, in: dev, git: {connection: github, owner: acme}}]",
            "projects[0].git.connection: the connection github is in tooling, and pipelines use "
            "connections of their account and region only; add dev to `in` of the connection",
        ),
        (
            "connections: [{name: github, in: prod, provider: GitHub}]\n"
            "project_templates:\n  in: ireland\n  templates:\n"
            "    - {name: a, git: {connection: github, owner: acme}}",
            "line 11: project_templates.templates[0].git.connection: the connection github is in "
            "prod",
        ),
        (
            "connections: [{name: c, in: tooling, provider: GitHub, "
            f"existing_arn: '{CONNECTION}'}}]",
            "allowed is a connection of the account 111111111111 in eu-central-1",
        ),
        (
            "connections:\n  - {name: c, in: dev, provider: GitHub}\n"
            "  - {name: c, in: [prod, dev], provider: GitHub}",
            "connections[1].name: got 'c' (text); allowed is each name once in dev; connections[0]",
        ),
        (
            "connections: [{name: c, in: dev, provider: GitLabSelfManaged}]",
            "connections[0]: got {'in': 'dev', 'name': 'c', 'provider': 'GitLabSelfManaged'} "
            "(mapping); allowed is host_arn with GitLabSelfManaged",
        ),
        (
            "projects: [{name: churn, in: dev}, {name: churn, in: dev}]",
            "projects[1].name: got 'churn' (text); allowed is each name once in 222222222222 and",
        ),
        (
            "projects:\n  - {name: a, in: dev, stages: [{name: b-c}]}\n"
            "  - {name: a-b, in: dev, stages: [{name: c}]}",
            "projects[1].stages[0].name: the stack a-b-c is also that of the project a",
        ),
        (
            "projects: [{name: churn, in: dev, stages: [{name: prod, in: ireland}]}]",
            "projects[0].stages[0].in: ireland is in eu-west-1, where pipelines of dev keep no "
            "artifacts; add eu-west-1 to `replicas` of dev",
        ),
        (
            "projects: [{name: churn, in: dev, mlflow: true}]",
            "projects[0].mlflow: the account dev has no studio with an MLflow app",
        ),
        (
            "projects: [{name: churn, in: dev, personas: [reviewer]}]",
            "projects[0].personas: the account dev has no studio",
        ),
        (
            f"projects: [{{name: churn, in: dev, removal: destroy, adopt: {STORES}}}]",
            "projects[0].adopt: removal: retain with adopt; adopted stores outlive the project",
        ),
        (
            "defaults: {removal: destroy}\n"
            f"projects: [{{name: churn, in: dev, adopt: {STORES}}}]",
            "projects[0].adopt: removal: retain with adopt",
        ),
        (
            "projects: [{name: churn, in: dev, adopt: true}]",
            "projects[0].adopt: got true, which YAML reads as true (yes/no value); allowed is "
            "false, or a mapping with bucket, key and images from the outputs of the deleted "
            "stack, which `python -m stacks adopt PROJECT` prints",
        ),
        (
            "project_templates:\n  - {in: prod, launch_role_name: Launch}\n"
            "  - {in: ireland, launch_role_name: Launch}",
            "project_templates[1].launch_role_name: got 'Launch' (text); allowed is each name once "
            "in the account 333333333333, in all regions",
        ),
        (
            "project_templates: {in: dev, templates: [{name: a, seed: robots}]}",
            "project_templates.templates[0].seed: got 'robots' (text); allowed is 'tabular'",
        ),
        (
            "budgets: [{name: all, in: dev, monthly: 10}]",
            "allowed is tag, services or both",
        ),
        (
            "platform_pipeline: {in: dev, waves: [{accounts: [dev, prod]}, {accounts: [dev]}]}",
            "waves[1].accounts[0]: got 'dev' (text); allowed is each account once; waves[0] has",
        ),
    ],
)
def test_a_wrong_reference_is_reported_with_its_place(
    read: Read, sections: str, problem: str
) -> None:
    text = message(read, f"{ACCOUNTS}{sections}\n")

    assert ": 1 problem\n" in text
    assert problem in text


def test_two_aliases_of_one_account_and_region_need_a_prefix(read: Read) -> None:
    accounts = """
accounts:
  staging: {id: "111111111111", region: eu-central-1}
  prod: {id: "111111111111", region: eu-central-1PREFIX}
project_templates: {in: [staging, prod]}
"""
    assert (
        "line 4: accounts.prod: 111111111111 in eu-central-1 is also staging, so stacks of both "
        "would have the same names; set `prefix` of prod or staging"
    ) in message(read, accounts.replace("PREFIX", ""))

    settings = read(accounts.replace("PREFIX", ", prefix: prod-"))

    assert [settings.account(alias).prefix for alias in settings.accounts] == ["", "prod-"]


def test_a_prefix_does_not_separate_projects_of_one_name(read: Read) -> None:
    """Their repositories and pipelines have the name of the project alone."""
    text = """
accounts:
  staging: {id: "111111111111", region: eu-central-1}
  prod: {id: "111111111111", region: eu-central-1, prefix: prod-}
projects: [{name: churn, in: staging}, {name: churn, in: prod}]
"""
    assert "projects[1].name: got 'churn' (text); allowed is each name once" in message(read, text)


def test_problems_of_values_and_references_are_reported_together_by_lines(read: Read) -> None:
    text = message(
        read,
        ACCOUNTS
        + "studio:\n  in: dev\n  colour: red\n"
        + "registry: {in: qa}\n"
        + "projects:\n  - {name: churn, in: qa, personas: [reviewer]}\n",
    )

    assert [line.strip(" -").split(":")[0:2] for line in text.split("\n")[1:]] == [
        ["line 9", " studio.colour"],
        ["line 10", " registry.in"],
        ["line 12", " projects[0].in"],
    ]


def test_an_invalid_section_does_not_make_the_references_to_it_invalid(read: Read) -> None:
    text = message(
        read,
        ACCOUNTS
        + "connections: [{name: github, in: dev, provider: Git}]\n"
        + "projects: [{name: churn, in: dev, git: {connection: github, owner: acme}}]\n",
    )

    assert ": 1 problem\n" in text
    assert "connections[0].provider: got 'Git' (text); allowed is 'AzureDevOps', " in text


def test_one_account_needs_no_in(read: Read) -> None:
    settings = read(
        'accounts: {dev: {id: "111111111111", region: eu-central-1}}\nprojects: [{name: churn}]\n'
    )

    (account,) = [settings.account_of(project) for project in settings.projects]
    assert (account.alias, account.id, account.region) == ("dev", "111111111111", "eu-central-1")


def test_more_projects_than_an_account_can_have_roles_for_are_rejected(read: Read) -> None:
    projects = "".join(f"  - {{name: p{number}, in: dev}}\n" for number in range(385))

    assert (
        "projects: the projects of 222222222222 have 5,005 IAM roles; allowed are 5,000"
        in message(read, f"{ACCOUNTS}projects:\n{projects}")
    )

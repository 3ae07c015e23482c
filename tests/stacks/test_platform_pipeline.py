"""The pipeline that deploys this repository: its settings, and its stack with two stages."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

import app
from stacks.settings import Settings, SettingsError, load_settings
from tests.judges import PACKS, checkov_findings, open_findings
from tests.stacks.conftest import ROOT, STRICT

ACCOUNTS = """
accounts:
  tooling: {id: "111111111111", region: eu-central-1}
  dev: {id: "222222222222", region: eu-central-1}
  prod: {id: "333333333333", region: eu-central-1}
"""
SECTIONS = """
projects: [{name: churn, in: dev}]
project_templates: {in: prod}
"""
PIPELINE = """
platform_pipeline:
  in: tooling
  waves:
    - {accounts: [dev]}
    - {accounts: [prod], approval: "Deploy?"}
"""
CONFIG = "config/company.yaml"


def settings_of(folder: Path, text: str = ACCOUNTS + SECTIONS + PIPELINE) -> Settings:
    path = folder / "company.yaml"
    path.write_text(text)
    return load_settings(path)


def app_of(settings: Settings) -> cdk.App:
    found = cdk.App(analytics_reporting=False, context=STRICT)
    app.add_all(found, settings, CONFIG)
    return found


def pipeline_stack(settings: Settings) -> cdk.Stack:
    for stack in app_of(settings).node.children:
        if stack.node.id == "PlatformPipeline" and isinstance(stack, cdk.Stack):
            return stack
    raise AssertionError("no pipeline")


def test_no_security_pack_reports_a_finding(
    tmp_path: Path,
) -> None:
    stack = pipeline_stack(settings_of(tmp_path))

    for pack in PACKS:
        assert not open_findings(pack, stack)
    template = tmp_path / "template"
    template.mkdir()
    (template / "PlatformPipeline.json").write_text(
        json.dumps(Template.from_stack(stack).to_json())
    )
    assert checkov_findings(template) == {"PlatformPipeline.json": []}


def test_a_creation_that_fails_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    resources = Template.from_stack(pipeline_stack(settings_of(tmp_path))).to_json()["Resources"]
    policies = [one.get("DeletionPolicy") for one in resources.values()]
    assert (policies.count("RetainExceptOnCreate"), policies.count("Retain")) == (3, 0)


def test_the_stages_have_the_same_stacks_and_names_as_a_direct_deployment(
    tmp_path: Path,
) -> None:
    stack = pipeline_stack(settings_of(tmp_path))

    template = Template.from_stack(stack)
    pipeline = next(iter(template.find_resources("AWS::CodePipeline::Pipeline").values()))
    deployed = {
        stage["Name"]: {
            action["Configuration"]["StackName"]
            for action in stage["Actions"]
            if action["ActionTypeId"]["Provider"] == "CloudFormation"
        }
        for stage in pipeline["Properties"]["Stages"]
    }
    assert deployed["Dev"] == {"Project-churn"}
    assert deployed["Prod"] == {"ProjectTemplates"}
    pinned = json.loads((ROOT / "package.json").read_text())["dependencies"]["aws-cdk"]
    text = json.dumps(template.to_json())
    assert f"aws-cdk@{pinned}" in text
    assert "npx cdk synth --quiet --context config=config/company.yaml" in text


def test_a_stage_in_another_region_has_the_artifacts_there(
    tmp_path: Path,
) -> None:
    accounts = ACCOUNTS.replace("central-1}", "central-1, replicas: [eu-west-1]}", 1)
    there = accounts.replace(
        '"333333333333", region: eu-central-1', '"333333333333", region: eu-west-1'
    )

    stack = pipeline_stack(settings_of(tmp_path, there + SECTIONS + PIPELINE))

    replica = stack.node.root.node.find_child("PlatformPipelineArtifacts-eu-west-1")
    assert isinstance(replica, cdk.Stack)
    assert (replica.account, replica.region) == ("111111111111", "eu-west-1")
    assert [one.node.id for one in stack.dependencies] == [replica.node.id]
    template = Template.from_stack(stack)
    (pipeline,) = template.find_resources("AWS::CodePipeline::Pipeline").values()
    regions = [store["Region"] for store in pipeline["Properties"]["ArtifactStores"]]
    assert regions == ["eu-central-1", "eu-west-1"]
    policies = json.dumps(Template.from_stack(replica).find_resources("AWS::S3::BucketPolicy"))
    assert ":iam::333333333333:role/cdk-hnb659fds-deploy-role-333333333333-eu-west-1" in policies


def test_without_settings_there_is_no_pipeline(tmp_path: Path) -> None:
    found = app_of(settings_of(tmp_path, ACCOUNTS + SECTIONS))

    assert [child.node.id for child in found.node.children] == ["tooling", "dev", "prod"]


def test_accounts_outside_of_the_waves_are_deployed_directly(tmp_path: Path) -> None:
    two = SECTIONS.replace("[{", "[{name: fraud, in: tooling}, {")
    text = ACCOUNTS + two + PIPELINE

    found = app_of(settings_of(tmp_path, text))

    assert [child.node.id for child in found.node.find_child("tooling").node.children] == [
        "Project-fraud"
    ]


def test_a_wave_deploys_several_accounts_together(tmp_path: Path) -> None:
    text = (
        ACCOUNTS + SECTIONS + "platform_pipeline: {in: tooling, waves: [{accounts: [dev, prod]}]}"
    )

    stack = pipeline_stack(settings_of(tmp_path, text))

    (pipeline,) = Template.from_stack(stack).find_resources("AWS::CodePipeline::Pipeline").values()
    (wave,) = [one for one in pipeline["Properties"]["Stages"] if one["Name"] == "DevProd"]
    deployed = {action["Configuration"].get("StackName") for action in wave["Actions"]}
    assert deployed == {"Project-churn", "ProjectTemplates"}


def test_an_existing_connection_is_the_source(tmp_path: Path) -> None:
    arn = "arn:aws:codeconnections:eu-central-1:111111111111:connection/c-1"
    text = (
        ACCOUNTS
        + SECTIONS
        + f"connections: [{{name: github, in: tooling, provider: GitHub, existing_arn: '{arn}'}}]"
        + PIPELINE
        + "  source: {connection: github, owner: acme, repository: platform}\n"
    )

    template = json.dumps(
        Template.from_stack(pipeline_stack(settings_of(tmp_path, text))).to_json()
    )

    assert arn in template
    assert '"acme/platform"' in template
    assert "AWS::CodeCommit::Repository" not in template


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("waves: []", "platform_pipeline.waves: got [] (list); allowed is a list of at least 1"),
        (
            "waves: [{accounts: [dev]}, {accounts: [dev], name: Again}]",
            "waves[1].accounts[0]: got 'dev' (text); allowed is each account once",
        ),
        (
            "waves: [{accounts: [dev]}, {accounts: [prod], name: Dev}]",
            "platform_pipeline.waves[1]: the name Dev is also that of waves[0]; set `name`",
        ),
        ("waves: [{accounts: [dev]}], branch: ''", "branch: got '' (text); allowed"),
        ("waves: [{accounts: [dev], approval: ''}]", "waves[0].approval: got ''"),
        (
            "source: {connection: x, owner: '', repository: ''}, waves: []",
            "platform_pipeline.source.owner: got '' (text); allowed is the user or organisation",
        ),
        (
            "source: {connection: x, owner: a, repository: b}, waves: [{accounts: [dev]}]",
            "source.connection: got 'x' (text); allowed is a connection of the section connections",
        ),
        ("", "platform_pipeline.waves: missing"),
        (
            "waves: [{accounts: [dev], name: dev}]",
            "allowed is up to 20 letters and digits, a capital letter first",
        ),
        (
            "waves: [{accounts: [dev], ask: x}]",
            "platform_pipeline.waves[0].ask: unknown key; allowed are accounts, name, approval",
        ),
        (
            "waves: [{accounts: [qa]}]",
            "platform_pipeline.waves[0].accounts[0]: got 'qa' (text); allowed is the alias of an "
            "account: tooling, dev, prod",
        ),
    ],
)
def test_an_invalid_pipeline_is_rejected_with_its_key(
    tmp_path: Path, content: str, problem: str
) -> None:
    text = f"{ACCOUNTS}{SECTIONS}platform_pipeline: {{in: tooling, {content}}}\n"
    with pytest.raises(SettingsError) as error:
        settings_of(tmp_path, text)
    assert problem in str(error.value)


def test_an_account_in_another_region_needs_a_replica(tmp_path: Path) -> None:
    there = ACCOUNTS.replace(
        '"333333333333", region: eu-central-1', '"333333333333", region: eu-west-1'
    )

    with pytest.raises(SettingsError, match=r"add eu-west-1 to `replicas` of tooling"):
        settings_of(tmp_path, there + SECTIONS + PIPELINE)

"""The pipeline that deploys this repository: its settings, and its stack with two stages."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

import app
from stacks.settings import Settings, SettingsError, load_settings
from stacks.stages import load_stages
from tests.judges import PACKS, checkov_findings, open_findings
from tests.stacks.conftest import ROOT, STRICT

ENVIRONMENT = 'environment: {account: "%s", region: eu-central-1}\n'
PIPELINE = """
platform_pipeline:
  stages:
    - {name: Staging, config: config/staging.yaml}
    - {name: Production, config: config/production.yaml, approval: "Deploy?"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the settings of a pipeline and of its two stages."""
    (tmp_path / "config").mkdir()
    write(tmp_path, "pipeline", "111111111111", PIPELINE)
    write(tmp_path, "staging", "222222222222", "projects: [{name: churn}]\n")
    write(tmp_path, "production", "333333333333", "project_templates: {}\n")
    return tmp_path


def write(folder: Path, name: str, account: str, more: str) -> None:
    (folder / f"config/{name}.yaml").write_text(ENVIRONMENT % account + more)


def pipeline_in(folder: Path) -> Settings:
    return load_settings(folder / "config/pipeline.yaml")


def pipeline_stack(folder: Path, monkeypatch: pytest.MonkeyPatch) -> cdk.Stack:
    monkeypatch.setattr(app, "ROOT", folder)
    found = cdk.App(analytics_reporting=False, context=STRICT)
    app.add_pipeline(found, pipeline_in(folder), "config/pipeline.yaml")
    stack = found.node.find_child("PlatformPipeline")
    assert isinstance(stack, cdk.Stack)
    return stack


def test_no_security_pack_reports_a_finding(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = pipeline_stack(folder, monkeypatch)

    for pack in PACKS:
        assert not open_findings(pack, stack)
    template = tmp_path / "template"
    template.mkdir()
    (template / "PlatformPipeline.json").write_text(
        json.dumps(Template.from_stack(stack).to_json())
    )
    assert checkov_findings(template) == {"PlatformPipeline.json": []}


def test_a_creation_that_fails_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resources = Template.from_stack(pipeline_stack(folder, monkeypatch)).to_json()["Resources"]
    policies = [one.get("DeletionPolicy") for one in resources.values()]
    assert (policies.count("RetainExceptOnCreate"), policies.count("Retain")) == (3, 0)


def test_the_stages_have_the_same_stacks_and_names_as_a_direct_deployment(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = pipeline_stack(folder, monkeypatch)

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
    assert deployed["Staging"] == {"Project-churn"}
    assert deployed["Production"] == {"ProjectTemplates"}
    pinned = json.loads((ROOT / "package.json").read_text())["dependencies"]["aws-cdk"]
    text = json.dumps(template.to_json())
    assert f"aws-cdk@{pinned}" in text
    assert "npx cdk synth --quiet --context config=config/pipeline.yaml" in text


def test_a_stage_in_another_region_has_the_artifacts_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "config/production.yaml").write_text(
        'environment: {account: "333333333333", region: eu-west-1}\nprojects: [{name: churn}]\n'
    )

    stack = pipeline_stack(folder, monkeypatch)

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


def test_without_settings_there_is_no_pipeline() -> None:
    found = cdk.App(analytics_reporting=False)
    app.add_pipeline(found, load_settings(ROOT / "config/rehearsal.yaml"), "config/rehearsal.yaml")
    assert not [child for child in found.node.children if isinstance(child, cdk.Stack)]


def error_of_the_stages(folder: Path) -> str:
    with pytest.raises(SettingsError) as error:
        load_stages(pipeline_in(folder), "config/pipeline.yaml", folder)
    return str(error.value)


@pytest.mark.parametrize(
    ("production", "twin"),
    [
        ("projects: [{name: fraud}, {name: churn}]", "the project churn"),
        ("project_templates: {}", "project_templates"),
    ],
)
def test_unique_resources_are_deployed_by_one_stage_only(
    folder: Path, production: str, twin: str
) -> None:
    write(folder, "staging", "222222222222", "projects: [{name: churn}]\nproject_templates: {}\n")
    write(folder, "production", "222222222222", production)

    assert error_of_the_stages(folder) == (
        "config/pipeline.yaml: the stages cannot be used\n"
        f"  - platform_pipeline.stages[1].config: config/production.yaml has {twin} for "
        "222222222222 in eu-central-1, and so has config/staging.yaml; allowed is one of them in "
        "each account and region"
    )


def test_the_pipeline_s_own_file_is_no_second_owner_of_a_stack(folder: Path) -> None:
    write(folder, "pipeline", "333333333333", PIPELINE + "project_templates: {}\n")

    assert "and so has config/pipeline.yaml" in error_of_the_stages(folder)


def test_stages_with_different_projects_share_an_account(folder: Path) -> None:
    write(folder, "production", "222222222222", "projects: [{name: fraud}]\n")

    assert len(load_stages(pipeline_in(folder), "config/pipeline.yaml", folder)) == 2


def test_two_regions_of_an_account_are_rejected_only_if_they_name_one_launch_role(
    folder: Path,
) -> None:
    for file, region in (("staging", "eu-central-1"), ("production", "eu-west-1")):
        place = f'environment: {{account: "222222222222", region: {region}}}\n'
        templates = "project_templates: {launch_role_name: ProjectsLaunchRole}\n"
        (folder / f"config/{file}.yaml").write_text(place + templates)

    with pytest.raises(SettingsError, match="ProjectsLaunchRole for 222222222222 in eu-west-1"):
        load_stages(pipeline_in(folder), "config/pipeline.yaml", folder)

    (folder / "config/production.yaml").write_text(place + "project_templates: {}\n")
    assert len(load_stages(pipeline_in(folder), "config/pipeline.yaml", folder)) == 2


def test_a_pipeline_of_a_stage_is_rejected(folder: Path) -> None:
    write(folder, "production", "333333333333", PIPELINE)

    assert "has a platform_pipeline, which a stage cannot have" in error_of_the_stages(folder)


def test_the_problems_of_all_stages_are_reported_with_their_places(folder: Path) -> None:
    (folder / "config/staging.yaml").unlink()
    write(folder, "production", "3", "projects: [{name: churn}]\n")

    text = error_of_the_stages(folder)

    assert (
        f"platform_pipeline.stages[0].config: {folder}/config/staging.yaml does not exist" in text
    )
    assert f"platform_pipeline.stages[1].config: {folder}/config/production.yaml: 1 problem" in text


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("stages: []", "platform_pipeline.stages: got [] (list); allowed is a list of at least 1"),
        (
            "stages: [{name: A, config: config/a.yaml}, {name: A, config: config/b.yaml}]",
            "allowed is each name once",
        ),
        (
            "branch: '', stages: [{name: A, config: config/a.yaml}]",
            "branch: got '' (text); allowed",
        ),
        ("stages: [{name: A, config: config/a.yaml, approval: ''}]", "stages[0].approval: got ''"),
        (
            "{source: {connection_arn: x, owner: '', repository: ''}, stages: []}",
            "platform_pipeline.source.owner: got '' (text); allowed is the user or organisation",
        ),
        ("{}", "platform_pipeline.stages: missing"),
        (
            "stages: [{name: staging, config: config/a.yaml}]",
            "allowed is up to 20 letters and digits, a capital letter first",
        ),
        (
            "stages: [{name: Staging, config: ../a.yaml}]",
            "platform_pipeline.stages[0].config: got '../a.yaml' (text); allowed is a file in",
        ),
        (
            "{source: {arn: x}, stages: [{name: Staging, config: config/a.yaml}]}",
            "platform_pipeline.source.arn: unknown key; allowed are connection_arn, owner",
        ),
        (
            "stages: [{name: Staging, config: config/a.yaml, ask: x}]",
            "platform_pipeline.stages[0].ask: unknown key; allowed are name, config, approval",
        ),
    ],
)
def test_an_invalid_pipeline_is_rejected_with_its_key(
    folder: Path, content: str, problem: str
) -> None:
    indented = content if content.startswith("{") else "{" + content + "}"
    write(folder, "pipeline", "111111111111", f"platform_pipeline: {indented}\n")
    with pytest.raises(SettingsError) as error:
        pipeline_in(folder)
    assert problem in str(error.value)

import json
from collections.abc import Callable
from pathlib import Path

import cfnlint  # type: ignore[import-untyped]
import pytest

from stacks.settings import DEFAULT_SETTINGS, SettingsError, load_settings
from stacks.settings.names import Removal
from stacks.settings.regions import REGIONS

ROOT = Path(__file__).parents[3]
GOOD = """
accounts:
  dev: {id: "111111111111", region: us-east-1}
"""
ARABIC_DIGITS = "\u0661" * 12
NEEDED_TYPES = {
    "AWS::CodeBuild::Project",
    "AWS::CodeCommit::Repository",
    "AWS::CodePipeline::Pipeline",
    "AWS::ECR::Repository",
    "AWS::SageMaker::Endpoint",
    "AWS::SageMaker::ModelPackageGroup",
    "AWS::SageMaker::Pipeline",
    "AWS::SageMaker::Project",
}

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: str) -> Path:
        path = tmp_path / "settings.yaml"
        path.write_text(content)
        return path

    return written


def message(path: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    return str(caught.value)


def test_the_default_exists() -> None:
    assert (ROOT / DEFAULT_SETTINGS).exists()


def test_state_is_retained_unless_the_file_says_otherwise(write: Write) -> None:
    path = write(GOOD + "project_templates: {}\nprojects: [{name: churn, removal: destroy}]")

    settings = load_settings(path)

    assert settings.defaults.removal is Removal.RETAIN
    assert settings.project_templates[0].removal is None
    assert settings.projects[0].removal is Removal.DESTROY


def test_a_project_without_an_id_gets_one_that_follows_from_its_name(write: Write) -> None:
    project = load_settings(write(GOOD + "projects: [{name: churn}]")).projects[0]

    assert project.project_id == "p-88b2072e3e17"
    assert len(project.project_id) <= 20


def test_one_message_contains_every_problem(write: Write) -> None:
    path = write(
        """
accounts:
  dev:
    id: 111111111111
    region: mars-north-1
    regoin: us-east-1
project_templates:
  removal: burn
  allowed_cidrs: [10.0.0.0/8, 10.0.0.1/8]
projects:
  - name: Churn
    id: p-123456789012345678901
"""
    )

    lines = message(path).splitlines()

    assert lines[0] == f"{path}: 7 problems"
    assert [": ".join(line.split(": ")[:2]).strip(" -") for line in lines[1:]] == [
        "line 4: accounts.dev.id",
        "line 5: accounts.dev.region",
        "line 6: accounts.dev.regoin",
        "line 8: project_templates.removal",
        "line 9: project_templates.allowed_cidrs[1]",
        "line 11: projects[0].name",
        "line 12: projects[0].id",
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (
            "accounts: {dev: {id: 111111111111, region: us-east-1}}",
            "accounts.dev.id: got 111111111111 (number); allowed is a text; put numbers in quotes",
        ),
        (
            GOOD + "network: {existing: {vpc_id: vpc-0a1b2c3d, subnet_ids: [x], "
            "security_group_ids: [sg-0a1b2c3d]}}",
            "network.existing.subnet_ids[0]: got 'x' (text); allowed is an id such as "
            "subnet-0a1b2c3d4e5f60718",
        ),
        (
            GOOD + "network: {existing: {vpc: a, vpc_id: vpc-0a1b2c3d, subnet_ids: "
            "[subnet-0a1b2c3d], security_group_ids: [sg-0a1b2c3d]}}",
            "network.existing.vpc: unknown key; allowed are vpc_id, subnet_ids, security_group_ids",
        ),
        (
            GOOD + "projects: [{name: churn, adopt: {bucket: b-1, key: alias/x, images: i}}]",
            "projects[0].adopt.key: got 'alias/x' (text); allowed is the ARN of a key",
        ),
        (
            GOOD + "projects: [{name: churn, removal: destroy, adopt: {bucket: b-1, images: i, "
            "key: 'arn:aws:kms:us-east-1:111111111111:key/1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901'}}]",
            "removal: retain with adopt; adopted stores outlive the project",
        ),
        (
            "accounts: {dev: {id: '1111', region: us-east-1}}",
            "accounts.dev.id: got '1111' (text); allowed is 12 digits in quotes, such as "
            '"111111111111"',
        ),
        (
            "accounts: {dev: {id: '111111111111', region: moon-1}}",
            "accounts.dev.region: got 'moon-1' (text); allowed is a region with SageMaker projects",
        ),
        (
            "accounts: {dev: {id: '111111111111'}}",
            "accounts.dev.region: missing; this key is required",
        ),
        (
            GOOD + "project_template: {}",
            "project_template: unknown key; allowed are accounts, defaults, logs",
        ),
        (
            GOOD + "projects: [{name: churn, colour: red}]",
            "projects[0].colour: unknown key; allowed are in, name, id, seed, git",
        ),
        (
            GOOD + "project_templates: {removal: burn}",
            "project_templates.removal: got 'burn' (text); allowed is 'retain' or 'destroy'",
        ),
        (
            GOOD + "project_templates: {allowed_cidrs: [10.0.0.1/8]}",
            "project_templates.allowed_cidrs[0]: got '10.0.0.1/8' (text); allowed is a CIDR block",
        ),
        (
            GOOD + "project_templates: {allowed_cidrs: 10.0.0.0/8}",
            "project_templates.allowed_cidrs: got '10.0.0.0/8' (text); allowed is a list",
        ),
        (
            GOOD + "project_templates: {service_catalog: {principals: [role/a], x: 1}}",
            "project_templates.service_catalog.x: unknown key; allowed are principals",
        ),
        (
            GOOD + "project_templates: {service_catalog: {principals: ['*/a']}}",
            "project_templates.service_catalog.principals[0]: got '*/a' (text); allowed is a role",
        ),
        (
            "accounts: {dev: {id: no, region: us-east-1}}",
            "accounts.dev.id: got no, which YAML reads as false (yes/no value); allowed is a "
            "text; put it in quotes",
        ),
        (
            f"accounts: {{dev: {{id: '{ARABIC_DIGITS}', region: us-east-1}}}}",
            "allowed is 12 digits in quotes",
        ),
        (
            "accounts: {dev: {id: '111111111111', region: 2026-11-29}}",
            "accounts.dev.region: got 2026-11-29 (date); allowed is a text; put it in quotes",
        ),
        (
            "accounts: {dev: {id: '111111111111', region: }}",
            "accounts.dev.region: got nothing; allowed is a text",
        ),
        (
            GOOD + "project_templates: {service_catalog: }",
            "project_templates.service_catalog.principals: missing; this key is required",
        ),
        (
            GOOD + "project_templates: {service_catalog: {principals: []}}",
            "project_templates.service_catalog.principals: got [] (list); allowed is a list of at "
            "least 1",
        ),
        (
            GOOD + "projects: [{name: churn}]\ndefaults: {tags: {'aws:x': a}}",
            "defaults.tags.aws:x: got 'aws:x' (text); allowed is up to 128 letters",
        ),
        (
            GOOD + "projects: [{name: churn}]\ndefaults: {prefix: -x}",
            "defaults.prefix: got '-x' (text); allowed is up to 20 letters",
        ),
        (
            GOOD + "projects: [churn]",
            "projects[0]: got 'churn' (text); allowed is a mapping",
        ),
        (
            GOOD + "projects: [{name: churn}, {name: churn}]",
            "allowed is each name once",
        ),
        (
            GOOD + "projects: [{name: Churn}]",
            "projects[0].name: got 'Churn' (text); allowed is up to 32 lower case letters",
        ),
    ],
)
def test_a_problem_names_its_key_what_was_got_and_what_is_allowed(
    write: Write, content: str, problem: str
) -> None:
    path = write(content)

    text = message(path)

    assert text.startswith(f"{path}: 1 problem\n")
    assert problem in text


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "got nothing; allowed is a mapping with the keys accounts"),
        ("- a", "got ['a'] (list); allowed is a mapping"),
        ("accounts: {", "  - line 1: is not YAML: "),
        (GOOD + "accounts: {}", "  - line 4: accounts: got a duplicate key"),
        (GOOD, "the file deploys nothing; add one of logs, network"),
        (GOOD + "projects:\n# - {name: churn}\n", "the file deploys nothing"),
        (GOOD + "projects: {{ projects }}", "got a list or mapping for a key"),
    ],
)
def test_a_file_without_settings_is_rejected(write: Write, content: str, problem: str) -> None:
    assert problem in message(write(content))


def test_a_section_whose_keys_are_comments_has_every_default(write: Write) -> None:
    settings = load_settings(write(GOOD + "project_templates:\n  # removal: destroy\ndefaults:\n"))

    (templates,) = settings.project_templates
    assert templates.removal is None
    assert settings.defaults.removal is Removal.RETAIN
    assert settings.defaults.tags == {}


def test_a_section_that_is_null_is_none(write: Write) -> None:
    settings = load_settings(write(GOOD + "project_templates: null\nprojects: [{name: churn}]\n"))

    assert settings.project_templates == []


def test_settings_can_be_shared_within_a_file(write: Write) -> None:
    path = write(
        GOOD + "projects:\n"
        "  - &kept {name: churn, removal: retain}\n"
        "  - {<<: *kept, name: fraud, removal: destroy}\n"
        "  - {<<: *kept, name: price}\n"
    )

    found = [(project.name, str(project.removal)) for project in load_settings(path).projects]

    assert found == [("churn", "retain"), ("fraud", "destroy"), ("price", "retain")]


def test_a_missing_file_is_rejected_with_the_way_to_specify_one(tmp_path: Path) -> None:
    assert "does not exist; specify a settings file" in message(tmp_path / "none.yaml")


def test_the_regions_are_those_where_cloudformation_has_all_types() -> None:
    schemas = Path(cfnlint.__file__).parent / "data" / "schemas" / "providers"
    complete = {
        path.stem
        for path in schemas.glob("*-*.json")
        if json.loads(path.read_text()).keys() >= NEEDED_TYPES
    }
    assert set(REGIONS) == complete


def test_a_launch_role_that_exists_is_of_the_account_and_needs_no_name(write: Write) -> None:
    role = "arn:aws:iam::{}:role/ProjectsLaunchRole"

    both = f"{{launch_role_arn: {role.format('111111111111')}, launch_role_name: Mine}}"
    assert "allowed is either launch_role_name, which creates a role, or" in message(
        write(f"{GOOD}project_templates: {both}")
    )
    of_another = f"{{launch_role_arn: {role.format('222222222222')}}}"
    assert "allowed is a role of the account 111111111111" in message(
        write(f"{GOOD}project_templates: {of_another}")
    )


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("launch_role_name: launch role", "launch_role_name: got 'launch role' (text); allowed"),
        ("launch_role_arn: ProjectsLaunchRole", "launch_role_arn: got 'ProjectsLaunchRole' (text)"),
    ],
)
def test_a_malformed_role_is_rejected(write: Write, setting: str, expected: str) -> None:
    assert expected in message(write(f"{GOOD}project_templates: {{{setting}}}"))

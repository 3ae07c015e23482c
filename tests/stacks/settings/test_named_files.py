"""Files that settings name: users, feature schemas and scripts, validated with their lines."""

from pathlib import Path

import pytest

from stacks.settings import SettingsError, load_settings
from stacks.settings.named_files import feature_files

SETTINGS = """
accounts: {dev: {id: "111111111111", region: eu-central-1}}
network: {}
studio:
  people: people.yaml
  script: jupyter.sh
  spaces: [{name: team, owner: ada}]
projects: [{name: churn, personas: [reviewer]}]
feature_store: {groups: features/*.yaml}
"""
PEOPLE = "ada:\n  role: churn/reviewer\ngrace:\n  role: read_only\nkatherine:\n"
SCHEMA = "record_identifier: id\nevent_time: at\nfeatures: {id: string, at: string}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "features").mkdir()
    for name, text in {
        "settings.yaml": SETTINGS,
        "people.yaml": PEOPLE,
        "jupyter.sh": "echo\n",
        "features/customers.yaml": SCHEMA,
    }.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def message(folder: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(folder / "settings.yaml")
    return str(caught.value)


def test_files_are_relative_to_the_settings(folder: Path) -> None:
    settings = load_settings(folder / "settings.yaml")

    assert settings.studio[0].people == str(folder / "people.yaml")
    assert settings.studio[0].script == str(folder / "jupyter.sh")
    assert feature_files(settings.feature_store[0]) == [folder / "features/customers.yaml"]


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("people.yaml", "ada: {rol: x}", "people.yaml:1: ada.rol: got 'rol'; allowed are role"),
        (
            "people.yaml",
            "ada:\n  role: churn/owner\n",
            "people.yaml:1: ada: role: got 'churn/owner'; allowed are data_scientist, "
            "ml_engineer, reviewer, read_only, churn/reviewer",
        ),
        (
            "people.yaml",
            "ada: {identity_center_user: ada}\n",
            "people.yaml:1: ada: identity_center_user is allowed only with authentication: "
            "identity_center",
        ),
        (
            "people.yaml",
            "grace:\n",
            "line 7: studio.spaces[0].owner: got 'ada' (text); allowed is a user of ",
        ),
        ("people.yaml", "ada: {{ user }}", "people.yaml:1: ada: got a list or mapping for a key"),
        ("people.yaml", None, "people.yaml: cannot be read (No such file or directory)"),
        ("jupyter.sh", None, "line 6: studio.script: "),
        ("jupyter.sh", "", "has 0 bytes; allowed are 1 to 12,288"),
        ("jupyter.sh", "x" * 12289, "has 12,289 bytes; allowed are 1 to 12,288"),
        ("features/customers.yaml", None, "feature_store.groups: got 'features/*.yaml' (text)"),
        (
            "features/customers.yaml",
            SCHEMA.replace("at: string", "at: text"),
            "customers.yaml:3: feature 'at': got type 'text'; allowed are string",
        ),
    ],
)
def test_a_problem_of_a_file_is_reported_with_its_line(
    folder: Path, file: str, content: str | None, problem: str
) -> None:
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)

    text = message(folder)

    assert ": 1 problem\n" in text
    assert problem in text


def test_users_of_identity_center_have_their_names_there(folder: Path) -> None:
    settings = SETTINGS.replace("studio:", "studio:\n  authentication: identity_center")
    (folder / "settings.yaml").write_text(settings)

    assert "ada: identity_center_user is required with authentication: identity" in message(folder)


def test_files_of_one_name_would_be_one_feature_group(folder: Path) -> None:
    (folder / "features/more").mkdir()
    (folder / "features/more/customers.yaml").write_text(SCHEMA)
    (folder / "features/more/orders.yaml").write_text(SCHEMA)
    settings = SETTINGS.replace("features/*.yaml", "features*/**/*.yaml").replace("**", "*")
    (folder / "settings.yaml").write_text(settings)
    load_settings(folder / "settings.yaml")
    (folder / "features2/more").mkdir(parents=True)
    (folder / "features2/more/customers.yaml").write_text(SCHEMA)

    assert "name one feature group, customers; rename one of them" in message(folder)


@pytest.mark.parametrize("path", ["../people.yaml", "/etc/people.yaml", "a/../../people.yaml", ""])
def test_files_are_below_the_folder_of_the_settings(folder: Path, path: str) -> None:
    settings = SETTINGS.replace("people.yaml", f"'{path}'")
    (folder / "settings.yaml").write_text(settings)

    assert "allowed is a file below the folder of the settings file" in message(folder)

"""Users of a domain from a list: the file, its validation and its changes."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from mlops_constructs.studio import (
    Authentication,
    Domain,
    DomainBase,
    DomainNetwork,
    SpaceStorage,
    StudioUser,
    UserProfiles,
)

from .conftest import ROLE_ARN, new_stack, resources_of, vpc_of

GOOD = """
ada:
grace:
  role: engineers
  settings:
    jupyter_lab: {instance_type: ml.m5.large, code_repositories: ["https://github.com/team/churn"]}
    storage: {default_gib: 20}
    portal:
      hidden_ml_tools: [JumpStart]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "users.yaml"
    path.write_text(text)
    return path


def profiles(*names: str) -> dict[str, dict[str, Any]]:
    """Returns the profiles of a domain with these users by logical id."""
    stack = new_stack()
    domain = Domain.from_domain_id(stack, "Studio", "d-0abc1def2ghi")
    people = [StudioUser(user_profile_name=name) for name in names]
    UserProfiles(stack, "People", domain=domain, users=people)
    return resources_of(stack, "UserProfile")


def test_a_file_lists_people_with_roles_and_settings(
    tmp_path: Path, stack: cdk.Stack, imported: DomainBase, role: iam.IRole
) -> None:
    people = StudioUser.from_yaml(written(tmp_path, GOOD))
    assert [person.user_profile_name for person in people] == ["ada", "grace"]
    assert people[1].settings.storage == SpaceStorage(default_gib=20)

    made = UserProfiles(stack, "People", domain=imported, users=people, roles={"engineers": role})

    assert list(made.profiles) == ["ada", "grace"]
    ada, grace = (profile["Properties"] for profile in resources_of(stack, "UserProfile").values())
    assert "ExecutionRole" not in ada["UserSettings"]
    assert grace["UserSettings"]["ExecutionRole"] == ROLE_ARN
    jupyter_lab = grace["UserSettings"]["JupyterLabAppSettings"]
    assert jupyter_lab["DefaultResourceSpec"] == {"InstanceType": "ml.m5.large"}
    assert len(jupyter_lab["CodeRepositories"]) == 1
    assert grace["UserSettings"]["StudioWebPortalSettings"]["HiddenMlTools"] == ["JumpStart"]


def test_adding_or_removing_a_user_changes_no_other() -> None:
    before, after = profiles("ada", "grace"), profiles("grace", "betty", "ada")

    assert len(after) == 3
    assert {name: after[name] for name in before} == before
    assert profiles("a-b", "ab").keys() & profiles("ab").keys(), "names that differ by hyphens"
    assert len(profiles("a-b", "ab")) == 2


def test_all_problems_of_a_file_are_reported_with_line_and_key(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """ada:
  roles: engineers
grace:
  settings:
    storage: {default_gib: many}
    portal:
      hidden_ml_tools: JumpStart
  identity_center_user: 7
ada:
eve: engineers
""",
    )
    with pytest.raises(ValueError, match="cannot be defined") as raised:
        StudioUser.from_yaml(path)
    assert str(raised.value).splitlines()[1:] == [
        f"  - {path}:9: ada: got a duplicate key; keep one of them"
    ]

    path.write_text(path.read_text().replace("\nada:\n", "\nbob:\n"))
    with pytest.raises(ValueError, match="cannot be defined") as raised:
        StudioUser.from_yaml(path)
    assert str(raised.value).splitlines()[1:] == [
        f"  - {path}:2: ada.roles: got 'roles'; allowed are role, identity_center_user, settings",
        f"  - {path}:5: grace.settings.storage.default_gib: got 'many'; allowed is a whole number",
        f"  - {path}:7: grace.settings.portal.hidden_ml_tools: got 'JumpStart'; "
        "allowed is a list of texts",
        f"  - {path}:8: grace.identity_center_user: got 7; allowed is a text",
        f"  - {path}:10: eve: got 'engineers'; allowed is a mapping of role, "
        "identity_center_user, settings",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("- ada\n", "users.yaml:1: got no mapping"),
        ("", "users.yaml: got no mapping"),
        ("ada: [\n", "users.yaml:2: is not YAML"),
        ("ada: !!python/object:os.system {}\n", "users.yaml:1: ada: got the tag"),
        ("ada: {role: !!python/name:os.system x}\n", "users.yaml:1: ada.role: got the tag"),
        (None, "users.yaml: cannot be read"),
    ],
)
def test_a_file_that_is_none_is_rejected(tmp_path: Path, text: str | None, problem: str) -> None:
    path = tmp_path / "users.yaml" if text is None else written(tmp_path, text)
    with pytest.raises(ValueError, match="cannot be defined") as raised:
        StudioUser.from_yaml(path)
    assert problem in str(raised.value)


def test_all_problems_of_all_users_are_reported_at_once(
    tmp_path: Path, stack: cdk.Stack, role: iam.IRole
) -> None:
    domain = Domain(
        stack,
        "Studio",
        network=DomainNetwork.vpc_only(vpc_of(stack)),
        authentication=Authentication.identity_center(),
        execution_role=role,
    )
    path = written(tmp_path, "a_b: {role: boss}\nada:\n  settings: {storage: {default_gib: 1}}\n")
    people = [*StudioUser.from_yaml(path), StudioUser(user_profile_name="ada")]
    with pytest.raises(ValueError, match="cannot be defined") as raised:
        UserProfiles(stack, "People", domain=domain, users=people, roles={"engineers": role})

    told = str(raised.value)
    for problem in (
        "ada: got the name 2 times",
        f"{path}:1: a_b: user_profile_name: got 'a_b'",
        f"{path}:1: a_b: role: got 'boss'; allowed are engineers",
        f"{path}:2: ada: storage default_gib: got 1",
        f"{path}:2: ada: identity_center_user: got none",
    ):
        assert problem in told

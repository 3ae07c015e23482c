"""The guide about deleted projects: its commands, in their order."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from rehearsal.client.local_aws import LocalAws
from stacks.settings.projects import AdoptSettings
from tests.constructs.projects.deployed_project import (
    DESTROY,
    RETAIN,
    bootstrapped_aws,
    project_in,
)
from tests.docs.synthesis import ROOT

GUIDE = (ROOT / "docs/delete-a-project.md").read_text()
NAME = "churn"


def section(title: str) -> str:
    """Returns the text of a section of the guide."""
    (_, text) = GUIDE.split(f"\n## {title}\n")
    return text.partition("\n## ")[0]


def commands(title: str) -> str:
    """Returns all commands of a section, as one script."""
    return "\n".join(re.findall(r"```sh\n(.*?)```", section(title), re.S))


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with bootstrapped_aws(tmp_path_factory.mktemp("deleted") / "aws") as started:
        yield started


def run(aws: LocalAws, folder: Path, *scripts: str) -> str:
    """Runs the commands of a user in one shell, which ends at the first failure."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(scripts)],
        cwd=folder,
        env={**aws.environment(), "AWS_PAGER": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def test_a_project_that_is_destroyed_leaves_what_the_guide_says(
    aws: LocalAws, tmp_path: Path
) -> None:
    project = project_in(aws, tmp_path, NAME)
    assert project.deploy(DESTROY)["StackStatus"] == "CREATE_COMPLETE"
    project.first_deployment()
    project.use()

    run(aws, tmp_path, commands("With `removal: destroy`"))

    assert project.settled(project.stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert project.left() == {}


def test_what_is_kept_is_in_the_table_and_can_be_deleted_by_hand(
    aws: LocalAws, tmp_path: Path
) -> None:
    project = project_in(aws, tmp_path, NAME)
    assert project.deploy(RETAIN)["StackStatus"] == "CREATE_COMPLETE"
    project.first_deployment()
    project.use()

    delete = commands("With `removal: retain`")
    noted = run(aws, tmp_path, delete, 'echo "$BUCKET $KEY $IMAGES"')

    bucket, key, images = noted.split()[-3:]
    left = project.left()
    table = section("With `removal: retain`")
    for name in (*left["stacks"], *left["repositories"], *left["groups"], *left["pipelines"]):
        assert f"`{name}`" in table, name
    assert left["buckets"] == [bucket]
    assert left["images"] == [images]
    (adopting,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.S)
    AdoptSettings.model_validate(yaml.safe_load(adopting)["projects"][0]["adopt"])
    AdoptSettings(bucket=bucket, key=key, images=images)

    by_hand = commands("Delete by hand what was kept")
    values = f'BUCKET="{bucket}" KEY="{key}" IMAGES="{images}"'
    run(aws, tmp_path, values, by_hand)

    assert project.left() == {}
    state = project.client("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    assert state == "PendingDeletion"

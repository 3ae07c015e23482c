"""Resources of the project, from the environment of the train build."""

import pytest
from mlops_jobs.failure import InputError

from pipeline.instance_storage import volume_key
from pipeline.project import VARIABLES, Project


def test_the_environment_is_read() -> None:
    environment = {name: f"value of {name}" for name in VARIABLES.values()}
    environment["IMAGE_URI"] = "registry/churn:abc"
    project = Project.from_environment(environment)
    assert project.artifact_bucket == "value of ARTIFACT_BUCKET"
    assert project.commit == "abc"
    assert (project.subnet_ids, project.security_group_ids) == ((), ())


def test_the_network_of_the_project_is_read() -> None:
    environment = dict.fromkeys(VARIABLES.values(), "x")
    environment |= {"SUBNET_IDS": "subnet-1,subnet-2", "SECURITY_GROUP_IDS": "sg-1"}
    project = Project.from_environment(environment)
    assert project.subnet_ids == ("subnet-1", "subnet-2")
    assert project.security_group_ids == ("sg-1",)


def test_every_missing_variable_is_named() -> None:
    environment = dict.fromkeys(VARIABLES.values(), "x") | {"IMAGE_URI": ""}
    del environment["ARTIFACT_BUCKET"]
    with pytest.raises(InputError, match="environment: got no IMAGE_URI, ARTIFACT_BUCKET;"):
        Project.from_environment(environment)


@pytest.mark.parametrize("instance_type", ["ml.m5.large", "ml.c6i.xlarge", "ml.t3.medium"])
def test_volumes_are_encrypted_with_the_key(instance_type: str) -> None:
    assert volume_key("arn", instance_type) == "arn"


@pytest.mark.parametrize("instance_type", ["ml.m5d.large", "ml.c6id.xlarge", "ml.g5.xlarge"])
def test_local_disks_take_no_key(instance_type: str) -> None:
    assert volume_key("arn", instance_type) is None

"""Resources of the project, from the environment of the train build."""

import pytest
from mlops_jobs.failure import InputError

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

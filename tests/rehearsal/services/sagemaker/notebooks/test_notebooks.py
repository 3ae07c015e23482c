"""Notebook instances, their lifecycle configurations, and Git repositories."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from rehearsal.services.sagemaker.condition_keys import condition_keys
from tests.rehearsal.fakes import ROLE, FakePlatform

GIT = {"RepositoryUrl": "https://github.com/acme/churn.git", "Branch": "main"}
SECRET = "arn:aws:secretsmanager:us-east-1:111111111111:secret:git-1a2b3c"
SCRIPT = [{"Content": base64.b64encode(b"#!/bin/bash\npip install x").decode()}]
INSTANCE = {
    "NotebookInstanceName": "Lab",
    "InstanceType": "ml.t3.medium",
    "RoleArn": ROLE,
}
Reach = Callable[[str], dict[str, Any]]


def failure(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


@pytest.fixture
def reach(sagemaker: Any, eventually: Callable[..., Any]) -> Reach:
    """Waits until the instance has a status; returns its description."""

    def wait(status: str) -> dict[str, Any]:
        def reached() -> Any:
            found = sagemaker.describe_notebook_instance(NotebookInstanceName="Lab")
            return found if found["NotebookInstanceStatus"] == status else None

        found: dict[str, Any] = eventually(reached)
        return found

    return wait


def test_a_git_repository_is_registered_and_its_secret_changes(sagemaker: Any) -> None:
    arn = sagemaker.create_code_repository(CodeRepositoryName="churn", GitConfig=GIT)
    sagemaker.create_code_repository(CodeRepositoryName="also", GitConfig=GIT)
    updated = sagemaker.update_code_repository(
        CodeRepositoryName="churn", GitConfig={"SecretArn": SECRET}
    )

    described = sagemaker.describe_code_repository(CodeRepositoryName="churn")
    listed = sagemaker.list_code_repositories()["CodeRepositorySummaryList"]

    assert updated == arn
    assert described["GitConfig"] == {**GIT, "SecretArn": SECRET}
    assert [one["CodeRepositoryName"] for one in listed] == ["also", "churn"], "by name"
    code, message = failure(
        sagemaker.create_code_repository, CodeRepositoryName="churn", GitConfig=GIT
    )
    assert (code, "duplicate" in message) == ("ValidationException", True)
    sagemaker.delete_code_repository(CodeRepositoryName="churn")
    code, message = failure(sagemaker.describe_code_repository, CodeRepositoryName="churn")
    assert (code, message.startswith("Cannot find CodeRepository")) == ("ValidationException", True)


def test_an_instance_starts_stops_and_is_deleted(
    sagemaker: Any, reach: Reach, eventually: Callable[..., Any]
) -> None:
    sagemaker.create_notebook_instance(**INSTANCE)
    described = sagemaker.describe_notebook_instance(NotebookInstanceName="Lab")
    assert described["NotebookInstanceStatus"] in ("Pending", "InService")
    running = reach("InService")
    assert running["DirectInternetAccess"] == "Enabled"
    assert running["Url"].endswith(".notebook.us-east-1.sagemaker.aws")
    code, message = failure(sagemaker.delete_notebook_instance, NotebookInstanceName="Lab")
    assert code == "ValidationException"
    assert message.startswith("Status (InService) not in ([Stopped, Failed])")

    sagemaker.stop_notebook_instance(NotebookInstanceName="Lab")
    reach("Stopped")
    sagemaker.start_notebook_instance(NotebookInstanceName="Lab")
    reach("InService")
    sagemaker.stop_notebook_instance(NotebookInstanceName="Lab")
    reach("Stopped")
    sagemaker.delete_notebook_instance(NotebookInstanceName="Lab")

    eventually(lambda: not sagemaker.list_notebook_instances()["NotebookInstances"])


def test_a_stopped_instance_is_updated(sagemaker: Any, reach: Reach) -> None:
    name = "NotebookInstanceLifecycleConfigName"
    sagemaker.create_notebook_instance_lifecycle_config(**{name: "setup"}, OnStart=SCRIPT)
    sagemaker.create_code_repository(CodeRepositoryName="churn", GitConfig=GIT)
    sagemaker.create_notebook_instance(
        **INSTANCE, LifecycleConfigName="setup", DefaultCodeRepository="churn", VolumeSizeInGB=20
    )
    reach("InService")
    update = {"NotebookInstanceName": "Lab", "InstanceType": "ml.m5.xlarge"}
    assert failure(sagemaker.update_notebook_instance, **update)[0] == "ValidationException"
    sagemaker.stop_notebook_instance(NotebookInstanceName="Lab")
    assert reach("Stopped")[name] == "setup"
    code, _ = failure(sagemaker.delete_notebook_instance_lifecycle_config, **{name: "setup"})
    assert code == "ValidationException", "it is in use"
    shrunk = {"NotebookInstanceName": "Lab", "VolumeSizeInGB": 10}
    assert "cannot shrink" in failure(sagemaker.update_notebook_instance, **shrunk)[1]

    response = sagemaker.update_notebook_instance(**update, DisassociateLifecycleConfig=True)

    updated = reach("Stopped")
    assert response == {}
    assert updated["InstanceType"] == "ml.m5.xlarge"
    assert name not in updated
    assert updated["DefaultCodeRepository"] == "churn"
    sagemaker.delete_notebook_instance_lifecycle_config(**{name: "setup"})


def test_a_lifecycle_configuration_is_described_and_updated(sagemaker: Any) -> None:
    name = {"NotebookInstanceLifecycleConfigName": "setup"}
    sagemaker.create_notebook_instance_lifecycle_config(**name, OnCreate=SCRIPT)

    assert sagemaker.update_notebook_instance_lifecycle_config(**name, OnStart=SCRIPT) == {}

    described = sagemaker.describe_notebook_instance_lifecycle_config(**name)
    assert described["OnCreate"] == described["OnStart"] == SCRIPT
    (listed,) = sagemaker.list_notebook_instance_lifecycle_configs()[
        "NotebookInstanceLifecycleConfigs"
    ]
    assert listed["NotebookInstanceLifecycleConfigName"] == "setup"
    bad = {**name, "OnStart": [{"Content": "#!/bin/bash"}]}
    assert "in base64" in failure(sagemaker.update_notebook_instance_lifecycle_config, **bad)[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"DirectInternetAccess": "Disabled"}, "only with a SubnetId"),
        ({"SubnetId": "subnet-1"}, "SecurityGroupIds is required"),
        ({"LifecycleConfigName": "none"}, "Unable to describe Notebook Instance Lifecycle Config"),
        ({"DefaultCodeRepository": "none"}, "Cannot find CodeRepository"),
        ({"AdditionalCodeRepositories": ["none"]}, "Cannot find CodeRepository"),
        ({"AcceleratorTypes": ["ml.eia2.medium"]}, "does not implement AcceleratorTypes"),
    ],
)
def test_what_aws_would_not_create_is_rejected(
    sagemaker: Any, changes: dict[str, Any], message: str
) -> None:
    code, text = failure(sagemaker.create_notebook_instance, **INSTANCE, **changes)

    assert code == "ValidationException"
    assert message in text
    assert sagemaker.list_notebook_instances()["NotebookInstances"] == []


def test_a_role_has_to_be_passed(sagemaker: Any, platform: FakePlatform) -> None:
    platform.denied.add(("iam:PassRole", ROLE))

    code, _ = failure(sagemaker.create_notebook_instance, **INSTANCE)

    assert code == "AccessDeniedException"
    assert sagemaker.list_notebook_instances()["NotebookInstances"] == []


def test_instances_are_listed_by_their_repositories(sagemaker: Any) -> None:
    url = GIT["RepositoryUrl"]
    sagemaker.create_notebook_instance(**INSTANCE, AdditionalCodeRepositories=[url])
    plain = {**INSTANCE, "NotebookInstanceName": "Plain"}
    sagemaker.create_notebook_instance(**plain, DefaultCodeRepository=url)

    def names(**request: Any) -> list[str]:
        found = sagemaker.list_notebook_instances(**request)["NotebookInstances"]
        return [one["NotebookInstanceName"] for one in found]

    assert names() == ["Lab", "Plain"]
    assert names(AdditionalCodeRepositoryEquals=url) == ["Lab"]
    assert names(DefaultCodeRepositoryContains="acme") == ["Plain"]
    assert names(NotebookInstanceLifecycleConfigNameContains="x") == []
    assert names(NameContains="ai") == ["Plain"]


def test_policies_see_the_network_and_the_access_of_an_instance() -> None:
    request = {
        **INSTANCE,
        "SubnetId": "subnet-1",
        "SecurityGroupIds": ["sg-1"],
        "DirectInternetAccess": "Disabled",
        "RootAccess": "Disabled",
    }

    keys = condition_keys("CreateNotebookInstance", request)

    assert keys == {
        "sagemaker:InstanceTypes": ["ml.t3.medium"],
        "sagemaker:VpcSubnets": ["subnet-1"],
        "sagemaker:VpcSecurityGroupIds": ["sg-1"],
        "sagemaker:DirectInternetAccess": "Disabled",
        "sagemaker:RootAccess": "Disabled",
    }

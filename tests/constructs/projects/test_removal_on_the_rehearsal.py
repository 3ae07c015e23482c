"""Projects that are used, then deleted: completely, or with their data retained."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from mlops_constructs.projects import AdoptedStores
from mlops_constructs.projects.templates._adoption_parameters import NOTHING
from rehearsal.client.local_aws import LocalAws
from tests.constructs.projects.deployed_project import (
    DESTROY,
    RETAIN,
    Deployed,
    bootstrapped_aws,
    project_in,
)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with bootstrapped_aws(tmp_path_factory.mktemp("projects") / "aws") as started:
        yield started


@pytest.fixture
def project(aws: LocalAws, tmp_path: Path) -> Callable[[str], Deployed]:
    """Returns a project that is not deployed yet."""
    return partial(project_in, aws, tmp_path)


def test_destroy_removes_all_that_a_used_project_has_made(
    project: Callable[[str], Deployed],
) -> None:
    used = project("brief")
    created = used.deploy(DESTROY)
    assert created["StackStatus"] == "CREATE_COMPLETE", created["Failures"]
    assert used.first_deployment() == {
        "": "Succeeded",
        "Source": "Succeeded",
        "Synth": "Succeeded",
        "Staging": "Skipped",
        "Production": "Skipped",
    }
    used.use()

    deleted = used.delete()

    assert deleted["StackStatus"] == "DELETE_COMPLETE", deleted["Failures"]
    assert used.left() == {}
    again = project("brief")
    assert again.deploy(DESTROY)["StackStatus"] == "CREATE_COMPLETE"
    assert again.delete()["StackStatus"] == "DELETE_COMPLETE"
    assert again.left() == {}


def test_retain_keeps_endpoints_running_and_everybody_can_delete_them_later(
    project: Callable[[str], Deployed],
) -> None:
    used = project("lasting")
    assert used.deploy(RETAIN)["StackStatus"] == "CREATE_COMPLETE"
    used.first_deployment()
    used.use()
    bucket, images = used.outputs["ArtifactBucketName"], used.outputs["ImageRepositoryUri"]

    deleted = used.delete()

    assert deleted["StackStatus"] == "DELETE_COMPLETE", deleted["Failures"]
    left = used.left()
    roles = left.pop("roles")
    kept = ("DeployPipelineDeploy", "ModelExecution", "MonitoringRun", "MonitoringStarter")
    assert len(roles) == len(kept), roles
    assert all(any(purpose in one for one in roles) for purpose in kept), roles
    assert left == {
        "stacks": ["lasting-staging"],
        "repositories": ["lasting-model-build", "lasting-model-deploy"],
        "groups": ["lasting"],
        "pipelines": ["lasting-train"],
        "buckets": [bucket],
        "images": [images.partition("/")[2]],
        "logs": ["/aws/sagemaker/Endpoints/lasting-staging"],
    }
    # Without a word of the project's role: CloudFormation acts with the one that the stack has.
    used.cloudformation.delete_stack(StackName="lasting-staging")
    used.wait("the endpoint's stack", lambda: used.stack_status("lasting-staging") is None)


def commits(project: Deployed) -> list[str]:
    """The messages of the commits on main of model-deploy, the newest first."""
    codecommit, name = project.client("codecommit"), f"{project.name}-model-deploy"
    found = codecommit.get_branch(repositoryName=name, branchName="main")["branch"]["commitId"]
    messages = []
    while found:
        commit = codecommit.get_commit(repositoryName=name, commitId=found)["commit"]
        messages.append(commit["message"])
        found = next(iter(commit["parents"]), None)
    return messages


@pytest.mark.parametrize("by_parameters", [False, True], ids=["by-the-app", "by-parameters"])
def test_a_deleted_project_is_adopted_under_its_name(
    project: Callable[[str], Deployed], by_parameters: bool
) -> None:
    name = f"again-{'b' if by_parameters else 'a'}"
    before = project(name)
    if by_parameters:
        before.parameters = {"AdoptBucketName": NOTHING}
    created = before.deploy(RETAIN)
    assert created["StackStatus"] == "CREATE_COMPLETE", created["Failures"]
    before.first_deployment()
    before.use()
    assert before.delete()["StackStatus"] == "DELETE_COMPLETE"

    after = project(name)
    images = before.outputs["ImageRepositoryUri"].partition("/")[2]
    if by_parameters:
        after.parameters = {
            "AdoptBucketName": before.outputs["ArtifactBucketName"],
            "AdoptKeyId": before.outputs["ArtifactKeyArn"].rpartition("/")[2],
            "AdoptImageRepositoryName": images,
        }
        adopting = after.deploy(RETAIN)
    else:
        adopted = AdoptedStores(
            bucket_name=before.outputs["ArtifactBucketName"],
            key_arn=before.outputs["ArtifactKeyArn"],
            image_repository_name=images,
        )
        adopting = after.deploy(RETAIN, adopted=adopted)

    assert adopting["StackStatus"] == "CREATE_COMPLETE", adopting["Failures"]
    assert len(commits(after)) == 2  # the seed, and the push that deployed to staging
    # The stack of staging is the earlier project's: the new pipeline, with its own role, goes on.
    after.wait("staging", lambda: after.action_status("Staging", "Deploy") == "Succeeded")
    pushed = after.push("pushed", "by the adopting project")
    after.wait("the pushed deployment", lambda: after.started_by(pushed))
    assert len(commits(after)) == 3
    packages = after.client("sagemaker").list_model_packages(ModelPackageGroupName=name)
    assert len(packages["ModelPackageSummaryList"]) == 2


def test_a_change_from_destroy_to_retain_retains_the_project(
    project: Callable[[str], Deployed],
) -> None:
    kept = project("spared")
    assert kept.deploy(DESTROY)["StackStatus"] == "CREATE_COMPLETE"
    kept.first_deployment()
    kept.use()

    updated = kept.deploy(RETAIN)

    assert updated["StackStatus"] == "UPDATE_COMPLETE", updated["Failures"]
    assert kept.stack_status("spared-staging") == "CREATE_COMPLETE"
    left = kept.left()
    assert "spared-train" in left["pipelines"]
    listed = kept.client("sagemaker").list_model_packages(ModelPackageGroupName="spared")
    assert len(listed["ModelPackageSummaryList"]) == 2


def test_an_endpoints_stack_that_is_protected_stops_the_removal_with_its_reason(
    project: Callable[[str], Deployed],
) -> None:
    used = project("guarded")
    assert used.deploy(DESTROY)["StackStatus"] == "CREATE_COMPLETE"
    used.first_deployment()
    used.use()
    protect = used.cloudformation.update_termination_protection
    protect(StackName="guarded-staging", EnableTerminationProtection=True)

    rejected = used.delete()

    assert rejected["StackStatus"] == "DELETE_FAILED"
    assert "guarded-staging" in " ".join(rejected["Failures"])
    assert used.left()["groups"] == ["guarded"]
    protect(StackName="guarded-staging", EnableTerminationProtection=False)
    assert used.delete()["StackStatus"] == "DELETE_COMPLETE"
    assert used.left() == {}

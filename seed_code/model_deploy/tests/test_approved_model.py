"""Look-up of the model to deploy."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from model_deploy import approved_model
from model_deploy.approved_model import (
    approved_versions,
    look_up_problems,
    read_approved_models,
    version_problems,
)
from model_deploy.settings import (
    Batch,
    RealTime,
    SecondVariant,
    Serverless,
    Shadow,
    StageSettings,
)

GROUP_ARN = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn"
REQUEST = {"ModelPackageGroupName": "churn", "ModelApprovalStatus": "Approved"}


def summary(version: int) -> dict[str, Any]:
    return {
        "ModelPackageArn": f"{GROUP_ARN}/{version}",
        "ModelPackageGroupName": "churn",
        "ModelPackageVersion": version,
        "ModelPackageStatus": "Completed",
        "CreationTime": 0,
    }


@pytest.fixture
def registry() -> Any:
    client: Any = boto3.client(
        "sagemaker", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stubber:
        client.stubber = stubber
        yield client


def respond(registry: Any, *pages: dict[str, Any]) -> None:
    token: dict[str, str] = {}
    for page in pages:
        registry.stubber.add_response("list_model_packages", page, {**REQUEST, **token})
        token = {"NextToken": page.get("NextToken", "")}


def describe(registry: Any, version: int, environment: Mapping[str, str] | None = None) -> None:
    """Prepares the description of the package that production, which is monitored, serves."""
    arn = f"{GROUP_ARN}/{version}"
    container = {
        "Image": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:1",
        "Environment": dict(environment or {}),
    }
    description = {
        "ModelPackageName": "churn",
        "ModelPackageArn": arn,
        "CreationTime": 0,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "InferenceSpecification": {"Containers": [container]},
        "CustomerMetadataProperties": {"problem_type": "regression"},
        "DriftCheckBaselines": {
            "ModelDataQuality": {
                "Statistics": {"ContentType": "application/json", "S3Uri": "s3://b/runs/s.json"},
                "Constraints": {"ContentType": "application/json", "S3Uri": "s3://b/runs/c.json"},
            }
        },
    }
    registry.stubber.add_response("describe_model_package", description, {"ModelPackageName": arn})


def real_time(**keys: Any) -> RealTime:
    return RealTime(kind="real-time", instance_type="ml.m7i.large", **keys)


@pytest.fixture
def checkout(tmp_path: Path, registry: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with settings, and the registry."""
    shutil.copytree(Path(__file__).parent / "config", tmp_path / "config")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MODEL_PACKAGE_GROUP_NAME", "churn")
    monkeypatch.setattr("boto3.client", lambda _: registry)
    return tmp_path


def test_every_approved_version_is_found(registry: Any) -> None:
    respond(
        registry,
        {"ModelPackageSummaryList": [summary(9)], "NextToken": "more"},
        {"ModelPackageSummaryList": [summary(10), summary(2)]},
    )

    assert approved_versions(registry, "churn") == {
        version: f"{GROUP_ARN}/{version}" for version in (9, 10, 2)
    }


def test_a_group_without_approved_versions_is_no_failure_and_says_what_to_do(
    registry: Any, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    respond(registry, {"ModelPackageSummaryList": []})

    assert approved_model.main() == 0
    assert "Approve a version to start this pipeline again" in capsys.readouterr().out
    assert read_approved_models() is None
    assert (checkout / "build/model_package_version").read_text() == "none\n"


def test_the_approved_version_with_the_highest_number_is_deployed(
    registry: Any, checkout: Path
) -> None:
    respond(registry, {"ModelPackageSummaryList": [summary(3), summary(2)]})
    describe(registry, 3)

    assert approved_model.main() == 0
    models = read_approved_models()
    assert models is not None
    assert models.packages == {3: f"{GROUP_ARN}/3"}
    assert models.arn_of(None) == f"{GROUP_ARN}/3"
    assert (checkout / "build/model_package_version").read_text() == "3\n"
    assert json.loads((checkout / "build/model.json").read_text())["model_package_version"] == 3
    package = models.monitored(None)
    assert package.problem_type == "Regression"
    assert package.baselines == {"data-quality": ["s3://b/runs/c.json", "s3://b/runs/s.json"]}


def test_versions_that_the_stages_name_are_deployed(registry: Any, checkout: Path) -> None:
    for stage in ("staging", "prod"):
        with (checkout / f"config/{stage}.yaml").open("a") as file:
            file.write("version: 2\n")
    respond(registry, {"ModelPackageSummaryList": [summary(3), summary(2)]})
    describe(registry, 2)

    assert approved_model.main() == 0
    models = read_approved_models()
    assert models is not None
    assert models.arn_of(2) == f"{GROUP_ARN}/2"


def test_a_version_that_is_not_approved_ends_the_build(
    registry: Any, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (checkout / "config/prod.yaml").open("a") as file:
        file.write("version: 9\n")
    respond(registry, {"ModelPackageSummaryList": [summary(3), summary(2)]})

    assert approved_model.main() == 1
    assert capsys.readouterr().err == (
        "config/prod.yaml: version: got 9; allowed: an approved version, 3, 2\n"
    )
    assert not (checkout / "build").exists()


@pytest.mark.parametrize(
    ("prod", "problem"),
    [
        (real_time(version=2), "config/prod.yaml: version: got 2, which the first stage, staging"),
        (
            real_time(second_variant=SecondVariant(version=2, percentage=10)),
            "config/prod.yaml: second_variant.version: got 2, which the first stage",
        ),
        (
            real_time(shadow=Shadow(version=4)),
            "config/prod.yaml: shadow.version: got 4; allowed: an approved version, 3, 2",
        ),
    ],
)
def test_a_version_that_is_not_tested_first_is_rejected(prod: RealTime, problem: str) -> None:
    approved = {version: f"{GROUP_ARN}/{version}" for version in (2, 3)}

    (found,) = version_problems({"staging": real_time(), "prod": prod}, approved)

    assert found.startswith(problem)


def test_a_version_without_any_approved_one_is_rejected() -> None:
    (found,) = version_problems({"staging": real_time(version=1)}, {})

    assert found == (
        "config/staging.yaml: version: got 1; allowed: an approved version; no version is approved "
        "yet"
    )


def test_settings_that_changed_after_the_look_up_need_another_one(
    registry: Any, checkout: Path
) -> None:
    respond(registry, {"ModelPackageSummaryList": [summary(3), summary(2)]})
    describe(registry, 3)
    approved_model.main()
    models = read_approved_models()

    assert models is not None
    with pytest.raises(ValueError, match="got no version 2; run `python -m model_deploy.approved"):
        models.arn_of(2)


def test_wrong_settings_end_the_build_before_the_look_up(
    checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (checkout / "config/prod.yaml").write_text("kind: fast\n")

    assert approved_model.main() == 1
    assert "config/prod.yaml:1: kind: got 'fast'" in capsys.readouterr().err


@pytest.mark.usefixtures("checkout")
def test_a_refusal_of_aws_ends_the_build_with_its_message(
    registry: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    registry.stubber.add_client_error("list_model_packages", "AccessDeniedException", "not you")

    assert approved_model.main() == 1
    assert "not you" in capsys.readouterr().err


def test_a_build_without_the_group_is_rejected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MODEL_PACKAGE_GROUP_NAME", raising=False)

    assert approved_model.main() == 1
    assert "MODEL_PACKAGE_GROUP_NAME" in capsys.readouterr().err


def test_synth_before_the_search_says_what_to_run_first(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"python -m model_deploy\.approved_model"):
        read_approved_models(tmp_path / "model.json")


LOOKS_UP = {"Environment": {"ONLINE_FEATURES": '{"group": "churn_customers"}'}}


def looking_up(container: dict[str, Any]) -> Any:
    """Returns a function that describes packages with one container."""
    return lambda arn: {"InferenceSpecification": {"Containers": [container]}}


@pytest.mark.parametrize(
    ("stage", "remedy"),
    [
        (real_time(), "set network_isolation: false"),
        (
            Batch(kind="batch", instance_type="ml.m5.large", schedule="rate(1 day)"),
            "use kind: real-time with network_isolation: false, or kind: serverless",
        ),
    ],
)
def test_a_model_that_looks_up_features_is_rejected_in_network_isolation(
    stage: StageSettings, remedy: str
) -> None:
    approved = {7: f"{GROUP_ARN}/7"}
    assert list(look_up_problems(looking_up(LOOKS_UP), {"prod": stage}, approved)) == [
        "config/prod.yaml: version: version 7 looks up features in the online store of "
        "churn_customers, which containers with network isolation cannot reach; " + remedy
    ]
    assert not list(look_up_problems(looking_up({}), {"prod": stage}, approved))


@pytest.mark.parametrize(
    "stage", [real_time(network_isolation=False), Serverless(kind="serverless")]
)
def test_a_model_that_looks_up_features_is_deployed_with_network_access(
    stage: StageSettings,
) -> None:
    approved = {7: f"{GROUP_ARN}/7"}
    assert not list(look_up_problems(looking_up(LOOKS_UP), {"prod": stage}, approved))


def test_a_stage_in_another_account_needs_a_role_that_reads_the_group() -> None:
    approved, stages = {7: f"{GROUP_ARN}/7"}, {"prod": real_time(network_isolation=False)}
    role = "arn:aws:iam::111111111111:role/sagemaker-projects/churn-eu-west-1-features"
    with_role = json.dumps({"group": "churn_customers", "role": role})

    (problem,) = look_up_problems(looking_up(LOOKS_UP), stages, approved, elsewhere=["prod"])

    assert problem == (
        "config/prod.yaml: version: version 7 looks up features in the online store of "
        "churn_customers, which is in another account or region than this stage, and names no role "
        "to read it with: it was trained before the project had such a stage; push to model-build "
        "and approve the new version"
    )
    given = looking_up({"Environment": {"ONLINE_FEATURES": with_role}})
    assert not list(look_up_problems(given, stages, approved, elsewhere=["prod"]))
    (isolated,) = look_up_problems(given, {"prod": real_time()}, approved, elsewhere=["prod"])
    assert isolated.endswith("set network_isolation: false")
    assert not list(look_up_problems(looking_up({}), stages, approved, elsewhere=["prod"]))


def test_the_environment_names_the_stages_in_other_accounts(
    registry: Any,
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for stage in ("staging", "prod"):
        file = checkout / f"config/{stage}.yaml"
        file.write_text(file.read_text() + "\nnetwork_isolation: false\n")
    monkeypatch.setenv("PROD_MODEL_EXECUTION_ROLE_ARN", "arn:aws:iam::222222222222:role/models")
    respond(registry, {"ModelPackageSummaryList": [summary(3)]})
    describe(registry, 3, environment=LOOKS_UP["Environment"])

    assert approved_model.main() == 1
    (problem,) = capsys.readouterr().err.splitlines()
    assert problem.startswith("config/prod.yaml: version: version 3")
    assert "in another account or region than this stage" in problem


def test_each_version_of_a_stage_is_checked() -> None:
    approved = {6: f"{GROUP_ARN}/6", 7: f"{GROUP_ARN}/7"}
    stage = real_time(second_variant=SecondVariant(version=6, percentage=10))

    def describe(arn: str) -> dict[str, Any]:
        container = LOOKS_UP if arn.endswith("/6") else {}
        return {"InferenceSpecification": {"Containers": [container]}}

    (problem,) = look_up_problems(describe, {"prod": stage}, approved)
    assert problem.startswith("config/prod.yaml: second_variant.version: version 6 looks up")


def test_the_look_up_ends_if_a_model_cannot_reach_its_features(
    registry: Any, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    respond(registry, {"ModelPackageSummaryList": [summary(3)]})
    describe(registry, 3, environment=LOOKS_UP["Environment"])

    assert approved_model.main() == 1
    problems = capsys.readouterr().err.splitlines()
    assert [line.split(":")[0] for line in problems] == ["config/staging.yaml", "config/prod.yaml"]
    assert not (checkout / "build/model.json").exists()

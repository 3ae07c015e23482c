"""`python app.py`, as the pipeline runs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
import yaml

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {
    "SAGEMAKER_PROJECT_NAME": "churn",
    "SAGEMAKER_PROJECT_ID": "p-0123456789ab",
    "MODEL_EXECUTION_ROLE_ARN": "arn:aws:iam::111111111111:role/sagemaker-projects/model",
    "ARTIFACT_BUCKET": "churn-artifacts",
    "ARTIFACT_KEY_ARN": f"arn:aws:kms:eu-west-1:111111111111:key/{UUID(int=7)}",
    "MONITORING_ROLE_ARN": "arn:aws:iam::111111111111:role/sagemaker-projects/runs",
    "MONITORING_STARTER_ROLE_ARN": "arn:aws:iam::111111111111:role/sagemaker-projects/starter",
    "MONITORING_QUEUE_ARN": "arn:aws:sqs:eu-west-1:111111111111:not-started",
}
FILES = "s3://churn-artifacts/runs/1/baseline/data-quality"
MONITORED = {
    "image": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:1",
    "model_data": "s3://churn-artifacts/models/1/model.tar.gz",
    "problem_type": "BinaryClassification",
    "baselines": {"data-quality": [f"{FILES}/constraints.json", f"{FILES}/statistics.json"]},
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A working folder with settings and a model that was looked up."""
    shutil.copytree(ROOT / "tests/config", tmp_path / "config")
    (tmp_path / "build").mkdir()
    package = {
        "model_package_arn": "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/7"
    }
    described = {**package, "monitored": MONITORED}
    model = {**package, "model_package_version": 7, "packages": {"7": described}}
    (tmp_path / "build" / "model.json").write_text(json.dumps(model))
    return tmp_path


def run_app(checkout: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **ENVIRONMENT, **changes}
    environment.pop("CDK_OUTDIR", None)
    return subprocess.run(
        [sys.executable, str(ROOT / "app.py")],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_two_runs_write_the_same_two_templates_where_the_artifact_is_taken_from(
    checkout: Path,
) -> None:
    contents = []
    for _ in range(2):
        result = run_app(checkout)
        assert result.returncode == 0, result.stderr
        paths = (checkout / "cdk.out").glob("*.template.json")
        contents.append({path.name: path.read_bytes() for path in paths})

    assert set(contents[0]) == {"staging.template.json", "prod.template.json"}
    assert contents[0] == contents[1]
    found = json.loads((checkout / "cdk.out/model.json").read_text())
    assert found["model_package_arn"].encode() in contents[0]["staging.template.json"]
    assert b"churn-prod-data" in contents[0]["prod.template.json"]
    assert "config/prod.yaml: monitor: no monitor of model-quality: the model" in result.stdout


def test_without_an_approved_model_there_is_no_template_and_no_failure(checkout: Path) -> None:
    (checkout / "build" / "model.json").write_text("null\n")

    result = run_app(checkout)

    assert result.returncode == 0, result.stderr
    assert [path.name for path in (checkout / "cdk.out").iterdir()] == ["model.json"]
    assert "No model is approved yet" in result.stdout


def test_wrong_settings_end_with_one_message_and_no_template(checkout: Path) -> None:
    (checkout / "config" / "prod.yaml").write_text("kind: fast\n")

    result = run_app(checkout)

    assert result.returncode == 1
    assert "config/prod.yaml is not valid" in result.stderr
    # CodeBuild's reason for the failure is this line.
    assert result.stderr.splitlines()[-1].startswith("  - config/prod.yaml:1: kind: got 'fast'")
    assert "Traceback" not in result.stderr
    assert not list(checkout.glob("cdk.out/*.template.json"))


def test_variables_that_the_pipeline_did_not_set_are_all_named(checkout: Path) -> None:
    result = run_app(checkout, ARTIFACT_BUCKET="", ARTIFACT_KEY_ARN="")

    assert result.returncode == 1
    assert "got no ARTIFACT_BUCKET, ARTIFACT_KEY_ARN" in result.stderr


def test_models_go_where_the_environment_says(checkout: Path) -> None:
    place = {
        "VPC_ID": "vpc-0a1b2c3d",
        "SUBNET_IDS": "subnet-0a1b2c3d,subnet-0a1b2c3e",
        "SECURITY_GROUP_IDS": "sg-0a1b2c3d",
    }

    result = run_app(checkout, **place)

    assert result.returncode == 0, result.stderr
    template = json.loads((checkout / "cdk.out/prod.template.json").read_text())
    (model,) = (
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::SageMaker::Model"
    )
    assert model["VpcConfig"]["Subnets"] == ["subnet-0a1b2c3d", "subnet-0a1b2c3e"]


def test_a_stage_in_another_account_uses_the_resources_of_that_account(checkout: Path) -> None:
    there = {
        "PROD_MODEL_EXECUTION_ROLE_ARN": "arn:aws:iam::222222222222:role/sagemaker-projects/model",
        "PROD_ARTIFACT_BUCKET": "churn-prod-222222222222-eu-west-1",
        "PROD_ARTIFACT_KEY_ARN": "arn:aws:kms:eu-west-1:222222222222:alias/churn-prod",
        "PROD_MONITORING_ROLE_ARN": "arn:aws:iam::222222222222:role/sagemaker-projects/runs",
        "PROD_MONITORING_STARTER_ROLE_ARN": "arn:aws:iam::222222222222:role/starter",
        "PROD_MONITORING_QUEUE_ARN": "arn:aws:sqs:eu-west-1:222222222222:not-started",
    }
    network = {"VPC_ID": "vpc-0a1b2c3d", "SUBNET_IDS": "subnet-0a1b2c3d"}

    result = run_app(checkout, **there, **network, SECURITY_GROUP_IDS="sg-0a1b2c3d")

    assert result.returncode == 0, result.stderr
    staging, prod = (
        (checkout / f"cdk.out/{stage}.template.json").read_text() for stage in ("staging", "prod")
    )
    assert ENVIRONMENT["MODEL_EXECUTION_ROLE_ARN"] in staging
    assert "vpc-0a1b2c3d" not in prod
    assert "subnet-0a1b2c3d" in staging
    assert "subnet-0a1b2c3d" not in prod
    assert "churn-prod-222222222222-eu-west-1" in prod
    # The baselines of the model are in the account of the project.
    assert "churn-artifacts" not in prod.replace(FILES, "").replace("::churn-artifacts", "")
    assert ENVIRONMENT["MONITORING_ROLE_ARN"] not in prod
    assert ":alias/churn-prod" in prod
    assert there["PROD_MODEL_EXECUTION_ROLE_ARN"] in prod


def test_a_stage_in_another_account_reads_the_ids_of_its_network(checkout: Path) -> None:
    there = {
        "PROD_MODEL_EXECUTION_ROLE_ARN": "arn:aws:iam::222222222222:role/sagemaker-projects/model",
        "PROD_ARTIFACT_BUCKET": "churn-prod-222222222222-eu-west-1",
        "PROD_ARTIFACT_KEY_ARN": "arn:aws:kms:eu-west-1:222222222222:alias/churn-prod",
        "PROD_MONITORING_ROLE_ARN": "arn:aws:iam::222222222222:role/sagemaker-projects/runs",
        "PROD_MONITORING_STARTER_ROLE_ARN": "arn:aws:iam::222222222222:role/starter",
        "PROD_MONITORING_QUEUE_ARN": "arn:aws:sqs:eu-west-1:222222222222:not-started",
        "PROD_SUBNET_ID_PARAMETERS": "/net/subnet-id-1,/net/subnet-id-2",
        "PROD_SECURITY_GROUP_ID_PARAMETERS": "/net/security-group-id",
    }

    result = run_app(checkout, **there)

    assert result.returncode == 0, result.stderr
    template = json.loads((checkout / "cdk.out/prod.template.json").read_text())
    (model,) = (
        resource["Properties"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::SageMaker::Model"
    )
    read = template["Parameters"]
    assert [read[one["Ref"]]["Default"] for one in model["VpcConfig"]["Subnets"]] == [
        "/net/subnet-id-1",
        "/net/subnet-id-2",
    ]
    assert len(read) == 3
    assert {one["Type"] for one in read.values()} == {"AWS::SSM::Parameter::Value<String>"}
    assert "NoValue" not in json.dumps(template)
    staging = json.loads((checkout / "cdk.out/staging.template.json").read_text())
    assert "Parameters" not in staging


def test_half_a_network_of_parameters_is_rejected(checkout: Path) -> None:
    result = run_app(checkout, SUBNET_ID_PARAMETERS="/net/subnet-id-1")

    assert result.returncode == 1
    assert "environment: got no SECURITY_GROUP_ID_PARAMETERS; set SUBNET_ID_P" in result.stderr


def test_a_stage_never_mixes_two_accounts(checkout: Path) -> None:
    result = run_app(checkout, PROD_ARTIFACT_BUCKET="churn-prod-222222222222-eu-west-1")

    assert result.returncode == 1
    assert "got no PROD_MODEL_EXECUTION_ROLE_ARN, PROD_ARTIFACT_KEY_ARN" in result.stderr


def test_the_environment_names_the_stages(checkout: Path) -> None:
    shutil.copy(checkout / "config/staging.yaml", checkout / "config/dev.yaml")

    result = run_app(checkout, STAGES="dev staging prod")

    assert result.returncode == 0, result.stderr
    paths = (checkout / "cdk.out").glob("*.template.json")
    assert {path.name for path in paths} == {
        f"{stage}.template.json" for stage in ("dev", "staging", "prod")
    }


def test_half_a_network_is_rejected(checkout: Path) -> None:
    result = run_app(checkout, VPC_ID="vpc-0a1b2c3d", SUBNET_IDS="subnet-0a1b2c3d")

    assert result.returncode == 1
    assert "environment: got no SECURITY_GROUP_IDS; set VPC_ID, SUBNET_IDS" in result.stderr


def test_production_on_one_instance_is_rejected_by_rule_and_resource(checkout: Path) -> None:
    settings = checkout / "config" / "prod.yaml"
    chosen = yaml.safe_load(settings.read_text())
    chosen |= {"instance_count": 1, "scaling": None, "rollout": None}
    settings.write_text(yaml.safe_dump(chosen))

    result = run_app(checkout)

    assert result.returncode == 1
    assert "at least 2 instances" in result.stderr
    assert "prod/Endpoint/Config" in result.stderr
    assert "The stacks cannot be deployed" in result.stderr
    assert "Traceback" not in result.stderr

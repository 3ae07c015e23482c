"""Validation of the stacks of the deploy repository, by security packs and template checks."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
import yaml
from botocore.validate import ParamValidator
from cfnlint.api import lint  # type: ignore[import-untyped]

from mlops_constructs.validation import SageMakerChecks
from tests.judges import PACKS, ROOT, checkov_findings, open_findings

SEED = ROOT / "seed_code/model_deploy"
ACCOUNT = "arn:aws:{}:eu-west-1:111111111111:{}"
STAGES = ("staging", "prod")


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> cdk.App:
    """Both stages with the settings of the seed."""
    monkeypatch.syspath_prepend(SEED)
    project = import_module("model_deploy.project").Project(
        name="churn",
        id="p-0123456789ab",
        model_execution_role_arn="arn:aws:iam::111111111111:role/sagemaker-projects/model",
        artifact_bucket="churn-artifacts",
        artifact_key_arn=ACCOUNT.format("kms", "key/0a1b2c3d-1111-2222-3333-444455556666"),
        monitoring=import_module("model_deploy.monitoring.monitoring_roles").MonitoringRoles(
            role_arn="arn:aws:iam::111111111111:role/sagemaker-projects/runs",
            starter_role_arn="arn:aws:iam::111111111111:role/sagemaker-projects/starter",
            queue_arn=ACCOUNT.format("sqs", "churn-not-started"),
        ),
    )
    context = json.loads((SEED / "cdk.json").read_text())["context"]
    app = cdk.App(outdir=str(tmp_path / "cdk.out"), context=context, analytics_reporting=False)
    runs = "s3://churn-artifacts/runs/1/baseline"
    monitored = import_module("model_deploy.monitoring.monitored_package").MonitoredPackage(
        image="111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:1",
        model_data="s3://churn-artifacts/models/1/model.tar.gz",
        problem_type="BinaryClassification",
        baselines={
            name: [f"{runs}/{name}/{file}.json" for file in ("constraints", "statistics")]
            for name in ("data-quality", "model-quality")
        },
    )
    for name in STAGES:
        import_module("model_deploy.endpoint_stack").EndpointStack(
            app,
            name,
            project=project,
            stage=import_module("model_deploy.settings").load_settings(
                SEED / f"config/{name}.yaml"
            ),
            models=import_module("model_deploy.approved_model").ApprovedModels(
                newest=7,
                packages={7: ACCOUNT.format("sagemaker", "model-package/churn/7")},
                descriptions={7: monitored},
            ),
        )
    return app


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: str(pack.__name__))
def test_a_security_pack_finds_nothing_open(app: cdk.App, pack: Any) -> None:
    assert not open_findings(pack, app)


def test_cdk_cfn_lint_checkov_and_sagemaker_checks_find_nothing(
    app: cdk.App, tmp_path: Path
) -> None:
    production = app.node.find_child("prod")
    assert isinstance(production, cdk.Stack)
    cdk.Validations.of(app).add_plugins(SageMakerChecks(production=[production]))
    app.synth()  # raises on findings of CDK and of SageMakerChecks

    folder = tmp_path / "templates"
    folder.mkdir()
    for template in (tmp_path / "cdk.out").glob("*.template.json"):
        assert not lint(template.read_text(), regions=["eu-west-1"])
        template.rename(folder / template.name)
    found = checkov_findings(folder)
    assert len(found) == len(STAGES)
    assert not any(found.values()), found


def test_a_stage_with_all_monitors_of_model_monitor_passes_all_checks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    app = monitored_by_model_monitor(monkeypatch, tmp_path)
    for pack in PACKS:
        assert not open_findings(pack, app)
    cdk.Validations.of(app).add_plugins(SageMakerChecks())
    app.synth()  # raises on findings of CDK and of SageMakerChecks
    (file,) = (tmp_path / "cdk.out").glob("*.template.json")
    template = json.loads(file.read_text())

    assert not lint(file.read_text(), regions=["eu-west-1"])
    for kind, operation in {
        "DataQuality": "data_quality",
        "ModelQuality": "model_quality",
        "ModelBias": "model_bias",
        "ModelExplainability": "model_explainability",
    }.items():
        (definition,) = (
            one["Properties"]
            for one in template["Resources"].values()
            if one["Type"] == f"AWS::SageMaker::{kind}JobDefinition"
        )
        assert_is_a_request(f"create_{operation}_job_definition", definition)


def monitored_by_model_monitor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> cdk.App:
    """Production with each monitor, run by Model Monitor."""
    monkeypatch.syspath_prepend(SEED)
    roles = "arn:aws:iam::111111111111:role/sagemaker-projects"
    project = import_module("model_deploy.project").Project(
        name="churn",
        id="p-0123456789ab",
        model_execution_role_arn=f"{roles}/model",
        artifact_bucket="churn-artifacts",
        artifact_key_arn=ACCOUNT.format("kms", "key/0a1b2c3d-1111-2222-3333-444455556666"),
        monitoring=import_module("model_deploy.monitoring.monitoring_roles").MonitoringRoles(
            role_arn=f"{roles}/runs",
            starter_role_arn=f"{roles}/starter",
            queue_arn=ACCOUNT.format("sqs", "churn-not-started"),
        ),
    )
    runs = "s3://churn-artifacts/runs/1/baseline"
    package = import_module("model_deploy.monitoring.monitored_package").MonitoredPackage(
        image="111111111111.dkr.ecr.eu-west-1.amazonaws.com/churn:1",
        model_data="s3://churn-artifacts/models/1/model.tar.gz",
        problem_type="BinaryClassification",
        baselines={
            name: [f"{runs}/{name}/constraints.json", f"{runs}/{name}/{second}.json"]
            for name, second in {
                "data-quality": "statistics",
                "model-quality": "statistics",
                "bias": "analysis_config",
            }.items()
        }
        | {"attribution": [f"{runs}/explainability/constraints.json"]},
        attribution_config=f"{runs}/explainability/analysis_config.json",
    )
    file = tmp_path / "prod.yaml"
    monitor = {
        "engine": "model-monitor",
        **{name: {} for name in ("model_quality", "bias", "attribution")},
    }
    stage = {"kind": "real-time", "instance_type": "ml.m5.large", "capture": {}, "monitor": monitor}
    file.write_text(yaml.safe_dump(stage))
    context = json.loads((SEED / "cdk.json").read_text())["context"]
    app = cdk.App(outdir=str(tmp_path / "cdk.out"), context=context, analytics_reporting=False)
    import_module("model_deploy.endpoint_stack").EndpointStack(
        app,
        "prod",
        project=project,
        stage=import_module("model_deploy.settings").load_settings(file),
        models=import_module("model_deploy.approved_model").ApprovedModels(
            newest=7,
            packages={7: ACCOUNT.format("sagemaker", "model-package/churn/7")},
            descriptions={7: package},
        ),
    )
    return app


def assert_is_a_request(operation: str, properties: dict[str, Any]) -> None:
    """Validates properties of a resource against botocore's model of the operation."""
    client = boto3.client("sagemaker", region_name="eu-west-1")
    model = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[operation])
    assert model.input_shape is not None
    found = ParamValidator().validate(literal(properties), model.input_shape)
    assert not found.has_errors(), found.generate_report()


def literal(value: Any) -> Any:
    """Returns a value of a template with a text in place of each function."""
    if isinstance(value, list):
        return [literal(one) for one in value]
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref")):
            return "x"
        return {key: literal(one) for key, one in value.items()}
    return value


KINDS: dict[str, dict[str, Any]] = {
    "second": {"second_variant": {"version": 6, "percentage": 10}},
    "shadow": {"shadow": {"version": 6}, "capture": {}},
    "asynchronous": {"kind": "asynchronous", "scaling": {"maximum": 3}},
    "component": {"kind": "component", "compute": {"memory_mb": 1024}, "scaling": {"maximum": 4}},
    "batch": {"kind": "batch", "schedule": "cron(0 3 * * ? *)"},
}


@pytest.mark.parametrize("kind", KINDS)
def test_checks_find_nothing_in_any_kind_of_stage(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.syspath_prepend(SEED)
    file = tmp_path / "prod.yaml"
    file.write_text(
        yaml.safe_dump({"kind": "real-time", "instance_type": "ml.m5.large", **KINDS[kind]})
    )
    context = json.loads((SEED / "cdk.json").read_text())["context"]
    app = cdk.App(outdir=str(tmp_path / "cdk.out"), context=context, analytics_reporting=False)
    project = import_module("model_deploy.project").Project(
        name="churn",
        id="p-0123456789ab",
        model_execution_role_arn="arn:aws:iam::111111111111:role/sagemaker-projects/model",
        artifact_bucket="churn-artifacts",
        artifact_key_arn=ACCOUNT.format("kms", "key/0a1b2c3d-1111-2222-3333-444455556666"),
        monitoring=import_module("model_deploy.monitoring.monitoring_roles").MonitoringRoles(
            role_arn="arn:aws:iam::111111111111:role/sagemaker-projects/runs",
            starter_role_arn="arn:aws:iam::111111111111:role/sagemaker-projects/starter",
            queue_arn=ACCOUNT.format("sqs", "churn-not-started"),
        ),
    )
    packages = {one: ACCOUNT.format("sagemaker", f"model-package/churn/{one}") for one in (6, 7)}
    import_module("model_deploy.endpoint_stack").EndpointStack(
        app,
        "prod",
        project=project,
        stage=import_module("model_deploy.settings").load_settings(file),
        models=import_module("model_deploy.approved_model").ApprovedModels(
            newest=7, packages=packages
        ),
    )
    cdk.Validations.of(app).add_plugins(SageMakerChecks())

    app.synth()  # raises on findings of CDK and of SageMakerChecks

    folder = tmp_path / "templates"
    folder.mkdir()
    (template,) = (tmp_path / "cdk.out").glob("*.template.json")
    assert not lint(template.read_text(), regions=["eu-west-1"])
    template.rename(folder / template.name)
    assert not any(checkov_findings(folder).values())

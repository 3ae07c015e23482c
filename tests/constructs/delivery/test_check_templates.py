"""Templates that the check between synthesis and deployment accepts and rejects."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlops_constructs.delivery.runtime import check_templates
from mlops_constructs.delivery.runtime.check_templates import RejectedError, main

PREFIX = "arn:aws:sagemaker:eu-west-1:111111111111:model-package/churn/"
ENVIRONMENT = {
    "SAGEMAKER_PROJECT_NAME": "churn",
    "MODEL_PACKAGE_PREFIX": PREFIX,
    "STAGES": "staging prod",
    "STAGING_KINDS": "real-time serverless asynchronous component",
    "PROD_KINDS": "real-time serverless asynchronous component",
    "ARTIFACT_BUCKET": "churn-artifacts",
    "COMMIT_ID": "c0ffee",
    "CODEBUILD_BUILD_ARN": "arn:aws:codebuild:eu-west-1:111111111111:build/Check-1:0a-1b",
}
REPORT = {"binary_classification_metrics": {"auc": {"value": 0.93125}, "recall": {"value": 0.8}}}


class Registry:
    """The AWS CLI, with the packages of a group and the stack that production has now."""

    def __init__(self) -> None:
        self.status: dict[str, str] = {
            "7": "Approved",
            "6": "Approved",
            "8": "PendingManualApproval",
        }
        self.deployed: dict[str, Any] | None = None
        self.report: str | None = json.dumps(REPORT)
        self.reader: str | None = None  # session token that reads the deployed template

    def __call__(
        self, *arguments: str, as_text: bool = False, variables: Mapping[str, str] | None = None
    ) -> Any:
        match arguments:
            case ("sts", "assume-role", "--role-arn", role_arn, "--role-session-name", _):
                names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
                return {"Credentials": dict.fromkeys(names, role_arn)}
            case ("sagemaker", "describe-model-package", _, arn):
                return self._package(arn.rpartition("/")[2])
            case ("s3", "cp", uri, "-") if as_text and self.report is not None:
                assert uri == "s3://churn-artifacts/runs/1/evaluation.json"
                return self.report
            case ("cloudformation", "get-template", "--stack-name", "churn-prod"):
                assert (variables or {}).get("AWS_SESSION_TOKEN") == self.reader
                if self.deployed is None:
                    raise RejectedError("Stack with id churn-prod does not exist")
                return {"TemplateBody": self.deployed}
        raise RejectedError(f"AccessDenied: {arguments}")

    def _package(self, version: str) -> dict[str, Any]:
        if version not in self.status:
            raise RejectedError(f"ModelPackage churn/{version} does not exist")
        uri = "s3://churn-artifacts/runs/1/evaluation.json"
        return {
            "ModelApprovalStatus": self.status[version],
            "CustomerMetadataProperties": {"commit": "abc123"},
            "ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": uri}}},
        }


@pytest.fixture
def aws() -> Registry:
    return Registry()


def template(stage: str, version: str = "7") -> dict[str, Any]:
    """The template of the seed, without parts that do not matter here."""
    return {
        "Resources": {
            "Model": {
                "Type": "AWS::SageMaker::Model",
                "Properties": {
                    "ExecutionRoleArn": "arn:aws:iam::111111111111:role/model",
                    "ModelName": f"churn-{stage}-1",
                    "PrimaryContainer": {"ModelPackageName": f"{PREFIX}{version}"},
                },
            },
            "Config": {
                "Type": "AWS::SageMaker::EndpointConfig",
                "Properties": {
                    "ProductionVariants": [
                        {"VariantName": "A", "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}}
                    ]
                },
            },
            "Endpoint": {
                "Type": "AWS::SageMaker::Endpoint",
                "Properties": {
                    "EndpointName": f"churn-{stage}",
                    "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
                },
            },
        },
        "Outputs": {"Name": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}}},
    }


def run(folder: Path, aws: Registry, **templates: Any) -> tuple[int, dict[str, str]]:
    """Returns the exit status for templates, and the results."""
    source = folder / "source"
    source.mkdir(exist_ok=True)
    for stage, content in templates.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (source / f"{stage}.template.json").write_text(text)
    status = main(
        [str(source), str(folder / "checked"), str(folder / "results.sh")], ENVIRONMENT, aws
    )
    results = folder / "checked/results.json"
    return status, json.loads(results.read_text()) if results.exists() else {}


def both(version: str = "7") -> dict[str, Any]:
    return {"staging": template("staging", version), "prod": template("prod", version)}


def test_templates_with_an_approved_model_are_passed_on(tmp_path: Path, aws: Registry) -> None:
    status, results = run(tmp_path, aws, **both())

    assert status == 0
    for stage, content in both().items():
        written = json.loads((tmp_path / f"checked/{stage}.template.json").read_text())
        assert written == content
    assert results == {
        "MODEL_PACKAGE": "churn/7",
        "TRAINED_BY": "abc123",
        "METRICS": "auc 0.9313, recall 0.8",
        "CHANGES": "creates the endpoint",
        "CHECK_URL": "https://eu-west-1.console.aws.amazon.com/codesuite/codebuild/111111111111/"
        "projects/Check-1/build/Check-1%3A0a-1b/?region=eu-west-1",
    }


def test_changes_in_production_are_reported(tmp_path: Path, aws: Registry) -> None:
    aws.deployed = template("prod", "6")
    aws.deployed["Resources"]["Old"] = {"Type": "AWS::CloudWatch::Alarm"}

    _, results = run(tmp_path, aws, **both())
    assert results["CHANGES"] == "model was churn/6; removes Alarm; changes Model"

    aws.deployed = template("prod")
    _, results = run(tmp_path, aws, **both())
    assert results["CHANGES"] == "nothing"


def test_the_template_of_another_account_is_read_with_the_role_there(
    tmp_path: Path, aws: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.reader = "arn:aws:iam::222222222222:role/sagemaker-projects/churn-prod-check"
    aws.deployed = template("prod", "6")
    monkeypatch.setitem(ENVIRONMENT, "LAST_STAGE_ROLE_ARN", aws.reader)

    status, results = run(tmp_path, aws, **both())

    assert status == 0
    assert results["CHANGES"] == "model was churn/6; changes Model"


def test_the_build_exports_the_results_with_any_text(tmp_path: Path, aws: Registry) -> None:
    aws.report = json.dumps({"$(touch hacked)'\n": {"value": 1}})

    run(tmp_path, aws, **both())

    done = subprocess.run(
        ["sh", "-ec", '. ./results.sh; printf %s "$METRICS"'],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "?(touch hacked)?? 1"
    assert not (tmp_path / "hacked").exists()


@pytest.mark.parametrize(
    ("report", "said"),
    [(None, "not readable"), ("no JSON", "not readable"), ("{}", "none in the report")],
)
def test_metrics_that_cannot_be_read_stop_nothing(
    tmp_path: Path, aws: Registry, report: str | None, said: str
) -> None:
    aws.report = report
    status, results = run(tmp_path, aws, **both())
    assert (status, results["METRICS"]) == (0, said)


def test_before_a_first_approval_there_is_nothing_to_check(tmp_path: Path, aws: Registry) -> None:
    status, results = run(tmp_path, aws)

    assert (status, results["MODEL_PACKAGE"]) == (0, "none")
    assert [one.name for one in (tmp_path / "checked").iterdir()] == ["results.json"]


@pytest.mark.parametrize(
    ("version", "said"),
    [("8", "churn/8 is PendingManualApproval; a reviewer must approve it"), ("9", "not exist")],
)
def test_a_model_that_is_not_approved_is_rejected(
    tmp_path: Path, aws: Registry, capsys: pytest.CaptureFixture[str], version: str, said: str
) -> None:
    assert run(tmp_path, aws, **both(version)) == (1, {})
    assert said in capsys.readouterr().out
    assert not (tmp_path / "checked").exists()


def test_production_gets_models_that_staging_has_deployed(
    tmp_path: Path, aws: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _ = run(tmp_path, aws, staging=template("staging", "6"), prod=template("prod", "7"))

    assert status == 1
    assert "prod deploys churn/7, which staging does not deploy first" in capsys.readouterr().out


Change = Callable[[dict[str, Any]], None]


def put(*path: Any, value: Any) -> Change:
    """A change of the template: `value` at a path below Resources."""

    def change(resources: dict[str, Any]) -> None:
        *way, last = path
        place: Any = resources
        for step in way:
            place = place[step]
        place[last] = value

    return change


MODEL, CONTAINER = ("Model", "Properties"), ("Model", "Properties", "PrimaryContainer")
VARIANTS = ("Config", "Properties", "ProductionVariants")
ATTACKS: dict[str, tuple[Change, str]] = {
    "model data of anybody": (
        put(*CONTAINER, value={"Image": "1.dkr.ecr/x", "ModelDataUrl": "s3://evil/m.tar.gz"}),
        "PrimaryContainer has Image, ModelDataUrl; allowed is ModelPackageName alone",
    ),
    "model data beside the package": (
        put(*CONTAINER, "ModelDataUrl", value="s3://evil/m.tar.gz"),
        "PrimaryContainer has ModelDataUrl, ModelPackageName",
    ),
    "a data source": (
        put(*CONTAINER, "ModelDataSource", value={"S3DataSource": {"S3Uri": "s3://evil/"}}),
        "PrimaryContainer has ModelDataSource",
    ),
    "further data sources": (
        put(*CONTAINER, "AdditionalModelDataSources", value=[{"ChannelName": "x"}]),
        "PrimaryContainer has AdditionalModelDataSources",
    ),
    "other code by a variable": (
        put(*CONTAINER, "Environment", value={"SAGEMAKER_SUBMIT_DIRECTORY": "s3://evil/"}),
        "PrimaryContainer has Environment",
    ),
    "a second container": (
        put(*MODEL, "Containers", value=[{"Image": "1.dkr.ecr/x"}]),
        "Containers; a model is one container",
    ),
    "no container": (put(*CONTAINER, value=None), "PrimaryContainer has None"),
    "a package of another group": (
        put(*CONTAINER, "ModelPackageName", value=f"{PREFIX.replace('churn', 'fraud')}1"),
        "ModelPackageName is",
    ),
    "a package of another account": (
        put(*CONTAINER, "ModelPackageName", value=f"{PREFIX.replace('1' * 12, '2' * 12)}1"),
        "ModelPackageName is",
    ),
    "a group that only begins alike": (
        put(*CONTAINER, "ModelPackageName", value=f"{PREFIX[:-1]}-eu/1"),
        "ModelPackageName is",
    ),
    "a package by reference": (
        put(*CONTAINER, "ModelPackageName", value={"Ref": "Package"}),
        'ModelPackageName is {"Ref": "Package"}',
    ),
    "a package by a function": (
        put(*CONTAINER, "ModelPackageName", value={"Fn::Sub": f"{PREFIX}7"}),
        'ModelPackageName is {"Fn::Sub"',
    ),
    "a package by a condition": (
        put(*CONTAINER, value={"Fn::If": ["C", {"ModelPackageName": f"{PREFIX}7"}, {}]}),
        "PrimaryContainer has Fn::If",
    ),
    "a version with a line break": (
        put(*CONTAINER, "ModelPackageName", value=f"{PREFIX}7\n"),
        "ModelPackageName is",
    ),
    "a dynamic reference": (
        put(*CONTAINER, "ModelPackageName", value="{{resolve:ssm:/evil}}"),
        "a dynamic reference",
    ),
    "a dynamic reference somewhere else": (
        put(*MODEL, "ModelName", value="x{{resolve:secretsmanager:x}}"),
        "a dynamic reference",
    ),
    "a model that is there already": (
        put(*VARIANTS, 0, "ModelName", value="churn-evil"),
        'a variant\'s ModelName is "churn-evil"; allowed is one of the template',
    ),
    "a model by a parameter": (
        put(*VARIANTS, 0, "ModelName", value={"Ref": "Parameter"}),
        "a variant's ModelName is",
    ),
    "a shadow that is there already": (
        put("Config", "Properties", "ShadowProductionVariants", value=[{"ModelName": "x"}]),
        "a variant's ModelName is",
    ),
    "variants by a condition": (
        put(*VARIANTS, value={"Fn::If": ["C", [], []]}),
        "the variants are not a literal list",
    ),
    "a configuration that is there already": (
        put("Endpoint", "Properties", "EndpointConfigName", value="churn-evil"),
        "EndpointConfigName is",
    ),
    "another attribute of the configuration": (
        put(
            "Endpoint",
            "Properties",
            "EndpointConfigName",
            value={"Fn::GetAtt": ["Model", "ModelName"]},
        ),
        "EndpointConfigName is",
    ),
    "the endpoint of another stage": (
        put("Endpoint", "Properties", "EndpointName", value="churn-other"),
        'EndpointName is "churn-other"',
    ),
    "an endpoint by a function": (
        put("Endpoint", "Properties", "EndpointName", value={"Fn::Sub": "churn-prod"}),
        "EndpointName is",
    ),
    "an endpoint without a name": (
        put("Endpoint", "Properties", value={}),
        "EndpointName is null",
    ),
    "a role": (put("Role", value={"Type": "AWS::IAM::Role"}), "Role is 'AWS::IAM::Role'; allowed"),
    "a nested stack": (
        put("Nested", value={"Type": "AWS::CloudFormation::Stack"}),
        "Nested is 'AWS::CloudFormation::Stack'",
    ),
    "a custom resource": (
        put("Custom", value={"Type": "Custom::Anything"}),
        "Custom is 'Custom::Anything'",
    ),
    "a macro in a resource": (
        put(*MODEL, "Tags", value={"Fn::Transform": {"Name": "AWS::Include"}}),
        "Fn::Transform",
    ),
    "no resource": (put("Broken", value="text"), "Broken is not a resource"),
    "properties that a function writes": (
        put("Model", "Properties", value=["PrimaryContainer"]),
        "Model is not a resource",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("stage", ["staging", "prod"])
def test_a_template_that_deploys_anything_else_is_rejected(
    tmp_path: Path, aws: Registry, capsys: pytest.CaptureFixture[str], attack: str, stage: str
) -> None:
    change, said = ATTACKS[attack]
    templates = copy.deepcopy(both())
    change(templates[stage]["Resources"])

    assert run(tmp_path, aws, **templates)[0] == 1
    assert f"{stage}: " in (printed := capsys.readouterr().out)
    assert said in printed
    assert not (tmp_path / "checked").exists()


def with_component(stage: str) -> dict[str, Any]:
    """The template of a stage of the kind `component`."""
    found = template(stage)
    resources = found["Resources"]
    config = resources["Config"]["Properties"]
    config["ProductionVariants"] = [
        {"VariantName": "A", "ManagedInstanceScaling": {"Status": "ENABLED"}}
    ]
    resources["Component"] = {
        "Type": "AWS::SageMaker::InferenceComponent",
        "Properties": {
            "EndpointName": {"Fn::GetAtt": ["Endpoint", "EndpointName"]},
            "VariantName": "A",
            "InferenceComponentName": f"churn-{stage}",
            "Specification": {
                "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
                "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 1024},
            },
        },
    }
    return found


def test_a_component_of_an_approved_model_is_passed_on(tmp_path: Path, aws: Registry) -> None:
    status, results = run(
        tmp_path, aws, **{one: with_component(one) for one in ("staging", "prod")}
    )

    assert (status, results["MODEL_PACKAGE"]) == (0, "churn/7")


COMPONENT = ("Component", "Properties")
SPECIFICATION = (*COMPONENT, "Specification")
CONTAINER_OF_ANYBODY = {"Image": "1.dkr.ecr/x", "ArtifactUrl": "s3://evil/m.tar.gz"}
ATTACKS_BY_COMPONENTS: dict[str, tuple[Change, str]] = {
    "a container of anybody": (
        put(*SPECIFICATION, value={"Container": CONTAINER_OF_ANYBODY}),
        "Specification has Container; allowed are",
    ),
    "a container beside the model": (
        put(*SPECIFICATION, "Container", value=CONTAINER_OF_ANYBODY),
        "Specification has ComputeResourceRequirements, Container, ModelName",
    ),
    "an adapter of another component": (
        put(*SPECIFICATION, "BaseInferenceComponentName", value="fraud-prod"),
        "Specification has BaseInferenceComponentName",
    ),
    "a specification by a function": (
        put(*SPECIFICATION, value={"Fn::If": ["C", {}, {}]}),
        "Specification has Fn::If",
    ),
    "many specifications": (
        put(*COMPONENT, "Specifications", value=[{"Container": CONTAINER_OF_ANYBODY}]),
        "Specifications; allowed are DeploymentConfig",
    ),
    "a model that is there already": (
        put(*SPECIFICATION, "ModelName", value="churn-evil"),
        'the ModelName is "churn-evil"',
    ),
    "the endpoint of another stage": (
        put(*COMPONENT, "EndpointName", value="churn-other"),
        'EndpointName is "churn-other"; allowed is one of the template',
    ),
    "the name of another project": (
        put(*COMPONENT, "InferenceComponentName", value="fraud-prod"),
        'InferenceComponentName is "fraud-prod"',
    ),
    "a name that only begins alike": (
        put(*COMPONENT, "InferenceComponentName", value="churn-production"),
        'InferenceComponentName is "churn-production"',
    ),
    "a variant that does not host components": (
        put(*VARIANTS, 0, "ManagedInstanceScaling", value={"Ref": "AWS::NoValue"}),
        "a variant's ManagedInstanceScaling is a function",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS_BY_COMPONENTS)
def test_a_component_that_serves_anything_else_is_rejected(
    tmp_path: Path, aws: Registry, capsys: pytest.CaptureFixture[str], attack: str
) -> None:
    change, said = ATTACKS_BY_COMPONENTS[attack]
    prod = with_component("prod")
    change(prod["Resources"])

    assert run(tmp_path, aws, staging=template("staging"), prod=prod)[0] == 1
    assert said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        (put("Config", "Properties", "AsyncInferenceConfig", value={}), "asynchronous"),
        (put(*VARIANTS, 0, "ServerlessConfig", value={}), "serverless"),
        (
            lambda resources: resources.update(with_component("prod")["Resources"]),
            "component",
        ),
    ],
)
def test_a_kind_that_the_stage_may_not_have_is_rejected(
    tmp_path: Path,
    aws: Registry,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    changed: Change,
    kind: str,
) -> None:
    monkeypatch.setitem(ENVIRONMENT, "PROD_KINDS", "real-time")
    prod = template("prod")
    assert run(tmp_path, aws, staging=template("staging"), prod=prod)[0] == 0
    changed(prod["Resources"])

    assert run(tmp_path, aws, staging=template("staging"), prod=prod)[0] == 1
    assert f"is of the kind {kind}; allowed are real-time" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            put("Config", "Properties", "AsyncInferenceConfig", value={"Ref": "AWS::NoValue"}),
            "AsyncInferenceConfig is a function",
        ),
        (
            put(*VARIANTS, 0, "ServerlessConfig", value={"Fn::If": ["C", {}, {}]}),
            "a variant's ServerlessConfig is a function",
        ),
    ],
)
def test_a_kind_that_a_function_hides_is_rejected(
    tmp_path: Path, aws: Registry, capsys: pytest.CaptureFixture[str], changed: Change, said: str
) -> None:
    prod = template("prod")
    changed(prod["Resources"])

    assert run(tmp_path, aws, staging=template("staging"), prod=prod)[0] == 1
    assert said in capsys.readouterr().out


@pytest.mark.parametrize("section", ["Transform", "Hooks"])
def test_an_unknown_section_is_rejected(
    tmp_path: Path, aws: Registry, capsys: pytest.CaptureFixture[str], section: str
) -> None:
    templates = both()
    templates["prod"][section] = "AWS::LanguageExtensions"

    assert run(tmp_path, aws, **templates)[0] == 1
    assert f"prod: the section {section}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("Resources: {}", "is not valid JSON"),
        ('{"Resources": {}, "Resources": {}}', "duplicate key"),
        ("[]", "has no Resources"),
        ('{"Resources": []}', "has no Resources"),
        ("[" * 100_000, "is not valid JSON"),
        (" " * 1_000_001, "has more than 1000000 bytes"),
    ],
    ids=["yaml", "twice", "list", "resources-are-a-list", "deep", "large"],
)
def test_an_ambiguous_file_is_rejected(
    tmp_path: Path, aws: Registry, capsys: pytest.CaptureFixture[str], content: str, said: str
) -> None:
    assert run(tmp_path, aws, staging=template("staging"), prod=content)[0] == 1
    assert said in capsys.readouterr().out


def test_a_link_to_another_file_is_rejected(
    tmp_path: Path, aws: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source/prod.template.json").symlink_to("/proc/self/environ")

    assert run(tmp_path, aws, staging=template("staging"))[0] == 1
    assert "prod.template.json is not a regular file" in capsys.readouterr().out


def test_a_stage_without_template_is_rejected(
    tmp_path: Path, aws: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, aws, staging=template("staging"))[0] == 1
    assert "got no template for prod" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_existing_files_in_the_output_folder_are_not_passed_on(
    tmp_path: Path, aws: Registry, kind: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "evil.template.json").write_text("{}")
    if kind == "link":
        (tmp_path / "checked").symlink_to(elsewhere)
    else:
        elsewhere.rename(tmp_path / "checked")

    assert run(tmp_path, aws, **both())[0] == 0
    assert not (tmp_path / "checked/evil.template.json").exists()
    assert not (tmp_path / "checked").is_symlink()


def test_the_file_runs_alone_and_reads_no_module_of_the_team(tmp_path: Path) -> None:
    """As in the build: isolated, in a folder that the team has filled."""
    (tmp_path / "json.py").write_text("raise SystemExit('the team runs code')")
    environment = {**ENVIRONMENT, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-I", check_templates.__file__, ".", "checked", "results.sh"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "PASSED for commit c0ffee" in done.stdout


def reading(default: Any, kind: str = "AWS::SSM::Parameter::Value<String>") -> dict[str, Any]:
    """The template of production with a parameter of Systems Manager as its subnet."""
    found = template("prod")
    found["Parameters"] = {"Subnet": {"Type": kind, "Default": default}}
    found["Resources"]["Model"]["Properties"]["VpcConfig"] = {
        "Subnets": [{"Ref": "Subnet"}],
        "SecurityGroupIds": [{"Ref": "Subnet"}],
    }
    return found


def test_the_parameters_of_the_stage_s_network_can_be_read(
    tmp_path: Path, aws: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENVIRONMENT, "PROD_PARAMETERS", "/net/vpc-id /net/subnet-id-1")

    status, _ = run(tmp_path, aws, staging=template("staging"), prod=reading("/net/subnet-id-1"))

    assert status == 0


@pytest.mark.parametrize(
    ("parameter", "readable", "said"),
    [
        (reading("/other/subnet"), "/net/a", 'Value<String> "/other/subnet"; allowed are /net/a'),
        (reading("/net/a:1"), "/net/a", '"/net/a:1"; allowed are /net/a'),
        (reading("/net/a"), "", '"/net/a"; allowed are none'),
        (reading(["/net/a"]), "/net/a", '["/net/a"]; allowed are /net/a'),
        (
            reading("/net/a", "AWS::SSM::Parameter::Value<List<String>>"),
            "/net/a",
            "is AWS::SSM::Parameter::Value<List<String>>",
        ),
        (template("prod") | {"Parameters": []}, "/net/a", "Parameters is []; allowed is an object"),
        (
            template("prod") | {"Parameters": {"It": {"Default": "/net/a"}}},
            "/net/a",
            "the parameter It has no Type",
        ),
    ],
)
def test_other_parameters_are_rejected(
    tmp_path: Path,
    aws: Registry,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    parameter: dict[str, Any],
    readable: str,
    said: str,
) -> None:
    monkeypatch.setitem(ENVIRONMENT, "PROD_PARAMETERS", readable)

    status, _ = run(tmp_path, aws, staging=template("staging"), prod=parameter)

    assert status == 1
    assert said in capsys.readouterr().out

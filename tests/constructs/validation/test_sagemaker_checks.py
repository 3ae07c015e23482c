"""Violations beyond those of cdk-nag fail the synthesis, unless acknowledged."""

import json
from typing import Any

import aws_cdk as cdk
import pytest

from mlops_constructs.validation import SageMakerChecks

KEY = "arn:aws:kms:eu-west-1:111111111111:key/1"
IDLE = {"AppLifecycleManagement": {"IdleSettings": {"LifecycleManagement": "ENABLED"}}}
GOOD_DOMAIN = {
    "AppNetworkAccessType": "VpcOnly",
    "KmsKeyId": KEY,
    "DefaultUserSettings": {"JupyterLabAppSettings": IDLE, "CodeEditorAppSettings": IDLE},
}
GOOD_JOB = {
    "NetworkConfig": {
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
    },
    "JobResources": {"ClusterConfig": {"VolumeKmsKeyId": KEY}},
    "DataQualityJobOutputConfig": {"KmsKeyId": KEY},
}
JOB_RULES = {"JobNetwork", "JobTrafficEncryption", "JobVolumeKey", "JobOutputKey"}


def resource(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"Resources": {"It": {"Type": f"AWS::{kind}", "Properties": properties}}}


def broken(template: dict[str, Any], *, production: bool = False) -> set[str]:
    """The names of the rules that a template breaks."""
    stack = cdk.Stack(cdk.App(), "Prod")
    checks = SageMakerChecks(production=[stack])
    file = stack.template_file if production else "Staging.template.json"
    return {rule.name for rule in checks.broken_rules(template, file)}


def config(*variants: dict[str, Any], **members: Any) -> dict[str, Any]:
    return resource("SageMaker::EndpointConfig", {"ProductionVariants": list(variants), **members})


def experiment(*, answering: int, shadow: int) -> dict[str, Any]:
    """A shadow test, by the numbers of instances."""
    variants = [
        {
            "VariantName": name,
            "InfrastructureConfig": {"RealTimeInferenceConfig": {"InstanceCount": count}},
        }
        for name, count in (("Live", answering), ("Shadow", shadow))
    ]
    return resource(
        "SageMaker::InferenceExperiment",
        {"ModelVariants": variants, "ShadowModeConfig": {"SourceModelVariantName": "Live"}},
    )


@pytest.mark.parametrize(
    ("kind", "properties", "rules"),
    [
        ("SageMaker::Domain", GOOD_DOMAIN, set()),
        ("SageMaker::Domain", {**GOOD_DOMAIN, "KmsKeyId": {"Ref": "Key"}}, set()),
        ("SageMaker::Domain", {}, {"DomainVpcOnly", "DomainKey", "DomainIdleShutdown"}),
        (
            "SageMaker::Domain",
            {**GOOD_DOMAIN, "AppNetworkAccessType": "PublicInternetOnly"},
            {"DomainVpcOnly"},
        ),
        (
            "SageMaker::Domain",
            {**GOOD_DOMAIN, "DefaultUserSettings": {"JupyterLabAppSettings": IDLE}},
            {"DomainIdleShutdown"},
        ),
        ("SageMaker::FeatureGroup", {}, set()),
        (
            "SageMaker::FeatureGroup",
            {"OnlineStoreConfig": {"EnableOnlineStore": True}, "OfflineStoreConfig": {"S3": 1}},
            {"FeatureGroupOnlineKey", "FeatureGroupOfflineKey"},
        ),
        ("SageMaker::Model", {}, {"ModelNetwork"}),
        ("SageMaker::Model", {"EnableNetworkIsolation": True}, set()),
        ("SageMaker::Model", {"VpcConfig": {"Subnets": ["subnet-1"]}}, set()),
        (
            "SageMaker::EndpointConfig",
            {"DataCaptureConfig": {"EnableCapture": True}},
            {"DataCaptureKey"},
        ),
        (
            "SageMaker::InferenceExperiment",
            {"DataStorageConfig": {"Destination": "s3://b/capture"}},
            {"DataCaptureKey"},
        ),
        (
            "SageMaker::InferenceExperiment",
            {"DataStorageConfig": {"Destination": "s3://b/capture", "KmsKey": KEY}},
            set(),
        ),
        (
            "SageMaker::EndpointConfig",
            {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/o"}}},
            {"AsyncOutputKey"},
        ),
        ("SageMaker::DataQualityJobDefinition", GOOD_JOB, set()),
        ("SageMaker::ModelBiasJobDefinition", {"ModelBiasJobOutputConfig": {}}, JOB_RULES),
        (
            "SageMaker::ModelPackageGroup",
            {"ModelPackageGroupPolicy": {"Statement": {"Effect": "Allow", "Principal": "*"}}},
            {"ModelPackageGroupPrincipal"},
        ),
        (
            "SageMaker::ModelPackageGroup",
            {
                "ModelPackageGroupPolicy": {
                    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "111111111111"}}]
                }
            },
            set(),
        ),
    ],
)
def test_a_resource_breaks_the_rules_that_concern_it(
    kind: str, properties: dict[str, Any], rules: set[str]
) -> None:
    assert broken(resource(kind, properties)) == rules


def test_a_scheduled_job_is_judged_by_the_input_with_which_sagemaker_is_called() -> None:
    job = {"ProcessingOutputConfig": {"Outputs": []}, "RoleArn": "${Role}"}
    text = json.dumps(job).partition("${Role}")
    schedule = {
        "Target": {
            "Arn": {
                "Fn::Join": [
                    "",
                    [
                        "arn:",
                        {"Ref": "AWS::Partition"},
                        ":scheduler:::aws-sdk:sagemaker:createProcessingJob",
                    ],
                ]
            },
            "Input": {"Fn::Join": ["", [text[0], {"Fn::GetAtt": ["Role", "Arn"]}, text[2]]]},
        }
    }

    assert broken(resource("Scheduler::Schedule", schedule)) == JOB_RULES


def test_steps_of_a_pipeline_are_judged_inside_conditions_too() -> None:
    job = {"Name": "Train", "Type": "Training", "Arguments": {"OutputDataConfig": {}}}
    condition = {"Name": "If", "Type": "Condition", "Arguments": {"IfSteps": [job]}}
    body = json.dumps({"Version": "2020-12-01", "Steps": [condition]})

    pipeline = resource(
        "SageMaker::Pipeline", {"PipelineDefinition": {"PipelineDefinitionBody": body}}
    )

    assert broken(pipeline) == JOB_RULES


def test_a_model_that_a_serverless_variant_serves_needs_no_network() -> None:
    model = resource("SageMaker::Model", {})["Resources"]["It"]
    endpoint = config(
        {"ModelName": {"Fn::GetAtt": ["Model", "ModelName"]}, "ServerlessConfig": {"Memory": 1}}
    )

    endpoint["Resources"]["Model"] = model

    assert broken(endpoint) == set()


@pytest.mark.parametrize(
    ("template", "rules"),
    [
        (config({"InitialInstanceCount": 1}), {"MinimumInstances"}),
        (config({"InitialInstanceCount": 2}), set()),
        (config({"InitialInstanceCount": {"Ref": "Count"}}), set()),
        (config({"ServerlessConfig": {}}), set()),
        (experiment(answering=1, shadow=2), {"MinimumInstances"}),
        (experiment(answering=2, shadow=1), set()),
        (config({"InitialInstanceCount": 1, "ManagedInstanceScaling": {}}), set()),
        (
            resource(
                "ApplicationAutoScaling::ScalableTarget",
                {"MinCapacity": 1, "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"},
            ),
            {"MinimumInstances"},
        ),
        (
            resource(
                "ApplicationAutoScaling::ScalableTarget",
                {"MinCapacity": 1, "ScalableDimension": "ecs:service:DesiredCount"},
            ),
            set(),
        ),
    ],
)
def test_production_has_instances_to_spare(template: dict[str, Any], rules: set[str]) -> None:
    assert broken(template, production=True) == rules
    assert "MinimumInstances" not in broken(template)


@pytest.mark.parametrize("minimum", [0, -1])
def test_a_minimum_below_one_is_rejected(minimum: int) -> None:
    with pytest.raises(ValueError, match=f"got {minimum}; allowed is 1 or more"):
        SageMakerChecks(minimum_instances=minimum)


def test_only_stacks_of_production_need_instances_to_spare() -> None:
    app = cdk.App(analytics_reporting=False)
    staging, prod = cdk.Stack(app, "Staging"), cdk.Stack(app, "Prod")
    for stack, count in ((staging, 1), (prod, 2)):
        cdk.CfnResource(
            stack,
            "Config",
            type="AWS::SageMaker::EndpointConfig",
            properties={"ProductionVariants": [{"InitialInstanceCount": count}]},
        )
    cdk.Validations.of(app).add_plugins(SageMakerChecks(production=[prod]))

    app.synth()


def synthesise(*, acknowledged: bool) -> None:
    app = cdk.App(analytics_reporting=False)
    stack = cdk.Stack(app, "Example")
    model = cdk.CfnResource(stack, "Model", type="AWS::SageMaker::Model", properties={})
    cdk.Validations.of(app).add_plugins(SageMakerChecks())
    if acknowledged:
        cdk.Validations.of(model).acknowledge(
            cdk.Acknowledgment(id="SageMakerChecks::ModelNetwork", reason="it is a test")
        )
    app.synth()


def test_a_finding_fails_the_synthesis() -> None:
    with pytest.raises(RuntimeError, match=r"[Vv]alidation ?[Ff]ailed"):
        synthesise(acknowledged=False)


def test_an_acknowledged_finding_does_not() -> None:
    synthesise(acknowledged=True)

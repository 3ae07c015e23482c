"""Every example in a docstring of these areas runs, and what it makes is clean."""

import importlib
import inspect
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_codepipeline as codepipeline
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_sns as sns
from cdk_nag import AwsSolutionsChecks
from cfnlint.api import lint  # type: ignore[import-untyped]
from constructs import Construct

import mlops_constructs
from mlops_constructs import delivery, hosting, model_registry, monitoring, validation
from tests.judges import open_findings

AREAS = tuple(
    importlib.import_module(f"mlops_constructs.{path.parent.name}")
    for path in sorted(Path(mlops_constructs.__file__).parent.glob("*/__init__.py"))
)
EXAMPLE = re.compile(r"^Example:\n    ```python\n(.*?)^    ```", re.DOTALL | re.MULTILINE)


def documented(area: ModuleType) -> Iterator[tuple[str, str]]:
    """The qualified names and docstrings of what an area offers."""
    for name in area.__all__:
        thing = getattr(area, name)
        yield name, inspect.getdoc(thing) or ""
        if not inspect.isclass(thing):
            continue
        for member_name, member in vars(thing).items():
            function = getattr(member, "__func__", member)
            if not member_name.startswith("_") and inspect.isfunction(function):
                yield f"{name}.{member_name}", inspect.getdoc(function) or ""


def examples() -> list[Any]:
    found = []
    for area in AREAS:
        for name, text in documented(area):
            found += [
                pytest.param(textwrap.dedent(code), id=f"{area.__name__.rpartition('.')[2]}.{name}")
                for code in EXAMPLE.findall(text)
            ]
    return found


@pytest.fixture
def names() -> dict[str, Any]:
    """Names that examples use without defining them."""
    app = cdk.App(context=json.loads(Path("cdk.json").read_text())["context"])
    stack = cdk.Stack(
        app, "Example", env=cdk.Environment(account="111111111111", region="eu-west-1")
    )
    key = kms.Key(stack, "Key", enable_key_rotation=True)
    bucket = s3.Bucket.from_bucket_attributes(
        stack, "Bucket", bucket_name="churn-artifacts", encryption_key=key
    )
    repository = ecr.Repository.from_repository_name(stack, "Repository", "churn")
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
    image = hosting.ModelSource.from_image(repository, tag_or_digest="1")
    model = hosting.Model(stack, "Model", source=image)
    open_model = hosting.Model(stack, "OpenModel", source=image, network_isolation=False)
    variant = hosting.RealTimeVariant(model=model, instance_type="ml.m7i.large")
    endpoint = hosting.Endpoint(stack, "Existing", variants=[variant])
    pipeline = codepipeline.Pipeline.from_pipeline_arn(
        stack, "Pipeline", "arn:aws:codepipeline:eu-west-1:111111111111:churn-model-deploy"
    )
    return {
        "alarm": cloudwatch.Alarm(
            stack,
            "Alarm",
            metric=endpoint.metric_server_errors(),
            threshold=1,
            evaluation_periods=1,
        ),
        "app": app,
        "bucket": bucket,
        "Path": Path,
        "cdk": cdk,
        "cloudwatch": cloudwatch,
        "code_repository": codecommit.Repository.from_repository_name(stack, "Code", "churn"),
        "codepipeline": codepipeline,
        "connection": delivery.Connection.from_connection_arn(
            stack,
            "GitHub",
            "arn:aws:codeconnections:eu-west-1:111111111111:connection/"
            "11111111-1111-1111-1111-111111111111",
        ),
        "ec2": ec2,
        "endpoint": endpoint,
        "events": events,
        "group": model_registry.ModelPackageGroup(stack, "Group", model_package_group_name="churn"),
        "iam": iam,
        "key": key,
        "model": model,
        "monitor": monitoring.DriftMonitor.from_monitor_name(
            stack, "Drift", "churn-data", endpoint_name="churn-prod"
        ),
        "open_model": open_model,
        "pipeline": pipeline,
        "project": delivery.ProjectResources(
            project_name="churn",
            project_id="p-churn",
            artifacts=delivery.ArtifactStore(bucket=bucket, key=key),
            model_package_group_name="churn",
        ),
        "quality_monitor": monitoring.DriftMonitor.from_monitor_name(
            stack,
            "Quality",
            "churn-quality",
            analysis_type="MODEL_QUALITY",
            endpoint_name="churn-prod",
        ),
        "repository": repository,
        "resource": cdk.CfnResource(stack, "Topic", type="AWS::SNS::Topic"),
        "role": role,
        "s3": s3,
        "sns": sns,
        "stack": stack,
        "targets": targets,
        "topic": sns.Topic.from_topic_arn(
            stack, "Alerts", "arn:aws:sns:eu-west-1:111111111111:alerts"
        ),
        "training_pipeline": sagemaker.CfnPipeline(
            stack,
            "Training",
            pipeline_name="churn-train",
            role_arn=role.role_arn,
            pipeline_definition={"PipelineDefinitionBody": '{"Version":"2020-12-01","Steps":[]}'},
        ),
        "vpc": ec2.Vpc.from_vpc_attributes(
            stack,
            "Vpc",
            vpc_id="vpc-11111111",
            availability_zones=["eu-west-1a", "eu-west-1b"],
            private_subnet_ids=["subnet-11111111", "subnet-22222222"],
        ),
        **{name: getattr(area, name) for area in AREAS for name in area.__all__},
    }


def test_every_public_function_and_class_has_a_docstring() -> None:
    bare = [name for area in AREAS for name, text in documented(area) if not text]

    assert not bare


@pytest.mark.parametrize("code", [one for one in examples() if one.id.startswith("validation.")])
def test_an_example_of_checks_runs(code: str, names: dict[str, Any]) -> None:
    exec(code, names)  # noqa: S102 - our own docstrings


# Checks are no resources; they would evaluate the examples as production.
@pytest.mark.parametrize("area", [area for area in AREAS if area is not validation])
def test_the_examples_of_an_area_run_and_what_they_make_together_is_clean(
    area: ModuleType, names: dict[str, Any]
) -> None:
    prefix = area.__name__.rpartition(".")[2]
    made = [example for example in examples() if str(example.id).startswith(f"{prefix}.")]
    assert made
    for number, example in enumerate(made):
        scope = Construct(names["stack"], f"Example{number}")
        try:
            exec(example.values[0], {**names, "stack": scope})  # noqa: S102 - our own docstrings
        except Exception as error:
            error.add_note(f"in the example of {example.id}")
            raise

    assert not open_findings(AwsSolutionsChecks, names["app"])
    # CDK's own rules make this raise.
    template = names["app"].synth().get_stack_by_name("Example").template
    assert not lint(json.dumps(template), regions=["eu-west-1"])

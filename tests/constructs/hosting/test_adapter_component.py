"""Adapter components, which have an archive but no resources."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from mlops_constructs.hosting import (
    ComputeResourceRequirements,
    Endpoint,
    InferenceComponent,
    InferenceComponentBase,
    ManagedInstanceScaling,
    Model,
    ModelSource,
    RealTimeVariant,
)
from tests.constructs.hosting.conftest import PACKAGE_ARN

Resources = Callable[[str], list[dict[str, Any]]]
COMPONENT = "AWS::SageMaker::InferenceComponent"
KEY = "adapters/french.tar.gz"


@pytest.fixture
def base(stack: cdk.Stack, shared: Endpoint, model: Model) -> InferenceComponent:
    return InferenceComponent(
        stack,
        "Base",
        endpoint=shared,
        model=model,
        compute=ComputeResourceRequirements(minimum_memory_mb=1024),
        inference_component_name="llm",
    )


def french(
    stack: cdk.Stack, base: InferenceComponentBase, bucket: s3.IBucket, **given: Any
) -> InferenceComponentBase:
    return InferenceComponent.adapter(
        stack,
        "French",
        **{"base": base, "artifact_bucket": bucket, "artifact_key": KEY, **given},
    )


def found(stack: cdk.Stack) -> dict[str, dict[str, Any]]:
    """The components of a stack by logical id."""
    template = assertions.Template.from_stack(stack)
    return {name: dict(one) for name, one in template.find_resources(COMPONENT).items()}


def test_an_adapter_is_an_archive_beside_a_base(
    stack: cdk.Stack, base: InferenceComponent, bucket: s3.IBucket
) -> None:
    adapter = french(stack, base, bucket)

    components = found(stack)
    (resource,) = (one for name, one in components.items() if name.startswith("French"))
    (base_id,) = (name for name in components if name.startswith("Base"))
    properties = resource["Properties"]
    assert properties["Specification"] == {
        "BaseInferenceComponentName": "llm",
        "Container": {"ArtifactUrl": "s3://churn-artifacts/adapters/french.tar.gz"},
    }
    assert "GetAtt" in str(properties["EndpointName"])
    assert properties["InferenceComponentName"] == adapter.inference_component_name
    assert set(properties) == {"EndpointName", "InferenceComponentName", "Specification"}
    assert base_id in resource["DependsOn"]


def test_the_roles_of_model_and_fleet_read_that_archive_before_it_is_loaded(
    stack: cdk.Stack, resources: Resources, key: kms.IKey
) -> None:
    service = iam.ServicePrincipal("sagemaker.amazonaws.com")
    of_model = iam.Role(stack, "OfModel", assumed_by=service)
    of_fleet = iam.Role(stack, "OfFleet", assumed_by=service)
    fleet = ManagedInstanceScaling(instance_type="ml.m7i.xlarge", role=of_fleet, maximum=1)
    source = ModelSource.from_package(PACKAGE_ARN)
    encrypted = s3.Bucket.from_bucket_attributes(
        stack, "Encrypted", bucket_name="adapters", encryption_key=key
    )
    base = InferenceComponent(
        stack,
        "Base",
        endpoint=Endpoint(stack, "E", variants=[fleet]),
        model=Model(stack, "M", source=source, role=of_model),
        compute=ComputeResourceRequirements(minimum_memory_mb=1024),
    )

    french(stack, base, encrypted)

    reading = [
        statement
        for policy in resources("AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "s3:GetObject"
    ]
    assert len(reading) == 2
    assert all(str(statement["Resource"]).count(f":s3:::adapters/{KEY}") for statement in reading)
    assert str(resources("AWS::IAM::Policy")).count("kms:Decrypt") == 2
    (adapter,) = (one for name, one in found(stack).items() if name.startswith("French"))
    waits_for = " ".join(adapter["DependsOn"])
    assert "OfModelDefaultPolicy" in waits_for
    assert "OfFleetDefaultPolicy" in waits_for


def test_adapters_below_their_base_do_not_wait_for_each_other(
    stack: cdk.Stack, base: InferenceComponent, bucket: s3.IBucket
) -> None:
    for name in ("French", "German"):
        InferenceComponent.adapter(
            base,
            name,
            base=base,
            artifact_bucket=bucket,
            artifact_key=KEY,
        )

    waiting = [one["DependsOn"] for one in found(stack).values() if "DependsOn" in one]
    assert [len(ids) for ids in waiting] == [1, 1]


def test_an_adapter_is_invoked_by_its_own_name(
    stack: cdk.Stack, base: InferenceComponent, bucket: s3.IBucket, resources: Resources
) -> None:
    caller = iam.Role(stack, "Caller", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    adapter = french(stack, base, bucket, inference_component_name="french")

    adapter.grant_invoke(caller)

    (statement,) = resources("AWS::IAM::Policy")[0]["PolicyDocument"]["Statement"]
    refs = [resource["Ref"] for resource in statement["Resource"]]
    assert [ref[:6] for ref in refs] == ["Shared", "French"]
    assert adapter.metric_invocations().dimensions == {"InferenceComponentName": "french"}
    with pytest.raises(
        ValueError, match="got CPUUtilization of an adapter, which reserves no resou"
    ):
        adapter.metric_cpu_utilization()


def test_an_imported_base_has_adapters_of_this_stack(
    stack: cdk.Stack, bucket: s3.IBucket, resources: Resources
) -> None:
    imported = InferenceComponent.from_inference_component_name(
        stack, "Base", "llm", endpoint=Endpoint.from_endpoint_name(stack, "E", "shared")
    )

    french(stack, imported, bucket)

    assert resources(COMPONENT)[0]["EndpointName"] == "shared"
    assert resources(COMPONENT)[0]["Specification"]["BaseInferenceComponentName"] == "llm"


def test_another_base_or_endpoint_has_another_adapter(bucket: s3.IBucket) -> None:
    """AWS cannot move one, and no property of the type is create-only."""

    def adapter_on(endpoint: str, base: str, **given: Any) -> tuple[str, str]:
        stack = cdk.Stack(cdk.App(), "S", env=cdk.Environment(region="eu-west-1"))
        imported = InferenceComponent.from_inference_component_name(
            stack, "Base", base, endpoint=Endpoint.from_endpoint_name(stack, "E", endpoint)
        )
        french(stack, imported, s3.Bucket.from_bucket_name(stack, "B", "adapters"), **given)
        ((logical_id, resource),) = found(stack).items()
        return logical_id, resource["Properties"]["InferenceComponentName"]

    first = adapter_on("shared", "llm")
    assert adapter_on("shared", "llm") == first
    # The archive is changed in place.
    assert adapter_on("shared", "llm", artifact_key="2.tar.gz") == first
    for other in (adapter_on("shared-2", "llm"), adapter_on("shared", "llm-2")):
        assert other[0] != first[0]
        assert other[1] != first[1]
    named = adapter_on("shared", "llm", inference_component_name="french")
    assert named == adapter_on("shared-2", "llm", inference_component_name="french")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"artifact_key": "adapters/"}, "artifact_key: got 'adapters/'; allowed is one gzip-comp"),
        ({"artifact_key": "a.safetensors"}, "whose key ends in .tar.gz"),
        ({"inference_component_name": "a_b"}, "inference_component_name: got 'a_b'"),
        ({"inference_component_name": "llm"}, "got 'llm', the name of the base"),
    ],
)
def test_an_adapter_that_aws_rejects(
    stack: cdk.Stack,
    base: InferenceComponent,
    bucket: s3.IBucket,
    given: dict[str, Any],
    expected: str,
) -> None:
    with pytest.raises(ValueError, match=r"InferenceComponent\.adapter S/French cannot") as error:
        french(stack, base, bucket, **given)
    assert expected in str(error.value)


def test_an_adapter_has_no_adapters(
    stack: cdk.Stack, base: InferenceComponent, bucket: s3.IBucket
) -> None:
    adapter = french(stack, base, bucket)

    with pytest.raises(ValueError, match="base: got S/French, which is an adapter"):
        InferenceComponent.adapter(
            stack, "Of", base=adapter, artifact_bucket=bucket, artifact_key=KEY
        )


def test_a_base_is_on_a_fleet(stack: cdk.Stack, model: Model, bucket: s3.IBucket) -> None:
    variant = RealTimeVariant(model=model, instance_type="ml.m7i.large")
    endpoint = Endpoint(stack, "Own", variants=[variant])
    imported = InferenceComponent.from_inference_component_name(
        stack, "Base", "llm", endpoint=endpoint
    )

    with pytest.raises(ValueError, match="base: got a component on S/Own, whose variants serve"):
        french(stack, imported, bucket)


def test_adapters_are_rejected_where_there_are_no_components(bucket: s3.IBucket) -> None:
    stack = cdk.Stack(cdk.App(), "S", env=cdk.Environment(region="mx-central-1"))
    imported = InferenceComponent.from_inference_component_name(
        stack, "Base", "llm", endpoint=Endpoint.from_endpoint_name(stack, "E", "shared")
    )

    with pytest.raises(ValueError, match="has no AWS::SageMaker::InferenceComponent"):
        french(stack, imported, bucket)

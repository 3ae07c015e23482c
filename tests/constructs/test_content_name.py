"""Names by content: create-only properties change the name, others do not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sagemaker as sagemaker

from mlops_constructs._content_name import attribute_of, create_only, name_by_content

Change = Callable[[cdk.Stack, sagemaker.CfnEndpointConfig], object]


@jsii.implements(cdk.IStableAnyProducer)
class _Later:
    def produce(self) -> Any:
        return {"outputConfig": {"s3OutputPath": "s3://later"}}


def name_of(change: Change | None = None, **role_options: Any) -> str:
    """Returns the names of a configuration and of its model, in a separate app."""
    stack = cdk.Stack(cdk.App(), "S")
    principal = iam.ServicePrincipal("sagemaker.amazonaws.com")
    role = iam.Role(stack, "Role", assumed_by=principal, **role_options)
    model = sagemaker.CfnModel(stack, "Model", execution_role_arn=role.role_arn)
    name_by_content(model, "ModelName", "churn")
    config = sagemaker.CfnEndpointConfig(
        stack,
        "Config",
        production_variants=[
            sagemaker.CfnEndpointConfig.ProductionVariantProperty(
                variant_name="A", model_name=model.attr_model_name, initial_variant_weight=1
            )
        ],
    )
    name_by_content(config, "EndpointConfigName", "churn-prod")
    if change is not None:
        change(stack, config)
    template = cdk.App.of(stack).synth().get_stack_by_name("S").template  # type: ignore[union-attr]
    found: str = template["Resources"]["Config"]["Properties"]["EndpointConfigName"]
    return found


def test_a_name_is_a_prefix_and_the_same_hash_each_time() -> None:
    name = name_of()

    assert name.startswith("churn-prod-")
    assert len(name) == len("churn-prod-") + 10
    assert name == name_of()


@pytest.mark.parametrize(
    "change",
    [
        lambda stack, config: setattr(config, "kms_key_id", "k"),
        lambda stack, config: setattr(config, "async_inference_config", cdk.Lazy.any(_Later())),
        lambda stack, config: setattr(config, "enable_network_isolation", True),
        lambda stack, config: setattr(config, "kms_key_id", kms.Key(stack, "K").key_arn),
        # That of the model, whose name is a mere reference in the configuration.
        lambda stack, config: setattr(
            stack.node.find_child("Model"), "enable_network_isolation", True
        ),
    ],
)
def test_another_content_has_another_name(change: Change) -> None:
    assert name_of(change) != name_of()


@pytest.mark.parametrize(
    "change",
    [
        lambda stack, config: cdk.Tags.of(stack).add("team", "growth"),
        lambda stack, config: s3.Bucket(stack, "Other"),
        lambda stack, config: setattr(
            stack.node.find_child("Role").node.default_child, "description", "hosts models"
        ),
    ],
)
def test_what_changes_in_place_leaves_the_name(change: Change) -> None:
    assert name_of(change) == name_of()


def test_a_replaced_resource_replaces_what_refers_to_it() -> None:
    """The reference stays the same, the role behind it is another: through the model, too."""
    assert name_of(path="/ml-platform/") != name_of()
    assert name_of(role_name="hosting") != name_of()


def test_tags_count_where_they_are_create_only() -> None:
    def tagged(*, tag: str | None) -> str:
        stack = cdk.Stack(cdk.App(), "S")
        config = sagemaker.CfnStudioLifecycleConfig(
            stack,
            "Config",
            studio_lifecycle_config_app_type="JupyterLab",
            studio_lifecycle_config_content="YQ==",
            studio_lifecycle_config_name="",
        )
        name_by_content(config, "StudioLifecycleConfigName", "git")
        if tag is not None:
            cdk.Tags.of(stack).add("team", tag)
        template = cdk.App.of(stack).synth().get_stack_by_name("S").template  # type: ignore[union-attr]
        found: str = template["Resources"]["Config"]["Properties"]["StudioLifecycleConfigName"]
        return found

    assert len({tagged(tag=None), tagged(tag="growth"), tagged(tag="sales")}) == 3


@pytest.mark.parametrize(
    ("property_name", "attribute"),
    [
        ("KmsKeyId", "kms_key_id"),
        ("VPCId", "vpc_id"),
        ("S3OutputPath", "s3_output_path"),
        ("Name", "name"),
    ],
)
def test_a_property_is_an_attribute_of_the_construct(property_name: str, attribute: str) -> None:
    assert attribute_of(property_name) == attribute


def test_the_table_knows_what_is_named_by_content() -> None:
    for kind in ("Model", "EndpointConfig", "StudioLifecycleConfig"):
        assert f"{kind}Name" in create_only()[f"AWS::SageMaker::{kind}"]

"""Values that stacks publish for each other as parameters of Systems Manager."""

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from stacks.platform_stack import PlatformStack
from stacks.settings.defaults import DefaultSettings

PLACE = cdk.Environment(account="111111111111", region="eu-central-1")


def define(app: cdk.App, name: str, env: cdk.Environment = PLACE) -> PlatformStack:
    defaults = DefaultSettings.model_validate({"prefix": "ml-"})
    return PlatformStack(app, name, defaults=defaults, env=env, description="A stack")


def test_a_published_value_is_read_at_deployment() -> None:
    app = cdk.App()
    publisher, reader = define(app, "Network"), define(app, "Studio")
    publisher.publish("vpc-id", "vpc-1")

    cdk.CfnOutput(reader, "Vpc", value=reader.read(publisher, "vpc-id"))

    Template.from_stack(publisher).has_resource_properties(
        "AWS::SSM::Parameter", {"Name": "/mlops/ml-Network/vpc-id", "Value": "vpc-1"}
    )
    parameters = Template.from_stack(reader).find_parameters("*")
    assert {
        "Type": "AWS::SSM::Parameter::Value<String>",
        "Default": "/mlops/ml-Network/vpc-id",
    } in [*parameters.values()]


def test_the_reader_is_deployed_after_the_publisher() -> None:
    app = cdk.App()
    publisher, reader = define(app, "Network"), define(app, "Studio")

    reader.read(publisher, "vpc-id")

    assert [one.node.id for one in reader.dependencies] == ["Network"]


def test_a_value_that_is_read_twice_is_one_parameter() -> None:
    app = cdk.App()
    publisher, reader = define(app, "Network"), define(app, "Studio")

    assert reader.read(publisher, "vpc-id") == reader.read(publisher, "vpc-id")


def test_a_renamed_stack_publishes_beside_the_old_one() -> None:
    """Both exist until no stack reads the parameters of the old name."""
    app = cdk.App()

    names = {define(app, name).parameter_name("vpc-id") for name in ("Network", "PrivateNetwork")}
    assert names == {"/mlops/ml-Network/vpc-id", "/mlops/ml-PrivateNetwork/vpc-id"}


@pytest.mark.parametrize(
    "env",
    [
        cdk.Environment(account="222222222222", region="eu-central-1"),
        cdk.Environment(account="111111111111", region="eu-west-1"),
    ],
)
def test_a_value_of_another_account_or_region_is_rejected(env: cdk.Environment) -> None:
    app = cdk.App()
    publisher, reader = define(app, "Network", env), define(app, "Studio")

    with pytest.raises(ValueError, match="allowed are parameters of aws://111111111111/eu-central"):
        reader.read(publisher, "vpc-id")

"""Values that stacks of projects read from Systems Manager when CloudFormation deploys them.

CloudFormation neither changes nor deletes an export that a project imports; a parameter can be
changed and deleted alone, and a project reads it whenever its stack is updated.
"""

import re

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

ROOT = "/mlops/"
"""Prefix of the names, which the launch role may read."""
_NAME = re.compile(rf"{ROOT}[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){{0,12}}")


def name_problems(argument: str, name: str) -> list[str]:
    """Validates the name of a parameter; returns one message per problem.

    Args:
        argument: name of the argument, for the message.
        name: name of the parameter.
    """
    if cdk.Token.is_unresolved(name) or _NAME.fullmatch(name):
        return []
    return [
        f"{argument}: got {name!r}; allowed are names below {ROOT}, which launch roles may read, "
        f"such as {ROOT}projects/boundary-arn"
    ]


def publish(scope: Construct, construct_id: str, *, name: str, value: str) -> None:
    """Publishes a value for stacks that are deployed later.

    Args:
        scope: parent construct of the parameter.
        construct_id: id of the parameter.
        name: name of the parameter.
        value: the value; may be a token.
    """
    ssm.StringParameter(
        scope,
        construct_id,
        parameter_name=name,
        string_value=value,
        description="Read by stacks of SageMaker projects",
    )


def read(stack: cdk.Stack, construct_id: str, *, name: str) -> str:
    """Returns a published value as a parameter of a template.

    Args:
        stack: stack of the template.
        construct_id: name of the template's parameter.
        name: name of the parameter in Systems Manager.
    """
    return cdk.CfnParameter(
        stack,
        construct_id,
        type="AWS::SSM::Parameter::Value<String>",
        default=name,
        description="Name of a parameter of Systems Manager; keep the default",
    ).value_as_string

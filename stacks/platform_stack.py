"""Base of the stacks of an account, and the parameters by which they find each other."""

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.settings.defaults import DefaultSettings

PARAMETERS = "/mlops"
"""Root of the names of all parameters."""


def parameter_name(stack_name: str, name: str) -> str:
    """Returns the name of the parameter of a value that a stack publishes.

    Args:
        stack_name: name of the stack, with its prefix.
        name: name of the value.
    """
    return f"{PARAMETERS}/{stack_name}/{name}"


class PlatformStack(cdk.Stack):
    """Defines a stack with the tags, the protection and the boundary of the default settings.

    Stacks do not export values to each other, because CloudFormation neither changes nor deletes an
    export in use. A stack publishes values as parameters of Systems Manager, and CloudFormation
    reads them whenever it deploys another stack that needs them.

    Args:
        defaults: settings of every stack.
        env: account and region.
        description: description of the stack in the console.
        cross_region_references: True if the stack refers to stacks of other regions, or they to it.
            Defaults to None: no cross-region references.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        defaults: DefaultSettings,
        env: cdk.Environment,
        description: str,
        cross_region_references: bool | None = None,
    ) -> None:
        boundary = defaults.permissions_boundary
        super().__init__(
            scope,
            construct_id,
            # Without the name of a CDK stage: a pipeline updates a stack that `cdk deploy` created.
            stack_name=f"{defaults.prefix}{construct_id}",
            env=env,
            analytics_reporting=False,
            description=description,
            cross_region_references=cross_region_references,
            tags=dict(defaults.tags) or None,
            termination_protection=defaults.termination_protection,
            permissions_boundary=cdk.PermissionsBoundary.from_name(boundary) if boundary else None,
            synthesizer=cdk.DefaultStackSynthesizer(qualifier=defaults.qualifier),
        )

    def publish(self, name: str, value: str) -> None:
        """Publishes a value for other stacks of the account and region.

        The name of the parameter contains that of the stack: a renamed stack publishes new
        parameters beside those of the old one, until no other stack reads them.

        Args:
            name: name of the value, such as `key-arn`; unique in the stack.
            value: value of 1 to 4,096 characters; may be a token.
        """
        ssm.StringParameter(
            self,
            f"Parameter-{name.replace('/', '-')}",
            parameter_name=self.parameter_name(name),
            string_value=value,
            description=f"{self.stack_name}: {name}",
        )

    def parameter_name(self, name: str) -> str:
        """Returns the name of the parameter of a published value.

        Args:
            name: name of the value.
        """
        return parameter_name(self.stack_name, name)

    def read(self, publisher: "PlatformStack", name: str) -> str:
        """Returns a value of another stack, which CloudFormation reads at each deployment.

        This stack is deployed after the other one.

        Args:
            publisher: stack that publishes the value, of the same account and region.
            name: name of the value.

        Raises:
            ValueError: the other stack is in another account or region, where CloudFormation reads
                no parameters.
        """
        if publisher.environment != self.environment:
            raise ValueError(
                f"{self.stack_name}: got {publisher.parameter_name(name)} of "
                f"{publisher.environment}; allowed are parameters of {self.environment}"
            )
        self.add_stack_dependency(publisher)
        return ssm.StringParameter.value_for_string_parameter(self, publisher.parameter_name(name))

"""Connections to git providers, each of which must be authorised once in the console."""

from collections.abc import Sequence

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs.delivery import Connection, ConnectionBase
from stacks.platform_stack import PlatformStack
from stacks.settings.connections import ConnectionSettings
from stacks.settings.defaults import DefaultSettings


class ConnectionsStack(PlatformStack):
    """Defines the connections of an account and region to git providers.

    CloudFormation creates a connection with the status PENDING. The outputs contain the page of the
    console on which it is authorised.

    Args:
        settings: connections of the account.
        defaults: settings of every stack.
        env: account and region.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Sequence[ConnectionSettings],
        defaults: DefaultSettings,
        env: cdk.Environment,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            defaults=defaults,
            env=env,
            description="Connections of the ML platform to git providers",
        )
        self._existing = {one.name: one.existing_arn for one in settings if one.existing_arn}
        for one in settings:
            if one.existing_arn is not None:
                continue
            connection = Connection(
                self,
                f"Connection-{one.name}",
                provider=one.provider,
                connection_name=one.name,
                host_arn=one.host_arn,
            )
            self.publish(f"{one.name}/arn", connection.connection_arn)
            title = "".join(part.title() for part in one.name.replace("_", "-").split("-"))
            cdk.CfnOutput(
                self,
                f"{title}Authorise",
                value=f"https://{self.region}.console.aws.amazon.com/codesuite/settings/"
                f"{self.account}/{self.region}/connections",
                description=f"Select {one.name}, then 'Update pending connection', once",
            )
            cdk.CfnOutput(self, f"{title}Status", value=connection.connection_status)

    def connection_in(self, stack: PlatformStack, name: str) -> ConnectionBase:
        """Returns a connection, for another stack.

        Args:
            name: name of the connection.
        """
        arn = self._existing.get(name) or stack.read(self, f"{name}/arn")
        return Connection.from_connection_arn(stack, f"Connection-{name}", arn)

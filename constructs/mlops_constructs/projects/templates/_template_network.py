"""Network of a project template, by ids that its template can contain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import aws_cdk as cdk
from constructs import Construct

from mlops_constructs._problems import is_known
from mlops_constructs.network import Network, NetworkBase
from mlops_constructs.projects._published_value import ROOT, publish, read

_VPC, _SUBNET, _GROUP = "VpcId", "SubnetId", "SecurityGroupId"


@dataclass(frozen=True, kw_only=True)
class TemplateNetwork:
    """Defines the ids of a network: literal, or as parameters of Systems Manager.

    Args:
        ids: literal ids by their names, such as SubnetId1.
        parameters: names of parameters by the names of the ids.
    """

    ids: Mapping[str, str]
    parameters: Mapping[str, str]

    @classmethod
    def publish(cls, scope: Construct, network: NetworkBase, *, name: str) -> TemplateNetwork:
        """Publishes a network for templates that are deployed later.

        Ids that only CloudFormation knows become parameters `/mlops/STACK/NAME/...`.

        Args:
            scope: parent construct of the parameters.
            network: network of this app.
            name: name of the template, unique in the stack.
        """
        given = {
            _VPC: network.vpc.vpc_id,
            **_numbered(_SUBNET, network.subnet_ids),
            **_numbered(_GROUP, network.security_group_ids),
        }
        stack = cdk.Stack.of(scope).stack_name
        parameters = {
            key: f"{ROOT}{stack}/{name}/{key}"
            for key, value in given.items()
            if not is_known(value)
        }
        for key, parameter in parameters.items():
            publish(scope, key, name=parameter, value=given[key])
        known = {key: value for key, value in given.items() if key not in parameters}
        return cls(ids=known, parameters=parameters)

    def network(self, stack: cdk.Stack, construct_id: str) -> NetworkBase:
        """Returns the network as an import in the stack of a template.

        Args:
            stack: stack of the template.
            construct_id: id of the network.
        """
        read_ids = {key: read(stack, key, name=name) for key, name in self.parameters.items()}
        ids = {**self.ids, **read_ids}
        return Network.from_ids(
            stack,
            construct_id,
            vpc_id=ids[_VPC],
            subnet_ids=[value for key, value in ids.items() if key.startswith(_SUBNET)],
            security_group_ids=[value for key, value in ids.items() if key.startswith(_GROUP)],
        )


def _numbered(name: str, values: Sequence[str]) -> dict[str, str]:
    return {f"{name}{number}": value for number, value in enumerate(values, start=1)}

"""Projects of an account and region, with their repositories, as their stacks describe them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stacks.upgrades.commands import aws, signed_in

_KINDS = ("ModelBuild", "ModelDeploy")
_CONNECTED = re.compile(
    r"/git-http/(?P<account>\d{12})/(?P<region>[a-z0-9-]+)/(?P<id>[^/]+)/(?P<name>.+)\.git$"
)


@dataclass(frozen=True, kw_only=True)
class ProjectRepository:
    """A repository of a project.

    Args:
        project: name of the project.
        stack: name of the project's stack.
        name: name of the repository; at a third-party provider with its owner.
        url: URL for git.
        region: region of the project.
        connection_arn: ARN of the connection to the provider; empty for CodeCommit.
    """

    project: str
    stack: str
    name: str
    url: str
    region: str
    connection_arn: str = ""


def project_repositories(account: str, region: str) -> list[ProjectRepository]:
    """Returns the repositories of all projects: of the settings, of templates and of products.

    Args:
        account: id of the account.
        region: region of the projects.

    Raises:
        UpgradeError: the credentials are those of another account, or cannot describe stacks.
    """
    caller = signed_in(account, region)
    stacks = aws("cloudformation", "describe-stacks", region=region)["Stacks"]
    partition = caller["Arn"].split(":")[1]
    found = [one for stack in stacks for one in _of_stack(stack, partition, region)]
    return sorted(found, key=lambda one: (one.project, one.name))


def _of_stack(stack: Mapping[str, Any], partition: str, region: str) -> Iterator[ProjectRepository]:
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", ())}
    for kind in _KINDS:
        name = outputs.get(f"{kind}RepositoryName")
        url = outputs.get(f"{kind}RepositoryCloneUrl")
        if name is None or url is None or "ModelPackageGroupName" not in outputs:
            continue
        connected = _CONNECTED.search(url)
        yield ProjectRepository(
            project=outputs["ModelPackageGroupName"],
            stack=stack["StackName"],
            name=name,
            url=url,
            region=region,
            connection_arn=f"arn:{partition}:codeconnections:{connected['region']}:"
            f"{connected['account']}:connection/{connected['id']}"
            if connected
            else "",
        )

"""Accounts and regions to which the app was deployed, and the one of a project."""

from pathlib import Path

from rehearsal.client import cdk, project
from rehearsal.client.local_aws import LocalAws


def of_app(aws: LocalAws, assembly: Path = cdk.ASSEMBLY) -> dict[str, LocalAws]:
    """Returns the accounts and regions of the stacks of an assembly by `aws://ACCOUNT/REGION`.

    Args:
        aws: the local AWS.
        assembly: output folder of the synthesis, which may not exist. Defaults to that of the last
            deployment.
    """
    if not (assembly / "manifest.json").exists():
        return {}
    found = {}
    for environment in cdk.environments(assembly, aws.account, aws.region):
        account, _, region = environment.removeprefix("aws://").partition("/")
        found[environment] = aws.at(account, region)
    return found


def deployed_projects(aws: LocalAws, assembly: Path = cdk.ASSEMBLY) -> list[str]:
    """Returns the names of the projects that are stacks of an assembly.

    Args:
        aws: the local AWS.
        assembly: output folder of the synthesis. Defaults to that of the last deployment.
    """
    stacks = cdk.stacks(assembly, aws.account, aws.region)
    return [
        name
        for environment, place in of_app(aws, assembly).items()
        for name in project.of_stacks(place, {one for at, one in stacks if at == environment})
    ]


def of_project(aws: LocalAws, name: str, assembly: Path = cdk.ASSEMBLY) -> LocalAws:
    """Returns the account and region of a project; of the template if the project does not exist.

    Args:
        aws: the local AWS, whose first account and region come first.
        name: name of the project.
        assembly: output folder of the synthesis. Defaults to that of the last deployment.
    """
    candidates = [aws, *of_app(aws, assembly).values()]
    templates = filter(project.has_template, candidates)
    existing = (one for one in candidates if project.exists(one, name))
    return next(existing, None) or next(templates, aws)

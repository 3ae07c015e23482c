"""SageMaker projects: creation from a template, lookup, clones of the repositories."""

import re
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from rehearsal.client.errors import RehearsalError
from rehearsal.client.git_clone import GitClone
from rehearsal.client.local_aws import BUILD_DIRECTORY, LocalAws
from rehearsal.client.process_tree import Commands

CREATE_SECONDS = 300.0
# Source: ProjectEntityName of CreateProject, SageMaker API reference.
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")


@dataclass(frozen=True)
class Project:
    """An existing project: its name, its id and the outputs of its CloudFormation stack.

    A project that the settings of an app deploy, without SageMaker, has no id.
    """

    name: str
    project_id: str
    outputs: Mapping[str, str]

    @property
    def model_package_group(self) -> str:
        """Name of the model package group."""
        return self.outputs["ModelPackageGroupName"]

    def pipeline(self, which: str) -> str:
        """Returns the name of the `build` or `deploy` pipeline."""
        return self.outputs["ModelBuildPipelineName" if which == "build" else _DEPLOY_PIPELINE]

    def endpoint(self, stage: str) -> str:
        """Returns the name of the endpoint of a stage (`staging`, `prod`)."""
        return f"{self.name}-{stage}"

    def account_of(self, aws: LocalAws, stage: str) -> LocalAws:
        """Returns the account and region of the endpoint of a stage (`staging`, `prod`)."""
        place = self.places(aws).get(self.endpoint(stage))
        return aws if place is None else aws.at(*place)

    def places(self, aws: LocalAws) -> dict[str, tuple[str, str]]:
        """Returns account and region of each stack that the pipeline deploys, by its name.

        The account of a stack is that of the role with which the pipeline deploys it, the region
        that of the action. The stack of a stage has the name of its endpoint.
        """
        name = self.pipeline("deploy")
        stages = aws.client("codepipeline").get_pipeline(name=name)["pipeline"]["stages"]
        return {
            action["configuration"]["StackName"]: (
                action["roleArn"].split(":")[4],
                action.get("region", aws.region),
            )
            for stage in stages
            for action in stage["actions"]
            if action["actionTypeId"]["category"] == "Deploy" and action.get("roleArn")
            if "StackName" in action.get("configuration", {})
        }

    def directory(self, which: str) -> Path:
        """Returns the folder of the clone of the `build` or `deploy` repository."""
        return BUILD_DIRECTORY / "projects" / self.name / f"model-{which}"

    def repository(self, which: str, aws: LocalAws, commands: Commands) -> GitClone:
        """Returns the clone of the `build` or `deploy` repository."""
        return GitClone(self.directory(which), aws, commands)

    def clone(self, aws: LocalAws, commands: Commands) -> list[str]:
        """Clones both repositories, in parallel because each sign-in takes seconds.

        Returns:
            A sentence about each existing clone that was changed.
        """
        urls = {
            "build": self.outputs["ModelBuildRepositoryCloneUrl"],
            "deploy": self.outputs["ModelDeployRepositoryCloneUrl"],
        }
        with ThreadPoolExecutor() as pool:
            clones = [
                pool.submit(self.repository(which, aws, commands).clone, url)
                for which, url in urls.items()
            ]
            try:
                return [note for clone in clones if (note := clone.result())]
            except BaseException:
                commands.close()  # otherwise the block would wait for the other clone
                raise


def repoint_clones(aws: LocalAws, commands: Commands, old: str) -> list[Path]:
    """Changes the remotes of all clones from the URL of an earlier local AWS to this one.

    Returns:
        The clones whose remote was changed.
    """
    if old == aws.url:
        return []
    found = sorted((BUILD_DIRECTORY / "projects").glob("*/*/.git"))
    clones = [GitClone(path.parent, aws, commands) for path in found]
    return [clone.directory for clone in clones if clone.repoint(old, aws.url)]


_DEPLOY_PIPELINE = "ModelDeployPipelineName"
_GROUP = "ModelPackageGroupName"
_PROJECT_OUTPUTS = {"ModelBuildPipelineName", _DEPLOY_PIPELINE, _GROUP}
# Stacks of SageMaker and of Service Catalog.
_MANAGED = ("SP-", "SC-")
_TEMPLATE_OUTPUTS = {"TemplateUrl", "LaunchRoleArn", "TemplateName"}


def find(aws: LocalAws, name: str) -> Project:
    """Returns the project with a name: of SageMaker, or of a stack that an app deployed.

    Raises:
        RehearsalError: the project does not exist or is not ready.
    """
    try:
        description = aws.client("sagemaker").describe_project(ProjectName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ResourceNotFound", "ValidationException"):
            raise
        deployed = of_stacks(aws)
        if name in deployed:
            return deployed[name]
        names = sorted({*(item["ProjectName"] for item in _projects(aws)), *deployed})
        raise RehearsalError(
            f"Project {name!r} does not exist.",
            f"Projects: {', '.join(names)}." if names else "There are no projects yet.",
            f"Create it with `rehearse project create {name}`.",
        ) from error
    status = description["ProjectStatus"]
    if status not in ("CreateCompleted", "UpdateCompleted"):
        raise RehearsalError(f"Project {name!r} is {status}.", _reasons(aws, description))
    return Project(name, description["ProjectId"], _outputs(aws, description))


def exists(aws: LocalAws, name: str) -> bool:
    """Returns True if a project has the name."""
    return name in of_stacks(aws) or name in [
        item["ProjectName"]
        for item in _projects(aws)
        if item["ProjectStatus"] not in ("DeleteCompleted", "CreateFailed")
    ]


def of_stacks(aws: LocalAws, names: Collection[str] | None = None) -> dict[str, Project]:
    """Returns the projects that an app deployed without SageMaker, by their names.

    Args:
        aws: the local AWS.
        names: names of the stacks. Defaults to None: all, except for those of SageMaker's projects.
    """
    found = {}
    for stack in _stacks(aws):
        name, outputs = stack["StackName"], stack_outputs(stack)
        wanted = name in names if names is not None else not name.startswith(_MANAGED)
        if wanted and outputs.keys() >= _PROJECT_OUTPUTS:
            found[outputs[_GROUP]] = Project(outputs[_GROUP], "", outputs)
    return found


def has_template(aws: LocalAws) -> bool:
    """Returns True if a stack publishes a project template."""
    return any(stack_outputs(stack).keys() >= _TEMPLATE_OUTPUTS for stack in _stacks(aws))


def create(aws: LocalAws, name: str) -> Project:
    """Creates a project from the template that a deployed stack publishes, and waits for it.

    The outputs TemplateUrl, LaunchRoleArn and TemplateName of a stack locate the template.

    Raises:
        RehearsalError: the name is invalid or taken, no template is published, or the creation
            fails.
    """
    if not _NAME.fullmatch(name):
        raise RehearsalError(
            f"Got {name!r} as the name of a project.",
            "Allowed: 1 to 32 letters, digits and hyphens; a letter or digit at both ends.",
            "Choose another name.",
        )
    if exists(aws, name):
        raise RehearsalError(
            f"Project {name!r} already exists.",
            "",
            f"Choose another name, or push to this project: `rehearse push {name}`.",
        )
    template = _template(aws)
    client = aws.client("sagemaker")
    client.create_project(
        ProjectName=name,
        ProjectDescription="Created by rehearse",
        TemplateProviders=[
            {
                "CfnTemplateProvider": {
                    "TemplateName": template["TemplateName"],
                    "TemplateURL": template["TemplateUrl"],
                    "RoleARN": template["LaunchRoleArn"],
                }
            }
        ],
    )
    deadline = time.monotonic() + CREATE_SECONDS
    while time.monotonic() < deadline:
        description = client.describe_project(ProjectName=name)
        if description["ProjectStatus"] == "CreateCompleted":
            return find(aws, name)
        if description["ProjectStatus"] == "CreateFailed":
            raise RehearsalError(
                f"Project {name!r} could not be created.", _reasons(aws, description)
            )
        time.sleep(0.3)
    raise RehearsalError(
        f"Project {name!r} was not ready after {CREATE_SECONDS:.0f} s.",
        _reasons(aws, client.describe_project(ProjectName=name)),
    )


def _projects(aws: LocalAws) -> list[dict[str, Any]]:
    client = aws.client("sagemaker")  # boto3 has no paginator for projects
    response = client.list_projects()
    found: list[dict[str, Any]] = response["ProjectSummaryList"]
    while response.get("NextToken"):
        response = client.list_projects(NextToken=response["NextToken"])
        found = [*found, *response["ProjectSummaryList"]]
    return found


def _stacks(aws: LocalAws) -> list[dict[str, Any]]:
    pages = aws.client("cloudformation").get_paginator("describe_stacks").paginate()
    return [stack for page in pages for stack in page["Stacks"]]


def stack_outputs(stack: Mapping[str, Any]) -> dict[str, str]:
    """Returns the outputs of a stack by key."""
    return {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}


def _template(aws: LocalAws) -> dict[str, str]:
    for stack in _stacks(aws):
        outputs = stack_outputs(stack)
        if outputs.keys() >= _TEMPLATE_OUTPUTS:
            return outputs
    raise RehearsalError(
        "No project template is published.",
        "No stack has the outputs " + ", ".join(sorted(_TEMPLATE_OUTPUTS)) + ".",
        "Deploy the stacks first: `rehearse deploy`.",
    )


def _outputs(aws: LocalAws, description: Mapping[str, Any]) -> dict[str, str]:
    """Returns the outputs of the stack that SageMaker names or tags as the project's."""
    name = _stack_name(description)
    tag = {"Key": "sagemaker:project-id", "Value": description["ProjectId"]}
    for stack in _stacks(aws):
        outputs = stack_outputs(stack)
        of_project = stack["StackName"] == name if name else tag in stack.get("Tags", [])
        if of_project and _DEPLOY_PIPELINE in outputs:
            return outputs
    raise RehearsalError(
        f"The stack of project {description['ProjectName']!r} was not found.",
        f"No stack matches {name or tag} and has the output {_DEPLOY_PIPELINE}.",
        "If the stack was deleted, create a project with another name.",
    )


def _stack_name(description: Mapping[str, Any]) -> str:
    for provider in description.get("TemplateProviderDetails", []):
        detail = provider.get("CfnTemplateProviderDetail", {}).get("StackDetail", {})
        if detail.get("Name"):
            return str(detail["Name"])
    return ""


def _reasons(aws: LocalAws, description: Mapping[str, Any]) -> str:
    """Returns SageMaker's message and the failures of the resources of the stack."""
    messages = [
        provider.get("CfnTemplateProviderDetail", {}).get("StackDetail", {}).get("StatusMessage")
        for provider in description.get("TemplateProviderDetails", [])
    ]
    name = _stack_name(description)
    if name:
        pages = (
            aws.client("cloudformation")
            .get_paginator("describe_stack_events")
            .paginate(StackName=name)
        )
        events = [event for page in pages for event in page["StackEvents"]]
        messages += [
            f"{event['LogicalResourceId']} ({event['ResourceType']}): "
            f"{event.get('ResourceStatusReason', event['ResourceStatus'])}"
            for event in reversed(events)
            if event["ResourceStatus"].endswith("_FAILED")
        ]
    return "\n".join(dict.fromkeys(message for message in messages if message))

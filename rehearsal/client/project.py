"""SageMaker projects: create one from its template, find it again, clone its repositories."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
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
# SageMaker's own rule for ProjectEntityName (API reference, CreateProject).
_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,31}")


@dataclass(frozen=True)
class Project:
    """A project that exists: its name, id and the outputs of its CloudFormation stack."""

    name: str
    project_id: str
    outputs: Mapping[str, str]

    @property
    def model_package_group(self) -> str:
        return self.outputs["ModelPackageGroupName"]

    def pipeline(self, which: str) -> str:
        """The CodePipeline of `build` or `deploy`."""
        return self.outputs["ModelBuildPipelineName" if which == "build" else _DEPLOY_PIPELINE]

    def endpoint(self, stage: str) -> str:
        """The endpoint that the deployment to a stage (`staging`, `prod`) creates."""
        return f"{self.name}-{stage}"

    def directory(self, which: str) -> Path:
        """Where `rehearse` keeps the clone of the `build` or `deploy` repository."""
        return BUILD_DIRECTORY / "projects" / self.name / f"model-{which}"

    def repository(self, which: str, aws: LocalAws, commands: Commands) -> GitClone:
        return GitClone(self.directory(which), aws, commands)

    def clone(self, aws: LocalAws, commands: Commands) -> None:
        """Clones both repositories, side by side: each sign-in takes git some seconds."""
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
                for clone in clones:
                    clone.result()
            except BaseException:
                commands.close()  # or leaving the block would wait for the other clone
                raise


_DEPLOY_PIPELINE = "ModelDeployPipelineName"
_TEMPLATE_OUTPUTS = {"TemplateUrl", "LaunchRoleArn", "TemplateName"}


def find(aws: LocalAws, name: str) -> Project:
    """The project of that name. Raises `RehearsalError` when there is none or it is not ready."""
    try:
        description = aws.client("sagemaker").describe_project(ProjectName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("ResourceNotFound", "ValidationException"):
            raise
        names = [item["ProjectName"] for item in _projects(aws)]
        raise RehearsalError(
            f"There is no project {name!r}.",
            f"Projects: {', '.join(names)}." if names else "There is no project at all yet.",
            f"Create it with `rehearse project create {name}`.",
        ) from error
    status = description["ProjectStatus"]
    if status not in ("CreateCompleted", "UpdateCompleted"):
        raise RehearsalError(f"Project {name!r} is {status}.", _why(aws, description))
    return Project(name, description["ProjectId"], _outputs(aws, description))


def exists(aws: LocalAws, name: str) -> bool:
    return name in [
        item["ProjectName"]
        for item in _projects(aws)
        if item["ProjectStatus"] not in ("DeleteCompleted", "CreateFailed")
    ]


def create(aws: LocalAws, name: str) -> Project:
    """Creates a project from the template that a deployed stack publishes, and waits for it.

    The template is found by the outputs TemplateUrl, LaunchRoleArn and TemplateName of a stack.
    Raises `RehearsalError` for a name that SageMaker does not allow or that is taken, when no
    template is published, and with CloudFormation's reason when the creation fails.
    """
    if not _NAME.fullmatch(name):
        raise RehearsalError(
            f"{name!r} cannot be the name of a project.",
            "Allowed: 1 to 32 letters, digits and hyphens; a letter or digit at both ends.",
        )
    if exists(aws, name):
        raise RehearsalError(
            f"Project {name!r} exists already.",
            "",
            f"Choose another name, or push to it: `rehearse push {name}`.",
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
            raise RehearsalError(f"Project {name!r} could not be created.", _why(aws, description))
        time.sleep(0.3)
    raise RehearsalError(
        f"Project {name!r} was not ready after {CREATE_SECONDS:.0f} s.",
        _why(aws, client.describe_project(ProjectName=name)),
    )


def _projects(aws: LocalAws) -> list[dict[str, Any]]:
    client = aws.client("sagemaker")  # which has no paginator for projects
    answer = client.list_projects()
    found: list[dict[str, Any]] = answer["ProjectSummaryList"]
    while answer.get("NextToken"):
        answer = client.list_projects(NextToken=answer["NextToken"])
        found = [*found, *answer["ProjectSummaryList"]]
    return found


def _stacks(aws: LocalAws) -> list[dict[str, Any]]:
    pages = aws.client("cloudformation").get_paginator("describe_stacks").paginate()
    return [stack for page in pages for stack in page["Stacks"]]


def stack_outputs(stack: Mapping[str, Any]) -> dict[str, str]:
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
    """The outputs of the project's stack, which SageMaker names and tags with the project's id."""
    name = _stack_name(description)
    tag = {"Key": "sagemaker:project-id", "Value": description["ProjectId"]}
    for stack in _stacks(aws):
        outputs = stack_outputs(stack)
        of_project = stack["StackName"] == name if name else tag in stack.get("Tags", [])
        if of_project and _DEPLOY_PIPELINE in outputs:
            return outputs
    raise RehearsalError(
        f"The stack of project {description['ProjectName']!r} was not found.",
        f"Looked for {name or tag} with the output {_DEPLOY_PIPELINE}.",
        "Was it deleted? Create the project anew under another name.",
    )


def _stack_name(description: Mapping[str, Any]) -> str:
    for provider in description.get("TemplateProviderDetails", []):
        detail = provider.get("CfnTemplateProviderDetail", {}).get("StackDetail", {})
        if detail.get("Name"):
            return str(detail["Name"])
    return ""


def _why(aws: LocalAws, description: Mapping[str, Any]) -> str:
    """SageMaker's message, and the resources that CloudFormation could not create."""
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

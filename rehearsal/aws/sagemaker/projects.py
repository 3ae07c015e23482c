"""SageMaker projects: a CloudFormation stack made from an organisation's template.

A project of a template in S3 creates the stack `SP-<account>-<project id>`. SageMaker calls
CloudFormation in the caller's name, so the caller needs `cloudformation:CreateStack` on that stack
and iam:PassRole on the role that CloudFormation is to use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.aws.platform import AwsError, Context, Scope
from rehearsal.aws.sagemaker.control_plane import ControlPlane, identity
from rehearsal.aws.sagemaker.listing import Listing
from rehearsal.aws.sagemaker.project_stacks import (
    StackFailedError,
    create_stack,
    delete_stack,
    own_parameters,
    stack_arn,
    stack_name,
    template_arn,
    update_stack,
)
from rehearsal.aws.sagemaker.records import Record, now, random_id
from rehearsal.aws.service import Request, Response

KIND = "project"
LISTING = Listing(
    operation="ListProjects", member="ProjectSummaryList", name="ProjectName", modified=None
)
CLOUDFORMATION = "cloudformation.amazonaws.com"
_BUSY = ("CreateInProgress", "UpdateInProgress", "DeleteInProgress")


class Projects(ControlPlane):
    """Create-, Describe-, List-, Update-, DeleteProject."""

    def create_project(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateProject", request)
        template = _template(record.pop("TemplateProviders", None))
        own_parameters(template.get("Parameters", ()))
        name, project_id = record["ProjectName"], f"p-{random_id(12)}"
        self._authorize_stack(context, "CreateStack", project_id, template.get("RoleARN"))
        self._authorize_template(context, template["TemplateURL"])
        arn = context.scope.arn("sagemaker", f"{KIND}/{name}")
        record |= {
            "ProjectArn": arn,
            "ProjectId": project_id,
            "ProjectStatus": "CreateInProgress",
            "CreationTime": now(),
            "CreatedBy": identity(context),
            "LastModifiedTime": now(),
            "LastModifiedBy": identity(context),
            "TemplateProviderDetails": [{"CfnTemplateProviderDetail": template}],
        }
        with self.lock:
            if name in self.records.of(context.scope, KIND):
                message = f"Project with name {name} already exists: {arn}"
                raise AwsError("ValidationException", message)
            self.register(context, KIND, name, record, request)
            record["_tags"] = record.pop("Tags", [])
        self.workers.start(
            f"create project {name}",
            lambda: self._work(context.scope, record, "Create", create_stack),
        )
        return {"ProjectArn": arn, "ProjectId": project_id}

    def describe_project(self, request: Request, context: Context) -> Response:
        return self.describe("DescribeProject", self._project(context.scope, request))

    def list_projects(self, request: Request, context: Context) -> Response:
        with self.lock:
            return LISTING.answer(self.records.of(context.scope, KIND).values(), request)

    def update_project(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateProject", request)
        project = self._settled_project(context.scope, given)
        changes: dict[str, Any] = {
            "LastModifiedTime": now(),
            "LastModifiedBy": identity(context),
        }
        if "ProjectDescription" in given:
            changes["ProjectDescription"] = given["ProjectDescription"]
        update = given.get("TemplateProvidersToUpdate")
        if update:
            current = project["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]
            template = {**current, **_template(update)}
            own_parameters(template.get("Parameters", ()))
            role = template.get("RoleARN")
            self._authorize_stack(context, "UpdateStack", project["ProjectId"], role)
            self._authorize_template(context, template["TemplateURL"])
            changes["TemplateProviderDetails"] = [{"CfnTemplateProviderDetail": template}]
            changes["ProjectStatus"] = "UpdateInProgress"
        if given.get("Tags"):
            self._retag(context, project, given["Tags"])
        with self.lock:
            project.update(changes)
        if update:
            self.workers.start(
                f"update project {project['ProjectName']}",
                lambda: self._work(context.scope, project, "Update", update_stack),
            )
        return {"ProjectArn": project["ProjectArn"]}

    def delete_project(self, request: Request, context: Context) -> Response:
        project = self._settled_project(context.scope, request)
        template = project["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]
        role = template.get("RoleARN")
        self._authorize_stack(context, "DeleteStack", project["ProjectId"], role)
        with self.lock:
            project.update(ProjectStatus="DeleteInProgress", LastModifiedTime=now())
        self.workers.start(
            f"delete project {project['ProjectName']}",
            lambda: self._work(context.scope, project, "Delete", delete_stack),
        )
        return {}

    def _work(self, scope: Scope, project: Record, verb: str, change: Any) -> None:
        """Changes the stack of a project and takes its end into the project's status."""
        client = self.service_session(scope).client("cloudformation")
        try:
            detail = change(client, scope, project, self.workers.closing)
            status = f"{verb}Completed"
        except StackFailedError as error:
            detail, status = error.detail, f"{verb}Failed"
        except (ClientError, BotoCoreError) as error:
            detail = {"Name": stack_name(scope, project), "StatusMessage": str(error)}
            status = f"{verb}Failed"
        with self.lock:
            provider = project["TemplateProviderDetails"][0]["CfnTemplateProviderDetail"]
            project.update(
                ProjectStatus=status,
                LastModifiedTime=now(),
                TemplateProviderDetails=[
                    {"CfnTemplateProviderDetail": {**provider, "StackDetail": detail}}
                ],
            )
            if status == "DeleteCompleted":
                self.records.of(scope, KIND).pop(project["ProjectName"], None)
        if status == "DeleteCompleted":
            self.drop_tags(project["ProjectArn"])

    def _authorize_stack(
        self, context: Context, action: str, project_id: str, role_arn: str | None
    ) -> None:
        """What the caller needs, as SageMaker calls CloudFormation in its name."""
        arn = stack_arn(context.scope, project_id)
        self.authorize_caller(context, f"cloudformation:{action}", arn)
        if role_arn:
            self.platform.check_pass_role(context, role_arn, CLOUDFORMATION)

    def _authorize_template(self, context: Context, url: str) -> None:
        """CloudFormation reads the template with the caller's permission."""
        self.authorize_caller(context, "s3:GetObject", template_arn(url))

    def _retag(self, context: Context, project: Record, tags: list[dict[str, str]]) -> None:
        self.authorize_caller(context, "sagemaker:AddTags", project["ProjectArn"])
        given = {tag["Key"]: tag["Value"] for tag in tags}
        with self.lock:
            merged = {**self._tags[project["ProjectArn"]], **given}
            self._tags[project["ProjectArn"]] = merged
            project["_tags"] = [{"Key": key, "Value": value} for key, value in merged.items()]

    def _project(self, scope: Scope, request: Mapping[str, Any]) -> Record:
        name = request["ProjectName"]
        arn = scope.arn("sagemaker", f"{KIND}/{name}")
        message = f"Project {arn} does not exist."
        return self.find(scope, KIND, name, operation="DescribeProject", message=message)

    def _settled_project(self, scope: Scope, request: Mapping[str, Any]) -> Record:
        project = self._project(scope, request)
        if project["ProjectStatus"] in _BUSY:
            message = (
                f"Project {project['ProjectName']} is in status {project['ProjectStatus']}: "
                "wait until it has settled."
            )
            raise AwsError("ConflictException", message)
        return project


def _template(providers: list[dict[str, Any]] | None) -> dict[str, Any]:
    """The one template of a project."""
    if not providers or len(providers) != 1 or "CfnTemplateProvider" not in providers[0]:
        message = "Exactly one TemplateProviders entry with CfnTemplateProvider is required."
        raise AwsError("ValidationException", message)
    template: dict[str, Any] = providers[0]["CfnTemplateProvider"]
    return template

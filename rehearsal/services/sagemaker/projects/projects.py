"""SageMaker projects: CloudFormation stacks created from an organisation's template.

The template is an object in S3 (`stacks.py`) or a Service Catalog product (`products.py`).
"""

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.cloudformation.stack_changes import template_arn
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend, caller_identity
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.projects import stacks
from rehearsal.services.sagemaker.projects.parameters import (
    ProjectFailedError,
)
from rehearsal.services.sagemaker.projects.products import (
    PROVISIONED,
    PROVISIONING,
    ProjectProducts,
)
from rehearsal.services.sagemaker.records import Record, now, random_id

KIND = "project"
LISTING = Listing(
    operation="ListProjects",
    member="ProjectSummaryList",
    name="ProjectName",
    modified=None,
    newest_first=False,
)
CLOUDFORMATION = "cloudformation.amazonaws.com"
_BUSY = ("CreateInProgress", "UpdateInProgress", "DeleteInProgress")
_Work = Callable[[], dict[str, Any]]
"""Performs a change and returns the changes of the record; raises ProjectFailedError."""


class Projects:
    """Create-, Describe-, List-, Update-, DeleteProject.

    Args:
        backend: the backend of SageMaker.
        products: the products of projects in Service Catalog.
    """

    def __init__(self, backend: Backend, products: ProjectProducts) -> None:
        self._backend = backend
        self._products = products

    def create_project(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateProject", request)
        name, project_id = record["ProjectName"], f"p-{random_id(12)}"
        record |= _template(record) | {
            "ProjectArn": context.scope.arn("sagemaker", f"{KIND}/{name}"),
            "ProjectId": project_id,
            "ProjectStatus": "CreateInProgress",
            "CreationTime": now(),
            "CreatedBy": caller_identity(context),
            "LastModifiedTime": now(),
            "LastModifiedBy": caller_identity(context),
        }
        with self._backend.lock:
            self._reject_existing(context.scope, record)
            self._backend.register(context, KIND, name, record, request)
        try:
            work = self._creation(context, record)
        except AwsError:
            self._forget(context.scope, record)
            raise
        self._start(context.scope, record, "Create", work)
        return {"ProjectArn": record["ProjectArn"], "ProjectId": project_id}

    def describe_project(self, request: Request, context: Context) -> Response:
        return self._backend.describe("DescribeProject", self._find(context.scope, request))

    def list_projects(self, request: Request, context: Context) -> Response:
        return LISTING.respond(self._backend.all(context.scope, KIND), request)

    def update_project(self, request: Request, context: Context) -> Response:
        given = self._backend.accept("UpdateProject", request)
        project = self._find_settled(context.scope, given)
        changes: dict[str, Any] = {
            "LastModifiedTime": now(),
            "LastModifiedBy": caller_identity(context),
        }
        if "ProjectDescription" in given:
            changes["ProjectDescription"] = given["ProjectDescription"]
        template = _updated_template(project, given)
        work = self._update(context, {**project, **template}) if template else None
        if work:
            changes |= {**template, "ProjectStatus": "UpdateInProgress"}
        if given.get("Tags"):
            self._retag(context, project, given["Tags"])
        with self._backend.lock:
            project.update(changes)
        if work:
            self._start(context.scope, project, "Update", work)
        return {"ProjectArn": project["ProjectArn"]}

    def delete_project(self, request: Request, context: Context) -> Response:
        project = self._find_settled(context.scope, request)
        work = self._deletion(context, project)
        with self._backend.lock:
            project.update(ProjectStatus="DeleteInProgress", LastModifiedTime=now())
        self._start(context.scope, project, "Delete", work)
        return {}

    def _creation(self, context: Context, project: Record) -> _Work:
        if PROVISIONING not in project:
            return self._stack_work(context, project, "CreateStack", stacks.create_stack)
        record_id = self._products.provision(context, project)
        project[PROVISIONED] = self._products.changing_product(context, record_id)
        return self._product_work(context, record_id)

    def _update(self, context: Context, project: Record) -> _Work:
        if PROVISIONING not in project:
            return self._stack_work(context, project, "UpdateStack", stacks.update_stack)
        return self._product_work(context, self._products.update(context, project))

    def _deletion(self, context: Context, project: Record) -> _Work:
        if PROVISIONING not in project:
            return self._stack_work(context, project, "DeleteStack", stacks.delete_stack)
        return self._product_work(context, self._products.terminate(context, project))

    def _product_work(self, context: Context, record_id: str) -> _Work:
        closing = self._backend.workers.closing
        return lambda: self._products.wait(context, record_id, closing)

    def _stack_work(
        self, context: Context, project: Record, action: str, change: stacks.Change
    ) -> _Work:
        """Checks the caller's permissions for a change of a stack; returns the change."""
        identity = self._backend.identity
        template = stacks.template_of(project)
        arn = stacks.stack_arn(context.scope, project["ProjectId"])
        deletes = action == "DeleteStack"
        keys = {} if deletes else stacks.condition_keys(template)
        identity.authorize_caller(context, f"cloudformation:{action}", arn, keys)
        # SageMaker waits for the stack, and tags the stacks that it creates and updates.
        for further in ("DescribeStacks",) if deletes else ("DescribeStacks", "TagResource"):
            identity.authorize_caller(context, f"cloudformation:{further}", arn)
        if template.get("RoleARN"):
            self._backend.platform.check_pass_role(context, template["RoleARN"], CLOUDFORMATION)
        if not deletes:  # CloudFormation reads it with the caller's permission
            source = template_arn(template["TemplateURL"])
            identity.authorize_caller(context, "s3:GetObject", source)

        def work() -> dict[str, Any]:
            client = identity.service_session(context.scope).client("cloudformation")
            closing = self._backend.workers.closing
            try:
                return stacks.apply_change(change, client, context.scope, project, closing)
            except (ClientError, BotoCoreError) as error:
                failed = stacks.failed_request(context.scope, project, str(error))
                raise ProjectFailedError(failed) from error

        return work

    def _start(self, scope: Scope, project: Record, verb: str, work: _Work) -> None:
        """Performs a change on a separate thread; its end determines the status of the project."""

        def run() -> None:
            try:
                changes, status = work(), f"{verb}Completed"
            except ProjectFailedError as error:
                changes, status = error.changes, f"{verb}Failed"
            with self._backend.lock:
                project.update(changes, ProjectStatus=status, LastModifiedTime=now())
            if status == "DeleteCompleted":
                self._forget(scope, project)

        self._backend.workers.start(f"{verb.lower()} project {project['ProjectName']}", run)

    def _retag(self, context: Context, project: Record, tags: list[dict[str, str]]) -> None:
        arn = project["ProjectArn"]
        self._backend.identity.authorize_caller(context, "sagemaker:AddTags", arn)
        with self._backend.lock:
            self._backend.tags.add(arn, tags)
            project["Tags"] = self._backend.tags.shape.write(self._backend.tags.of(arn))

    def _reject_existing(self, scope: Scope, project: Record) -> None:
        name = project["ProjectName"]
        if name in self._backend.records.of(scope, KIND):
            message = f"Project with name {name} already exists: {project['ProjectArn']}"
            raise AwsError("ValidationException", message)

    def _forget(self, scope: Scope, project: Record) -> None:
        self._backend.remove(scope, KIND, project["ProjectName"], project["ProjectArn"])

    def _find(self, scope: Scope, request: Mapping[str, Any]) -> Record:
        name = request["ProjectName"]
        arn = scope.arn("sagemaker", f"{KIND}/{name}")
        message = f"Project {arn} does not exist."
        return self._backend.find(scope, KIND, name, operation="DescribeProject", message=message)

    def _find_settled(self, scope: Scope, request: Mapping[str, Any]) -> Record:
        project = self._find(scope, request)
        if project["ProjectStatus"] in _BUSY:
            message = (
                f"Project {project['ProjectName']} is in status {project['ProjectStatus']}: "
                "wait until the change has ended."
            )
            raise AwsError("ConflictException", message)
        return project


def _template(record: Record) -> dict[str, Any]:
    """Returns the place of a new project's template, as DescribeProject shows it."""
    providers, product = record.pop("TemplateProviders", None), record.get(PROVISIONING)
    if product:
        return {PROVISIONING: product}
    template = stacks.only_template(providers)
    return stacks.template_details(template)


def _updated_template(project: Record, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the changed place of the template; empty if the update does not change it."""
    providers = given.get("TemplateProvidersToUpdate")
    product = given.get("ServiceCatalogProvisioningUpdateDetails")
    if (providers and product) or (providers if PROVISIONING in project else product):
        present = PROVISIONING if PROVISIONING in project else "TemplateProviderDetails"
        message = f"Project {project['ProjectName']} has {present}: only that can be updated."
        raise AwsError("ValidationException", message)
    if product:
        return {PROVISIONING: {**project[PROVISIONING], **product}}
    if not providers:
        return {}
    template = stacks.only_template(providers)
    return stacks.template_details({**stacks.template_of(project), **template})

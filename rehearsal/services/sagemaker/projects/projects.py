"""SageMaker projects: a CloudFormation stack made from an organisation's template.

The template is in S3 (`stacks.py`) or a product of Service Catalog (`products.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from rehearsal.cloudformation.stack_changes import template_arn
from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import ControlPlane, identity
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.projects import stacks
from rehearsal.services.sagemaker.projects.products import (
    PROVISIONED,
    PROVISIONING,
    ProjectProducts,
)
from rehearsal.services.sagemaker.projects.settings import (
    ProjectFailedError,
    check_parameters,
)
from rehearsal.services.sagemaker.records import Record, now, random_id

KIND = "project"
LISTING = Listing(
    operation="ListProjects", member="ProjectSummaryList", name="ProjectName", modified=None
)
CLOUDFORMATION = "cloudformation.amazonaws.com"
_BUSY = ("CreateInProgress", "UpdateInProgress", "DeleteInProgress")
# What a change makes of a project's record; raises ProjectFailedError with what a failure makes.
_Work = Callable[[], dict[str, Any]]


class Projects(ControlPlane):
    """Create-, Describe-, List-, Update-, DeleteProject."""

    def create_project(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateProject", request)
        name, project_id = record["ProjectName"], f"p-{random_id(12)}"
        record |= _template(record) | {
            "ProjectArn": context.scope.arn("sagemaker", f"{KIND}/{name}"),
            "ProjectId": project_id,
            "ProjectStatus": "CreateInProgress",
            "CreationTime": now(),
            "CreatedBy": identity(context),
            "LastModifiedTime": now(),
            "LastModifiedBy": identity(context),
        }
        with self.lock:
            self._refuse_existing(context.scope, record)
            self.register(context, KIND, name, record, request)
        record["_tags"] = record.pop("Tags", [])
        try:
            work = self._creation(context, record)
        except AwsError:
            self._forget(context.scope, record)
            raise
        self._start(context.scope, record, "Create", work)
        return {"ProjectArn": record["ProjectArn"], "ProjectId": project_id}

    def describe_project(self, request: Request, context: Context) -> Response:
        return self.describe("DescribeProject", self._project(context.scope, request))

    def list_projects(self, request: Request, context: Context) -> Response:
        with self.lock:
            return LISTING.respond(self.records.of(context.scope, KIND).values(), request)

    def update_project(self, request: Request, context: Context) -> Response:
        given = self.accept("UpdateProject", request)
        project = self._settled_project(context.scope, given)
        changes: dict[str, Any] = {
            "LastModifiedTime": now(),
            "LastModifiedBy": identity(context),
        }
        if "ProjectDescription" in given:
            changes["ProjectDescription"] = given["ProjectDescription"]
        template = _updated_template(project, given)
        work = self._update(context, {**project, **template}) if template else None
        if work:
            changes |= {**template, "ProjectStatus": "UpdateInProgress"}
        if given.get("Tags"):
            self._retag(context, project, given["Tags"])
        with self.lock:
            project.update(changes)
        if work:
            self._start(context.scope, project, "Update", work)
        return {"ProjectArn": project["ProjectArn"]}

    def delete_project(self, request: Request, context: Context) -> Response:
        project = self._settled_project(context.scope, request)
        work = self._deletion(context, project)
        with self.lock:
            project.update(ProjectStatus="DeleteInProgress", LastModifiedTime=now())
        self._start(context.scope, project, "Delete", work)
        return {}

    def _creation(self, context: Context, project: Record) -> _Work:
        if PROVISIONING not in project:
            return self._stack_work(context, project, "CreateStack", stacks.create_stack)
        products = self._products()
        record_id = products.provision(context, project)
        project[PROVISIONED] = products.changing_product(context, record_id)
        return lambda: products.wait(context, record_id, self.workers.closing)

    def _update(self, context: Context, project: Record) -> _Work:
        if PROVISIONING not in project:
            return self._stack_work(context, project, "UpdateStack", stacks.update_stack)
        products = self._products()
        record_id = products.update(context, project)
        return lambda: products.wait(context, record_id, self.workers.closing)

    def _deletion(self, context: Context, project: Record) -> _Work:
        if PROVISIONING not in project:
            return self._stack_work(context, project, "DeleteStack", stacks.delete_stack)
        products = self._products()
        record_id = products.terminate(context, project)
        return lambda: products.wait(context, record_id, self.workers.closing)

    def _products(self) -> ProjectProducts:
        return ProjectProducts(self.peers["servicecatalog"], self.platform)

    def _stack_work(
        self, context: Context, project: Record, action: str, change: stacks.Change
    ) -> _Work:
        """A change of a stack, which SageMaker asks of CloudFormation in the caller's name."""
        template = stacks.template_of(project)
        arn = stacks.stack_arn(context.scope, project["ProjectId"])
        deletes = action == "DeleteStack"
        keys = {} if deletes else stacks.condition_keys(template)
        self.authorize_caller(context, f"cloudformation:{action}", arn, keys)
        # SageMaker waits for the stack; the stacks that it creates and updates have its tags.
        for further in ("DescribeStacks",) if deletes else ("DescribeStacks", "TagResource"):
            self.authorize_caller(context, f"cloudformation:{further}", arn)
        if template.get("RoleARN"):
            self.platform.check_pass_role(context, template["RoleARN"], CLOUDFORMATION)
        if not deletes:  # CloudFormation reads it with the caller's permission
            where = template_arn(template["TemplateURL"])
            self.authorize_caller(context, "s3:GetObject", where)

        def work() -> dict[str, Any]:
            client = self.service_session(context.scope).client("cloudformation")
            closing = self.workers.closing
            try:
                return stacks.apply_change(change, client, context.scope, project, closing)
            except (ClientError, BotoCoreError) as error:
                failed = stacks.failed_request(context.scope, project, str(error))
                raise ProjectFailedError(failed) from error

        return work

    def _start(self, scope: Scope, project: Record, verb: str, work: _Work) -> None:
        """Does the work on a thread of its own, and takes its end into the project's status."""

        def run() -> None:
            try:
                changes, status = work(), f"{verb}Completed"
            except ProjectFailedError as error:
                changes, status = error.changes, f"{verb}Failed"
            with self.lock:
                project.update(changes, ProjectStatus=status, LastModifiedTime=now())
            if status == "DeleteCompleted":
                self._forget(scope, project)

        self.workers.start(f"{verb.lower()} project {project['ProjectName']}", run)

    def _retag(self, context: Context, project: Record, tags: list[dict[str, str]]) -> None:
        self.authorize_caller(context, "sagemaker:AddTags", project["ProjectArn"])
        given = {tag["Key"]: tag["Value"] for tag in tags}
        with self.lock:
            merged = {**self.backend.tags.of(project["ProjectArn"]), **given}
            self.backend.tags.add(project["ProjectArn"], given)
            project["_tags"] = [{"Key": key, "Value": value} for key, value in merged.items()]

    def _refuse_existing(self, scope: Scope, project: Record) -> None:
        name = project["ProjectName"]
        if name in self.records.of(scope, KIND):
            message = f"Project with name {name} already exists: {project['ProjectArn']}"
            raise AwsError("ValidationException", message)

    def _forget(self, scope: Scope, project: Record) -> None:
        with self.lock:
            self.records.of(scope, KIND).pop(project["ProjectName"], None)
        self.drop_tags(project["ProjectArn"])

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


def _template(record: Record) -> dict[str, Any]:
    """Where a new project's template is, as DescribeProject shows it; there is exactly one."""
    providers, product = record.pop("TemplateProviders", None), record.get(PROVISIONING)
    if bool(providers) == bool(product):
        message = f"Exactly one of TemplateProviders and {PROVISIONING} is required."
        raise AwsError("ValidationException", message)
    if product:
        check_parameters(product.get("ProvisioningParameters", ()))
        return {PROVISIONING: product}
    template = stacks.only_template(providers)
    check_parameters(template.get("Parameters", ()))
    return stacks.template_details(template)


def _updated_template(project: Record, given: Mapping[str, Any]) -> dict[str, Any]:
    """What an update makes of the place of the template; nothing when it does not name one."""
    providers = given.get("TemplateProvidersToUpdate")
    product = given.get("ServiceCatalogProvisioningUpdateDetails")
    if (providers and product) or (providers if PROVISIONING in project else product):
        own = PROVISIONING if PROVISIONING in project else "TemplateProviderDetails"
        message = f"Project {project['ProjectName']} has {own}: only that can be updated."
        raise AwsError("ValidationException", message)
    if product:
        check_parameters(product.get("ProvisioningParameters", ()))
        return {PROVISIONING: {**project[PROVISIONING], **product}}
    if not providers:
        return {}
    template = stacks.only_template(providers)
    check_parameters(template.get("Parameters", ()))
    return stacks.template_details({**stacks.template_of(project), **template})

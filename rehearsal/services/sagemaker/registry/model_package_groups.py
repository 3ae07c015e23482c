"""Model package groups: the versions of one model, and who else may use them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.control_plane import ControlPlane, identity
from rehearsal.services.sagemaker.listing import Listing
from rehearsal.services.sagemaker.names import known_name
from rehearsal.services.sagemaker.records import Record, now
from rehearsal.services.sagemaker.registry.resource_policies import check_policy

KIND = "model-package-group"
PACKAGE = "model-package"
LISTING = Listing(
    operation="ListModelPackageGroups",
    member="ModelPackageGroupSummaryList",
    name="ModelPackageGroupName",
    modified=None,
)
_EVENT = "SageMaker Model Package Group State Change"


class ModelPackageGroups(ControlPlane):
    """Create-, Describe-, List-, DeleteModelPackageGroup; Put-, Get-, Delete- of its policy."""

    def create_model_package_group(self, request: Request, context: Context) -> Response:
        record = self.accept("CreateModelPackageGroup", request)
        name = record["ModelPackageGroupName"]
        # SageMaker writes names in its ARNs in lower case.
        arn = context.scope.arn("sagemaker", f"{KIND}/{name.lower()}")
        record |= {
            "ModelPackageGroupArn": arn,
            "ModelPackageGroupStatus": "Completed",
            "CreationTime": now(),
            "CreatedBy": identity(context),
        }
        with self.lock:
            if name in self.records.of(context.scope, KIND):
                message = f"Model Package Group already exists: {arn}"
                raise AwsError("ValidationException", message)
            self.tag_new(context, arn, record.pop("Tags", ()))
            self.records.of(context.scope, KIND)[name] = record
        self._emit_group(context.scope, record)
        return {"ModelPackageGroupArn": arn}

    def describe_model_package_group(self, request: Request, context: Context) -> Response:
        name = request["ModelPackageGroupName"]
        scope = self.registry_scope(context, name, "sagemaker:DescribeModelPackageGroup")
        group = self.model_package_group(scope, name)
        return self.describe("DescribeModelPackageGroup", group)

    def list_model_package_groups(self, request: Request, context: Context) -> Response:
        self.accept("ListModelPackageGroups", request)
        with self.lock:
            return LISTING.respond(self.records.of(context.scope, KIND).values(), request)

    def delete_model_package_group(self, request: Request, context: Context) -> Response:
        group = self.model_package_group(context.scope, request["ModelPackageGroupName"])
        name = group["ModelPackageGroupName"]
        with self.lock:
            versions = [
                package
                for package in self.records.of(context.scope, PACKAGE).values()
                if package.get("ModelPackageGroupName") == name
            ]
            if versions:
                message = (
                    f"Model Package Group {name} cannot be deleted because it still contains "
                    f"{len(versions)} model package(s): delete them first."
                )
                raise AwsError("ConflictException", message)
            self.records.of(context.scope, KIND).pop(name, None)
        self.drop_tags(group["ModelPackageGroupArn"])
        self._emit_group(context.scope, group)
        return {}

    def put_model_package_group_policy(self, request: Request, context: Context) -> Response:
        group = self.model_package_group(context.scope, request["ModelPackageGroupName"])
        check_policy(request["ResourcePolicy"], group["ModelPackageGroupArn"])
        with self.lock:
            group["ResourcePolicy"] = request["ResourcePolicy"]
        return {"ModelPackageGroupArn": group["ModelPackageGroupArn"]}

    def get_model_package_group_policy(self, request: Request, context: Context) -> Response:
        group = self._group_with_policy(context.scope, request["ModelPackageGroupName"])
        return {"ResourcePolicy": group["ResourcePolicy"]}

    def delete_model_package_group_policy(self, request: Request, context: Context) -> Response:
        group = self._group_with_policy(context.scope, request["ModelPackageGroupName"])
        with self.lock:
            group.pop("ResourcePolicy", None)
        return {}

    def model_package_group(self, scope: Scope, name_or_arn: str) -> Record:
        """The group, or SageMaker's refusal."""
        with self.lock:
            name = known_name(name_or_arn, KIND, self.records.of(scope, KIND))
        arn = scope.arn("sagemaker", f"{KIND}/{name.lower()}")
        return self.find(
            scope,
            KIND,
            name,
            operation="DescribeModelPackageGroup",
            message=f"ModelPackageGroup {arn} does not exist.",
        )

    def registry_scope(
        self,
        context: Context,
        name_or_arn: str,
        action: str,
        keys: Mapping[str, Any] | None = None,
    ) -> Scope:
        """The account and region of a group or version: the caller's own, or one that shares it.

        The caller's own policies are judged already; across accounts the group's policy has to
        allow `action`, too, for a request with these condition keys. One that does not exist is
        refused in the same words.
        """
        parts = name_or_arn.split(":", 5)
        if len(parts) < 6 or parts[4] == context.scope.account:
            return context.scope
        owner = Scope(parts[4], parts[3])
        if owner.region != context.scope.region:
            message = f"{name_or_arn} is in another region than the request."
            raise AwsError("ValidationException", message)
        group_arn = owner.arn("sagemaker", f"{KIND}/{parts[5].split('/')[1]}")
        with self.lock:
            groups = self.records.of(owner, KIND)
            group = groups.get(known_name(group_arn, KIND, groups), {})
        judged = name_or_arn
        if action == "sagemaker:CreateModelPackage":
            # The version to come, of which nobody knows the number yet.
            judged = f"{name_or_arn.replace(f':{KIND}/', f':{PACKAGE}/')}/*"
        self.platform.authorize_by_policy(
            group.get("ResourcePolicy"), context.caller_arn, action, judged, owner, keys
        )
        return owner

    def _group_with_policy(self, scope: Scope, name: str) -> Record:
        group = self.model_package_group(scope, name)
        if "ResourcePolicy" not in group:
            message = f"Cannot find resource policy for: {group['ModelPackageGroupArn']}"
            raise AwsError("ValidationException", message)
        return group

    def _emit_group(self, scope: Scope, group: Record) -> None:
        members = ("ModelPackageGroupName", "ModelPackageGroupArn", "CreationTime")
        detail = {name: group[name] for name in members}
        self.emit(scope, _EVENT, detail, group["ModelPackageGroupArn"], iso=True)

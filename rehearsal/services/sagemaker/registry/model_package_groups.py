"""Model package groups, and the resource policies that share them with other accounts."""

from collections.abc import Mapping
from typing import Any

from rehearsal.framework.platform import AwsError, Context, Scope
from rehearsal.framework.service import Request, Response
from rehearsal.services.sagemaker.backend import Backend, caller_identity
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
    newest_first=False,
)
_EVENT = "SageMaker Model Package Group State Change"


class ModelPackageGroups:
    """Create-, Describe-, List-, DeleteModelPackageGroup; Put-, Get-, Delete- of its policy.

    Args:
        backend: the backend of SageMaker.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def create_model_package_group(self, request: Request, context: Context) -> Response:
        record = self._backend.accept("CreateModelPackageGroup", request)
        name = record["ModelPackageGroupName"]
        # SageMaker writes names in its ARNs in lower case.
        arn = context.scope.arn("sagemaker", f"{KIND}/{name.lower()}")
        record |= {
            "ModelPackageGroupArn": arn,
            "ModelPackageGroupStatus": "Completed",
            "CreationTime": now(),
            "CreatedBy": caller_identity(context),
        }
        with self._backend.lock:
            if name in self._backend.records.of(context.scope, KIND):
                message = f"Model Package Group already exists: {arn}"
                raise AwsError("ValidationException", message)
            self._backend.tag_new(context, arn, record.pop("Tags", ()))
            self._backend.records.of(context.scope, KIND)[name] = record
        self._emit(context.scope, record)
        return {"ModelPackageGroupArn": arn}

    def describe_model_package_group(self, request: Request, context: Context) -> Response:
        name = request["ModelPackageGroupName"]
        scope = self.scope_of(context, name, "sagemaker:DescribeModelPackageGroup")
        group = self.find(scope, name)
        return self._backend.describe("DescribeModelPackageGroup", group)

    def list_model_package_groups(self, request: Request, context: Context) -> Response:
        self._backend.accept("ListModelPackageGroups", request)
        return LISTING.respond(self._backend.all(context.scope, KIND), request)

    def delete_model_package_group(self, request: Request, context: Context) -> Response:
        group = self.find(context.scope, request["ModelPackageGroupName"])
        name, arn = group["ModelPackageGroupName"], group["ModelPackageGroupArn"]
        self._backend.remove(context.scope, KIND, name, arn)
        self._emit(context.scope, group)
        return {}

    def put_model_package_group_policy(self, request: Request, context: Context) -> Response:
        group = self.find(context.scope, request["ModelPackageGroupName"])
        check_policy(request["ResourcePolicy"], group["ModelPackageGroupArn"])
        with self._backend.lock:
            group["ResourcePolicy"] = request["ResourcePolicy"]
        return {"ModelPackageGroupArn": group["ModelPackageGroupArn"]}

    def get_model_package_group_policy(self, request: Request, context: Context) -> Response:
        group = self._find_with_policy(context.scope, request["ModelPackageGroupName"])
        return {"ResourcePolicy": group["ResourcePolicy"]}

    def delete_model_package_group_policy(self, request: Request, context: Context) -> Response:
        group = self._find_with_policy(context.scope, request["ModelPackageGroupName"])
        with self._backend.lock:
            group.pop("ResourcePolicy", None)
        return {}

    def find(self, scope: Scope, name_or_arn: str) -> Record:
        """Returns a group by its name or ARN.

        Raises:
            AwsError: ResourceNotFound or ValidationException, if there is no such group.
        """
        with self._backend.lock:
            name = known_name(name_or_arn, KIND, self._backend.records.of(scope, KIND))
        arn = scope.arn("sagemaker", f"{KIND}/{name.lower()}")
        return self._backend.find(
            scope,
            KIND,
            name,
            operation="DescribeModelPackageGroup",
            message=f"ModelPackageGroup {arn} does not exist.",
        )

    def scope_of(
        self,
        context: Context,
        name_or_arn: str,
        action: str,
        keys: Mapping[str, Any] | None = None,
    ) -> Scope:
        """Returns the account and region of a group or version.

        The gateway has evaluated the caller's identity-based policies. Across accounts, the
        resource policy of the group has to allow the action, too.

        Args:
            context: the caller.
            name_or_arn: the group or version. A name is one in the caller's account.
            action: the IAM action.
            keys: the condition keys of the request. Defaults to None: it has none.

        Raises:
            AwsError: AccessDeniedException, if the group's policy does not allow the action or
                the group does not exist; ValidationException, for another region.
        """
        parts = name_or_arn.split(":", 5)
        if len(parts) < 6 or parts[4] == context.scope.account:
            return context.scope
        owner = Scope(parts[4], parts[3])
        if owner.region != context.scope.region:
            message = f"{name_or_arn} is in another region than the request."
            raise AwsError("ValidationException", message)
        group_arn = owner.arn("sagemaker", f"{KIND}/{parts[5].split('/')[1]}")
        with self._backend.lock:
            groups = self._backend.records.of(owner, KIND)
            group = groups.get(known_name(group_arn, KIND, groups), {})
        resource = name_or_arn
        if action == "sagemaker:CreateModelPackage":
            # The number of the new version is not known yet.
            resource = f"{name_or_arn.replace(f':{KIND}/', f':{PACKAGE}/')}/*"
        self._backend.platform.authorize_by_policy(
            group.get("ResourcePolicy"), context.caller_arn, action, resource, owner, keys
        )
        return owner

    def _find_with_policy(self, scope: Scope, name: str) -> Record:
        group = self.find(scope, name)
        if "ResourcePolicy" not in group:
            message = f"Cannot find resource policy for: {group['ModelPackageGroupArn']}"
            raise AwsError("ValidationException", message)
        return group

    def _emit(self, scope: Scope, group: Record) -> None:
        members = ("ModelPackageGroupName", "ModelPackageGroupArn", "CreationTime")
        detail = {name: group[name] for name in members}
        self._backend.emit(scope, _EVENT, detail, group["ModelPackageGroupArn"], iso=True)

"""A group of the model registry: the versions of one model."""

import re

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import acknowledge_wildcards

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


class ModelPackageGroupBase(cdk.Resource):
    """What an owned and an imported group share: permissions and events."""

    model_package_group_name: str

    @property
    def model_package_group_arn(self) -> str:
        """ARN of the group itself."""
        return self._arn("model-package-group")

    @property
    def model_package_arns(self) -> str:
        """ARN of all versions of the group, with a wildcard."""
        return f"{self._arn('model-package')}/*"

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal list the versions and read them.

        Example::

            group.grant_read(role)
        """
        return self._grant(
            grantee,
            "sagemaker:DescribeModelPackage",
            "sagemaker:DescribeModelPackageGroup",
            "sagemaker:ListModelPackages",
        )

    def grant_register(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal add versions, tag them, and read the group.

        Example::

            group.grant_register(role)
        """
        return self._grant(
            grantee,
            "sagemaker:AddTags",
            "sagemaker:CreateModelPackage",
            "sagemaker:DescribeModelPackage",
            "sagemaker:DescribeModelPackageGroup",
            "sagemaker:ListModelPackages",
        )

    def grant_approve(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets a principal read versions and change them: approve, reject, describe.

        Example::

            group.grant_approve(role)
        """
        self.grant_read(grantee)
        return self._grant(grantee, "sagemaker:UpdateModelPackage")

    def on_approval(
        self,
        construct_id: str,
        *,
        target: events.IRuleTarget | None = None,
        description: str | None = None,
    ) -> events.Rule:
        """Does something when a version of the group is approved.

        SageMaker may send an event twice, so the target has to bear a repetition.

        Parameters:
            target: what is started. Left out: add it to the rule.
            description: of the rule. Left out: it names the group.

        Source: "Model package state change" in SageMaker's events for EventBridge.

        Example::

            group.on_approval("Deploy", target=targets.CodePipeline(pipeline))
        """
        return events.Rule(
            self,
            construct_id,
            description=description
            or f"A model of the group {self.model_package_group_name} was approved",
            event_pattern=events.EventPattern(
                source=["aws.sagemaker"],
                detail_type=["SageMaker Model Package State Change"],
                detail={
                    "ModelPackageGroupName": [self.model_package_group_name],
                    "ModelApprovalStatus": ["Approved"],
                },
            ),
            targets=None if target is None else [target],
        )

    def _grant(self, grantee: iam.IGrantable, *actions: str) -> iam.Grant:
        principal = grantee.grant_principal
        if isinstance(principal, iam.Role):
            acknowledge_wildcards(
                principal,
                resources=[self.model_package_arns],
                reason="versions are numbered when they are registered",
            )
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self.model_package_group_arn, self.model_package_arns],
        )

    def _arn(self, resource: str) -> str:
        name = self.model_package_group_name
        return cdk.Stack.of(self).format_arn(
            service="sagemaker",
            resource=resource,
            # SageMaker writes names in its ARNs in lower case.
            resource_name=name.lower() if is_known(name) else name,
        )


class ModelPackageGroup(ModelPackageGroupBase):
    """Defines a group of the model registry.

    Parameters:
        model_package_group_name: name by which pipelines register and people look up. Left out:
            one made of the construct's path.
        removal_policy: what becomes of the group when it leaves the stack. Left out: it is
            retained, with its versions. AWS deletes only a group without versions.

    Raises:
        ValueError: with every problem of the input.

    Source: CreateModelPackageGroup of SageMaker's API reference.

    Example::

        ModelPackageGroup(stack, "Registry", model_package_group_name="churn")
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        model_package_group_name: str | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        super().__init__(scope, construct_id, physical_name=model_package_group_name)
        name = model_package_group_name
        problems = Problems(f"ModelPackageGroup {self.node.path}")
        if name is not None and is_known(name) and not _NAME.fullmatch(name):
            problems.add(
                f"model_package_group_name: got {name!r} ({len(name)} characters); allowed are 1 "
                "to 63 letters, digits and hyphens, with a letter or digit first and last"
            )
        problems.raise_if_any()
        if name is None:
            name = cdk.Names.unique_resource_name(self, max_length=63, separator="-")
        resource = sagemaker.CfnModelPackageGroup(self, "Resource", model_package_group_name=name)
        resource.apply_removal_policy(removal_policy)
        self.model_package_group_name = name

    @classmethod
    def from_model_package_group_name(
        cls, scope: Construct, construct_id: str, model_package_group_name: str
    ) -> ModelPackageGroupBase:
        """A group of this account and region that exists already.

        Example::

            ModelPackageGroup.from_model_package_group_name(stack, "Churn", "churn")
        """
        imported = ModelPackageGroupBase(
            scope, construct_id, physical_name=model_package_group_name
        )
        imported.model_package_group_name = model_package_group_name
        return imported

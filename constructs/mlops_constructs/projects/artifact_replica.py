"""Store of a project's pipeline artifacts for stages in another region."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from mlops_constructs._environment import environment_of, inherit
from mlops_constructs._findings import acknowledge, without_access_log, without_replica
from mlops_constructs._problems import Problems, is_known
from mlops_constructs.delivery import ArtifactStore, ProjectResources, ProjectStage, StageTarget
from mlops_constructs.delivery._replica_store import (
    replica_bucket_name,
    replica_key_alias,
    share_templates,
)
from mlops_constructs.network import NetworkBase

from ._project_bucket import project_bucket
from ._removal import REMOVAL_TAG, StageRemoval
from .boundary._role_path import put_on_projects_path

_REPRODUCIBLE = "artifacts are reproducible from the commit and the approved model"
_CLOUDTRAIL = (
    "CloudTrail data events of the account record access to objects. A log bucket of the account "
    "can be set"
)
_EXPIRATION = cdk.Duration.days(90)


class ArtifactReplica(Construct):
    """Defines the artifact store that a project's pipeline uses in the region of a stage.

    It is in the account of the project, in the region of the stage: CodePipeline copies the checked
    templates there, because an action reads its artifacts in its region. It consists of a bucket,
    whose objects expire after 90 days, and a key with an alias. Both have computed names, so this
    stack and that of the project can be deployed in any order; the first deployment of the stage
    needs both.

    Args:
        project_name: name of the project.
        project_id: id of the project.
        stages: stages of the project in this region, whose roles read the templates.
        server_access_logs_bucket: bucket of the same account and region for the S3 server access
            logs. Defaults to None: no server access logs; AWS CloudTrail data events have the same
            information.
        permissions_boundary: permissions boundary of all roles. Defaults to None: no boundary.
        function_network: network of the function that empties the bucket, for organisations that
            require all functions to run in a VPC. Only DESTROY creates the function. Defaults to
            None: no VPC.
        removal_policy: what happens to the bucket and the key when the stack is deleted. With
            DESTROY, a function empties the bucket first. Defaults to retaining both, unless the
            creation of the stack fails.

    Raises:
        ValueError: if the region of the stack is not known, or a stage is in another region.

    Source: "Add a cross-Region action in CodePipeline" of the CodePipeline User Guide.

    Example:
        ```python
        ArtifactReplica(
            stack,
            "ChurnInIreland",
            project_name="churn",
            project_id="p-churn",
            stages=[ProjectStage(name="prod", account="222222222222", region="eu-west-1")],
        )
        ```
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        project_name: str,
        project_id: str,
        stages: Sequence[ProjectStage],
        server_access_logs_bucket: s3.IBucket | None = None,
        permissions_boundary: iam.IManagedPolicy | None = None,
        function_network: NetworkBase | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        super().__init__(scope, construct_id)
        inherit(self, scope)
        put_on_projects_path(self)
        stack = environment_of(self)
        self._validate(stages)
        self.key = kms.Key(
            self,
            "Key",
            description=f"Encrypts artifacts of the pipeline of {project_name} in this region",
            enable_key_rotation=True,
            removal_policy=removal_policy,
        )
        kms.Alias(self, "Alias", alias_name=replica_key_alias(project_name), target_key=self.key)
        self.bucket = project_bucket(
            self,
            "Artifacts",
            key=self.key,
            removal_policy=removal_policy,
            server_access_logs_bucket=server_access_logs_bucket,
            bucket_name=replica_bucket_name(
                project_name, account=stack.account, region=stack.region
            ),
        )
        self.bucket.add_lifecycle_rule(id="OldArtifacts", expiration=_EXPIRATION)
        acknowledge(self.bucket, without_replica(_REPRODUCIBLE))
        if server_access_logs_bucket is None:
            acknowledge(self.bucket, without_access_log(_CLOUDTRAIL))
        store = ArtifactStore(bucket=self.bucket, key=self.key)
        for stage in stages:
            # Within an account, the policies of the role are sufficient.
            if stage.account not in (None, stack.account):
                target = StageTarget.of(project_name=project_name, stage=stage, region=stack.region)
                share_templates(store, target)
        if removal_policy is cdk.RemovalPolicy.DESTROY:
            project = ProjectResources(
                project_name=project_name,
                project_id=project_id,
                artifacts=store,
                model_package_group_name=project_name,
            )
            removal = StageRemoval(
                self, "Removal", project=project, stages=[], network=function_network
            )
            removal.before(self.key, self.bucket)
            cdk.Tags.of(self.bucket).add(REMOVAL_TAG, "true")
        cdk.Tags.of(self).add("sagemaker:project-name", project_name)
        cdk.Tags.of(self).add("sagemaker:project-id", project_id)
        if permissions_boundary is not None:
            iam.PermissionsBoundary.of(self).apply(permissions_boundary)

    def _validate(self, stages: Sequence[ProjectStage]) -> None:
        problems = Problems("ArtifactReplica", self)
        stack = environment_of(self)
        if not is_known(stack.region):
            problems.add("got a stack without a region; give the stack `env`")
        for stage in stages:
            if is_known(stack.region) and stage.region != stack.region:
                problems.add(
                    f"stages: got {stage.name} in {stage.region or 'the region of the project'}; "
                    f"allowed are stages in {stack.region}, the region of the stack"
                )
        problems.raise_if_any()

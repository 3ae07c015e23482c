"""One project, as far as people may use it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import aws_cdk as cdk
from aws_cdk import aws_codecommit as codecommit
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from constructs import Construct

from .branch_rule import BranchRule

PROJECT_TAG = "sagemaker:project-name"
"""The tag by which SageMaker Studio knows a project's resources."""


@dataclass(frozen=True, kw_only=True)
class ProjectAccess:
    """Defines what of one project a person can get at: its names, its stores, its roles.

    Resources of SageMaker belong to the project when they carry its tag `sagemaker:project-name`,
    or when their names begin with `PROJECT-`, as those of the project's pipelines do.

    Args:
        project_name: name of the project; names of its model package group, repositories and
            pipelines follow from it.
        bucket: data, runs and models. Left out: nobody reads or writes S3.
        key: encrypts what is in the bucket, and volumes of jobs. Left out: that of the bucket.
        image_repository: images of the project's jobs. Left out: nobody pulls images.
        code_repositories: repositories of CodeCommit. Left out: nobody gets at code through AWS.
        branch_rules: branches of them that change by pull requests alone. Left out: `main` of
            `PROJECT-model-deploy`, from which staging and production are deployed.
        execution_roles: roles that may be handed to SageMaker, for jobs and models. Left out: no
            job can be started. `JobRole` is one, and for those who host models their
            `ModelExecutionRole`. The role of the project's own pipeline is not for people, as it
            writes models.
        log_groups: logs of the project's builds, as `Project.access()` gives them. Left out: nobody
            reads why a build failed.
        stages: the stages to which the project deploys, production last. Everybody reads the events
            of their stacks, `PROJECT-STAGE`; those who work invoke the endpoints of all but the
            last.
        data_prefixes: what of the bucket those who work read and write.
        result_prefixes: what of it those who work only read: models, and what endpoints captured.
        report_prefixes: what of it everybody reads.

    Example:
        ```python
        ProjectAccess(project_name="churn", bucket=bucket, image_repository=repository)
        ```
    """

    project_name: str
    bucket: s3.IBucket | None = None
    key: kms.IKey | None = None
    image_repository: ecr.IRepository | None = None
    code_repositories: Sequence[codecommit.IRepository] = ()
    branch_rules: Sequence[BranchRule] = field(default=(BranchRule(repository="model-deploy"),))
    execution_roles: Sequence[iam.IRole] = ()
    log_groups: Sequence[logs.ILogGroup] = ()
    stages: Sequence[str] = ("staging", "prod")
    data_prefixes: Sequence[str] = field(default=("data/", "runs/", "checkpoints/", "transform/"))
    result_prefixes: Sequence[str] = field(default=("models/", "capture/"))
    report_prefixes: Sequence[str] = field(default=("runs/", "reports/", "monitoring/"))

    @property
    def keys(self) -> list[kms.IKey]:
        """The keys of the project's data."""
        of_bucket = self.bucket.encryption_key if self.bucket else None
        key = self.key or of_bucket
        return [key] if key else []

    @property
    def stage_names(self) -> list[str]:
        """The endpoint of each stage, and the stack that holds it."""
        return [f"{self.project_name}-{stage}" for stage in self.stages]

    def arns(self, scope: Construct, *kinds: str) -> list[str]:
        """ARNs of the project's resources of some kinds by their names, `endpoint/churn-*`."""
        prefix = _sagemaker_arns(scope)
        return [f"{prefix}{kind}/{self.project_name}-*" for kind in kinds]

    def model_packages(self, scope: Construct) -> list[str]:
        """The model package group, and all versions in it."""
        return [
            sagemaker_arn(scope, "model-package-group", self.project_name),
            sagemaker_arn(scope, "model-package", f"{self.project_name}/*"),
        ]

    def pipelines(self, scope: Construct, *, actions: str = "") -> list[str]:
        """The two pipelines of CodePipeline, or with `actions` those of their actions."""
        return [
            cdk.Stack.of(scope).format_arn(
                service="codepipeline",
                resource=f"{self.project_name}-model-{kind}{actions}",
                arn_format=cdk.ArnFormat.NO_RESOURCE_NAME,
            )
            for kind in ("build", "deploy")
        ]


def sagemaker_arn(scope: Construct, kind: str, name: str) -> str:
    """The ARN of a SageMaker resource of the stack's account and region."""
    return f"{_sagemaker_arns(scope)}{kind}/{name}"


def _sagemaker_arns(scope: Construct) -> str:
    """What ARNs of SageMaker begin with; a call to the CDK, so once for many of them."""
    return cdk.Stack.of(scope).format_arn(
        service="sagemaker", resource="", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME
    )

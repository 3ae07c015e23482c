"""Resources of a project that users access."""

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
"""Tag by which SageMaker Studio identifies the resources of a project."""


@dataclass(frozen=True, kw_only=True)
class ProjectAccess:
    """The resources of one project that users can access: its names, stores and roles.

    SageMaker resources belong to the project if they carry its tag `sagemaker:project-name`, or if
    their names begin with `PROJECT-`, as those of the project's pipelines do.

    Args:
        project_name: name of the project, up to 32 lower case letters, digits and hyphens; the
            names of its model package group, repositories and pipelines follow from it.
        bucket: bucket of data, runs and models. Defaults to None: no access to S3.
        key: KMS key of the objects in the bucket, and of volumes of jobs. Defaults to None: the key
            of the bucket.
        image_repository: repository of the images of the project's jobs. Defaults to None: no
            access to images.
        code_repositories: repositories of CodeCommit. Defaults to none: no access to code through
            AWS.
        branch_rules: branches that only pull requests can change. Defaults to `main` of
            `PROJECT-model-deploy`, from which staging and production are deployed.
        execution_roles: roles that users can pass to SageMaker, for jobs and models: a `JobRole`,
            and for users who host models their `ModelExecutionRole`. Do not use the role of the
            project's own pipeline, which writes models. Defaults to none: users can start no job.
        log_groups: log groups of the project's builds, from `Project.access()`. Defaults to none:
            logs of builds are not readable.
        stages: stages to which the project deploys, production last. Everyone reads the events of
            their stacks, `PROJECT-STAGE`; users who work invoke the endpoints of all but the last
            stage. Defaults to `staging` and `prod`.
        data_prefixes: key prefixes that users who work read and write. Defaults to `data/`,
            `runs/`, `checkpoints/` and `transform/`.
        result_prefixes: key prefixes that users who work only read: models and captured data.
            Defaults to `models/` and `capture/`.
        report_prefixes: key prefixes that everyone reads. Defaults to `runs/`, `reports/` and
            `monitoring/`.

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
        """KMS keys of the project's data."""
        of_bucket = self.bucket.encryption_key if self.bucket else None
        key = self.key or of_bucket
        return [key] if key else []

    @property
    def stage_names(self) -> list[str]:
        """Names of the stages' endpoints, and of the stacks that contain them."""
        return [f"{self.project_name}-{stage}" for stage in self.stages]

    def arns(self, scope: Construct, *kinds: str) -> list[str]:
        """Returns ARNs of the project's resources by their names, such as `endpoint/churn-*`.

        Args:
            kinds: resource types in ARNs, such as `endpoint`.
        """
        prefix = _sagemaker_arns(scope)
        return [f"{prefix}{kind}/{self.project_name}-*" for kind in kinds]

    def model_packages(self, scope: Construct) -> list[str]:
        """Returns the ARNs of the model package group, and of all its versions."""
        return [
            sagemaker_arn(scope, "model-package-group", self.project_name),
            sagemaker_arn(scope, "model-package", f"{self.project_name}/*"),
        ]

    def pipelines(self, scope: Construct, *, actions: str = "") -> list[str]:
        """Returns the ARNs of the two pipelines of CodePipeline, or of their stages or actions.

        Args:
            actions: suffix of the ARNs: `/*` for stages, `/*/*` for actions. Defaults to an empty
                suffix: the pipelines themselves.
        """
        return [
            cdk.Stack.of(scope).format_arn(
                service="codepipeline",
                resource=f"{self.project_name}-model-{kind}{actions}",
                arn_format=cdk.ArnFormat.NO_RESOURCE_NAME,
            )
            for kind in ("build", "deploy")
        ]


def sagemaker_arn(scope: Construct, kind: str, name: str) -> str:
    """Returns the ARN of a SageMaker resource in the stack's account and region."""
    return f"{_sagemaker_arns(scope)}{kind}/{name}"


def _sagemaker_arns(scope: Construct) -> str:
    """Returns the common prefix of ARNs of SageMaker, in one call to the CDK."""
    return cdk.Stack.of(scope).format_arn(
        service="sagemaker", resource="", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME
    )

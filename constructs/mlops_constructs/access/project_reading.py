"""What a persona may look at, read and write in one project."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk

from .permission import Permission
from .persona import Persona
from .project_reach import HOSTED, HOSTING_KINDS, JOB_KINDS, JOBS, NAMED, NO_LEVEL, ProjectReach

_KINDS = (*HOSTING_KINDS, *JOB_KINDS, "pipeline")


class ProjectReading:
    """The permissions that every persona has, wider for those who work."""

    def __init__(self, reach: ProjectReach, persona: Persona) -> None:
        self._reach = reach
        self._persona = persona

    def look(self) -> list[Permission]:
        packages = self._reach.project.model_packages(self._reach.scope)
        names = (*HOSTED, *JOBS, "Pipeline", "PipelineExecution")
        verbs = " ".join(f"Describe{name}" for name in names)
        listing = " ".join(f"List{name}s" for name in (*HOSTED, *JOBS, "Pipeline"))
        return [
            *self._reach.sagemaker(
                f"{verbs} DescribePipelineDefinitionForExecution ListPipelineExecutions "
                "ListPipelineExecutionSteps ListPipelineParametersForExecution ListTags "
                "ListTrainingJobsForHyperParameterTuningJob",
                _KINDS,
            ),
            Permission(
                actions=[
                    "sagemaker:DescribeModelPackage",
                    "sagemaker:DescribeModelPackageGroup",
                    "sagemaker:ListModelPackages",
                    "sagemaker:ListTags",
                ],
                resources=packages,
                because="versions of the project's model packages do not exist yet",
            ),
            Permission(
                actions=[
                    "cloudwatch:DescribeAlarms",
                    "cloudwatch:GetMetricData",
                    "cloudwatch:GetMetricStatistics",
                    "cloudwatch:ListMetrics",
                    *(f"sagemaker:{action}" for action in listing.split()),
                    "sagemaker:ListModelPackageGroups",
                ],
                resources=["*"],
                because=NO_LEVEL,
            ),
            Permission(
                actions=[
                    "codepipeline:GetPipeline",
                    "codepipeline:GetPipelineExecution",
                    "codepipeline:GetPipelineState",
                    "codepipeline:ListActionExecutions",
                    "codepipeline:ListPipelineExecutions",
                ],
                resources=self._reach.project.pipelines(self._reach.scope),
            ),
        ]

    def data(self) -> list[Permission]:
        project, works = self._reach.project, self._persona.works
        if project.bucket is None:
            return []
        prefixes = list(project.data_prefixes if works else project.report_prefixes)
        objects = [project.bucket.arn_for_objects(f"{prefix}*") for prefix in prefixes]
        keys = [key.key_arn for key in project.keys]
        read_write = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
        permissions = [
            Permission(
                actions=read_write if works else ["s3:GetObject"],
                resources=objects,
                because="keys below the prefixes are not known beforehand",
            ),
            Permission(
                actions=["s3:ListBucket"],
                resources=[project.bucket.bucket_arn],
                conditions={"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in prefixes]}},
            ),
        ]
        if keys:
            actions = ["kms:Decrypt", "kms:DescribeKey"]
            actions += ["kms:GenerateDataKey"] if works else []
            permissions.append(Permission(actions=actions, resources=keys))
        if keys and works:
            permissions.append(_grants_for_volumes(keys))
        return permissions

    def code(self) -> list[Permission]:
        repositories = [one.repository_arn for one in self._reach.project.code_repositories]
        images = self._reach.project.image_repository
        reading = "BatchGetCommits GetBranch GetCommit GetPullRequest GitPull ListBranches"
        reading += " ListPullRequests"
        writing = " CreateBranch CreatePullRequest GitPush MergePullRequestByFastForward"
        permissions = []
        if repositories:
            actions = reading + writing if self._persona.works else reading
            permissions.append(
                Permission(
                    actions=[f"codecommit:{one}" for one in actions.split()], resources=repositories
                )
            )
        if images is not None and self._persona.works:
            actions = "BatchCheckLayerAvailability BatchGetImage DescribeImages "
            actions += "GetDownloadUrlForLayer ListImages"
            if self._persona.operates:
                actions += " CompleteLayerUpload InitiateLayerUpload PutImage UploadLayerPart"
            permissions += [
                Permission(
                    actions=[f"ecr:{one}" for one in actions.split()],
                    resources=[images.repository_arn],
                ),
                Permission(
                    actions=["ecr:GetAuthorizationToken"], resources=["*"], because=NO_LEVEL
                ),
            ]
        return permissions

    def logs(self) -> list[Permission]:
        """The log of each endpoint, and in the logs of jobs the streams of the project's jobs."""
        name = self._reach.project.project_name
        groups = [f"Endpoints/{name}-*"]
        groups += [
            f"{kind}Jobs:log-stream:{name}-*" for kind in ("Processing", "Training", "Transform")
        ]
        resources = [
            cdk.Stack.of(self._reach.scope).format_arn(
                service="logs",
                resource="log-group",
                resource_name=f"/aws/sagemaker/{group}",
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            for group in groups
        ]
        return [Permission(actions=["logs:GetLogEvents"], resources=resources, because=NAMED)]


def _grants_for_volumes(keys: Sequence[str]) -> Permission:
    # SageMaker encrypts the volumes of jobs and endpoints through a grant of whoever starts them.
    return Permission(
        actions=["kms:CreateGrant"],
        resources=keys,
        conditions={"Bool": {"kms:GrantIsForAWSResource": "true"}},
    )

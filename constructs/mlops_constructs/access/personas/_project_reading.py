"""Read permissions of a persona in one project, and write permissions on its data."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3

from mlops_constructs._attributes import arn_of_objects, bucket_arn, key_arn
from mlops_constructs.access._volume_encryption import grants_for_resources
from mlops_constructs.access.permission import Permission

from ._project_reach import HOSTED, HOSTING_KINDS, JOB_KINDS, JOBS, NAMED, NO_LEVEL, ProjectReach
from .persona import Persona
from .project_access import sagemaker_arn

_KINDS = (*HOSTING_KINDS, *JOB_KINDS, "pipeline")


class ProjectReading:
    """Permissions of every persona, extended for those who work."""

    def __init__(self, reach: ProjectReach, persona: Persona) -> None:
        self._reach = reach
        self._persona = persona

    def look(self) -> list[Permission]:
        """Returns permissions to describe and search resources of the project."""
        packages = self._reach.project.model_packages(self._reach.scope)
        names = (*HOSTED, *JOBS, "Pipeline", "PipelineExecution")
        project = sagemaker_arn(self._reach.scope, "project", self._reach.project.project_name)
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
                actions=["sagemaker:DescribeProject", "sagemaker:ListTags"], resources=[project]
            ),
            Permission(
                actions=["sagemaker:Search"],
                resources=["*"],
                # A search without the same VisibilityConditions is denied.
                conditions={"StringEquals": self._reach.search_visibility()},
                because=NO_LEVEL,
            ),
            Permission(
                actions=[
                    "cloudwatch:DescribeAlarms",
                    "cloudwatch:GetMetricData",
                    "cloudwatch:GetMetricStatistics",
                    "cloudwatch:ListMetrics",
                    *(f"sagemaker:{action}" for action in listing.split()),
                    "sagemaker:ListModelPackageGroups",
                    "sagemaker:ListProjects",
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

    def deliveries(self) -> list[Permission]:
        """Returns permissions to read why a build, or a deployment to a stage, failed."""
        stacks = [
            cdk.Stack.of(self._reach.scope).format_arn(
                service="cloudformation", resource="stack", resource_name=f"{name}/*"
            )
            for name in self._reach.project.stage_names
        ]
        builds = cdk.Stack.of(self._reach.scope).format_arn(
            service="codebuild", resource="project", resource_name="*"
        )
        permissions = [
            Permission(
                actions=[
                    f"codebuild:{action}"
                    for action in ("BatchGetBuilds", "BatchGetProjects", "ListBuildsForProject")
                ],
                resources=[builds],
                conditions={"StringEquals": self._reach.tag("aws:ResourceTag")},
                because="CloudFormation names the builds; the condition requires the project's tag",
            )
        ]
        if stacks:
            actions = "DescribeStackEvents DescribeStackResources DescribeStacks ListStackResources"
            permissions.append(
                Permission(
                    actions=[f"cloudformation:{action}" for action in actions.split()],
                    resources=stacks,
                    because="CloudFormation generates the ids of stacks",
                )
            )
        return permissions

    def data(self) -> list[Permission]:
        """Returns permissions on the objects of the project's bucket."""
        project, works = self._reach.project, self._persona.works
        bucket = project.bucket
        if bucket is None:
            return []
        read = list(project.report_prefixes)
        if works:
            read += [*project.data_prefixes, *project.result_prefixes]
        read = list(dict.fromkeys(read))
        keys = [key_arn(key) for key in project.keys]
        permissions = [
            _objects(bucket, ["s3:GetObject"], read),
            *_listing(bucket, read),
        ]
        if works:
            writing = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject"]
            permissions.append(_objects(bucket, writing, project.data_prefixes))
        if keys:
            actions = ["kms:Decrypt", "kms:DescribeKey"]
            actions += ["kms:GenerateDataKey"] if works else []
            permissions.append(Permission(actions=actions, resources=keys))
        if keys and works:
            permissions.append(grants_for_resources(keys))
        return permissions

    def code(self) -> list[Permission]:
        """Returns permissions on repositories of code and images."""
        repositories = [one.repository_arn for one in self._reach.project.code_repositories]
        images = self._reach.project.image_repository
        reading = "BatchGetCommits BatchGetRepositories DescribePullRequestEvents GetBranch "
        reading += "GetCommentsForPullRequest GetCommit GetDifferences GetFile GetFolder "
        reading += "GetMergeConflicts GetPullRequest GetRepository GitPull ListBranches "
        reading += "ListPullRequests"
        writing = " CreateBranch CreatePullRequest GitPush MergePullRequestByFastForward"
        permissions = []
        if repositories:
            actions = reading + writing if self._persona.works else reading
            permissions.append(
                Permission(
                    actions=[f"codecommit:{one}" for one in actions.split()], resources=repositories
                )
            )
            permissions.append(
                Permission(
                    actions=["codecommit:ListRepositories"], resources=["*"], because=NO_LEVEL
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
        """Returns permissions on the logs of endpoints, builds and jobs of the project.

        SageMaker has one log group for all jobs of a kind, so IAM cannot restrict whose streams are
        listed there. Events are readable in streams of the project's jobs, and of jobs that a
        pipeline started, whose streams are named `pipelines-` without the project.
        """
        project = self._reach.project
        name = project.project_name
        kinds = ("Processing", "Training", "Transform")
        own = [self._log_group(f"sagemaker/Endpoints/{name}-*")]
        own += [
            self._log_group(f"codepipeline/{name}-model-{kind}:*") for kind in ("build", "deploy")
        ]
        own += [group.log_group_arn for group in project.log_groups]
        jobs = [f"sagemaker/{kind}Jobs:log-stream:" for kind in kinds]
        streams = [f"{job}{name}-*" for job in jobs] + [f"{job}pipelines-*" for job in jobs]
        return [
            Permission(
                actions=["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"],
                resources=own,
                because="services generate the names of log streams",
            ),
            Permission(
                actions=["logs:DescribeLogStreams"],
                resources=[self._log_group(f"sagemaker/{kind}Jobs:*") for kind in kinds],
                because="the streams of a log group are listed together",
            ),
            Permission(
                actions=["logs:GetLogEvents"],
                resources=[self._log_group(stream) for stream in streams],
                because=NAMED,
            ),
        ]

    def _log_group(self, name: str) -> str:
        return cdk.Stack.of(self._reach.scope).format_arn(
            service="logs",
            resource="log-group",
            resource_name=f"/aws/{name}",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )


def _objects(bucket: s3.IBucket, actions: Sequence[str], prefixes: Sequence[str]) -> Permission:
    return Permission(
        actions=actions,
        resources=[arn_of_objects(bucket, f"{prefix}*") for prefix in prefixes],
        because="keys below the prefixes are not known beforehand",
    )


def _listing(bucket: s3.IBucket, prefixes: Sequence[str]) -> list[Permission]:
    """Returns permissions to list the prefixes, and the top-level folders of the bucket."""
    listed = [*(prefix.rstrip("/") for prefix in prefixes), *(f"{one}*" for one in prefixes)]
    return [
        Permission(
            actions=["s3:ListBucket"],
            resources=[bucket_arn(bucket)],
            conditions={"StringLike": {"s3:prefix": listed}},
        ),
        # The request of `aws s3 ls s3://bucket/`: the top-level folders only.
        Permission(
            actions=["s3:ListBucket"],
            resources=[bucket_arn(bucket)],
            conditions={"StringEquals": {"s3:prefix": "", "s3:delimiter": "/"}},
        ),
        Permission(actions=["s3:GetBucketLocation"], resources=[bucket_arn(bucket)]),
    ]

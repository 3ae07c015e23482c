"""Write permissions of a persona in one project."""

from collections.abc import Sequence

from mlops_constructs.access._model_approval import APPROVAL_ALONE, NO_APPROVAL
from mlops_constructs.access.permission import Permission

from ._project_reach import HOSTED, HOSTING_KINDS, JOB_KINDS, JOBS, NAMED, ProjectReach
from .project_access import PROJECT_TAG, sagemaker_arn

DEVELOPMENT = "dev-"
"""Prefix of pipelines that data scientists develop: `PROJECT-dev-...`."""


class ProjectWork:
    """Permissions of personas that work, operate or approve."""

    def __init__(self, reach: ProjectReach) -> None:
        self._reach = reach

    def jobs(self) -> list[Permission]:
        """Returns permissions to start and stop jobs."""
        return [
            self._create(JOBS, JOB_KINDS),
            *self._tagging(JOBS, JOB_KINDS),
            *self._reach.sagemaker(" ".join(f"Stop{name}" for name in JOBS), JOB_KINDS),
        ]

    def _create(self, names: Sequence[str], kinds: Sequence[str]) -> Permission:
        """Allows creation with the project's name as prefix and the project's tag."""
        return Permission(
            actions=[f"sagemaker:Create{name}" for name in names],
            resources=self._reach.project.arns(self._reach.scope, *kinds),
            conditions={"StringEquals": self._reach.tag("aws:RequestTag")},
            because=NAMED,
        )

    def _tagging(self, names: Sequence[str], kinds: Sequence[str]) -> list[Permission]:
        # Only at creation: a tag that could be added later would assign resources of other projects
        # to this one.
        creating = [f"Create{name}" for name in names]
        return [
            Permission(
                actions=["sagemaker:AddTags"],
                resources=self._reach.project.arns(self._reach.scope, *kinds),
                conditions={
                    "StringEquals": {
                        **self._reach.tag("aws:RequestTag"),
                        "sagemaker:TaggingAction": creating,
                    }
                },
                because=NAMED,
            )
        ]

    def register(self) -> list[Permission]:
        """Returns the permission to register models that are pending approval."""
        return [
            Permission(
                actions=["sagemaker:CreateModelPackage"],
                resources=self._reach.project.model_packages(self._reach.scope),
                conditions=NO_APPROVAL,
                because="versions of the project's model packages do not exist yet",
            )
        ]

    def try_endpoints(self) -> list[Permission]:
        """Returns the permission to invoke the endpoints of all stages before production."""
        names = self._reach.project.stage_names[:-1]
        if not names:
            return []
        return [
            Permission(
                actions=["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync"],
                resources=[sagemaker_arn(self._reach.scope, "endpoint", name) for name in names],
            )
        ]

    def develop_pipelines(self, *, operates: bool) -> list[Permission]:
        """Returns permissions on pipelines under development, or on all for operators."""
        begin = "" if operates else DEVELOPMENT
        pipelines = [
            sagemaker_arn(
                self._reach.scope, "pipeline", f"{self._reach.project.project_name}-{begin}*"
            )
        ]
        return [
            Permission(
                actions=["sagemaker:AddTags", "sagemaker:CreatePipeline"],
                resources=pipelines,
                conditions={"StringEquals": self._reach.tag("aws:RequestTag")},
                because=NAMED,
            ),
            Permission(
                actions=[
                    f"sagemaker:{action}"
                    for action in (
                        "DeletePipeline",
                        "RetryPipelineExecution",
                        "StartPipelineExecution",
                        "StopPipelineExecution",
                        "UpdatePipeline",
                    )
                ],
                resources=pipelines,
                because=NAMED,
            ),
        ]

    def host(self) -> list[Permission]:
        """Returns permissions to host models."""
        changing = " ".join(f"Delete{name}" for name in HOSTED)
        changing += " InvokeEndpoint InvokeEndpointAsync InvokeEndpointWithResponseStream"
        changing += " UpdateEndpoint"
        return [
            self._create(HOSTED, HOSTING_KINDS),
            *self._tagging(HOSTED, HOSTING_KINDS),
            *self._reach.sagemaker(f"{changing} UpdateEndpointWeightsAndCapacities", HOSTING_KINDS),
            *self._keep_stages(),
        ]

    def _keep_stages(self) -> list[Permission]:
        """Denies changes of the stages' endpoints, which only their stacks change."""
        names = self._reach.project.stage_names
        if not names:
            return []
        changes = ["CreateEndpoint", "DeleteEndpoint", "UpdateEndpoint"]
        changes.append("UpdateEndpointWeightsAndCapacities")
        return [
            Permission(
                actions=[f"sagemaker:{change}" for change in changes],
                resources=[sagemaker_arn(self._reach.scope, "endpoint", name) for name in names],
                denied=True,
            )
        ]

    def run_pipelines(self) -> list[Permission]:
        """Returns permissions to start, stop and retry pipelines."""
        return [
            *self._reach.sagemaker(
                "RetryPipelineExecution StartPipelineExecution StopPipelineExecution", ("pipeline",)
            ),
            Permission(
                actions=[
                    "codepipeline:StartPipelineExecution",
                    "codepipeline:StopPipelineExecution",
                ],
                resources=self._reach.project.pipelines(self._reach.scope),
            ),
            Permission(
                actions=["codepipeline:RetryStageExecution"],
                resources=self._reach.project.pipelines(self._reach.scope, actions="/*"),
                because="each pipeline has its own stages",
            ),
        ]

    def pass_roles(self) -> list[Permission]:
        """Returns the permission to pass the project's execution roles to SageMaker."""
        roles = [role.role_arn for role in self._reach.project.execution_roles]
        if not roles:
            return []
        return [
            Permission(
                actions=["iam:PassRole"],
                resources=roles,
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        ]

    def approve(self) -> list[Permission]:
        """Returns permissions to approve model packages and deployments."""
        return [
            Permission(
                actions=["sagemaker:UpdateModelPackage"],
                resources=self._reach.project.model_packages(self._reach.scope)[1:],
                conditions=APPROVAL_ALONE,
                because="versions of the project's model packages do not exist yet",
            ),
            Permission(
                actions=["codepipeline:PutApprovalResult"],
                resources=self._reach.project.pipelines(self._reach.scope, actions="/*/*"),
                because="each pipeline has its own approval actions",
            ),
        ]

    def others(self) -> list[Permission]:
        """Denies actions on resources with the tag of another project, whatever policies allow."""
        actions = [f"sagemaker:{verb}{name}" for verb in ("Delete", "Describe") for name in HOSTED]
        actions += [f"sagemaker:{verb}{name}" for verb in ("Describe", "Stop") for name in JOBS]
        actions += [
            "sagemaker:AddTags",
            "sagemaker:DeletePipeline",
            "sagemaker:DeleteTags",
            "sagemaker:DescribePipeline",
            "sagemaker:DescribeProject",
            "sagemaker:InvokeEndpoint",
            "sagemaker:InvokeEndpointAsync",
            "sagemaker:InvokeEndpointWithResponseStream",
            "sagemaker:StartPipelineExecution",
            "sagemaker:UpdateEndpoint",
            "sagemaker:UpdatePipeline",
        ]
        return [
            Permission(
                actions=actions,
                resources=["*"],
                conditions={
                    "StringNotEquals": self._reach.tag("aws:ResourceTag"),
                    "Null": {f"aws:ResourceTag/{PROJECT_TAG}": "false"},
                },
                denied=True,
            )
        ]

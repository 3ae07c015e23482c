"""Statements about the resources of one project."""

from collections.abc import Sequence
from dataclasses import dataclass

from constructs import Construct

from mlops_constructs.access.permission import Permission

from .project_access import PROJECT_TAG, ProjectAccess, sagemaker_arn

JOBS = ("HyperParameterTuningJob", "ProcessingJob", "TrainingJob", "TransformJob")
JOB_KINDS = ("hyper-parameter-tuning-job", "processing-job", "training-job", "transform-job")
HOSTED = ("Endpoint", "EndpointConfig", "Model")
HOSTING_KINDS = ("endpoint", "endpoint-config", "model")
NAMED = "names of the project's resources begin with the project's"
NO_LEVEL = "the action has no resource level"
_TAGGED = "the condition requires the project's tag; pipelines generate the names of their jobs"


@dataclass(frozen=True, kw_only=True)
class ProjectReach:
    """Names, tags and conditions of a project's resources in statements."""

    scope: Construct
    project: ProjectAccess

    def tag(self, key: str) -> dict[str, str]:
        """Returns the condition that a key such as aws:ResourceTag is the project's tag."""
        return {f"{key}/{PROJECT_TAG}": self.project.project_name}

    def search_visibility(self) -> dict[str, str]:
        """Returns the condition that a search only shows resources with the project's tag."""
        key = f"sagemaker:SearchVisibilityCondition/Tags.{PROJECT_TAG}"
        return {key: self.project.project_name}

    def sagemaker(self, verbs: str, kinds: Sequence[str]) -> list[Permission]:
        """Returns actions on resources of the project, by name or by tag."""
        actions = [f"sagemaker:{verb}" for verb in verbs.split()]
        return [
            Permission(
                actions=actions, resources=self.project.arns(self.scope, *kinds), because=NAMED
            ),
            Permission(
                actions=actions,
                resources=[sagemaker_arn(self.scope, kind, "*") for kind in kinds],
                conditions={"StringEquals": self.tag("aws:ResourceTag")},
                because=_TAGGED,
            ),
        ]

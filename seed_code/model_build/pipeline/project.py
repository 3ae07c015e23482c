"""What the project's stack tells the train build, by environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tabular.failure import InputError

VARIABLES = {
    "region": "AWS_REGION",
    "project_name": "SAGEMAKER_PROJECT_NAME",
    "project_id": "SAGEMAKER_PROJECT_ID",
    "pipeline_name": "SAGEMAKER_PIPELINE_NAME",
    "role_arn": "SAGEMAKER_PIPELINE_ROLE_ARN",
    "image_uri": "IMAGE_URI",
    "artifact_bucket": "ARTIFACT_BUCKET",
    "artifact_key_arn": "ARTIFACT_KEY_ARN",
    "model_package_group_name": "MODEL_PACKAGE_GROUP_NAME",
}


@dataclass(frozen=True, kw_only=True)
class Project:
    """The resources of this project.

    Args:
        region: the region they are in.
        project_name, project_id: of the SageMaker Project; every resource is tagged with them.
        pipeline_name: of the SageMaker Pipeline.
        role_arn: the role of the pipeline and its jobs.
        image_uri: the image that was built from this commit; its tag is the commit.
        artifact_bucket: holds data, runs, checkpoints and models.
        artifact_key_arn: the KMS key that encrypts them.
        model_package_group_name: where models are registered.
        subnet_ids, security_group_ids: where jobs have to run; empty: anywhere.
    """

    region: str
    project_name: str
    project_id: str
    pipeline_name: str
    role_arn: str
    image_uri: str
    artifact_bucket: str
    artifact_key_arn: str
    model_package_group_name: str
    subnet_ids: tuple[str, ...] = ()
    security_group_ids: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Project":
        """Reads the variables that CodeBuild sets.

        Raises:
            InputError: that names every variable that is not set.
        """
        missing = [name for name in VARIABLES.values() if not environment.get(name)]
        if missing:
            raise InputError(
                f"the environment lacks {', '.join(missing)}; the train build of the project "
                "sets them"
            )
        return cls(
            **{member: environment[name] for member, name in VARIABLES.items()},
            subnet_ids=_ids(environment, "SUBNET_IDS"),
            security_group_ids=_ids(environment, "SECURITY_GROUP_IDS"),
        )

    @property
    def commit(self) -> str:
        """The commit that the image was built from."""
        return self.image_uri.rpartition(":")[2]

    @property
    def tags(self) -> list[dict[str, str]]:
        """The tags of everything that belongs to the project."""
        return [
            {"Key": "sagemaker:project-name", "Value": self.project_name},
            {"Key": "sagemaker:project-id", "Value": self.project_id},
        ]


def _ids(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Ids with commas between them, which the builds of a project with a network are told."""
    return tuple(filter(None, environment.get(name, "").split(",")))

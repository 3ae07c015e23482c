"""Resources of the project, which its stack passes to the train build as environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from mlops_jobs.failure import InputError

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
        region: AWS Region of the resources.
        project_name: name of the SageMaker project; every resource is tagged with it.
        project_id: id of the SageMaker project; every resource is tagged with it.
        pipeline_name: name of the SageMaker Pipeline.
        role_arn: ARN of the role of the pipeline and its jobs.
        image_uri: URI of the image that was built from this commit; its tag is the commit.
        artifact_bucket: name of the bucket for data, runs, checkpoints and models.
        artifact_key_arn: ARN of the KMS key that encrypts the bucket.
        model_package_group_name: name of the group in which models are registered.
        subnet_ids: ids of the subnets in which jobs must run. Defaults to none: jobs run outside a
            VPC.
        security_group_ids: ids of the security groups of jobs. Defaults to none.
        mlflow_app_arn: ARN of the MLflow App in which executions are logged. Defaults to "": they
            are not logged.
        feature_reader_role_arn: ARN of the role with which models in other accounts look up
            features. Defaults to "": no stage is in another account.
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
    mlflow_app_arn: str = ""
    feature_reader_role_arn: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Project":
        """Reads the variables that CodeBuild sets.

        Args:
            environment: environment variables. Defaults to those of the process.

        Returns:
            The project.

        Raises:
            InputError: a variable is not set; the message names every one that is missing.
        """
        missing = [name for name in VARIABLES.values() if not environment.get(name)]
        if missing:
            raise InputError(
                f"environment: got no {', '.join(missing)}; the train build of the project sets "
                "them"
            )
        return cls(
            **{member: environment[name] for member, name in VARIABLES.items()},
            subnet_ids=_ids(environment, "SUBNET_IDS"),
            security_group_ids=_ids(environment, "SECURITY_GROUP_IDS"),
            mlflow_app_arn=environment.get("MLFLOW_APP_ARN", ""),
            feature_reader_role_arn=environment.get("FEATURE_READER_ROLE_ARN", ""),
        )

    @property
    def commit(self) -> str:
        """Commit that the image was built from."""
        return self.image_uri.rpartition(":")[2]

    @property
    def tags(self) -> list[dict[str, str]]:
        """Tags of all resources of the project."""
        return [
            {"Key": "sagemaker:project-name", "Value": self.project_name},
            {"Key": "sagemaker:project-id", "Value": self.project_id},
        ]


def _ids(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Splits comma-separated ids; the variable is set only in a project with a network."""
    return tuple(filter(None, environment.get(name, "").split(",")))

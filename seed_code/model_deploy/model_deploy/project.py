"""Resources of the project, from the environment of the build."""

from collections.abc import Mapping
from dataclasses import dataclass

# Fields of `Project`, and the environment variables that the pipeline sets for them.
_VARIABLES = {
    "name": "SAGEMAKER_PROJECT_NAME",
    "id": "SAGEMAKER_PROJECT_ID",
    "model_execution_role_arn": "MODEL_EXECUTION_ROLE_ARN",
    "artifact_bucket": "ARTIFACT_BUCKET",
    "artifact_key_arn": "ARTIFACT_KEY_ARN",
}
_NETWORK = {
    "vpc_id": "VPC_ID",
    "subnet_ids": "SUBNET_IDS",
    "security_group_ids": "SECURITY_GROUP_IDS",
}


@dataclass(frozen=True, kw_only=True)
class ProjectNetwork:
    """The network of the project's models.

    Args:
        vpc_id: id of the VPC.
        subnet_ids: ids of the subnets.
        security_group_ids: ids of the security groups.
    """

    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "ProjectNetwork | None":
        """Reads the network; a project without a network sets none of its variables.

        Args:
            environment: environment variables.

        Raises:
            ValueError: some of the variables are set and others are not.
        """
        given = {field: environment.get(variable, "") for field, variable in _NETWORK.items()}
        missing = [_NETWORK[field] for field, value in given.items() if not value]
        if len(missing) == len(_NETWORK):
            return None
        if missing:
            raise ValueError(
                f"environment: got no {', '.join(missing)}; set {', '.join(_NETWORK.values())} "
                "together, or none of them"
            )
        return cls(
            vpc_id=given["vpc_id"],
            subnet_ids=tuple(given["subnet_ids"].split(",")),
            security_group_ids=tuple(given["security_group_ids"].split(",")),
        )


@dataclass(frozen=True, kw_only=True)
class Project:
    """A SageMaker project and the resources that its endpoints use.

    Args:
        name: name of the project.
        id: id of the project.
        model_execution_role_arn: ARN of the role of the models.
        artifact_bucket: name of the bucket for artifacts and captured traffic.
        artifact_key_arn: ARN of the KMS key of the bucket.
        network: network of the models. Defaults to None: models run outside a VPC.
    """

    name: str
    id: str
    model_execution_role_arn: str
    artifact_bucket: str
    artifact_key_arn: str
    network: ProjectNetwork | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Project":
        """Reads the project from environment variables.

        Args:
            environment: environment variables.

        Raises:
            ValueError: a variable is missing; the message names every one.
        """
        missing = [variable for variable in _VARIABLES.values() if not environment.get(variable)]
        if missing:
            raise ValueError(
                f"environment: got no {', '.join(missing)}; set them, as the pipeline does "
                "(README.md, Run the stages locally)"
            )
        return cls(
            **{field: environment[variable] for field, variable in _VARIABLES.items()},
            network=ProjectNetwork.from_environment(environment),
        )

"""What the build environment says about the project that this repository belongs to."""

from collections.abc import Mapping
from dataclasses import dataclass

# Field of `Project` and the environment variable that the pipeline sets for it.
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
    """The network in which the project's models have to run, by its ids."""

    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "ProjectNetwork | None":
        """Reads the network; a project without one sets none of its variables.

        Raises:
            ValueError: when some of them are set and others are not.
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
    """A SageMaker project: its name, and the resources of its own that endpoints use.

    `network` is None where models run in SageMaker's own network.
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

        Raises:
            ValueError: naming every variable that is missing.
        """
        missing = [variable for variable in _VARIABLES.values() if not environment.get(variable)]
        if missing:
            raise ValueError(
                f"environment: got no {', '.join(missing)}; the pipeline sets them, and whoever "
                "runs this by hand has to do the same (README.md, By hand)"
            )
        return cls(
            **{field: environment[variable] for field, variable in _VARIABLES.items()},
            network=ProjectNetwork.from_environment(environment),
        )

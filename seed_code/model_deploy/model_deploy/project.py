"""Resources of the project, from the environment of the build."""

from collections.abc import Mapping
from dataclasses import dataclass

from .monitoring.monitoring_roles import MonitoringRoles
from .stages import variable_prefix

# Fields of `Project`, and the environment variables that the pipeline sets for them.
_VARIABLES = {
    "name": "SAGEMAKER_PROJECT_NAME",
    "id": "SAGEMAKER_PROJECT_ID",
}
# The same of its stages; a stage in another account has variables with its name as a prefix.
_OF_STAGE = {
    "model_execution_role_arn": "MODEL_EXECUTION_ROLE_ARN",
    "artifact_bucket": "ARTIFACT_BUCKET",
    "artifact_key_arn": "ARTIFACT_KEY_ARN",
}
_NETWORK = {
    "vpc_id": "VPC_ID",
    "subnet_ids": "SUBNET_IDS",
    "security_group_ids": "SECURITY_GROUP_IDS",
}
# The same in an account that publishes the ids as parameters of Systems Manager.
_PUBLISHED_NETWORK = {
    "subnet_ids": "SUBNET_ID_PARAMETERS",
    "security_group_ids": "SECURITY_GROUP_ID_PARAMETERS",
}


@dataclass(frozen=True, kw_only=True)
class ProjectNetwork:
    """The network of the project's models.

    Args:
        vpc_id: id of the VPC; "" if the ids are published.
        subnet_ids: ids of the subnets.
        security_group_ids: ids of the security groups.
        published: True if these are names of parameters of Systems Manager with the ids, which
            CloudFormation reads when it deploys the stage. Defaults to False.
    """

    vpc_id: str
    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...]
    published: bool = False

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str], prefix: str = ""
    ) -> "ProjectNetwork | None":
        """Reads the network; a project without a network sets none of its variables.

        Args:
            environment: environment variables.
            prefix: prefix of the variables. Defaults to "": those of the project's account.

        Raises:
            ValueError: some of the variables are set and others are not.
        """
        published = any(environment.get(f"{prefix}{one}") for one in _PUBLISHED_NETWORK.values())
        variables = _PUBLISHED_NETWORK if published else _NETWORK
        names = {field: f"{prefix}{variable}" for field, variable in variables.items()}
        given = {field: environment.get(name, "") for field, name in names.items()}
        missing = [names[field] for field, value in given.items() if not value]
        if len(missing) == len(names):
            return None
        if missing:
            raise ValueError(
                f"environment: got no {', '.join(missing)}; set {', '.join(names.values())} "
                "together, or none of them"
            )
        return cls(
            vpc_id=given.get("vpc_id", ""),
            subnet_ids=tuple(given["subnet_ids"].split(",")),
            security_group_ids=tuple(given["security_group_ids"].split(",")),
            published=published,
        )


@dataclass(frozen=True, kw_only=True)
class Project:
    """A SageMaker project and the resources that the endpoint of a stage uses.

    Args:
        name: name of the project.
        id: id of the project.
        model_execution_role_arn: ARN of the role of the models.
        artifact_bucket: name of the bucket for captured traffic.
        artifact_key_arn: ARN of the KMS key of the bucket and the endpoint, or of its alias.
        network: network of the models. Defaults to None: models run outside a VPC.
        kinds: kinds of stages that the platform allows for this stage. Defaults to (): every kind.
        monitoring: roles and queue of the monitors; batch jobs are started with the same. Defaults
            to None: the platform defines none, and neither the section `monitor` nor the kind
            `batch` is allowed.
    """

    name: str
    id: str
    model_execution_role_arn: str
    artifact_bucket: str
    artifact_key_arn: str
    network: ProjectNetwork | None = None
    kinds: tuple[str, ...] = ()
    monitoring: MonitoringRoles | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], stage: str) -> "Project":
        """Reads the project and the resources of a stage from environment variables.

        The resources of a stage in another account are those of variables with its prefix, and
        never a mixture with those of the project's account.

        Args:
            environment: environment variables.
            stage: name of the stage.

        Raises:
            ValueError: a variable is missing; the message names every one.
        """
        prefix = own_prefix = variable_prefix(stage)
        if not any(environment.get(f"{prefix}{name}") for name in _OF_STAGE.values()):
            prefix = ""
        of_stage = {field: f"{prefix}{name}" for field, name in _OF_STAGE.items()}
        variables = {**_VARIABLES, **of_stage}
        missing = [variable for variable in variables.values() if not environment.get(variable)]
        if missing:
            raise ValueError(
                f"environment: got no {', '.join(missing)}; set them, as the pipeline does "
                "(README.md, Run the stages locally)"
            )
        return cls(
            **{field: environment[variable] for field, variable in variables.items()},
            network=ProjectNetwork.from_environment(environment, prefix),
            # The kinds belong to the stage, whatever its account is.
            kinds=tuple(environment.get(f"{own_prefix}KINDS", "").split()),
            monitoring=MonitoringRoles.from_environment(environment, prefix),
        )

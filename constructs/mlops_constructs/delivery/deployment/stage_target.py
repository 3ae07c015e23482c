"""Account of a project's stage outside of the project's account, with computed names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from mlops_constructs._problems import Problems, is_known
from mlops_constructs.access import PROJECT_ROLE_PATH

from ._stage_names import pipeline_of
from .project_stage import ProjectStage
from .target_account import TargetAccount, principal_of

_MAX_BUCKET_NAME_LENGTH, _MAX_ROLE_NAME_LENGTH = 63, 64


@dataclass(frozen=True, kw_only=True)
class StageTarget(TargetAccount):
    """Defines the account of a stage, and the names of everything that both accounts refer to.

    Both sides compute the names from the project, the stage, the account and the region. No stack
    exports a value, and the two sides can be deployed in any order. `ProjectTarget` creates the
    resources.

    Args:
        account: id of the account, 12 digits.
        region: region of the stage.
        pipeline_name: name of the pipeline.
        project_name: name of the project.
        stage: the stage.
        project_region: region of the project. Defaults to None: that of the stage.

    Raises:
        ValueError: if a computed name is longer than AWS allows.
    """

    ROLE_PATH: ClassVar[str] = PROJECT_ROLE_PATH

    region: str = field()  # without the default of the base: it is a part of every name
    project_name: str
    stage: ProjectStage
    project_region: str | None = None

    def __post_init__(self) -> None:
        problems = Problems(f"StageTarget {self.stage.name}")
        lengths = {
            "bucket": (self.bucket_name, _MAX_BUCKET_NAME_LENGTH),
            "role": (self.smoke_test_role_name, _MAX_ROLE_NAME_LENGTH),
        }
        for kind, (name, max_length) in lengths.items():
            if is_known(name) and len(name) > max_length:
                problems.add(
                    f"the name of the {kind} would be {name!r} with {len(name)} characters; "
                    f"allowed are {max_length}; shorten the project's or the stage's name"
                )
        problems.raise_if_any()

    @classmethod
    def of(
        cls,
        *,
        project_name: str,
        stage: ProjectStage,
        region: str,
        project_region: str | None = None,
    ) -> "StageTarget":
        """Returns the target of a stage that has an account.

        Args:
            project_name: name of the project.
            stage: the stage.
            region: region of the stage.
            project_region: region of the project. Defaults to None: that of the stage.
        """
        return cls(
            account=stage.account or "",
            region=region,
            pipeline_name=pipeline_of(project_name),
            project_name=project_name,
            stage=stage,
            project_region=project_region,
        )

    @property
    def has_copies(self) -> bool:
        """True for a stage in another region, which deploys copies of images and models."""
        return self.project_region not in (None, self.region)

    @property
    def stack_name(self) -> str:
        """Name of the stage's stack, its endpoint, and the alias of its key."""
        return f"{self.project_name}-{self.stage.name}"

    @property
    def action_role_name(self) -> str:
        """Name of the role that the pipeline assumes."""
        return self._role_name("deploy")

    @property
    def deployment_role_name(self) -> str:
        """Name of the role with which CloudFormation deploys."""
        return self._role_name("cfn")

    @property
    def model_execution_role_name(self) -> str:
        """Name of the role of the models."""
        return self._role_name("model")

    @property
    def smoke_test_role_name(self) -> str:
        """Name of the role with which the smoke test invokes the endpoint."""
        return self._role_name("smoke-test")

    @property
    def check_role_name(self) -> str:
        """Name of the role with which the check reads the deployed template."""
        return self._role_name("check")

    @property
    def copy_role_name(self) -> str:
        """Name of the role with which images and models are copied to another region."""
        return self._role_name("copy")

    @property
    def monitoring_role_name(self) -> str:
        """Name of the role of the monitors' runs."""
        return self._role_name("monitor")

    @property
    def monitoring_starter_role_name(self) -> str:
        """Name of the role with which EventBridge Scheduler starts the monitors' runs."""
        return self._role_name("starter")

    @property
    def event_role_name(self) -> str:
        """Name of the role with which EventBridge forwards events of alarms."""
        return self._role_name("events")

    @property
    def monitoring_queue_name(self) -> str:
        """Name of the queue of runs that could not be started."""
        return f"{self.stack_name}-monitoring"

    @property
    def bucket_name(self) -> str:
        """Name of the bucket for captured traffic."""
        return f"{self.stack_name}-{self.account}-{self.region}"

    @property
    def image_repository_name(self) -> str:
        """Name of the repository for copies of images, in another region."""
        return self.stack_name

    @property
    def key_alias(self) -> str:
        """Alias of the key of endpoint and bucket, such as `alias/churn-prod`."""
        return f"alias/{self.stack_name}"

    def variables(self) -> dict[str, str]:
        """Returns the environment variables of the synthesis for this stage."""
        alias = cdk.Fn.sub(
            f"arn:${{AWS::Partition}}:kms:{self.region}:{self.account}:{self.key_alias}"
        )
        network = self.stage.network
        values = {
            "MODEL_EXECUTION_ROLE_ARN": self.role_arn(self.model_execution_role_name),
            "ARTIFACT_BUCKET": self.bucket_name,
            "ARTIFACT_KEY_ARN": alias,
            **(network.variables() if network is not None else {}),
        }
        return self._of_stage(values)

    def copy_variables(self) -> dict[str, str]:
        """Returns the environment variables of the template check for the copies of the stage."""
        registry = f"{self.account}.dkr.ecr.{self.region}.${{AWS::URLSuffix}}"
        return self._of_stage(
            {
                "REGION": self.region,
                "COPY_BUCKET": self.bucket_name,
                "COPY_REPOSITORY": cdk.Fn.sub(f"{registry}/{self.image_repository_name}"),
            }
        )

    def parameter_variables(self) -> dict[str, str]:
        """Returns the environment variable of the template check with the parameters it accepts."""
        network = self.stage.network
        names = network.parameter_names if network is not None else ()
        return self._of_stage({"PARAMETERS": " ".join(names)}) if names else {}

    def monitoring_variables(self) -> dict[str, str]:
        """Returns the environment variables of the stage's monitors, for synthesis and check."""
        queue = cdk.Fn.sub(
            f"arn:${{AWS::Partition}}:sqs:{self.region}:{self.account}:{self.monitoring_queue_name}"
        )
        return self._of_stage(
            {
                "MONITORING_ROLE_ARN": self.role_arn(self.monitoring_role_name),
                "MONITORING_STARTER_ROLE_ARN": self.role_arn(self.monitoring_starter_role_name),
                "MONITORING_QUEUE_ARN": queue,
            }
        )

    def _of_stage(self, values: Mapping[str, str]) -> dict[str, str]:
        return {f"{self.stage.variable_prefix}{name}": value for name, value in values.items()}

    def principal_with(self, role_name: str) -> iam.PrincipalBase:
        """Returns a role of the target account as a principal, whether it exists yet or not.

        Args:
            role_name: name of the role.
        """
        return principal_of(self.account, self.role_arn(role_name))

    def _role_name(self, purpose: str) -> str:
        return f"{self.stack_name}-{self.region}-{purpose}"

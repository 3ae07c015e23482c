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


@dataclass(frozen=True, kw_only=True)
class Project:
    """A SageMaker project: its name, and the resources of its own that endpoints use."""

    name: str
    id: str
    model_execution_role_arn: str
    artifact_bucket: str
    artifact_key_arn: str

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
        return cls(**{field: environment[variable] for field, variable in _VARIABLES.items()})

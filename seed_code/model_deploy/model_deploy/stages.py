"""Names of the stages, from the environment of the build."""

from collections.abc import Mapping

VARIABLE = "STAGES"
DEFAULT = "staging prod"


def stages_from_environment(environment: Mapping[str, str]) -> list[str]:
    """Returns the names of the stages in the order of their deployment.

    Args:
        environment: environment variables; without STAGES, the stages are staging and prod.
    """
    return (environment.get(VARIABLE) or DEFAULT).split()


def variable_prefix(stage: str) -> str:
    """Returns the prefix of the variables of a stage in another account, such as `PROD_`.

    Args:
        stage: name of the stage.
    """
    return f"{stage.upper().replace('-', '_')}_"

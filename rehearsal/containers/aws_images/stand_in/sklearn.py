"""The scikit-learn image, which has script mode only."""

from .defaults import Defaults

NAME = "sklearn"


def train() -> None:
    """Raises an error: this image needs a script."""
    raise RuntimeError("The scikit-learn image needs a script: set sagemaker_program.")


def defaults() -> Defaults:
    """Returns the functions that a script may replace."""
    return Defaults()


def handlers() -> Defaults:
    """Raises an error: this image needs a script."""
    raise RuntimeError("The scikit-learn image needs a script: set SAGEMAKER_PROGRAM.")

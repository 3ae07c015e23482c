"""Hyperparameters of training jobs."""

from collections.abc import Mapping
from dataclasses import dataclass

from mlops_jobs.failure import InputError


@dataclass(frozen=True, kw_only=True)
class Hyperparameter:
    """One hyperparameter.

    Args:
        whole: True for an integer. Defaults to False.
        low: minimum.
        high: maximum.
        default: value if neither `config.yaml` nor the tuner sets one.
        logarithmic: True if the tuner searches the range on a logarithmic scale. Defaults to False.
    """

    whole: bool = False
    low: float
    high: float
    default: float
    logarithmic: bool = False

    def read(self, name: str, value: object) -> int | float:
        """Converts a value, or its string, to a number in the range.

        Args:
            name: name of the hyperparameter, for messages.
            value: the value.

        Raises:
            InputError: the value is not a number in the range.
        """
        try:
            number = float(str(value))
        except ValueError:
            number = float("nan")
        if not self.low <= number <= self.high or (self.whole and not number.is_integer()):
            kind = "a whole number" if self.whole else "a number"
            raise InputError(
                f"hyperparameter {name}: got {value!r}; allowed: {kind} from {self.low:g} to "
                f"{self.high:g}"
            )
        return int(number) if self.whole else number


# SageMaker adds hyperparameters with this prefix to the trials of a tuning job.
_SERVICE_PREFIX = "_"


def read_hyperparameters(
    known: Mapping[str, Hyperparameter], given: Mapping[str, object]
) -> dict[str, int | float]:
    """Returns all hyperparameters, with defaults filled in.

    Args:
        known: the hyperparameters of a model, by name.
        given: values by name: numbers or, as SageMaker passes them, strings.

    Raises:
        InputError: a name is unknown, or a value is out of its range.
    """
    for name in given:
        if name not in known and not name.startswith(_SERVICE_PREFIX):
            raise InputError(f"got hyperparameter {name!r}; allowed: {', '.join(known)}")
    return {name: one.read(name, given.get(name, one.default)) for name, one in known.items()}

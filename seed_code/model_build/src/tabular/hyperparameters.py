"""Hyperparameters of the training job, by XGBoost's names."""

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


HYPERPARAMETERS = {
    "num_round": Hyperparameter(whole=True, low=1, high=100_000, default=300),
    "early_stopping_rounds": Hyperparameter(whole=True, low=1, high=100_000, default=20),
    "seed": Hyperparameter(whole=True, low=0, high=2**31 - 1, default=7),
    "max_depth": Hyperparameter(whole=True, low=1, high=30, default=6),
    "eta": Hyperparameter(low=1e-4, high=1, default=0.1, logarithmic=True),
    "min_child_weight": Hyperparameter(low=0, high=1e6, default=1),
    "gamma": Hyperparameter(low=0, high=1e6, default=0),
    "subsample": Hyperparameter(low=0.05, high=1, default=1),
    "colsample_bytree": Hyperparameter(low=0.05, high=1, default=1),
    "lambda": Hyperparameter(low=0, high=1e6, default=1),
    "alpha": Hyperparameter(low=0, high=1e6, default=0),
    "max_bin": Hyperparameter(whole=True, low=2, high=65_536, default=256),
    "scale_pos_weight": Hyperparameter(low=1e-6, high=1e6, default=1),
}


# SageMaker adds hyperparameters with this prefix to the trials of a tuning job.
_SERVICE_PREFIX = "_"


def read_hyperparameters(given: Mapping[str, object]) -> dict[str, int | float]:
    """Returns all hyperparameters, with defaults filled in.

    Args:
        given: values by name: numbers or, as SageMaker passes them, strings.

    Raises:
        InputError: a name is unknown, or a value is out of its range.
    """
    for name in given:
        if name not in HYPERPARAMETERS and not name.startswith(_SERVICE_PREFIX):
            raise InputError(f"got hyperparameter {name!r}; allowed: {', '.join(HYPERPARAMETERS)}")
    return {
        name: known.read(name, given.get(name, known.default))
        for name, known in HYPERPARAMETERS.items()
    }

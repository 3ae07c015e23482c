"""The hyperparameters that training understands. Names are XGBoost's own."""

from collections.abc import Mapping
from dataclasses import dataclass

from tabular.failure import InputError


@dataclass(frozen=True, kw_only=True)
class Hyperparameter:
    """One hyperparameter.

    Args:
        whole: whether it is a whole number.
        low, high: the smallest and largest value allowed.
        default: its value when neither `config.yaml` nor the tuner gives one.
        logarithmic: whether the tuner searches its range by factors rather than by steps.
    """

    whole: bool = False
    low: float
    high: float
    default: float
    logarithmic: bool = False

    def read(self, name: str, value: object) -> int | float:
        """The number that a value or its text is.

        Raises:
            InputError: if it is no number of the range.
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


# SageMaker adds hyperparameters of its own to the trials of a tuning job.
_SERVICE_PREFIX = "_"


def read_hyperparameters(given: Mapping[str, object]) -> dict[str, int | float]:
    """All hyperparameters, defaults filled in.

    Args:
        given: numbers or, as SageMaker passes them, texts.

    Raises:
        InputError: at an unknown name or a value out of its range.
    """
    for name in given:
        if name not in HYPERPARAMETERS and not name.startswith(_SERVICE_PREFIX):
            raise InputError(f"got hyperparameter {name!r}; allowed: {', '.join(HYPERPARAMETERS)}")
    return {
        name: known.read(name, given.get(name, known.default))
        for name, known in HYPERPARAMETERS.items()
    }

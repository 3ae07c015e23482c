"""Metrics of a training job in its log, and early stopping."""

import json
import math

import xgboost

from mlops_jobs.boosting import workers
from mlops_jobs.training.container import metric_line

ROUNDS_PER_LINE = 10
ATTRIBUTE = "history"


class Progress:
    """Records the metrics of the validation rows for each round.

    The history is stored in the model of a checkpoint, so that a resumed job knows the best round.
    Of several instances, which measure the same values, the first one prints them.

    Args:
        metric: name of the metric that the tuner reads.
        loss: XGBoost metric that decides which round is best.
        patience: number of rounds without improvement after which training stops.
        variance: variance of the standardized validation target, from which r2 is computed.
        unit: standard deviation of the target, in which XGBoost measures rmse and mae. Defaults to
            1.
    """

    def __init__(
        self, *, metric: str, loss: str, patience: int, variance: float, unit: float = 1.0
    ) -> None:
        self._metric, self._loss, self._patience = metric, loss, patience
        self._variance, self._unit = variance, unit
        self.history: list[tuple[float, float]] = []  # (loss, metric) of each round

    @property
    def best_round(self) -> int:
        """First round with the smallest loss, counted from 0."""
        losses = [loss for loss, _ in self.history]
        return losses.index(min(losses))

    def resume(self, booster: xgboost.Booster) -> None:
        """Restores the history of an interrupted job.

        Args:
            booster: model of the checkpoint.
        """
        self.history = [tuple(pair) for pair in json.loads(booster.attr(ATTRIBUTE))]
        if not workers.rank():
            print(f"resuming after round {len(self.history)}")

    def remember(self, booster: xgboost.Booster) -> None:
        """Stores the history in a model that becomes a checkpoint.

        Args:
            booster: the model.
        """
        booster.set_attr(**{ATTRIBUTE: json.dumps(self.history)})

    @staticmethod
    def forget(booster: xgboost.Booster) -> None:
        """Removes the history from a model that is complete.

        Args:
            booster: the model.
        """
        booster.set_attr(**{ATTRIBUTE: None})

    def note(self, measured: str) -> bool:
        """Records a round.

        Args:
            measured: result of `Booster.eval_set`: `[3]`, then `validation-auc:0.98` and further
                metrics, separated by tabs.

        Returns:
            True if training should stop.
        """
        values = {
            name.removeprefix("validation-"): float(value)
            for name, _, value in (entry.rpartition(":") for entry in measured.split()[1:])
        }
        self.history.append((values[self._loss], self._value(values)))
        rounds = len(self.history)
        if rounds % ROUNDS_PER_LINE == 0 and not workers.rank():
            self._print(rounds - 1)
        return rounds - 1 - self.best_round >= self._patience

    def _print(self, index: int) -> None:
        loss, value = self.history[index]
        print(
            f"round {index + 1}: {metric_line(self._metric, value)} validation-loss={loss:.6f}",
            flush=True,
        )

    def _value(self, values: dict[str, float]) -> float:
        match self._metric:
            case "accuracy":
                return 1 - values.get("error", values.get("merror", math.nan))
            case "r2":
                return 1 - values["rmse"] ** 2 / self._variance if self._variance else 0.0
            case "logloss":
                return values[self._loss]
            case "rmse" | "mae" as name:
                return values[name] * self._unit
            case name:
                return values[name]

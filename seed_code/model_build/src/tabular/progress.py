"""Prints the metric of a training job while it runs, and stops it when it no longer improves."""

import json
import math

import xgboost

from tabular.problem import Metric

ROUNDS_PER_LINE = 10
ATTRIBUTE = "history"


class Progress:
    """Follows the validation rows through the rounds.

    Its history travels in the model of a checkpoint, so that a resumed job knows what was best.

    Args:
        metric: what the tuner reads.
        loss: the XGBoost metric that decides which round is best.
        patience: how many rounds may pass without a better one.
        variance: of the validation target, from which r2 follows.
    """

    def __init__(self, *, metric: Metric, loss: str, patience: int, variance: float) -> None:
        self.metric, self._loss, self._patience = metric, loss, patience
        self._variance = variance
        self.history: list[tuple[float, float]] = []  # (loss, metric) of each round

    @property
    def best_round(self) -> int:
        """The first round with the smallest loss, counted from 0."""
        losses = [loss for loss, _ in self.history]
        return losses.index(min(losses))

    def resume(self, booster: xgboost.Booster) -> None:
        """Takes over what an interrupted job had seen."""
        self.history = [tuple(pair) for pair in json.loads(booster.attr(ATTRIBUTE))]
        print(f"resuming after round {len(self.history)}")

    def remember(self, booster: xgboost.Booster) -> None:
        """Writes what was seen into a model that becomes a checkpoint."""
        booster.set_attr(**{ATTRIBUTE: json.dumps(self.history)})

    @staticmethod
    def forget(booster: xgboost.Booster) -> None:
        """Removes it from a model that is finished."""
        booster.set_attr(**{ATTRIBUTE: None})

    def note(self, measured: str) -> bool:
        """Takes note of a round.

        Args:
            measured: what `Booster.eval_set` says of it: `[3]\\tvalidation-auc:0.98\\t...`.

        Returns:
            Whether training should stop.
        """
        seen = {
            name.removeprefix("validation-"): float(value)
            for name, _, value in (entry.rpartition(":") for entry in measured.split()[1:])
        }
        self.history.append((seen[self._loss], self._value(seen)))
        rounds = len(self.history)
        if rounds % ROUNDS_PER_LINE == 0:
            self._print(rounds - 1)
        return rounds - 1 - self.best_round >= self._patience

    def print_result(self) -> None:
        """Prints the best round: SageMaker takes the last line as the job's metric."""
        self._print(self.best_round)

    def _print(self, index: int) -> None:
        loss, value = self.history[index]
        print(
            f"round {index + 1}: validation:{self.metric.name}={value:.6f} "
            f"validation-loss={loss:.6f}",
            flush=True,
        )

    def _value(self, seen: dict[str, float]) -> float:
        match self.metric.name:
            case "accuracy":
                return 1 - seen.get("error", seen.get("merror", math.nan))
            case "r2":
                return 1 - seen["rmse"] ** 2 / self._variance if self._variance else 0.0
            case "logloss":
                return seen[self._loss]
            case name:
                return seen[name]

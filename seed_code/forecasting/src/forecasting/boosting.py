"""Training of XGBoost: rounds, early stopping, and checkpoints for spot instances."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import xgboost
from mlops_jobs.series.training import SeriesTraining
from xgboost.callback import TrainingCallback

ROUNDS_PER_CHECKPOINT = 25
ROWS_PER_THREAD = 10_000  # with fewer rows, another thread does not pay off


def fit(training: SeriesTraining) -> xgboost.Booster:
    """Fits trees until the absolute error of the validation rows no longer improves.

    The median has the least absolute error, and MASE is measured by it.

    Args:
        training: rows, hyperparameters and folders.

    Returns:
        The trees up to the best round.
    """
    values = dict(training.hyperparameters)
    rounds = int(values.pop("num_round"))
    patience = int(values.pop("early_stopping_rounds"))
    threads = len(training.train.target) // ROWS_PER_THREAD
    parameters: dict[str, Any] = {
        "objective": "reg:absoluteerror",
        "eval_metric": "mae",
        "tree_method": "hist",
        "nthread": max(1, min(len(os.sched_getaffinity(0)), threads)),
        **values,
    }
    table = xgboost.QuantileDMatrix(training.train.features, training.train.target)
    held_out = xgboost.QuantileDMatrix(
        training.validation.features, training.validation.target, ref=table
    )
    checkpoints = _Checkpoints(training.checkpoints, _fingerprint(training, values))
    start = checkpoints.newest()
    found = xgboost.train(
        parameters,
        table,
        num_boost_round=max(1, rounds - start.num_boosted_rounds()) if start else rounds,
        evals=[(held_out, "validation")],
        verbose_eval=25,
        xgb_model=start,
        callbacks=[xgboost.callback.EarlyStopping(patience, save_best=True), checkpoints],
    )
    # What early stopping stores is not part of the model.
    found.set_attr(best_iteration=None, best_score=None)
    return found


def _fingerprint(training: SeriesTraining, values: dict[str, Any]) -> str:
    """Returns a hash of all inputs: the trials of a tuning job share the folder of checkpoints."""
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode())
    digest.update(training.train.features.tobytes())
    digest.update(training.train.target.tobytes())
    return digest.hexdigest()[:16]


class _Checkpoints(TrainingCallback):  # type: ignore[misc]
    """Writes checkpoints of one job, if SageMaker synchronizes a folder for them.

    Args:
        folder: the folder; without `CheckpointConfig` it does not exist.
        fingerprint: hash of all inputs of the model.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        super().__init__()
        self._folder, self._fingerprint = folder, fingerprint

    def newest(self) -> xgboost.Booster | None:
        """Returns the trees of the newest checkpoint; None before the first checkpoint."""
        file = max(self._folder.glob(f"{self._fingerprint}-*.ubj"), default=None)
        if file is None:
            return None
        booster = xgboost.Booster(model_file=file)
        print(f"resuming after round {booster.num_boosted_rounds()}")
        return booster

    def after_iteration(self, model: xgboost.Booster, epoch: int, evals_log: object) -> bool:
        """Writes a checkpoint every 25 rounds; returns False, because training continues.

        Args:
            model: the trees so far.
            epoch: number of the round.
            evals_log: metrics of the rounds.
        """
        rounds = model.num_boosted_rounds()
        if rounds % ROUNDS_PER_CHECKPOINT or not self._folder.is_dir():
            return False
        file = self._folder / f"{self._fingerprint}-{rounds:06d}.ubj"
        # SageMaker may copy the folder at any moment, so the file is renamed when it is complete.
        partial = file.with_name(f".{file.stem}.partial.ubj")
        model.save_model(partial)
        partial.rename(file)
        for older in self._folder.glob(f"{self._fingerprint}-*.ubj"):
            if older != file:
                older.unlink()
        return False

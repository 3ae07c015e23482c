"""Checkpoints of a training job on spot instances, which SageMaker synchronizes with S3."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xgboost

from mlops_jobs.boosting import workers
from mlops_jobs.boosting.progress import Progress

ROUNDS_PER_CHECKPOINT = 25


@dataclass(frozen=True, kw_only=True)
class Checkpoints:
    """The checkpoints of one job.

    The trials of a tuning job share one folder, so each job marks its checkpoints with a
    fingerprint of its parameters and data. Of several instances, which build the same trees, the
    first one writes checkpoints and passes the newest one to the others.

    Args:
        folder: folder that SageMaker synchronizes with S3; without `CheckpointConfig` it does not
            exist, and no checkpoints are written.
        fingerprint: hash of all inputs of the model.
    """

    folder: Path
    fingerprint: str

    @classmethod
    def of_job(
        cls, folder: Path, parameters: dict[str, Any], features: Any, target: Any
    ) -> "Checkpoints":
        """Returns the checkpoints of a job with these inputs.

        Args:
            folder: folder of the checkpoints.
            parameters: parameters of XGBoost.
            features: encoded training rows of this instance.
            target: target of each of these rows.
        """
        # The number of threads does not change the model.
        relevant = {name: value for name, value in parameters.items() if name != "nthread"}
        digest = hashlib.sha256(json.dumps(relevant, sort_keys=True).encode())
        digest.update(f"{workers.count()} instances".encode() if workers.count() > 1 else b"")
        digest.update(features.tobytes())
        digest.update(target.tobytes())
        return cls(folder=folder, fingerprint=digest.hexdigest()[:16])

    def newest(self) -> bytearray | None:
        """Returns the newest checkpoint; None before the first checkpoint."""
        file = max(self.folder.glob(f"{self.fingerprint}-*.ubj"), default=None)
        return workers.of_first(None if file is None else bytearray(file.read_bytes()))

    def keep(self, booster: xgboost.Booster, progress: Progress) -> None:
        """Writes a checkpoint every 25 rounds and removes the previous one of this job.

        Args:
            booster: the trees so far.
            progress: the metrics of each round.
        """
        rounds = len(progress.history)
        if workers.rank() or rounds % ROUNDS_PER_CHECKPOINT or not self.folder.is_dir():
            return
        progress.remember(booster)
        file = self.folder / f"{self.fingerprint}-{rounds:06d}.ubj"
        # SageMaker may copy the folder at any moment, so the file is renamed when it is complete.
        partial = file.with_name(f".{file.stem}.partial.ubj")
        booster.save_model(partial)
        partial.rename(file)
        for older in self.folder.glob(f"{self.fingerprint}-*.ubj"):
            if older != file:
                older.unlink()

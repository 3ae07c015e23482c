"""Checkpoints of a training job on spot instances: SageMaker copies the folder to and from S3."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xgboost

from tabular.progress import Progress

ROUNDS_PER_CHECKPOINT = 25


@dataclass(frozen=True, kw_only=True)
class Checkpoints:
    """The checkpoints of one job.

    The trials of a tuning job share one folder, so a job knows its own by a fingerprint of its
    parameters and data.

    Args:
        folder: where SageMaker expects checkpoints; without `CheckpointConfig` it does not exist,
            and none are written.
        fingerprint: of everything that the model depends on.
    """

    folder: Path
    fingerprint: str

    @classmethod
    def of_job(
        cls, folder: Path, parameters: dict[str, Any], features: Any, target: Any
    ) -> "Checkpoints":
        """The checkpoints of a job with these inputs."""
        # Threads change how fast a model is found, not what it is.
        wanted = {name: value for name, value in parameters.items() if name != "nthread"}
        digest = hashlib.sha256(json.dumps(wanted, sort_keys=True).encode())
        digest.update(features.tobytes())
        digest.update(target.tobytes())
        return cls(folder=folder, fingerprint=digest.hexdigest()[:16])

    def newest(self) -> Path | None:
        """The newest checkpoint, None if there is none."""
        return max(self.folder.glob(f"{self.fingerprint}-*.ubj"), default=None)

    def keep(self, booster: xgboost.Booster, progress: Progress) -> None:
        """Writes a checkpoint every 25 rounds and removes the older one of this job."""
        rounds = len(progress.history)
        if rounds % ROUNDS_PER_CHECKPOINT or not self.folder.is_dir():
            return
        progress.remember(booster)
        file = self.folder / f"{self.fingerprint}-{rounds:06d}.ubj"
        # SageMaker may copy the folder at any moment: a half-written file must not look whole.
        partial = file.with_name(f".{file.stem}.partial.ubj")
        booster.save_model(partial)
        partial.rename(file)
        for older in self.folder.glob(f"{self.fingerprint}-*.ubj"):
            if older != file:
                older.unlink()

"""A training script in script mode, with a module beside it."""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import joblib  # type: ignore[import-untyped]
import numpy as np
from columns import LABEL  # type: ignore[import-not-found]
from sklearn.linear_model import LogisticRegression


def model_fn(model_dir: str) -> Any:
    """Returns the model for the server."""
    return joblib.load(Path(model_dir, "model.joblib"))


def main() -> None:
    """Trains a model."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--regularisation", type=float)
    parser.add_argument("--verbose")
    parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
    parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
    given = parser.parse_args()
    rows = np.genfromtxt(Path(given.train, "train.csv"), delimiter=",")
    label, features = rows[:, LABEL], np.delete(rows, LABEL, axis=1)
    model = LogisticRegression(C=given.regularisation).fit(features, label)
    joblib.dump(model, Path(given.model_dir, "model.joblib"))
    print(f"parameters={json.dumps(json.loads(os.environ['SM_HPS']), sort_keys=True)}")  # noqa: T201
    print(f"accuracy={model.score(features, label):.3f}")  # noqa: T201


if __name__ == "__main__":
    main()

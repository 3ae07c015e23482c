"""PyTorch in script mode: training, and the functions of the server."""

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch  # type: ignore[import-not-found]
from columns import LABEL  # type: ignore[import-not-found]


def network() -> Any:
    """Returns the untrained model."""
    return torch.nn.Sequential(torch.nn.Linear(4, 1), torch.nn.Sigmoid())


def model_fn(model_dir: str) -> Any:
    """Returns the model for the server."""
    model = network()
    model.load_state_dict(torch.load(Path(model_dir, "model.pth"), weights_only=True))
    return model


def main() -> None:
    """Trains a model."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
    parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
    given, _ = parser.parse_known_args()
    torch.manual_seed(0)
    rows = np.genfromtxt(Path(given.train, "train.csv"), delimiter=",", dtype=np.float32)
    label = torch.tensor(rows[:, LABEL : LABEL + 1])
    features = torch.tensor(np.delete(rows, LABEL, axis=1))
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(given.epochs):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy(model(features), label)
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), Path(given.model_dir, "model.pth"))
    print(f"torch={torch.__version__} loss={loss.item():.3f}")  # noqa: T201  # the job's log


if __name__ == "__main__":
    main()

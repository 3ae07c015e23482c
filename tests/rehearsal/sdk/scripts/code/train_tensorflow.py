"""TensorFlow in script mode, which ends with a SavedModel for TensorFlow Serving."""

import argparse
import os
from pathlib import Path

import numpy as np
import tensorflow as tf  # type: ignore[import-untyped]
from columns import LABEL  # type: ignore[import-not-found]


def main() -> None:
    """Trains a model."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--sm-model-dir", default=os.environ["SM_MODEL_DIR"])
    parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
    given, _ = parser.parse_known_args()
    tf.keras.utils.set_random_seed(0)
    rows = np.genfromtxt(Path(given.train, "train.csv"), delimiter=",", dtype=np.float32)
    model = tf.keras.Sequential(
        [tf.keras.Input((4,)), tf.keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile(tf.keras.optimizers.Adam(0.1), "binary_crossentropy")
    model.fit(np.delete(rows, LABEL, axis=1), rows[:, LABEL], epochs=given.epochs, verbose=2)
    model.export(Path(given.sm_model_dir, "1"))


if __name__ == "__main__":
    main()

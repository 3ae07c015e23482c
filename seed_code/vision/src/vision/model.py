"""The model of this project: a convolutional network of Keras, on TensorFlow.

Another network replaces `network`; another library replaces this file. Keras is imported in
functions because the train build, which reads `HYPERPARAMETERS`, does not have it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from mlops_jobs.archive import model_files
from mlops_jobs.failure import InputError
from mlops_jobs.images.model import ImageModel, Images
from mlops_jobs.images.picture import Size
from mlops_jobs.images.schema import FILE as SCHEMA
from mlops_jobs.images.schema import ImageSchema
from mlops_jobs.images.training import ImageTraining
from mlops_jobs.training.hyperparameters import Hyperparameter

FILE = "model.keras"
PREDICTED_AT_ONCE = 64  # images

# `training` and `tuning.ranges` of config.yaml set these.
HYPERPARAMETERS = {
    "epochs": Hyperparameter(whole=True, low=1, high=10_000, default=30),
    "patience": Hyperparameter(whole=True, low=1, high=10_000, default=5),
    "batch_size": Hyperparameter(whole=True, low=1, high=65_536, default=64),
    "learning_rate": Hyperparameter(low=1e-6, high=1, default=1e-3, logarithmic=True),
    "filters": Hyperparameter(whole=True, low=1, high=1024, default=32),
    "dropout": Hyperparameter(low=0, high=0.9, default=0.3),
    "seed": Hyperparameter(whole=True, low=0, high=2**31 - 1, default=7),
}


def network(size: Size, labels: int, *, filters: int, dropout: float) -> Any:
    """Returns an untrained network.

    Args:
        size: size of the images.
        labels: number of labels.
        filters: number of filters of the first layer; each further layer has twice as many.
        dropout: share of activations that are dropped while it learns.
    """
    import keras

    layers = keras.layers
    found = [keras.Input(size.shape)]
    side = min(size.height, size.width)
    while side >= 4:
        found.append(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        found.append(layers.MaxPooling2D())
        side, filters = side // 2, min(2 * filters, 512)
    found += [layers.Flatten(), layers.Dropout(dropout), layers.Dense(labels, "softmax")]
    return keras.Sequential(found)


def fit(training: ImageTraining) -> None:
    """Fits the model until the loss of the validation images no longer improves, and writes it.

    Args:
        training: images, hyperparameters and folders.
    """
    import keras

    values = training.hyperparameters
    keras.utils.set_random_seed(int(values["seed"]))
    model = network(
        training.schema.size,
        len(training.schema.labels),
        filters=int(values["filters"]),
        dropout=values["dropout"],
    )
    model.compile(keras.optimizers.Adam(values["learning_rate"]), "sparse_categorical_crossentropy")
    stop = keras.callbacks.EarlyStopping(
        patience=int(values["patience"]), restore_best_weights=True
    )
    callbacks = [stop]
    # Without `CheckpointConfig`, SageMaker does not create the folder.
    if training.checkpoints.is_dir():
        # The trials of a tuning job share the folder.
        folder = training.checkpoints / _fingerprint(training)
        callbacks.append(keras.callbacks.BackupAndRestore(folder, delete_checkpoint=False))
    model.fit(
        training.train.images,
        training.train.target,
        batch_size=int(values["batch_size"]),
        epochs=int(values["epochs"]),
        validation_data=(training.validation.images, training.validation.target),
        callbacks=callbacks,
        verbose=2,
    )
    model.save(training.folder / FILE)


def _fingerprint(training: ImageTraining) -> str:
    digest = hashlib.sha256(json.dumps(training.hyperparameters, sort_keys=True).encode())
    digest.update(training.train.images.tobytes())
    return digest.hexdigest()[:16]


def load(folder: Path) -> ImageModel:
    """Loads the model for the endpoint, the evaluation and the monitors.

    Args:
        folder: folder of the training job's artifact.

    Raises:
        InputError: a file is missing or malformed, or the files are not of one training job.
    """
    import keras

    content, _ = model_files(folder, SCHEMA, FILE)
    schema = ImageSchema.from_json(content)
    try:
        # In safe mode, Keras rejects a model that contains code.
        model = keras.saving.load_model(folder / FILE, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else repr(error)
        raise InputError(f"{FILE}: cannot be read as a model of Keras: {reason}") from error
    shape = (*schema.size.shape, len(schema.labels))
    if (*model.input_shape[1:], *model.output_shape[1:]) != shape:
        raise InputError(
            f"{FILE}: got a model for {model.input_shape[1:]} and {model.output_shape[1:]}; "
            f"allowed: {shape}, as in {SCHEMA}. Use both files of one training job"
        )

    def predict(images: Images) -> Any:
        # Model.predict would take a hundred times as long for one image.
        parts = [
            np.asarray(model(images[at : at + PREDICTED_AT_ONCE], training=False))
            for at in range(0, len(images), PREDICTED_AT_ONCE)
        ]
        return np.concatenate(parts)

    # The first prediction allocates buffers, which should not delay a request.
    predict(np.zeros((1, *schema.size.shape), dtype=np.float32))
    return ImageModel(schema=schema, predict_images=predict)

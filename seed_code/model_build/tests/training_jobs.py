"""Folders of training jobs and archives of models, as SageMaker makes them."""

import json
import tarfile
from pathlib import Path


def lay_out_training(opt_ml: Path, outputs: Path, **hyperparameters: object) -> Path:
    """Creates the folders of a training job; hyperparameters are strings.

    Args:
        opt_ml: folder of the job.
        outputs: outputs of the preprocessing; those with encoded data become channels.
        hyperparameters: hyperparameters of the job, by name.
    """
    channels = opt_ml / "input/data"
    channels.mkdir(parents=True, exist_ok=True)
    for file in sorted(outputs.glob("*/*.npz")):
        (channels / file.parent.name).symlink_to(file.parent, target_is_directory=True)
    config = opt_ml / "input/config"
    config.mkdir(parents=True, exist_ok=True)
    texts = {name: str(value) for name, value in hyperparameters.items()}
    (config / "hyperparameters.json").write_text(json.dumps(texts))
    return opt_ml


def pack(model: Path, folder: Path) -> Path:
    """Packs a model; returns the folder of the archive.

    Args:
        model: folder of the model.
        folder: folder for `model.tar.gz`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        for file in sorted(model.iterdir()):
            archive.add(file, file.name)
    return folder

"""The XGBoost image: the built-in algorithm, and the defaults of script mode.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost.html and
https://github.com/aws/sagemaker-xgboost-container
"""

import json
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy

from . import encoding
from .defaults import Defaults
from .serving import RequestError
from .training import CONFIG, ML, read_hyperparameters
from .xgboost_parameters import MAXIMIZED, UserError, validate

NAME = "xgboost"
MODEL_NAME = "xgboost-model"
_CSV = ("csv", "text/csv")
_LIBSVM = ("libsvm", "text/libsvm", "text/x-libsvm")


def train() -> None:
    """Trains from the channels `train` and `validation`, as the built-in algorithm does."""
    import xgboost

    given = read_hyperparameters()
    options = validate({k: v for k, v in given.items() if not k.startswith("sagemaker_")})
    channels = json.loads((CONFIG / "inputdataconfig.json").read_text())
    if "train" not in channels:
        raise UserError(f"Missing required channel: train; got {', '.join(channels) or 'none'}.")
    unknown = set(channels) - {"train", "validation", "code"}
    if unknown:
        raise UserError(f"Extraneous channel found: {', '.join(sorted(unknown))}.")
    weighted = bool(options.pop("csv_weights", 0))
    sets = [
        (_channel(name, channels[name].get("ContentType"), weighted), name)
        for name in ("train", "validation")
        if name in channels
    ]
    rounds, metrics = options.pop("num_round"), options.pop("eval_metric")
    stopping = options.pop("early_stopping_rounds", None)
    options.pop("save_model_on_termination", None)
    if metrics:
        options["eval_metric"] = metrics
    callbacks: list[Any] = [_monitor(xgboost)]
    if stopping and len(sets) > 1 and metrics:
        callbacks.append(
            xgboost.callback.EarlyStopping(
                rounds=stopping,
                data_name="validation",
                metric_name=metrics[-1],
                maximize=metrics[-1].partition("@")[0] in MAXIMIZED,
                save_best=True,
            )
        )
    data = sets[0][0]
    print(f"Train matrix has {data.num_row()} rows and {data.num_col()} columns", flush=True)  # noqa: T201  # the log
    booster = xgboost.train(
        options, data, num_boost_round=rounds, evals=sets, callbacks=callbacks, verbose_eval=False
    )
    booster.save_model(str(ML / "model" / MODEL_NAME))


def _monitor(xgboost: Any) -> Any:
    class Monitor(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        """Prints the metrics of a round; tabs are #011, as in the logs of AWS."""

        def after_iteration(self, model: Any, epoch: int, evals_log: Mapping[str, Any]) -> bool:
            found = [
                f"{data}-{name}:{values[-1]:.5f}"
                for name in next(iter(evals_log.values()), {})
                for data, by_metric in evals_log.items()
                for values in [by_metric[name]]
            ]
            print("#011".join([f"[{epoch}]", *found]), flush=True)  # noqa: T201
            return False

    return Monitor()


def _channel(name: str, content_type: str | None, weighted: bool) -> Any:
    """Returns the data of a channel."""
    folder = ML / "input/data" / name
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith((".", "_"))
    )
    if not files:
        raise UserError(f"No data in {name} channel path {folder}")
    kind = encoding.media_type(content_type or "text/libsvm")
    if kind in _CSV:
        if "label_size" in (content_type or "") and "label_size=1" not in str(content_type):
            raise UserError(f"{content_type} is not accepted: label_size must be equal to 1")
        return _csv_data(files, weighted)
    if kind in _LIBSVM:
        return _libsvm_data("\n".join(path.read_text() for path in files))
    raise UserError(
        f"{content_type} is not an accepted ContentType of the stand-in of the rehearsal: csv, "
        "libsvm, text/csv, text/libsvm, text/x-libsvm."
    )


def _csv_data(files: list[Path], weighted: bool) -> Any:
    import xgboost

    tables = []
    for path in files:
        line = path.open().readline()
        if any(_is_word(cell) for cell in line.strip().split(",")):
            raise UserError(
                f"First line '{line[:50].strip()}...' of file '{path.name}' is not 'CSV' format. "
                "Please ensure the file is in 'CSV' format: without a header, with numbers only."
            )
        tables.append(numpy.genfromtxt(path, delimiter=",", ndmin=2))
    data = numpy.vstack(tables)
    first = 2 if weighted else 1
    weights = data[:, 1] if weighted else None
    return xgboost.DMatrix(data[:, first:], label=data[:, 0], weight=weights)


def _is_word(cell: str) -> bool:
    try:
        float(cell or "nan")
    except ValueError:
        return True
    return False


def _libsvm_data(text: str) -> Any:
    """Returns the data of lines as `1 0:0.5 3:1`; indices from 1 are shifted."""
    import xgboost

    rows, labels = [], []
    for line in filter(None, map(str.strip, text.splitlines())):
        words = line.split()
        pairs = [word.split(":", 1) for word in words if ":" in word]
        try:
            rows.append({int(index): float(value) for index, value in pairs})
            labels.append(float(words[0]) if ":" not in words[0] else None)
        except ValueError:
            raise UserError(f"Line '{line[:50]}' is not in 'LIBSVM' format.") from None
    indices = [index for row in rows for index in row]
    shift = 1 if indices and min(indices) >= 1 else 0
    width = max(indices, default=0) - shift + 1
    # XGBoost takes absent values of libsvm as missing.
    data = numpy.full((len(rows), width), numpy.nan)
    for number, row in enumerate(rows):
        for index, value in row.items():
            data[number, index - shift] = value
    known = [label for label in labels if label is not None]
    return xgboost.DMatrix(data, label=known if len(known) == len(rows) and known else None)


class ScriptDefaults(Defaults):
    """The functions that a script may replace; data is a DMatrix."""

    def input_fn(self, body: bytes, content_type: str) -> Any:
        return _request_data(body, content_type)

    def predict_fn(self, data: Any, model: Any) -> Any:
        return model.predict(data, validate_features=False)


class Handlers:
    """The functions of the built-in algorithm."""

    def model_fn(self, model_dir: str) -> Any:
        import xgboost

        files = [
            path
            for path in sorted(Path(model_dir).iterdir())
            if path.is_file() and not path.name.startswith(".")
        ]
        if not files:
            raise RuntimeError(f"Unable to load model: there is no file in {model_dir}.")
        try:
            booster = xgboost.Booster(model_file=str(files[0]))
        except xgboost.core.XGBoostError:
            with files[0].open("rb") as file:
                booster = pickle.load(file)  # noqa: S301  # as the image does with the user's model
        booster.set_param({"nthread": 1})
        return booster

    def input_fn(self, body: bytes, content_type: str) -> Any:
        if not body:
            raise RequestError(204, "")
        return _request_data(body, content_type)

    def predict_fn(self, data: Any, model: Any) -> Any:
        width, given = model.num_features(), data.num_col()
        if given > width:
            raise RequestError(
                400,
                f"Feature size of inference data {given} is not consistent with feature size of "
                f"trained model {width}.",
            )
        return model.predict(data, validate_features=False)

    def output_fn(self, prediction: Any, accept: str) -> tuple[bytes, str]:
        kind = encoding.media_type(accept)
        if kind == encoding.JSON:
            scores = [{"score": value} for value in prediction.tolist()]
            return json.dumps({"predictions": scores}).encode(), encoding.JSON
        if kind not in (encoding.CSV, encoding.JSON_LINES):
            raise RequestError(406, f"Accept type {accept} is not supported.")
        if kind == encoding.CSV and os.environ.get("SAGEMAKER_BATCH"):
            return "".join(f"{value}\n" for value in prediction.tolist()).encode(), encoding.CSV
        return encoding.encode(prediction, kind), kind


def _request_data(body: bytes, content_type: str) -> Any:
    import xgboost

    kind = encoding.media_type(content_type)
    text = body.decode().strip()
    if kind in _LIBSVM:
        return _libsvm_data(text)
    if kind in _CSV:
        lines = text.split("\n")
        delimiter = next((one for one in (",", ";", "\t") if one in lines[0]), ",")
        try:
            rows = [[float(cell or "nan") for cell in line.split(delimiter)] for line in lines]
            return xgboost.DMatrix(numpy.array(rows))
        except ValueError as error:
            raise RequestError(
                415,
                "Loading csv data failed with Exception, please ensure data is in csv format: "
                f"{error}",
            ) from error
    raise RequestError(415, f"Content-type {content_type} is not supported.")


def defaults() -> Defaults:
    """Returns the functions that a script may replace."""
    return ScriptDefaults()


def handlers() -> Handlers:
    """Returns the functions of the built-in algorithm."""
    return Handlers()

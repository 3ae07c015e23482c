"""A version of the model that passes every test and errs under load.

It keeps a buffer of each small request and never releases one. The tests, the evaluation and the
smoke test of a stage send few requests, so that only the rollout to production can notice it.
"""

import re
from collections.abc import Mapping

from rehearsal.client.errors import RehearsalError
from rehearsal.client.training_data import set_values

CONFIG = "config.yaml"
FILE = "src/tabular/model.py"
MAX_BUFFERS = 60
MARGIN = 0.02
_MODULE = "collections.abc"
_IMPORTED = re.compile(rf"(?m)^from {re.escape(_MODULE)} import (.+)$")
_FROM = re.compile(r"(?m)^from (\S+) import")
_GOOD = "predict_encoded=XGBoostTrees(booster),"
_BAD = "predict_encoded=_with_buffers(XGBoostTrees(booster)),"
_LEAK = f"""

def _with_buffers(predict: Callable[[Matrix], Matrix]) -> Callable[[Matrix], Matrix]:
    buffers: list[Matrix] = []

    def predict_with_buffer(features: Matrix) -> Matrix:
        if len(features) < 20:
            buffers.append(features)
            if len(buffers) > {MAX_BUFFERS}:
                raise OSError(24, "Too many open files")
        return predict(features)

    return predict_with_buffer
"""


def with_leak(text: str) -> str:
    """Returns the text of the module of the model with a leak.

    Raises:
        RehearsalError: the module is not that of the seed code.
    """
    if _GOOD not in text or "from pathlib import Path\n" not in text:
        raise RehearsalError(
            f"{FILE} is not the model of the seed code.",
            f"It has no line `{_GOOD}`.",
            "Run the story with --short, or on a new project.",
        )
    return _with_import(text).replace(_GOOD, _BAD, 1).rstrip("\n") + "\n" + _LEAK


def _with_import(text: str) -> str:
    """Returns the module with an import of `Callable`, where the linter of the seed wants it."""
    if line := _IMPORTED.search(text):
        names = ", ".join(sorted({*line[1].split(", "), "Callable"}))
        return f"{text[: line.start(1)]}{names}{text[line.end(1) :]}"
    later = next(one for one in _FROM.finditer(text) if one[1] > _MODULE)
    return f"{text[: later.start()]}from {_MODULE} import Callable\n{text[later.start() :]}"


def with_one_trial(text: str, hyperparameters: Mapping[str, str]) -> str:
    """Returns the text of config.yaml with one trial, near the hyperparameters of the best one.

    The search would cost a minute and find the same model again. The margin lets the new model be
    registered although it is not quite as good as the best one of a search.

    Args:
        text: text of config.yaml.
        hyperparameters: hyperparameters of the best trial.
    """
    text = set_values(text, "tuning", {"jobs": 1, "parallel": 1})
    text = set_values(text, "objective", {"margin": MARGIN})
    for name, value in hyperparameters.items():
        line = re.compile(rf"(?m)^(    {re.escape(name)}: )\[([^,\]]+),([^\]]+)\]")
        match = line.search(text)
        if match is None:
            continue
        low, high = _near(value, float(match[2]), float(match[3]))
        text = line.sub(rf"\g<1>[{low}, {high}]", text, count=1)
    return text


def _near(value: str, low: float, high: float) -> tuple[str, str]:
    """Returns a narrow range around a value, within another range."""
    if re.fullmatch(r"-?\d+", value) and low.is_integer() and high.is_integer():
        number = int(value)
        whole = number if number < high else number - 1
        return str(whole), str(whole + 1)
    width = (high - low) / 100
    first = min(max(float(value) - width, low), high - width)
    return f"{first:g}", f"{first + width:g}"

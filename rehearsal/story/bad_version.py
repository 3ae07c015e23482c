"""A version of the model that passes every test and errs under load.

It keeps a buffer of each small request and never releases one. The tests, the evaluation and the
smoke test of a stage send few requests, so that only the rollout to production can notice it.
"""

from rehearsal.client.errors import RehearsalError

FILE = "src/tabular/model.py"
MAX_BUFFERS = 60
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
    imported = text.replace(
        "from pathlib import Path\n",
        "from collections.abc import Callable\nfrom pathlib import Path\n",
        1,
    )
    return imported.replace(_GOOD, _BAD, 1).rstrip("\n") + "\n" + _LEAK

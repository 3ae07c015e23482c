"""The functions of a framework that a script of the user may replace."""

from typing import Any

import numpy

from . import encoding


class Defaults:
    """The defaults of scikit-learn; `model_fn` is required of a script."""

    def model_fn(self, model_dir: str) -> Any:
        raise NotImplementedError(
            "The entry point has no model_fn: define model_fn(model_dir), which returns the model."
        )

    def input_fn(self, body: bytes, content_type: str) -> Any:
        data = encoding.decode(body, content_type)
        text = encoding.media_type(content_type) in encoding.TEXT
        return data.astype(numpy.float32) if text else data

    def predict_fn(self, data: Any, model: Any) -> Any:
        return model.predict(data)

    def output_fn(self, prediction: Any, accept: str) -> tuple[bytes, str]:
        return encoding.encode(prediction, accept), accept

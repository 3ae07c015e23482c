"""Fast predictions of XGBoost's trees.

`Booster.inplace_predict` examines its argument and encodes its configuration for each call, which
takes longer than the trees of one row. This module calls the same function of XGBoost's C library
with a configuration that is encoded once, so the predictions are identical.

Source:
    https://xgboost.readthedocs.io/en/stable/dev/group__Prediction.html
"""

import ctypes
import json
import math
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


class XGBoostTrees:
    """Predicts encoded rows with the trees of a booster; it is thread-safe as the booster is.

    Args:
        booster: an `xgboost.Booster`.
    """

    def __init__(self, booster: Any) -> None:
        from xgboost import core

        self._booster = booster
        self._features: int = booster.num_features()
        self._library, self._check = core._LIB, core._check_call
        self._size = core.c_bst_ulong
        configuration = {
            "type": 0,  # the value of the objective, as a probability
            "training": False,
            "iteration_begin": 0,
            "iteration_end": 0,  # all rounds
            "missing": math.nan,
            "strict_shape": False,
            "cache_id": 0,
        }
        self._configuration = json.dumps(configuration).encode()

    def __call__(self, features: Matrix) -> Matrix:
        """Predicts rows.

        Args:
            features: a contiguous matrix with one line for each row.

        Returns:
            The prediction of each row, with a column for each of more than two classes.

        Raises:
            ValueError: the matrix has another number of columns than the trees, or another layout.
        """
        if features.shape[1] != self._features or not features.flags.c_contiguous:
            raise ValueError(f"got {features.shape}; allowed: (rows, {self._features}), contiguous")
        if features.dtype != np.float32:
            raise ValueError(f"got numbers of type {features.dtype}; allowed: float32")
        interface = (
            f'{{"data":[{features.ctypes.data},true],"shape":[{len(features)},{self._features}],'
            f'"typestr":"<f4","version":3,"strides":null}}'
        )
        shape = ctypes.POINTER(self._size)()
        dimensions = self._size()
        values = ctypes.POINTER(ctypes.c_float)()
        self._check(
            self._library.XGBoosterPredictFromDense(
                self._booster.handle,
                interface.encode(),
                self._configuration,
                None,
                ctypes.byref(shape),
                ctypes.byref(dimensions),
                ctypes.byref(values),
            )
        )
        sizes = [shape[at] for at in range(dimensions.value)]
        # The memory belongs to the thread's next prediction, so it is copied.
        content = ctypes.string_at(values, 4 * math.prod(sizes))
        return np.frombuffer(content, dtype=np.float32).reshape(sizes)

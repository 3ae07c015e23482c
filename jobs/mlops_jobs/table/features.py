"""Features that a project computes from columns of the raw table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mlops_jobs.failure import InputError
from mlops_jobs.table.raw import is_missing

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A number that is computed from other columns, for training and for each request alike.

    Args:
        name: name of the feature.
        inputs: columns that `compute` gets as 64-bit numbers, NaN where a value is missing.
            Defaults to none.
        texts: columns that `compute` gets as strings, after the numbers; "" where a value is
            missing. Defaults to none.
        compute: returns the number of each row; NaN and infinity are missing values.

    Example:
        ```python
        Feature(
            name="rooms_per_person",
            inputs=("rooms", "people"),
            compute=lambda rooms, people: rooms / people,
        )
        ```
    """

    name: str
    inputs: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    compute: Callable[..., Any]

    def numbers(self, numbers: Sequence[Numbers], texts: Sequence[Sequence[Any]]) -> Numbers:
        """Computes the feature of all rows.

        Args:
            numbers: values of `inputs`.
            texts: cells of `texts`.

        Raises:
            InputError: the function raised an error, or its result is not a number for each row.
        """
        rows = len((*numbers, *texts)[0])
        strings = [[_string(cell) for cell in cells] for cells in texts]
        try:
            with np.errstate(all="ignore"):  # a division by zero is a missing value
                found = np.asarray(self.compute(*numbers, *strings), dtype=np.float64)
        except Exception as error:
            raise InputError(f"feature {self.name!r}: cannot be computed: {error!r}") from error
        if found.shape != (rows,):
            raise InputError(
                f"feature {self.name!r}: got an array of the shape {found.shape} for {rows} rows; "
                "return one number for each row"
            )
        return np.where(np.isfinite(found), found, np.nan)


def _string(cell: object) -> str:
    """Returns a cell of a file or a value of JSON as a string."""
    return "" if cell is None or is_missing(str(cell)) else str(cell).strip()


def check_features(features: Sequence[Feature], columns: Sequence[str], target: str) -> None:
    """Validates features against the columns of the raw table.

    Args:
        features: the features.
        columns: names of the raw columns.
        target: name of the target column.

    Raises:
        InputError: a name is not unique, an input does not exist, or it is the target.
    """
    taken = set(columns)
    for feature in features:
        if feature.name in taken:
            raise InputError(f"feature {feature.name!r}: got a name that exists; choose another")
        taken.add(feature.name)
        needed = (*feature.inputs, *feature.texts)
        if not needed:
            raise InputError(f"feature {feature.name!r}: got no inputs; name at least one column")
        for name in needed:
            if name == target:
                raise InputError(
                    f"feature {feature.name!r}: got the target {name!r} as an input, which no "
                    "request has; remove it"
                )
            if name not in columns:
                raise InputError(
                    f"feature {feature.name!r}: got the input {name!r}; allowed: "
                    f"{', '.join(columns[:12])}"
                )

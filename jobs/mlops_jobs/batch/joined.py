"""Predictions to which a transform job has joined their records (`JoinSource`).

Source:
    https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

from collections.abc import Sequence
from typing import Any

from mlops_jobs.batch.records import Record

_JOINED = "SageMakerOutput"  # member with the prediction if the record is an object
_ALONE = "output"  # member for a prediction that is not an object


def without_record(cells: Sequence[str], record: Record) -> list[str]:
    """Returns the cells of the prediction, without those of a joined record.

    Args:
        cells: cells of a line of the output.
        record: the record of the input.
    """
    found = record.values() if isinstance(record, dict) else record
    given = [str(cell).strip() for cell in found]
    joined = len(cells) > len(given) and list(cells[: len(given)]) == given
    return list(cells[len(given) :] if joined else cells)


def prediction_of(document: dict[str, Any]) -> Any:
    """Returns the prediction of an object, without the members of a joined record.

    Args:
        document: a line of the output.
    """
    prediction = document.get(_JOINED, document)
    if isinstance(prediction, dict) and set(prediction) == {_ALONE}:
        return prediction[_ALONE]
    return prediction

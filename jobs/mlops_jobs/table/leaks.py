"""Columns that give the target away: alone they predict it nearly without error."""

import numpy as np
import numpy.typing as npt

from mlops_jobs.table.encoding import Matrix
from mlops_jobs.table.schema import Kind, Schema
from mlops_jobs.table.split import Part, Parts

LEAK = 0.999  # area below the ROC curve, or correlation of ranks, of one column alone
EXPLAINED = 0.99  # share of the errors of the best constant prediction that a column avoids
MAX_GROUPS = 256  # of the values of a number
MIN_ROWS = 20  # of validation

Vector = npt.NDArray[np.float64]


def leak_warnings(
    schema: Schema, features: Matrix, target: Vector, parts: Parts
) -> dict[str, list[str]]:
    """Returns a warning for each column that alone predicts the target.

    A number may order the rows as the target does. The values of any column, missing ones included,
    may also determine the target; what training rows show of them is checked on validation rows,
    because many values predict the rows that they were found in by chance.

    Args:
        schema: the fitted preprocessing.
        features: the encoded rows.
        target: for each row the number of its class, or its value in a regression.
        parts: part of each row.

    Returns:
        Warnings by the name of the column.
    """
    found: dict[str, list[str]] = {}
    for at, column in enumerate(schema.encoded):
        values = features[:, at].astype(np.float64)
        strength = ""
        if column.kind is Kind.NUMERIC:
            strength = _order(schema, values[parts == Part.TRAIN], target[parts == Part.TRAIN])
        strength = strength or _values(schema, values, target, parts)
        if strength:
            found[column.name] = [
                f"has {strength} with the target alone; name it in data.drop if it is known only "
                "after the target"
            ]
    return found


def _order(schema: Schema, values: Vector, target: Vector) -> str:
    """Returns how well a number orders the rows as the target does; "" if not nearly perfectly."""
    if len(schema.labels) > 2 or np.isnan(values).any() or len(values) < 3:
        return ""
    ranks = _ranks(values)
    if schema.labels:
        positive = target == 1
        count = int(positive.sum())
        pairs = count * (len(values) - count)
        above = ranks[positive].sum() - count * (count - 1) / 2
        strength = max(above / pairs, 1 - above / pairs) if pairs else 0.5
        measure = "an AUC"
    else:
        actual = _ranks(target)
        if values.std() == 0 or actual.std() == 0:
            return ""
        strength = abs(float(np.corrcoef(ranks, actual)[0, 1]))
        measure = "a correlation of ranks"
    return f"{measure} of {strength:.3f}" if strength >= LEAK else ""


def _values(schema: Schema, values: Vector, target: Vector, parts: Parts) -> str:
    """Returns how well the values of a column predict the target; "" if with errors."""
    train, held_out = parts == Part.TRAIN, parts == Part.VALIDATION
    if held_out.sum() < MIN_ROWS or not train.any():
        return ""
    groups = _groups(values, train)
    count = int(groups.max()) + 1
    rows = np.bincount(groups[train], minlength=count)
    known = rows[groups[held_out]] > 0
    actual = target[held_out]
    if schema.labels:
        table = np.zeros((count, len(schema.labels)))
        np.add.at(table, (groups[train], target[train].astype(np.intp)), 1)
        constant = int(table.sum(axis=0).argmax())
        predicted = np.where(known, table.argmax(axis=1)[groups[held_out]], constant)
        errors, of = float((predicted != actual).sum()), float((constant != actual).sum())
        # Few rows of other labels show nothing.
        if of < MIN_ROWS:
            return ""
        share = 1 - errors / of
        measure = f"{1 - errors / len(actual):.1%} right predictions of validation rows"
    else:
        sums = np.bincount(groups[train], weights=target[train], minlength=count)
        mean = target[train].mean()
        means = np.divide(sums, rows, out=np.full(count, mean), where=rows > 0)
        of = float(((actual - mean) ** 2).sum())
        share = 1 - float(((actual - means[groups[held_out]]) ** 2).sum()) / of if of else 0.0
        # So many groups of a number are like the number itself, which may be a good feature.
        if len(np.unique(values[train])) > MAX_GROUPS:
            return ""
        measure = f"{share:.1%} explained variance of validation rows"
    return measure if share >= EXPLAINED else ""


def _groups(values: Vector, train: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Returns the group of each value: itself, or its quantile; 0 for a missing one."""
    missing = np.isnan(values)
    known = np.unique(values[train & ~missing])
    if len(known) > MAX_GROUPS:
        known = np.unique(np.quantile(values[train & ~missing], np.linspace(0, 1, MAX_GROUPS)))
    places = np.searchsorted(known, values, side="right") + 1
    return np.where(missing, 0, places)


def _ranks(values: Vector) -> Vector:
    """Returns the rank of each value, from 0; equal values have the mean of their ranks."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts) - 1
    ranks: Vector = (last - (counts - 1) / 2)[places]
    return ranks

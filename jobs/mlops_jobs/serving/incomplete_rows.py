"""Rows of requests that omit features of an online store."""

from collections.abc import Callable, Sequence
from typing import Any

from mlops_jobs.failure import InputError
from mlops_jobs.model import Cells, Model
from mlops_jobs.serving.online_features import FeatureLookup, OnlineFeatures
from mlops_jobs.serving.requests import RowReader


class IncompleteRowReader:
    """Reads rows that may omit the looked-up features, and completes them.

    Only rows with names, JSON objects and CSV with a heading, may omit columns: rows without names
    could be read in two ways. Rows with all columns are read as they are, without a look-up.

    Args:
        model: the model.
        online: the features.

    Raises:
        InputError: the model has no such columns.
    """

    def __init__(self, model: Model, online: OnlineFeatures) -> None:
        unknown = [name for name in (online.entity, *online.features) if name not in model.columns]
        if unknown:
            raise InputError(
                f"ONLINE_FEATURES: got {', '.join(map(repr, unknown))}, which the model does not "
                f"have; allowed: {', '.join(model.columns)}"
            )
        self._features, self._entity = list(model.features), online.entity
        self._lookup = FeatureLookup(online)
        self._complete = RowReader(model)
        self._given = [name for name in model.features if name not in online.features]
        self._incomplete = RowReader(
            _Columns(
                model=model,
                columns=[name for name in model.columns if name not in online.features],
                features=list(dict.fromkeys([*self._given, online.entity])),
            ),
            named=True,
        )

    def csv(self, body: bytes) -> Cells:
        """Returns the cells of a CSV body, column by column.

        Args:
            body: body of the request.

        Raises:
            InputError: as for `RowReader`, or a record is missing.
            LookupFailedError: the online store does not respond.
        """
        return self._read(self._incomplete.csv, self._complete.csv, body)

    def json(self, body: bytes) -> Cells:
        """Returns the cells of a JSON body, column by column.

        Args:
            body: body of the request.

        Raises:
            InputError: as for `csv`.
            LookupFailedError: as for `csv`.
        """
        return self._read(self._incomplete.json, self._complete.json, body)

    def json_lines(self, body: bytes) -> Cells:
        """Returns the cells of a body of JSON lines, column by column.

        Args:
            body: body of the request.

        Raises:
            InputError: as for `csv`.
            LookupFailedError: as for `csv`.
        """
        return self._read(self._incomplete.json_lines, self._complete.json_lines, body)

    def _read(
        self, incomplete: Callable[[bytes], Cells], complete: Callable[[bytes], Cells], body: bytes
    ) -> Cells:
        try:
            return complete(body)
        except InputError as problem:
            try:
                cells = incomplete(body)
            except InputError:
                raise problem from None
        return self._completed(cells)

    def _completed(self, cells: Cells) -> Cells:
        names = dict.fromkeys([*self._given, self._entity])
        found: dict[str, Sequence[Any]] = dict(zip(names, map(list, cells), strict=True))
        found |= self._lookup.look_up(found[self._entity])
        return [found[name] for name in self._features]


class _Columns:
    """The columns of a model that a request has."""

    def __init__(self, *, model: Model, columns: Sequence[str], features: Sequence[str]) -> None:
        self.columns, self.features = columns, features
        self.target, self.knows = model.target, model.knows
        self.numeric = False

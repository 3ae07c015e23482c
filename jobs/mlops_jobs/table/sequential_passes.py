"""Passes over a raw table in one process, piece by piece."""

import csv
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from mlops_jobs.table.encoding import Matrix
from mlops_jobs.table.features import Feature
from mlops_jobs.table.fitting import Observed, Profile
from mlops_jobs.table.observation import Observation
from mlops_jobs.table.raw import RawTable
from mlops_jobs.table.repeats import RowHashes
from mlops_jobs.table.schema import Column
from mlops_jobs.table.split import Part, Parts
from mlops_jobs.table.table_encoder import TableEncoder


class SequentialPasses:
    """Reads a table in one process.

    Args:
        table: the raw table.
    """

    def __init__(self, table: RawTable) -> None:
        self.table = table

    def observe(self, names: Sequence[str], target: int, positions: Sequence[int]) -> Observed:
        """Observes columns, and hashes rows.

        Args:
            names: names of all columns.
            target: position of the target column.
            positions: positions of the columns that a model could read.
        """
        observations = {position: Observation(names[position]) for position in positions}
        texts: list[str] = []
        hashes = RowHashes([*positions, target])
        for rows in self.table.pieces():
            cells = list(zip(*rows, strict=True))
            texts += [text.strip() for text in cells[target]]
            for position, observation in observations.items():
                observation.add(cells[position])
            hashes.add(cells)
        return Observed(
            observations=observations,
            target=texts,
            rows=hashes.finish(
                {position for position, one in observations.items() if one.may_be_identifier}
            ),
            keys=hashes.keys(),
        )

    def cells(self, position: int) -> list[str]:
        """Returns the cells of a column.

        Args:
            position: position of the column.
        """
        return [row[position] for rows in self.table.pieces() for row in rows]

    def encode(
        self,
        profile: Profile,
        features: Sequence[Feature],
        parts: Parts,
        raw: Mapping[Part, Path],
    ) -> tuple[tuple[Column, ...], Matrix]:
        """Fits and encodes the columns, and copies the rows of some parts unchanged.

        Args:
            profile: result of `profile`.
            features: features that the project computes.
            parts: part of each row.
            raw: path of a CSV file for the rows of a part.

        Returns:
            The fitted columns, and a matrix with one line for each row.

        Raises:
            InputError: no usable column is left.
        """
        encoder = TableEncoder(profile, features)
        with ExitStack() as files:
            writers = {}
            for part, file in raw.items():
                stream = files.enter_context(file.open("w", encoding="utf-8", newline=""))
                writers[part] = csv.writer(stream)
                writers[part].writerow(self.table.columns())
            first = 0
            for rows in self.table.pieces():
                encoder.add(rows)
                here = parts[first : first + len(rows)]
                for part, writer in writers.items():
                    writer.writerows(rows[index] for index in np.flatnonzero(here == part))
                first += len(rows)
        return encoder.finish(parts == Part.TRAIN)

"""KernelSHAP of a model behind an endpoint, with columns of any type.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-feature-attribute-shap-baselines.html
"""

import csv
import importlib
import io
import os
import urllib.parse
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import mean
from typing import Any

from .monitored_data import InputError

Cells = list[Any]
_DEFAULT_CLUSTERS = 12


def read_baseline(given: Any, names: Sequence[str]) -> list[Cells] | None:
    """Returns the rows of a SHAP baseline: a list in the configuration, or a CSV file in S3.

    Raises:
        InputError: its rows have another width than the features.
    """
    if given is None:
        return None
    if isinstance(given, dict):
        given = [given]
    if isinstance(given, str):
        import boto3

        parts = urllib.parse.urlsplit(given)
        client = boto3.client("s3", region_name=os.environ.get("AWS_REGION"))
        body = client.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))["Body"].read()
        rows: list[Any] = [row for row in csv.reader(io.StringIO(body.decode())) if row]
        given = rows[1:] if rows and rows[0] == list(names) else rows
    found = [[row[name] for name in names] if isinstance(row, dict) else list(row) for row in given]
    wrong = next((row for row in found if len(row) != len(names)), None)
    if wrong is not None or not found:
        raise InputError(f"shap.baseline: got {wrong}, expected rows of {len(names)} features")
    return found


class ExplainedModel:
    """A model in the interface of the engine, whose attributions are SHAP values.

    Args:
        predict: returns the scores of each row.
        names: the features.
        rows: the rows to explain.
        baseline: the rows of the baseline. Defaults to None: clusters of the rows.
        settings: the member `shap` of the analysis configuration.
        headers: the names of the scores. Defaults to none: `label0`, `label1` ...
    """

    def __init__(
        self,
        *,
        predict: Callable[[list[Cells]], list[list[float]]],
        names: Sequence[str],
        rows: Sequence[Cells],
        baseline: list[Cells] | None,
        settings: Mapping[str, Any],
        headers: Sequence[str],
    ) -> None:
        self.names = list(names)
        self._predict = predict
        self._settings = settings
        self._codes = [_Column([row[place] for row in rows]) for place in range(len(names))]
        self.baseline_rows = baseline or self._clusters(rows)
        self._explainer = self._made()
        self._outputs = len(predict(self.baseline_rows[:1])[0])
        self.labels = tuple(
            headers[place] if len(headers) == self._outputs else f"label{place}"
            for place in range(self._outputs)
        )
        self._values: Any = None

    @property
    def problem_type(self) -> Any:
        kinds = importlib.import_module("mlops_jobs.problem_type").ProblemType
        return kinds.MULTICLASS  # so that all scores have their names

    @property
    def target(self) -> str:
        return ""

    @property
    def columns(self) -> list[str]:
        return self.names

    @property
    def features(self) -> list[str]:
        return self.names

    def attributions(self, cells: Sequence[Sequence[Any]]) -> Any:
        """Returns SHAP values of the shape (rows, outputs, features + 1)."""
        numpy = importlib.import_module("numpy")
        rows = self._encoded([list(row) for row in zip(*cells, strict=True)])
        seed = self._settings.get("seed")
        if seed is not None:
            numpy.random.seed(int(seed))
        samples = self._settings.get("num_samples", "auto")
        values = numpy.asarray(
            self._explainer.shap_values(rows, nsamples=samples, silent=True)
        ).reshape(len(rows), len(self.names), self._outputs)
        expected = numpy.atleast_1d(self._explainer.expected_value)
        self._values = values.transpose(0, 2, 1)
        column = numpy.broadcast_to(expected[None, :, None], (len(rows), self._outputs, 1))
        return numpy.concatenate([self._values, column], axis=2)

    def local(self) -> tuple[list[str], list[list[float]]]:
        """Returns the header and the rows of the local SHAP values."""
        header = [f"{name}_{label}" for label in self.labels for name in self.names]
        return header, self._values.reshape(len(self._values), -1).tolist()

    def _made(self) -> Any:
        shap, numpy = importlib.import_module("shap"), importlib.import_module("numpy")

        def scores(codes: Any) -> Any:
            found = self._predict(self._decoded(codes))
            table = numpy.asarray(found, dtype=float)
            if self._settings.get("use_logit"):
                table = numpy.log(table / (1 - table))
            return table

        return shap.KernelExplainer(scores, self._encoded(self.baseline_rows))

    def _clusters(self, rows: Sequence[Cells]) -> list[Cells]:
        """Returns representative rows: centres of clusters, or one row of averages and modes."""
        numeric = all(column.numeric for column in self._codes)
        wanted = int(self._settings.get("num_clusters") or _DEFAULT_CLUSTERS)
        if numeric and len(rows) > wanted:
            shap = importlib.import_module("shap")
            found = shap.kmeans(self._encoded(rows), wanted)
            return [list(map(float, row)) for row in found.data]
        return [[column.typical() for column in self._codes]]

    def _encoded(self, rows: Sequence[Cells]) -> Any:
        numpy = importlib.import_module("numpy")
        return numpy.array(
            [[c.code(cell) for c, cell in zip(self._codes, row, strict=True)] for row in rows]
        )

    def _decoded(self, codes: Any) -> list[Cells]:
        return [[c.cell(code) for c, code in zip(self._codes, row, strict=True)] for row in codes]


class _Column:
    """A column as numbers: its own, or the places of its values."""

    def __init__(self, cells: Sequence[Any]) -> None:
        self._cells = list(cells)
        self.numeric = all(_is_number(cell) for cell in cells)
        self._values: list[Any] = [] if self.numeric else list(dict.fromkeys(cells))

    def code(self, cell: Any) -> float:
        if self.numeric:
            return float(cell)
        if cell not in self._values:
            self._values.append(cell)
        return float(self._values.index(cell))

    def cell(self, code: float) -> Any:
        if self.numeric:
            return int(code) if float(code).is_integer() else float(code)
        return self._values[int(code)]

    def typical(self) -> Any:
        if self.numeric:
            return mean(float(cell) for cell in self._cells)
        return Counter(self._cells).most_common(1)[0][0]


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True

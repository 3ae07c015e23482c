"""Data of monitoring jobs, as calls of a model with labels: captured traffic, and tables.

The engine of the image reads JSON lines of data capture. Datasets of other formats, and predictions
that attributes locate, are rewritten to them.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-baseline.html
and https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

import base64
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = dict[str, Any]
CAPTURED = ("sagemakerCaptureJson", "sagemakerMergeJson")


class InputError(ValueError):
    """Data or settings that the job rejects."""


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """Locations of a prediction in a response, or in the columns of a table.

    Args:
        inference: position, name or JMESPath-like path of the predicted label. Defaults to "".
        probability: that of the probability. Defaults to "".
        threshold: the minimum probability of the second label. Defaults to 0.5.
    """

    inference: str = ""
    probability: str = ""
    threshold: float = 0.5

    @property
    def given(self) -> bool:
        return bool(self.inference or self.probability)


def dataset_format(environment: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Returns the kind of the dataset and its options, from the variable `dataset_format`.

    Raises:
        InputError: the variable is not a JSON object with one member.
    """
    text = environment.get("dataset_format", '{"sagemakerCaptureJson": {}}')
    try:
        ((kind, options),) = json.loads(text).items()
    except (AttributeError, TypeError, ValueError):
        raise InputError(
            f"dataset_format: got {text!r}, expected a JSON object with one member: csv, json, "
            "parquet, sagemakerCaptureJson or sagemakerMergeJson"
        ) from None
    return str(kind), dict(options or {})


def read_table(folder: Path, kind: str, options: Mapping[str, Any]) -> list[Record]:
    """Returns the rows of all files of a folder, by column name or `_c0`, `_c1` without a header.

    Args:
        folder: a file, or a folder.
        kind: csv, json or parquet.
        options: `header` of CSV; `lines` or `line` of JSON.

    Raises:
        InputError: there is no file, or it has another format.
    """
    files = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.is_file())
    if not files:
        raise InputError(f"dataset_source: there is no file in {folder}")
    found: list[Record] = []
    for file in files:
        try:
            found += _READERS[kind](file, options)
        except KeyError:
            raise InputError(f"dataset_format: got {kind}, expected csv, json or parquet") from None
        except (ValueError, csv.Error, OSError) as error:
            raise InputError(f"{file.name} cannot be read as {kind}: {error}") from error
    return found


def _is_on(value: Any) -> bool:
    return str(value).lower() == "true"


def _read_csv(file: Path, options: Mapping[str, Any]) -> list[Record]:
    rows = [row for row in csv.reader(io.StringIO(file.read_text("utf-8-sig"))) if row]
    if _is_on(options.get("header", False)):
        return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    return [unnamed(row) for row in rows]


def _read_json(file: Path, options: Mapping[str, Any]) -> list[Record]:
    text = file.read_text("utf-8-sig")
    if _is_on(options.get("lines", options.get("line", False))):
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    else:
        document = json.loads(text)
        found = document if isinstance(document, list) else [document]
    return [row if isinstance(row, dict) else unnamed(row) for row in found]


def _read_parquet(file: Path, _: Mapping[str, Any]) -> list[Record]:
    import pyarrow.parquet

    found: list[Record] = pyarrow.parquet.read_table(file).to_pylist()
    return found


_READERS = {"csv": _read_csv, "json": _read_json, "parquet": _read_parquet}


def unnamed(cells: Iterable[Any]) -> Record:
    """Returns cells without names, by their position."""
    return {f"_c{number}": cell for number, cell in enumerate(cells)}


def write_events(
    file: Path,
    rows: Iterable[Record],
    predictions: Sequence[Any] | None = None,
    labels: Sequence[Any] | None = None,
) -> None:
    """Writes rows as captured calls of one row each.

    Args:
        file: the file of JSON lines.
        rows: the requests, by column name.
        predictions: the responses, as JSON. Defaults to None: not captured.
        labels: the ground truth. Defaults to None: unknown.
    """
    lines = []
    for number, row in enumerate(rows):
        captured = {"endpointInput": _json_body([row])}
        event: Record = {"captureData": captured, "eventMetadata": {"eventId": str(number)}}
        if predictions is not None:
            captured["endpointOutput"] = _json_body([predictions[number]])
        if labels is not None:
            event["groundTruthData"] = {"data": label_text(labels[number]), "encoding": "CSV"}
        lines.append(json.dumps(event, default=str))
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in lines))


def _json_body(content: Any) -> Record:
    data = json.dumps(content, default=str)
    return {"data": data, "encoding": "JSON", "observedContentType": "application/json"}


def label_text(value: Any) -> str:
    """Returns a label as text; numbers without a fraction have no decimal point."""
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else text


def read_events(folder: Path) -> Iterator[tuple[Path, Record]]:
    """Yields the calls of all capture files of a folder, each with the path of its file.

    Raises:
        InputError: a line is not JSON.
    """
    for file in sorted(folder.rglob("*.jsonl")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            if line.strip():
                try:
                    yield file.relative_to(folder), json.loads(line)
                except ValueError as error:
                    raise InputError(f"{file.name}, line {number}, is not JSON: {error}") from error


def rows_of(side: Mapping[str, Any] | None) -> list[Any]:
    """Returns the rows of a captured body: lists of cells, or objects.

    Raises:
        InputError: the body is neither CSV nor JSON.
    """
    if side is None:
        return []
    data, encoding = str(side.get("data", "")), str(side.get("encoding", "")).upper()
    text = base64.b64decode(data).decode() if encoding == "BASE64" else data
    kind = str(side.get("observedContentType", "")).lower()
    if encoding == "JSON" or (encoding == "BASE64" and "json" in kind):
        return _json_rows(text, lines="jsonlines" in kind)
    return [row for row in csv.reader(io.StringIO(text)) if row]


def _json_rows(text: str, *, lines: bool) -> list[Any]:
    try:
        if lines:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        document = json.loads(text)
    except ValueError as error:
        raise InputError(f"a captured body is not JSON: {error}: {text[:60]!r}") from error
    if isinstance(document, dict):
        for name in ("instances", "predictions"):
            if isinstance(document.get(name), list):
                return list(document[name])
        return [document]
    return document if isinstance(document, list) else [document]


def whole_rows(event: Mapping[str, Any]) -> list[Any]:
    """Returns the rows of a call with the cells of the response before those of the request."""
    captured = event.get("captureData") or {}
    inputs = rows_of(captured.get("endpointInput"))
    outputs = rows_of(captured.get("endpointOutput"))
    if not outputs or len(inputs) != len(outputs):
        return inputs or outputs
    return [_joined(output, row) for output, row in zip(outputs, inputs, strict=True)]


def _joined(output: Any, row: Any) -> Any:
    if isinstance(output, dict) and isinstance(row, dict):
        return {**output, **row}
    return [*_cells(output), *_cells(row)]


def _cells(row: Any) -> list[Any]:
    if isinstance(row, dict):
        return list(row.values())
    return list(row) if isinstance(row, list) else [row]


def located(row: Any, attribute: str) -> Any:
    """Returns the value at a position, as `0` or `_c0`, or at a path, as `predictions[0].score`.

    Raises:
        InputError: the row does not have it.
    """
    found = row
    if isinstance(row, dict) and attribute in row:
        return row[attribute]
    for name in attribute.removeprefix("_c").replace("[", ".").replace("]", "").split("."):
        try:
            cells = found if isinstance(found, dict) and not name.isdecimal() else _cells(found)
            found = cells[int(name)] if isinstance(cells, list) else cells[name]
        except (LookupError, TypeError, ValueError):
            raise InputError(
                f"attribute {attribute!r}: not in {json.dumps(row, default=str)[:80]}"
            ) from None
    return found


def predictions(
    rows: Sequence[Any], attributes: Attributes, problem: str, labels: Sequence[str]
) -> list[Any]:
    """Returns predictions in the format of the engine.

    Args:
        rows: the responses, or the rows of a table with the predictions.
        attributes: where the predictions are.
        problem: BinaryClassification, MulticlassClassification or Regression.
        labels: the known labels, in the order of their classes.

    Raises:
        InputError: a row has no prediction.
    """
    if problem == "Regression":
        name = attributes.inference or attributes.probability or "0"
        return [{"value": float(located(row, name))} for row in rows]
    found = [_classified(row, attributes, problem, labels) for row in rows]
    known = dict.fromkeys([*labels, *(label for label, _ in found)])
    return [
        {"label": label, "probabilities": dict.fromkeys(known, 0.0) | shares}
        for label, shares in found
    ]


def _classified(
    row: Any, attributes: Attributes, problem: str, labels: Sequence[str]
) -> tuple[str, dict[str, float]]:
    """Returns the predicted label, and the probabilities that are known."""
    binary = problem == "BinaryClassification" and len(labels) == 2
    score = located(row, attributes.probability) if attributes.probability else None
    if attributes.inference or score is None:
        label = label_text(located(row, attributes.inference or "0"))
    elif isinstance(score, list):
        label = labels[max(range(len(score)), key=lambda index: float(score[index]))]
    elif binary:
        label = labels[int(float(score) >= attributes.threshold)]
    else:
        raise InputError("probability_attribute: without inference_attribute it needs two labels")
    if isinstance(score, list):
        shares = {one: float(share) for one, share in zip(labels, score, strict=False)}
    elif binary and score is not None:
        shares = {labels[0]: 1 - float(score), labels[1]: float(score)}
    else:
        shares = {label: 1.0}
    return label, shares


def ordered(labels: Iterable[str]) -> list[str]:
    """Returns labels in the order of their classes: by number, else by alphabet.

    A single label `0` or `1` is completed by the other.
    """
    found = set(labels)
    if found and found < {"0", "1"}:
        found = {"0", "1"}
    try:
        return sorted(found, key=float)
    except ValueError:
        return sorted(found)

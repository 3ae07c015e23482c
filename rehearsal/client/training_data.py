"""Data of one's own: a CSV file checked, uploaded and named in the project's configuration."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project

PROBLEM_TYPES = ("binary", "multiclass", "regression")
MOST_NUMERIC_LABELS = 20


@dataclass(frozen=True)
class Objective:
    """What a model of the data is judged by, and what it must reach to be registered."""

    problem_type: str
    metric: str
    threshold: float


@dataclass(frozen=True)
class TrainingData:
    """A CSV file and what it means.

    `target` names the column to predict, or numbers it from 0 when the file has no header.
    `problem_type` is found out when it is left out, as is a `threshold`: what guessing reaches.
    Columns in `drop` are not used.
    """

    path: Path
    target: str
    problem_type: str = ""
    header: bool = True
    drop: tuple[str, ...] = ()
    threshold: float | None = None

    def check(self) -> Objective:
        """Raises `RehearsalError` for what can be seen before anything is started."""
        if self.problem_type and self.problem_type not in PROBLEM_TYPES:
            raise RehearsalError(
                f"Got --problem-type {self.problem_type}.", f"Allowed: {', '.join(PROBLEM_TYPES)}."
            )
        if not self.target:
            raise RehearsalError("--data needs --target.", "", "It names the column to predict.")
        if not self.path.is_file():
            raise RehearsalError(f"There is no file {self.path}.", "", "Pass a CSV file to --data.")
        found = self._targets()
        if not found:
            raise RehearsalError(f"{self.path} has no rows with a target.", "", "Add rows of data.")
        if len(found) == 1:
            only = next(iter(found))
            raise RehearsalError(
                f"Column {self.target!r} of {self.path} holds one value only: {only!r}.",
                "There is nothing to predict.",
                "Choose another --target.",
            )
        return objective(found, self.problem_type, self.threshold)

    def publish(self, aws: LocalAws, project: Project) -> str:
        """Uploads the file and names it in the clone's config.yaml; returns its URI."""
        bucket, key = project.outputs["ArtifactBucketName"], f"data/{self.path.name}"
        path = project.directory("build") / "config.yaml"
        if not path.exists():
            raise RehearsalError(f"There is no {path}.", "The project reads its data from there.")
        aws.client("s3").upload_file(str(self.path), bucket, key)
        path.write_text(self.configure(path.read_text(), f"s3://{bucket}/{key}"))
        return f"s3://{bucket}/{key}"

    def configure(self, text: str, uri: str) -> str:
        """The text of config.yaml with this data instead, comments and other settings kept."""
        goal = self.check()
        settings = {
            "uri": uri,
            "header": self.header,
            "target": self.target if self.header else int(self.target),
            "problem_type": goal.problem_type,
            "drop": list(self.drop),
        }
        text = set_values(text, "data", settings)
        # A label of the data that was configured before means nothing here.
        text = re.sub(r"(?m)^  positive_label:.*\n", "", text)
        return set_values(
            text, "objective", {"metric": goal.metric, "threshold": round(goal.threshold, 4)}
        )

    def _targets(self) -> Counter[str]:
        """How often every value of the target occurs."""
        try:
            with self.path.open(newline="", encoding="utf-8-sig") as file:
                rows = csv.reader(file)
                first = next(rows, None)
                if first is None:
                    raise RehearsalError(f"{self.path} is empty.", "", "It needs rows of data.")
                index = self._target_index(first)
                found = Counter(row[index].strip() for row in rows if len(row) > index)
        except UnicodeDecodeError as error:
            raise RehearsalError(f"{self.path} is not UTF-8 text.", str(error)) from error
        except csv.Error as error:
            raise RehearsalError(f"{self.path} is not CSV.", str(error)) from error
        if not self.header:
            found[first[index].strip()] += 1
        del found[""]
        return found

    def _target_index(self, first: list[str]) -> int:
        if self.header:
            names = [name.strip() for name in first]
            missing = [name for name in (self.target, *self.drop) if name not in names]
            if missing:
                raise RehearsalError(
                    f"{self.path} has no column {missing[0]!r}.",
                    f"Columns: {', '.join(names)}.",
                    "Name one of them, or say --no-header if the first line is data.",
                )
            return names.index(self.target)
        if not self.target.isdigit() or int(self.target) >= len(first):
            raise RehearsalError(
                f"Got --target {self.target} for a file without a header.",
                f"Allowed: the number of a column, 0 to {len(first) - 1}.",
            )
        return int(self.target)


def objective(found: Mapping[str, int], problem_type: str, threshold: float | None) -> Objective:
    """The objective for a target's values and counts.

    Without a threshold, a model must do as well as guessing does: the area below the ROC curve
    0.5, the share of the most frequent label, or an R2 of 0.
    """
    kind = problem_type or _detect(found)
    guessing = {
        "binary": ("auc", 0.5),
        "multiclass": ("accuracy", max(found.values()) / sum(found.values())),
        "regression": ("r2", 0.0),
    }
    metric, reached = guessing[kind]
    return Objective(kind, metric, reached if threshold is None else threshold)


def _detect(found: Mapping[str, int]) -> str:
    if len(found) == 2:
        return "binary"
    try:
        numbers = [float(text) for text in found]
    except ValueError:
        return "multiclass"
    few = len(numbers) <= MOST_NUMERIC_LABELS and all(number.is_integer() for number in numbers)
    return "multiclass" if few else "regression"


def set_values(text: str, section: str, values: Mapping[str, Any]) -> str:
    """YAML text in which keys of a top-level section have other values; comments stay.

    JSON is YAML, so that values are written as JSON. Raises `RehearsalError` when the text has no
    such section.
    """
    match = re.search(rf"(?m)^{section}:[^\n]*\n((?:[ \t#][^\n]*\n|\n)*)", text)
    if match is None:
        raise RehearsalError(f"config.yaml has no section {section!r}.")
    body = match[1]
    for key, value in values.items():
        written = json.dumps(value, ensure_ascii=False)
        old = r"""(?:"(?:\\.|[^"\\\n])*"|[^#"\n])*?"""
        line = re.compile(rf"(?m)^(  {key}:){old}([ \t]+#[^\n]*)?$")
        if line.search(body):
            body = line.sub(lambda m, w=written: f"{m[1]} {w}{m[2] or ''}", body, count=1)
        else:
            body = f"  {key}: {written}\n{body}"
    return text[: match.start(1)] + body + text[match.end(1) :]

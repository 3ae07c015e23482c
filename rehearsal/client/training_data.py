"""Your own training data: a CSV file that is validated, uploaded and configured in a project."""

import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.client.errors import RehearsalError
from rehearsal.client.local_aws import LocalAws
from rehearsal.client.project import Project

PROBLEM_TYPES = ("binary", "multiclass", "regression")
MAX_NUMERIC_LABELS = 20


@dataclass(frozen=True)
class Objective:
    """The metric that evaluates a model, and the threshold for its registration."""

    problem_type: str
    metric: str
    threshold: float


@dataclass(frozen=True)
class TrainingData:
    """A CSV file to train on.

    Args:
        path: the file, UTF-8.
        target: name of the column to predict, or its index from 0 if the file has no header.
        problem_type: `binary`, `multiclass` or `regression`. Defaults to detection from the target.
        header: True if the first line has the column names. Defaults to True.
        drop: columns to ignore. Defaults to none.
        threshold: minimum metric of a model. Defaults to None: the score of guessing.
    """

    path: Path
    target: str
    problem_type: str = ""
    header: bool = True
    drop: tuple[str, ...] = ()
    threshold: float | None = None

    def check(self) -> Objective:
        """Validates the data and returns the objective of a model.

        Raises:
            RehearsalError: the options or the file are invalid.
        """
        if self.problem_type and self.problem_type not in PROBLEM_TYPES:
            raise RehearsalError(
                f"Got --problem-type {self.problem_type}.",
                f"Allowed: {', '.join(PROBLEM_TYPES)}.",
                "Pass one of them, or omit the option.",
            )
        if not self.target:
            raise RehearsalError("--data requires --target.", "", "Pass the column to predict.")
        if not self.path.is_file():
            raise RehearsalError(
                f"File {self.path} does not exist.", "", "Pass a CSV file with --data."
            )
        found = self._targets()
        if not found:
            raise RehearsalError(f"{self.path} has no rows with a target.", "", "Add rows.")
        if len(found) == 1:
            only = next(iter(found))
            raise RehearsalError(
                f"Column {self.target!r} of {self.path} has only one value: {only!r}.",
                "There is nothing to predict.",
                "Pass another --target.",
            )
        return objective(found, self.problem_type, self.threshold)

    def check_with_seed(self, seed: Path) -> None:
        """Validates the data with the `check` command of the code that will train on it.

        Another kind of project has no such command; its pipeline validates the data.

        Args:
            seed: folder with the first commit of the model-build repository.

        Raises:
            RehearsalError: the command rejects the data; the message is that of the command.
        """
        if not (seed / "src/tabular/__main__.py").is_file():
            return
        command = [sys.executable, "-m", "tabular", "check", str(self.path.resolve())]
        command += ["--target", self.target]
        command += [] if self.header else ["--no-header"]
        command += ["--problem-type", self.problem_type] if self.problem_type else []
        for column in self.drop:
            command += ["--drop", column]
        checked = subprocess.run(
            command,
            env=os.environ | {"PYTHONPATH": str(seed / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        if checked.returncode:
            reason = checked.stderr.strip().removeprefix("error: ")
            raise RehearsalError(
                f"The project cannot train on {self.path}.",
                reason,
                "Correct the file or the options.",
            )

    def publish(self, aws: LocalAws, project: Project) -> str:
        """Uploads the file, configures it in the clone's config.yaml, and returns its URI.

        Raises:
            RehearsalError: the clone has no config.yaml, or the data is invalid.
        """
        bucket, key = project.outputs["ArtifactBucketName"], f"data/{self.path.name}"
        path = project.directory("build") / "config.yaml"
        if not path.exists():
            raise RehearsalError(
                f"{path} does not exist.", "It configures the data of the project."
            )
        aws.client("s3").upload_file(str(self.path), bucket, key)
        path.write_text(self.configure(path.read_text(), f"s3://{bucket}/{key}"))
        return f"s3://{bucket}/{key}"

    def configure(self, text: str, uri: str) -> str:
        """Returns the text of config.yaml with this data; comments and other settings are kept."""
        found = self.check()
        settings = {
            "uri": uri,
            "header": self.header,
            "target": self.target if self.header else int(self.target),
            "problem_type": found.problem_type,
            "drop": list(self.drop),
        }
        text = set_values(text, "data", settings)
        # The label of the previous data does not apply.
        text = re.sub(r"(?m)^  positive_label:.*\n", "", text)
        return set_values(
            text, "objective", {"metric": found.metric, "threshold": round(found.threshold, 4)}
        )

    def _targets(self) -> Counter[str]:
        """Returns the count of each value of the target."""
        try:
            with self.path.open(newline="", encoding="utf-8-sig") as file:
                rows = csv.reader(file)
                first = next(rows, None)
                if first is None:
                    raise RehearsalError(f"{self.path} is empty.", "", "Add rows.")
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
                    "Pass one of them, or --no-header if the first line is data.",
                )
            return names.index(self.target)
        if not self.target.isdigit() or int(self.target) >= len(first):
            raise RehearsalError(
                f"Got --target {self.target} for a file without a header.",
                f"Allowed: the index of a column, 0 to {len(first) - 1}.",
                "Pass one of them.",
            )
        return int(self.target)


def objective(found: Mapping[str, int], problem_type: str, threshold: float | None) -> Objective:
    """Returns the objective for the values of a target and their counts.

    Args:
        found: count of each value of the target.
        problem_type: `binary`, `multiclass` or `regression`; empty detects it.
        threshold: minimum metric. None is the score of guessing: an AUC of 0.5, the share of the
            most frequent label, or an R2 of 0.
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
    few = len(numbers) <= MAX_NUMERIC_LABELS and all(number.is_integer() for number in numbers)
    return "multiclass" if few else "regression"


def set_values(text: str, section: str, values: Mapping[str, Any]) -> str:
    """Returns YAML text with other values of keys in a top-level section; comments are kept.

    Values are written as JSON, which is YAML.

    Raises:
        RehearsalError: the text has no such section.
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

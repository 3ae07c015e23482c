"""SageMaker Clarify: bias metrics and SHAP values of a processing job or a monitoring schedule.

The engine is the package `mlops_jobs` in the image; KernelSHAP is that of the package `shap`.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-configure-analysis.html
and https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-analysis-results.html
"""

import csv
import importlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import monitored_data, shadow_endpoint
from .kernel_shap import ExplainedModel, read_baseline
from .model_monitor import MESSAGE, attributes_of
from .monitored_data import CAPTURED, InputError, Record, label_text

CONFIG = "/opt/ml/processing/input/config/analysis_config.json"
_DATA, _OUTPUT = "/opt/ml/processing/input/data", "/opt/ml/processing/output"
_BIAS = {"pre_training_bias": "pre_training_bias_metrics"}
_BIAS["post_training_bias"] = "post_training_bias_metrics"
_METHODS = (*_BIAS, "shap", "report")
_TYPES = {
    "text/csv": ("csv", {}),
    "application/jsonlines": ("json", {"lines": True}),
    "application/json": ("json", {}),
    "application/x-parquet": ("parquet", {}),
}
_VIOLATIONS = "constraint_violations.json"


def main() -> None:
    """Runs the job that the environment and the analysis configuration describe."""
    failure = importlib.import_module("mlops_jobs.failure")
    with failure.exit_with_message(MESSAGE):
        try:
            result = Analysis(os.environ).run()
        except InputError as error:
            raise failure.InputError(str(error)) from error
        print(result, flush=True)  # noqa: T201  # the job's log
        if MESSAGE.parent.is_dir():
            MESSAGE.write_text(result)


class Analysis:
    """An analysis of a dataset, or of the captured traffic of a schedule.

    Args:
        environment: the variables of the job.

    Raises:
        InputError: the configuration is not valid, or asks for what the stand-in does not support.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        path = Path(environment.get("analysis_config") or CONFIG)
        if not path.is_file():
            raise InputError(f"analysis_config: there is no {path}")
        try:
            self._config: dict[str, Any] = json.loads(path.read_text())
            self._methods: dict[str, Any] = dict(self._config["methods"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"analysis_config: {path.name} is not valid: {error!r}") from error
        _check_methods(self._methods)
        self._output = Path(environment.get("output_path") or _OUTPUT)
        self._predictor: dict[str, Any] = dict(self._config.get("predictor") or {})
        self._events: list[tuple[Path, Record]] = []
        self._rows = self._read()
        self._label = self._column(self._config.get("label"))

    def run(self) -> str:
        """Runs all methods, writes the files of Clarify and returns the exit message."""
        found: Record = {"version": "1.0"}
        violations: list[Record] = []
        model = str(self._predictor.get("model_name") or self._environment.get("model_name", ""))
        with tempfile.TemporaryDirectory() as folder:
            if "shap" in self._methods or self._asks_model:
                with shadow_endpoint.deployed(self._predictor, model) as predictor:
                    self._run_methods(predictor, Path(folder), found, violations)
            else:
                self._run_methods(None, Path(folder), found, violations)
        self._write("analysis.json", found)
        if self._environment.get("baseline_constraints"):
            self._write(_VIOLATIONS, {"violations": violations})
        if violations:
            count = len(violations)
            return f"CompletedWithViolations: Job completed successfully with {count} violations."
        return "Completed: Job completed successfully with no violations."

    def _run_methods(
        self,
        predictor: shadow_endpoint.Predictor | None,
        folder: Path,
        found: Record,
        violations: list[Record],
    ) -> None:
        if any(name in self._methods for name in _BIAS):
            result = self._bias(predictor, folder / "bias")
            violations += result.pop("violations", [])
            found.update(result)
        if "shap" in self._methods and predictor is not None:
            result = self._explain(predictor, folder / "shap")
            violations += result.pop("violations", [])
            found.update({"explanations": result["explanations"]})

    @property
    def _asks_model(self) -> bool:
        """True if predictions are neither captured nor in the dataset."""
        given = self._events or self._config.get("predicted_label") is not None
        return "post_training_bias" in self._methods and not given

    def _read(self) -> list[Record]:
        """Returns the rows of the dataset by column name."""
        headers = [str(name) for name in self._config.get("headers") or ()]
        if self._environment.get("dataset_source"):
            source = Path(self._environment["dataset_source"])
            kind, options = monitored_data.dataset_format(self._environment)
            if kind in CAPTURED:
                self._events = list(monitored_data.read_events(source))
                return [row for _, event in self._events for row in self._requests(event, headers)]
        else:
            source = Path(_DATA)
            given = str(self._config.get("dataset_type", "text/csv"))
            if given not in _TYPES:
                raise InputError(f"dataset_type: got {given}, expected {', '.join(_TYPES)}")
            kind, options = _TYPES[given]
            options = {**options, "header": not headers}
        rows = monitored_data.read_table(source, kind, options)
        if not rows:
            raise InputError("dataset: got no row")
        if headers and kind == "csv":
            if len(rows[0]) != len(headers):
                raise InputError(f"headers: got {len(headers)} for {len(rows[0])} columns")
            if list(rows[0].values()) == headers:
                rows = rows[1:]  # a header, although the configuration has the names
            return [dict(zip(headers, row.values(), strict=True)) for row in rows]
        return rows

    def _requests(self, event: Mapping[str, Any], headers: Sequence[str]) -> list[Record]:
        label = self._config.get("label")
        names = [name for name in headers if name != label]
        found = []
        for row in monitored_data.rows_of((event.get("captureData") or {}).get("endpointInput")):
            if isinstance(row, dict):
                found.append(row)
            elif len(row) == len(names):
                found.append(dict(zip(names, row, strict=True)))
            else:
                raise InputError(f"headers: got {len(names)} features for {len(row)} columns")
        return found

    def _column(self, given: Any) -> str:
        """Returns the name of a column that the configuration names by name or index."""
        if isinstance(given, int) and self._rows:
            return list(self._rows[0])[given]
        return str(given or "")

    @property
    def _features(self) -> list[str]:
        excluded = self._config.get("excluded_columns") or []
        out = {
            self._label,
            self._column(self._config.get("predicted_label")),
            self._column(self._config.get("joinsource_name_or_index")),
            *(self._column(one) for one in excluded),
        }
        return [name for name in self._rows[0] if name not in out]

    # Bias

    def _bias(self, predictor: shadow_endpoint.Predictor | None, folder: Path) -> Record:
        if not self._config.get("facet"):
            raise InputError("facet: got nothing, expected the groups of the bias metrics")
        favorable = self._config.get("label_values_or_threshold") or []
        if not self._label or not favorable:
            raise InputError("label, label_values_or_threshold: both are needed for bias metrics")
        actual = self._actual()
        predicted = [
            {"label": label, "probabilities": {label: 1.0}}
            for label in self._predicted(predictor, actual)
        ]
        monitored_data.write_events(folder / "events/dataset.jsonl", self._rows, predicted, actual)
        config = {
            "label": self._label,
            "label_values_or_threshold": self._values(actual, favorable),
            "facet": [self._facet(one) for one in _listed(self._config["facet"])],
        }
        if self._config.get("group_variable") is not None:
            config["group_variable"] = self._column(self._config["group_variable"])
        (folder / "analysis_config.json").write_text(json.dumps(config))
        found = self._engine(folder, "MODEL_BIAS", str(folder / "analysis_config.json"))
        for method, section in _BIAS.items():
            if method in self._methods:
                _select(found[section], self._methods[method].get("methods", "all"), method)
            else:
                found.pop(section, None)
        return found

    def _actual(self) -> list[str]:
        if not self._events:
            return [label_text(row.get(self._label)) for row in self._rows]
        truth = [
            label_text(row[0] if isinstance(row, list) else row)
            for _, event in self._events
            for row in monitored_data.rows_of(event.get("groundTruthData"))
        ]
        if len(truth) != len(self._rows):
            raise InputError(f"ground truth: got {len(truth)} labels for {len(self._rows)} rows")
        return truth

    def _predicted(
        self, predictor: shadow_endpoint.Predictor | None, actual: list[str]
    ) -> list[str]:
        """Returns predicted labels: of the traffic, of a column, or of the model."""
        if "post_training_bias" not in self._methods:
            return actual  # pre-training metrics do not depend on predictions
        column = self._config.get("predicted_label")
        if column is not None:
            return [label_text(row[self._column(column)]) for row in self._rows]
        if self._events:
            attributes = attributes_of(self._environment)
            responses = [
                row
                for _, event in self._events
                for row in monitored_data.rows_of(event["captureData"].get("endpointOutput"))
            ]
            label, score = attributes.inference, attributes.probability
            threshold = attributes.threshold
        else:
            assert predictor is not None  # noqa: S101  # deployed by `run`
            responses = self._responses(predictor)
            label, score = _place(self._predictor, "label"), _place(self._predictor, "probability")
            threshold = float(self._config.get("probability_threshold", 0.5))
        labels = monitored_data.ordered(actual)
        return [_label(row, label, score, threshold, labels) for row in responses]

    def _responses(self, predictor: shadow_endpoint.Predictor) -> list[Any]:
        names = self._features
        return predictor.responses([[row[name] for name in names] for row in self._rows], names)

    def _facet(self, facet: Mapping[str, Any]) -> Record:
        name = self._column(facet["name_or_index"])
        if name not in self._rows[0]:
            raise InputError(f"facet: there is no column {name}; got {', '.join(self._rows[0])}")
        cells = [label_text(row[name]) for row in self._rows]
        given = facet.get("value_or_threshold")
        if given is None:
            raise InputError(
                f"facet {name}: the stand-in needs value_or_threshold, the group to compare"
            )
        return {"name_or_index": name, "value_or_threshold": self._values(cells, given)}

    def _values(self, cells: Sequence[str], given: Any) -> list[Any]:
        """Returns values, or a threshold as a fraction, which is how the engine knows it."""
        values = _listed(given)
        distinct = set(cells)
        single = len(values) == 1 and isinstance(values[0], int | float)
        if single and len(distinct) > 2 and all(_is_number(cell) for cell in distinct):
            return [float(values[0])]
        return [label_text(value) for value in values]

    # Attributions

    def _explain(self, predictor: shadow_endpoint.Predictor, folder: Path) -> Record:
        shap: Mapping[str, Any] = self._methods["shap"]
        for name in ("text_config", "image_config", "features_to_explain"):
            if shap.get(name):
                raise InputError(f"shap.{name}: the rehearsal's stand-in for Clarify has none")
        if shap.get("agg_method", "mean_abs") != "mean_abs":
            raise InputError(f"shap.agg_method: got {shap['agg_method']}, expected mean_abs")
        names = self._features
        rows = [[row[name] for name in names] for row in self._rows]
        place = _place(self._predictor, "probability") or _place(self._predictor, "label")
        model = ExplainedModel(
            predict=lambda cells: [
                _scores(row, place) for row in predictor.responses(cells, names)
            ],
            names=names,
            rows=rows,
            baseline=read_baseline(shap.get("baseline"), names),
            settings=shap,
            headers=[str(one) for one in self._predictor.get("label_headers") or ()],
        )
        monitored_data.write_events(
            folder / "events/dataset.jsonl", [dict(zip(names, row, strict=True)) for row in rows]
        )
        found = self._engine(folder, "MODEL_EXPLAINABILITY", "", model)
        if shap.get("save_local_shap_values", True):
            self._write_local(model)
        return found

    def _write_local(self, model: ExplainedModel) -> None:
        folder = self._output / "explanations_shap"
        folder.mkdir(parents=True, exist_ok=True)
        for name, header, rows in (
            ("out.csv", *model.local()),
            ("baseline.csv", model.names, model.baseline_rows),
        ):
            with (folder / name).open("w", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows([header, *rows])

    # The engine

    def _engine(
        self, folder: Path, analysis: str, config: str, model: ExplainedModel | None = None
    ) -> Record:
        job = importlib.import_module("mlops_jobs.monitoring.job")
        source = folder / "model"
        source.touch()
        given = {
            **self._environment,
            "analysis_type": analysis,
            "analysis_config": config,
            "dataset_source": str(folder / "events"),
            "dataset_format": '{"sagemakerCaptureJson": {}}',
            "output_path": str(folder / "reports"),
            "model_source": str(source),
        }
        for name in ("probability_threshold_attribute", "inference_attribute"):
            given.pop(name, None)
        job.monitor(given, lambda _: model)
        found: Record = json.loads((folder / "reports/constraints.json").read_text())
        violations = folder / "reports" / _VIOLATIONS
        if violations.exists():
            found["violations"] = json.loads(violations.read_text())["violations"]
        return found

    def _write(self, name: str, content: Record) -> None:
        self._output.mkdir(parents=True, exist_ok=True)
        (self._output / name).write_text(json.dumps(content, indent=1))


def _check_methods(methods: Mapping[str, Any]) -> None:
    for name in methods:
        if name not in _METHODS:
            raise InputError(
                f"methods: the rehearsal's stand-in for Clarify does not have {name}; it has "
                f"{', '.join(_METHODS)}"
            )
    if "report" in methods:
        text = "The rehearsal's stand-in for Clarify writes analysis.json, and no report of it."
        print(text, flush=True)  # noqa: T201  # the job's log


def _select(section: Record, wanted: Any, method: str) -> None:
    """Keeps the metrics that the configuration lists.

    Raises:
        InputError: it lists one that the engine does not have.
    """
    if wanted == "all":
        return
    for entries in section["facets"].values():
        for entry in entries:
            have = {one["name"] for one in entry["metrics"]}
            missing = sorted(set(wanted) - have)
            if missing:
                raise InputError(
                    f"{method}: the rehearsal's stand-in for Clarify does not have the metrics "
                    f"{', '.join(missing)}; it has {', '.join(sorted(have))}"
                )
            entry["metrics"] = [one for one in entry["metrics"] if one["name"] in wanted]


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list) else [given]


def _place(config: Mapping[str, Any], name: str) -> str:
    given = config.get(name)
    return "" if given is None else str(given)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _label(row: Any, place: str, score: str, threshold: float, labels: Sequence[str]) -> str:
    """Returns a predicted label; a fraction between two labels is a probability."""
    found = monitored_data.located(row, score or place or "0")
    if isinstance(found, list):
        return labels[max(range(len(found)), key=lambda index: float(found[index]))]
    text = label_text(found)
    if (score or text not in labels) and len(labels) == 2 and _is_number(text):
        return labels[int(float(text) >= threshold)]
    return text


def _scores(row: Any, place: str) -> list[float]:
    found = monitored_data.located(row, place or "0") if place or _single(row) else row
    try:
        return [float(one) for one in _listed(found)]
    except (TypeError, ValueError):
        raise InputError(
            f"predictor: got the prediction {json.dumps(row)[:80]}, expected numbers to explain; "
            "set predictor.probability to their location"
        ) from None


def _single(row: Any) -> bool:
    return not isinstance(row, list) or len(row) == 1


if __name__ == "__main__":
    main()

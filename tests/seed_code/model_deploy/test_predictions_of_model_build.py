"""The smoke test of model_deploy, with models of model_build."""

import io
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

SEEDS = Path(__file__).parents[3] / "seed_code"
CITIES = ("Bonn", '"Köln, Deutz"', "?", "")


def table(target_of: Callable[[int], object]) -> str:
    """Returns 240 rows with numbers, strings with commas, missing values and an ignored column."""
    lines = ["id,income,rate,city,outcome"]
    for row in range(240):
        income = "NA" if row % 17 == 0 else str(row % 97)
        lines.append(
            f"{1000 + row},{income},{row % 7 + 0.25},{CITIES[row % 4]},{target_of(row % 97)}"
        )
    return "\n".join(lines) + "\n"


PROBLEMS = {
    "binary": table(lambda income: "yes" if income > 50 else "no"),
    "multiclass": table(lambda income: (3, 5, 9)[income % 97 // 33]),
    "regression": table(lambda income: income * 2.5),
}


@pytest.fixture(autouse=True)
def seeds_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SEEDS / "model_build" / "src")
    monkeypatch.syspath_prepend(SEEDS / "model_deploy")


class Aws:
    """A trained model behind the APIs that the smoke test calls."""

    def __init__(self, problem_type: str, holdout: bytes, predictor: Any) -> None:
        self._holdout = holdout
        self._problem_type = problem_type
        self._invocations = import_module("mlops_jobs.serving.invocations").Invocations(predictor)

    def client(self, _: str) -> "Aws":
        return self

    def describe_endpoint(self, **_: Any) -> dict[str, Any]:
        return {"EndpointStatus": "InService", "EndpointConfigName": "c"}

    def describe_endpoint_config(self, **_: Any) -> dict[str, Any]:
        return {"ProductionVariants": [{"ModelName": "m"}]}

    def describe_model(self, **_: Any) -> dict[str, Any]:
        return {"PrimaryContainer": {"ModelPackageName": "package/churn/1"}}

    def describe_model_package(self, **_: Any) -> dict[str, Any]:
        metadata = {
            "problem_type": self._problem_type,
            "target": "outcome",
            "holdout": "s3://artifacts/runs/1/holdout.csv",
        }
        return {"CustomerMetadataProperties": metadata}

    def get_object(self, **_: Any) -> dict[str, Any]:
        return {"Body": io.BytesIO(self._holdout)}

    def invoke_endpoint(self, **request: Any) -> dict[str, Any]:
        input_error = import_module("mlops_jobs.failure").InputError
        try:
            content = self._invocations.respond(
                request["Body"], request["ContentType"], request["Accept"]
            )
        except input_error as error:
            response: Any = {
                "Error": {"Code": "ModelError", "Message": str(error)},
                "OriginalStatusCode": 400,
                "OriginalMessage": json.dumps({"error": str(error)}),
            }
            raise ClientError(response, "InvokeEndpoint") from error
        return {"Body": io.BytesIO(content)}


def trained(folder: Path, problem_type: str) -> Aws:
    """Preprocesses and trains as the jobs of model_build do."""
    preprocess = import_module("mlops_jobs.table.preprocess")
    data, output, opt_ml = folder / "data", folder / "output", folder / "ml"
    data.mkdir()
    (data / "table.csv").write_text(PROBLEMS[problem_type], encoding="utf-8")
    arguments = ["--target", "name:outcome", "--problem-type", problem_type, "--drop", "id"]
    arguments += ["--input", str(data), "--output", str(output)]
    preprocess.preprocess(preprocess.parser().parse_args(arguments))
    (opt_ml / "input").mkdir(parents=True)
    (opt_ml / "input" / "data").symlink_to(output)
    (opt_ml / "input" / "config").mkdir()
    (opt_ml / "input" / "config" / "hyperparameters.json").write_text('{"num_round": "30"}')
    model = import_module("tabular.model")
    job = import_module("mlops_jobs.training.job")
    job.train(model.fit, model.load, model.HYPERPARAMETERS, opt_ml)
    return Aws(
        problem_type,
        (output / "test" / "holdout.csv").read_bytes(),
        import_module("tabular.model").load(opt_ml / "model"),
    )


@pytest.mark.parametrize(
    ("problem_type", "metric"),
    [("binary", "accuracy"), ("multiclass", "accuracy"), ("regression", "R2")],
)
def test_raw_held_out_rows_are_predicted_in_csv_and_json(
    tmp_path: Path, problem_type: str, metric: str
) -> None:
    result = import_module("smoke_test").run("churn-staging", trained(tmp_path, problem_type))

    assert result.startswith("churn-staging serves package/churn/1: ")
    quality = result.rpartition(f"{metric} ")[2]
    assert 0.8 < float(quality) <= 1

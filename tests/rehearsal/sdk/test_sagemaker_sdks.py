"""Both SageMaker SDKs, unmodified and with their defaults, with AWS's images by name."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.client.local_aws import LocalAws
from rehearsal.framework.root_keys import RootKeys
from rehearsal.server.main import SERVICES
from tests.rehearsal.conftest import PROJECT, Aws, running_server

SCRIPTS = Path(__file__).parent / "scripts"
SDK_2 = PROJECT / ".tools/sagemaker-v2/bin/python"
ROLE = "arn:aws:iam::111111111111:role/notebook"
BUCKET = "sagemaker-us-east-1-111111111111"
IMAGE_OF_AWS = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aws]:
    """A server with all services."""
    with running_server(tmp_path_factory.mktemp("sdk"), SERVICES) as running:
        running.role(
            "notebook",
            {
                "AWS": "arn:aws:iam::111111111111:root",
                "Service": ["sagemaker.amazonaws.com", "emr-serverless.amazonaws.com"],
            },
            {"Effect": "Allow", "Action": "*"},
        )
        yield running


def notebook(aws: Aws) -> dict[str, str]:
    """The variables of `rehearse env`, with the session of a role as in a notebook."""
    endpoint = aws.endpoint
    local = LocalAws(
        url=endpoint["url"],
        port=endpoint["port"],
        pid=endpoint["pid"],
        ca_bundle=Path(endpoint["ca_bundle"]),
        accounts=endpoint["accounts"],
        region=endpoint["region"],
        root_keys=RootKeys.read(aws.state),
        proxy=endpoint["proxy"],
    )
    keys = aws.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="me")["Credentials"]
    return {
        **local.environment(),
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
        "PYTHONWARNINGS": "ignore",
    }


class Notebooks:
    """The outputs of scripts that one process runs, by script."""

    def __init__(self, output: str) -> None:
        sections = [one.partition("\n") for one in output.split("\nSCRIPT ")[1:]]
        self._outputs = {name: text for name, _, text in sections}

    def reports(self, script: str) -> dict[str, Any]:
        """Returns what a script reports."""
        output = self._outputs[script]
        assert "\nFAILED " not in output, output[-6000:]
        lines = [line for line in output.splitlines() if line.startswith("REPORT ")]
        return {k: v for line in lines for k, v in json.loads(line.partition(" ")[2]).items()}


def run(python: str | os.PathLike[str], aws: Aws, folder: Path, *scripts: str) -> Notebooks:
    """Runs scripts with their arguments in one process."""
    shutil.copytree(SCRIPTS, folder, dirs_exist_ok=True)
    result = subprocess.run(
        [python, "one_process.py", *scripts],
        cwd=folder,
        env={**notebook(aws), "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-6000:]
    return Notebooks(result.stdout)


@pytest.fixture(scope="module")
def sdk_2(whole: Aws, tmp_path_factory: pytest.TempPathFactory) -> Notebooks:
    assert SDK_2.exists(), "Run: make setup-dev"
    frameworks = [f"v2_frameworks.py {name}" for name in ("spark", "tensorflow", "torch")]
    folder = tmp_path_factory.mktemp("sdk-2")
    return run(SDK_2, whole, folder, "v2_script.py", "v2_monitoring.py", *frameworks)


@pytest.fixture(scope="module")
def sdk_3(whole: Aws, tmp_path_factory: pytest.TempPathFactory) -> Notebooks:
    scripts = ("v3_script.py", "v3_frameworks.py", "v3_spark.py")
    return run(sys.executable, whole, tmp_path_factory.mktemp("sdk-3"), *scripts)


def test_sdk_2_runs_a_notebook_with_its_defaults(sdk_2: Notebooks) -> None:
    found = sdk_2.reports("v2_script.py")
    assert (found["role"], found["bucket"]) == (ROLE, BUCKET)
    assert found["training"] == "Completed"
    assert found["hook"]["S3OutputPath"].startswith(f"s3://{BUCKET}/")
    assert found["profiling"] == "Disabled"
    assert found["metrics"][0]["MetricName"] == "validation:auc"
    assert found["metrics"][0]["Value"] > 0.9
    assert any("xgboost-cpu==3.0.5" in message for message in found["messages"])
    high, low = map(float, found["predictions"].split())
    assert low < 0.5 < high
    assert [float(line) > 0.5 for line in found["transformed"].split()] == [True] * 3
    assert found["best"].startswith("sagemaker-xgboost-")
    processed = json.loads(found["processed"])
    assert processed == {"rows": 200, "sklearn": "1.2.2", "arguments": ["--rows", "all"]}
    assert found["steps"] == ["Succeeded"]


def test_sdk_3_runs_a_notebook_with_its_defaults(sdk_3: Notebooks) -> None:
    found = sdk_3.reports("v3_script.py")
    assert (found["role"], found["bucket"]) == (ROLE, BUCKET)
    assert (found["script"], found["built_in"]) == ("Completed", "Completed")
    csv, as_json = found["predictions"]
    assert float(csv) > 0.5
    assert json.loads(as_json) == {"predictions": [{"score": pytest.approx(float(csv))}]}
    assert json.loads(found["processed"])["sklearn"] == "1.2.2"


def test_model_monitor_and_clarify_run_by_their_images(sdk_2: Notebooks) -> None:
    found = sdk_2.reports("v2_monitoring.py")
    assert found["columns"] == ["late", "a", "b", "c", "d"]
    assert found["message"] == "Completed: Job completed successfully with no violations."
    assert found["count"] == 200
    assert (found["recall"], found["matrix"]["1"]) == (0.5, {"0": 1, "1": 1})
    assert {"CI", "DPL"} <= set(found["before"])
    assert found["after"] == ["DI", "DPPL"]
    shares = found["explained"]["label0"]["global_shap_values"]
    assert min(shares["a"], shares["b"]) > 10 * max(shares["c"], shares["d"])
    assert found["local"][0] == [f"{name}_label0" for name in "abcd"]
    assert (found["local_rows"], found["endpoints"]) == (20, [])
    assert found["steps"] == {"Quality": ["Succeeded", None], "Explain": ["Succeeded", None]}
    checks = {(one["feature_name"], one["constraint_check_type"]) for one in found["violations"]}
    assert ("late", "data_type_check") in checks
    assert found["calculated"] == {"violations": []}


def test_a_pyspark_script_runs_unmodified_by_the_image_of_spark(sdk_2: Notebooks) -> None:
    found = sdk_2.reports("v2_frameworks.py spark")
    # Rows by label, lines of the text file, the setting of the configuration, rows of the input.
    assert found["spark"] == ["FOUND [93, 107] 200 3 200"]
    assert "pyspark==3.5.9" in found["notice"][0]
    folders = {key.rpartition("/")[0] for key in found["keys"]}
    assert folders == {
        "spark/events",
        "spark/local/counts",
        "spark/out/counts",
        "spark/out/parts",
        "spark/out/parts/label=0",
        "spark/out/parts/label=1",
    }


def test_tensorflow_trains_in_script_mode_and_serves_with_and_without_handlers(
    sdk_2: Notebooks,
) -> None:
    found = sdk_2.reports("v2_frameworks.py tensorflow")
    (high,), (low,) = found["tensorflow"]["predictions"]
    assert low < 0.5 < high
    assert found["handlers"] == {"shares": [high, low], "method": "predict"}
    assert any("tensorflow-cpu==2.19.0" in message for message in found["tensorflow_messages"])


def test_pytorch_trains_and_serves_in_script_mode(sdk_2: Notebooks) -> None:
    found = sdk_2.reports("v2_frameworks.py torch")
    (high,), (low,) = found["torch"]
    assert low < 0.5 < high
    assert any("torch==1.13.1" in message for message in found["torch_messages"])


def test_sdk_3_trains_and_serves_with_a_framework(sdk_3: Notebooks) -> None:
    found = sdk_3.reports("v3_frameworks.py")
    assert found["training"] == "Completed"
    (high,), (low,) = found["predictions"]
    assert low < 0.5 < high


def test_a_pipeline_runs_a_job_of_emr_serverless(sdk_3: Notebooks) -> None:
    found = sdk_3.reports("v3_spark.py")
    assert found["steps"] == [["Succeeded", None]]
    assert found["totals"] == ["TOTALS [93, 107]"]
    assert "emr/out/_SUCCESS" in found["keys"]
    assert "pyspark==3.5.9" in found["notice"][0]


def training_job(name: str, image: str, role: str) -> dict[str, Any]:
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "RoleArn": role,
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


def reason(aws: Aws, request: dict[str, Any]) -> str:
    """The reason for which a training job fails."""
    client = aws.client("sagemaker")
    client.create_training_job(**request)
    waiter = client.get_waiter("training_job_completed_or_stopped")
    waiter.config.delay = 0.2
    with pytest.raises(Exception, match="Waiter"):
        waiter.wait(TrainingJobName=request["TrainingJobName"])
    found = client.describe_training_job(TrainingJobName=request["TrainingJobName"])
    return str(found["FailureReason"])


def test_a_role_needs_the_permission_to_pull_an_image_of_aws(whole: Aws) -> None:
    role = whole.role(
        "no-images",
        {"Service": "sagemaker.amazonaws.com"},
        {"Effect": "Allow", "Action": "s3:*"},
    )
    found = reason(whole, training_job("denied", IMAGE_OF_AWS, role))
    assert "ecr:GetAuthorizationToken" in found


@pytest.mark.parametrize(
    "image",
    [
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:0.90-2-cpu-py3",
        "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-sparkml-serving:3.3",
    ],
)
def test_another_image_of_aws_is_rejected_by_name(whole: Aws, image: str) -> None:
    found = reason(whole, training_job(f"other-{abs(hash(image)) % 9999}", image, ROLE))
    assert f"Requested image {image} not found" in found
    assert "has stand-ins for sagemaker-xgboost:1.5-1" in found


def test_the_errors_of_the_built_in_algorithm_are_those_of_aws(whole: Aws) -> None:
    request = training_job("wrong", IMAGE_OF_AWS, ROLE)
    request["HyperParameters"] = {"num_round": "5", "max_deep": "3"}
    assert "Extraneous hyperparameter found: max_deep" in reason(whole, request)

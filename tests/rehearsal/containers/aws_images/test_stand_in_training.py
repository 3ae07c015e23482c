"""The contract of the training toolkit in a stand-in."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest

from rehearsal.containers.aws_images.stand_in import training, user_code

RESOURCES = {
    "current_host": "algo-1",
    "current_instance_type": "ml.m5.large",
    "current_group_name": "homogeneousCluster",
    "hosts": ["algo-1"],
    "instance_groups": [
        {
            "instance_group_name": "homogeneousCluster",
            "instance_type": "ml.m5.large",
            "hosts": ["algo-1"],
        }
    ],
    "network_interface_name": "eth0",
}
# https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
DOCUMENTED = {
    *("SM_MODEL_DIR", "SM_CHANNELS", "SM_CHANNEL_TRAIN", "SM_HPS", "SM_HP_DEPTH", "SM_HP_NAME"),
    *("SM_CURRENT_HOST", "SM_HOSTS", "SM_NUM_GPUS", "SM_NUM_CPUS", "SM_LOG_LEVEL"),
    *("SM_NETWORK_INTERFACE_NAME", "SM_USER_ARGS", "SM_INPUT_DIR", "SM_INPUT_CONFIG_DIR"),
    *("SM_RESOURCE_CONFIG", "SM_INPUT_DATA_CONFIG", "SM_TRAINING_ENV", "SM_OUTPUT_DATA_DIR"),
    *("SM_OUTPUT_DIR", "SM_MODULE_NAME", "SM_MODULE_DIR", "SM_USER_ENTRY_POINT"),
    *("SM_FRAMEWORK_MODULE", "SM_FRAMEWORK_PARAMS", "SM_OUTPUT_INTERMEDIATE_DIR"),
    *("SM_NUM_NEURONS", "SM_IS_HETERO", "SM_INSTANCE_GROUPS", "SM_INSTANCE_GROUPS_DICT"),
    *("SM_CURRENT_INSTANCE_TYPE", "SM_CURRENT_INSTANCE_GROUP", "SM_CURRENT_INSTANCE_GROUP_HOSTS"),
    "SM_DISTRIBUTION_INSTANCE_GROUPS",
}


class Algorithm:
    """An algorithm that records that it was trained."""

    NAME = "xgboost"

    def __init__(self) -> None:
        self.trained = False

    def train(self) -> None:
        self.trained = True


@pytest.fixture
def ml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as /opt/ml."""
    root = tmp_path / "ml"
    (root / "input/config").mkdir(parents=True)
    (root / "output").mkdir()
    monkeypatch.setattr(training, "ML", root)
    monkeypatch.setattr(training, "CONFIG", root / "input/config")
    monkeypatch.setattr(training, "FAILURE", root / "output/failure")
    monkeypatch.setattr(user_code, "CODE", root / "code")
    for name in ("SAGEMAKER_PROGRAM", "SAGEMAKER_SUBMIT_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    return root


def given(ml: Path, **parameters: Any) -> None:
    """Writes the files of a training job, with hyperparameters as the SDK encodes them."""
    files = {
        "hyperparameters": {name: json.dumps(value) for name, value in parameters.items()},
        "resourceconfig": RESOURCES,
        "inputdataconfig": {"train": {"TrainingInputMode": "File"}},
    }
    for name, content in files.items():
        (ml / f"input/config/{name}.json").write_text(json.dumps(content))


def script(ml: Path, text: str, name: str = "train.py") -> str:
    """Writes a script and returns the folder."""
    (ml / "source").mkdir(exist_ok=True)
    (ml / "source" / name).write_text(text)
    return str(ml / "source")


SHOW = """
import json, os, sys
json.dump({"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()},
          open("found.json", "w"))
"""


def test_a_script_has_the_documented_variables_and_arguments(ml: Path) -> None:
    folder = script(ml, SHOW)
    given(
        ml,
        sagemaker_program="train.py",
        sagemaker_submit_directory=folder,
        sagemaker_container_log_level=20,
        sagemaker_job_name="fit",
        sagemaker_region="us-east-1",
        sagemaker_instance_type="ml.m5.large",
        _tuning_objective_metric="auc",
        depth=3,
        name="a b",
        flag=True,
        options={"b": 1, "a": "x"},
    )
    with pytest.raises(SystemExit) as ended:
        training.run(Algorithm())
    found = json.loads((ml / "source/found.json").read_text())
    environment = found["environment"]
    assert ended.value.code == 0
    assert found["folder"] == folder
    assert found["arguments"] == [
        *("--depth", "3", "--flag", "True", "--name", "a b", "--options", "a=x,b=1")
    ]
    assert {name for name in environment if name.startswith("SM_")} == DOCUMENTED | {
        *("SM_HP_FLAG", "SM_HP_OPTIONS")
    }
    assert environment["SM_CHANNELS"] == '["train"]'
    assert environment["SM_CHANNEL_TRAIN"] == str(ml / "input/data/train")
    assert json.loads(environment["SM_HPS"])["options"] == {"b": 1, "a": "x"}
    assert json.loads(environment["SM_FRAMEWORK_PARAMS"]) == {
        "sagemaker_instance_type": "ml.m5.large"
    }
    assert json.loads(environment["SM_USER_ARGS"]) == found["arguments"]
    assert json.loads(environment["SM_TRAINING_ENV"])["job_name"] == "fit"
    assert environment["SM_MODULE_NAME"] == "train"


def on_second_host(ml: Path) -> None:
    resources = {**RESOURCES, "current_host": "algo-2", "hosts": ["algo-1", "algo-2"]}
    (ml / "input/config/resourceconfig.json").write_text(json.dumps(resources))


def test_a_script_runs_on_each_instance_and_finds_the_first_one(ml: Path) -> None:
    folder = script(ml, SHOW)
    given(ml, sagemaker_program="train.py", sagemaker_submit_directory=folder)
    on_second_host(ml)
    with pytest.raises(SystemExit) as ended:
        training.run(Algorithm())
    assert ended.value.code == 0
    environment = json.loads((ml / "source/found.json").read_text())["environment"]
    assert json.loads(environment["SM_HOSTS"]) == ["algo-1", "algo-2"]
    assert environment["SM_CURRENT_HOST"] == "algo-2"
    described = json.loads(environment["SM_TRAINING_ENV"])
    assert (described["master_hostname"], described["is_master"]) == ("algo-1", False)


def test_an_algorithm_is_rejected_on_several_instances(ml: Path) -> None:
    given(ml, num_round=3)
    on_second_host(ml)
    algorithm = Algorithm()
    with pytest.raises(SystemExit):
        training.run(algorithm)
    assert not algorithm.trained
    reason = (ml / "output/failure").read_text()
    assert "the algorithm xgboost on one instance; got 2. Set InstanceCount to 1" in reason


def test_parameters_that_are_no_json_are_text(ml: Path) -> None:
    (ml / "input/config/hyperparameters.json").write_text('{"a": "x:y", "b": "1"}')
    assert training.read_hyperparameters() == {"a": "x:y", "b": 1}


def test_a_script_that_fails_has_a_reason_and_its_exit_code(ml: Path) -> None:
    folder = script(ml, "raise SystemExit(7)")
    given(ml, sagemaker_program="train.py", sagemaker_submit_directory=folder)
    with pytest.raises(SystemExit) as ended:
        training.run(Algorithm())
    assert ended.value.code == 7
    assert "ExecuteUserScriptError:\nExitCode 7" in (ml / "output/failure").read_text()


def test_a_shell_script_is_executed(ml: Path) -> None:
    folder = script(ml, 'printf %s "$*" > arguments', "run.sh")
    given(ml, sagemaker_program="run.sh", sagemaker_submit_directory=folder, depth=3)
    with pytest.raises(SystemExit) as ended:
        training.run(Algorithm())
    assert ended.value.code == 0
    assert (ml / "source/arguments").read_text() == "--depth 3"


def test_without_a_script_the_algorithm_is_trained(ml: Path) -> None:
    given(ml, num_round=3)
    algorithm = Algorithm()
    training.run(algorithm)
    assert algorithm.trained


def test_an_error_of_the_algorithm_is_the_reason(ml: Path) -> None:
    class Failing(Algorithm):
        def train(self) -> None:
            raise ValueError("no data")

    given(ml)
    with pytest.raises(SystemExit):
        training.run(Failing())
    assert (ml / "output/failure").read_text() == "ValueError: no data"


@pytest.mark.parametrize("framework", ["sklearn", "pytorch", "tensorflow"])
def test_frameworks_without_a_built_in_algorithm_need_a_script(ml: Path, framework: str) -> None:
    given(ml)
    algorithm = importlib.import_module(f"{training.__package__}.{framework}")
    with pytest.raises(SystemExit):
        training.run(algorithm)
    assert "needs a script: set sagemaker_program" in (ml / "output/failure").read_text()


@pytest.mark.parametrize("name", ["sagemaker_torch_distributed_enabled", "sagemaker_mpi_enabled"])
def test_a_distribution_is_rejected_by_name(ml: Path, name: str) -> None:
    folder = script(ml, SHOW)
    parameters = {"sagemaker_program": "train.py", "sagemaker_submit_directory": folder}
    given(ml, **parameters, **{name: True})
    with pytest.raises(SystemExit):
        training.run(Algorithm())
    assert f"{name}: the rehearsal's stand-ins train in one" in (ml / "output/failure").read_text()
    assert not (ml / "source/found.json").exists()

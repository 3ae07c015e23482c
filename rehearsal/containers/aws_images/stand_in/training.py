"""The contract of SageMaker's training toolkit: variables, arguments and failure of a script.

Source: https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from . import user_code

ML = Path("/opt/ml")
CONFIG = ML / "input/config"
FAILURE = ML / "output/failure"
_OF_SAGEMAKER = ("sagemaker_", "_tuning_objective_metric")
# Parameters of the toolkit itself; others with the prefix belong to a framework.
_OF_TOOLKIT = (
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_container_log_level",
    "sagemaker_job_name",
    "sagemaker_region",
    "sagemaker_enable_cloudwatch_metrics",
    "_tuning_objective_metric",
)


_DISTRIBUTIONS = (
    "sagemaker_mpi_enabled",
    "sagemaker_torch_distributed_enabled",
    "sagemaker_pytorch_ddp_enabled",
    "sagemaker_pytorch_xla_multi_worker_enabled",
    "sagemaker_parameter_server_enabled",
    "sagemaker_multi_worker_mirrored_strategy_enabled",
    "sagemaker_distributed_dataparallel_enabled",
)


class Algorithm(Protocol):
    """A framework that trains without a script of the user."""

    NAME: str

    def train(self) -> None:
        """Trains from the files below /opt/ml; raises an error that is the reason of a failure."""


def run(algorithm: Algorithm) -> None:
    """Runs the user's script, or the algorithm without one; ends the process."""
    try:
        parameters = read_hyperparameters()
        program = parameters.get("sagemaker_program") or os.environ.get("SAGEMAKER_PROGRAM")
        if program:
            sys.exit(_run_script(str(program), parameters, algorithm.NAME))
        _check_one_instance(algorithm.NAME)
        algorithm.train()
    except Exception as error:
        fail(f"{type(error).__name__}: {error}")


def fail(reason: str) -> None:
    """Writes the reason of a failure and ends the process with the exit code 1."""
    FAILURE.parent.mkdir(parents=True, exist_ok=True)
    FAILURE.write_text(reason)
    sys.exit(reason)


def _read(name: str) -> Any:
    path = CONFIG / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def read_hyperparameters() -> dict[str, Any]:
    """Returns the hyperparameters; each value that is JSON is decoded."""
    return {name: _decoded(value) for name, value in _read("hyperparameters").items()}


def _decoded(value: str) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _run_script(program: str, parameters: Mapping[str, Any], framework: str) -> int:
    uri = str(
        parameters.get("sagemaker_submit_directory")
        or os.environ.get("SAGEMAKER_SUBMIT_DIRECTORY")
        or user_code.CODE
    )
    _check_distribution(parameters)
    folder = user_code.fetch(uri)
    user_code.install_requirements(folder)
    own = {name: value for name, value in parameters.items() if not name.startswith(_OF_SAGEMAKER)}
    arguments = command_arguments(own)
    variables = environment(program, uri, parameters, own, arguments, framework)
    if program.endswith(".py"):
        command = [sys.executable, program, *arguments]
    elif (folder / program).exists():
        command = ["/bin/sh", "-c", f'./{program} "$@"', program, *arguments]
        (folder / program).chmod(0o755)
    else:
        command = [sys.executable, "-m", program, *arguments]
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    print(f"Invoking script: {' '.join(command)}", flush=True)  # noqa: T201  # the job's log
    given = {**os.environ, **variables, "PYTHONPATH": path}
    code = subprocess.run(command, cwd=folder, env=given, check=False).returncode
    if code:
        FAILURE.write_text(f"ExecuteUserScriptError:\nExitCode {code}\nCommand {command}")
    return code if code >= 0 else 128 - code


def _check_one_instance(name: str) -> None:
    hosts = _read("resourceconfig").get("hosts", [])
    if len(hosts) > 1:
        raise RuntimeError(
            f"the rehearsal runs the algorithm {name} on one instance; got {len(hosts)}. Set "
            "InstanceCount to 1, or give a script (sagemaker_program), which each instance runs."
        )


def _check_distribution(parameters: Mapping[str, Any]) -> None:
    given = [name for name in _DISTRIBUTIONS if parameters.get(name) in (True, "true")]
    if given:
        raise RuntimeError(
            f"{given[0]}: the rehearsal's stand-ins train in one process; remove the distribution "
            "of the estimator."
        )


def command_arguments(parameters: Mapping[str, Any]) -> list[str]:
    """Returns hyperparameters as arguments, `--name value`, sorted by name."""
    found = []
    for name in sorted(parameters):
        found += [f"--{name}" if len(name) > 1 else f"-{name}", _argument(parameters[name])]
    return found


def _argument(value: Any) -> str:
    if isinstance(value, dict):
        return ",".join(f"{key}={item}" for key, item in sorted(value.items()))
    return "" if value is None else str(value)


def environment(
    program: str,
    uri: str,
    parameters: Mapping[str, Any],
    own: Mapping[str, Any],
    arguments: list[str],
    framework: str,
) -> dict[str, str]:
    """Returns the SM_* variables of a script.

    Args:
        program: the script.
        uri: the location of the code.
        parameters: all hyperparameters.
        own: those of the user.
        arguments: the arguments of the script.
        framework: the name of the framework.
    """
    resources, data = _read("resourceconfig"), _read("inputdataconfig")
    channels = {name: str(ML / "input/data" / name) for name in data}
    groups, first = resources.get("instance_groups", []), sorted(resources["hosts"])[0]
    further = {
        name: value
        for name, value in parameters.items()
        if name.startswith(_OF_SAGEMAKER) and name not in _OF_TOOLKIT
    }
    facts: dict[str, Any] = {
        "hosts": resources["hosts"],
        "network_interface_name": resources.get("network_interface_name", "eth0"),
        "current_host": resources["current_host"],
        "current_instance_type": resources.get("current_instance_type"),
        "current_instance_group": resources.get("current_group_name"),
        "current_instance_group_hosts": resources["hosts"],
        "instance_groups": [group["instance_group_name"] for group in groups],
        "instance_groups_dict": {group["instance_group_name"]: group for group in groups},
        "distribution_instance_groups": [],
        "is_hetero": False,
        "module_name": program.removesuffix(".py"),
        "module_dir": uri,
        "log_level": parameters.get("sagemaker_container_log_level", 20),
        "framework_module": f"sagemaker_{framework}_container.training:main",
        "input_dir": str(ML / "input"),
        "input_config_dir": str(CONFIG),
        "output_dir": str(ML / "output"),
        "output_data_dir": str(ML / "output/data"),
        "output_intermediate_dir": str(ML / "output/intermediate"),
        "model_dir": str(ML / "model"),
        "num_cpus": os.cpu_count(),
        "num_gpus": 0,
        "num_neurons": 0,
        "resource_config": resources,
        "input_data_config": data,
    }
    described = {
        **facts,
        "additional_framework_parameters": further,
        "channel_input_dirs": channels,
        "hyperparameters": own,
        "is_master": resources["current_host"] == first,
        "job_name": parameters.get("sagemaker_job_name", os.environ.get("TRAINING_JOB_NAME")),
        "master_hostname": first,
        "user_entry_point": program,
    }
    given = {
        **facts,
        "hps": own,
        "user_entry_point": program,
        "framework_params": further,
        "channels": sorted(channels),
        "training_env": described,
        "user_args": arguments,
        **{f"channel_{name}": path for name, path in channels.items()},
        **{f"hp_{name}": value for name, value in own.items()},
    }
    return {f"SM_{name.upper()}": _value(value) for name, value in given.items()}


def _value(value: Any) -> str:
    if value is None:
        return ""
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, sort_keys=True, separators=(",", ":"))
    )

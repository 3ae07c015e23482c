"""The model server as SageMaker starts it: process, port and signals."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlops_jobs.serving import server as model_server
from seed_code.model_build.tests.conftest import Fitted

SOURCE = Path(__file__).parents[3] / "seed_code/model_build/src"
PATIENCE = 90  # seconds, for a machine that is busy with other work


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def server(
    model: Path, port: int, workers: int = 2, command: Sequence[str] = ("-m", "tabular", "serve")
) -> Iterator[subprocess.Popen[str]]:
    environment = os.environ | {
        "PYTHONPATH": str(SOURCE),
        "SM_MODEL_DIR": str(model),
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEMAKER_MODEL_SERVER_WORKERS": str(workers),
    }
    process = subprocess.Popen(
        [sys.executable, *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def request(port: int, method: str, path: str, body: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(method, path, body.encode(), {"Content-Type": "text/csv"})
    response = connection.getresponse()
    return response.status, response.read().decode()


def wait_for_ping(port: int) -> int:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return request(port, "GET", "/ping")[0]
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def test_it_serves_with_several_workers_until_sigterm(binary: Fitted) -> None:
    port = free_port()
    with server(binary.model, port) as process:
        assert wait_for_ping(port) == 200
        row = ",".join('"' + cell.replace('"', '""') + '"' for cell in binary.raw[0][:-1])
        status, prediction = request(port, "POST", "/invocations", row)
        assert status == 200
        assert prediction.split(",")[0] in ("churned", "stays")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 0


def test_a_missing_model_ends_the_server(tmp_path: Path) -> None:
    with server(tmp_path, free_port()) as process:
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 3
    assert f"error: the model cannot be loaded: {tmp_path}/schema.json: no such file; " in output
    assert "Traceback" not in output


@pytest.mark.parametrize("workers", [1, 2])
def test_a_broken_model_ends_the_server(tmp_path: Path, binary: Fitted, workers: int) -> None:
    (tmp_path / "schema.json").write_bytes((binary.model / "schema.json").read_bytes())
    (tmp_path / "model.ubj").write_bytes(b"no model")
    with server(tmp_path, free_port(), workers) as process:
        output, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 3
    assert "error: the model cannot be loaded: model.ubj: cannot be read as a model" in output
    assert "Traceback" not in output


def test_the_number_of_workers_is_that_of_the_cores_or_what_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SAGEMAKER_MODEL_SERVER_WORKERS", raising=False)
    assert model_server.workers() == len(os.sched_getaffinity(0))
    monkeypatch.setenv("SAGEMAKER_MODEL_SERVER_WORKERS", "5")
    assert model_server.workers() == 5
    monkeypatch.setenv("SAGEMAKER_MODEL_SERVER_WORKERS", "many")
    with pytest.raises(ValueError, match="got 'many'; allowed: 1 or more"):
        model_server.workers()


def test_the_jobs_and_the_server_need_neither_pandas_nor_scikit_learn() -> None:
    """Their import would double the start time of every container."""
    blocked = "sys.modules.update(dict.fromkeys(('pandas', 'sklearn', 'pyarrow')))"
    modules = [f"mlops_jobs.{name}" for name in ("serving.server", "evaluation.job")]
    modules += ["mlops_jobs.table.preprocess", "tabular.model", "tabular.boosting"]
    code = f"import {', '.join(modules)}"
    subprocess.run(
        [sys.executable, "-c", f"import sys; {blocked}; {code}"],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        check=True,
    )


def test_an_unknown_command_is_rejected() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tabular", "deploy"],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "got ['deploy']; allowed: preprocess, train, evaluate, baseline, serve" in done.stderr


def test_a_worker_that_starts_slowly_is_not_replaced(tmp_path: Path, binary: Fitted) -> None:
    """On a busy machine, the import of the model's library holds the interpreter for seconds."""
    (tmp_path / "slow_model.py").write_text(
        "import ctypes\n"
        "from tabular import model\n\n"
        "def load(folder):\n"
        "    ctypes.PyDLL(None).sleep(7)  # without releasing the interpreter's lock\n"
        "    print('loaded', flush=True)\n"
        "    return model.load(folder)\n"
    )
    (tmp_path / "run.py").write_text(
        "import slow_model\nfrom mlops_jobs.serving import server\n\n"
        "if __name__ == '__main__':\n    server.main(slow_model.load)\n"
    )
    port = free_port()
    with server(binary.model, port, command=[str(tmp_path / "run.py")]) as process:
        assert wait_for_ping(port) == 200
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=PATIENCE)
    assert output.count("Started server process") == output.count("loaded")
    assert "died" not in output

"""The model server, with one worker process for each core."""

import os
import sys
from functools import partial
from pathlib import Path

from uvicorn import Config, Server
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from mlops_jobs.model import LoadModel
from mlops_jobs.serving.application import Application

PORT = "8080"


def workers() -> int:
    """Returns the number of worker processes.

    It is `SAGEMAKER_MODEL_SERVER_WORKERS`, and defaults to the number of cores.

    Raises:
        ValueError: the variable is not a whole number of at least 1.
    """
    text = os.environ.get("SAGEMAKER_MODEL_SERVER_WORKERS", "")
    if not text:
        return len(os.sched_getaffinity(0))
    if not text.isdigit() or int(text) < 1:
        raise ValueError(f"SAGEMAKER_MODEL_SERVER_WORKERS: got {text!r}; allowed: 1 or more")
    return int(text)


def serve(load: LoadModel) -> int:
    """Serves until SIGTERM.

    The server listens on port 8080, or on the port of `SAGEMAKER_BIND_TO_PORT`, which SageMaker
    sets if several containers share a host.

    Args:
        load: loads the model of a folder; a function of an importable module, because each worker
            process imports it.

    Returns:
        The exit status: 0, or 3 if the model cannot be loaded.
    """
    config = Config(
        partial(Application, load),
        factory=True,
        # SageMaker calls from outside the container.
        host="0.0.0.0",  # noqa: S104  # nosec B104
        port=int(os.environ.get("SAGEMAKER_BIND_TO_PORT", PORT)),
        workers=workers(),
        access_log=False,
        # SageMaker gives a container 30 seconds between SIGTERM and SIGKILL.
        timeout_graceful_shutdown=25,
    )
    if config.workers == 1:
        server = Server(config)
        server.run()
        return 0 if server.started else STARTUP_FAILURE
    supervisor = _Supervisor(config, sockets=[config.bind_socket()])
    supervisor.run()
    failed = any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes)
    return STARTUP_FAILURE if failed else 0


def serve_folder(load: LoadModel, folder: Path, port: int) -> None:
    """Serves a model of this machine to this machine only, until it is interrupted.

    Args:
        load: loads the model of a folder.
        folder: folder of the model.
        port: port of the server; 0 for a free one.
    """
    os.environ["SM_MODEL_DIR"] = str(folder)
    # uvicorn listens on the loopback interface by default, and prints the address.
    Server(Config(partial(Application, load), factory=True, port=port, access_log=False)).run()


class _Supervisor(Multiprocess):
    """Replaces workers that have ended.

    uvicorn also replaces a worker that does not respond to a message within 5 seconds, and so kills
    workers again and again that import the library of the model on a busy machine. SageMaker itself
    checks with `GET /ping` that the server responds.
    """

    def keep_subprocess_alive(self) -> None:
        if not all(worker.process.is_alive() for worker in self.processes):
            super().keep_subprocess_alive()


def main(load: LoadModel) -> None:
    """Serves as SageMaker starts it.

    Args:
        load: as for `serve`.
    """
    sys.exit(serve(load))

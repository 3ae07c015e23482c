"""The container of a Lambda function: its files, limits, user and network.

A function sees its code at /var/task, its layers at /opt and the runtime at /var/runtime, all
read-only, and can write /tmp only. It reaches AWS and nothing else.

Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html and
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
"""

import functools
import importlib.util
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from rehearsal.containers.container import Container, OutputLine
from rehearsal.containers.functions.environment import (
    LAYERS,
    RUNTIME,
    TASK,
    memory_of,
    storage_of,
)
from rehearsal.containers.functions.package import PackageError
from rehearsal.containers.image import Image
from rehearsal.containers.interpreter import Interpreter, find_interpreter, running_interpreter
from rehearsal.containers.limits import MEBIBYTE, Limits, machine_memory
from rehearsal.containers.mounts import File, Mount, Mountable, Scratch
from rehearsal.containers.specification import Network, User

USER = User(993, 990, "sbx_user1051")
MAX_PROCESSES = 1024
_MEMORY_OF_A_CPU = 1769  # MiB
_PYTHON_PACKAGES = (
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "six",
    "urllib3",
)
"""The packages of Lambda's Python runtimes: the SDK and what it needs."""
_NODE = "/var/lang/bin/node"
_CA_BUNDLE = f"{RUNTIME}/ca-bundle.pem"
_PART_OF_MEMORY = 4
_KILLED = 137
_END_SECONDS = 2.0
_MAX_CHARACTERS = 48 * MEBIBYTE
"""The longest line of a function: its response has at most 6 MB, each byte up to 6 characters."""


class _Results:
    """The results of a function; at their end, the container has ended as well."""

    def __init__(self, lines: IO[str], container: Container) -> None:
        self._lines = lines
        self._container = container

    def readline(self) -> str:
        """Returns the next line, or an empty text at the end."""
        try:
            line = self._lines.readline(_MAX_CHARACTERS)
        except OSError:  # it was reset when the function was killed
            line = ""
        if not line:
            self._container.wait(_END_SECONDS)
        return line


class FunctionProcess:
    """A running container with the methods of a `subprocess.Popen`, which ministack expects.

    Args:
        container: the container, not started.
        channel: the other end of the standard input and output of the function, or None.
    """

    def __init__(self, container: Container, channel: socket.socket | None) -> None:
        self._container = container
        self.stdin: Any = None
        self.stdout: Any = None
        container.start()
        if channel is not None:
            with channel:
                self.stdin = channel.makefile("w", encoding="utf-8")
                lines = channel.makefile("r", encoding="utf-8", errors="replace")
                self.stdout = _Results(lines, container)

    def poll(self) -> int | None:
        """Returns the exit code, or None while the function runs."""
        return None if self._container.running else self._container.wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end.

        Raises:
            subprocess.TimeoutExpired: the function still runs.
        """
        code = self._container.wait(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("function", timeout or 0)
        return code

    def kill(self) -> None:
        """Kills all processes of the function, as Lambda does."""
        self._container.kill()

    terminate = kill

    def failure(self) -> tuple[str, str]:
        """Returns the error type and message of Lambda for a function that has ended."""
        code = self._container.wait(_END_SECONDS)
        if self._container.exceeded or code == _KILLED:
            reason = "with error: signal: killed"
        elif code:
            reason = f"with error: exit status {code}"
        else:
            reason = "without providing a reason"
        return "Runtime.ExitError", f"RequestId: {{request}} Error: Runtime exited {reason}"


def start(
    configuration: Mapping[str, Any],
    *,
    code: Path,
    layers: Path,
    environment: Mapping[str, str],
    program: str | None,
    log: OutputLine,
    runtime_api: tuple[str, int] | None = None,
) -> FunctionProcess:
    """Starts the container of a function.

    Args:
        configuration: the function, as in GetFunctionConfiguration.
        code: the folder of the unpacked code.
        layers: the folder of the unpacked layers.
        environment: the variables; AWS_CA_BUNDLE is a file of the host.
        program: the source of the program that reads invocations from standard input; None for a
            custom runtime, whose `bootstrap` uses the runtime API.
        log: receives each line of the log.
        runtime_api: the address of the runtime API. Defaults to None: the function has none.

    Raises:
        PackageError: this machine has no program for the runtime.
        IsolationUnavailableError: this machine does not support containers.
    """
    runtime = str(configuration.get("Runtime", ""))
    interpreter = _interpreter(runtime)
    bundle = environment["AWS_CA_BUNDLE"]
    mounts: list[Mountable] = [
        Mount(Path(bundle), _CA_BUNDLE),
        Mount(code, TASK),
        Mount(layers, LAYERS),
        Scratch("/tmp", _storage(configuration)),  # noqa: S108
    ]
    if runtime.startswith("python"):
        mounts += _python_runtime(program or "")
        command = [str(interpreter.executable), "-S", f"{RUNTIME}/bootstrap.py"]
    elif runtime.startswith("nodejs"):
        mounts += [Mount(_node(runtime), _NODE), File(f"{RUNTIME}/index.js", program or "")]
        command = [_NODE, f"{RUNTIME}/index.js"]
    else:
        command = [f"{TASK}/bootstrap"]
    near, far = socket.socketpair() if program else (None, None)
    memory = memory_of(configuration)
    container = Container(
        Image(
            digest=f"function {configuration['FunctionName']}",
            interpreter=interpreter,
            working_directory=TASK,
        ),
        entrypoint=command,
        environment={
            name: _CA_BUNDLE if value == bundle else value for name, value in environment.items()
        },
        inherited={},
        mounts=mounts,
        network=Network.AWS,
        runtime_api=runtime_api,
        limits=Limits(
            memory=memory * MEBIBYTE, cpus=memory / _MEMORY_OF_A_CPU, processes=MAX_PROCESSES
        ),
        host_name="localhost",
        user=USER,
        read_only=True,
        stream=far,
        on_line=log,
    )
    try:
        return FunctionProcess(container, near)
    except BaseException:
        for end in (near, far):
            if end is not None:
                end.close()
        raise


def _interpreter(runtime: str) -> Interpreter:
    """Returns the Python of the runtime's version if this machine has it, or the running one."""
    version = runtime.removeprefix("python") if runtime.startswith("python") else ""
    return (find_interpreter(version) if version else None) or running_interpreter()


def _node(runtime: str) -> Path:
    found = _node_program()
    if found is None:
        raise PackageError(
            f"Functions with the runtime {runtime} require the program `node`, which is not on the "
            "PATH of the local AWS. Install Node.js, then `rehearse down` and `rehearse up`."
        )
    return found


@functools.cache
def _node_program() -> Path | None:
    """Returns the program itself: `node` on the PATH may be a script of a package that has it."""
    try:
        result = subprocess.run(
            ["node", "-p", "process.execPath"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return Path(result.stdout.strip())


def _python_runtime(program: str) -> Sequence[Mountable]:
    mounts: list[Mountable] = [
        File(f"{RUNTIME}/bootstrap.py", program),
        Mount(Path(__file__).with_name("cfnresponse.py"), f"{RUNTIME}/cfnresponse.py"),
    ]
    for name in _PYTHON_PACKAGES:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            continue
        place = Path(found.origin)
        place = place.parent if place.name == "__init__.py" else place
        mounts.append(Mount(place, f"{RUNTIME}/{place.name}"))
    return mounts


def _storage(configuration: Mapping[str, Any]) -> int:
    """Returns the bytes of /tmp: those of the function, and no more than this machine can give."""
    return min(storage_of(configuration) * MEBIBYTE, machine_memory() // _PART_OF_MEMORY)

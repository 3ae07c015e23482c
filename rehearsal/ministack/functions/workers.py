"""Functions run in containers: ministack's workers, started in a sandbox.

ministack keeps a worker for each execution environment and speaks with it over standard input and
output, or over the runtime API with a custom runtime.
"""

import contextlib
import contextvars
import functools
import json
import os
import queue
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from rehearsal.containers.functions import package, sandbox
from rehearsal.containers.functions.environment import (
    DEFAULT_TIMEOUT,
    TASK,
    environment_of,
    memory_of,
)
from rehearsal.containers.functions.package import FunctionError
from rehearsal.containers.functions.sandbox import FunctionProcess
from rehearsal.framework.platform import Credentials, Platform
from rehearsal.ministack.registry import patch, patch_value
from rehearsal.ministack.runtime import Runtime

_WHY = "A function runs as a process of the server, with its files, environment and network."
_UNTIL = "ministack isolates functions without a container engine."
_INIT_SECONDS = 10.0
_MAX_LINES = 200
_MAX_LOG_LINES = 10_000
_TIMED_OUT = "Task timed out"
_EXCEPTION = re.compile(r"(?:[A-Za-z_]\w*\.)*([A-Za-z_]\w*)(?::|$)")
_PYTHON_START = """import os, sys, site
site.setquit()
if __KEEP_LC_CTYPE__ is False:
    os.environ.pop("LC_CTYPE", None)
for _folder in ("/opt/python", f"/opt/python/lib/python{sys.version_info[0]}.{sys.version_info[1]}"
                "/site-packages"):
    site.addsitedir(_folder)
    if _folder in sys.path:
        sys.path.remove(_folder)
        sys.path.insert(0, _folder)
del _folder
"""
"""The folders of layers come before those of the runtime; Python's own LC_CTYPE is removed."""

_failure: contextvars.ContextVar[dict[str, Any] | None] = contextvars.ContextVar(
    "failure", default=None
)
_starting: contextvars.ContextVar[tuple[dict[str, Any], Path] | None] = contextvars.ContextVar(
    "starting", default=None
)


class SandboxedWorker(lambda_runtime.Worker):  # type: ignore[misc]
    """An execution environment of a Python or Node function."""

    platform: Platform
    _process: FunctionProcess | None = None
    _ended: FunctionProcess | None = None

    @property
    def _proc(self) -> FunctionProcess | None:
        return self._process

    @_proc.setter
    def _proc(self, process: FunctionProcess | None) -> None:
        # ministack forgets a process before it reports why that has ended.
        self._ended = self._process or self._ended
        self._process = process

    def _spawn(self) -> None:
        self._discard_tmpdir()
        runtime = str(self.config.get("Runtime", ""))
        folder = Path(tempfile.mkdtemp(prefix="function-"))
        self._tmpdir = str(folder)
        code, layers = _unpack(self.config, self.code_zip, folder)
        if runtime.startswith("nodejs"):
            package.link_node_modules(code, layers)
        environment = _environment(self.config, self.platform)
        self._stderr_queue: queue.Queue[str] = queue.Queue(_MAX_LOG_LINES)
        self._process = sandbox.start(
            self.config,
            code=code,
            layers=layers,
            environment=environment,
            program=_program(runtime, environment),
            log=functools.partial(_add, self._stderr_queue),
        )
        self._initialize(self._process, runtime)

    def _initialize(self, process: FunctionProcess, runtime: str) -> None:
        timeout = float(self.config.get("Timeout") or DEFAULT_TIMEOUT)
        # Lambda repeats an initialization that takes 10 seconds, with the function's time-out.
        late = threading.Timer(_INIT_SECONDS + timeout, process.kill)
        late.start()
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                process.stdin.write(json.dumps(self._first_message(runtime)) + "\n")
                process.stdin.flush()
            response = _response(process)
            expired = not late.is_alive()
        finally:
            late.cancel()
        if response is None and expired:
            raise FunctionError("Sandbox.Timedout", f"Task timed out after {timeout:.2f} seconds")
        if response is None:
            error_type, message = process.failure()
            log = self._drain_stderr_bounded()
            raise FunctionError(error_type, f"{message.format(request='unknown')}\n{log}".strip())
        if response.get("status") != "ready":
            process.kill()
            raise FunctionError("Runtime.ImportModuleError", str(response.get("error")))

    def _first_message(self, runtime: str) -> dict[str, Any]:
        """Returns what the program of ministack reads before the invocations."""
        module, _, name = str(self.config.get("Handler", "index.handler")).rpartition(".")
        snap_start = self.config.get("SnapStart") or {}
        return {
            "code_dir": TASK,
            "module": module.replace("/", ".") if runtime.startswith("python") else module,
            "handler": name,
            "env": {},
            "function_name": self.config.get("FunctionName", ""),
            "memory": memory_of(self.config),
            "arn": self.config.get("FunctionArn", ""),
            "snapstart": snap_start.get("OptimizationStatus") == "On",
        }

    def invoke(self, event: Any, request_id: str, **context: Any) -> Any:
        """Runs one invocation, as ministack does, with the error types of Lambda."""
        self._ended = None
        try:
            result = super().invoke(event, request_id, **context)
        except FunctionError as error:
            _failure.set({"errorType": error.error_type, "errorMessage": str(error)})
            raise
        if result.get("status") == "error":
            _failure.set(_error_of(result, request_id, self._ended))
        return result

    def _discard_tmpdir(self) -> None:
        if self._tmpdir and Path(self._tmpdir).exists():
            package.remove(Path(self._tmpdir))


class SandboxedProvidedWorker(lambda_runtime.ProvidedWorker):  # type: ignore[misc]
    """An execution environment of a custom runtime."""

    _folders: tuple[Path, ...] = ()

    def _spawn(self, init_timeout: float | None = None) -> None:
        folder = Path(tempfile.mkdtemp(prefix="function-"))
        try:
            with _in_sandbox(self.config, folder):
                super()._spawn(init_timeout)
        except BaseException:
            package.remove(folder)
            raise
        self._folders += (folder,)

    def _teardown(self) -> None:
        super()._teardown()
        self._remove_folders()

    def _discard_tmpdir(self) -> None:
        super()._discard_tmpdir()
        self._remove_folders()

    def _remove_folders(self) -> None:
        for folder in self._folders:
            package.remove(folder)
        self._folders = ()


@patch_value("ministack.core.lambda_runtime:Worker", why=_WHY, until=_UNTIL)
def worker(previous: type[Any], *, runtime: Runtime) -> type[Any]:
    return type("SandboxedWorker", (SandboxedWorker,), {"platform": runtime.platform})


@patch_value("ministack.core.lambda_runtime:ProvidedWorker", why=_WHY, until=_UNTIL)
def provided_worker(previous: type[Any]) -> type[Any]:
    return SandboxedProvidedWorker


@contextlib.contextmanager
def _in_sandbox(configuration: dict[str, Any], folder: Path) -> Iterator[None]:
    """Starts the programs of a function in its sandbox, for the time of the context."""
    token = _starting.set((configuration, folder))
    try:
        yield
    finally:
        _starting.reset(token)


@patch_value(
    "ministack.core.lambda_runtime:subprocess",
    "ministack.services.lambda_svc:subprocess",
    why=_WHY,
    until=_UNTIL,
)
def processes(previous: Any, *, runtime: Runtime) -> Any:
    def start(command: list[str], **options: Any) -> FunctionProcess:
        starting = _starting.get()
        if starting is None:
            raise FunctionError(
                "Runtime.InvalidEntrypoint",
                "The rehearsal starts functions in containers only; this kind of invocation has "
                "none. Use a runtime of Python, of Node.js or a custom one.",
            )
        return _start_bootstrap(*starting, Path(options["cwd"]), options["env"], runtime.platform)

    return SimpleNamespace(
        Popen=start,
        run=start,
        PIPE=previous.PIPE,
        STDOUT=previous.STDOUT,
        DEVNULL=previous.DEVNULL,
        TimeoutExpired=previous.TimeoutExpired,
    )


def _start_bootstrap(
    configuration: dict[str, Any],
    folder: Path,
    code: Path,
    given: Mapping[str, str],
    platform: Platform,
) -> FunctionProcess:
    layers = folder / "layers"
    package.unpack_layers(_layers(configuration), layers)
    _check_architecture(configuration, code, layers)
    address, _, port = given["AWS_LAMBDA_RUNTIME_API"].partition(":")
    read, write = os.pipe()
    output = os.fdopen(write, "wb", buffering=0)

    def log(line: str) -> None:
        with contextlib.suppress(BrokenPipeError):
            output.write(line.encode() + b"\n")

    process = sandbox.start(
        configuration,
        code=code,
        layers=layers,
        environment={
            **_environment(configuration, platform),
            "AWS_LAMBDA_RUNTIME_API": f"{address}:{port}",
        },
        program=None,
        log=log,
        runtime_api=(address, int(port)),
    )
    process.stdout = os.fdopen(read, "rb")

    def close_with_process() -> None:
        process.wait()
        output.close()

    threading.Thread(target=close_with_process, daemon=True, name="function-log").start()
    return process


@patch(
    "ministack.services.lambda_svc:_execute_function_warm",
    why="Each failure of a function has the same error type, which Step Functions cannot catch.",
    until="ministack reports the error types of Lambda.",
)
def execute(previous: Callable[..., Any], func: dict[str, Any], event: Any, request_id: str) -> Any:
    token = _failure.set(None)
    try:
        result = previous(func, event, request_id)
        found = _failure.get()
    finally:
        _failure.reset(token)
    if not result.get("error"):
        return result
    if found is None:  # a throttled invocation
        return result
    log = result.get("log") or found["errorMessage"]
    return {**result, "body": found, "log": log}


@patch(
    "ministack.services.lambda_svc:_execute_function_docker",
    why="Without a container engine, functions of other runtimes return a fixed response.",
    until="ministack fails functions that it does not run.",
)
def execute_in_engine(
    previous: Callable[..., Any], func: dict[str, Any], event: Any, request_id: str
) -> Any:
    configuration = func.get("config") or func
    kind = configuration.get("Runtime") or f"package type {configuration.get('PackageType')}"
    message = (
        f"The rehearsal does not run functions of {kind}. It runs those with a runtime of Python, "
        "of Node.js or a custom one (provided.al2023)."
    )
    return {
        "body": {"errorMessage": message, "errorType": "Runtime.InvalidEntrypoint"},
        "error": True,
        "log": message,
    }


@patch(
    "ministack.services.lambda_svc:_proxy_url_for",
    why="A variable of a function lets the server connect to any address of this machine.",
    until="ministack has a setting without it.",
)
def proxy_url_for(previous: Callable[..., Any], config: dict[str, Any]) -> None:
    return None


def _add(log: queue.Queue[str], line: str) -> None:
    """Adds a line to a log; the oldest one makes room in a full log."""
    while True:
        try:
            log.put_nowait(line)
        except queue.Full:
            with contextlib.suppress(queue.Empty):
                log.get_nowait()
        else:
            return


def _program(runtime: str, environment: Mapping[str, str]) -> str:
    _, program = lambda_runtime._detect_runtime_binary(runtime)
    if not program:
        raise FunctionError("Runtime.InvalidEntrypoint", f"Unsupported runtime: {runtime}")
    if not runtime.startswith("python"):
        return str(program)
    start = _PYTHON_START.replace("__KEEP_LC_CTYPE__", str("LC_CTYPE" in environment))
    return f"{start}{program}"


def _unpack(configuration: dict[str, Any], archive: bytes, folder: Path) -> tuple[Path, Path]:
    code, layers = folder / "code", folder / "layers"
    package.unpack(archive, code)
    package.unpack_layers(_layers(configuration), layers)
    _check_architecture(configuration, code, layers)
    return code, layers


def _check_architecture(configuration: dict[str, Any], *folders: Path) -> None:
    architectures = configuration.get("Architectures") or ["x86_64"]
    package.check_architecture(architectures[0], *folders)


def _layers(configuration: dict[str, Any]) -> list[bytes]:
    found = (lambda_svc._resolve_layer_zip(one) for one in configuration.get("Layers") or [])
    return [layer for layer in found if layer]


def _environment(configuration: dict[str, Any], platform: Platform) -> dict[str, str]:
    keys = lambda_runtime.execution_credentials(configuration)
    _, region = lambda_runtime._account_region_from_function_config(configuration)
    credentials = Credentials(
        keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"], keys["AWS_SESSION_TOKEN"], ""
    )
    environment = environment_of(
        configuration, region=region, reaching_aws=platform.environment(credentials, region)
    )
    # The worker of ministack reads these.
    environment["_LAMBDA_TIMEOUT"] = str(configuration.get("Timeout") or DEFAULT_TIMEOUT)
    environment["_LAMBDA_FUNCTION_ARN"] = configuration.get("FunctionArn", "")
    environment[lambda_runtime.HOST_PREFIX_ENV] = "true"
    return environment


def _response(process: FunctionProcess) -> dict[str, Any] | None:
    """Returns the first JSON object of the function's output; None if the function has ended."""
    for _ in range(_MAX_LINES):
        line = process.stdout.readline()
        if not line:
            return None
        if line.startswith("{"):
            with contextlib.suppress(json.JSONDecodeError):
                found: dict[str, Any] = json.loads(line)
                return found
    return None


def _error_of(
    result: Mapping[str, Any], request_id: str, process: FunctionProcess | None
) -> dict[str, Any]:
    """Returns the error of an invocation as Lambda reports it."""
    message, trace = str(result.get("error", "")), str(result.get("trace", ""))
    if not trace and message.startswith(_TIMED_OUT):
        text = f"RequestId: {request_id} Error: {message}"
        return {"errorType": "Sandbox.Timedout", "errorMessage": text}
    if not trace and process is not None:
        error_type, text = process.failure()
        return {"errorType": error_type, "errorMessage": text.format(request=request_id)}
    return {
        "errorMessage": message,
        "errorType": _exception_of(trace) or "Error",
        "requestId": request_id,
        "stackTrace": trace.splitlines(),
    }


def _exception_of(trace: str) -> str | None:
    """Returns the class of the exception in a trace of Python or Node."""
    lines = [line for line in trace.splitlines() if line.strip()]
    if not lines:
        return None
    if lines[0].startswith("Traceback"):
        named = [line for line in lines[1:] if not line.startswith(" ")]
        lines = named[:1] or lines
    found = _EXCEPTION.match(lines[0])
    return found[1] if found else None
